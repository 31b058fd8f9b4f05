/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* Each harm done once by a scripted proxy, and its neighbour not done: what must not be held against anybody. */
#include "harness/observed/observed_rig.h"

static struct rig rig;

/* ---- parts of rows ------------------------------------------------------------------------------ */

#define POST      "client: [request: {method: POST, path: /pay, body: 11}],\n"
#define PUT       "client: [request: {method: PUT, path: /pay, body: 11}],\n"
#define GET       "client: [request: {path: /x}],\n"
#define UPS(a, b) "upstreams: {a: " a ", b: " b "}"
#define ANSWERS   "[[read: request, respond: {body: 20}]]"
#define DIES      "[[read: request, end: fin]]"
/* A proxy's front: reads the request, lets an attempt begin, and does the rest when told. */
#define FRONT(name, rest) "upstreams: {" name ": [[read: request, signal: asked, " rest "]]}"
#define A_POST            "a1: [wait: asked, request: {method: POST, path: /pay, body: 11}, signal: a is over]"
#define B_POST \
    "b1: [wait: a is over, request: {method: POST, path: /pay, body: 11}, signal: b is over]"
#define A_GET   "a1: [wait: asked, request: {path: /x}, signal: a is over]"
#define B_GET   "b1: [wait: a is over, request: {path: /x}, signal: b is over]"
#define OWN_502 "raw: \"HTTP/1.1 502 Bad Gateway\\r\\nContent-Length: 2\\r\\n\\r\\nno\""
#define OWN_200 "raw: \"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nabc\""
#define BROKEN_CHUNKS                                                                     \
    "[[read: request, raw: \"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n" \
    "5\\r\\nhello\\r\\nzz\\r\\nhello\\r\\n0\\r\\n\\r\\n\", end: fin]]"
#define REUSED_PROXY(rest)                                                                  \
    "clients: {a1: [wait: asked, request: {path: /first}, signal: one, wait: again,"        \
    " request: {path: /x}, signal: a is over]},\n"                                          \
    "upstreams: {a: [[read: request, signal: asked, wait: one, respond: {body: 20}, read: " \
    "request, signal: again, wait: a is over, " rest "]]}"
#define PIPELINED                                                                              \
    "client: [prepare: {path: /x}, send: rest, prepare: {method: POST, path: /pay, body: 11}," \
    " send: rest, read: response, read: response],\n"
/* Its front has read both requests before it answers the first. */
#define PIPELINED_FRONT(rest) \
    "upstreams: {a: [[read: request, signal: asked, wait: a is over, read: request, " rest "]]}"
#define BIT(harm) HARM_BIT(HARM_##harm)

static const struct row {
    const char *sentence; /* the test's name */
    const char *scenario;
    const char *proxy;
    unsigned long harms;
    const char *client;
    const char *told; /* words of the sentence of the worst harm; NULL where there is none */
} ROWS[] = {
    /* ---- delivered twice, sent again ---- */
    {"a POST that is answered by the proxy when its upstream dies is harmless",
     POST UPS(DIES, ANSWERS), "clients: {" A_POST "},\n" FRONT("p", "wait: a is over, " OWN_502), 0,
     "502", NULL},
    {"a POST that reaches two upstreams whole is delivered twice", POST UPS(DIES, ANSWERS),
     "clients: {" A_POST ", " B_POST "},\n" FRONT("b", "wait: b is over, respond: {body: 20}"),
     BIT(DELIVERED_TWICE), "200",
     "POST /pay reached upstreams 2 times whole: at +0 s on a (11 of 11 body bytes), at "
     "+0 s on b (11 of 11 body bytes)"},
    {"a GET that reaches two upstreams whole is delivered twice, which is idempotent",
     GET UPS(DIES, ANSWERS),
     "clients: {" A_GET ", " B_GET "},\n" FRONT("b", "wait: b is over, respond: {body: 20}"),
     BIT(DELIVERED_TWICE_IDEMPOTENT), "200", "GET /x reached upstreams 2 times whole"},
    {"a POST of which a part was read and that goes elsewhere was sent again",
     POST UPS("[[read: head, end: rst]]", ANSWERS),
     "clients: {" A_POST ", " B_POST "},\n" FRONT("b", "wait: b is over, respond: {body: 20}"),
     BIT(SENT_AGAIN), "200", "POST /pay was sent again although a had read bytes of it"},
    {"a PUT of which a part was read may be sent again",
     PUT UPS("[[read: head, end: rst]]", ANSWERS),
     "clients: {a1: [wait: asked, request: {method: PUT, path: /pay, body: 11}, signal: a is over],"
     "b1: [wait: a is over, request: {method: PUT, path: /pay, body: 11}, signal: b is "
     "over]},\n" FRONT("b", "wait: b is over, respond: {body: 20}"),
     0, "200", NULL},
    {"a POST whose first connection was closed unread was not sent again",
     POST UPS("[[end: rst]]", ANSWERS),
     "clients: {" A_POST ", " B_POST "},\n" FRONT("b", "wait: b is over, respond: {body: 20}"), 0,
     "200", NULL},
    {"a set-up request is none of the case's own",
     "client: [request: {path: /first}, request: {method: POST, path: /pay, body: 11}],\n" UPS(
         "[[read: request, respond: 200, read: request, end: rst]]", ANSWERS),
     "clients: {a1: [wait: asked, request: {path: /first}, signal: one, wait: again,"
     " request: {method: POST, path: /pay, body: 11}, signal: a is over]},\n"
     "upstreams: {a: [[read: request, signal: asked, wait: one, respond: 200, read: request,"
     " signal: again, wait: a is over, " OWN_502 "]]}",
     0, "502", NULL},
    {"harm done to a set-up request is told",
     "client: [request: {method: POST, path: /first, body: 11}, request: {path: /x}],\n" UPS(
         "[[read: request, respond: {body: 20}, read: request, respond: 200]]", ANSWERS),
     "clients: {a1: [wait: asked, request: {method: POST, path: /first, body: 11}, signal: one,"
     " wait: again, request: {path: /x}, signal: a is over]},\n"
     "upstreams: {a: [[read: request, signal: asked, wait: one, respond: {body: 5}, read: request,"
     " signal: again, wait: a is over, respond: 200]]}",
     BIT(CUT_SILENT), "200", "a complete one with 5 of 20 body bytes"},
    /* ---- bodies ---- */
    {"a later attempt without its body that looks whole has lost it unseen",
     POST UPS("{listen: refused}", ANSWERS),
     "clients: {b1: [wait: asked, request: {method: POST, path: /pay, body: 0}, signal: b is "
     "over]},\n" FRONT("b", "wait: b is over, respond: {body: 20}"),
     BIT(BODY_LOST_UNSEEN), "200",
     "POST /pay reached b as a whole request with 0 of 11 body bytes"},
    {"a GET whose body is dropped in each attempt has not lost it",
     "client: [request: {path: /x, body: 11}],\n" UPS(DIES, ANSWERS),
     "clients: {" A_GET ", " B_GET "},\n" FRONT("b", "wait: b is over, respond: {body: 20}"),
     BIT(DELIVERED_TWICE_IDEMPOTENT), "200", NULL},
    {"a GET whose body is dropped in the second attempt has lost it",
     "client: [request: {path: /x, body: 11}],\n" UPS(DIES, ANSWERS),
     "clients: {a1: [wait: asked, request: {path: /x, body: 11}, signal: a is over]," B_GET
     "},\n" FRONT("b", "wait: b is over, respond: {body: 20}"),
     BIT(DELIVERED_TWICE_IDEMPOTENT) | BIT(BODY_LOST_UNSEEN), "200",
     "GET /x reached b as a whole request with 0 of 11 body bytes"},
    {"a later attempt that announces a body and never sends it has lost it, and its upstream can "
     "tell",
     POST UPS("{listen: refused}", ANSWERS),
     "clients: {b1: [wait: asked, prepare: {method: POST, path: /pay, body: 11}, send: head,"
     " delay: 1s, end: fin, signal: b is over]},\n" FRONT("p", "wait: b is over, " OWN_502),
     BIT(BODY_LOST_SEEN), "502", "POST /pay was sent to b with 0 of 11 body bytes"},
    {"a later attempt that stays silent for seconds has lost its body, too",
     POST UPS("[[end: rst]]", ANSWERS),
     "clients: {" A_POST ", b1: [wait: a is over, prepare: {method: POST, path: /pay, body: 11},"
     " send: 5 of body, signal: b is over]},\n" FRONT("p", "wait: b is over, delay: 5s, " OWN_502),
     BIT(BODY_LOST_SEEN) | BIT(LEFT_OPEN), "502", "with 5 of 11 body bytes"},
    {"a later attempt that has less than an earlier one had has lost its body, though its client "
     "still "
     "has some",
     "client: [prepare: {method: POST, path: /pay, body: 11}, send: 8 of body, read: "
     "response],\n" UPS("[[read: 5 of body, end: rst]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {method: POST, path: /pay, body: 11}, send: 5 of body,"
     " read: eof, signal: a is over], b1: [wait: a is over, prepare: {method: POST, path: /pay, "
     "body: "
     "11}, send: head, delay: 1s, end: fin, signal: b is over]},\n"
     "upstreams: {p: [[read: head, signal: asked, wait: b is over, " OWN_502 "]]}",
     BIT(SENT_AGAIN) | BIT(BODY_LOST_SEEN), "502",
     "POST /pay was sent to b with 0 of 11 body bytes"},
    {"a later attempt that ends before its client has handed over what no attempt had has lost "
     "nothing",
     "client: [prepare: {method: POST, path: /pay, body: 11}, send: 8 of body, read: "
     "response],\n" UPS("[[end: rst]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {method: POST, path: /pay, body: 11}, send: head,"
     " read: eof, signal: a is over], b1: [wait: a is over, prepare: {method: POST, path: /pay, "
     "body: "
     "11}, send: head, delay: 1s, end: fin, signal: b is over]},\n"
     "upstreams: {p: [[read: head, signal: asked, wait: b is over, " OWN_502 "]]}",
     0, "502", NULL},
    {"an upstream that pauses does not know what it was not sent",
     POST UPS("{listen: refused}", "[[read: head, pause-reading, wait: b is over, read: request]]"),
     "clients: {b1: [wait: asked, prepare: {method: POST, path: /pay, body: 11}, send: 5 of body,"
     " delay: 1s, end: rst, signal: b is over]},\n" FRONT("p", "wait: b is over, " OWN_502),
     0, "502", NULL},
    {"an upstream that has begun to answer may be left without the rest",
     POST UPS("{listen: refused}", "[[respond: 413, read: request]]"),
     "clients: {b1: [wait: asked, prepare: {method: POST, path: /pay, body: 11}, send: 5 of body,"
     " delay: 1s, end: fin, signal: b is over]},\n" FRONT("b", "wait: b is over, respond: 413"),
     0, "413", NULL},
    {"an attempt that its upstream broke off in the middle has lost nothing",
     POST UPS("{listen: refused}", "[[read: 5 of body, end: rst]]"),
     "clients: {b1: [wait: asked, prepare: {method: POST, path: /pay, body: 11}, send: 5 of body,"
     " delay: 1s, end: fin, signal: b is over]},\n" FRONT("p", "wait: b is over, " OWN_502),
     0, "502", NULL},
    {"a first attempt that is given up in the middle has lost nothing",
     POST UPS("[[read: request, respond: 200]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {method: POST, path: /pay, body: 11}, send: 5 of body,"
     " delay: 1s, end: fin, signal: a is over]},\n" FRONT("p", "wait: a is over, " OWN_502),
     0, "502", NULL},
    {"an upload that broke off and reached an upstream as a whole request was passed on as whole",
     "client: [prepare: {method: POST, path: /pay, body: {bytes: 11, framing: chunked}},"
     " send: 5 of body, end: fin],\n" UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: asked, request: {method: POST, path: /pay,"
     " body: {bytes: 5, framing: chunked}}]},\n"
     "upstreams: {a: [[read: 5 of body, read: eof, signal: asked]]}",
     BIT(UPLOAD_PASSED_AS_WHOLE), "left", "a got it as a whole request with 5 of 11 body bytes"},
    {"an upload that broke off and breaks off at its upstream, too, is harmless",
     "client: [prepare: {method: POST, path: /pay, body: {bytes: 11, framing: chunked}},"
     " send: 5 of body, end: fin],\n" UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: asked, prepare: {method: POST, path: /pay,"
     " body: {bytes: 11, framing: chunked}}, send: 5 of body, end: fin]},\n"
     "upstreams: {a: [[read: 5 of body, read: eof, signal: asked]]}",
     0, "left", NULL},
    {"a request that lies about its length is passed on as it says", /* its client sends more */
     "client: [request: {method: POST, path: /pay, body: {bytes: 11, declared: 5}}],\n" UPS(
         "{listen: refused}", ANSWERS),
     "clients: {b1: [wait: asked, request: {method: POST, path: /pay, body: 5}, signal: b is "
     "over]},\n" FRONT("b", "wait: b is over, respond: {body: 20}"),
     0, "200", NULL},
    /* ---- for nobody ---- */
    {"an attempt that begins long after its client has left is for nobody",
     "client: [prepare: {path: /x}, send: rest, wait: a has it, end: rst],\n" UPS(
         "[[read: request, signal: a has it, delay: 500ms, end: rst]]", ANSWERS),
     "clients: {" A_GET ", " B_GET "},\n" FRONT("p", "read: eof"),
     BIT(AFTER_CLIENT_GONE) | BIT(DELIVERED_TWICE_IDEMPOTENT), "left",
     "the client left at +0 s, and an attempt at its GET /x began at +0 s on b"},
    {"an attempt that begins when its client leaves may not have known",
     "client: [prepare: {path: /x}, send: rest, wait: a has it, end: rst],\n" UPS(
         "[[read: request, signal: a has it, delay: 100ms, end: rst]]", ANSWERS),
     "clients: {" A_GET ", " B_GET "},\n" FRONT("p", "read: eof"), BIT(DELIVERED_TWICE_IDEMPOTENT),
     "left", NULL},
    {"a first attempt that begins when its client has left is no other one",
     "client: [prepare: {path: /x}, send: rest, wait: asked, end: rst],\n" UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: asked, delay: 500ms, request: {path: /x}]},\n" FRONT("p", "read: eof"),
     0, "left", NULL},
    {"a client that half-closes and listens has not left",
     "client: [prepare: {path: /x}, send: rest, half-close, read: response],\n" UPS(
         "[[read: request, delay: 500ms, end: rst]]", ANSWERS),
     "clients: {" A_GET ", " B_GET "},\n" FRONT("b", "wait: b is over, respond: {body: 20}"),
     BIT(DELIVERED_TWICE_IDEMPOTENT), "200", NULL},
    {"an upstream connection that outlives its client's exchange was left open",
     GET UPS("[[read: request, end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest]},\n" FRONT("p", OWN_502),
     BIT(LEFT_OPEN), "502",
     "more than 1 s later the connection to a, where it is unanswered, was still"},
    {"an upstream connection that is closed with its exchange is harmless",
     GET UPS("[[read: request, end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest, delay: 1s, end: fin,"
     " signal: a is over]},\n" FRONT("p", "wait: a is over, " OWN_502),
     0, "502", NULL},
    {"an answered connection waits in a pool", GET UPS(ANSWERS, ANSWERS),
     "clients: {" A_GET "},\n" FRONT("a", "wait: a is over, respond: {body: 20}"), 0, "200", NULL},
    {"what is closed behind bytes that nobody reads cannot be seen",
     POST UPS("[[read: head, end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {method: POST, path: /pay, body: 11}, send: "
     "rest]},\n" FRONT("p", OWN_502),
     0, "502", NULL},
    /* ---- cut responses ---- */
    {"a response that breaks off and comes as a shorter one is cut silently",
     GET UPS("[[read: request, prepare: {body: 20}, send: 5 of body, end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("a", "wait: a is over, respond: {body: 5}"), BIT(CUT_SILENT),
     "200", "and the client got a complete one with 5 of 20 body bytes"},
    {"a response that breaks off and ends with a FIN that could be its end is cut, close-delimited",
     GET UPS("[[read: request, prepare: {body: {bytes: 20, framing: chunked}}, send: 5 of body,"
             " end: fin]]",
             ANSWERS),
     "clients: {" A_GET
     "},\n" FRONT("a", "wait: a is over, respond: {body: {bytes: 5, framing: close}}, end: fin"),
     BIT(CUT_CLOSE), "200", "the client got one that a FIN ends"},
    {"a response that breaks off and lacks bytes of its length is cut visibly",
     GET UPS("[[read: request, prepare: {body: 20}, send: 5 of body, end: rst]]", ANSWERS),
     "clients: {" A_GET
     "},\n" FRONT("a", "wait: a is over, prepare: {body: 20}, send: 5 of body, end: fin"),
     BIT(CUT_VISIBLE), "200 cut", "the client got one that it can tell to be cut"},
    {"a cut response that the next one on its connection makes whole is cut silently",
     "client: [prepare: {path: /x}, send: rest, wait: half, request: {path: /next}],\n" UPS(
         "[[read: request, prepare: {body: 2000}, send: 1000 of body, end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n"
     "upstreams: {a: [[read: request, signal: asked, wait: a is over, prepare: {body: 2000},"
     " send: 1000 of body, signal: half, read: request, respond: {body: 2000}, end: fin]]}",
     BIT(CUT_SILENT), "cut",
     "got a complete one with 2000 of 2000 body bytes, some of which are another response's"},
    {"a response that promises more than comes is cut, too",
     GET UPS("[[read: request, respond: {body: {bytes: 5, declared: 20}}, end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("a", "wait: a is over, respond: {body: 5}"), BIT(CUT_SILENT),
     "200", "and the client got a complete one"},
    {"a response that a FIN is to end is not cut by one",
     GET UPS("[[read: request, respond: {body: {bytes: 20, framing: close}}, end: fin]]", ANSWERS),
     "clients: {" A_GET
     "},\n" FRONT("a", "wait: a is over, respond: {body: {bytes: 20, framing: chunked}}"),
     0, "200", NULL},
    {"a response that a FIN is to end is cut by a reset",
     GET UPS("[[read: request, prepare: {body: {bytes: 20, framing: close}}, send: 5 of body,"
             " end: rst]]",
             ANSWERS),
     "clients: {" A_GET
     "},\n" FRONT("a", "wait: a is over, respond: {body: {bytes: 5, framing: chunked}}"),
     BIT(CUT_SILENT), "200", "a sent "},
    {"a whole response of which the client gets less is cut silently",
     GET UPS("[[read: request, respond: {body: 20}, end: rst]]", ANSWERS),
     "clients: {" A_GET
     "},\n" FRONT("a", "wait: a is over, respond: {body: {bytes: 7, framing: chunked}}"),
     BIT(CUT_SILENT), "200", "with 7 of 20 body bytes"},
    {"a response whose head broke off and that came as a success is cut silently",
     GET UPS("[[read: request, prepare: {body: 20}, send: 12, end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT(
         "p", "wait: a is over, raw: \"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\""),
     BIT(CUT_SILENT), "200", "and the client got a complete one"},
    {"chunks that break and come as a whole response are cut silently",
     GET UPS(BROKEN_CHUNKS, ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN_200), BIT(CUT_SILENT), "200",
     "the response of a to GET /x broke off, and the client got a complete one with 3 body bytes"},
    {"chunks that break on their way, too, are cut visibly", GET UPS(BROKEN_CHUNKS, ANSWERS),
     "clients: {" A_GET "},\n" FRONT(
         "p", "wait: a is over, raw: \"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
              "5\\r\\nhello\\r\\nzz\\r\\n\", end: fin"),
     BIT(CUT_VISIBLE), "200 cut", "the client got one that it can tell to be cut"},
    {"a head written by hand that breaks off and becomes a 502 is harmless",
     GET UPS("[[read: request, raw: \"HTTP/1.1 200 OK\\r\\nContent-Le\", end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN_502), 0, "502", NULL},
    {"a head written by hand that breaks off and becomes a success is cut silently",
     GET UPS("[[read: request, raw: \"HTTP/1.1 200 OK\\r\\nContent-Le\", end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN_200), BIT(CUT_SILENT), "200",
     "the response of a to GET /x broke off"},
    {"a response written by hand is as whole as any",
     GET UPS("[[read: request, raw: \"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nabc\"]]",
             ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN_200), 0, "200", NULL},
    {"a response written by hand that a FIN ends is whole",
     GET UPS("[[read: request, raw: \"HTTP/1.1 200 OK\\r\\n\\r\\nabc\", end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN_200), 0, "200", NULL},
    {"a response written by hand that a FIN was to end is cut by a reset",
     GET UPS("[[read: request, raw: \"HTTP/1.1 200 OK\\r\\n\\r\\nabc\", end: rst]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN_200), BIT(CUT_SILENT), "200",
     "the response of a to GET /x broke off"},
    {"an answer to HEAD has no body to be cut",
     "client: [request: {method: HEAD, path: /x}],\n" UPS(
         "[[read: request, respond: {body: 20}, end: fin]]", ANSWERS),
     "clients: {a1: [wait: asked, request: {method: HEAD, path: /x}, signal: a is over]},\n" FRONT(
         "a", "wait: a is over, respond: {body: 20}"),
     0, "200", NULL},
    {"a client that leaves in the middle of a response cut it itself",
     "client: [prepare: {path: /x}, send: rest, read: 5 of body, end: fin],\n" UPS(
         "[[read: request, prepare: {body: 20}, send: 5 of body, read: eof]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest, read: 5 of body, signal: half,"
     " read: eof]},\n" FRONT("a", "wait: half, prepare: {body: 20}, send: 5 of body, read: eof"),
     BIT(LEFT_OPEN), "left", "the connection to a"},
    /* ---- what is no response ---- */
    {"a success made from bytes that are none is one made from garbage",
     GET UPS("[[read: request, garbage: 64, end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT(
         "p", "wait: a is over, raw: \"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nabc\""),
     BIT(SUCCESS_FROM_GARBAGE), "200",
     "a answered GET /x with bytes that are no response, and the client got 200 with 3 body"},
    {"a status of four digits is garbage, though it begins like a response",
     GET UPS("[[read: request, raw: \"HTTP/1.1 2000 OK\\r\\n\\r\\n\", end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN_200), BIT(SUCCESS_FROM_GARBAGE),
     "200", "a answered GET /x with bytes that are no response"},
    {"a version that nobody knows is no garbage",
     GET UPS(
         "[[read: request, raw: \"HTTP/4.2 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\", end: fin]]",
         ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN_200), 0, "200", NULL},
    {"garbage behind a set-up request is garbage",
     "client: [request: {path: /first}, request: {path: /x}],\n" UPS(
         "[[read: request, interim: 103, respond: {body: 20}, read: request, garbage: 64, end: "
         "fin]]",
         ANSWERS),
     REUSED_PROXY(OWN_200), BIT(SUCCESS_FROM_GARBAGE), "200",
     "a answered GET /x with bytes that are no response"},
    {"an answer behind a set-up request with a 1xx is none",
     "client: [request: {path: /first}, request: {path: /x}],\n" UPS(
         "[[read: request, interim: 103, respond: {body: 20}, read: request, interim: 103, "
         "respond: {body: 20}]]",
         ANSWERS),
     REUSED_PROXY(OWN_200), 0, "200", NULL},
    {"garbage that becomes a 502 is harmless",
     GET UPS("[[read: request, garbage: 64, end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, " OWN_502), 0, "502", NULL},
    {"garbage that becomes the success of another upstream is harmless",
     GET UPS("[[read: request, garbage: 64, end: fin]]", ANSWERS),
     "clients: {" A_GET ", " B_GET "},\n" FRONT("b", "wait: b is over, respond: {body: 20}"),
     BIT(DELIVERED_TWICE_IDEMPOTENT), "200", NULL},
    {"a 1xx before a response is no garbage",
     GET UPS("[[read: request, interim: 103, respond: {body: 20}]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT(
         "p", "wait: a is over, raw: \"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nabc\""),
     0, "200", NULL},
    {"bytes that are no HTTP are garbage to the client",
     GET UPS("[[read: request, garbage: 64, end: fin]]", ANSWERS),
     "clients: {" A_GET
     "},\n" FRONT("p", "wait: a is over, raw: \"what is this?\\r\\n\\r\\n\", end: fin"),
     BIT(NOT_HTTP), "garbage", "the client was answered to GET /x with bytes that are no response"},
    {"bytes that can become no status line are garbage before their line has ended",
     GET UPS("[[read: request, garbage: 7, end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, raw: \"\\x15\\x03\\x03\", end: stall"),
     BIT(NOT_HTTP), "garbage", "the client was answered to GET /x with bytes that are no response"},
    /* ---- no response ---- */
    {"a connection that is closed without a byte was closed without an answer",
     GET UPS(DIES, ANSWERS), "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, end: fin"),
     BIT(NO_ANSWER), "closed",
     "the client's connection was closed without a byte of an answer to GET"},
    {"a connection that is reset without a byte was closed without an answer",
     GET UPS(DIES, ANSWERS), "clients: {" A_GET "},\n" FRONT("p", "wait: a is over, end: rst"),
     BIT(NO_ANSWER), "closed", "the client's connection was closed without a byte of an answer"},
    {"a connection that is closed behind a 1xx has no answer either", GET UPS(DIES, ANSWERS),
     "clients: {" A_GET "},\n" FRONT("p", "interim: 103, wait: a is over, end: fin"),
     BIT(NO_ANSWER), "closed", "was closed behind a 1xx, before any final response to GET /x"},
    {"a request behind one whose answer was cut and that nobody got has to be sent again",
     PIPELINED UPS("[[read: request, prepare: {body: 20}, send: 5 of body, end: fin]]", ANSWERS),
     "clients: {" A_GET "},\n"
     "upstreams: {a: [[read: request, signal: asked, wait: a is over, prepare: {body: 20},"
     " send: head, read: request, send: 5 of body, end: fin]]}",
     BIT(CUT_VISIBLE), "closed", NULL},
    {"a request behind an answer that says close has to be sent again, too",
     PIPELINED UPS(ANSWERS, ANSWERS),
     "clients: {" A_GET "},\n" PIPELINED_FRONT("respond: {body: 20, keep-alive: false}, end: fin"),
     0, "closed", NULL},
    {"a request behind an answer that says nothing of a close was left without one",
     PIPELINED UPS(ANSWERS, ANSWERS),
     "clients: {" A_GET "},\n" PIPELINED_FRONT("respond: {body: 20}, end: fin"), BIT(NO_ANSWER),
     "closed", "was closed without a byte of an answer to POST /pay"},
    {"a request that an upstream got was left without an answer, whatever came before it",
     PIPELINED UPS(ANSWERS, ANSWERS),
     "clients: {" A_GET ", b1: [wait: a is over, request: {path: /no}, request: {method: POST,"
     " path: /pay, body: 11}, signal: b is over]},\n" PIPELINED_FRONT(
         "wait: b is over, respond: {body: 20, keep-alive: false}, end: fin"),
     BIT(NO_ANSWER) | BIT(DELIVERED_TWICE_IDEMPOTENT), "closed",
     "was closed without a byte of an answer to POST /pay"},
    {"a request that its client broke off needs no answer",
     "client: [prepare: {method: POST, path: /pay, body: 11}, send: 5 of body, half-close,"
     " read: eof],\n" UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: never]},\nupstreams: {p: [[read: 5 of body, read: eof, end: fin]]}", 0,
     "closed", NULL},
    {"a client that keeps back a part of its request may be closed on",
     "client: [prepare: {method: POST, path: /pay, body: 11}, send: 5 of body, read: eof],\n" UPS(
         ANSWERS, ANSWERS),
     "clients: {a1: [wait: never]},\nupstreams: {p: [[read: 5 of body, end: fin]]}", 0, "closed",
     NULL},
    {"a client that still sends when its connection is closed has no answer",
     "client: [request: {method: POST, path: /pay, body: 4MiB}],\n" UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: never]},\nupstreams: {p: [[read: 5 of body, end: fin]]}", BIT(NO_ANSWER),
     "closed", "was closed without a byte of an answer to POST /pay"},
    {"a client that sends in pieces when its connection is closed has no answer either",
     "client: [prepare: {method: POST, path: /pay, body: 4MiB}, send: 5 of body, send: rest, read: "
     "eof],\n" UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: never]},\nupstreams: {p: [[read: 5 of body, end: fin]]}", BIT(NO_ANSWER),
     "closed", "was closed without a byte of an answer to POST /pay"},
    {"a client that waits for an answer that never comes is left hanging",
     GET UPS("[[read: request, end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest]},\n" FRONT("p", "end: stall"),
     BIT(HANGING), "hang", "after 8 s the client of GET /x had neither a byte of an answer nor"},
    {"a client that waits for something else is not left hanging",
     "client: [prepare: {path: /x}, send: rest, wait: never],\n" UPS(
         "[[read: request, end: stall]]", ANSWERS),
     "clients: {a1: [wait: asked, prepare: {path: /x}, send: rest]},\n" FRONT("p", "end: stall"), 0,
     "none", NULL},
    {"a client that keeps back a part of its request is not left hanging",
     "client: [prepare: {method: POST, path: /pay, body: 11}, send: 5 of body, read: "
     "response],\n" UPS(ANSWERS, ANSWERS),
     "clients: {a1: [wait: never]},\nupstreams: {p: [[read: 5 of body, end: stall]]}", 0, "none",
     NULL},
};

static void shows(void **state)
{
    const struct row *row = *state;
    char text[RIG_TEXT_BYTES];
    rig_play(&rig, row->scenario, row->proxy);
    assert_true(declared_judge(DECLARED_OBSERVE, &rig.evidence, &rig.region, &rig.seen));
    if (rig.seen.harms != row->harms || strcmp(rig.seen.client, row->client) != 0 ||
        (row->told != NULL && !rig_says(&rig, row->told)))
        fail_msg("the client got %s, expected %s; harms %lx, expected %lx:\n%s", rig.seen.client,
                 row->client, rig.seen.harms, row->harms, rig_all(&rig, text));
    assert_int_equal(rig.seen.verdict, VERDICT_PASS);
    assert_int_equal(rig.seen.level, LEVEL_INFO);
    rig_end(&rig);
}

static void tells_of_a_proxy_that_died(void **state)
{
    (void)state;
    rig_play(&rig, GET UPS(ANSWERS, ANSWERS),
             "clients: {" A_GET "},\n" FRONT("a", "wait: a is over, respond: {body: 20}"));
    rig.foreign.died = true;
    assert_true(observe_case(&rig.evidence, &rig.region, &rig.seen));
    assert_int_equal(rig.seen.harms, BIT(SUBJECT_DIED));
    rig_end(&rig);
}

int main(void)
{
    enum { ROW_COUNT = COUNT_OF(ROWS) };
    struct CMUnitTest tests[ROW_COUNT + 1];
    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                       .test_func = shows,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    tests[ROW_COUNT] = (struct CMUnitTest)cmocka_unit_test(tells_of_a_proxy_that_died);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
