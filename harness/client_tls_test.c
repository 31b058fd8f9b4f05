/*
 * Scripted clients and fake upstreams with nobody between them, over TLS and in streams: what each of them saw, in both worlds.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/fake_upstream.h"
#include "harness/client.h"
#include "world/base/region.h"
#include "world/sim/sim.h"
#include "world/sockets/sockets.h"
#include "world/tls/tls.h"

/* Far above what any row takes; only a row that fails waits so long. */
#define SOCKETS_WAIT_NS (20 * NS_PER_S)

/* Between looks at what was seen: digests of large streams are not for every step. */
#define LOOK_EVERY_NS (5 * NS_PER_MS)

#define CONNECTS "[tls: {sni: a.test}, connect]"

enum {
    REGION_BYTES = 8 << 20,
    STORY_BYTES = 1024,
    STEPS_MAX = 4000000, /* a case that makes more upcalls runs in circles */
};

struct row {
    const char *name;
    const char *client;
    const char *upstream;
    const char *client_saw;
    const char *upstream_saw;
};

static const struct row ROWS[] = {

    /* ---- handshakes that go well -------------------------------------------------------------- */
    {"HTTP goes over TLS as it does without",
     "[tls: {sni: a.test}, request: {method: POST, body: 5000}]",
     "{tls: true, connections: [[read: request, respond: {body: 3000}]]}",
     "200 3000 whole; open, open; tls 1.3", "POST / 5000 whole; open, open; tls 1.3 a.test"},
    {"a version that both know is agreed on", "[tls: {sni: a.test, version: 1.2}, request: {}]",
     "{tls: true}", "200 0 whole; open, open; tls 1.2",
     "GET / 0 whole; open, open; tls 1.2 a.test"},
    {"an upstream can insist on a version", "[tls: {sni: a.test, version: 1.3}, request: {}]",
     "{tls: {versions: [1.2]}}", "; open, fin; failed: protocol version",
     "; open, fin; failed: unsupported protocol"},
    {"a protocol is agreed on by ALPN", "[tls: {sni: a.test, alpn: [h2, http/1.1]}, request: {}]",
     "{tls: {alpn: [http/1.1]}}", "200 0 whole; open, open; tls 1.3 http/1.1",
     "GET / 0 whole; open, open; tls 1.3 http/1.1 a.test"},
    {"a host is a name of the certificate, too", "[tls: {sni: shop.example}, request: {}]",
     "{tls: true, host: shop.example}", "200 0 whole; open, open; tls 1.3",
     "GET / 0 whole; open, open; tls 1.3 shop.example"},
    {"sessions are resumed where both keep tickets",
     "[tls: {sni: a.test, tickets: true}, request: {}, end: fin, request: {}]",
     "{tls: {tickets: true}}",
     "200 0 whole; open, fin; tls 1.3 | 200 0 whole; open, open; tls 1.3 resumed",
     "GET / 0 whole; fin, fin; tls 1.3 a.test | GET / 0 whole; open, open; tls 1.3 resumed a.test"},
    {"and not where one does not", "[tls: {sni: a.test}, request: {}, end: fin, request: {}]",
     "{tls: {tickets: true}}", "200 0 whole; open, fin; tls 1.3 | 200 0 whole; open, open; tls 1.3",
     "GET / 0 whole; fin, fin; tls 1.3 a.test | GET / 0 whole; open, open; tls 1.3 a.test"},
    {"a client shows its certificate where it is asked for one",
     "[tls: {sni: a.test, certificate: good}, request: {}]",
     "{tls: {client-certificate: required}}", "200 0 whole; open, open; tls 1.3",
     "GET / 0 whole; open, open; tls 1.3 a.test"},
    {"connections before `tls` and behind `tls: false` are in the clear",
     "[request: {}, end: fin, tls: {sni: a.test}, connect, end: fin, tls: false, request: {}]",
     "[[], [tls: good], []]",
     "200 0 whole; open, fin | ; open, fin; tls 1.3 | 200 0 whole; open, open",
     "GET / 0 whole; fin, fin | ; fin, fin; tls 1.3 a.test | GET / 0 whole; open, open"},

    /* ---- certificates that a client refuses --------------------------------------------------- */
    {"an expired certificate", CONNECTS, "[[tls: expired]]",
     "; open, fin; failed: certificate has expired", "; open, fin; failed: certificate expired"},
    {"a certificate that is not yet valid", CONNECTS, "[[tls: not-yet-valid]]",
     "; open, fin; failed: certificate is not yet valid", "; open, fin; failed: bad certificate"},
    {"a certificate for another name", CONNECTS, "[[tls: wrong-name]]",
     "; open, fin; failed: hostname mismatch", "; open, fin; failed: bad certificate"},
    {"a certificate by an unknown authority", CONNECTS, "[[tls: unknown-ca]]",
     "; open, fin; failed: unable to get local issuer certificate",
     "; open, fin; failed: unknown CA"},
    {"a certificate by itself", CONNECTS, "[[tls: self-signed]]",
     "; open, fin; failed: self-signed certificate", "; open, fin; failed: unknown CA"},
    {"a certificate of the upstream's own", CONNECTS, "{tls: {certificate: expired}}",
     "; open, fin; failed: certificate has expired", "; open, fin; failed: certificate expired"},
    {"a connection's word stands over the upstream's", CONNECTS,
     "{tls: {certificate: expired}, connections: [[tls: good]]}", "; open, open; tls 1.3",
     "; open, open; tls 1.3 a.test"},
    {"a client that does not verify takes any certificate",
     "[tls: {sni: a.test, verify: false}, request: {}]", "[[tls: expired]]",
     "200 0 whole; open, open; tls 1.3", "GET / 0 whole; open, open; tls 1.3 a.test"},
    {"a client without the certificate that is asked for",
     "[tls: {sni: a.test, version: 1.2}, connect]", "{tls: {client-certificate: required}}",
     "; open, fin; failed: handshake failure",
     "; open, fin; failed: peer did not return a certificate"},
    {"a client certificate by an unknown authority",
     "[tls: {sni: a.test, version: 1.2, certificate: unknown-ca}, connect]",
     "{tls: {client-certificate: required}}", "; open, fin; failed: unknown CA",
     "; open, fin; failed: unable to get local issuer certificate"},
    {"TLS 1.3 tells a client that its certificate is missing behind the handshake",
     "[tls: {sni: a.test}, request: {}]", "{tls: {client-certificate: required}}",
     "; fin, fin; tls 1.3, then certificate required",
     "; open, fin; failed: peer did not return a certificate"},

    /* ---- faults of an upstream's handshake ---------------------------------------------------- */
    {"an upstream that knows old versions alone", CONNECTS, "[[tls: unsupported-version]]",
     "; open, fin; failed: protocol version", "; open, fin; failed: unsupported protocol"},
    {"an upstream that answers with an alert", CONNECTS, "[[tls: alert]]",
     "; open, fin; failed: handshake failure", "; fin, fin; no handshake"},
    {"an upstream that closes behind the ClientHello", CONNECTS, "[[tls: close-after-hello]]",
     "; fin, fin; failed: the connection ended within the handshake", "; fin, fin; no handshake"},
    {"an upstream that closes in the middle of its flight", CONNECTS,
     "[[tls: close-mid-handshake]]",
     "; fin, fin; failed: the connection ended within the handshake", "; fin, fin; no handshake"},
    {"an upstream that resets in the middle of its flight", CONNECTS,
     "[[tls: reset-mid-handshake]]", "; rst, fin; failed: the connection was reset",
     "; open, rst; no handshake"},
    {"an upstream that never answers the ClientHello", CONNECTS, "[[tls: stall]]",
     "; open, open; no handshake", "; open, open; no handshake"},
    {"others can wait until a handshake stalls",
     "[tls: stall, connect, wait: the hello came, tls: {sni: a.test}, request: {}]",
     "{tls: true, connections: [[tls: stall, signal: the hello came]]}",
     "; open, open; no handshake | 200 0 whole; open, open; tls 1.3",
     "; open, open; no handshake | GET / 0 whole; open, open; tls 1.3 a.test"},
    {"and until one was closed or reset",
     "[tls: {sni: a.test}, connect, wait: closed, connect, wait: reset, request: {}]",
     "{tls: true, connections: [[tls: close-after-hello, signal: closed], [tls: "
     "reset-mid-handshake, signal: reset]]}",
     "; fin, fin; failed: the connection ended within the handshake | ; rst, fin; failed: the "
     "connection was reset | 200 0 whole; open, open; tls 1.3",
     "; fin, fin; no handshake | ; open, rst; no handshake | GET / 0 whole; open, open; tls 1.3 "
     "a.test"},
    {"an upstream that resets behind the handshake", CONNECTS, "[[tls: rst-after-finished]]",
     "; rst, fin; tls 1.3", "; open, rst; tls 1.3 a.test"},
    {"the connections behind a fault are as the upstream says",
     "[tls: {sni: a.test}, connect, request: {}]",
     "{tls: true, connections: [[tls: close-after-hello]]}",
     "; fin, fin; failed: the connection ended within the handshake | 200 0 whole; open, open; tls "
     "1.3",
     "; fin, fin; no handshake | GET / 0 whole; open, open; tls 1.3 a.test"},

    /* ---- faults of a client's handshake -------------------------------------------------------- */
    {"a client that closes behind its ClientHello", "[tls: close-after-hello, connect]",
     "{tls: true}", "; fin, fin; no handshake",
     "; fin, fin; failed: the connection ended within the handshake"},
    {"a client that closes in the middle of its Finished", "[tls: close-mid-handshake, connect]",
     "{tls: true, host: proxy.test}", "; fin, fin; no handshake",
     "; fin, fin; failed: the connection ended within the handshake"},
    {"a client that resets in the middle of its Finished", "[tls: reset-mid-handshake, connect]",
     "{tls: true, host: proxy.test}", "; open, rst; no handshake",
     "; rst, fin; failed: the connection was reset"},
    {"a client that falls silent behind its ClientHello", "[tls: stall, connect]", "{tls: true}",
     "; open, open; no handshake", "; open, open; no handshake"},
    {"a client that sends an alert behind its ClientHello", "[tls: alert, connect]", "{tls: true}",
     "; fin, fin; no handshake", "; open, fin; failed: handshake failure"},
    {"a client that knows old versions alone", "[tls: unsupported-version, connect]", "{tls: true}",
     "; open, fin; failed: protocol version", "; open, fin; failed: unsupported protocol"},
    {"a client that sends no TLS", "[tls: garbage, connect]", "{tls: true}",
     "; fin, fin; no handshake", "; open, fin; failed: wrong version number"},
    {"a client goes on behind a handshake that stalls",
     "[tls: stall, request: {}, tls: {sni: a.test}, request: {}]", "{tls: true}",
     "; open, open; no handshake | 200 0 whole; open, open; tls 1.3",
     "; open, open; no handshake | GET / 0 whole; open, open; tls 1.3 a.test"},

    /* ---- ends ---------------------------------------------------------------------------------- */
    {"a FIN behind a close_notify ends a close-delimited response",
     "[tls: {sni: a.test}, request: {}]",
     "[[tls: good, read: request, respond: {body: {bytes: 10, framing: close}}, end: fin]]",
     "200 10 whole; fin, fin; tls 1.3", "GET / 0 whole; open, fin; tls 1.3 a.test"},
    {"a FIN without one cuts it", "[tls: {sni: a.test}, request: {}]",
     "[[tls: good, read: request, prepare: {body: {bytes: 10, framing: close}}, send: 10 of body, "
     "end: cut]]",
     "200 10 cut; fin, fin; tls 1.3 cut", "GET / 0 whole; open, fin; tls 1.3 a.test"},
    {"nothing of what was sent is lost by a cut", "[tls: {sni: a.test}, request: {}]",
     "[[tls: good, read: request, respond: {body: 100000}, end: cut]]",
     "200 100000 whole; fin, fin; tls 1.3 cut", "GET / 0 whole; open, fin; tls 1.3 a.test"},
    {"a client cuts, too", "[tls: {sni: a.test}, request: {}, end: cut]", "{tls: true}",
     "200 0 whole; open, fin; tls 1.3", "GET / 0 whole; fin, fin; tls 1.3 a.test cut"},
    {"a cut without TLS is a FIN", "[request: {}, end: cut]", "[]", "200 0 whole; open, fin",
     "GET / 0 whole; fin, fin"},
    {"half-close over TLS goes on reading",
     "[tls: {sni: a.test}, prepare: {}, send: rest, half-close, read: response, read: eof]",
     "[[tls: good, read: request, read: eof, respond: {body: 3}, end: fin]]",
     "200 3 whole; fin, fin; tls 1.3", "GET / 0 whole; fin, fin; tls 1.3 a.test"},
    {"RST over TLS is seen as RST", "[tls: {sni: a.test}, request: {}]",
     "[[tls: good, read: request, end: rst]]", "; rst, fin; tls 1.3",
     "GET / 0 whole; open, rst; tls 1.3 a.test"},

    /* ---- streams ------------------------------------------------------------------------------- */
    {"both ends stream behind a 101",
     "[request: {upgrade: websocket}, stream: 1000, read: 700 of stream, end: fin]",
     "[[read: request, respond: {upgrade: websocket}, read: 1000 of stream, stream: 700, read: "
     "eof]]",
     "101 0 whole; open, fin; stream 700", "GET / 0 whole; fin, fin; stream 1000"},
    {"both stream at once, more than one of them holds",
     "[request: {upgrade: websocket}, stream: 300KiB, read: 200KiB of stream, end: fin]",
     "[[read: request, respond: {upgrade: websocket}, stream: 200KiB, read: 300KiB of stream, "
     "read: "
     "eof]]",
     "101 0 whole; open, fin; stream 204800", "GET / 0 whole; fin, fin; stream 307200"},
    {"a half-close leaves the other direction open",
     "[request: {upgrade: websocket}, stream: 100, half-close, read: 5000 of stream, read: eof]",
     "[[read: request, respond: {upgrade: websocket}, read: 100 of stream, read: eof, stream: "
     "5000, end: fin]]",
     "101 0 whole; fin, fin; stream 5000", "GET / 0 whole; fin, fin; stream 100"},
    {"a stream in drips",
     "[request: {upgrade: echo}, drip: {bytes: 100, every: 1ms}, stream: 1000, end: fin]",
     "[[read: request, respond: {upgrade: echo}, read: 1000 of stream, read: eof]]",
     "101 0 whole; open, fin", "GET / 0 whole; fin, fin; stream 1000"},
    {"raw bytes belong to the stream",
     "[request: {upgrade: echo}, raw: hello, stream: 10, raw: bye, end: fin]",
     "[[read: request, respond: {upgrade: echo}, read: 18 of stream, read: eof]]",
     "101 0 whole; open, fin", "GET / 0 whole; fin, fin; stream 18"},
    {"a stream that is cut is a beginning of what was sent",
     "[request: {upgrade: echo}, stream: 1000, wait: read, end: rst]",
     "[[read: request, respond: {upgrade: echo}, read: 600 of stream, signal: read, end: stall]]",
     "101 0 whole; open, rst", "GET / 0 whole; rst, open; stream 600"},
    {"what an upstream sends right behind its 101 belongs to the stream",
     "[request: {upgrade: echo}, read: 10 of stream, end: fin]",
     "[[read: request, respond: {upgrade: echo}, stream: 10, read: eof]]",
     "101 0 whole; open, fin; stream 10", "GET / 0 whole; fin, fin"},
    {"a connection that begins with a stream is no HTTP",
     "[stream: 100, read: 50 of stream, end: fin]",
     "[[read: 100 of stream, stream: 50, read: eof]]", "; open, fin; stream 50",
     "; fin, fin; stream 100"},
    {"an upstream that speaks first is no HTTP either",
     "[raw: \"hello\", read: 4 of stream, stream: 3, end: fin]",
     "[[raw: \"SSH-\", read: 8 of stream, read: eof]]", "; open, fin; stream 4",
     "; fin, fin; stream 8"},
    {"a stream over TLS",
     "[tls: {sni: a.test}, request: {upgrade: websocket}, stream: 100KiB, read: 70KiB of stream, "
     "end: fin]",
     "[[tls: good, read: request, respond: {upgrade: websocket}, read: 100KiB of stream, stream: "
     "70KiB, read: eof]]",
     "101 0 whole; open, fin; tls 1.3; stream 71680",
     "GET / 0 whole; fin, fin; tls 1.3 a.test; stream 102400"},
    {"where the upgrade is refused nothing is streamed",
     "[request: {upgrade: websocket}, stream: 100, read: 5 of stream, request: {path: /next}]",
     "[]", "200 0 whole, 200 0 whole; open, open", "GET / 0 whole, GET /next 0 whole; open, open"},

    /* ---- through a proxy ----------------------------------------------------------------------- */
    {"a request for an upstream names it", "[request: {to: a, path: /x}]", "{host: a.example}",
     "200 0 whole; open, open", "GET http://a.example:PORT/x 0 whole at a.example; open, open"},
    {"HTTP goes on within a tunnel", "[request: {method: CONNECT, to: a}, request: {path: /in}]",
     "{host: a.example, connections: [[read: request, respond: 200, read: request, respond: {body: "
     "3}]]}",
     "200 0 whole, 200 3 whole; open, open",
     "CONNECT a.example:PORT 0 whole at a.example, GET /in 0 whole at a.example; open, open"},
    {"a tunnel that is refused is none",
     "[request: {method: CONNECT, to: a}, stream: 10, request: {path: /again}]",
     "{host: a.example, connections: [[read: request, respond: 502, read: request, respond: {body: "
     "3}]]}",
     "502 0 whole, 200 3 whole; open, open",
     "CONNECT a.example:PORT 0 whole at a.example, GET /again 0 whole; open, open"},
    {"a client may stream before the upgrade is granted",
     "[prepare: {upgrade: echo}, send: rest, stream: 100, read: response, read: 20 of stream, end: "
     "fin]",
     "[[read: request, respond: {upgrade: echo}, read: 100 of stream, stream: 20, read: eof]]",
     "101 0 whole; open, fin; stream 20", "GET / 0 whole; fin, fin; stream 100"},
};

struct stand {
    struct world *world;
    struct scene scene;
    struct region region;
    struct script script;
    struct upstream_script upstream_script;
    struct fake_upstream upstream;
    struct client client;
};

static struct stand stand;

static struct yaml_node *parse(const char *text)
{
    struct yaml_error error = {.sentence = ""};
    struct yaml_node *node = yaml_parse(&stand.region, "row", text, strlen(text), &error);

    if (node == NULL)
        fail_msg("%s", error.sentence);
    return node;
}

/* sim NULL: real sockets. */
static void set_up(const struct row *row, const struct sim_options *sim)
{
    static const struct sockets_options SOCKETS = {.seed = 1};

    struct yaml_error error = {.sentence = ""};
    struct address address = address_loopback(0);

    stand.world = sim == NULL ? sockets_create(&SOCKETS) : sim_create(sim);
    assert_non_null(stand.world);
    if (sim != NULL)
        tls_randomness_seed(1);
    scene_init(&stand.scene, stand.world);
    region_init(&stand.region, REGION_BYTES);
    if (!client_script_parse(&stand.region, parse(row->client), &stand.script, &error) ||
        !upstream_script_parse(&stand.region, parse(row->upstream), &stand.upstream_script, &error))
        fail_msg("%s", error.sentence);
    fake_upstream_init(&stand.upstream, &stand.scene);
    client_init(&stand.client, &stand.scene);
    assert_int_equal(fake_upstream_start(&stand.upstream, "a", &stand.upstream_script, &address),
                     0);
    client_start(&stand.client, "client", &stand.script, &stand.upstream.address);
}

/* Ends everything; a simulated world must then be empty. */
static void tear_down(bool real)
{
    struct sim_census census;

    client_stop(&stand.client);
    fake_upstream_stop(&stand.upstream);
    while (tls_streams_in_use() > 0)
        world_run(stand.world, 1, TIME_NEVER);
    client_release(&stand.client);
    fake_upstream_release(&stand.upstream);
    scene_release(&stand.scene);
    if (real) {
        sockets_destroy(&stand.world);
    } else {
        sim_world_census(stand.world, &census);
        assert_int_equal(census.streams + census.listeners + census.timers, 0);
        sim_destroy(&stand.world);
        tls_randomness_restore();
    }
    region_release(&stand.region);
}

static size_t tell(char *text, size_t at, const char *format, ...) PRINTF_LIKE(3, 4);

static size_t tell(char *text, size_t at, const char *format, ...)
{
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(text + at, STORY_BYTES - at, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && at + (size_t)size < STORY_BYTES);
    return at + (size_t)size;
}

/* A target, whose port is another one in each run. */
static size_t tell_target(char *text, size_t at, const char *target)
{
    const char *port = strstr(target, "a.example:");
    const char *rest;

    if (port == NULL)
        return tell(text, at, "%s", target);
    port += strlen("a.example:");
    rest = port + strspn(port, "0123456789");
    return tell(text, at, "%.*sPORT%s", (int)(port - target), target, rest);
}

static size_t tell_message(char *text, size_t at, const struct witness_message *message,
                           bool request)
{
    struct bytes host = witness_message_field(message, "host");

    if (request)
        at = tell_target(text, tell(text, at, "%s ", message->method), message->target);
    else if (message->status != 0)
        at = tell(text, at, "%u", message->status);
    at = tell(text, at, " %llu %s", (unsigned long long)message->body_bytes,
              message->complete ? "whole" : "cut");
    if (bytes_equal_text(bytes_make(host.data, host.size < 9 ? host.size : 9), "a.example"))
        at = tell(text, at, " at a.example");
    if (message->seed_known && !witness_message_intact(message))
        at = tell(text, at, " not the body that was sent");
    return message->next != NULL ? tell(text, at, ", ") : at;
}

static size_t tell_handshake(char *text, size_t at, const struct witness_handshake *handshake)
{
    const char *words[] = {handshake->version, handshake->resumed ? "resumed" : "", handshake->alpn,
                           handshake->sni, handshake->peer_cut ? "cut" : ""};

    if (!handshake->tls)
        return at;
    if (!handshake->completed)
        return handshake->failure != NULL ? tell(text, at, "; failed: %s", handshake->failure)
                                          : tell(text, at, "; no handshake");
    at = tell(text, at, "; tls");
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (words[i] != NULL && words[i][0] != '\0')
            at = tell(text, at, " %s", words[i]);
    return handshake->failure != NULL ? tell(text, at, ", then %s", handshake->failure) : at;
}

/* "POST / 11 whole; peer's end, own end; tls 1.3; stream 5 of theirs", connections apart by a bar. */
static size_t tell_witness(char *text, size_t at, const struct witness *witness,
                           const struct witness *peer)
{
    bool upstream =
        peer == NULL || witness != client_witness(&stand.client, witness->connection - 1);

    if (at > 0)
        at = tell(text, at, " | ");
    for (const struct witness_message *m = witness->received; m != NULL; m = m->next)
        at = tell_message(text, at, m, upstream);
    at = tell(text, at, "; %s, %s", witness_end_word(witness->peer_end),
              witness_end_word(witness->own_end));
    at = tell_handshake(text, at, &witness->handshake);
    if (witness->flow_in.bytes == 0)
        return at;
    return tell(text, at, "; stream %llu%s", (unsigned long long)witness->flow_in.bytes,
                peer == NULL || !witness_flow_is_of(witness, peer) ? " of nobody" : "");
}

/* Nobody is between them: the client's connection k is the upstream's. */
static void tell_all(char client[STORY_BYTES], char upstream[STORY_BYTES])
{
    size_t count = stand.upstream.connection_count;
    size_t at = 0;

    client[0] = '\0';
    upstream[0] = '\0';
    for (size_t i = 0; i < stand.client.line_count; i++)
        at = tell_witness(client, at, client_witness(&stand.client, i),
                          i < count ? fake_upstream_witness(&stand.upstream, i) : NULL);
    at = 0;
    for (size_t i = 0; i < count; i++)
        at = tell_witness(upstream, at, fake_upstream_witness(&stand.upstream, i),
                          client_witness(&stand.client, i));
}

static void play_in_simulation(const struct row *row, const struct sim_options *sim)
{
    char client[STORY_BYTES];
    char upstream[STORY_BYTES];

    set_up(row, sim);
    assert_int_equal(world_run(stand.world, STEPS_MAX, TIME_NEVER), RUN_QUIESCENT);
    tell_all(client, upstream);
    tear_down(false);
    assert_string_equal(client, row->client_saw);
    assert_string_equal(upstream, row->upstream_saw);
}

static void both_see_it_in_the_simulation(void **state)
{
    play_in_simulation(*state, &(struct sim_options){.seed = 1, .latency_ns = NS_PER_MS});
}

/* Handshakes and streams in pieces that end anywhere, and ends that meet them there. */
static void both_see_it_however_small_the_pieces(void **state)
{
    play_in_simulation(*state, &(struct sim_options){.seed = 2,
                                                     .latency_ns = NS_PER_MS,
                                                     .segment_bytes = 61,
                                                     .short_write_bytes = 37});
}

/* The real world is never at rest while somebody listens: it runs until both have seen it, or for too long. */
static void both_see_it_on_sockets(void **state)
{
    const struct row *row = *state;
    char client[STORY_BYTES];
    char upstream[STORY_BYTES];
    uint64_t end_ns;

    set_up(row, NULL);
    end_ns = world_now(stand.world) + SOCKETS_WAIT_NS;
    do {
        world_run(stand.world, STEPS_MAX, world_now(stand.world) + LOOK_EVERY_NS);
        tell_all(client, upstream);
    } while ((strcmp(client, row->client_saw) != 0 || strcmp(upstream, row->upstream_saw) != 0) &&
             world_now(stand.world) < end_ns);
    tear_down(true);
    assert_string_equal(client, row->client_saw);
    assert_string_equal(upstream, row->upstream_saw);
}

/* Wherever a failed check meets them, handshakes and streams are given back without a word to the world. */
static void a_world_may_end_under_them(void **state)
{
    static const struct row ROW = {
        .client = "[tls: {sni: a.test}, request: {}, end: fin, tls: close-mid-handshake, connect, "
                  "tls: {sni: a.test}, request: {upgrade: echo}, stream: 500, end: cut]",
        .upstream = "{tls: true, connections: [[], [], [read: request, respond: {upgrade: echo}, "
                    "read: 500 of stream, end: cut]]}",
    };
    const struct sim_options sim = {.seed = 1, .latency_ns = NS_PER_MS, .segment_bytes = 500};
    bool ended = false;

    (void)state;
    for (unsigned steps = 0; !ended; steps++) {
        set_up(&ROW, &sim);
        ended = world_run(stand.world, steps, TIME_NEVER) == RUN_QUIESCENT;
        client_abandon(&stand.client);
        fake_upstream_abandon(&stand.upstream);
        sim_destroy(&stand.world);
        client_release(&stand.client);
        fake_upstream_release(&stand.upstream);
        scene_release(&stand.scene);
        assert_int_equal(tls_streams_in_use(), 0);
        tls_randomness_restore();
        region_release(&stand.region);
    }
}

enum { ROW_COUNT = COUNT_OF(ROWS) };

static int run_rows(const char *world, CMUnitTestFunction function)
{
    struct CMUnitTest tests[ROW_COUNT];

    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = function,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests_name(world, tests, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest others[] = {cmocka_unit_test(a_world_may_end_under_them)};

    return run_rows("sim", both_see_it_in_the_simulation) +
           run_rows("small pieces", both_see_it_however_small_the_pieces) +
           run_rows("sockets", both_see_it_on_sockets) +
           cmocka_run_group_tests_name("ends", others, NULL, NULL);
}
