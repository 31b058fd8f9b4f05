/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* Each rule of each policy broken once by a scripted proxy, and kept by its neighbour. */
#include "harness/observed/observed_rig.h"

static struct rig rig;

/* ---- parts of rows ------------------------------------------------------------------------------ */

#define POST              "client: [request: {method: POST, path: /pay, body: 11}],\n"
#define GET               "client: [request: {path: /x}],\n"
#define UPS(a, b)         "upstreams: {a: " a ", b: " b "}"
#define ANSWERS           "[[read: request, respond: {body: 20}]]"
#define DIES              "[[read: request, end: fin]]"
#define STALLS            "[[read: request, end: stall]]"
#define REFUSES           "{listen: refused}"
#define FRONT(name, rest) "upstreams: {" name ": [[read: request, signal: asked, " rest "]]}"
#define A_POST            "a1: [wait: asked, request: {method: POST, path: /pay, body: 11}, signal: a is over]"
#define B_POST \
    "b1: [wait: a is over, request: {method: POST, path: /pay, body: 11}, signal: b is over]"
#define A_GET         "a1: [wait: asked, request: {path: /x}, signal: a is over]"
#define B_GET         "b1: [wait: a is over, request: {path: /x}, signal: b is over]"
#define OWN(status)   "raw: \"HTTP/1.1 " #status " Oops\\r\\nContent-Length: 2\\r\\n\\r\\nno\""
#define AB_POST(rest) "clients: {" A_POST ", " B_POST "},\n" FRONT("b", rest)
#define AB_GET(rest)  "clients: {" A_GET ", " B_GET "},\n" FRONT("b", rest)
#define ANSWER_OF_B   "wait: b is over, respond: {body: 20}"
/* One request on a connection used before, whose upstream closes it; the proxy then sends what it had sent to b, too. */
#define REUSED_POST "client: [request: {path: /first}, request: {method: POST, path: /pay}],\n"
#define REUSED(end) "[[read: request, respond: 200, " end "]]"
#define REUSED_PROXY(first, again)                                                           \
    "clients: {a1: [wait: asked, " first ", signal: one, wait: again,"                       \
    " request: {method: POST, path: /pay}, signal: a is over], b1: [wait: a is over, " again \
    ", delay: 1s, signal: b is over]},\n"                                                    \
    "upstreams: {a: [[read: request, signal: asked, wait: one, respond: 200, read: request," \
    " signal: again, wait: b is over, " OWN(502) "]]}"
#define AGAIN                                                                               \
    "raw: \"POST /pay HTTP/1.1\\r\\nHost: b\\r\\nX-Request: client.2\\r\\nContent-Length: " \
    "0\\r\\n\\r\\n\""

static const struct row {
    const char *sentence; /* the test's name */
    enum declared declared;
    const char *scenario;
    const char *proxy;
    enum verdict verdict;
    enum level level;
    const char *told; /* words of a sentence; NULL: there is none at all */
} ROWS[] = {
    /* ---- observe ---- */
    {"who only observes judges nothing, and is told of harms", DECLARED_OBSERVE,
     POST UPS(DIES, ANSWERS), AB_POST(ANSWER_OF_B), VERDICT_PASS, LEVEL_INFO,
     "delivered twice, not idempotent: POST /pay reached upstreams 2 times whole"},
    /* ---- at-most-once ---- */
    {"at-most-once: a request that reaches one upstream passes", DECLARED_AT_MOST_ONCE,
     POST UPS(DIES, ANSWERS), "clients: {" A_POST "},\n" FRONT("p", "wait: a is over, " OWN(502)),
     VERDICT_PASS, LEVEL_INFO, NULL},
    {"at-most-once: a request that reaches two upstreams breaks it", DECLARED_AT_MOST_ONCE,
     POST UPS(DIES, ANSWERS), AB_POST(ANSWER_OF_B), VERDICT_FAIL, LEVEL_MUST,
     "must, at-most-once: POST /pay reached upstreams 2 times whole: at +0 s on a (11 of 11 "
     "body bytes), at +0 s on b (11 of 11 body bytes)"},
    {"at-most-once: a GET that reaches two upstreams breaks it, too", DECLARED_AT_MOST_ONCE,
     GET UPS(DIES, ANSWERS), AB_GET(ANSWER_OF_B), VERDICT_FAIL, LEVEL_MUST,
     "must, at-most-once: GET /x reached upstreams 2 times whole: at +0 s on a, at +0 s "
     "on b"},
    {"at-most-once: what was read in part is not to be tried again", DECLARED_AT_MOST_ONCE,
     POST UPS("[[read: 5 of body, end: rst]]", ANSWERS), AB_POST(ANSWER_OF_B), VERDICT_FAIL,
     LEVEL_MUST,
     "must, at-most-once: POST /pay was tried again at b although a had read bytes of it: at "
     "+0 s on a (5 of 11 body bytes, cut), at +0 s on b (11 of 11 body bytes)"},
    {"at-most-once: what nobody read may be tried again", DECLARED_AT_MOST_ONCE,
     POST UPS("[[end: rst]]", ANSWERS), AB_POST(ANSWER_OF_B), VERDICT_PASS, LEVEL_INFO, NULL},
    {"at-most-once: an attempt that is closed unread counts", DECLARED_AT_MOST_ONCE,
     POST UPS(DIES, "[[end: rst]]"), AB_POST("wait: b is over, " OWN(502)), VERDICT_FAIL,
     LEVEL_MUST, "POST /pay was tried again at b although a had read bytes of it"},
    {"at-most-once: a spare connection is no attempt", DECLARED_AT_MOST_ONCE,
     POST UPS(DIES, ANSWERS),
     "clients: {" A_POST ", b1: [wait: a is over, connect, signal: b is over]},\n" FRONT(
         "p", "wait: b is over, " OWN(502)),
     VERDICT_PASS, LEVEL_INFO, NULL},
    {"at-most-once: nothing is tried again for a client that left", DECLARED_AT_MOST_ONCE,
     "client: [prepare: {path: /x}, send: rest, wait: accepted, end: rst],\n" UPS(
         "[[signal: accepted, delay: 500ms, end: rst]]", ANSWERS),
     AB_GET("read: eof"), VERDICT_FAIL, LEVEL_MUST,
     "must, at-most-once: GET /x was tried again at b after its client had left at +0 s"},
    {"at-most-once: a refused request should be tried at the next upstream", DECLARED_AT_MOST_ONCE,
     POST UPS(REFUSES, ANSWERS), "clients: {a1: [wait: never]},\n" FRONT("p", OWN(502)),
     VERDICT_FAIL, LEVEL_SHOULD,
     "should, at-most-once: POST /pay was refused at a and not tried at b: no attempt came, nor "
     "any within 1.2 s"},
    {"at-most-once: a refused request that is tried at the next upstream passes",
     DECLARED_AT_MOST_ONCE, POST UPS(REFUSES, ANSWERS),
     "clients: {b1: [wait: asked, request: {method: POST, path: /pay, body: 11}, signal: b is "
     "over]},\n" FRONT("b", ANSWER_OF_B),
     VERDICT_PASS, LEVEL_INFO, NULL},
    {"at-most-once: of two upstreams that refuse none need be tried", DECLARED_AT_MOST_ONCE,
     POST UPS(REFUSES, REFUSES), "clients: {a1: [wait: never]},\n" FRONT("p", OWN(502)),
     VERDICT_PASS, LEVEL_INFO, NULL},
    /* ---- idempotent ---- */
    {"idempotent: a GET may be tried again", DECLARED_IDEMPOTENT, GET UPS(DIES, ANSWERS),
     AB_GET(ANSWER_OF_B), VERDICT_PASS, LEVEL_INFO,
     "delivered twice, idempotent: GET /x reached upstreams 2 times whole"},
    {"idempotent: a POST may not", DECLARED_IDEMPOTENT, POST UPS(DIES, ANSWERS),
     AB_POST(ANSWER_OF_B), VERDICT_FAIL, LEVEL_MUST,
     "must, idempotent: POST /pay reached upstreams 2 times whole"},
    {"idempotent: nothing is tried again behind a byte of a response", DECLARED_IDEMPOTENT,
     GET UPS("[[read: request, prepare: {body: 20}, send: 5 of body, delay: 10ms, end: rst]]",
             ANSWERS),
     "clients: {a1: [wait: asked, request: {path: /x}, signal: a is over]," B_GET
     "},\n" FRONT("a", "prepare: {body: 20}, send: 5 of body, wait: b is over, end: fin"),
     VERDICT_FAIL, LEVEL_MUST,
     "must, idempotent: GET /x was tried again at b although bytes of a response had reached its "
     "client at +0 s"},
    {"idempotent: a 100 is no byte of a response", DECLARED_IDEMPOTENT, GET UPS(DIES, ANSWERS),
     AB_GET("interim: 100, wait: b is over, respond: {body: 20}"), VERDICT_PASS, LEVEL_INFO,
     "delivered twice, idempotent"},
    /* ---- rfc9110: repetition ---- */
    {"rfc9110: a GET may be tried again", DECLARED_RFC9110, GET UPS(DIES, ANSWERS),
     AB_GET(ANSWER_OF_B), VERDICT_PASS, LEVEL_INFO, "delivered twice, idempotent"},
    {"rfc9110: a POST may not", DECLARED_RFC9110, POST UPS("[[read: head, end: rst]]", ANSWERS),
     AB_POST(ANSWER_OF_B), VERDICT_FAIL, LEVEL_MUST,
     "must, RFC 9110 9.2.2: POST /pay was tried again at b although a had read bytes of it"},
    {"rfc9110: a retry that failed should not be tried again", DECLARED_RFC9110,
     GET UPS("{then: [read: request, end: fin]}", ANSWERS),
     "clients: {" A_GET ", a2: [wait: a is over, request: {path: /x}, signal: again],"
     "b1: [wait: again, request: {path: /x}, signal: b is over]},\n" FRONT("b", ANSWER_OF_B),
     VERDICT_FAIL, LEVEL_SHOULD, "should, RFC 9110 9.2.2: GET /x was sent 3 times"},
    {"rfc9110: a POST sent again behind a connection used before is a risk that some take",
     DECLARED_RFC9110, REUSED_POST UPS(REUSED("read: head, end: rst"), ANSWERS),
     REUSED_PROXY("request: {path: /first}", AGAIN), VERDICT_FAIL, LEVEL_MUST,
     "should, RFC 9110 9.2.2: POST /pay reached upstreams 2 times whole"},
    {"rfc9110: a POST sent again where its upstream had begun to answer is no such risk",
     DECLARED_RFC9110,
     REUSED_POST UPS(REUSED("read: head, prepare: {body: 20}, send: head, end: rst"), ANSWERS),
     REUSED_PROXY("request: {path: /first}", AGAIN), VERDICT_FAIL, LEVEL_MUST,
     "must, RFC 9110 9.2.2: POST /pay reached upstreams 2 times whole"},
    /* ---- rfc9110: statuses ---- */
    {"rfc9110: a time-out is a 504", DECLARED_RFC9110, GET UPS(STALLS, ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest, delay: 1s, end: fin,"
     " signal: a is over]},\n" FRONT("p", "wait: a is over, " OWN(504)),
     VERDICT_PASS, LEVEL_INFO, NULL},
    {"rfc9110: a time-out is no 502", DECLARED_RFC9110, GET UPS(STALLS, ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest, delay: 1s, end: fin,"
     " signal: a is over]},\n" FRONT("p", "wait: a is over, " OWN(502)),
     VERDICT_FAIL, LEVEL_SHOULD,
     "should, RFC 9110 15.6.5: GET /x was answered with 502 although a never answered it, "
     "which is a 504"},
    {"rfc9110: garbage is a 502", DECLARED_RFC9110,
     GET UPS("[[read: request, garbage: 64, end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN(502)), VERDICT_PASS, LEVEL_INFO,
     NULL},
    {"rfc9110: garbage is no 504", DECLARED_RFC9110,
     GET UPS("[[read: request, garbage: 64, end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN(504)), VERDICT_FAIL, LEVEL_SHOULD,
     "should, RFC 9110 15.6.3: GET /x was answered with 504 although a answered with bytes that "
     "are no response, which is a 502"},
    {"rfc9110: garbage without an end may be a 504", DECLARED_RFC9110,
     GET UPS("[[read: request, garbage: 64, end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest, delay: 1s, end: fin,"
     " signal: a is over]},\n" FRONT("p", "wait: a is over, " OWN(504)),
     VERDICT_PASS, LEVEL_INFO, NULL},
    {"rfc9110: a response that broke off is a 502", DECLARED_RFC9110,
     GET UPS("[[read: request, raw: \"HTTP/1.1 20\", end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN(500)), VERDICT_FAIL, LEVEL_SHOULD,
     "answered with 500 although a broke its response off, which is a 502"},
    {"rfc9110: a response whose proxy closes before all of it was sent has not broken off",
     DECLARED_RFC9110, GET UPS("[[read: request, respond: {body: 4MiB}]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest, read: 5 of body, end: fin,"
     " signal: a is over]},\n" FRONT("p", "wait: a is over, " OWN(503)),
     VERDICT_PASS, LEVEL_INFO, NULL},
    {"rfc9110: an upstream that is silent while the client still sends is a 504", DECLARED_RFC9110,
     "client: [request: {method: POST, path: /pay, body: 4MiB}],\n" UPS(
         "[[read: 5 of body, end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {method: POST, path: /pay, body: 4MiB}, send: 5 of body,"
     " delay: 1s, end: fin, signal: a is over]},\n"
     "upstreams: {p: [[read: head, signal: asked, wait: a is over, " OWN(502) ", end: fin]]}",
     VERDICT_FAIL, LEVEL_SHOULD, "although a never answered it, which is a 504"},
    {"rfc9110: a response that never ends is a 504", DECLARED_RFC9110,
     GET UPS("[[read: request, raw: \"HTTP/1.1 20\", end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest, delay: 1s, end: fin,"
     " signal: a is over]},\n" FRONT("p", "wait: a is over, " OWN(502)),
     VERDICT_FAIL, LEVEL_SHOULD, "although a never ended its response, which is a 504"},
    {"rfc9110: an upstream that never reads is a 504", DECLARED_RFC9110,
     GET UPS("[[end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest, delay: 1s, end: fin,"
     " signal: a is over]},\n" FRONT("p", "wait: a is over, " OWN(502)),
     VERDICT_FAIL, LEVEL_SHOULD, "although a never answered it, which is a 504"},
    {"rfc9110: behind a refusal nobody knows what a status is about", DECLARED_RFC9110,
     GET UPS("[[read: request, garbage: 64, end: fin]]", REFUSES),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN(504)), VERDICT_PASS, LEVEL_INFO,
     NULL},
    {"rfc9110: a body that is a text and another one breaks it", DECLARED_RFC9110,
     "client: [request: {method: POST, path: /pay, body: {text: \"some bytes\"}}],\n" UPS(ANSWERS,
                                                                                          ANSWERS),
     "clients: {a1: [wait: asked, request: {method: POST, path: /pay, body: {text: \"same "
     "bytes\"}},"
     " signal: a is over]},\n" FRONT("a", "wait: a is over, respond: {body: 20}"),
     VERDICT_FAIL, LEVEL_MUST, "the body of POST /pay reached a changed"},
    {"rfc9110: a body that is a text and the same passes", DECLARED_RFC9110,
     "client: [request: {method: POST, path: /pay, body: {text: \"some bytes\"}}],\n" UPS(ANSWERS,
                                                                                          ANSWERS),
     "clients: {a1: [wait: asked, request: {method: POST, path: /pay, body: {text: \"some "
     "bytes\"}},"
     " signal: a is over]},\n" FRONT("a", "wait: a is over, respond: {body: 20}"),
     VERDICT_PASS, LEVEL_INFO, NULL},
    {"rfc9110: an upstream that closes may be a 503", DECLARED_RFC9110, GET UPS(DIES, ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN(503)), VERDICT_PASS, LEVEL_INFO,
     NULL},
    /* ---- rfc9110: messages ---- */
    {"rfc9110: a 103 that went on passes", DECLARED_RFC9110,
     GET UPS("[[read: request, interim: 103, respond: {body: 20}]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("a", "wait: a is over, interim: 103, respond: {body: 20}"),
     VERDICT_PASS, LEVEL_INFO, NULL},
    {"rfc9110: a 103 that is lost breaks it", DECLARED_RFC9110,
     GET UPS("[[read: request, interim: 103, respond: {body: 20}]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("a", "wait: a is over, respond: {body: 20}"), VERDICT_FAIL,
     LEVEL_MUST,
     "must, RFC 9110 15.2: a sent 1 1xx responses before its answer to GET /x, the client got 0"},
    {"rfc9110: a 103 is not for a client of HTTP/1.0", DECLARED_RFC9110,
     "client: [request: {version: \"1.0\", path: /x}],\n" UPS(
         "[[read: request, interim: 103, respond: {body: 20}]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("a", "wait: a is over, respond: {body: 20}"), VERDICT_PASS,
     LEVEL_INFO, NULL},
    {"rfc9110: a 100 of the proxy's own is no 1xx too many", DECLARED_RFC9110,
     GET UPS("[[read: request, respond: {body: 20}]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("a", "wait: a is over, interim: 100, respond: {body: 20}"),
     VERDICT_PASS, LEVEL_INFO, NULL},
    {"rfc9110: the 103 of another attempt should not go on", DECLARED_RFC9110,
     GET UPS("[[read: request, interim: 103, end: fin]]", ANSWERS),
     AB_GET("wait: b is over, interim: 103, respond: {body: 20}"), VERDICT_FAIL, LEVEL_SHOULD,
     "should, RFC 9110 15.2: b sent 0 1xx responses before its answer to GET /x, the client got 1"},
    {"rfc9110: a request with both framings breaks it", DECLARED_RFC9110,
     POST UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: asked, request: {method: POST, path: /pay, body: {bytes: 11, framing: "
     "chunked},"
     " headers: {Content-Length: 11}}, signal: a is over]},\n" FRONT(
         "a", "wait: a is over, respond: {body: 20}"),
     VERDICT_FAIL, LEVEL_MUST,
     "must, RFC 9112: POST /pay reached a breaking a rule: both Content-Length and "
     "Transfer-Encoding (RFC 9112 6.1)"},
    {"rfc9110: a response with both framings breaks it", DECLARED_RFC9110,
     GET UPS(ANSWERS, ANSWERS),
     "clients: {" A_GET
     "},\n" FRONT("a", "wait: a is over, respond: {headers: {Content-Length: 20},"
                       " body: {bytes: 20, framing: chunked}}"),
     VERDICT_FAIL, LEVEL_MUST,
     "must, RFC 9112 6.1: the response to GET /x has both Content-Length and Transfer-Encoding"},
    {"rfc9110: a body framed in another way is the same body", DECLARED_RFC9110,
     POST UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: asked, request: {method: POST, path: /pay,"
     " body: {bytes: 11, framing: chunked}}, signal: a is over]},\n" FRONT(
         "a", "wait: a is over, respond: {body: {bytes: 20, framing: chunked}}"),
     VERDICT_PASS, LEVEL_INFO, NULL},
    {"rfc9110: attempts that differ in framing are shown", DECLARED_RFC9110,
     "client: [request: {method: PUT, path: /pay, body: 11}],\n" UPS(DIES, ANSWERS),
     "clients: {a1: [wait: asked, request: {method: PUT, path: /pay, body: 11}, signal: a is over],"
     "b1: [wait: a is over, request: {method: PUT, path: /pay, body: {bytes: 11, framing: "
     "chunked}},"
     " signal: b is over]},\n" FRONT("b", ANSWER_OF_B),
     VERDICT_PASS, LEVEL_INFO,
     "info, RFC 9112 6: attempts at PUT /pay differ in framing: content-length on a, chunked on b"},
    {"rfc9110: a body with other bytes breaks it", DECLARED_RFC9110, POST UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: asked, request: {method: POST, path: /pay, body: {text: \"other "
     "bytes\"}},"
     " signal: a is over]},\n" FRONT("a", "wait: a is over, respond: {body: 20}"),
     VERDICT_FAIL, LEVEL_MUST,
     "must, acceptance matrix 5: the body of POST /pay reached a changed: 11 bytes, the first"},
    {"rfc9110: a first attempt without its body breaks it", DECLARED_RFC9110,
     POST UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: asked, request: {method: POST, path: /pay, body: 4}, signal: a is "
     "over]},\n" FRONT("a", "wait: a is over, respond: {body: 20}"),
     VERDICT_FAIL, LEVEL_MUST, "POST /pay reached a as a whole request with 4 of 11 body bytes"},
    {"rfc9110: a GET without the body that means nothing is shown", DECLARED_RFC9110,
     "client: [request: {path: /x, body: 11}],\n" UPS(ANSWERS, ANSWERS),
     "clients: {" A_GET "},\n" FRONT("a", "wait: a is over, respond: {body: 20}"), VERDICT_PASS,
     LEVEL_INFO,
     "info, RFC 9110 9.3.1: GET /x reached a as a whole request with 0 of 11 body bytes"},
    {"rfc9110: the head of one response and the body of another break it", DECLARED_RFC9110,
     GET UPS(ANSWERS, ANSWERS),
     "clients: {" A_GET
     "},\n" FRONT("a", "wait: a is over, respond: {body: {text: \"twenty other bytes..\"}}"),
     VERDICT_FAIL, LEVEL_MUST, "must, acceptance matrix 5: the client got the head of a in answer"},
    {"rfc9110: a trailer of another attempt breaks it", DECLARED_RFC9110,
     GET UPS("[[read: request, prepare: {body: {bytes: 20, framing: chunked}, trailers: {T: a}},"
             " send: 5 of body, end: fin]]",
             "[[read: request, respond: {body: {bytes: 20, framing: chunked}, trailers: {T: b}}]]"),
     AB_GET("wait: b is over, respond: {body: {bytes: 20, framing: chunked}, trailers: {T: a}}"),
     VERDICT_FAIL, LEVEL_MUST,
     "must, RFC 9110 6.5: the client got the response of b to GET /x with the trailer 'T' of a"},
    {"rfc9110: the attempt's own trailer passes", DECLARED_RFC9110,
     GET UPS("[[read: request, prepare: {body: {bytes: 20, framing: chunked}, trailers: {T: a}},"
             " send: 5 of body, end: fin]]",
             "[[read: request, respond: {body: {bytes: 20, framing: chunked}, trailers: {T: b}}]]"),
     AB_GET("wait: b is over, respond: {body: {bytes: 20, framing: chunked}, trailers: {T: b}}"),
     VERDICT_PASS, LEVEL_INFO, "delivered twice, idempotent"},
    {"rfc9110: a cut response that a FIN ends should not be so", DECLARED_RFC9110,
     GET UPS("[[read: request, prepare: {body: 20}, send: 5 of body, end: fin]]", ANSWERS),
     "clients: {" A_GET
     "},\n" FRONT("a", "wait: a is over, respond: {body: {bytes: 5, framing: close}}, end: fin"),
     VERDICT_FAIL, LEVEL_SHOULD, "should, RFC 9112 6.3: a sent "},
    /* ---- harms ---- */
    {"a harm that nobody can want breaks every policy", DECLARED_IDEMPOTENT,
     GET UPS("[[read: request, prepare: {body: 20}, send: 5 of body, end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("a", "wait: a is over, respond: {body: 5}"), VERDICT_FAIL,
     LEVEL_MUST, "must, response cut silently: a sent "},
    {"a harm that depends breaks none", DECLARED_AT_MOST_ONCE, GET UPS(DIES, ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, end: fin"), VERDICT_PASS, LEVEL_INFO,
     "connection closed without an answer: the client's connection was closed"},
};

static void judges(void **state)
{
    const struct row *row = *state;
    char text[RIG_TEXT_BYTES];
    rig_play(&rig, row->scenario, row->proxy);
    assert_true(declared_judge(row->declared, &rig.evidence, &rig.region, &rig.seen));
    if (rig.seen.verdict != row->verdict || rig.seen.level != row->level ||
        (row->told == NULL ? rig.seen.sentence_count > 0 : !rig_says(&rig, row->told)))
        fail_msg("verdict %s at level %s, expected %s at %s:\n%s", verdict_word(rig.seen.verdict),
                 level_word(rig.seen.level), verdict_word(row->verdict), level_word(row->level),
                 rig_all(&rig, text));
    rig_end(&rig);
}

/* ---- more than rows can say --------------------------------------------------------------------- */

static void a_harm_is_told_once(void **state)
{
    char text[RIG_TEXT_BYTES];
    (void)state;
    rig_play(&rig, POST UPS(DIES, ANSWERS), AB_POST(ANSWER_OF_B));
    assert_true(declared_judge(DECLARED_AT_MOST_ONCE, &rig.evidence, &rig.region, &rig.seen));
    if (rig.seen.sentence_count != 1)
        fail_msg("%s", rig_all(&rig, text));
    rig_end(&rig);
}

static void the_worst_comes_first(void **state)
{
    (void)state;
    rig_play(&rig, GET UPS("[[read: request, garbage: 64, end: fin]]", ANSWERS),
             "clients: {" A_GET "},\n" FRONT(
                 "p", "wait: a is over, raw: \"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n"
                      "Transfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n\""));
    assert_true(declared_judge(DECLARED_RFC9110, &rig.evidence, &rig.region, &rig.seen));
    assert_int_equal(rig.seen.sentence_count, 2);
    assert_non_null(strstr(rig.seen.sentences[0], "must, RFC 9112 6.1: "));
    assert_non_null(strstr(rig.seen.sentences[1], "must, success made from garbage: "));
    rig_end(&rig);
}

static void every_policy_has_a_word(void **state)
{
    (void)state;
    for (int declared = 0; declared < DECLARED_COUNT; declared++)
        assert_int_equal(declared_find(declared_word((enum declared)declared)), declared);
    assert_int_equal(declared_find("perhaps"), DECLARED_COUNT);
}

int main(void)
{
    static const struct CMUnitTest OTHERS[] = {
        cmocka_unit_test(a_harm_is_told_once),
        cmocka_unit_test(the_worst_comes_first),
        cmocka_unit_test(every_policy_has_a_word),
    };
    enum { ROW_COUNT = COUNT_OF(ROWS) };
    struct CMUnitTest tests[ROW_COUNT + COUNT_OF(OTHERS)];
    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                       .test_func = judges,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    memcpy(tests + ROW_COUNT, OTHERS, sizeof(OTHERS));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
