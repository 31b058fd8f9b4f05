/*
 * Who plays in a row of the buffering proof: clients that all do the same, and upstreams that all do the same, on either side
 * of a proxy; and what they saw of it.
 *
 * Ownership: embedded, large, and used for one row after the other; the world is the caller's.
 * Errors: a sentence that lives in the region, or is constant.
 */
#ifndef HARNESS_RUN_BUFFERING_CAST_H
#define HARNESS_RUN_BUFFERING_CAST_H

#include "fakeupstream/fake_upstream.h"
#include "harness/client.h"
#include "harness/run/buffering_run.h"

enum buffering_part {
    BUFFERING_UPLOAD,   /* each upstream reads a head and stops reading */
    BUFFERING_DOWNLOAD, /* each client does */
    BUFFERING_WARM_UP,  /* a small exchange that goes well */
    BUFFERING_PARTS
};

struct buffering_scripts {
    struct script client;
    struct upstream_script upstream;
};

struct buffering_cast {
    struct scene scene;
    struct region *region;
    struct buffering_scripts scripts[BUFFERING_PARTS];
    enum buffering_part part; /* that is played */
    struct fake_upstream upstreams[UPSTREAMS_MAX];
    size_t upstream_count; /* that listen */
    struct client clients[BUFFERING_EXCHANGES_MAX];
    size_t client_count; /* that play */
};

/* One way through the proxy, of all exchanges together. */
struct buffering_flow {
    uint64_t written; /* by those who send the large body */
    uint64_t read;    /* by those who are to get it */
    size_t reached;   /* requests whose head an upstream has read */
    bool whole;       /* every exchange's sender could send everything */
};

/* Once. False when the region is full. */
MUST_USE bool buffering_cast_init(struct buffering_cast *cast, struct world *world,
                                  struct region *region);
void buffering_cast_release(struct buffering_cast *cast);

/* Begins; NULL, or why the upstreams cannot listen. To be ended either way. */
MUST_USE const char *buffering_cast_start(struct buffering_cast *cast,
                                          const struct cast_place *place, enum buffering_part part,
                                          size_t exchanges);
/* Resets every connection, and forgets what was seen. */
void buffering_cast_end(struct buffering_cast *cast);

/* Lets uploads end when all of them wait to; true if they did. */
bool buffering_cast_go_on(struct buffering_cast *cast);

/* Of a row; not of a warm-up. */
struct buffering_flow buffering_cast_flow(const struct buffering_cast *cast);
/* What ended one of the exchanges, which were not to end: a sentence; NULL: they all stand. */
const char *buffering_cast_break(const struct buffering_cast *cast);

/* Of a warm-up: its client got what it asked for. */
bool buffering_cast_answered(const struct buffering_cast *cast);
/* Of a warm-up that did not: why. */
const char *buffering_cast_refusal(const struct buffering_cast *cast);

#endif
