/*
 * One connection to the admin listener: reads one request after the other and writes its answer as the stream takes it.
 *
 * A request has ADMIN_IDLE_MS from its first byte to its last, a reader as long between two pieces that it takes, and a
 * connection between two requests.
 *
 * Ownership: on the heap; one that has ended is destroyed at the end of the turn, never from within its own upcall.
 */
#ifndef PROXY_ADMIN_ADMIN_SESSION_H
#define PROXY_ADMIN_ADMIN_SESSION_H

#include "proxy/admin/admin_api.h"
#include "proxy/relay/inlet.h"
#include "proxy/relay/lingering.h"
#include "world/base/object.h"

enum {
    ADMIN_HEAD_BYTES_MAX = 8 * 1024,  /* of a request: a line and what a browser adds */
    ADMIN_URI_BYTES_MAX = 2 * 1024,   /* a query with every filter has a few hundred */
    ADMIN_BODY_BYTES_MAX = 64 * 1024, /* of a PUT: a route's settings have a few hundred */
    ADMIN_IDLE_MS = 10 * 1000,
    ADMIN_FIELDS_BYTES_MAX = 512, /* of an answer's head; all of it is ours */
};

#define ADMIN_SESSION_TAG OBJECT_TAG('A', 'S', 'E', 'S')

enum admin_session_state {
    ADMIN_READING,   /* a request is awaited, or has come in part */
    ADMIN_ANSWERING, /* its answer is being written */
    ADMIN_LINGERING, /* we said FIN; what the client still sends is thrown away */
    ADMIN_ENDED,
};

struct admin_session {
    object_tag tag;
    enum admin_session_state state;
    struct world *world;
    struct admin_sources *sources;
    struct stream stream;
    struct inlet request;
    struct timer timer;
    bool head_read;       /* of the present request */
    bool keep_alive;      /* after the present answer */
    struct bytes interim; /* of a 100, what is left to write */
    struct admin_reply reply;
    uint8_t head[ADMIN_FIELDS_BYTES_MAX]; /* of the answer */
    struct bytes head_left;
    struct bytes body_left;
    struct lingering lingering;
    struct admin_session *next;
    struct admin_session *previous;
    void (*on_ended)(struct admin_session *session); /* told once, from within an upcall */
    void *owner;
};

/* NULL when memory has run out. The stream is not in use: accept into it, then admin_session_start(). */
struct admin_session *admin_session_create(struct world *world, struct admin_sources *sources);
/* Closes at once whatever is open. */
void admin_session_destroy(struct admin_session **session);
/* The stream was accepted; on_ended and owner are set. */
void admin_session_start(struct admin_session *session);

#endif
