/*
 * One case, from the first listener to the last closed connection: when it has settled, when it is over, and what
 * comes of it.
 *
 * A case is played until its clients are done and the proxy has nothing under way; then the proxy is stopped, and the
 * actors play on until nothing is left. No moment of this is a guess of time: the simulation runs until nothing is
 * due, and on sockets what was sent on one side must have arrived on the other.
 *
 * Ownership: made once per place where a case can run and used for one case after the other. The world is the caller's,
 * who runs it; in the simulation the world is reconfigured by each case.
 */
#ifndef HARNESS_RUN_CASE_RUN_H
#define HARNESS_RUN_CASE_RUN_H

#include "harness/cast/cast.h"
#include "harness/observed/declared.h"
#include "harness/oracle/claims.h"
#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"
#include "reports/result.h"
#include "world/sim/sim.h"

enum {
    CASE_STORY_MAX = 80, /* lines of a failed case's timeline; more is not read */
    CASE_BYTES_MAX = 64 * 1024 * 1024,
    CASE_RECORDING_BYTES_MAX = 4 * 1024 * 1024, /* of one, as text; a larger one is left out */
};

/* Of which cases a recording is made, see reports/recording/recording.h. */
enum case_record {
    CASE_RECORD_NONE,
    CASE_RECORD_FAILED, /* those with findings */
    CASE_RECORD_ALL,
};
/* "none", "failed", "all" */
const char *case_record_word(enum case_record record);

/* What came of a case. */
struct case_outcome {
    enum verdict verdict;
    const char *const *sentences;
    size_t sentence_count;
    unsigned finding_line; /* of the scenario, as in a case_result */
    const char *client;    /* NULL: it was not played */
    unsigned attempts;
    unsigned delivered;
    uint64_t duration_ns;
    uint64_t trace_hash;
    uint64_t shape_hash; /* of the simulation, see sim_shape_hash() */
    claim_set exercised; /* claims that there was something to judge for */
    claim_set broken;    /* those among them that do not hold */
    bool unexpected;     /* something else came about than the scenario expects */
    unsigned faults_met; /* a bit for each of the scenario's faults that took place */
    const char *const *story;
    size_t story_count;
    const char *recording; /* one line of JSON; NULL: none was made */
    bool subject_failed;   /* the subject could not start */
    bool unreached; /* no probe of a running proxy came where it should, so it was not begun */
    const struct observation
        *observation; /* of a proxy that is not ours; NULL: it is ours, or was not asked */
};

/* Where and how a case is played against a proxy that is not ours. Outlives the case. */
struct case_place {
    struct cast_place where;
    enum declared declared;
    uint64_t settle_ns; /* no further attempt may come for so long behind the end of the clients */
    uint64_t patience_ns; /* clients that wait longer are left hanging */
    /*
     * Other cases have been played here, so the proxy may hold an upstream to be down, or begin with another one: for so long it
     * is probed until a request comes to the scenario's first upstream. 0: nobody was here before.
     */
    uint64_t recover_ns;
};

struct case_run;

/* NULL when memory runs out. */
MUST_USE struct case_run *case_run_create(struct world *world, enum world_kind kind);
/* Not while a case is under way. */
void case_run_destroy(struct case_run **run);

/* Cases that begin from here on are recorded so; at first none is. Between cases. */
void case_run_record(struct case_run *run, enum case_record record);

/* Begins. The scenario outlives the case. Not from within an upcall. */
void case_run_start(struct case_run *run, const struct scenario *scenario, uint64_t seed);

/* The same against the proxy at that place, in a world of real sockets. */
void case_run_start_at(struct case_run *run, const struct scenario *scenario,
                       const struct case_place *place);
/* A process of that proxy has ended: the case is over at once, and is told so. */
void case_run_note_death(struct case_run *run);

/*
 * To be called after the world has run, with how that ended. True when the case is over. Not from within an upcall.
 */
bool case_run_advance(struct case_run *run, enum run_end how);
/* Its clients have not done so far: whoever is asked may have work to do. */
bool case_run_is_moving(const struct case_run *run);
/* The moment up to which the world may run before the next look; it may be looked at before. */
uint64_t case_run_until(const struct case_run *run);

/* Ends a case that is under way, at once; it cannot be judged. Not from within an upcall. */
void case_run_abort(struct case_run *run);

/* Judges the case that is over. Text and arrays live until case_run_reset(). */
void case_run_judge(struct case_run *run, struct case_outcome *out);
/* Forgets the case. */
void case_run_reset(struct case_run *run);

/*
 * Who chooses what comes next among things that are ready at one moment, in cases of the simulation that begin from here on, in
 * place of their scenario's `order`; NULL: nobody does.
 */
void case_run_order_by(struct case_run *run, sim_order *order, void *owner);
/* What was seen of the case that is over and judged; until case_run_reset(). */
const struct evidence *case_run_evidence(const struct case_run *run);

/* Starts and plays a case to its end in the simulation. */
void case_run_play(struct case_run *run, const struct scenario *scenario, uint64_t seed);

#endif
