/*
 * One exchange: a client's request and everything done to answer it.
 *
 * The life of an exchange is a list of states, a list of events and a table (life.h). Only exchange_advance() assigns
 * the state. An action never does; it returns the event that follows at once, or EVENT_NONE. An absent cell is a
 * bug and aborts naming both words.
 *
 * Ownership: embedded in a session, which lends it the client's stream and inlet and keeps it for its next request. The
 * ground is shared by all exchanges of a proxy.
 */
#ifndef PROXY_EXCHANGE_EXCHANGE_H
#define PROXY_EXCHANGE_EXCHANGE_H

#include "proxy/http/place.h"
#include "proxy/relay/feed.h"
#include "proxy/relay/outlet.h"
#include "proxy/upstream/configuration.h"
#include "proxy/upstream/dial.h"
#include "proxy/wire/apology.h"
#include "retryproof/hooks.h"
#include "retryproof/record.h"
#include "retryproof/settings.h"

#define EXCHANGE_TAG OBJECT_TAG('E', 'X', 'C', 'H')

#define EXCHANGE_STATE_LIST(X)                                                              \
    X(IDLE, "idle")               /* between two requests */                                \
    X(FILTERING, "filtering")     /* the request's hooks */                                 \
    X(CHOOSING, "choosing")       /* an attempt begins: which upstream, which connection */ \
    X(DIALING, "dialing")         /* a connection is being made */                          \
    X(PREPARING, "preparing")     /* it is made, the hooks before the request is sent */    \
    X(SENDING, "sending")         /* the request goes up, the final head has not come */    \
    X(DECIDING, "deciding")       /* it has come: its hooks, and whether it is delivered */ \
    X(RELAYING, "relaying")       /* the response goes down */                              \
    X(TUNNELLING, "tunnelling")   /* bytes go both ways, and nobody looks at them */        \
    X(JUDGING, "judging")         /* an attempt failed: retry, or explain */                \
    X(BACKING_OFF, "backing-off") /* before the next attempt */                             \
    X(EXPLAINING, "explaining")   /* it has failed for good: the hooks of that */           \
    X(APOLOGISING, "apologising") /* the proxy answers by itself */                         \
    X(DONE, "done")

#define EXCHANGE_EVENT_LIST(X)                                                                   \
    X(NONE, "none")                                                                              \
    X(BEGIN, "begin")                                                                            \
    X(REFUSE, "refuse")          /* the request is not acceptable */                             \
    X(PASSED, "passed")          /* the hooks of this state let it go on */                      \
    X(RESUMED, "resumed")        /* whatever a hook waits for may be there */                    \
    X(ANSWER, "answer")          /* the proxy, or a hook, has an answer of its own */            \
    X(TAKEN, "connection-taken") /* from the pool */                                             \
    X(DIAL_NEEDED, "dial-needed")                                                                \
    X(DIALED, "dialed")                                                                          \
    X(CLIENT_READY, "client-ready") /* readable, writable or neither: upcalls may be spurious */ \
    X(UPSTREAM_READY, "upstream-ready")                                                          \
    X(CLIENT_GONE, "client-gone")                                                                \
    X(TIMED_OUT, "timed-out")                                                                    \
    X(HEAD_COMPLETE, "head-complete")   /* of the final response */                              \
    X(OPENED, "tunnel-opened")          /* CONNECT has its connection, an upgrade its 101 */     \
    X(ATTEMPT_FAILED, "attempt-failed") /* exchange->failure says how */                         \
    X(RETRY_ALLOWED, "retry-allowed")                                                            \
    X(RETRY_LATER, "retry-later") /* when the back-off is over */                                \
    X(GAVE_UP, "gave-up")                                                                        \
    X(CUT, "cut")   /* some of a response went down, or nobody takes an answer */                \
    X(SENT, "sent") /* the answer was accepted whole by the client's stream */

enum exchange_state {
#define EXCHANGE_STATE_ENUM(name, word) STATE_##name,
    EXCHANGE_STATE_LIST(EXCHANGE_STATE_ENUM)
#undef EXCHANGE_STATE_ENUM
        STATE_COUNT
};

enum exchange_event {
#define EXCHANGE_EVENT_ENUM(name, word) EVENT_##name,
    EXCHANGE_EVENT_LIST(EXCHANGE_EVENT_ENUM)
#undef EXCHANGE_EVENT_ENUM
        EVENT_COUNT
};

/* What all exchanges of one proxy stand on. */
struct exchange_ground {
    struct world *world;
    struct configuration *configuration; /* under which exchanges begin now */
    const struct proxy_hooks *hooks;     /* never NULL; absent hooks are */
    struct origins origins;
    struct address closed; /* where no forward route goes; family 0: none such */
    size_t live;           /* exchanges under way */
    size_t retrying;       /* of them at a further attempt, or backing off before one */
    bool draining;         /* every answer says that the connection closes */
    size_t tunnels;        /* exchanges that are one by now */
    uint64_t exchanges_begun;
    uint64_t handshake_failures; /* of clients */
};

/* How the client's connection goes on after the exchange. */
enum client_end {
    CLIENT_KEEP,  /* the next request may follow */
    CLIENT_CLOSE, /* FIN, after what was sent */
    CLIENT_RESET, /* the cut must be visible and no framing shows it (decision 6) */
};

/* What the session found in the head it has read; slices live as long as the inlet's head. */
struct exchange_request {
    enum exchange_kind kind;
    int route;           /* index in the configuration, or ROUTE_NONE: then it is refused */
    const char *user;    /* who was let in; NULL: nobody was asked */
    struct bytes target; /* as the upstream gets it */
    struct bytes host;   /* what was asked for, with its port */
    struct place place;  /* the same, where the request itself says where to go */
};

struct exchange {
    object_tag tag;
    enum exchange_state state;
    struct exchange_ground *ground;

    struct stream *client; /* the session's */
    struct inlet *request; /* the session's: what came from the client */
    struct address client_address;
    char client_host[ADDRESS_TEXT_BYTES]; /* as text, without port and brackets */
    void (*on_turn)(void *owner); /* after each turn that began at the upstream or at a timer */
    void *owner;

    struct configuration *configuration;   /* held while the exchange is under way */
    const struct proxy_settings *settings; /* the configuration's */
    const struct route_settings *route;    /* the default one's where none was found */
    size_t route_index;
    enum exchange_kind kind;
    struct place place; /* MODE_FORWARD: where the request goes */
    struct bytes target;
    bool client_secure; /* the client's stream is one of TLS */
    bool client_readable;
    bool client_gone;
    enum client_end client_end;

    /* hooks */
    void *context;        /* hooks->context_bytes of it */
    unsigned step;        /* which hook of the present state comes next */
    bool hook_waits;      /* it answered HOOK_WAIT */
    bool hook_waited;     /* when it was asked before: its patience began then */
    bool hook_may_answer; /* exchange_respond() is allowed */
    bool answered;        /* it was called: answer says with what */
    size_t answer_begin;  /* where the body begins in our own answer as it is written */
    struct answer answer;
    unsigned failure_status; /* what exchange_fail() asked for; 0: the failure's own */
    bool close_client;       /* exchange_close_client() */
    bool request_varies;     /* its filter changes its length */
    bool response_varies;
    bool trailers_filtered;
    struct timer resume;

    /* the present attempt */
    struct dial dial;
    struct dial_plan plan;
    struct link *link;
    struct origin *origin;
    const char *detail; /* static: what is known of a failure beside its cause; or NULL */
    bool attempting;    /* an attempt is open in the record */
    bool connected;     /* it has, or had, a connection */
    struct head
        *up_fields; /* what upstream_request_filter makes of the request's head; NULL without one */
    struct inlet response;
    struct outlet upload;
    struct outlet download;
    uint64_t received; /* from the upstream, without what TLS adds, which is no response */
    bool upstream_readable;
    bool upstream_failed; /* for the cause below; what came before it is used first */
    enum cause upstream_cause;
    int upstream_error;
    bool tunnel; /* it has become one */
    enum tunnel_phase phase;
    bool upstream_lost; /* in a tunnel: nothing more can be read from it */
    bool final_head;    /* the final head is complete, or that of a 101 */
    bool response_down; /* and has entered the downstream window */
    bool keep_alive;    /* what the response said to the client */
    bool heads_wait;    /* no further head can be read from what has come */

    /* of the exchange as a whole */
    uint8_t tries[UPSTREAMS_MAX];     /* attempts at each upstream of the settings */
    const struct origin *last_origin; /* where the last attempt went; not to be looked into */
    unsigned next_address;            /* of its addresses, the first to be tried again */
    bool framing_settled;
    enum framing framing_up; /* the same in every attempt */
    struct feed up;
    struct feed down;
    unsigned interim_count;
    bool interim_forwarded;    /* a 1xx other than 100 */
    unsigned continue_attempt; /* the number of the attempt whose 100 went down; 0: none did */
    bool retrying;             /* counted in ground->retrying */
    uint64_t backoff_end_ns;

    struct failure failure;
    struct apology apology;
    struct timer watch;
    uint64_t progress_ns;    /* when a byte last moved */
    uint64_t try_begun_ns;   /* since when the upstream alone keeps the attempt waiting */
    uint64_t handed_over_ns; /* when the request was accepted whole */

    uint8_t *memory;  /* all that follows, in one piece */
    uint8_t *up_head; /* the heads and tails being written; the former also keeps a hook's answer */
    uint8_t *up_tail;
    uint8_t *down_head;
    uint8_t *down_tail;
    size_t head_bytes_max;

    struct exchange_record record;
};

/*
 * The exchange is all zero, request is the session's. False when memory has run out; nothing is held then.
 */
MUST_USE bool exchange_init(struct exchange *exchange, struct exchange_ground *ground,
                            struct inlet *request);
/* Ends whatever is under way, without a word to the client or to an upstream. */
void exchange_release(struct exchange *exchange);

/* A request head was read: begins. exchange->client, client_address, client_secure, on_turn and owner are set. */
void exchange_begin(struct exchange *exchange, const struct exchange_request *request);
/* The head is not acceptable, or its client is gone. */
struct exchange_refusal {
    struct failure failure;
    struct apology apology;  /* status 0: nobody is left to be answered */
    enum exchange_kind kind; /* as far as it is known */
    int route;               /* where one was found; else ROUTE_NONE */
    struct bytes host;
};
/* Answers, if there is somebody to answer, and ends. */
void exchange_refuse(struct exchange *exchange, const struct exchange_refusal *refusal);

/* An upcall came on the client's stream while the exchange is under way. */
void exchange_client_event(struct exchange *exchange, unsigned events);

bool exchange_is_done(const struct exchange *exchange);
/* Whether a FIN now would make what went down look whole, as in a tunnel: only a reset tells (decision 6). */
bool exchange_cuts_unseen(const struct exchange *exchange);
/* Back to idle, ready for the next request. Only when done. */
void exchange_rest(struct exchange *exchange);

const char *exchange_state_word(enum exchange_state state);
const char *exchange_event_word(enum exchange_event event);

#endif
