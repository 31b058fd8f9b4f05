/*
 * The keeper's side of harness/foreign/keeper.h: what runs in the process itself. The program that forked it may have threads,
 * so nothing here takes memory or a lock: only what signal-safety(7) lists, and system calls.
 */
#ifndef HARNESS_KEEPER_KEEPER_PROCESS_H
#define HARNESS_KEEPER_KEEPER_PROCESS_H

#include "harness/keeper/keeper.h"

/* What the keeper tells, one message each. The harness says only RUN, by a byte, and END, by closing its side of the line. */
enum keeper_news {
    KEEPER_GUARDS,  /* value: 0. It holds no descriptor of the harness any more */
    KEEPER_RUNS,    /* value: the pid; the subject is another program by now */
    KEEPER_REFUSED, /* value: the errno for which it is not */
    KEEPER_LEFT,    /* value: the pid of one that ended with code 0; told before it is buried */
    KEEPER_ENDED,   /* value: status */
};

struct keeper_message {
    enum keeper_news news;
    int value;
};

struct keeper_post {
    const struct keeper_order *order;
    int line; /* a socket that keeps messages apart */
    pid_t harness;
};

/* With all signals blocked. */
NORETURN void keeper_process_serve(const struct keeper_post *post);

#endif
