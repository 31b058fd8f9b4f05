/*
 * The policies that a user can declare for a proxy that is not ours, and whether a case broke one.
 *
 *   at-most-once   acceptance matrix, section 1: no attempt after one of which an upstream read a byte (must), none after the
 *                  client has left (must); a request that was refused is tried again elsewhere (should)
 *   idempotent     the same, but requests of idempotent methods may be sent again until a byte of the response went down
 *   rfc9110        what RFC 9110 and 9112 say of retries, messages and statuses, each at its level
 *   observe        nothing is judged
 *
 * Whatever is declared but `observe`, a harm of gravity 2 is a finding at level must.
 */
#ifndef HARNESS_OBSERVED_DECLARED_H
#define HARNESS_OBSERVED_DECLARED_H

#include "harness/verdict/evidence.h"
#include "reports/subjects/observed.h"

enum declared {
    DECLARED_OBSERVE,
    DECLARED_AT_MOST_ONCE,
    DECLARED_IDEMPOTENT,
    DECLARED_RFC9110,
    DECLARED_COUNT
};

const char *declared_word(enum declared declared);
/* DECLARED_COUNT where the word is none of them. */
enum declared declared_find(const char *word);

/*
 * Sets verdict, level and sentences of an observation that observe_case() made: a sentence for each finding, worst first,
 * with its level and rule ("must, RFC 9110 9.2.2: POST /pay reached …"; of a harm its title), then one for each harm that is no
 * finding ("response cut visibly: …"). Findings at must and should make it a fail, those at info are only shown. False when the
 * region is full.
 */
MUST_USE bool declared_judge(enum declared declared, const struct evidence *evidence,
                             struct region *region, struct observation *out);

#endif
