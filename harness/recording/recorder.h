/*
 * What was seen of one case, written down so that it can be shown later (reports/recording/recording.h): from the evidence, the
 * records of the proxy, and the trace of whoever saw the connections.
 *
 * Pure. Ownership: the text lives in the region that was given; what it is made from outlives the call.
 * Limits: RECORDER_* below; what comes past them is counted, in totals and in events_lost.
 */
#ifndef HARNESS_RECORDING_RECORDER_H
#define HARNESS_RECORDING_RECORDER_H

#include "fakeupstream/secure/key_log.h"
#include "harness/verdict/evidence.h"
#include "world/filters/trace.h"

enum {
    RECORDER_CONNECTIONS_MAX = 256, /* a case that shows something has two to ten */
    RECORDER_BYTES_MAX =
        512 * 1024, /* of all connections: as text it stays below CASE_RECORDING_BYTES_MAX */
    RECORDER_NOTES_MAX = 512, /* decisions, and what actors did on purpose */
    RECORDER_OTHERS_MAX = 16, /* lanes for addresses that are no upstream's */
};

struct recorder_input {
    const struct evidence *evidence; /* gathered */
    const struct world
        *trace; /* the proxy's, or one around the actors where it is another process */
    const struct key_log *secrets;
    bool from_proxy; /* the trace is the proxy's */
};

/* One line of JSON; NULL if the region is too small. */
MUST_USE const char *recorder_write(const struct recorder_input *input, struct region *region);

#endif
