/*
 * The names of the hooks of retryproof/hooks.h as values, in the order in which an exchange comes to them.
 */
#ifndef HARNESS_HOOKS_HOOK_NAME_H
#define HARNESS_HOOKS_HOOK_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, member of struct proxy_hooks and word in a scenario, kind) */
#define HOOK_LIST(X)                                                            \
    X(EARLY_REQUEST_FILTER, early_request_filter, REQUEST)                      \
    X(REQUEST_FILTER, request_filter, REQUEST)                                  \
    X(PROXY_UPSTREAM_FILTER, proxy_upstream_filter, REQUEST)                    \
    X(UPSTREAM_PEER, upstream_peer, PEER)                                       \
    X(FAIL_TO_CONNECT, fail_to_connect, FAILURE)                                \
    X(CONNECTED_TO_UPSTREAM, connected_to_upstream, EXCHANGE)                   \
    X(UPSTREAM_REQUEST_FILTER, upstream_request_filter, HEAD)                   \
    X(REQUEST_BODY_FILTER, request_body_filter, BODY)                           \
    X(UPSTREAM_RESPONSE_FILTER, upstream_response_filter, HEAD)                 \
    X(UPSTREAM_RESPONSE_DECISION, upstream_response_decision, DECISION)         \
    X(RESPONSE_FILTER, response_filter, HEAD)                                   \
    X(UPSTREAM_RESPONSE_BODY_FILTER, upstream_response_body_filter, BODY)       \
    X(RESPONSE_BODY_FILTER, response_body_filter, BODY)                         \
    X(UPSTREAM_RESPONSE_TRAILER_FILTER, upstream_response_trailer_filter, HEAD) \
    X(RESPONSE_TRAILER_FILTER, response_trailer_filter, HEAD)                   \
    X(ERROR_WHILE_PROXY, error_while_proxy, FAILURE)                            \
    X(FAIL_TO_PROXY, fail_to_proxy, END)                                        \
    X(SUPPRESS_ERROR_LOG, suppress_error_log, SUPPRESS)                         \
    X(REQUEST_SUMMARY, request_summary, SUMMARY)                                \
    X(LOGGING, logging, LOGGING)

enum hook_name {
#define HOOK_ENUM(name, word, kind) HOOK_##name,
    HOOK_LIST(HOOK_ENUM)
#undef HOOK_ENUM
        HOOK_NAME_COUNT
};

/* What a hook is given, and so what it can be told to do. */
enum hook_kind {
    HOOK_OF_REQUEST,  /* the request's head, once per exchange */
    HOOK_OF_HEAD,     /* a head or trailers, once per attempt */
    HOOK_OF_PEER,     /* where an attempt goes */
    HOOK_OF_EXCHANGE, /* nothing */
    HOOK_OF_BODY,     /* pieces of a body */
    HOOK_OF_FAILURE,  /* a failed attempt: try again? */
    HOOK_OF_DECISION, /* a response: try again? */
    HOOK_OF_END,      /* the failure of an exchange */
    HOOK_OF_SUPPRESS,
    HOOK_OF_SUMMARY,
    HOOK_OF_LOGGING,
};

/* "request_filter" */
const char *hook_word(enum hook_name hook);
/* All of them, NULL-terminated, by their value. */
const char *const *hook_words(void);
enum hook_kind hook_kind(enum hook_name hook);

/* One call of a hook, as it was observed. */
struct hook_call {
    uint64_t exchange; /* exchange_record.id */
    enum hook_name hook;
    unsigned attempt; /* calls of upstream_peer so far */
    uint64_t at_ns;
    size_t seen; /* how many events of the trace beneath the proxy came before it */
};

#endif
