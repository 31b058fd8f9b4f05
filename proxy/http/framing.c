#include "proxy/http/framing.h"

static struct framing_decision refuse(int status, const char *rule)
{
    return (struct framing_decision){.framing = FRAMING_NONE, .refusal = status, .rule = rule};
}

/* Codings we do not know, and then chunked: the request can be told from the next, so 501 (RFC 9112 6.1). */
static bool is_unknown_but_chunked(struct bytes codings)
{
    struct bytes coding;
    size_t count = 0;
    size_t chunked = 0;
    bool last = false;

    while (bytes_take_list_element(&codings, &coding)) {
        last = bytes_equal_text_nocase(coding, "chunked");
        chunked += last;
        count++;
    }
    return count > 1 && chunked == 1 && last;
}

/* RFC 9112 6.1, 6.3 item 4. */
static struct framing_decision decide_coded(const struct framing_facts *facts)
{
    if (facts->minor == 0)
        return refuse(400, "Transfer-Encoding in HTTP/1.0");
    if (facts->content_length_fields > 0)
        return refuse(400, "both Content-Length and Transfer-Encoding");
    if (facts->transfer_encoding_fields > 1)
        return refuse(400, "Transfer-Encoding is repeated");
    if (bytes_equal_text_nocase(facts->transfer_encoding, "chunked"))
        return (struct framing_decision){.framing = FRAMING_CHUNKED};
    if (facts->response || is_unknown_but_chunked(facts->transfer_encoding))
        return refuse(501, "a transfer coding other than chunked");
    return refuse(400, "chunked is not the final transfer coding, once");
}

/* RFC 9112 6.3 items 1 and 2. */
static bool has_no_body(const struct framing_facts *facts)
{
    if (!facts->response)
        return false;
    return facts->status / 100 == 1 || facts->status == 204 || facts->status == 304 ||
           bytes_equal_text(facts->method, "HEAD") ||
           (facts->status / 100 == 2 && bytes_equal_text(facts->method, "CONNECT"));
}

/* RFC 9110 9.3.6: behind the head of a CONNECT begins the tunnel, whatever its fields announce. */
static bool is_connect_with_body(const struct framing_facts *facts,
                                 const struct framing_decision *decision)
{
    return !facts->response && bytes_equal_text(facts->method, "CONNECT") &&
           (decision->framing == FRAMING_CHUNKED || decision->content_length > 0);
}

struct framing_decision framing_decide(const struct framing_facts *facts)
{
    struct framing_decision decision = {.framing = FRAMING_NONE};

    if (facts->transfer_encoding_fields > 0) {
        decision = decide_coded(facts);
    } else if (facts->content_length_fields > 1) {
        decision = refuse(400, "Content-Length is repeated");
    } else if (facts->content_length_fields == 1) {
        decision.framing = FRAMING_LENGTH;
        if (!bytes_to_u64(facts->content_length, UINT64_MAX, &decision.content_length))
            decision = refuse(400, "Content-Length is not a number");
    } else if (facts->response) {
        decision.framing = FRAMING_CLOSE; /* RFC 9112 6.3 item 8 */
    }
    if (decision.refusal == 0 && has_no_body(facts))
        decision.framing = FRAMING_NONE;
    if (decision.refusal == 0 && is_connect_with_body(facts, &decision))
        decision = refuse(400, "a body of CONNECT");
    return decision;
}
