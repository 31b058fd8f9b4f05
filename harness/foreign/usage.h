/*
 * What a set of processes uses, and what waits in the kernel between two ends of a connection: read from proc(5).
 *
 * Errors: none; what cannot be read counts nothing.
 */
#ifndef HARNESS_FOREIGN_USAGE_H
#define HARNESS_FOREIGN_USAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "world/world.h"

struct usage {
    /* Bytes of memory that are theirs alone (Private_* of smaps_rollup), all together. */
    uint64_t memory;
    /*
     * Bytes that the file system took (st_blocks) for the regular files that they hold open, deleted ones too, and for those in
     * the folder; each file once.
     */
    uint64_t files;
};

/* folder may be NULL. Processes that are gone count nothing. */
struct usage usage_of(const pid_t *pids, size_t count, const char *folder);

/*
 * Bytes in the send and receive queues of all TCP sockets of this network namespace with one of these addresses (port 0: any)
 * at either end, each queue once. What was sent and not acknowledged yet stands in a send queue.
 */
uint64_t usage_in_kernel(const struct address *addresses, size_t count);

#endif
