/*
 * The text of a schedule while it is being written: words, and the chances of which they are drawn.
 *
 * Ownership: refers to the schedule, whose text it makes longer. Limits: those of the schedule; never reached.
 */
#ifndef TESTS_ALWAYS_RETRY_WRITING_H
#define TESTS_ALWAYS_RETRY_WRITING_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/always_retry/chance.h"
#include "tests/always_retry/schedule.h"
#include "world/base/check.h"

enum { UPSTREAMS_OF_SCHEDULE_MAX = 3 };

/* What one upstream of the schedule is, so that clients ask it for what it can answer. */
struct upstream_shape {
    bool
        streams; /* its connections are streams from their first byte: it is a target of CONNECT alone */
    bool secure; /* it speaks TLS */
    bool named;  /* the proxy is told of it by a name */
};

/* What parts of a schedule need to know of each other. */
struct writing {
    struct schedule *schedule;
    struct chance chance;
    size_t replay_bytes; /* bodies near it matter most */
    size_t window_bytes;
    size_t upstream_count;
    struct upstream_shape upstreams[UPSTREAMS_OF_SCHEDULE_MAX];
    bool forward;      /* clients name the upstream that they ask for */
    bool routed;       /* some do: there are routes of both modes */
    bool upgrades;     /* some ask for another protocol, some upstreams grant it */
    bool users;        /* who has no password does not come in */
    bool client_tls;   /* the proxy's listener speaks TLS */
    bool upstream_tls; /* one of the upstreams does, at least */
};

void put(struct writing *to, const char *format, ...) PRINTF_LIKE(2, 3);
/* True in so many cases of a hundred. */
bool percent(struct writing *to, unsigned of_hundred);
/* 0 to count - 1. */
size_t below(struct writing *to, size_t count);
/* "a", "b", "c". */
const char *upstream_name(size_t upstream);
/* 1 or more; near where something changes, by one byte more or less; in a few cases anywhere. */
size_t any_size(struct writing *to);
/* "fin", "rst" or "stall". */
const char *any_failure(struct writing *to);
/* The same, or where there is TLS an end without its goodbye, "cut". */
const char *any_end(struct writing *to);

#endif
