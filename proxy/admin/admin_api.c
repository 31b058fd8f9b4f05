#include "proxy/admin/admin_api.h"

#include "proxy/admin/requests_api.h"
#include "proxy/admin/routes_api.h"
#include "proxy/http/forwarding.h"
#include "proxy/http/target.h"

typedef void admin_handler(struct admin_sources *sources, const struct admin_request *request,
                           struct admin_reply *reply);

static const char TYPE_PAGE[] = "text/html; charset=utf-8";
static const char TYPE_TEXT[] = "text/plain; charset=utf-8";
static const char TYPE_METRICS[] = "text/plain; version=0.0.4; charset=utf-8";

static void tell_page(struct admin_sources *sources, const struct admin_request *request,
                      struct admin_reply *reply)
{
    (void)request;
    reply->type = TYPE_PAGE;
    admin_reply_append(reply, sources->page);
}

static void tell_health(struct admin_sources *sources, const struct admin_request *request,
                        struct admin_reply *reply)
{
    (void)request;
    reply->type = TYPE_TEXT;
    reply->status = sources->draining ? 503 : 200;
    admin_reply_append(reply, bytes_of(sources->draining ? "draining\n" : "ok\n"));
}

static void tell_metrics(struct admin_sources *sources, const struct admin_request *request,
                         struct admin_reply *reply)
{
    struct request_log_counts log;
    struct proxy_census census;
    struct metrics_view view = {.metrics = sources->metrics, .census = &census};

    (void)request;
    proxy_census(sources->proxy, &census);
    if (sources->log != NULL) {
        request_log_count(sources->log, &log);
        view.log = &log;
    }
    reply->type = TYPE_METRICS;
    metrics_write(&view, reply);
}

/* Reading serves GET and HEAD. */
static const struct resource {
    const char *path;
    bool named; /* a name stands behind the path */
    admin_handler *read;
    admin_handler *change; /* NULL: nothing may */
} RESOURCES[] = {
    {"/", false, tell_page, NULL},
    {"/healthz", false, tell_health, NULL},
    {"/metrics", false, tell_metrics, NULL},
    {"/api/requests", false, requests_api_list, NULL},
    {"/api/requests/", true, requests_api_tell, NULL},
    {"/api/routes", false, routes_api_list, NULL},
    {"/api/routes/", true, routes_api_tell, routes_api_change},
};

/* Whether the path is that of the resource; then *name is what stands behind it. */
static bool is_at(const struct resource *resource, struct bytes path, struct bytes *name)
{
    struct bytes own = bytes_of(resource->path);

    if (path.size < own.size || !bytes_equal(bytes_make(path.data, own.size), own))
        return false;
    *name = bytes_make(path.data + own.size, path.size - own.size);
    return resource->named == (name->size > 0) &&
           (name->size == 0 || memchr(name->data, '/', name->size) == NULL);
}

static const struct resource *find_resource(struct bytes path, struct bytes *name)
{
    for (size_t i = 0; i < COUNT_OF(RESOURCES); i++)
        if (is_at(&RESOURCES[i], path, name))
            return &RESOURCES[i];
    return NULL;
}

/* Path and query of a target in either form that a server takes, RFC 9112 3.2. */
static bool split_target(const struct head *head, struct bytes *path, struct bytes *query)
{
    struct bytes authority;
    const uint8_t *mark;

    switch (target_form_of(head->method, head->target)) {
    case TARGET_ORIGIN:
        *path = head->target;
        break;
    case TARGET_ABSOLUTE:
        if (!target_split_absolute(head->method, head->target, &authority, path))
            return false;
        break;
    case TARGET_AUTHORITY:
    case TARGET_ASTERISK:
    case TARGET_INVALID:
    default:
        return false;
    }
    *query = (struct bytes){0};
    mark = memchr(path->data, '?', path->size);
    if (mark != NULL) {
        *query = bytes_make(mark + 1, path->size - (size_t)(mark - path->data) - 1);
        path->size -= query->size + 1;
    }
    return true;
}

static void refuse_method(const struct resource *resource, struct admin_reply *reply)
{
    const char *allow = resource->change != NULL ? "GET, HEAD, PUT" : "GET, HEAD";

    admin_reply_refuse(reply, 405, "%s takes %s alone", resource->path, allow);
    reply->allow = allow; /* RFC 9110 15.5.6 */
}

/* No nameserver can make these lead elsewhere, or anything else lead here (RFC 6761 6.3 for the name). */
static bool is_fixed_host(struct bytes authority)
{
    char text[ADDRESS_TEXT_BYTES];
    struct address address;
    struct bytes host;
    struct bytes port;

    if (!target_split_authority(authority, &host, &port))
        return false;
    if (bytes_equal_text_nocase(host, "localhost"))
        return true;
    if (authority.size >= sizeof(text))
        return false;
    memcpy(text, authority.data, authority.size);
    text[authority.size] = '\0';
    return address_parse(text, 80, &address);
}

/*
 * A browser says which page a change comes from (RFC 6454 7.3), programs do not. That of the page which this listener
 * serves is its own host; another page may change nothing, under whatever name it reached this address.
 */
static bool comes_from_elsewhere(const struct head *head)
{
    const struct field *origin = head_find(head, "origin");
    const struct field *host = head_find(head, "host");
    const struct bytes scheme = bytes_of("http://");

    if (origin == NULL)
        return false;
    return head_count(head, "origin") > 1 || host == NULL || !is_fixed_host(host->value) ||
           origin->value.size != scheme.size + host->value.size ||
           !bytes_equal(bytes_make(origin->value.data, scheme.size), scheme) ||
           !bytes_equal(bytes_make(origin->value.data + scheme.size, host->value.size),
                        host->value);
}

static bool has_a_host(const struct head *head)
{
    const struct field *host = head_find(head, "host");
    struct bytes value = host != NULL ? host->value : bytes_make(NULL, 0);

    return forwarding_check_host(head_count(head, "host"), value, head->minor) == HOST_FINE;
}

void admin_api_answer(struct admin_sources *sources, const struct head *head, struct bytes body,
                      struct admin_reply *reply)
{
    struct admin_request request = {.body = body};
    const struct resource *resource;
    struct bytes path;

    if (!has_a_host(head)) {
        admin_reply_refuse(reply, 400, "the request has no valid Host"); /* RFC 9112 3.2 */
        return;
    }
    if (!split_target(head, &path, &request.query)) {
        admin_reply_refuse(reply, 400, "the target is no path");
        return;
    }
    resource = find_resource(path, &request.name);
    if (resource == NULL)
        admin_reply_refuse(
            reply, 404,
            "nothing is here; /, /healthz, /metrics, /api/requests and /api/routes are");
    else if (bytes_equal_text(head->method, "GET") || bytes_equal_text(head->method, "HEAD"))
        resource->read(sources, &request, reply);
    else if (!bytes_equal_text(head->method, "PUT") || resource->change == NULL)
        refuse_method(resource, reply);
    else if (comes_from_elsewhere(head))
        admin_reply_refuse(reply, 403,
                           "of pages in a browser only that of this address itself, or of "
                           "localhost, may change something here");
    else
        resource->change(sources, &request, reply);
    if (reply->overflowed)
        admin_reply_refuse(reply, 500, "the answer is larger than %d bytes, or memory ran out",
                           ADMIN_ANSWER_BYTES_MAX);
}
