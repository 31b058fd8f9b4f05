#include "tests/always_retry/streams.h"

#include "tests/always_retry/messages.h"

enum { STREAM_STEPS_MAX = 4 };

/* Small, as a rule: what each byte costs is the same, and a tunnel ends at any of them. */
static size_t stream_size(struct writing *to)
{
    return percent(to, 25) ? any_size(to) : 1 + below(to, 3000);
}

/* One thing that an end does while the stream stands. */
static void put_stream_step(struct writing *to, const char *before, const char *after)
{
    put(to, "%s", before);
    switch (below(to, 8)) {
    case 0:
    case 1:
        put(to, "stream: %zu", stream_size(to));
        break;
    case 2:
    case 3:
    case 4:
        put(to, "read: %zu of stream", stream_size(to));
        break;
    case 5:
    case 6:
        put(to, "delay: %zums", 1 + below(to, 200));
        break;
    default:
        put(to, "drip: {bytes: %zu, every: %zums}", 500 + below(to, 4000), 1 + below(to, 3));
        break;
    }
    put(to, "%s", after);
}

/* How an end leaves: at once, in one direction first, when the other one has left, or never. */
static void put_stream_end(struct writing *to, const char *before, const char *after)
{
    switch (below(to, 6)) {
    case 0:
    case 1:
        put(to, "%send: %s%s", before, any_end(to), after);
        break;
    case 2:
        put(to, "%shalf-close%s%sread: eof%s", before, after, before, after);
        break;
    case 3:
        put(to, "%shalf-close%s%sread: %zu of stream%s%send: %s%s", before, after, before,
            stream_size(to), after, before, any_end(to), after);
        break;
    default:
        put(to, "%sread: eof%s%send: fin%s", before, after, before, after);
        break;
    }
}

static void put_steps(struct writing *to, const char *before, const char *after)
{
    for (size_t steps = below(to, STREAM_STEPS_MAX + 1); steps > 0; steps--)
        put_stream_step(to, before, after);
    put_stream_end(to, before, after);
}

/* "{method: CONNECT, to: b}" or "{path: /c1-2, upgrade: websocket}"; whether raw bytes may be sent behind it. */
static bool put_opening(struct writing *to, size_t client, size_t number)
{
    size_t upstream = below(to, to->upstream_count);
    bool connects = to->forward && (!to->upgrades || percent(to, 70));
    if (connects)
        put(to, "{method: CONNECT, to: %s", upstream_name(upstream));
    else
        put(to, "{path: /c%zu-%zu, upgrade: websocket", client, number);
    if (!connects && to->forward && !to->routed)
        put(to, ", to: %s", upstream_name(upstream));
    put_credentials(to);
    put(to, "}\n");
    return !connects || to->upstreams[upstream].streams;
}

void put_client_stream(struct writing *to, size_t client, size_t number)
{
    bool early = percent(to, 25);
    put(to, "    - %s: ", early ? "prepare" : "request");
    bool raw = put_opening(to, client, number);
    if (early)
        put(to, "    - send: rest\n");
    if (early && !raw)
        put(to, "    - read: response\n");
    for (size_t requests = below(to, 3); !raw && requests > 0; requests--)
        put(to, "    - request: {method: %s, path: /in-%zu-%zu, body: %zu}\n",
            percent(to, 50) ? "POST" : "PUT", client, requests, stream_size(to));
    if (raw)
        put_steps(to, "    - ", "\n");
    else if (percent(to, 50))
        put(to, "    - end: %s\n", any_end(to));
    put(to, "    - connect\n");
}

void put_stream_connection(struct writing *to)
{
    if (percent(to, 60))
        put(to, "stream: %zu, ", stream_size(to));
    else
        put(to, "read: %zu of stream, ", stream_size(to));
    put_steps(to, "", ", ");
}

void put_upgraded(struct writing *to)
{
    put(to, "read: request, respond: {upgrade: websocket}, ");
    put_steps(to, "", ", ");
}
