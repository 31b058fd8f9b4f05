/*
 * One client connection: reads request heads, runs one exchange after the other, and ends the connection so that the
 * client gets all that was sent.
 *
 * Ownership: taken from a shelf and put back; a session that has ended is given back at the end of the turn, never from
 * within one of its own upcalls.
 */
#ifndef PROXY_DOWNSTREAM_SESSION_H
#define PROXY_DOWNSTREAM_SESSION_H

#include "proxy/exchange/exchange.h"
#include "proxy/relay/lingering.h"

#define SESSION_TAG OBJECT_TAG('S', 'E', 'S', 'S')

enum session_state {
    SESSION_HANDSHAKING, /* TLS, before the first byte of a request */
    SESSION_READING,     /* a head is awaited or has come in part */
    SESSION_BUSY,        /* an exchange is under way */
    SESSION_RESUMING, /* the next request came while one was under way: it begins in a turn of its own */
    SESSION_LINGERING, /* we said FIN; what the client still sends is thrown away (decision 15) */
    SESSION_ENDED,
};

struct session {
    object_tag tag;
    enum session_state state;
    struct stream stream;
    struct inlet request;
    struct exchange exchange;
    struct timer timer; /* of the head, of lingering, or due at once to resume */
    bool client_closed; /* the client's FIN or RST was seen */
    bool stopping;      /* no further exchange after this one */
    struct lingering lingering;
    struct session *next;
    struct session *previous;
    void (*on_ended)(struct session *session); /* told once, from within an upcall */
    void *owner;
};

/* NULL when memory has run out. The stream is not in use: accept into it, then session_start(). */
struct session *session_create(struct exchange_ground *ground);
/* Closes at once whatever is open. */
void session_destroy(struct session **session);
/* The stream was accepted, with TLS or without; on_ended and owner are set. */
void session_start(struct session *session);
/* Ends when the exchange under way has ended; at once when there is none. */
void session_stop(struct session *session);

#endif
