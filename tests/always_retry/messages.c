#include "tests/always_retry/messages.h"

#include <string.h>

void put_credentials(struct writing *to)
{
    if (to->users && percent(to, 80))
        put(to, ", authorize: \"alice:open sesame\"");
    else if (to->users && percent(to, 50))
        put(to, ", authorize: \"alice:open\"");
}

static const char *body_framing(struct writing *to)
{
    return percent(to, 50) ? "content-length" : "chunked";
}

/* ", body: {...}", of so many bytes. */
static void put_body(struct writing *to, size_t size, const char *framing)
{
    bool chunked = strcmp(framing, "chunked") == 0;
    put(to, ", body: {bytes: %zu, framing: %s", size, framing);
    if (chunked && percent(to, 60))
        put(to, ", chunk: %zu", 1 + size / 8 + below(to, 100));
    put(to, "}");
    if (chunked && percent(to, 30))
        put(to, ", trailers: {X-Sum: s%zu}", below(to, 1000));
}

/* ", to: b, authorize: ...", where the schedule has such. */
static void put_asking(struct writing *to)
{
    size_t upstream = below(to, to->upstream_count);
    bool named = to->forward && (!to->routed || percent(to, 50));
    if (named && !to->upstreams[upstream].streams)
        put(to, ", to: %s", upstream_name(upstream));
    put_credentials(to);
}

size_t put_request(struct writing *to, size_t client, size_t number)
{
    static const char *const METHODS[] = {"GET",  "GET",  "HEAD",  "PUT",    "PUT",
                                          "POST", "POST", "PATCH", "DELETE", "OPTIONS"};
    const char *method = CHANCE_WORD(&to->chance, METHODS);
    bool with_body = method[0] != 'H' && (strchr("GO", method[0]) == NULL || percent(to, 10));
    size_t size = with_body && percent(to, 85) ? any_size(to) : 0;
    put(to, "{method: %s, path: /c%zu-%zu", method, client, number);
    put_asking(to);
    if (percent(to, 8))
        put(to, ", version: \"1.0\"");
    else if (percent(to, 8))
        put(to, ", headers: {Connection: close}");
    else if (size > 0 && percent(to, 15))
        put(to, ", expect-continue: true");
    if (size > 0)
        put_body(to, size, body_framing(to));
    put(to, "}");
    return size;
}

size_t put_response(struct writing *to, unsigned status)
{
    size_t size = percent(to, 75) ? any_size(to) : 0;
    const char *framing = percent(to, 10) ? "close" : body_framing(to);
    put(to, "{status: %u", status);
    if (percent(to, 10))
        put(to, ", keep-alive: false");
    if (size > 0)
        put_body(to, size, framing);
    put(to, "}");
    return size;
}

unsigned any_status(struct writing *to)
{
    static const unsigned STATUSES[] = {200, 200, 200, 201, 404, 429, 500, 502, 503, 503, 504};
    return CHANCE_WORD(&to->chance, STATUSES);
}
