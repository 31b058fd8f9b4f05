/*
 * A process between the harness and a subject, that outlives neither: it starts the subject in a process group of its own, is
 * the parent of whatever the subject leaves behind (prctl(2), PR_SET_CHILD_SUBREAPER), and when it is told to, or when the
 * harness is gone however it ended, it ends them all and removes the subject's folder.
 *
 * Ownership: embedded; what keeper_start() began keeper_stop() ends. Threads: one. Errors: a sentence.
 */
#ifndef HARNESS_FOREIGN_KEEPER_H
#define HARNESS_FOREIGN_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "world/base/check.h"

enum {
    KEEPER_ERROR_BYTES = 512,
    KEEPER_PROCESSES_MAX = 256, /* of one subject */
};

struct keeper_order {
    char *const *
        arguments; /* NULL-terminated; the first is looked for in PATH and the folders of system programs */
    const char
        *folder; /* its working directory; removed with all that is in it when it has ended */
    const char *output; /* a file there for its stdout and stderr */
    int stop_signal;
    uint64_t stop_within_ns;
};

struct keeper {
    pid_t pid;     /* the keeper's; 0: none */
    int line;      /* to it and from it */
    pid_t subject; /* the process that was started */
    bool ended;
    int status; /* as waitpid(2) tells it, when ended */
};

MUST_USE bool keeper_start(struct keeper *keeper, const struct keeper_order *order,
                           char error[KEEPER_ERROR_BYTES]);
/* Looks without waiting: whether the process that was started still runs. */
bool keeper_subject_runs(struct keeper *keeper);
/* Its processes now, the descendants too; how many. */
size_t keeper_processes(const struct keeper *keeper, pid_t pids[KEEPER_PROCESSES_MAX]);
/* Ends the subject and the keeper, and waits for both. Harmless when there is none. */
void keeper_stop(struct keeper *keeper);

#endif
