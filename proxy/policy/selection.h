/*
 * Which upstream the next attempt goes to. Pure: facts in, index out.
 *
 * Sources: decisions 8 and 13: prefer upstreams not yet tried in this exchange, wrap when none is left; an
 * ejected upstream is passed over, but never the last one left.
 */
#ifndef PROXY_POLICY_SELECTION_H
#define PROXY_POLICY_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "retryproof/policy.h"

enum { SELECTION_NONE = -1 };

struct selection_candidate {
    bool ejected;    /* out by passive health at this moment */
    unsigned tries;  /* in this exchange */
    unsigned in_use; /* live exchanges on it */
};

struct selection_facts {
    enum selection_rule rule;
    const struct selection_candidate *candidates; /* in the order of the configuration */
    size_t count;
    size_t turn; /* round robin: where to begin; wraps */
    bool stay;   /* retry_other_upstream: false, after attempt 1 */
    size_t last; /* index of the last attempt's upstream, where there was one */
};

/*
 * An index, or SELECTION_NONE when count is 0. Order of preference: not ejected; tried least often, so that after all were
 * tried it begins again; another than the last. Among equals the rule decides, then the lower index.
 */
int selection_decide(const struct selection_facts *facts);

#endif
