/*
 * Where an attempt stands, from its counters alone (never from errno).
 */
#ifndef PROXY_POLICY_PROGRESS_H
#define PROXY_POLICY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "world/base/failure.h"

struct progress {
    uint64_t tx;              /* request bytes accepted by the lowest layer */
    uint64_t rx;              /* response bytes received */
    bool request_handed_over; /* all of it, framing included */
    bool final_head;          /* the final response head is complete */
    bool response_down;       /* that head has entered the downstream window */
};

/* The stage of an attempt that has a connection. The response side wins (decision 2 of the design). */
enum stage progress_stage(const struct progress *progress);

#endif
