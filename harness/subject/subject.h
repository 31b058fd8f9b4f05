/*
 * The proxy under test in a process of its own, so that its memory can be measured: this same program, run as
 * `retryproof proxy`; or another program, which is told where to listen and its upstreams, and nothing else.
 *
 * Ownership: embedded. What was started is stopped, by its pid; should the harness die, the kernel kills the subject.
 * Nothing is left on disk: the configuration is a file in memory.
 * Threads: one. Errors: a sentence.
 */
#ifndef HARNESS_SUBJECT_SUBJECT_H
#define HARNESS_SUBJECT_SUBJECT_H

#include <stdio.h>
#include <sys/types.h>

#include "retryproof/proxy.h"

enum {
    SUBJECT_ERROR_BYTES = 256,
    SUBJECT_LINE_BYTES = 128, /* "listening on ADDRESS:PORT" and a newline, with room */
};

/* How long a subject may take to listen, and to end when it is asked to. */
#define SUBJECT_PATIENCE_NS (10 * NS_PER_S)

struct subject {
    pid_t pid;      /* 0: none is running */
    int output;     /* its stdout */
    int complaints; /* its stderr, a file in memory */
    char line[SUBJECT_LINE_BYTES];
    size_t line_size;
    struct address address;
};

enum subject_state { SUBJECT_STARTING, SUBJECT_LISTENS, SUBJECT_ENDED };

/* Starts it with these settings; program NULL is our own. False, and nothing is left, when that fails. */
MUST_USE bool subject_start(struct subject *subject, const struct proxy_settings *settings,
                            const char *program, char error[SUBJECT_ERROR_BYTES]);
/* Looks without waiting; an ended one is reaped, and error is what it said last. */
enum subject_state subject_look(struct subject *subject, char error[SUBJECT_ERROR_BYTES]);
/* Asks it to end (SIGTERM), or ends it at once and reaps it. Both harmless when none is running. */
void subject_ask_to_end(struct subject *subject);
void subject_kill(struct subject *subject);

/* Bytes of resident memory now; 0 if it cannot be told. */
uint64_t subject_memory(const struct subject *subject);
/* From now on subject_memory_peak() counts afresh. */
void subject_forget_peak(const struct subject *subject);
uint64_t subject_memory_peak(const struct subject *subject);

/* The configuration file that says these settings. */
void subject_write_config(const struct proxy_settings *settings, FILE *out);

#endif
