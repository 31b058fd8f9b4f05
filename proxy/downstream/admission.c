#include "proxy/downstream/admission.h"

#include "proxy/policy/forwarding.h"
#include "proxy/policy/target.h"

static struct admission refuse(unsigned status, const char *word, const char *rule)
{
    return (struct admission){.apology = {status, word, rule}};
}

static struct admission admit(struct bytes target, struct bytes host)
{
    return (struct admission){.admitted = true, .request = {.target = target, .host = host}};
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

struct admission admission_decide(const struct head *head)
{
    const struct field *field = head_find(head, "host");
    struct bytes host = field != NULL ? field->value : bytes_make(NULL, 0);
    enum host_verdict verdict = forwarding_check_host(head_count(head, "host"), host, head->minor);
    struct bytes path;

    if (verdict != HOST_FINE)
        return refuse(400, "INVALID_HOST", host_rule(verdict));
    switch (target_form_of(head->method, head->target)) {
    case TARGET_ORIGIN:
    case TARGET_ASTERISK:
        return admit(head->target, host);
    case TARGET_ABSOLUTE:
        /* The target's authority replaces Host, RFC 9112 3.2.2. */
        if (!target_split_absolute(head->method, head->target, &host, &path))
            return refuse(400, "INVALID_PROTOCOL", "the target's scheme is not http");
        return admit(path, host);
    case TARGET_AUTHORITY:
        return refuse(501, "INVALID_PROTOCOL", "CONNECT is not served here");
    case TARGET_INVALID:
    default:
        return refuse(400, "URL_PARSE_ERROR", "the target is not valid");
    }
}
