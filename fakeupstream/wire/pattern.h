/*
 * Position-coded bodies: byte i is a function of i and of the body's seed, so that any shift, loss,
 * repetition or mixture of bodies is seen without storing one.
 *
 * Pure. Works on eight bytes at a time: a body of 1 GiB is made or checked in a fraction of a second.
 */
#ifndef FAKEUPSTREAM_WIRE_PATTERN_H
#define FAKEUPSTREAM_WIRE_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "world/base/bytes.h"

/* The seed of the message that carries this label ("a.1.2", "client.3"). */
uint64_t pattern_seed(struct bytes label);

/* Writes bytes offset to offset + size of the body with this seed. */
void pattern_fill(uint64_t seed, uint64_t offset, void *data, size_t size);

/* How many bytes from the start of data are those of the body at offset; size if all are. */
size_t pattern_match(uint64_t seed, uint64_t offset, const void *data, size_t size);

#endif
