/*
 * A proxy that is not ours, running with the configuration that its `configure` made from a list of slots.
 *
 * Ownership: what standing_start() began standing_stop() ends: processes, ports and the temporary folder. File and slots
 * outlive it. Errors: a sentence that holds the subject's own error line where it has one.
 * Blocks for as long as the subject takes to start, at most its `ready` time for `configure` and again for itself;
 * standing_stop() blocks for as long as it takes to end, at most `stop: within` and what the kernel needs to kill.
 */
#ifndef HARNESS_FOREIGN_STANDING_H
#define HARNESS_FOREIGN_STANDING_H

#include "harness/foreign/subject_file.h"
#include "harness/keeper/keeper.h"

enum {
    STANDING_ERROR_BYTES = 1024,
    STANDING_CONFIGURATION_MAX =
        4 * 1024 * 1024, /* bytes that `configure` may print: thousands of slots */
};

/* What is to run: outlives the subject. */
struct standing_plan {
    const struct subject_file *file;
    const struct subject_profile *profile;
    const struct subject_slot *slots;
    size_t slot_count;
    bool (*is_interrupted)(void *owner); /* asked while it starts: true ends that; may be NULL */
    void *owner;
};

struct standing {
    struct standing_plan plan;
    char folder[PATH_MAX]; /* its temporary folder */
    struct keeper keeper;
    pid_t processes[KEEPER_PROCESSES_MAX]; /* when it was ready */
    size_t process_count;
};

/* Asks the subject its version; false and a sentence, with how to install it, where it is not there. */
MUST_USE bool standing_version(const struct subject_file *file, char version[SUBJECT_VERSION_BYTES],
                               char error[STANDING_ERROR_BYTES]);
/*
 * What `configure PROFILE FOLDER` prints for these slots; NULL and a sentence when it fails. A line "==> NAME <==" in it begins a
 * further file of that name in the subject's folder; what comes before the first such line is ${config}.
 */
const char *standing_configure(const struct standing_plan *plan, const char *folder,
                               struct region *region, char error[STANDING_ERROR_BYTES]);

/* Starts it and waits until every listener accepts. False, and nothing is left. */
MUST_USE bool standing_start(struct standing *standing, const struct standing_plan *plan,
                             char error[STANDING_ERROR_BYTES]);
/*
 * False and a sentence when a process of it has ended since it was ready. Of the one that was started and of those that lost
 * their parent, any may leave with code 0 while others go on: a daemon's start, and what helped it.
 */
bool standing_is_whole(struct standing *standing, char error[STANDING_ERROR_BYTES]);
/* Harmless when nothing stands. */
void standing_stop(struct standing *standing);

#endif
