/*
 * One proxy that is not ours, as the command line named it, from its description to what reports want to know of it.
 *
 * Ownership: the options and the suite's items outlive the session. Errors: a sentence.
 */
#ifndef HARNESS_SESSION_SUBJECT_SESSION_H
#define HARNESS_SESSION_SUBJECT_SESSION_H

#include "harness/run/subject_run.h"
#include "harness/session/subject_options.h"

enum { SESSION_ERROR_BYTES = STANDING_ERROR_BYTES };

struct subject_session {
    struct region region;
    const struct subject_options *options;
    struct subject_file file;
    struct tls_draft tls;
    struct attached_proxy attached;
    struct subject_order order;
    struct subject_run run;
    bool run_begun;
    const char *name;  /* "nginx/default"; of an attached proxy its URL */
    const char *words; /* the options that name it, as a shell takes them */
};

/* Reads the description, and finds the profile. False, and nothing is left to close. */
MUST_USE bool subject_session_open(struct subject_session *session,
                                   const struct subject_options *options,
                                   char error[SESSION_ERROR_BYTES]);
void subject_session_close(struct subject_session *session);

/* Plays; the store was made from the plan's items. False when the proxy is not there or cannot start. */
MUST_USE bool subject_session_play(struct subject_session *session, const struct run_plan *plan,
                                   struct result_store *store, char error[SESSION_ERROR_BYTES]);

/* What only the command knows of a run. */
struct session_facts {
    const char *version; /* of retryproof */
    const char *paths;   /* what was played, as a shell takes it */
    int64_t started_unix;
    unsigned repeat;
};

/* What was seen, after playing; lives as long as the session. False when memory runs out. */
MUST_USE bool subject_session_tell(struct subject_session *session,
                                   const struct session_facts *facts, struct observed_run *out);

#endif
