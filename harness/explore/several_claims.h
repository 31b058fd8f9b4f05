/*
 * Claims about several runs: what a run must have in common with the clean one of its base, with one that has nearly the same
 * fault, and with itself when it is played again. They stand in the table of harness/oracle under the same numbers.
 */
#ifndef HARNESS_EXPLORE_SEVERAL_CLAIMS_H
#define HARNESS_EXPLORE_SEVERAL_CLAIMS_H

#include "harness/space/fault_space.h"
#include "harness/trial/outcome.h"
#include "harness/trial/player.h"

enum {
    SEVERAL_FIN_AND_RST =
        13,               /* at one byte, before any of the response, they give the same verdict */
    SEVERAL_SIZES = 37,   /* a larger body has the same high-water mark */
    SEVERAL_AGAIN = 45,   /* the same input gives the same trace */
    SEVERAL_PIECES = 46,  /* short writes and splits change no outcome */
    SEVERAL_NOT_MET = 47, /* a fault that finds no such byte changes no outcome */
    SEVERAL_LATE = 48,    /* nor does a delay below all timeouts */
    SEVERAL_SENTENCE_BYTES = 2 * OUTCOME_TEXT_BYTES + 256,
};

/* The run of a base without any fault: what others are compared with. */
struct clean_run {
    uint64_t trace_hash;
    uint64_t outcome;
    bool alone;     /* it has one client: nothing that is late makes another one first */
    bool unhurried; /* no step of a script and no timeout is as short as a delay */
    char text[OUTCOME_TEXT_BYTES];
};

/* What is said of a run that breaks one; of the others it is told what differs. */
#define SEVERAL_SAYS_ENDS  "with the other of FIN and RST at this byte something else came about"
#define SEVERAL_SAYS_AGAIN "played once more with the same seed, another trace came about"

/* The claim's place in the table; claims_count() if it is not there. */
size_t several_claim(unsigned number);

/* Plays the base of that trial without its faults, and tells how it went. */
void clean_run_play(struct player *player, const struct trial *trial, struct clean_run *clean,
                    struct played *out);

/* Which claim asks whether this run is like the clean one: 46, 47 or 48; 0: none does. */
unsigned clean_run_asks(const struct clean_run *clean, const struct trial *trial,
                        const struct played *played);
/* Whether it is; if not, *sentence says what differs. */
bool clean_run_is_like(const struct clean_run *clean, const struct played *played,
                       char sentence[SEVERAL_SENTENCE_BYTES]);

/* Whether the fault is one of the pair that claim 13 is about, and met before its upstream answered with a byte. */
bool is_silent_end(const struct wire_fault *fault, const struct played *played,
                   const struct evidence *evidence);

/* Whether the claim at that place of the table is one of these. */
bool several_claim_is(size_t claim);

/* What a trial came to beside what it was compared with. */
struct several_came {
    struct played played;                  /* the trial */
    uint64_t beside_trace;                 /* SEVERAL_SIZES: of the case of another size */
    char sentence[SEVERAL_SENTENCE_BYTES]; /* what differs; empty: nothing */
};

/* Plays the trial, and before it whatever it must be compared with, and tells whether it breaks that claim, one of these. */
bool trial_breaks(struct player *player, const struct trial *trial, size_t claim,
                  struct several_came *out);

#endif
