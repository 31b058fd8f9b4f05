/*
 * The real world: this machine's sockets, clock and names, on libevent. The one folder that touches it.
 *
 * Ownership: the creator destroys; that closes every stream and listener that is left, without
 * upcalls. Streams and listeners live in slots that are kept, so that a warm world allocates nothing.
 * Threads: one. SIGPIPE never comes from here.
 * Order: in one round everybody whose wanted level holds is called once, in the order in which the
 * kernel told of them; then the timers that are due. So bytes that came before a deadline are seen
 * before it, however late this process was given the processor.
 * Names: a query that names its nameserver asks that one alone, twice, half of query_timeout_ns each; but "localhost" is
 * this machine's. Other queries go to /etc/hosts, then to the nameservers of /etc/resolv.conf, as often as it says. libevent
 * tells a SERVFAIL as silence: here it is QUERY_FAILED if it came in the first three quarters of query_timeout_ns. An answer
 * that was cut (TC) is QUERY_FAILED: libevent 2.1 does not ask again over TCP. Once addresses of one family are there, those
 * of the other are waited for 250 ms (3 s for the system's nameservers).
 * Descriptors: the process's soft limit of them is raised to its hard one, as servers do.
 * Time: CLOCK_MONOTONIC; a timer is never early, and late only by what the machine is.
 * Limits: streams_max; past it, and where the process runs out of descriptors, -EMFILE. Questions to 64 nameservers at a
 * time; one more nameserver is -ENOMEM.
 */
#ifndef WORLD_SOCKETS_SOCKETS_H
#define WORLD_SOCKETS_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/world.h"

enum {
    SOCKETS_STREAMS_DEFAULT = 65536
}; /* more than a machine's default ports on one address pair */

struct sockets_options {
    uint64_t seed; /* of world_random(); 0 asks the kernel for one */
    int sndbuf;    /* SO_SNDBUF and SO_RCVBUF of every stream, bytes; 0 leaves them to the kernel */
    int rcvbuf;
    size_t streams_max;        /* 0 is SOCKETS_STREAMS_DEFAULT */
    uint64_t query_timeout_ns; /* 0 is QUERY_TIMEOUT_NS; shorter for tests of silence */
};

/* What is alive now; all zero when everybody has tidied up. */
struct sockets_census {
    size_t streams;
    size_t listeners;
    size_t timers;
    size_t queries;
};

/* NULL with errno if the kernel gives no event queue. */
MUST_USE struct world *sockets_create(const struct sockets_options *options);
/* Also empties the caller's pointer. Never from within an upcall. */
void sockets_destroy(struct world **world);

void sockets_count(struct world *world, struct sockets_census *out);

/*
 * To be called after a failed check() left an upcall by longjmp, before the next world_run(). Nothing of
 * libevent's is on the stack during an upcall, so the world goes on as if that upcall had returned.
 */
void sockets_leave_upcall(struct world *world);

/*
 * Buffer sizes of the streams that come from this listener, and of those that this same world connects
 * to its address; for sizes that differ from case to case. 0 leaves a size as it was.
 */
void sockets_shape_listener(struct world *world, struct listener *listener, int sndbuf, int rcvbuf);

/* Whether this machine has ::1; many a container has not. Needs no world. */
bool sockets_have_ipv6(void);

typedef void signal_callback(void *owner, int signal_number);

enum { SOCKETS_SIGNALS_MAX = 4 }; /* INT, TERM, HUP, CHLD */

/*
 * Calls back from the top of world_run() when the process gets the signal; replaces an earlier
 * callback for it, NULL gives the signal back to the system. While one is held, the world is never
 * quiescent. 0, or -EMFILE when SOCKETS_SIGNALS_MAX are held.
 */
int sockets_on_signal(struct world *world, int signal_number, signal_callback *callback,
                      void *owner);

#endif
