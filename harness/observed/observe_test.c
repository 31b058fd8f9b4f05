/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* What is counted of a case, and whether it came about at all. */
#include "harness/observed/observed_rig.h"

static struct rig rig;

#define POST              "client: [request: {method: POST, path: /pay, body: 11}],\n"
#define GET               "client: [request: {path: /x}],\n"
#define UPS(a, b)         "upstreams: {a: " a ", b: " b "}"
#define ANSWERS           "[[read: request, respond: {body: 20}]]"
#define DIES              "[[read: request, end: fin]]"
#define FRONT(name, rest) "upstreams: {" name ": [[read: request, signal: asked, " rest "]]}"
#define A_POST            "a1: [wait: asked, request: {method: POST, path: /pay, body: 11}, signal: a is over]"
#define B_POST \
    "b1: [wait: a is over, request: {method: POST, path: /pay, body: 11}, signal: b is over]"
#define A_GET   "a1: [wait: asked, request: {path: /x}, signal: a is over]"
#define OWN_502 "raw: \"HTTP/1.1 502 Bad Gateway\\r\\nContent-Length: 2\\r\\n\\r\\nno\""
#define NOBODY  "clients: {a1: [wait: never]},\n"

/* ---- counts ------------------------------------------------------------------------------------- */

static const struct counted {
    const char *sentence; /* the test's name */
    const char *scenario;
    const char *proxy;
    struct observed_upstream a;
    struct observed_upstream b;
    enum observed_body body;
    unsigned after_cancel;
    unsigned seconds;
    const char *client;
} COUNTED[] = {
    {"one attempt that is answered",
     POST UPS(ANSWERS, ANSWERS),
     "clients: {" A_POST "},\n" FRONT("a", "wait: a is over, respond: {body: 20}"),
     {.attempts = 1, .delivered = 1, .bytes = 11},
     {.attempts = 0},
     OBSERVED_BODY_SAME,
     0,
     0,
     "200"},
    {"a part at one upstream, the whole at another",
     POST UPS("[[read: 5 of body, end: rst]]", ANSWERS),
     "clients: {" A_POST ", " B_POST "},\n" FRONT("b", "wait: b is over, respond: {body: 20}"),
     {.attempts = 1, .bytes = 5},
     {.attempts = 1, .delivered = 1, .bytes = 11},
     OBSERVED_BODY_SAME,
     0,
     0,
     "200"},
    {"a part and no more",
     POST UPS("[[read: 5 of body, end: rst]]", ANSWERS),
     "clients: {" A_POST "},\n" FRONT("p", "wait: a is over, " OWN_502),
     {.attempts = 1, .bytes = 5},
     {.attempts = 0},
     OBSERVED_BODY_PART,
     0,
     0,
     "502"},
    {"other bytes",
     POST UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: asked, request: {method: POST, path: /pay, body: {text: \"other "
     "bytes\"}},"
     " signal: a is over]},\n" FRONT("a", "wait: a is over, respond: {body: 20}"),
     {.attempts = 1, .delivered = 1, .bytes = 11},
     {.attempts = 0},
     OBSERVED_BODY_CHANGED,
     0,
     0,
     "200"},
    {"a text that stays the same",
     "client: [request: {method: POST, path: /pay, body: {text: \"some bytes\"}}],\n" UPS(ANSWERS,
                                                                                          ANSWERS),
     "clients: {a1: [wait: asked, request: {method: POST, path: /pay, body: {text: \"some "
     "bytes\"}},"
     " signal: a is over]},\n" FRONT("a", "wait: a is over, respond: {body: 20}"),
     {.attempts = 1, .delivered = 1, .bytes = 10},
     {.attempts = 0},
     OBSERVED_BODY_SAME,
     0,
     0,
     "200"},
    {"a text of the same length that is another",
     "client: [request: {method: POST, path: /pay, body: {text: \"some bytes\"}}],\n" UPS(ANSWERS,
                                                                                          ANSWERS),
     "clients: {a1: [wait: asked, request: {method: POST, path: /pay, body: {text: \"same "
     "bytes\"}},"
     " signal: a is over]},\n" FRONT("a", "wait: a is over, respond: {body: 20}"),
     {.attempts = 1, .delivered = 1, .bytes = 10},
     {.attempts = 0},
     OBSERVED_BODY_CHANGED,
     0,
     0,
     "200"},
    {"no body to send",
     GET UPS(ANSWERS, ANSWERS),
     "clients: {" A_GET "},\n" FRONT("a", "wait: a is over, respond: {body: 20}"),
     {.attempts = 1, .delivered = 1},
     {.attempts = 0},
     OBSERVED_BODY_NONE,
     0,
     0,
     "200"},
    {"a connection on which nothing came",
     GET UPS("[[end: rst]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN_502),
     {.attempts = 1},
     {.attempts = 0},
     OBSERVED_BODY_NONE,
     0,
     0,
     "502"},
    {"a connection on which nothing came, of one of two requests",
     "clients: {one: [request: {path: /x}], two: [request: {path: /y}]},\n" UPS("[[end: rst]]",
                                                                                ANSWERS),
     "clients: {a1: [wait: asked, request: {path: /x}, signal: a is over]},\n"
     "upstreams: {p: [[read: request, signal: asked, wait: a is over, " OWN_502 "],"
     " [read: request, wait: a is over, " OWN_502 "]]}",
     {.attempts = 1},
     {.attempts = 0},
     OBSERVED_BODY_NONE,
     0,
     0,
     "502"},
    {"a spare connection is no attempt",
     GET UPS(ANSWERS, ANSWERS),
     "clients: {" A_GET
     ", b1: [wait: asked, connect]},\n" FRONT("a", "wait: a is over, respond: {body: 20}"),
     {.attempts = 1, .delivered = 1},
     {.attempts = 0},
     OBSERVED_BODY_NONE,
     0,
     0,
     "200"},
    {"a health check is no attempt",
     GET UPS(ANSWERS, ANSWERS),
     "clients: {" A_GET
     ", b1: [wait: asked, raw: \"GET /alive HTTP/1.1\\r\\nHost: b\\r\\n\\r\\n\"]},\n" FRONT(
         "a", "wait: a is over, respond: {body: 20}"),
     {.attempts = 1, .delivered = 1},
     {.attempts = 0},
     OBSERVED_BODY_NONE,
     0,
     0,
     "200"},
    {"a set-up request is left out, and the request behind it is not",
     "client: [request: {path: /first}, request: {method: POST, path: /pay, body: 11}],\n" UPS(
         "[[read: request, respond: 200, read: 5 of body, end: rst]]", ANSWERS),
     "clients: {a1: [wait: asked, request: {path: /first}, signal: one, wait: again,"
     " request: {method: POST, path: /pay, body: 11}, signal: a is over]},\n"
     "upstreams: {a: [[read: request, signal: asked, wait: one, respond: 200, read: request,"
     " signal: again, wait: a is over, " OWN_502 "]]}",
     {.attempts = 1, .bytes = 5},
     {.attempts = 0},
     OBSERVED_BODY_PART,
     0,
     0,
     "502"},
    {"a request that was retried is no set-up request, though its client asks again",
     "client: [request: {path: /x}, request: {path: /y}],\n" UPS(DIES, ANSWERS),
     "clients: {" A_GET ", b1: [wait: a is over, request: {path: /x}, signal: b is over,"
     " wait: again, request: {path: /y}, signal: over]},\n"
     "upstreams: {b: [[read: request, signal: asked, wait: b is over, respond: {body: 20},"
     " read: request, signal: again, wait: over, respond: {body: 20}]]}",
     {.attempts = 1, .delivered = 1},
     {.attempts = 2, .delivered = 2},
     OBSERVED_BODY_NONE,
     0,
     0,
     "200"},
    {"attempts after a cancel",
     "client: [prepare: {path: /x}, send: rest, wait: a has it, end: rst],\n" UPS(
         "[[read: request, signal: a has it, delay: 500ms, end: rst]]", ANSWERS),
     "clients: {" A_GET
     ", b1: [wait: a is over, request: {path: /x}, signal: b is over]},\n" FRONT("p", "read: eof"),
     {.attempts = 1, .delivered = 1},
     {.attempts = 1, .delivered = 1},
     OBSERVED_BODY_NONE,
     1,
     0,
     "left"},
    {"three quarters of a second are a second",
     GET UPS("[[read: request, end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest, delay: 750ms, end: fin,"
     " signal: a is over]},\n" FRONT("p", "wait: a is over, " OWN_502),
     {.attempts = 1, .delivered = 1},
     {.attempts = 0},
     OBSERVED_BODY_NONE,
     0,
     1,
     "502"},
    {"less is none",
     GET UPS("[[read: request, end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest, delay: 749ms, end: fin,"
     " signal: a is over]},\n" FRONT("p", "wait: a is over, " OWN_502),
     {.attempts = 1, .delivered = 1},
     {.attempts = 0},
     OBSERVED_BODY_NONE,
     0,
     0,
     "502"},
    {"a client that hangs does so for all its patience",
     GET UPS("[[read: request, end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest]},\n" FRONT("p", "end: stall"),
     {.attempts = 1, .delivered = 1},
     {.attempts = 0},
     OBSERVED_BODY_NONE,
     0,
     8,
     "hang"},
    {"a part of a head is cut",
     GET UPS(ANSWERS, ANSWERS),
     NOBODY FRONT("p", "raw: \"HTTP/1.1 2\", end: fin"),
     {.attempts = 0},
     {.attempts = 0},
     OBSERVED_BODY_NONE,
     0,
     0,
     "cut"},
    {"raw bytes of a client are no request, and what it got is told",
     "client: [raw: \"GET /x HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\", read: response],\n" UPS(ANSWERS,
                                                                                          ANSWERS),
     NOBODY FRONT("p", OWN_502),
     {.attempts = 0},
     {.attempts = 0},
     OBSERVED_BODY_NONE,
     0,
     0,
     "502"},
};

static void is_counted(void **state)
{
    const struct counted *row = *state;
    const struct observed_upstream *expected[] = {&row->a, &row->b};
    rig_play(&rig, row->scenario, row->proxy);
    assert_int_equal(rig.seen.upstream_count, 2);
    for (size_t u = 0; u < COUNT_OF(expected); u++) {
        const struct observed_upstream *seen = &rig.seen.upstreams[u];
        assert_string_equal(seen->name, u == 0 ? "a" : "b");
        assert_int_equal(seen->attempts, expected[u]->attempts);
        assert_int_equal(seen->delivered, expected[u]->delivered);
        assert_int_equal(seen->bytes, expected[u]->bytes);
    }
    assert_int_equal(rig.seen.body, row->body);
    assert_int_equal(rig.seen.after_cancel, row->after_cancel);
    assert_int_equal(rig.seen.seconds, row->seconds);
    assert_string_equal(rig.seen.client, row->client);
    assert_int_equal(rig.seen.times, 1);
    rig_end(&rig);
}

/* ---- was the fault met? -------------------------------------------------------------------------- */

static const struct met {
    const char *sentence; /* the test's name */
    const char *scenario;
    const char *proxy;
    const char *unmet; /* words of the sentence; NULL: it was met */
} MET[] = {
    {"a list that was played is met", POST UPS(DIES, ANSWERS),
     "clients: {" A_POST "},\n" FRONT("p", "wait: a is over, " OWN_502), NULL},
    {"a list that stalls at its end is met", GET UPS("[[read: request, end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest]},\n" FRONT("p", OWN_502), NULL},
    {"an upstream that nobody asked has met nothing", POST UPS(DIES, ANSWERS),
     NOBODY FRONT("p", OWN_502), "the fault was not met: no connection came to upstream a"},
    {"a list that still waits is not met",
     POST UPS("[[read: request, wait: never, end: fin]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {method: POST, path: /pay, body: 11}, send: "
     "rest]},\n" FRONT("p", OWN_502),
     "the fault was not met: upstream a, connection 1 waits for a signal (step 2, `wait: never`)"},
    {"a list whose connection ended before is not met", POST UPS(DIES, ANSWERS),
     "clients: {a1: [wait: asked, prepare: {method: POST, path: /pay, body: 11}, send: head,"
     " end: fin]},\n" FRONT("p", OWN_502),
     "upstream a, connection 1 could not go on, the connection ended (step 1, `read: request`)"},
    {"a connection that was not used again is not met",
     "client: [request: {path: /first}, request: {path: /x}],\n" UPS(
         "[[read: request, respond: 200, read: request, end: rst]]", ANSWERS),
     "clients: {a1: [wait: asked, request: {path: /first}, signal: one]},\n"
     "upstreams: {a: [[read: request, signal: asked, wait: one, respond: 200, read: "
     "request, " OWN_502 "]]}",
     "upstream a, connection 1 has not read so far (step 3, `read: request`)"},
    {"a list that a request of an earlier case met is not met",
     GET UPS("[[read: request, respond: 200, read: request, end: fin]]", ANSWERS),
     "clients: {a1: [wait: asked, request: {path: /x}, request: {path: /other}]},\n" FRONT("p",
                                                                                           OWN_502),
     "met by another request than the case's: GET /other, which the proxy still had from a case"},
    {"a list that a health check met is not met", GET UPS(DIES, ANSWERS),
     "clients: {a1: [wait: asked, connect, raw: \"GET /ping HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\", "
     "read: eof]},\n" FRONT("p", OWN_502),
     "GET /ping, which the proxy made by itself, such as a health check"},
    {"an end that the proxy has to make is no part of the fault",
     GET UPS("[[read: request, garbage: 64, read: eof, signal: over]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest]},\n" FRONT("p", OWN_502), NULL},
    {"a list that is followed by standing answers is met",
     "client: [request: {path: /x}, request: {path: /y}],\n" UPS("[[read: request, respond: 200]]",
                                                                 ANSWERS),
     "clients: {a1: [wait: asked, request: {path: /x}, signal: one, request: {path: /y}, signal: "
     "two]},\n"
     "upstreams: {a: [[read: request, signal: asked, wait: two, respond: 200, read: request,"
     " respond: 200]]}",
     NULL},
    {"a fault that stays is met once", GET UPS("{then: [read: request, end: rst]}", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN_502), NULL},
    {"a fault that stays and that nobody met is not",
     GET UPS("{then: [read: request, end: rst]}", ANSWERS), NOBODY FRONT("p", OWN_502),
     "no connection came to upstream a"},
    {"answers are no fault", GET UPS("{then: [read: request, respond: {body: 20}]}", "[]"),
     NOBODY FRONT("p", OWN_502), NULL},
    {"nobody sees whether a refusal was met", GET UPS("{listen: refused}", DIES),
     NOBODY FRONT("p", OWN_502), NULL},
    {"the second upstream may be the first that is scripted", GET UPS("[]", DIES),
     NOBODY FRONT("p", OWN_502), "no connection came to upstream b"},
};

static void is_met(void **state)
{
    const struct met *row = *state;
    rig_play(&rig, row->scenario, row->proxy);
    if ((rig.unmet == NULL) != (row->unmet == NULL) ||
        (rig.unmet != NULL && strstr(rig.unmet, row->unmet) == NULL))
        fail_msg("%s", rig.unmet != NULL ? rig.unmet : "it was met");
    rig_end(&rig);
}

int main(void)
{
    enum { COUNTED_COUNT = COUNT_OF(COUNTED), MET_COUNT = COUNT_OF(MET) };
    struct CMUnitTest tests[COUNTED_COUNT + MET_COUNT];
    for (size_t i = 0; i < COUNTED_COUNT; i++)
        tests[i] = (struct CMUnitTest){.name = COUNTED[i].sentence,
                                       .test_func = is_counted,
                                       .initial_state = (void *)(uintptr_t)&COUNTED[i]};
    for (size_t i = 0; i < MET_COUNT; i++)
        tests[COUNTED_COUNT + i] = (struct CMUnitTest){.name = MET[i].sentence,
                                                       .test_func = is_met,
                                                       .initial_state = (void *)(uintptr_t)&MET[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
