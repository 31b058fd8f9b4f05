/*
 * The lines of one upstream of a schedule: where it listens, and what goes wrong on its connections.
 */
#ifndef TESTS_ALWAYS_RETRY_UPSTREAMS_H
#define TESTS_ALWAYS_RETRY_UPSTREAMS_H

#include "tests/always_retry/writing.h"

void put_upstream(struct writing *to, size_t upstream);

#endif
