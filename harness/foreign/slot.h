/*
 * Where one case meets a proxy that is not ours: a listener or a Host of its own, and upstream addresses of its own, so that
 * passive health, pools and retries of one case cannot touch another.
 *
 * Every slot has an address of its own within 127.0.0.0/8 and the same ports on it. Ports are below the range from which
 * the kernel takes those of connections.
 *
 * Ownership: plain values.
 */
#ifndef HARNESS_FOREIGN_SLOT_H
#define HARNESS_FOREIGN_SLOT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "world/world.h"

enum {
    SLOT_UPSTREAMS = 2, /* a and b: what scenarios for any proxy have */
    SLOT_NAME_BYTES = 16,
    SLOT_HOST_BYTES = 32,
    SLOTS_MAX = 16384, /* of one process; its files and the ports of an address allow no more */
    SLOT_LISTEN_PORT = 8080,
    SLOT_UPSTREAM_PORT = 9001, /* of a; b has the next */
};

/* How a proxy tells slots apart. */
enum slot_kind {
    SLOT_BY_LISTENER, /* each slot has a listener */
    SLOT_BY_HOST,     /* all share one, and differ by the Host of their requests */
};

struct subject_slot {
    char name[SLOT_NAME_BYTES]; /* "s1" */
    char host[SLOT_HOST_BYTES]; /* "s1.test": what requests name as Host */
    struct address listen;
    struct address upstreams[SLOT_UPSTREAMS];
};

/*
 * Takes a block that no other process of this network namespace has: it is held for as long as the descriptor that is returned is
 * open. -1 and errno when there is none.
 */
MUST_USE int slot_block_take(unsigned *block);

/* Lays out slots 1 to count. block: 0 to 255, so that runs beside each other have other addresses. */
void slots_lay_out(struct subject_slot *slots, size_t count, enum slot_kind kind, unsigned block);
/* The one slot that stands in a result file for all: 127.0.0.1, ports as above. */
struct subject_slot slot_sample(void);

/* A line for each: "s1 127.64.0.1:8080 s1.test 127.64.0.1:9001 127.64.0.1:9002". */
void slots_write(const struct subject_slot *slots, size_t count, FILE *out);

#endif
