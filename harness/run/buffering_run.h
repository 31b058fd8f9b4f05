/*
 * How much a proxy takes in beyond what leaves it, seen from outside: uploads to an upstream that stops reading, downloads to
 * a client that stops reading.
 *
 * When nothing moves any more, what the senders wrote and the receivers did not read is either in the queues of the four
 * sockets of each exchange, which the kernel tells, or it is in the proxy. Heads count like bodies, and what the proxy adds to
 * them or leaves out is not looked for: some hundred bytes of an exchange, which do not matter beside a buffer.
 *
 * The rows are played from few exchanges to many, because memory that a process frees and keeps hides what it needs after that.
 *
 * Blocks: up to BUFFERING_ROW_NS for a row, and what the exchange before it takes.
 * Ownership: the world, the actors and their ports are gone when it returns; text lives in the region.
 * Errors: a sentence in the row's trouble.
 */
#ifndef HARNESS_RUN_BUFFERING_RUN_H
#define HARNESS_RUN_BUFFERING_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "harness/cast/cast.h"
#include "reports/subjects/observed.h"
#include "world/base/region.h"

enum {
    BUFFERING_ROWS = 6,           /* two ways at 1, 8 and 64 exchanges */
    BUFFERING_EXCHANGES_MAX = 64, /* side by side */
    /* Of each body: on a loopback a kernel takes some 2.5 MiB before a reader is missed, and a proxy has two such sockets. */
    BUFFERING_BODY_BYTES = 8 * 1024 * 1024,
};

/* A row that does not come to rest is measured as it stands then; a slow disk may be what still moves. */
#define BUFFERING_ROW_NS (10 * NS_PER_S)

/* Where a row meets the proxy. */
struct buffering_place {
    struct cast_place where; /* all its upstreams listen, and all play the same */
    const pid_t *pids; /* the proxy's; none where nobody knows them: memory and files are then 0 */
    size_t pid_count;
    const char *folder; /* whose files are the proxy's; may be NULL */
};

struct buffering_plan {
    const struct buffering_place
        *places; /* BUFFERING_ROWS of them; of an attached proxy all the same */
    bool (*is_interrupted)(void *owner); /* asked now and then; may be NULL */
    void *owner;
    struct region *region;
};

/* Fills all rows: uploads, then downloads, each from few exchanges to many. Not from within an upcall. */
void buffering_measure(const struct buffering_plan *plan,
                       struct observed_buffering rows[BUFFERING_ROWS]);

#endif
