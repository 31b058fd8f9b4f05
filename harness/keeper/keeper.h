/*
 * A process between the harness and a subject, that outlives neither: it starts the subject in a process group of its own, is
 * the parent of whatever the subject leaves behind (prctl(2), PR_SET_CHILD_SUBREAPER), and when it is told to, or when the
 * harness is gone however it ended, it ends them all and removes the subject's folder.
 *
 * Ownership: embedded; what keeper_start() began keeper_stop() ends. Threads: one. Errors: a sentence.
 */
#ifndef HARNESS_KEEPER_KEEPER_H
#define HARNESS_KEEPER_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "world/base/check.h"

enum {
    KEEPER_ERROR_BYTES = 512,
    KEEPER_PROCESSES_MAX = 256, /* of one subject */
    KEEPER_LEFT_MAX =
        64, /* that end in peace while others go on: those that help a subject to start */
};

struct keeper_order {
    const char *program;    /* its path */
    char *const *arguments; /* NULL-terminated, its name first */
    char *const *variables; /* its environment, NULL-terminated */
    const char *folder;     /* absolute; its working directory; removed with all that is in it */
    const char *output;     /* path of a file for its stdout and stderr, made by the keeper */
    int stop_signal;
    uint64_t stop_within_ns;
};

struct keeper {
    pid_t pid;     /* the keeper's; 0: none */
    int line;      /* to it and from it */
    pid_t subject; /* the process that was started; 0: none yet */
    /*
     * Of the process that was started and of those that lost their parent, the ones that ended with code 0: what makes a daemon,
     * or helped it to start, leaves when it has done so.
     */
    pid_t left[KEEPER_LEFT_MAX];
    size_t left_count;
    bool ended; /* it failed, or no process of it is left */
    int status; /* as waitpid(2) tells it, when ended */
};

/* From here on the folder is guarded. The order is copied; on false there is no keeper, and the folder is the caller's. */
MUST_USE bool keeper_start(struct keeper *keeper, const struct keeper_order *order,
                           char error[KEEPER_ERROR_BYTES]);
/* Starts the subject. Once. */
MUST_USE bool keeper_run(struct keeper *keeper, char error[KEEPER_ERROR_BYTES]);

/*
 * Whether the subject runs: the process that was started, or, when that ended with code 0, any that it left behind. Waits until a
 * time (0: not at all) for the keeper's news, that it has ended or that only others are left.
 */
bool keeper_subject_runs(struct keeper *keeper, uint64_t until_ns);
/* Its processes now, the descendants too, without those that have ended; how many. */
size_t keeper_processes(const struct keeper *keeper, pid_t pids[KEEPER_PROCESSES_MAX]);
/* Whether a process has ended otherwise than in peace. Waits for the keeper where it is about to say so. */
bool keeper_process_is_lost(struct keeper *keeper, pid_t pid);
/* Ends the subject and the keeper, and waits for both. Harmless when there is none. */
void keeper_stop(struct keeper *keeper);

#endif
