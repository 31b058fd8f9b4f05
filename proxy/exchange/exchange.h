/*
 * One exchange: a client's request and everything done to answer it.
 *
 * The life of an exchange is a list of states, a list of events and a table (exchange.c). Only exchange_advance() assigns
 * the state. An action never does; it returns the event that follows at once, or EVENT_NONE. An absent cell is a
 * bug and aborts naming both words.
 *
 * Ownership: embedded in a session, which lends it the client's stream and inlet and keeps it for its next request. The
 * ground is shared by all exchanges of a proxy.
 */
#ifndef PROXY_EXCHANGE_EXCHANGE_H
#define PROXY_EXCHANGE_EXCHANGE_H

#include "proxy/exchange/apology.h"
#include "proxy/exchange/inlet.h"
#include "proxy/exchange/outlet.h"
#include "proxy/upstream/dial.h"
#include "retryproof/record.h"
#include "retryproof/settings.h"

#define EXCHANGE_TAG OBJECT_TAG('E', 'X', 'C', 'H')

#define EXCHANGE_STATE_LIST(X)                                                              \
    X(IDLE, "idle")               /* between two requests */                                \
    X(CHOOSING, "choosing")       /* an attempt begins: which upstream, which connection */ \
    X(DIALING, "dialing")         /* a connection is being made */                          \
    X(SENDING, "sending")         /* the request goes up, the final head has not come */    \
    X(RELAYING, "relaying")       /* the response goes down */                              \
    X(JUDGING, "judging")         /* an attempt failed: retry, apologise or cut */          \
    X(APOLOGISING, "apologising") /* the proxy answers by itself */                         \
    X(DONE, "done")

#define EXCHANGE_EVENT_LIST(X)                                                                   \
    X(NONE, "none")                                                                              \
    X(BEGIN, "begin")                                                                            \
    X(REFUSE, "refuse")          /* the request is not acceptable */                             \
    X(TAKEN, "connection-taken") /* from the pool */                                             \
    X(DIAL_NEEDED, "dial-needed")                                                                \
    X(DIALED, "dialed")                                                                          \
    X(CLIENT_READY, "client-ready") /* readable, writable or neither: upcalls may be spurious */ \
    X(UPSTREAM_READY, "upstream-ready")                                                          \
    X(CLIENT_GONE, "client-gone")                                                                \
    X(TIMED_OUT, "timed-out")                                                                    \
    X(HEAD_COMPLETE, "head-complete")   /* of the final response */                              \
    X(ATTEMPT_FAILED, "attempt-failed") /* exchange->failure says how */                         \
    X(RETRY_ALLOWED, "retry-allowed")                                                            \
    X(GAVE_UP, "gave-up") /* nothing of a response went down */                                  \
    X(CUT, "cut")         /* some of it did, or nobody takes an answer */                        \
    X(SENT, "sent")       /* the answer was accepted whole by the client's stream */

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
    const struct proxy_settings *settings;
    struct origin *origins; /* settings->upstream_count of them */
    struct link_shelf links;
    size_t turn;   /* round robin */
    bool draining; /* every answer says that the connection closes */
    uint64_t exchanges_begun;
};

/* How the client's connection goes on after the exchange. */
enum client_end {
    CLIENT_KEEP,  /* the next request may follow */
    CLIENT_CLOSE, /* FIN, after what was sent */
    CLIENT_RESET, /* the cut must be visible and no framing shows it (decision 6) */
};

/* What the session found in the head it has read; slices live as long as the inlet's head. */
struct exchange_request {
    struct bytes target; /* as the upstream gets it */
    struct bytes host;
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

    struct bytes target;
    struct bytes host;
    bool client_readable;
    bool client_gone;
    enum client_end client_end;

    struct dial dial;
    struct link *link;
    size_t upstream; /* index of the present attempt's */
    uint32_t tried;  /* a bit for each upstream tried */
    struct inlet response;
    struct outlet upload;
    struct outlet download;
    bool upstream_readable;
    bool attempting;      /* an attempt is open in the record */
    bool upstream_failed; /* for the cause below; what came before it is used first */
    enum cause upstream_cause;
    int upstream_error;
    bool final_head;    /* the final head is complete */
    bool response_down; /* and has entered the downstream window */
    bool keep_alive;    /* what the response said to the client */
    bool heads_wait;    /* no further head can be read from what has come */
    unsigned interim_count;
    bool interim_forwarded;  /* a 1xx other than 100 */
    bool continue_forwarded; /* a 100 */

    struct failure failure;
    struct apology apology;
    struct timer watch;
    uint64_t progress_ns;    /* when a byte last moved */
    uint64_t handed_over_ns; /* when the request was accepted whole */

    uint8_t *memory; /* the heads and tails being written, in one piece */
    uint8_t *up_head;
    uint8_t *up_tail;
    uint8_t *down_head;
    uint8_t *down_tail;
    size_t head_bytes_max;

    struct exchange_record record;
};

/* False when memory has run out; nothing is held then. */
MUST_USE bool exchange_init(struct exchange *exchange, struct exchange_ground *ground);
/* Ends whatever is under way, without a word to anybody. */
void exchange_release(struct exchange *exchange);

/* A request head was read: begins. exchange->client, request, client_address, on_turn and owner are set. */
void exchange_begin(struct exchange *exchange, const struct exchange_request *request);
/* The head is not acceptable, or its client is gone: answers with apology (status 0: not at all) and ends. */
void exchange_refuse(struct exchange *exchange, const struct failure *failure,
                     const struct apology *apology);

/* An upcall came on the client's stream while the exchange is under way. */
void exchange_client_event(struct exchange *exchange, unsigned events);

bool exchange_is_done(const struct exchange *exchange);
/* Back to idle, ready for the next request. Only when done. */
void exchange_rest(struct exchange *exchange);

const char *exchange_state_word(enum exchange_state state);
const char *exchange_event_word(enum exchange_event event);

#endif
