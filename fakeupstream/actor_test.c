#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/acting/actor.h"
#include "fakeupstream/fake_upstream.h"
#include "fakeupstream/upstream_script.h"
#include "fakeupstream/wire/pattern.h"
#include "world/base/region.h"
#include "world/sim/sim.h"
#include "world/sockets/sockets.h"

/* Far above what any row takes; only a row that fails waits so long. */
#define SOCKETS_WAIT_NS (20 * NS_PER_S)

enum {
    LINES_MAX = 4,
    REGION_BYTES = 8 << 20,
    STORY_BYTES = 512,
    STEPS_MAX = 4000000, /* a case that makes more upcalls runs in circles */
};

/* A client's script, one upstream's, and what each of them saw when nothing could happen any more. */
struct row {
    const char *name;
    const char *client;
    const char *upstream;
    const char *client_saw;
    const char *upstream_saw;
    struct sim_options sim;
};

static const struct row ROWS[] = {
    {"an ordinary exchange",
     "[request: {method: POST, path: /pay, body: 11}]",
     "[[read: request, respond: {body: 5}]]",
     "200 5 whole; open, open",
     "POST /pay 11 whole; open, open",
     {.seed = 1}},
    {"the standing answer answers again and again",
     "[request: {}, request: {}, request: {}]",
     "[]",
     "200 0 whole, 200 0 whole, 200 0 whole; open, open",
     "GET / 0 whole, GET / 0 whole, GET / 0 whole; open, open",
     {.seed = 1}},
    {"a list that is played leaves later requests to the standing answer",
     "[request: {path: /1}, request: {path: /2}]",
     "[[read: request, respond: 503]]",
     "503 0 whole, 200 0 whole; open, open",
     "GET /1 0 whole, GET /2 0 whole; open, open",
     {.seed = 1}},
    {"an answer before the request is read counts as its answer",
     "[request: {method: POST, body: 11}, request: {}]",
     "[[respond: 503]]",
     "503 0 whole, 200 0 whole; open, open",
     "POST / 11 whole, GET / 0 whole; open, open",
     {.seed = 1}},
    {"end: fin is seen as FIN",
     "[request: {}]",
     "[[read: request, end: fin]]",
     "; fin, fin",
     "GET / 0 whole; open, fin",
     {.seed = 1}},
    {"end: rst is seen as RST",
     "[request: {}]",
     "[[read: request, end: rst]]",
     "; rst, fin",
     "GET / 0 whole; open, rst",
     {.seed = 1}},
    {"end: stall is seen as nothing",
     "[request: {}]",
     "[[read: request, end: stall]]",
     "; open, open",
     "GET / 0 whole; open, open",
     {.seed = 1}},
    {"FIN in the middle of a body cuts the response",
     "[request: {}]",
     "[[read: request, prepare: {body: 10}, send: 4 of body, end: fin]]",
     "200 4 cut; fin, fin",
     "GET / 0 whole; open, fin",
     {.seed = 1}},
    {"RST after a complete response leaves it complete",
     "[request: {}, read: eof]",
     "[[read: request, respond: {body: 10}, read: 1, end: rst]]",
     "200 10 whole; open, open",
     "GET / 0 whole; open, open",
     {.seed = 1}},
    {"a chunked response without its last chunk is cut",
     "[request: {}]",
     "[[read: request, prepare: {body: {bytes: 10, framing: chunked, chunk: 4}}, send: body, end: "
     "fin]]",
     "200 10 cut; fin, fin",
     "GET / 0 whole; open, fin",
     {.seed = 1}},
    {"a close-delimited response is whole at FIN",
     "[request: {}]",
     "[[read: request, respond: {body: {bytes: 10, framing: close}}]]",
     "200 10 whole; fin, fin",
     "GET / 0 whole; fin, fin",
     {.seed = 1}},
    {"a close-delimited response is not whole before FIN",
     "[request: {}]",
     "[[read: request, respond: {body: {bytes: 10, framing: close}}, wait: never]]",
     "200 10 cut; open, open",
     "GET / 0 whole; open, open",
     {.seed = 1}},
    {"a close-delimited response is cut by RST",
     "[prepare: {}, send: rest, read: 10 of body, signal: got, read: eof]",
     "[[read: request, respond: {body: {bytes: 10, framing: close}}, wait: got, end: rst]]",
     "200 10 cut; rst, fin",
     "GET / 0 whole; open, rst",
     {.seed = 1}},
    {"an upstream ends a connection that its client wants no more",
     "[request: {headers: {Connection: \"x, Close\"}}]",
     "[[read: request, respond: 200]]",
     "200 0 whole; fin, fin",
     "GET / 0 whole; fin, fin",
     {.seed = 1}},
    {"an upstream ends an old client's connection",
     "[request: {version: \"1.0\"}]",
     "[[read: request, respond: 200]]",
     "200 0 whole; fin, fin",
     "GET / 0 whole; fin, fin",
     {.seed = 1}},
    {"an old client may keep its connection",
     "[request: {version: \"1.0\", headers: {Connection: keep-alive}}]",
     "[[read: request, respond: 200]]",
     "200 0 whole; open, open",
     "GET / 0 whole; open, open",
     {.seed = 1}},
    {"a script may keep a connection that its client wants no more",
     "[request: {headers: {Connection: close}}]",
     "[[read: request, respond: 200, end: stall]]",
     "200 0 whole; open, open",
     "GET / 0 whole; open, open",
     {.seed = 1}},
    {"the answer to HEAD has no body",
     "[request: {method: HEAD}, request: {}]",
     "[[read: request, respond: {body: 11}, read: request, respond: {body: 3}]]",
     "200 0 whole, 200 3 whole; open, open",
     "HEAD / 0 whole, GET / 0 whole; open, open",
     {.seed = 1}},
    {"interim responses come before the final one",
     "[request: {}]",
     "[[read: request, interim: 103, interim: {status: 102, headers: {A: b}}, respond: 204]]",
     "103 102 204 0 whole; open, open",
     "GET / 0 whole; open, open",
     {.seed = 1}},
    {"the body waits for 100 Continue",
     "[request: {method: PUT, body: 5, expect-continue: true}]",
     "[[read: head, signal: head, interim: 100, read: request, respond: 200]]",
     "100 200 0 whole; open, open",
     "PUT / 5 whole; open, open",
     {.seed = 1}},
    {"the body follows a final head, too",
     "[request: {method: PUT, body: 5, expect-continue: true}]",
     "[[read: head, respond: 417, read: request]]",
     "417 0 whole; open, open",
     "PUT / 5 whole; open, open",
     {.seed = 1}},
    {"without 100 the body does not come",
     "[request: {method: PUT, body: 5, expect-continue: true}]",
     "[[read: request, respond: 200]]",
     "; open, open",
     "PUT / 0 cut; open, open",
     {.seed = 1}},
    {"a request in pieces",
     "[prepare: {method: POST, body: 10}, send: head, send: 4 of body, "
     "send: 2 of body, send: rest, read: response]",
     "[[read: request, respond: 200]]",
     "200 0 whole; open, open",
     "POST / 10 whole; open, open",
     {.seed = 1}},
    {"a client that leaves in the middle of its body",
     "[prepare: {method: POST, body: 10}, send: 4 of body, signal: sent, wait: read, end: rst]",
     "[[read: 4 of body, signal: read, read: eof]]",
     "; open, rst",
     "POST / 4 cut; rst, fin",
     {.seed = 1}},
    {"raw positions stop where they say",
     "[prepare: {method: POST, body: 10}, send: 7, end: fin]",
     "[[read: request, respond: 200]]",
     "; open, fin",
     "  0 cut; fin, fin",
     {.seed = 1}},
    {"a read that can never be reached breaks the script off",
     "[prepare: {method: POST, body: 10}, send: head, half-close, read: eof]",
     "[[read: request, respond: 200]]",
     "; fin, fin",
     "POST / 0 cut; fin, fin",
     {.seed = 1}},
    {"half-close goes on reading",
     "[prepare: {}, send: rest, half-close, read: response, read: eof]",
     "[[read: request, read: eof, respond: {body: 3}, end: fin]]",
     "200 3 whole; fin, fin",
     "GET / 0 whole; fin, fin",
     {.seed = 1}},
    {"garbage is no response",
     "[request: {}]",
     "[[read: request, garbage: 64, end: fin]]",
     " 0 cut; fin, fin",
     "GET / 0 whole; open, fin",
     {.seed = 1}},
    {"raw bytes go as they are",
     "[raw: \"GET /x HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n\", read: response]",
     "[[read: request, raw: \"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi\"]]",
     "200 2 whole; open, open",
     "GET /x 0 whole; open, open",
     {.seed = 1}},
    {"two final responses for one request are seen",
     "[request: {}]",
     "[[read: request, respond: 200, respond: 204]]",
     "200 0 whole, 204 0 whole unasked; open, open",
     "GET / 0 whole; open, open",
     {.seed = 1}},
    {"a response that came before its request answers none",
     "[request: {}, read: 1, wait: sent, request: {}]",
     "[[read: request, respond: {body: 2}, respond: {status: 203, body: 3}, signal: sent, "
     "read: request, respond: 200]]",
     "200 2 whole, 203 3 whole unasked, 200 0 whole; open, open",
     "GET / 0 whole, GET / 0 whole; open, open",
     {.seed = 1}},
    {"signals make actors meet in either order",
     "[prepare: {}, send: head, wait: one, signal: two, read: response]",
     "[[read: request, signal: one, wait: two, respond: 200]]",
     "200 0 whole; open, open",
     "GET / 0 whole; open, open",
     {.seed = 1}},
    {"a client sends on after an early response",
     "[request: {method: POST, body: 1MiB}]",
     "[[read: head, respond: 413, read: request]]",
     "413 0 whole; open, open",
     "POST / 1048576 whole; open, open",
     {.seed = 1}},
    {"the end of the connection stops the sending",
     "[request: {method: POST, body: 64MiB}]",
     "[[read: head, respond: 413, end: fin]]",
     "413 0 whole; rst, fin",
     "POST / 0 cut; open, fin",
     {.seed = 1}},
    {"a response that nobody reads does not arrive",
     "[pause-reading, prepare: {}, send: rest, wait: never]",
     "[[read: request, respond: {body: 5}]]",
     "; open, open",
     "GET / 0 whole; open, open",
     {.seed = 1}},
    {"reading goes on where it was paused",
     "[prepare: {}, send: rest, read: 2 of body, pause-reading, delay: 1ms, resume-reading, "
     "read: response]",
     "[[read: request, respond: {body: 5}]]",
     "200 5 whole; open, open",
     "GET / 0 whole; open, open",
     {.seed = 1}},
    {"a drip takes its time and loses nothing",
     "[drip: {bytes: 3, every: 100us}, request: {method: POST, body: 20}]",
     "[[read: request, drip: {bytes: 1, every: 0}, respond: {body: 20}]]",
     "200 20 whole; open, open",
     "POST / 20 whole; open, open",
     {.seed = 1}},
    {"a refused connection is noted and the script goes on",
     "[request: {}, request: {}]",
     "{listen: refused}",
     "refused | refused",
     "",
     {.seed = 1}},
    {"a new request opens a new connection when the last one ended",
     "[request: {}, request: {}]",
     "[[read: request, end: rst]]",
     "; rst, fin | 200 0 whole; open, open",
     "GET / 0 whole; open, rst | GET / 0 whole; open, open",
     {.seed = 1}},
    {"a connection that will be closed is not used again",
     "[request: {}, request: {}]",
     "[[read: request, respond: {keep-alive: false}, wait: never]]",
     "200 0 whole; open, open | 200 0 whole; open, open",
     "GET / 0 whole; open, open | GET / 0 whole; open, open",
     {.seed = 1}},
    {"a connection that the peer has closed is not used again",
     "[request: {}, read: eof, request: {}]",
     "[[read: request, respond: 200, end: fin]]",
     "200 0 whole; fin, fin | 200 0 whole; open, open",
     "GET / 0 whole; open, fin | GET / 0 whole; open, open",
     {.seed = 1}},
    {"heads alone can be read and answered",
     "[request: {}, request: {}]",
     "[[read: head, respond: 503, read: head, respond: 204]]",
     "503 0 whole, 204 0 whole; open, open",
     "GET / 0 whole, GET / 0 whole; open, open",
     {.seed = 1}},
    {"FIN after an early response stops the sending",
     "[request: {method: POST, body: 64MiB}]",
     "[[read: head, respond: 413, half-close, wait: never]]",
     "413 0 whole; fin, fin",
     "POST / 0 cut; open, fin",
     {.seed = 1}},
    {"an actor can wait again and again",
     "[connect, wait: one, wait: two, request: {}]",
     "[[delay: 1ms, signal: one, delay: 1ms, signal: two]]",
     "200 0 whole; open, open",
     "GET / 0 whole; open, open",
     {.seed = 1}},
    {"connect closes the former connection",
     "[connect, connect, request: {}]",
     "[]",
     "; open, fin | 200 0 whole; open, open",
     "; fin, fin | GET / 0 whole; open, open",
     {.seed = 1}},
    {"connect leaves a stalled connection alone",
     "[connect, end: stall, connect, request: {}]",
     "[]",
     "; open, open | 200 0 whole; open, open",
     "; open, open | GET / 0 whole; open, open",
     {.seed = 1}},
    {"a large body arrives as it was sent",
     "[request: {method: PUT, body: 3MiB}]",
     "[[read: request, respond: {body: {bytes: 2MiB, framing: chunked}}]]",
     "200 2097152 whole; open, open",
     "PUT / 3145728 whole; open, open",
     {.seed = 1}},
    {"however small the pieces are in which it arrives",
     "[request: {method: PUT, body: 5000}]",
     "[[read: request, respond: {body: {bytes: 3000, framing: chunked, chunk: 7}}]]",
     "200 3000 whole; open, open",
     "PUT / 5000 whole; open, open",
     {.seed = 2, .segment_bytes = 1, .latency_ns = NS_PER_MS, .short_write_bytes = 3}},
};

struct mini_client {
    struct actor actor;
    struct address target;
    struct line lines[LINES_MAX];
    unsigned line_count;
};

struct stand {
    unsigned turn; /* of its scene */
    struct world *world;
    struct scene scene;
    struct region region;
    struct script client_script;
    struct upstream_script upstream_script;
    struct fake_upstream upstream;
    struct mini_client client;
};

static struct stand stand;

static void on_client_line(struct line *line)
{
    if (line == stand.client.actor.line)
        actor_on_line(&stand.client.actor);
    else
        line_linger(line);
}

static bool dial(struct actor *actor)
{
    struct line *line = &stand.client.lines[stand.client.line_count++];

    assert_true(stand.client.line_count <= LINES_MAX);
    line_init(line, actor->scene);
    line->on_event = on_client_line;
    assert_int_equal(line_connect(line, &stand.client.target, stand.client.line_count, NULL), 0);
    actor->line = line;
    return true;
}

static const struct actor_ways CLIENT_WAYS = {.side = SCRIPT_CLIENT, .dial = dial};

static struct yaml_node *parse(const char *text)
{
    struct yaml_error error = {.sentence = ""};
    struct yaml_node *node = yaml_parse(&stand.region, "row", text, strlen(text), &error);

    if (node == NULL)
        fail_msg("%s", error.sentence);
    return node;
}

static void set_up(const struct row *row, bool real)
{
    static const struct sockets_options SOCKETS = {.seed = 1};

    struct yaml_error error = {.sentence = ""};
    struct address address = address_loopback(0);
    struct actor_options options = {.ways = &CLIENT_WAYS,
                                    .scene = &stand.scene,
                                    .name = "client",
                                    .script = &stand.client_script,
                                    .host = "127.0.0.1"};

    stand.world = real ? sockets_create(&SOCKETS) : sim_create(&row->sim);
    assert_non_null(stand.world);
    scene_init(&stand.scene, stand.world);
    stand.scene.manner.turn = stand.turn;
    region_init(&stand.region, REGION_BYTES);
    if (!script_parse(&stand.region, parse(row->client), SCRIPT_CLIENT, &stand.client_script,
                      &error) ||
        !upstream_script_parse(&stand.region, parse(row->upstream), &stand.upstream_script, &error))
        fail_msg("%s", error.sentence);
    fake_upstream_init(&stand.upstream, &stand.scene);
    assert_int_equal(fake_upstream_start(&stand.upstream, "a", &stand.upstream_script, &address),
                     0);
    stand.client.target = stand.upstream.address;
    stand.client.line_count = 0;
    actor_init(&stand.client.actor, &options);
    actor_start(&stand.client.actor);
}

/* Ends everything; a simulated world must then be empty. */
static void tear_down(bool real)
{
    struct sim_census census;

    actor_stop(&stand.client.actor);
    for (unsigned i = 0; i < stand.client.line_count; i++) {
        line_end(&stand.client.lines[i], STREAM_FIN);
        line_release(&stand.client.lines[i]);
    }
    fake_upstream_stop(&stand.upstream);
    fake_upstream_release(&stand.upstream);
    if (real) {
        sockets_destroy(&stand.world);
    } else {
        sim_world_census(stand.world, &census);
        assert_int_equal(census.streams + census.listeners + census.timers, 0);
        sim_destroy(&stand.world);
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

static size_t tell_message(char *text, size_t at, const struct witness_message *message,
                           bool request)
{
    for (size_t i = 0; i < message->interim_count; i++)
        at = tell(text, at, "%u ", message->interims[i]);
    if (request)
        at = tell(text, at, "%s %s", message->method, message->target);
    else if (message->status != 0)
        at = tell(text, at, "%u", message->status);
    at = tell(text, at, " %llu %s", (unsigned long long)message->body_bytes,
              message->complete ? "whole" : "cut");
    if (message->unasked)
        at = tell(text, at, " unasked");
    if (message->seed_known && !witness_message_intact(message))
        at = tell(text, at, " not the body of %.*s", (int)message->label.size,
                  (const char *)message->label.data);
    return message->next != NULL ? tell(text, at, ", ") : at;
}

/* "POST / 11 whole; peer's end, own end" or "refused", connections apart by a bar. */
static size_t tell_witness(char *text, size_t at, const struct witness *witness, bool requests)
{
    if (at > 0)
        at = tell(text, at, " | ");
    if (witness->dial_error == ECONNREFUSED)
        return tell(text, at, "refused");
    for (const struct witness_message *m = witness->received; m != NULL; m = m->next)
        at = tell_message(text, at, m, requests);
    return tell(text, at, "; %s, %s", witness_end_word(witness->peer_end),
                witness_end_word(witness->own_end));
}

static void tell_all(char client[STORY_BYTES], char upstream[STORY_BYTES])
{
    size_t at = 0;

    client[0] = '\0';
    upstream[0] = '\0';
    for (unsigned i = 0; i < stand.client.line_count; i++)
        at = tell_witness(client, at, &stand.client.lines[i].witness, false);
    at = 0;
    for (size_t i = 0; i < stand.upstream.connection_count; i++)
        at = tell_witness(upstream, at, fake_upstream_witness(&stand.upstream, i), true);
}

static void both_see_it_in_the_simulation(void **state)
{
    const struct row *row = *state;
    char client[STORY_BYTES];
    char upstream[STORY_BYTES];

    set_up(row, false);
    assert_int_equal(world_run(stand.world, STEPS_MAX, TIME_NEVER), RUN_QUIESCENT);
    tell_all(client, upstream);
    tear_down(false);
    assert_string_equal(client, row->client_saw);
    assert_string_equal(upstream, row->upstream_saw);
}

/* The real world is never at rest while somebody listens: it runs until both have seen it, or for too long. */
static void both_see_it_on_sockets(void **state)
{
    const struct row *row = *state;
    char client[STORY_BYTES];
    char upstream[STORY_BYTES];
    uint64_t end_ns;

    set_up(row, true);
    end_ns = world_now(stand.world) + SOCKETS_WAIT_NS;
    do {
        world_run(stand.world, 1, end_ns);
        tell_all(client, upstream);
    } while ((strcmp(client, row->client_saw) != 0 || strcmp(upstream, row->upstream_saw) != 0) &&
             world_now(stand.world) < end_ns);
    tear_down(true);
    assert_string_equal(client, row->client_saw);
    assert_string_equal(upstream, row->upstream_saw);
}

/* Where cases follow each other in one place, a request says of which it is, and its body is another one's in no other. */
static void a_turn_stands_in_the_label(void **state)
{
    static const struct row ROW = {
        .client = "[request: {method: POST, body: 5}]", .upstream = "[]", .sim = {.seed = 1}};
    const struct witness_message *request;

    (void)state;
    stand.turn = 7;
    set_up(&ROW, false);
    stand.turn = 0;
    assert_int_equal(world_run(stand.world, STEPS_MAX, TIME_NEVER), RUN_QUIESCENT);
    request = fake_upstream_witness(&stand.upstream, 0)->received;
    assert_true(bytes_equal_text(request->label, "client-7.1"));
    assert_true(request->seed == pattern_seed(bytes_of("client-7.1")));
    assert_true(witness_message_intact(request));
    tear_down(false);
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
    const struct CMUnitTest alone[] = {cmocka_unit_test(a_turn_stands_in_the_label)};

    return run_rows("sim", both_see_it_in_the_simulation) +
           run_rows("sockets", both_see_it_on_sockets) + cmocka_run_group_tests(alone, NULL, NULL);
}
