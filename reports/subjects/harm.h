/*
 * The harms that a proxy can do when an upstream or a client fails, each with its name.
 *
 * A harm is told by what the witnesses saw, whatever the proxy's own words or settings are.
 */
#ifndef REPORTS_SUBJECTS_HARM_H
#define REPORTS_SUBJECTS_HARM_H

#include <stdbool.h>

/*
 * Worst first: X(NAME, word of result files, title, meaning, how grave). Grave 2: nobody can want it. 1: it depends. 0: what
 * a careful proxy does there, counted so that it can be compared.
 */
#define HARM_LIST(X)                                                                               \
    X(DELIVERED_TWICE, "delivered-twice", "delivered twice, not idempotent", 2,                    \
      "a request of a method that is not idempotent reached upstreams whole more than once")       \
    X(BODY_LOST_UNSEEN, "body-lost-unseen", "retried without its body, unseen", 2,                 \
      "a later attempt lacks bytes of the body, and its upstream takes it for a whole request")    \
    X(UPLOAD_PASSED_AS_WHOLE, "cut-upload-passed-as-whole", "cut upload passed on as whole", 2,    \
      "the client's request broke off, and an upstream got it as a complete one")                  \
    X(SUCCESS_FROM_GARBAGE, "success-from-garbage", "success made from garbage", 2,                \
      "an upstream answered with bytes that are no response, and the client got a 2xx")            \
    X(NOT_HTTP, "not-http", "bytes that are not HTTP to the client", 2,                            \
      "the client got bytes that no HTTP/1.1 client can read as a response")                       \
    X(CUT_SILENT, "cut-silent", "response cut silently", 2,                                        \
      "the upstream's response broke off, and the client got one that looks complete")             \
    X(SUBJECT_DIED, "subject-died", "the proxy died", 2,                                           \
      "a process of the proxy ended during the case")                                              \
    X(HANGING, "hanging", "client left hanging", 2,                                                \
      "the client had neither an answer nor the end of its connection when its patience ended")    \
    X(AFTER_CLIENT_GONE, "after-client-gone", "attempts begun after the client had gone", 2,       \
      "the client had closed its connection, and another attempt of its request began after that") \
    X(SENT_AGAIN, "sent-again-in-part", "sent again after a part was delivered", 1,                \
      "an upstream had read a part of a request that is not idempotent, and another attempt "      \
      "began")                                                                                     \
    X(BODY_LOST_SEEN, "body-lost-seen", "retried without its body, the upstream can tell", 1,      \
      "a later attempt lacks bytes of the body, and its framing tells the upstream so")            \
    X(LEFT_OPEN, "upstream-left-open", "upstream still open long after", 1,                        \
      "the exchange was over for the client, and its unfinished upstream connection stayed open")  \
    X(NO_ANSWER, "no-answer", "connection closed without an answer", 1,                            \
      "the client's connection was closed or reset before a byte of a response came")              \
    X(CUT_CLOSE, "cut-close-delimited", "response cut, close-delimited", 1,                        \
      "the upstream's response broke off, and the client's ends with a FIN that could be its end") \
    X(DELIVERED_TWICE_IDEMPOTENT, "delivered-twice-idempotent", "delivered twice, idempotent", 0,  \
      "a request of an idempotent method reached upstreams whole more than once")                  \
    X(CUT_VISIBLE, "cut-visible", "response cut visibly", 0,                                       \
      "the upstream's response broke off, and the client can tell that its own did")

enum harm {
#define HARM_ENUM(name, word, title, grave, meaning) HARM_##name,
    HARM_LIST(HARM_ENUM)
#undef HARM_ENUM
        HARM_COUNT
};

#define HARM_BIT(harm) (1ul << (harm))

/* Never NULL. */
const char *harm_word(enum harm harm);
const char *harm_title(enum harm harm);
const char *harm_meaning(enum harm harm);
unsigned harm_gravity(enum harm harm); /* 2, 1 or 0, as above */
/* HARM_COUNT where the word is none of them. */
enum harm harm_find(const char *word);

#endif
