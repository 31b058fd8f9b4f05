/*
 * Which positions of faults are alike: neighbours whose runs have one fingerprint.
 *
 * Faults of one connection, direction and kind are a span of positions; a class is a longest run of positions in it with equal
 * fingerprints. Its first and last position stand for all of it where faults are put together. That this loses nothing is
 * not taken for granted: tests hold it against all positions.
 *
 * Pure.
 */
#ifndef HARNESS_SPACE_POSITION_CLASS_H
#define HARNESS_SPACE_POSITION_CLASS_H

#include "harness/space/fault_space.h"

/* What the run with one fault came to. */
struct position {
    uint64_t fingerprint; /* of its shape, its broken claims and its outcome */
    uint64_t verdict;     /* of its outcome, without causes */
    bool silent;          /* a FIN or RST before its upstream answered with a byte */
    bool meets_more;      /* a lasting fault would meet something else besides */
};

/* Classes of one span; adds the places of those that stand for them to list, which has room for all positions. */
size_t position_classes(const struct position *positions, const struct fault_span *span,
                        size_t *list, size_t *count);

#endif
