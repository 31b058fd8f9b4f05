#include "proxy/downstream/admission.h"

#include "proxy/http/forwarding.h"
#include "proxy/http/target.h"

static struct admission refuse(unsigned status, const char *word, const char *rule)
{
    return (struct admission){.apology = {status, word, rule}};
}

static struct admission admit(struct bytes target, struct bytes host)
{
    return (struct admission){.admitted = true, .request = {.target = target, .host = host}};
}

struct admission admission_refuse(const struct reader_refusal *refusal)
{
    bool of_target = refusal->rule == RULE_TARGET_NOT_VALID;

    return refuse((unsigned)refusal->status, of_target ? "URL_PARSE_ERROR" : "INVALID_PROTOCOL",
                  refusal->rule);
}

/* Schemes are compared without case, RFC 3986 3.1. */
static bool is_http(struct bytes target)
{
    static const char scheme[] = "http://";

    return target.size >= sizeof(scheme) - 1 &&
           bytes_equal_text_nocase(bytes_make(target.data, sizeof(scheme) - 1), scheme);
}

static const char *host_rule(enum host_verdict verdict)
{
    switch (verdict) {
    case HOST_MISSING:
        return "Host is missing";
    case HOST_REPEATED:
        return "Host is repeated";
    case HOST_INVALID:
        return "Host is not valid";
    case HOST_FINE:
    default:
        return NULL;
    }
}

/* Whether the request must not go further; any of several fields may say so. RFC 9110 7.6.2. */
static bool ends_here(const struct head *head)
{
    uint64_t hops;

    for (size_t i = 0; i < head->field_count; i++)
        if (bytes_equal_text_nocase(head->fields[i].name, "max-forwards") &&
            forwarding_hops_left(head->method, head->fields[i].value, &hops) && hops == 0)
            return true;
    return false;
}

struct admission admission_decide(const struct head *head)
{
    const struct field *field = head_find(head, "host");
    struct bytes host = field != NULL ? field->value : bytes_make(NULL, 0);
    enum host_verdict verdict = forwarding_check_host(head_count(head, "host"), host, head->minor);
    struct bytes path;

    if (verdict != HOST_FINE)
        return refuse(400, "INVALID_HOST", host_rule(verdict));
    if (ends_here(head))
        return refuse(501, "INVALID_PROTOCOL",
                      "the request may not be forwarded, Max-Forwards is 0");
    switch (target_form_of(head->method, head->target)) {
    case TARGET_ORIGIN:
    case TARGET_ASTERISK:
        return admit(head->target, host);
    case TARGET_ABSOLUTE:
        /* The target's authority replaces Host, RFC 9112 3.2.2. */
        if (!is_http(head->target))
            return refuse(400, "INVALID_PROTOCOL", "the target's scheme is not http");
        if (!target_split_absolute(head->method, head->target, &host, &path))
            return refuse(400, "URL_PARSE_ERROR", RULE_TARGET_NOT_VALID);
        return admit(path, host);
    case TARGET_AUTHORITY:
        return refuse(501, "INVALID_PROTOCOL", "CONNECT is not served here");
    case TARGET_INVALID:
    default:
        return refuse(400, "URL_PARSE_ERROR", RULE_TARGET_NOT_VALID);
    }
}
