/*
 * What a run showed of somebody's proxy, as plain values: what the harness fills, a result file holds, and the
 * comparison, the list of harms and the list of changes render.
 *
 * Ownership: text and arrays are owned by whoever filled the value, and outlive what is made from it.
 * Limits: OBSERVED_UPSTREAMS_MAX; none else of its own. Text may hold any bytes but NUL.
 */
#ifndef REPORTS_SUBJECTS_OBSERVED_H
#define REPORTS_SUBJECTS_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reports/result.h"
#include "reports/subjects/harm.h"
#include "world/base/check.h"
#include "world/base/region.h"

enum { OBSERVED_UPSTREAMS_MAX = 8 }; /* of one case; scenarios for any proxy have two */

/* What one upstream saw of a case, set-up requests left out. */
struct observed_upstream {
    const char *name;
    unsigned
        attempts; /* connections made for it, plus requests begun on a connection used before */
    unsigned delivered; /* requests that reached it whole */
    uint64_t bytes;     /* of request bodies that reached it, all attempts together */
};

/* Whether what reached the upstreams is what the client sent. */
enum observed_body {
    OBSERVED_BODY_NONE,    /* nothing arrived, or there was no body to send */
    OBSERVED_BODY_SAME,    /* every delivered request has the client's body, byte for byte */
    OBSERVED_BODY_PART,    /* only a beginning of it arrived anywhere, and was seen to be a part */
    OBSERVED_BODY_CHANGED, /* a request that looks whole has other bytes, or fewer or more */
    OBSERVED_BODY_COUNT
};
/* "none", "same", "part", "changed" */
const char *observed_body_word(enum observed_body body);

/* One way in which a case went; the same case played again may go another way. */
struct observation {
    enum verdict verdict; /* fail only where a policy was declared and is broken */
    enum level level;     /* of the worst finding; LEVEL_INFO where there is none */
    /* What the client got: "502", "200", "200 cut", "closed" (no answer), "hang", "garbage"; NULL if it was not played. */
    const char *client;
    struct observed_upstream upstreams[OBSERVED_UPSTREAMS_MAX];
    size_t upstream_count;
    enum observed_body body;
    unsigned after_cancel; /* attempts that began after the client had gone */
    unsigned long harms;   /* bit of each enum harm */
    unsigned
        seconds; /* until the client had an end, whole seconds, so that files of two runs are alike */
    uint64_t duration_ns; /* the same exactly; not kept in a file */
    /* Findings and harms in words; of a case that was not played, why. */
    const char *const *sentences;
    size_t sentence_count;
    unsigned times; /* how often the case went like this, at least 1 */
};

/* One case, played once or several times. */
struct observed_case {
    const char *id; /* as in struct case_result, and the same for all fields down to method */
    const char *name;
    const char *file;
    unsigned line;
    const char *stage;
    const char *fault;
    const char *method;
    const struct observation
        *ways;        /* most frequent first; more than one: the subject is racy here */
    size_t way_count; /* at least 1 */
    unsigned played;  /* the sum of their times */
};

/* How much a proxy takes in beyond what leaves it, seen from outside. */
struct observed_buffering {
    const char *way;    /* "upload": its upstream stops reading; "download": its client does */
    unsigned exchanges; /* side by side */
    uint64_t offered;   /* body bytes of each */
    uint64_t
        swallowed; /* of all exchanges: taken from one side, not given to the other, and not in the kernel */
    uint64_t kernel;        /* of all exchanges: in send and receive queues of the four sockets */
    uint64_t memory_growth; /* of all its processes */
    uint64_t file_growth;   /* of files it holds open or has in its folder */
    bool whole;             /* it took everything that was offered: it has no bound below that */
    const char *trouble;    /* why there is no figure; NULL: there is one */
};

/* All that one subject with one profile showed. */
struct observed_run {
    const char *subject; /* "nginx"; of an attached proxy its URL */
    const char *version; /* "1.22.1"; of an attached proxy what its Server field says, or "" */
    const char *profile; /* "default"; of an attached proxy "attached" */
    const char *profile_meaning; /* a sentence */
    const char *expect;          /* "observe", "at-most-once", "idempotent", "rfc9110" */
    const char *retryproof_version;
    const char *date;      /* "2026-11-21", UTC */
    const char *reproduce; /* one command to paste */
    const char *const
        *configuration; /* the text given to the proxy for one case, a line each; may be empty */
    size_t configuration_count;
    uint64_t settle_ns; /* how long absence was watched for */
    const char *settle_source;
    unsigned repeat;
    const struct observed_case *cases; /* sorted by id */
    size_t case_count;
    const struct observed_buffering *buffering;
    size_t buffering_count;
};

/* More than one way: what one run shows need not be what the next one shows. */
static inline bool observed_is_racy(const struct observed_case *one)
{
    return one->way_count > 1;
}

/* The worst of its ways, by verdict, then level, then harms; never NULL. */
const struct observation *observed_worst(const struct observed_case *one);
/* The harms of all its ways, a bit each. */
unsigned long observed_harms(const struct observed_case *one);
/* In how many cases of a run it was done; the first of them where asked for, NULL if there is none. */
size_t observed_count_harm(const struct observed_run *run, enum harm harm,
                           const struct observed_case **first);
/* The first row of a run for the same way and number of exchanges; NULL if there is none. */
const struct observed_buffering *observed_find_buffering(const struct observed_run *run,
                                                         const struct observed_buffering *like);
/* The gravity of the gravest of these; 0 where there is none. */
unsigned observed_gravity(unsigned long harms);

/* Of all upstreams together. */
unsigned observation_attempts(const struct observation *way);
unsigned observation_delivered(const struct observation *way);
/* The case was played to its end, so that there is something to show of it. */
bool observation_has_outcome(const struct observation *way);

/* One command that plays the case again; NULL when the region is full. */
MUST_USE const char *observed_reproduction(const struct observed_run *run,
                                           const struct observed_case *one, struct region *region);

enum {
    OBSERVED_SIZE_TEXT_BYTES = 32,         /* 20 digits, " KiB" and a NUL, with room */
    OBSERVED_BYTES_ROUNDED_MIN = 16 * 1024 /* less than half of it is what a process does anyway */
};
/*
 * What a proxy took in, as a figure that two runs share: the nearest power of two, so that a buffer of 64 KiB stays one
 * when a few bytes come on top; 0 for less than half of OBSERVED_BYTES_ROUNDED_MIN.
 */
uint64_t observed_round(uint64_t bytes);
/* Exactly, in the largest unit without a fraction: "64 KiB", "1000 B", "0"; returns text. */
const char *observed_size(uint64_t bytes, char text[OBSERVED_SIZE_TEXT_BYTES]);
/* What observed_size() wrote; false where it is no such text. */
MUST_USE bool observed_size_read(const char *text, uint64_t *bytes);

#endif
