#include "proxy/routes/route.h"

#include <arpa/inet.h>
#include <string.h>

/* How well a route fits: more is better, field after field. */
struct fit {
    bool host_named;
    size_t path_size;
    bool forward;
};

/* "a.test." is "a.test": the root of all names, written out (RFC 1034 3.1). */
static struct bytes without_final_dot(struct bytes host)
{
    if (host.size > 1 && host.data[host.size - 1] == '.')
        host.size--;
    return host;
}

/* An IPv6 address in any of its spellings; false if it is none. */
static bool read_ipv6(struct bytes host, struct in6_addr *out)
{
    char text[INET6_ADDRSTRLEN];

    if (host.size >= sizeof(text) || memchr(host.data, ':', host.size) == NULL)
        return false;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return inet_pton(AF_INET6, text, out) == 1;
}

static bool has_host(const struct route_settings *route, struct bytes asked)
{
    struct bytes host = bytes_of(route->host);
    struct in6_addr a;
    struct in6_addr b;

    if (asked.size == 0)
        return false;
    if (read_ipv6(host, &a) && read_ipv6(asked, &b))
        return memcmp(&a, &b, sizeof(a)) == 0;
    return bytes_equal_nocase(without_final_dot(host), without_final_dot(asked));
}

/* Without "?query"; an empty path before a query is "/" (RFC 9110 4.2.3). */
static struct bytes path_alone(struct bytes path)
{
    const uint8_t *mark = path.size > 0 ? memchr(path.data, '?', path.size) : NULL;

    if (mark == NULL)
        return path;
    return mark == path.data ? bytes_of("/") : bytes_make(path.data, (size_t)(mark - path.data));
}

/* Whole segments: behind the prefix comes nothing, or a slash, unless the prefix ends with one itself. */
static bool has_path(const struct route_settings *route, struct bytes asked)
{
    struct bytes prefix = bytes_of(route->path);
    struct bytes path = path_alone(asked);

    if (path.size < prefix.size || memcmp(path.data, prefix.data, prefix.size) != 0)
        return false;
    return path.size == prefix.size || prefix.data[prefix.size - 1] == '/' ||
           path.data[prefix.size] == '/';
}

static bool serves(const struct route_settings *route, const struct route_question *question)
{
    if (!(route->mode == MODE_FORWARD ? question->forward : question->reverse))
        return false;
    return (route->host[0] == '\0' || has_host(route, question->host)) &&
           (route->path[0] == '\0' || has_path(route, question->path));
}

static struct fit fit_of(const struct route_settings *route)
{
    return (struct fit){
        .host_named = route->host[0] != '\0',
        .path_size = strlen(route->path),
        .forward = route->mode == MODE_FORWARD,
    };
}

static bool is_better(const struct fit *a, const struct fit *b)
{
    if (a->host_named != b->host_named)
        return a->host_named;
    if (a->path_size != b->path_size)
        return a->path_size > b->path_size;
    return a->forward && !b->forward;
}

int route_choose(const struct route_settings *routes, size_t count,
                 const struct route_question *question)
{
    struct fit best_fit = {0};
    int best = ROUTE_NONE;

    for (size_t i = 0; i < count; i++) {
        struct fit fit = fit_of(&routes[i]);

        if (!serves(&routes[i], question) || (best != ROUTE_NONE && !is_better(&fit, &best_fit)))
            continue;
        best = (int)i;
        best_fit = fit;
    }
    return best;
}
