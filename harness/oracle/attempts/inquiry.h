/*
 * One claim that is asked of one run: whether anything came about that it could be asked of, and whether it was broken.
 * Beside it the questions that claims of several subjects ask.
 *
 * Pure. A plain value on the stack of the claim's function.
 */
#ifndef HARNESS_ORACLE_ATTEMPTS_INQUIRY_H
#define HARNESS_ORACLE_ATTEMPTS_INQUIRY_H

#include "harness/verdict/attempts.h"
#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* What a claim says of one run. */
enum claim_answer {
    CLAIM_NOT_EXERCISED, /* nothing came about that it could be asked of */
    CLAIM_HELD,
    CLAIM_BROKEN, /* and a sentence was added for each breach */
};

typedef enum claim_answer claim_judge(const struct evidence *evidence, struct findings *findings);

struct inquiry {
    const struct evidence *evidence;
    struct findings *findings;
    size_t found_before;
    bool exercised; /* set by the claim when it has met something to judge */
};

static inline struct inquiry inquiry_begin(const struct evidence *evidence,
                                           struct findings *findings)
{
    return (struct inquiry){evidence, findings, findings->count, false};
}

static inline enum claim_answer inquiry_end(const struct inquiry *inquiry)
{
    if (inquiry->findings->count > inquiry->found_before)
        return CLAIM_BROKEN;
    return inquiry->exercised ? CLAIM_HELD : CLAIM_NOT_EXERCISED;
}

static inline const char *inquiry_upstream(const struct evidence *evidence,
                                           const struct attempt_fact *attempt)
{
    return evidence->scenario->upstream_names[attempt->upstream];
}

/* What the attempts of the case are held to: the loosest of its routes. */
static inline const struct retry_settings *inquiry_retry(const struct evidence *evidence)
{
    return &evidence->scenario->retry;
}

/* Whether a fault of that kind took place in this run: it may have moved times, or have ended what the proxy would not have. */
bool inquiry_met(const struct evidence *evidence, enum wire_fault_kind kind);
/* Whether any fault took place. */
static inline bool inquiry_is_faulty(const struct evidence *evidence)
{
    return evidence->faults_met != 0;
}

/*
 * Whether it is known where the attempt stands among those at its request: on a connection used before nobody sees an attempt
 * begin, so that one of the same moment may have come before it or behind it.
 */
bool inquiry_is_alone(const struct evidence *evidence, const struct attempt_fact *attempt);

/* The attempt and the one at the same request that is known to have begun after it; NULL in *next past the last pair. */
struct inquiry_pair {
    const struct attempt_fact *before;
    const struct attempt_fact *next;
};
/* The next pair of attempts of this request, one known to follow the other. Begin with both NULL. */
bool inquiry_next_pair(const struct evidence *evidence, const struct request_fact *request,
                       struct inquiry_pair *pair);

/* RFC 9110 9.2.2: whether the settings and the method let it be sent again though an upstream may have seen it. */
bool inquiry_may_be_repeated(const struct evidence *evidence, const struct request_fact *request);
/* Whether a hook of that name asks for another attempt. */
bool inquiry_hook_retries(const struct evidence *evidence, enum hook_name hook);

/* The record of a request, where there is one such request and one such record; else NULL. */
const struct exchange_record *inquiry_record_of(const struct evidence *evidence,
                                                const struct request_fact *request);
/* Whether all records of the proxy are here, and it plays within this process. */
static inline bool inquiry_has_records(const struct evidence *evidence)
{
    return evidence->trace != NULL && evidence->record_total == evidence->record_count;
}

#endif
