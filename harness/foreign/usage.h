/*
 * What a set of processes uses, and what waits in the kernel between two ends of a connection: read from proc(5).
 */
#ifndef HARNESS_FOREIGN_USAGE_H
#define HARNESS_FOREIGN_USAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "world/world.h"

struct usage {
    uint64_t
        memory; /* bytes of resident memory that are theirs alone (Private_* of smaps_rollup), all together */
    uint64_t
        files; /* bytes of the regular files that they hold open, each file once, and of those in the folder */
};

/* folder may be NULL. Processes that are gone count nothing. */
struct usage usage_of(const pid_t *pids, size_t count, const char *folder);

/*
 * Bytes in the send and receive queues of all TCP sockets of this network namespace with one of these addresses (port 0: any)
 * at either end, each queue once.
 */
uint64_t usage_in_kernel(const struct address *addresses, size_t count);

#endif
