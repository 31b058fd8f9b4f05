#include "tests/always_retry/upstreams.h"

#include "tests/always_retry/messages.h"
#include "tests/always_retry/streams.h"

enum {
    CONNECTIONS_MAX = 3, /* with a script of their own, per upstream */
    EXCHANGES_MAX = 3,   /* on one of them */
};

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
    if (to->upgrades && percent(to, 50)) {
        put_upgraded(to);
        return;
    }
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
        put(to, "pre-write: %s", any_failure(to));
    } else {
        put(to, "delay: %zums, read: request, respond: %u", 1 + below(to, 300), any_status(to));
        *ended = false;
    }
}

/* The first step of a connection that does TLS in a way of its own; whether it is the last one, too. */
static bool put_handshake(struct writing *to)
{
    static const char *const ENDS[] = {
        "alert", "close-after-hello", "close-mid-handshake", "reset-mid-handshake",
        "stall", "rst-after-finished"};
    static const char *const WAYS[] = {
        "expired",     "not-yet-valid", "wrong-name",         "unknown-ca",
        "self-signed", "good",          "unsupported-version"};
    bool ends = percent(to, 50);
    put(to, "tls: %s", ends ? CHANCE_WORD(&to->chance, ENDS) : CHANCE_WORD(&to->chance, WAYS));
    return ends;
}

static void put_exchanges(struct writing *to, const char *separator)
{
    bool ended = false;
    for (size_t left = 1 + below(to, EXCHANGES_MAX); left > 0 && !ended; left--) {
        put(to, "%s", separator);
        put_exchange(to, &ended);
        separator = ", ";
    }
}

static void put_connection(struct writing *to, const struct upstream_shape *shape)
{
    bool fails = shape->secure && percent(to, 30);
    put(to, "[");
    if (shape->streams)
        put_stream_connection(to);
    else if (!fails)
        put_exchanges(to, "");
    else if (!put_handshake(to))
        put_exchanges(to, ", ");
    put(to, "]");
}

static void put_security(struct writing *to)
{
    static const char *const WAYS[] = {"true",
                                       "true",
                                       "{versions: [1.2]}",
                                       "{versions: [1.3]}",
                                       "{tickets: true}",
                                       "{certificate: expired}",
                                       "{client-certificate: required}"};
    put(to, "    tls: %s\n", CHANCE_WORD(&to->chance, WAYS));
}

void put_upstream(struct writing *to, size_t upstream)
{
    const struct upstream_shape *shape = &to->upstreams[upstream];
    size_t connections = below(to, CONNECTIONS_MAX + 1);
    put(to, "  %s:\n", upstream_name(upstream));
    if (shape->named)
        put(to, "    host: %s.test\n", upstream_name(upstream));
    if (shape->secure)
        put_security(to);
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
        put_connection(to, shape);
        put(to, "\n");
    }
    if (connections == 0)
        put(to, "      []\n");
    /* What stands otherwise speaks HTTP. */
    if (shape->streams || percent(to, 30)) {
        put(to, "    then: ");
        put_connection(to, shape);
        put(to, "\n");
    }
}
