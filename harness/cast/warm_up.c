#include "harness/cast/warm_up.h"

/* Connections are closed after each exchange: none may be left in a pool whose end could race with the case. */
#define FIRST_LINES "name: the subject has served before\nstage: route\n"
#define LAST_LINES                                                                        \
    "upstreams:\n"                                                                        \
    "  any: {then: [read: request, respond: {body: 100, keep-alive: false}, end: fin]}\n" \
    "expect: {}\n"
static const char TEXT[] = FIRST_LINES "client: [request: {path: /warm-up}]\n" LAST_LINES;
/* Whatever the certificate is for, and whether or not one is asked for. */
static const char TLS_TEXT[] = FIRST_LINES
    "client: [tls: {verify: false, certificate: good}, request: {path: /warm-up}]\n" LAST_LINES;

static bool read_text(struct scenario *warm, const char *text, struct region *region)
{
    struct yaml_error error = {{0}};
    struct scenario_file *file = region_take(region, sizeof(*file));
    return file != NULL && scenario_file_parse(file, region, bytes_of(text), "warm-up", &error) &&
           scenario_read(warm, file, 0, region, &error) == SCENARIO_READ;
}

/* The one request again and again, behind what comes before it. */
static bool repeat_request(struct scenario *warm, size_t times, struct region *region)
{
    struct script *script = &warm->clients[0].script;
    size_t count = script->count + times - 1;
    struct step *steps = region_take(region, count * sizeof(*steps));
    check(script->count >= 1);
    for (size_t i = 0; i < count && steps != NULL; i++)
        steps[i] = script->steps[i < script->count ? i : script->count - 1];
    *script = (struct script){.steps = steps, .count = count};
    return steps != NULL;
}

const struct scenario *warm_up_make(const struct scenario *scenario, size_t exchanges,
                                    struct region *region)
{
    struct scenario *warm = region_take(region, sizeof(*warm));
    struct upstream_script *upstreams =
        region_take(region, (scenario->upstream_count + 1) * sizeof(*upstreams));
    const char *text = scenario->tls.listener.on ? TLS_TEXT : TEXT;
    if (warm == NULL || upstreams == NULL || !read_text(warm, text, region) ||
        !repeat_request(warm, exchanges, region))
        return NULL;
    for (size_t i = 0; i < scenario->upstream_count; i++) {
        upstreams[i] = warm->upstreams[0];
        upstreams[i].host = scenario->upstreams[i].host;
        upstreams[i].on_ipv6 = scenario->upstreams[i].on_ipv6;
        upstreams[i].tls.on = scenario->upstreams[i].tls.on;
    }
    warm->upstreams = upstreams;
    warm->upstream_names = scenario->upstream_names;
    warm->upstream_count = scenario->upstream_count;
    warm->proxy = scenario->proxy;
    warm->retry = scenario->retry;
    warm->proxy_upstream_count = scenario->proxy_upstream_count;
    for (size_t i = 0; i < scenario->proxy_upstream_count; i++)
        warm->proxy_upstreams[i] = scenario->proxy_upstreams[i];
    warm->network = scenario->network;
    warm->tls = scenario->tls;
    warm->proxy_on_ipv6 = scenario->proxy_on_ipv6;
    warm->uses_tls = scenario->uses_tls;
    warm->names = scenario->names;
    warm->needs_nameserver = scenario->needs_nameserver;
    return warm;
}
