/*
 * What the parts of the real world share: its state, and the calls between its files. Nobody outside
 * this folder includes it.
 *
 *     sockets.c          the clock, the rounds, timers, signals, and the world_ops table
 *     socket_slot.c      connections: how they begin and end, and levels made of edges
 *     socket_stream.c    reading and writing them, sticky errors, and the stream_ops table
 *     socket_listener.c  who answers, refuses or is silent at an address
 *     socket_query.c     names: the program's queries
 *     socket_resolver.c  whom they are asked of, and what libevent makes of the answers
 *     socket_datagram.c  datagrams, beside the seam
 *     socket_address.c   addresses as the kernel writes them
 *
 * How readiness travels. The kernel tells edges; every descriptor is registered once for all of them.
 * libevent's callbacks do no more than set levels and list the object as ready. world_run() then
 * calls those whose wanted level holds, one round after the other, outside of libevent; a level is
 * cleared when the kernel says EAGAIN, or took or gave less than was asked.
 */
#ifndef WORLD_SOCKETS_STATE_H
#define WORLD_SOCKETS_STATE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "world/base/object.h"
#include "world/base/timer_queue.h"
#include "world/sockets/ready.h"
#include "world/sockets/socket_datagram.h"
#include "world/sockets/sockets.h"
#include "world/world.h"

#define SOCKETS_TAG         OBJECT_TAG('s', 'o', 'c', 'w')
#define SOCKET_STREAM_TAG   OBJECT_TAG('s', 'o', 'c', 's')
#define SOCKET_LISTENER_TAG OBJECT_TAG('s', 'o', 'c', 'l')
#define SOCKET_QUERY_TAG    OBJECT_TAG('s', 'o', 'c', 'q')
#define SOCKET_DATAGRAM_TAG OBJECT_TAG('s', 'o', 'c', 'd')

enum {
    STREAM_CHUNK = 64,                     /* slots taken at once: a small case's worth */
    ACCEPT_PAUSE_NS = 50 * (int)NS_PER_MS, /* between two tries of accept when we have run out */
};

/* ---- streams ---------------------------------------------------------------------------------- */

struct socket_stream {
    object_tag tag; /* set while a stream of the program belongs to it */
    struct ready_item ready;
    struct sockets *sockets;
    struct stream *stream;
    struct event event;
    struct address peer;
    int descriptor;
    unsigned wanted;  /* enum stream_event */
    unsigned levels;  /* of READ and WRITE: what the kernel has to offer, as far as we know */
    unsigned told;    /* OPEN and CLOSED are told once */
    bool connecting;  /* the dial has no outcome yet */
    bool peer_closed; /* FIN or RST: what can be read now ends in 0 or an error */
    bool suspect;     /* listed in sockets->suspects */
    bool input_ended; /* read met the end, with input_result: 0 for FIN, or -errno */
    bool shut;        /* we sent our FIN, or will when the dial succeeds */
    bool awaited;     /* counted in sockets->awaited */
    int input_result;
    int error;         /* the sticky one; EPIPE is the writing side's alone */
    int error_pending; /* the kernel told us, which it does once, and the owner has not met it yet */
    uint64_t tx, rx;
    uint64_t read_upcall, write_upcall; /* the upcall that used up its one read and one write */
    uint64_t generation;                /* counts the uses of the slot */
    struct socket_stream *next_free;
};

struct stream_chunk {
    struct stream_chunk *next;
    struct socket_stream slots[STREAM_CHUNK];
};

/*
 * Streams whose last edge may have been the peer's RST: libevent 2.1 tells an error as readable and
 * writable, like any message. One poll(2) for all of them tells which. Room for every slot there is.
 */
struct suspect_list {
    struct pollfd *polls;
    struct socket_stream **streams;
    size_t count;
    size_t capacity;
};

/* ---- listeners, names, signals ---------------------------------------------------------------- */

struct socket_listener {
    object_tag tag;
    struct ready_item ready;
    struct sockets *sockets;
    struct listener *listener;
    struct socket_listener *previous, *next; /* among the live ones */
    struct event event;
    struct timer pause; /* runs while accept cannot be tried for want of descriptors or memory */
    struct address address;
    enum listen_mode mode;
    int descriptor;
    int filler; /* LISTEN_BLACKHOLE: the connection that fills the queue; else -1 */
    int sndbuf, rcvbuf;
    bool acceptable; /* connections wait, as far as we know */
    bool accepted;   /* one was taken in the upcall that is being made */
    uint64_t generation;
};

/* A nameserver, and libevent's resolver that asks it alone. */
struct socket_resolver {
    struct sockets *sockets;
    struct socket_resolver *next;
    struct address nameserver; /* family 0: those of the system, and /etc/hosts */
    struct evdns_base *base;
    size_t questions; /* of ours that libevent has not let go of */
    uint64_t used;    /* the latest use has the highest */
};

/* What is asked about a name: its addresses of one family. */
struct socket_question {
    struct socket_query *query;
    struct evdns_request *request; /* NULL when libevent has let go */
    uint8_t family;
    int result; /* DNS_ERR_… */
    size_t address_count;
    struct address addresses[QUERY_ADDRESSES_MAX];
};

struct socket_query {
    object_tag tag;
    struct ready_item ready;
    struct sockets *sockets;
    struct query *query; /* NULL once cancelled: then it only waits for libevent to let go */
    struct socket_query *previous, *next;
    struct socket_resolver *resolver; /* NULL for a name that needs none */
    struct evdns_getaddrinfo_request *system_request;
    struct timer patience; /* runs while one family was found and the other is awaited */
    bool patience_over;
    uint64_t began_ns;
    int system_result; /* EVUTIL_EAI_… */
    uint16_t port;
    struct socket_question questions[2]; /* IPv4, and what is known at once; IPv6 */
};

struct socket_datagram {
    object_tag tag;
    struct ready_item ready;
    struct sockets *sockets;
    struct datagram_socket *socket;
    struct socket_datagram *previous, *next; /* among the live ones */
    struct event event;
    int descriptor;
    uint8_t data[DATAGRAM_BYTES_MAX];
};

struct signal_watch {
    struct ready_item ready;
    struct sockets *sockets;
    struct event event;
    int signal_number; /* 0 while not in use */
    signal_callback *callback;
    void *owner;
};

/* ---- the world -------------------------------------------------------------------------------- */

struct sockets {
    struct world world; /* first: a struct world * is a struct sockets * */
    object_tag tag;
    struct sockets_options options; /* defaults filled in */
    struct event_base *base;
    struct event alarm_event;
    int alarm;         /* a timerfd that ends libevent's sleep */
    uint64_t alarm_ns; /* when it rings, or rang last */
    uint64_t now_ns;
    uint64_t upcalls; /* made so far */
    uint64_t random_state;
    bool running;   /* inside world_run() */
    bool in_upcall; /* and inside one of ours */

    struct ready_list round; /* to be called in this round */
    struct ready_list ready; /* in the next */
    struct timer_queue timers;
    size_t round_timers; /* how many may fire in this round, so that timers cannot starve streams */

    struct stream_chunk *chunks;
    struct socket_stream *streams_free;
    struct suspect_list suspects;
    struct socket_listener *listeners, *listeners_free;
    struct socket_query *queries, *queries_free;
    struct socket_resolver *resolvers;
    size_t resolver_count;
    uint64_t resolver_uses;
    struct socket_datagram *datagrams, *datagrams_free;
    struct signal_watch signals[SOCKETS_SIGNALS_MAX];

    size_t stream_count, listener_count, query_count;
    size_t pause_count; /* timers of our own */
    size_t awaited;     /* streams, listeners and signals that may yet bring an upcall */
    bool shaped;        /* some listener has, or had, sizes of its own */
};

static inline struct sockets *sockets_of(struct world *world)
{
    struct sockets *sockets = (struct sockets *)(void *)world;

    check(sockets->tag == SOCKETS_TAG);
    return sockets;
}

/* socket_address.c */
socklen_t socket_address_write(const struct address *address, struct sockaddr_storage *out);
bool socket_address_read(const struct sockaddr *from, struct address *out);

/* socket_slot.c */
int socket_stream_connect(struct world *world, struct stream *stream,
                          const struct address *address);
int socket_stream_accept(struct sockets *sockets, int listening, struct stream *stream);
void socket_stream_end(struct socket_stream *slot);
void socket_stream_end_all(struct sockets *sockets);
/* False if it has nothing to say after all. */
bool socket_stream_call(struct socket_stream *slot);
/* The events that hold now, wanted or not. */
unsigned socket_stream_level(const struct socket_stream *slot);
/* To be called whenever a level or the wanted mask has changed. */
void socket_stream_touch(struct socket_stream *slot);
/* The peer has closed or reset: what is left to read ends soon. */
void socket_stream_note_end(struct socket_stream *slot);
/* SO_ERROR, which the kernel gives away once. */
int socket_stream_take_error(int descriptor);
/* Finds out which of the edges since the last time were errors. */
void socket_stream_examine_suspects(struct sockets *sockets);
/* Sizes of 0 are left as they are. */
void socket_set_buffers(int descriptor, int sndbuf, int rcvbuf);

/* socket_stream.c */
extern const struct stream_ops SOCKET_STREAM_OPS;

/* socket_listener.c */
int socket_listener_start(struct world *world, struct listener *listener, struct address *address,
                          enum listen_mode mode, int backlog);
int socket_listener_accept(struct world *world, struct listener *listener, struct stream *stream);
void socket_listener_stop(struct world *world, struct listener *listener);
bool socket_listener_call(struct socket_listener *slot);
/* A descriptor has become free: paused listeners try again. */
void socket_listener_resume_all(struct sockets *sockets);
/* The shape of a listener of ours at that address, if there is one. */
void socket_listener_find_shape(const struct sockets *sockets, const struct address *address,
                                int *sndbuf, int *rcvbuf);
void socket_listener_close_all(struct sockets *sockets);

/* socket_query.c */
int socket_query_start(struct world *world, struct query *query, const char *host, uint16_t port);
void socket_query_cancel(struct world *world, struct query *query);
bool socket_query_call(struct socket_query *slot);
void socket_query_close_all(struct sockets *sockets);

/* socket_resolver.c */
/* The resolver that asks this nameserver, made if need be; NULL if there is no memory or no room. */
struct socket_resolver *socket_resolver_of(struct sockets *sockets,
                                           const struct address *nameserver);
void socket_resolver_close_all(struct sockets *sockets);

/* socket_datagram.c */
bool socket_datagram_call(struct socket_datagram *slot);
void socket_datagram_close_all(struct sockets *sockets);

#endif
