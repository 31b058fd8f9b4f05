#include "tests/always_retry/schedule.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/always_retry/chance.h"
#include "world/base/check.h"

enum {
    UPSTREAMS_OF_SCHEDULE_MAX = 3,
    CONNECTIONS_MAX = 3, /* with a script of their own, per upstream */
    EXCHANGES_MAX = 3,   /* on one of them */
    REQUESTS_MAX = 3,    /* per client */
};

/* What is being written, and what parts of it need to know of each other. */
struct writing {
    struct schedule *schedule;
    struct chance chance;
    size_t replay_bytes; /* bodies near it matter most */
    size_t window_bytes;
};

static void put(struct writing *to, const char *format, ...) PRINTF_LIKE(2, 3);

static void put(struct writing *to, const char *format, ...)
{
    size_t room = sizeof(to->schedule->text) - to->schedule->size;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(to->schedule->text + to->schedule->size, room, format, arguments);
    va_end(arguments);
    check(size >= 0 && (size_t)size < room);
    to->schedule->size += (size_t)size;
}

static bool percent(struct writing *to, unsigned of_hundred)
{
    return chance_percent(&to->chance, of_hundred);
}

static size_t below(struct writing *to, size_t count)
{
    return chance_below(&to->chance, count);
}

/* ---- settings ------------------------------------------------------------------------------- */

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

static void put_settings(struct writing *to)
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
    put(to, ", connect_timeout: 100ms, head_timeout: 2s, response_timeout: 400ms"
            ", idle_timeout: 600ms}\n");
}

/* The policy decides alone in every fifth schedule; in all others the hooks wish for another attempt, always. */
static void put_hooks(struct writing *to, uint64_t seed)
{
    if (seed % SCHEDULE_OF_POLICY_ALONE != 0)
        put(to, "hooks: {fail_to_connect: retry, error_while_proxy: retry, "
                "upstream_response_decision: retry}\n");
    else if (percent(to, 30))
        put(to, "hooks: trace\n");
}

static void put_network(struct writing *to)
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

/* ---- messages ------------------------------------------------------------------------------- */

/* Near where something changes, by one byte more or less; in a few cases anywhere. */
static size_t body_size(struct writing *to)
{
    size_t near;
    switch (below(to, 5)) {
    case 0:
        return 1 + below(to, 20);
    case 1:
        near = to->replay_bytes;
        break;
    case 2:
        near = to->window_bytes;
        break;
    case 3:
        near = to->window_bytes + to->replay_bytes;
        break;
    default:
        return 1 + below(to, 3 * to->window_bytes);
    }
    return near + below(to, 3) + (near == 0) - (near > 0);
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

/* "method: PUT, path: /c1-2, ..."; the size of its body. */
static size_t put_request(struct writing *to, size_t client, size_t number)
{
    static const char *const METHODS[] = {"GET",  "GET",  "HEAD",  "PUT",    "PUT",
                                          "POST", "POST", "PATCH", "DELETE", "OPTIONS"};
    const char *method = CHANCE_WORD(&to->chance, METHODS);
    bool with_body = method[0] != 'H' && (strchr("GO", method[0]) == NULL || percent(to, 10));
    size_t size = with_body && percent(to, 85) ? body_size(to) : 0;
    put(to, "{method: %s, path: /c%zu-%zu", method, client, number);
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

/* "{status: 503, ...}"; the size of its body. */
static size_t put_response(struct writing *to, unsigned status)
{
    size_t size = percent(to, 75) ? body_size(to) : 0;
    const char *framing = percent(to, 10) ? "close" : body_framing(to);
    put(to, "{status: %u", status);
    if (percent(to, 10))
        put(to, ", keep-alive: false");
    if (size > 0)
        put_body(to, size, framing);
    put(to, "}");
    return size;
}

static unsigned any_status(struct writing *to)
{
    static const unsigned STATUSES[] = {200, 200, 200, 201, 404, 429, 500, 502, 503, 503, 504};
    return CHANCE_WORD(&to->chance, STATUSES);
}

static const char *any_end(struct writing *to)
{
    static const char *const ENDS[] = {"fin", "rst", "stall"};
    return CHANCE_WORD(&to->chance, ENDS);
}

/* ---- clients -------------------------------------------------------------------------------- */

/* Sends a request bit by bit; in some cases the client has enough of it, and leaves. */
static void put_slow_request(struct writing *to, size_t client, size_t number)
{
    put(to, "    - prepare: ");
    size_t size = put_request(to, client, number);
    put(to, "\n");
    if (percent(to, 50))
        put(to, "    - send: head\n    - delay: %zums\n", 1 + below(to, 40));
    if (size > 1 && percent(to, 60))
        put(to, "    - send: %zu of body\n    - delay: %zums\n", 1 + below(to, size - 1),
            1 + below(to, 40));
    if (percent(to, 50))
        put(to, "    - send: rest\n");
    else if (size > 0 &&
             percent(to, 50)) /* a HEAD cut in its head would be answered like any method */
        put(to, "    - send: %zu\n", 1 + below(to, 200));
    if (percent(to, 40)) {
        put(to, "    - delay: %zums\n    - end: %s\n", 1 + below(to, 120),
            percent(to, 50) ? "fin" : "rst");
        return;
    }
    if (percent(to, 20))
        put(to, "    - pause-reading\n    - delay: %zums\n    - resume-reading\n",
            1 + below(to, 100));
    put(to, "    - read: response\n");
    if (percent(to, 30))
        put(to, "    - end: %s\n", percent(to, 50) ? "fin" : "rst");
}

/* A step that may only stand before a message. */
static void put_client_pause(struct writing *to)
{
    if (percent(to, 25))
        put(to, "    - delay: %zums\n", 1 + below(to, 60));
    if (percent(to, 10))
        put(to, "    - drip: {bytes: %zu, every: %zums}\n", 50 + below(to, 500), 1 + below(to, 3));
    if (percent(to, 10))
        put(to, "    - connect\n");
}

static void put_client(struct writing *to, size_t client)
{
    size_t requests = 1 + below(to, REQUESTS_MAX);
    put(to, "  c%zu:\n", client);
    if (client > 1)
        put(to, "    - delay: %zums\n", 1 + below(to, 20));
    for (size_t number = 1; number <= requests; number++) {
        put_client_pause(to);
        if (percent(to, 30)) {
            put_slow_request(to, client, number);
        } else {
            put(to, "    - request: ");
            put_request(to, client, number);
            put(to, "\n");
        }
    }
}

/* ---- upstreams ------------------------------------------------------------------------------ */

/* Steps are written with ", " before each but the first. */
static void put_interims(struct writing *to)
{
    static const unsigned INTERIMS[] = {100, 100, 102, 103, 103};
    for (size_t count = below(to, 3); count > 0; count--)
        put(to, ", interim: %u", CHANCE_WORD(&to->chance, INTERIMS));
}

static const char *any_reading(struct writing *to)
{
    static const char *const READINGS[] = {"read: request", "read: request",   "read: request",
                                           "read: head",    "read: 5 of body", "read: 20"};
    return CHANCE_WORD(&to->chance, READINGS);
}

static void put_good_answer(struct writing *to)
{
    put(to, "read: request");
    if (percent(to, 20))
        put_interims(to);
    if (percent(to, 20))
        put(to, ", delay: %zums", 1 + below(to, 80));
    if (percent(to, 15))
        put(to, ", drip: {bytes: %zu, every: 1ms}", 20 + below(to, 500));
    put(to, ", respond: ");
    put_response(to, any_status(to));
}

/* A response that breaks off somewhere. */
static void put_cut_answer(struct writing *to)
{
    put(to, "%s", any_reading(to));
    put_interims(to);
    put(to, ", prepare: ");
    size_t size = put_response(to, any_status(to));
    switch (below(to, 4)) {
    case 0:
        put(to, ", send: %zu", 1 + below(to, 60));
        break;
    case 1:
        put(to, ", send: head");
        break;
    case 2:
        put(to, ", send: body");
        break;
    default:
        if (size > 0)
            put(to, ", send: %zu of body", 1 + below(to, size));
        break;
    }
    if (percent(to, 40))
        put(to, ", delay: %zums", 1 + below(to, 30));
    put(to, ", end: %s", any_end(to));
}

/* An answer before the request was read, and perhaps the rest of it afterwards. */
static void put_early_answer(struct writing *to)
{
    put(to, "read: head, respond: ");
    put_response(to, any_status(to));
    if (percent(to, 50))
        put(to, ", end: %s", any_end(to));
    else
        put(to, ", read: request");
}

static void put_nonsense(struct writing *to)
{
    static const char *const NONSENSE[] = {
        "garbage: 64",
        "raw: \"HTTP/1.1 200 OK\\r\\nContent-Le\"",
        "raw: \"HTTP/1.1 2x0 OK\\r\\n\\r\\n\"",
        "raw: \"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\nContent-Length: 6\\r\\n\\r\\nhello\"",
        "raw: \"HTTP/1.1 103 Early Hints\\r\\n\"",
        "raw: \"\\r\\n\""};
    put(to, "%s", any_reading(to));
    put_interims(to);
    put(to, ", %s, end: %s", CHANCE_WORD(&to->chance, NONSENSE), any_end(to));
}

static void put_exchange(struct writing *to, bool *ended)
{
    size_t kind = below(to, 16);
    *ended = true;
    if (kind < 5) {
        put_good_answer(to);
        *ended = percent(to, 30);
        if (*ended)
            put(to, ", end: %s", any_end(to));
    } else if (kind < 8) {
        put(to, "%s, end: %s", any_reading(to), any_end(to));
    } else if (kind < 10) {
        put_cut_answer(to);
    } else if (kind < 11) {
        put_early_answer(to);
    } else if (kind < 12) {
        put_nonsense(to);
    } else if (kind < 13) {
        put(to, "end: %s", any_end(to));
    } else if (kind < 15) {
        put(to, "pre-write: %s", any_end(to));
    } else {
        put(to, "delay: %zums, read: request, respond: %u", 1 + below(to, 300), any_status(to));
        *ended = false;
    }
}

static void put_connection(struct writing *to)
{
    bool ended = false;
    size_t exchanges = 1 + below(to, EXCHANGES_MAX);
    put(to, "[");
    for (size_t i = 0; i < exchanges && !ended; i++) {
        put(to, "%s", i > 0 ? ", " : "");
        put_exchange(to, &ended);
    }
    put(to, "]");
}

static void put_upstream(struct writing *to, const char *name)
{
    size_t connections = below(to, CONNECTIONS_MAX + 1);
    put(to, "  %s:\n", name);
    if (percent(to, 25)) {
        static const char *const MODES[] = {"refused", "refused", "blackhole"};
        put(to, "    listen: %s\n", CHANCE_WORD(&to->chance, MODES));
        if (percent(to, 40))
            return;
        put(to, "    times: %zu\n", 1 + below(to, 3));
    }
    put(to, "    connections:\n");
    for (size_t i = 0; i < connections; i++) {
        put(to, "      - ");
        put_connection(to);
        put(to, "\n");
    }
    if (connections == 0)
        put(to, "      []\n");
    if (percent(to, 30)) {
        put(to, "    then: ");
        put_connection(to);
        put(to, "\n");
    }
}

/* ---- all of it ------------------------------------------------------------------------------ */

void schedule_make(struct schedule *schedule, uint64_t seed)
{
    static const char *const NAMES[UPSTREAMS_OF_SCHEDULE_MAX] = {"a", "b", "c"};
    struct writing to = {.schedule = schedule, .chance = {seed}};
    size_t upstreams = 1 + below(&to, UPSTREAMS_OF_SCHEDULE_MAX);
    size_t clients = percent(&to, 30) ? 2 : 1;
    schedule->size = 0;
    put(&to,
        "name: what no retry may do is not done, schedule %" PRIu64 "\n"
        "stage: post-write\nlevel: must\nsource: acceptance matrix, section 5\n",
        seed);
    put_settings(&to);
    put_hooks(&to, seed);
    put_network(&to);
    put(&to, "clients:\n");
    for (size_t client = 1; client <= clients; client++)
        put_client(&to, client);
    put(&to, "upstreams:\n");
    for (size_t u = 0; u < upstreams; u++)
        put_upstream(&to, NAMES[u]);
    put(&to, "expect: {}\n");
}
