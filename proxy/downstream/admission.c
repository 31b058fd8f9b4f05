#include "proxy/downstream/admission.h"

#include <string.h>

#include "proxy/http/forwarding.h"
#include "proxy/http/target.h"
#include "proxy/routes/credentials.h"
#include "proxy/routes/route.h"

enum { HTTP_PORT = 80 }; /* of a target without a port. RFC 9110 4.2.1 */

static struct admission refuse(unsigned status, const char *word, const char *rule)
{
    return (struct admission){
        .request.route = ROUTE_NONE,
        .cause = CAUSE_HTTP_REQUEST_ERROR,
        .apology = {.status = status, .word = word, .rule = rule},
    };
}

struct admission admission_refuse(const struct reader_refusal *refusal)
{
    bool of_target = refusal->rule == RULE_TARGET_NOT_VALID;

    return refuse((unsigned)refusal->status, of_target ? "URL_PARSE_ERROR" : "INVALID_PROTOCOL",
                  refusal->rule);
}

/* ---- the request ------------------------------------------------------------------------------ */

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

/* What the request is, as far as the head alone says it. */
struct reading {
    struct exchange_request request;
    struct route_question question;
};

static struct admission read_absolute(const struct head *head, struct reading *reading)
{
    struct exchange_request *request = &reading->request;

    /* The target's authority replaces Host, RFC 9112 3.2.2. */
    if (!is_http(head->target))
        return refuse(400, "INVALID_PROTOCOL", "the target's scheme is not http");
    if (!target_split_absolute(head->method, head->target, &request->host, &request->target))
        return refuse(400, "URL_PARSE_ERROR", RULE_TARGET_NOT_VALID);
    reading->question.reverse = reading->question.forward = true;
    reading->question.path = request->target;
    return (struct admission){.admitted = true};
}

static struct admission read_target(const struct head *head, struct reading *reading)
{
    struct exchange_request *request = &reading->request;

    request->target = head->target;
    switch (target_form_of(head->method, head->target)) {
    case TARGET_ORIGIN:
        reading->question.reverse = true;
        reading->question.path = head->target;
        break;
    case TARGET_ASTERISK:
        reading->question.reverse = true;
        break;
    case TARGET_ABSOLUTE:
        return read_absolute(head, reading);
    case TARGET_AUTHORITY:
        reading->question.forward = true;
        request->kind = EXCHANGE_CONNECT;
        request->host = head->target;
        break;
    case TARGET_INVALID:
    default:
        return refuse(400, "URL_PARSE_ERROR", RULE_TARGET_NOT_VALID);
    }
    return (struct admission){.admitted = true};
}

static struct admission read_request(const struct head *head, struct reading *reading)
{
    const struct field *field = head_find(head, "host");
    struct bytes host = field != NULL ? field->value : bytes_make(NULL, 0);
    enum host_verdict verdict = forwarding_check_host(head_count(head, "host"), host, head->minor);

    *reading = (struct reading){.request = {.route = ROUTE_NONE, .host = host}};
    if (verdict != HOST_FINE)
        return refuse(400, "INVALID_HOST", host_rule(verdict));
    if (ends_here(head))
        return refuse(501, "INVALID_PROTOCOL",
                      "the request may not be forwarded, Max-Forwards is 0");
    return read_target(head, reading);
}

/* ---- the route -------------------------------------------------------------------------------- */

static bool serves_forward(const struct admission_rules *rules)
{
    for (size_t i = 0; i < rules->route_count; i++)
        if (rules->routes[i].mode == MODE_FORWARD)
            return true;
    return false;
}

static struct admission refuse_route(const struct reading *reading,
                                     const struct admission_rules *rules)
{
    struct admission refusal = refuse(404, "ROUTE_NOT_FOUND", "no route serves this host and path");

    if (reading->request.kind == EXCHANGE_CONNECT && !serves_forward(rules))
        return refuse(501, "INVALID_PROTOCOL", "CONNECT is not served here");
    refusal.cause = CAUSE_DESTINATION_NOT_FOUND;
    return refusal;
}

/* Where the request itself says where to go: a name or an address, and a port. */
static bool find_place(struct exchange_request *request, struct bytes host, struct bytes port)
{
    const char *wrong;
    char text[HOST_BYTES];
    uint64_t number = HTTP_PORT;

    if (host.size == 0 || host.size >= sizeof(text) ||
        (port.size > 0 && !bytes_to_u64(port, UINT16_MAX, &number)))
        return false;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return place_make(text, (uint16_t)number, &request->place, &wrong);
}

static struct admission find_route(struct reading *reading, const struct admission_rules *rules)
{
    struct exchange_request *request = &reading->request;
    struct bytes port = {0};

    if (request->host.size > 0 &&
        !target_split_authority(request->host, &reading->question.host, &port))
        return refuse(400, "INVALID_HOST", host_rule(HOST_INVALID));
    request->route = route_choose(rules->routes, rules->route_count, &reading->question);
    if (request->route == ROUTE_NONE)
        return refuse_route(reading, rules);
    if (rules->routes[request->route].mode == MODE_FORWARD) {
        if (request->kind != EXCHANGE_CONNECT)
            request->kind = EXCHANGE_FORWARD;
        if (!find_place(request, reading->question.host, port))
            return refuse(400, "INVALID_HOST", "the target is no place to go to");
    }
    return (struct admission){.admitted = true};
}

/* ---- who comes in ----------------------------------------------------------------------------- */

/* Of two credentials, and be they alike, another proxy may believe the other: RFC 9110 5.3 allows a field of one value once. */
static enum credentials_verdict judge_credentials(const struct head *head,
                                                  const struct user_settings *users,
                                                  uint64_t allowed, size_t *user)
{
    const struct field *field = head_find(head, "proxy-authorization");
    struct bytes value = field != NULL ? field->value : bytes_make(NULL, 0);

    if (head_count(head, "proxy-authorization") > 1)
        return CREDENTIALS_WRONG;
    return credentials_check(value, users, allowed, user);
}

static struct admission check_user(const struct head *head, struct exchange_request *request,
                                   const struct admission_rules *rules)
{
    const struct route_settings *route = &rules->routes[request->route];
    struct admission refusal;
    size_t user;

    if (route->users == 0)
        return (struct admission){.admitted = true};
    switch (judge_credentials(head, rules->users, route->users, &user)) {
    case CREDENTIALS_FINE:
        request->user = rules->users[user].name;
        return (struct admission){.admitted = true};
    case CREDENTIALS_MISSING:
        refusal = refuse(407, "AUTH_REQUIRED", "the proxy asks who you are");
        break;
    case CREDENTIALS_WRONG:
    default:
        refusal =
            refuse(rules->auth_failed_status, "AUTH_FAILED", "the user or the password is wrong");
    }
    refusal.cause = CAUSE_HTTP_REQUEST_DENIED;
    /* RFC 9110 11.7.1: a 407 says what would be accepted. */
    if (refusal.apology.status == 407)
        refusal.apology.realm = rules->realm;
    return refusal;
}

struct admission admission_decide(const struct head *head, bool upgrade,
                                  const struct admission_rules *rules)
{
    struct reading reading;
    struct admission admission = read_request(head, &reading);

    if (admission.admitted)
        admission = find_route(&reading, rules);
    if (admission.admitted)
        admission = check_user(head, &reading.request, rules);
    if (upgrade && reading.request.kind != EXCHANGE_CONNECT)
        reading.request.kind = EXCHANGE_UPGRADE;
    admission.request = reading.request;
    return admission;
}
