#include "tests/always_retry/rules.h"

static void put_retry_conditions(struct writing *to)
{
    static const char *const CONDITIONS[] = {
        "connect-failure", "connect-timeout", "unsent",           "reset",
        "partial-head",    "invalid-head",    "response-timeout", "reused"};
    const char *separator = "";
    put(to, ", retry_on: [");
    for (size_t i = 0; i < COUNT_OF(CONDITIONS); i++)
        if (percent(to, 50)) {
            put(to, "%s%s", separator, CONDITIONS[i]);
            separator = ", ";
        }
    put(to, "%s]", separator[0] == '\0' ? "unsent" : "");
}

/* What goes with every policy but at-most-once. */
static void put_wide_options(struct writing *to)
{
    static const size_t REPLAYS[] = {0, 1, 100, 1024, 4096, 65536};
    static const char *const STATUSES[] = {"[503]", "[502, 503, 504]", "[500-599]", "[429, 404]"};
    if (percent(to, 80)) {
        to->replay_bytes = CHANCE_WORD(&to->chance, REPLAYS);
        put(to, ", replay_buffer_bytes: %zu", to->replay_bytes);
    }
    if (percent(to, 50))
        put(to, ", retry_on_status: %s", CHANCE_WORD(&to->chance, STATUSES));
    if (percent(to, 25))
        put(to, ", retry_on_reused: true");
    if (percent(to, 15))
        put(to, ", retry_non_idempotent: true");
}

static void put_policy(struct writing *to)
{
    switch (below(to, 4)) {
    case 0:
        put(to, ", policy: at-most-once");
        break;
    case 1:
        put_retry_conditions(to);
        put_wide_options(to);
        break;
    default:
        put(to, ", policy: idempotent");
        put_wide_options(to);
        break;
    }
}

static void put_retry_times(struct writing *to)
{
    static const char *const BACKOFFS[] = {"{base: 1ms}", "{base: 10ms, max: 15ms}",
                                           "{base: 25ms, max: 250ms}", "{base: 300ms, max: 2s}"};
    static const char *const DEADLINES[] = {"5ms", "60ms", "300ms", "1s"};
    static const char *const TRIES[] = {"3ms", "20ms", "150ms"};
    if (percent(to, 40))
        put(to, ", backoff: %s", CHANCE_WORD(&to->chance, BACKOFFS));
    if (percent(to, 35))
        put(to, ", deadline: %s", CHANCE_WORD(&to->chance, DEADLINES));
    if (percent(to, 30))
        put(to, ", per_try_timeout: %s", CHANCE_WORD(&to->chance, TRIES));
    if (percent(to, 25))
        put(to, ", retry_budget: {share: %zu%%, floor: %zu}", below(to, 5) * 25, below(to, 3));
    if (percent(to, 20))
        put(to, ", retry_other_upstream: false");
}

/* ---- who may come in, and where one may go ------------------------------------------------------ */

/* A reverse route has all upstreams, or some; what it says of retries is for itself. */
static void put_routes(struct writing *to)
{
    put(to, ", routes: [{name: far, mode: forward");
    if (percent(to, 30))
        put(to, ", max_retries: %zu", below(to, 4));
    put(to, "}, {name: near");
    if (percent(to, 30))
        put(to, ", policy: idempotent");
    put(to, "}");
    if (percent(to, 50))
        put(to, ", {name: some, path: /c1-1, upstreams: %s, max_retries: %zu}",
            upstream_name(below(to, to->upstream_count)), below(to, 4));
    put(to, "]");
}

/* "mode: forward, users: {...}, ..." behind other settings. */
static void put_access(struct writing *to)
{
    if (to->routed)
        put_routes(to);
    else if (to->forward)
        put(to, ", mode: forward");
    if (to->users)
        put(to, ", users: {alice: open sesame}, auth: all");
    if (to->users && percent(to, 30))
        put(to, ", auth_failed_status: 407");
}

static void put_secrecy(struct writing *to)
{
    if (to->client_tls)
        put(to, ", tls: true");
    if (to->upstream_tls && percent(to, 15))
        put(to, ", upstream_tls: {verify: false}");
    else if (to->upstream_tls && percent(to, 30))
        put(to, ", upstream_tls: {certificate: client}");
    if (to->client_tls || to->upstream_tls)
        put(to, ", handshake_timeout: 200ms");
}

void put_settings(struct writing *to)
{
    static const size_t WINDOWS[] = {1024, 2048, 4096, 65536};
    static const char *const SELECTS[] = {"first", "first", "round-robin", "least-connections"};
    to->window_bytes = CHANCE_WORD(&to->chance, WINDOWS);
    put(to, "proxy: {max_retries: %zu, window: %zu", below(to, 6), to->window_bytes);
    put_policy(to);
    put_retry_times(to);
    put(to, ", select: %s", CHANCE_WORD(&to->chance, SELECTS));
    if (percent(to, 10))
        put(to, ", pool_size: %zu", below(to, 2));
    if (percent(to, 10))
        put(to, ", client_half_close: allow");
    put_access(to);
    put_secrecy(to);
    put(to, ", connect_timeout: 100ms, head_timeout: 2s, response_timeout: 400ms"
            ", idle_timeout: 600ms}\n");
}

/* The policy decides alone in every fifth schedule; in all others the hooks wish for another attempt, always. */
void put_hooks(struct writing *to, uint64_t seed)
{
    if (seed % SCHEDULE_OF_POLICY_ALONE != 0)
        put(to, "hooks: {fail_to_connect: retry, error_while_proxy: retry, "
                "upstream_response_decision: retry}\n");
    else if (percent(to, 30))
        put(to, "hooks: trace\n");
}

void put_network(struct writing *to)
{
    static const char *const LATENCIES[] = {"100us", "1ms", "1ms", "10ms"};
    put(to, "network: {latency: %s", CHANCE_WORD(&to->chance, LATENCIES));
    if (percent(to, 30))
        put(to, ", segment: %zu", 1 + below(to, 200));
    if (percent(to, 20))
        put(to, ", sndbuf: %zu", 1024 + below(to, 4096));
    if (percent(to, 20))
        put(to, ", rcvbuf: %zu", 1024 + below(to, 4096));
    put(to, "}\n");
}

/* An upstream's name leads to it, to another one of its kind beside it, or nowhere for a while. */
static void put_answer_of_names(struct writing *to, size_t upstream)
{
    static const char *const FAULTS[] = {"nxdomain",  "no-data",  "servfail", "refused",
                                         "truncated", "wrong-id", "timeout"};
    size_t other = below(to, to->upstream_count);
    bool alike = to->upstreams[other].streams == to->upstreams[upstream].streams &&
                 to->upstreams[other].secure == to->upstreams[upstream].secure;
    if (percent(to, 50))
        put(to, "%s", CHANCE_WORD(&to->chance, FAULTS));
    else if (alike && other != upstream)
        put(to, "[%s, %s]", upstream_name(other), upstream_name(upstream));
    else
        put(to, "{answer: %s, delay: %zums}", upstream_name(upstream), 1 + below(to, 40));
}

void put_names(struct writing *to)
{
    const char *key = "dns:\n";
    for (size_t u = 0; u < to->upstream_count; u++) {
        if (!to->upstreams[u].named || percent(to, 20))
            continue;
        put(to, "%s  %s.test: [", key, upstream_name(u));
        for (size_t answers = 1 + below(to, 3); answers > 0; answers--) {
            put_answer_of_names(to, u);
            put(to, ", ");
        }
        put(to, "%s]\n", percent(to, 80) ? upstream_name(u) : "servfail");
        key = "";
    }
}
