/*
 * How far a run is, told on stderr: a bar on a terminal, a line now and then elsewhere, nothing when it is quick.
 */
#ifndef HARNESS_TERMINAL_PROGRESS_H
#define HARNESS_TERMINAL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    size_t total;
    size_t done;
    size_t failed;
    bool silent;
    bool bar;   /* a person watches */
    bool shown; /* a bar stands on the line */
    uint64_t began_ns;
    uint64_t next_ns; /* not before */
    unsigned asked;   /* times that somebody asked whether it is time to tell again */
};

void progress_init(struct progress *progress, size_t total, bool silent);
/* One more case is done. running: the case that runs for the longest now; NULL: nobody knows. */
void progress_note(struct progress *progress, bool failed, const char *running);
/* None is done, but time goes by. */
void progress_tick(struct progress *progress, const char *running);
/* A person watches a run that is not over at once. */
bool progress_is_watched(const struct progress *progress);
/* So many are done of a total that may have grown; more says what else there is to say, and may be empty. Any number of calls. */
void progress_tell(struct progress *progress, size_t done, size_t total, const char *more);
/* Takes the bar away, before anything else is written. */
void progress_clear(struct progress *progress);

#endif
