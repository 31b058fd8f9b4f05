/*
 * What starting and watching somebody else's processes asks of this machine, for which no world stands in: a real clock, real
 * descriptors, real environment. No verdict on a proxy rests on it.
 */
#ifndef HARNESS_KEEPER_MACHINE_H
#define HARNESS_KEEPER_MACHINE_H

#include <poll.h>
#include <stdint.h>

#include "world/world.h"

/* Monotonic nanoseconds. These two may be called between fork() and exec(). */
uint64_t machine_now(void);
/* Until one of them has something, a signal came, or the time is reached (TIME_NEVER: never); revents are then set. */
void machine_wait(struct pollfd *watched, nfds_t count, uint64_t until_ns);

/* Whether somebody accepts connections there; the connection is closed at once. */
bool machine_accepts(const struct address *address);

/* NULL if there is none of that name, or an empty one. */
const char *machine_variable(const char *name);

#endif
