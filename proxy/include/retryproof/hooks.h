/*
 * The lifecycle of an exchange as hooks, with the names and the order of Pingora's `ProxyHttp`.
 *
 * success:  early_request_filter, request_filter, proxy_upstream_filter, upstream_peer, (connect), connected_to_upstream,
 *           upstream_request_filter, (head written), request_body_filter* beside upstream_response_filter,
 *           upstream_response_decision, response_filter, upstream_response_body_filter*, response_body_filter*,
 *           upstream_response_trailer_filter, response_trailer_filter, logging
 * no connection:         upstream_peer, fail_to_connect, then upstream_peer again, or the end
 * failed on one:         error_while_proxy, then upstream_peer again, or the end
 * the end of a failure:  fail_to_proxy, suppress_error_log, request_summary, logging
 * request_filter answers by itself: only logging follows.
 * the client cancels:    error_while_proxy if there is a connection, then the end of a failure; nothing is sent.
 * the head is refused:   the end of a failure alone.
 *
 * early_request_filter, request_filter and proxy_upstream_filter run once per exchange, what follows them once per
 * attempt, upstream_response_decision once per final head and never for a 1xx, logging once per exchange whatever
 * happens. A retry does not run request_body_filter again over bytes that went through it.
 *
 * Waiting: a hook that returns HOOK_WAIT is called again after exchange_resume(). Meanwhile nothing of this exchange
 * moves in the hook's direction, all others go on, and the client may leave: then the hook is not called again, and
 * logging comes. Resumes may be spurious, so a hook looks whether what it waits for is there. A hook that
 * waits for longer than idle_timeout in all fails with a 500, past the deadline with a 504.
 *
 * Gates: no hook can make the proxy do what is never safe. A wish to retry is refused where a byte of the final response
 * went down, a 1xx of another attempt did, the replay buffer was overrun, the client is gone, attempts, deadline or
 * budget are used up, or the method is not idempotent, a byte was written and the route did not opt in.
 *
 * Ownership: hooks are copied by proxy_create(). A hook may call the functions below and those of the world, but not
 * proxy_destroy() nor proxy_create(). Any hook may be NULL; that costs nothing.
 */
#ifndef RETRYPROOF_HOOKS_H
#define RETRYPROOF_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "retryproof/head.h"
#include "retryproof/policy.h"
#include "retryproof/record.h"
#include "retryproof/settings.h"

struct exchange;

enum hook_answer {
    HOOK_CONTINUE,
    HOOK_RESPONDED, /* as exchange_respond() returned it */
    HOOK_WAIT,
    HOOK_FAILED, /* as exchange_fail() returned it */
};

/* Where an attempt goes. A value: change it, or fill another with the functions below. */
struct proxy_peer {
    unsigned upstream; /* index in the settings, or UPSTREAM_OTHER: then host and port say where */
    char host[HOST_BYTES];
    uint16_t port;
    bool
        tls; /* an upstream that is none of the settings' is verified against what the system trusts */
    char sni[HOST_BYTES];        /* whom the certificate must be for; empty: host */
    uint64_t connect_timeout_ns; /* per address; 0: no limit */
};

/*
 * A piece of a body on its way through a filter. The proxy fills in what waits (in, end) and the room for what goes on in its
 * place (out, out_max); the hook sets the rest, which counts with HOOK_CONTINUE alone. What it does not take is held, and
 * offered again with what has come since. A hook can hold half of the window, the second of two half of FILTER_BYTES; one
 * that holds more, or at the end, or says more without having done anything, fails the exchange. To set taken or out_size
 * past what was given is a fault of the program.
 */
struct body_piece {
    struct bytes in;
    bool end; /* nothing comes behind in */
    uint8_t *out;
    size_t out_max; /* FILTER_BYTES / 2 at least, FILTER_BYTES at most */

    size_t taken;      /* so much of in is done with */
    size_t out_size;   /* so much was written */
    bool more;         /* there is more to write than there was room for: call again */
    uint64_t delay_ns; /* throttle: this piece goes on, the next call comes so much later */
};

/* Passes on what waits, as it is, as far as there is room. */
static inline void body_piece_pass(struct body_piece *piece)
{
    size_t size = piece->in.size < piece->out_max ? piece->in.size : piece->out_max;

    if (size > 0)
        memcpy(piece->out, piece->in.data, size);
    piece->taken = size;
    piece->out_size = size;
}

typedef enum hook_answer exchange_hook(struct exchange *exchange);
typedef enum hook_answer head_hook(struct exchange *exchange, struct head *head);
typedef enum hook_answer peer_hook(struct exchange *exchange, struct proxy_peer *peer);
typedef enum hook_answer body_hook(struct exchange *exchange, struct body_piece *piece);
typedef enum retry_wish failure_hook(struct exchange *exchange, const struct failure *failure);
typedef enum retry_wish decision_hook(struct exchange *exchange, const struct head *head);

struct proxy_hooks {
    void *owner;          /* exchange_owner() gives it back */
    size_t context_bytes; /* of the hooks' own memory per exchange; CONTEXT_BYTES_MAX at most */

    /*
     * The request as it came, before anything else is done with it. May change fields and exchange_set_target(). The
     * rest of a start line, method, status and version, is no hook's to change: it is put back.
     */
    head_hook *early_request_filter;
    /* The same, and may answer: exchange_respond(). */
    head_hook *request_filter;
    /* Stands before the first upstream_peer; may answer. */
    head_hook *proxy_upstream_filter;
    /*
     * Chooses where the attempt goes. peer is the choice of the settings' own rule (upstream UPSTREAM_OTHER and no host
     * where there are no upstreams). What was tried: exchange_record_so_far()->attempts, in which the attempt that is
     * being chosen does not stand yet: attempt_count is 0 before the first.
     */
    peer_hook *upstream_peer;
    /* A connection is there, fresh or reused: the last attempt of the record says which. */
    exchange_hook *connected_to_upstream;
    /* The head as this attempt sends it, a copy of the request's. The proxy adds framing, Via and Forwarded itself. */
    head_hook *upstream_request_filter;
    /* Once the response goes down its failure ends the upload, and the exchange ends as the response does. */
    body_hook *request_body_filter;
    /* The final head as it came from this attempt, before anything of it goes down. */
    head_hook *upstream_response_filter;
    /* Retry this response? Fires once for each final head, after upstream_response_filter. */
    decision_hook *upstream_response_decision;
    /* The head as the client will get it. */
    head_hook *response_filter;
    body_hook *upstream_response_body_filter;
    body_hook *response_body_filter; /* gets what upstream_response_body_filter wrote */
    /* The trailer section, if one came, and if the client's framing can carry it. */
    head_hook *upstream_response_trailer_filter;
    head_hook *response_trailer_filter;

    /* No connection was made. May not wait. */
    failure_hook *fail_to_connect;
    /* A connection was made, and the exchange failed on it, whoever's fault that is. May not wait. */
    failure_hook *error_while_proxy;
    /*
     * The exchange has failed for good. exchange_respond() in place of the proxy's own page, if
     * exchange_can_respond(). exchange_close_client() if the connection may not be used again.
     */
    enum hook_answer (*fail_to_proxy)(struct exchange *exchange, const struct failure *failure);
    /* True: the failure is no error worth a line in a log. */
    bool (*suppress_error_log)(struct exchange *exchange, const struct failure *failure);
    /* Writes a line about the exchange, NUL-terminated, for the log; into the record. */
    void (*request_summary)(struct exchange *exchange, char summary[SUMMARY_BYTES]);
    /* The end, once. The place to release what the context holds. failure has cause NONE if all went well. */
    void (*logging)(struct exchange *exchange, const struct exchange_record *record);
};

/* ---- for hooks, and while an exchange waits for one --------------------------------------------- */

/* context_bytes of memory, aligned for anything, all zero when the exchange begins. NULL if none was asked for. */
void *exchange_context(struct exchange *exchange);
/* proxy_hooks.owner */
void *exchange_owner(struct exchange *exchange);
struct world *exchange_world(struct exchange *exchange);

/*
 * What has happened so far: attempts, their upstreams and failures. From connected_to_upstream and fail_to_connect on the
 * last of them is the present attempt.
 */
const struct exchange_record *exchange_record_so_far(struct exchange *exchange);
/* The request's head, as the filters have left it. Empty where it was refused. */
struct head *exchange_request_head(struct exchange *exchange);
/* The request's address of origin. */
struct address exchange_client_address(struct exchange *exchange);

/*
 * The hook that waits is called again, soon, never from within this call. Harmless when none waits. Not after the
 * exchange's logging.
 */
void exchange_resume(struct exchange *exchange);

/*
 * What the upstream will be asked for: origin-form, or "*" with OPTIONS (RFC 9112 3.2.4). Copied. False if it is neither,
 * longer than uri_bytes_max, or if there is no room for it in the head.
 */
MUST_USE bool exchange_set_target(struct exchange *exchange, struct bytes target);

/*
 * A body filter will change the number of bytes: the message goes on chunked (to an HTTP/1.0 client, ended by the close)
 * and not with the length it came with. In a request, before its first attempt sends anything; in a response, no later
 * than response_filter. A filter that changes the length without it fails the exchange.
 */
void exchange_change_request_length(struct exchange *exchange);
void exchange_change_response_length(struct exchange *exchange);

/* The proxy's own answer. Content-Length and Connection are not for the caller. */
struct proxy_answer {
    unsigned status; /* 200 to 599 */
    const struct field *fields;
    size_t field_count;
    struct bytes body; /* not sent to a HEAD */
};
/*
 * Answers in place of an upstream. Copied. Returns HOOK_RESPONDED to be returned by the hook; HOOK_FAILED if the answer
 * is larger than ANSWER_BYTES_MAX, not valid, or if nothing can be sent any more.
 */
MUST_USE enum hook_answer exchange_respond(struct exchange *exchange,
                                           const struct proxy_answer *answer);
/* Whether an answer can still be sent: nothing of one went down and the client is there. */
bool exchange_can_respond(const struct exchange *exchange);
/* The client's connection is closed after this exchange. */
void exchange_close_client(struct exchange *exchange);

/*
 * Ends the exchange with an error that is not tried again (unless error_while_proxy asks for it), answered with that
 * status, 0 being 500. Its cause is proxy_internal_error, and so says Proxy-Status; fail_to_proxy is the place for a page
 * of one's own. Returns HOOK_FAILED to be returned by the hook.
 */
MUST_USE enum hook_answer exchange_fail(struct exchange *exchange, unsigned status);

/* Names a configured upstream, by its index; false if there is none. */
MUST_USE bool peer_set_upstream(struct exchange *exchange, struct proxy_peer *peer,
                                unsigned upstream);
/*
 * Names any upstream: an address or a name, and a port; in the clear, until the caller sets tls. One of the settings' at that
 * place is meant, if it is spoken to alike. False if it is none.
 */
MUST_USE bool peer_set_address(struct proxy_peer *peer, const char *host, uint16_t port);

#endif
