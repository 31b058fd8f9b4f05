#include "proxy/policy/selection.h"

#include "retryproof/limits.h"
#include "world/base/check.h"

/* Smaller is better. */
static unsigned rank(const struct selection_facts *facts, size_t index)
{
    const struct selection_candidate *candidate = &facts->candidates[index];
    unsigned failed_last = candidate->tries > 0 && index == facts->last;

    check(candidate->tries <= RETRIES_MAX);
    return (candidate->ejected ? 4 * RETRIES_MAX : 0) + 2 * candidate->tries + failed_last;
}

/* How the rule orders equals, smaller first. */
static size_t order(const struct selection_facts *facts, size_t index)
{
    switch (facts->rule) {
    case SELECT_ROUND_ROBIN:
        return (index + facts->count - facts->turn % facts->count) % facts->count;
    case SELECT_LEAST_CONNECTIONS:
        return facts->candidates[index].in_use;
    case SELECT_FIRST:
    default:
        return 0;
    }
}

int selection_decide(const struct selection_facts *facts)
{
    size_t best = 0;

    if (facts->count == 0)
        return SELECTION_NONE;
    if (facts->stay) {
        check(facts->last < facts->count);
        return (int)facts->last;
    }
    for (size_t i = 1; i < facts->count; i++) {
        unsigned rank_best = rank(facts, best);
        unsigned rank_i = rank(facts, i);

        if (rank_i < rank_best || (rank_i == rank_best && order(facts, i) < order(facts, best)))
            best = i;
    }
    return (int)best;
}
