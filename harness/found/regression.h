/*
 * A failing case as a scenario file of its own: the base without its grid and expectations, with the faults and the order
 * that break a claim, and what was found. It expects its faults to take place, so that it never comes to prove nothing. Where
 * it is what the base itself expects that does not come about, it keeps that.
 *
 * Where the claim compares two cases that differ in size, the file keeps that axis of the grid and is both of them.
 *
 * The file parses to the same case as the base with that schedule, and plays to the same trace; docs/scenarios.md has the
 * keys `faults`, `order` and `found`.
 *
 * Ownership: text lives in the region that was given. Errors: a sentence.
 */
#ifndef HARNESS_FOUND_REGRESSION_H
#define HARNESS_FOUND_REGRESSION_H

#include <stdio.h>

#include "harness/found/shrink.h"
#include "harness/oracle/claims.h"
#include "harness/schedule/fault_words.h"
#include "harness/suite/suite.h"

/* What `found` says in the place of a claim where it is the scenario's own expectations that do not hold. */
#define REGRESSION_EXPECTATIONS "expectations-hold"

enum { REGRESSION_ERROR_BYTES = 4096 + 256 }; /* a path, and what is wrong with it */

struct regression {
    const struct scenario_file *file; /* of the base */
    size_t combination;               /* of its grid */
    const struct scenario *scenario; /* the base as it was read; its own faults are not looked at */
    const struct schedule *schedule;
    const struct fault_map *map; /* what the bytes are in which its faults are */
    const struct claim *claim;   /* NULL: none is broken */
    bool expecting;              /* its own expectations do not hold: they are written, too */
    const char *sentence;        /* what was wrong, as it was judged; NULL: the claim's own */
    uint64_t seed;
    uint64_t trace_hash;
    const char *requests; /* request_digest() of the base; NULL or "": not known */
    unsigned faults_met;  /* how many of its faults took place: so many must, ever after */
    const struct suite_case *beside; /* of the same file, with bodies of another size: the claim is
                                        about both, and so is the file; NULL: there is none */
    uint64_t beside_trace;
    const char *beside_requests;
};

/* Writes the scenario. False and a sentence when memory runs out; ask ferror() of the stream, too. */
MUST_USE bool regression_write(const struct regression *regression, FILE *out,
                               char error[REGRESSION_ERROR_BYTES]);

/*
 * Writes it into that folder, which is made if it is not there, under a name made of the claim, the base and the schedule: the
 * same failure goes to the same file. Returns the path; NULL and a sentence.
 */
MUST_USE const char *regression_save(const struct regression *regression, const char *folder,
                                     struct region *region, char error[REGRESSION_ERROR_BYTES]);

/* The name of the case in lifecycle words: "a request ... once, when upstream a's connection 1 closes after 17 bytes ...". */
const char *regression_name(const struct regression *regression, struct region *region);

/* Each fault of a schedule in words, an array of fault_count texts; NULL when the region is full. */
const char *const *schedule_words(const struct schedule *schedule, const struct fault_map *map,
                                  struct region *region);

#endif
