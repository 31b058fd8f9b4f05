#include "proxy/policy/selection.h"

#include "world/base/check.h"

/* Smaller is better. An ejected upstream that was not tried beats nothing but its like. */
static int rank(const struct selection_candidate *candidate)
{
    if (!candidate->ejected)
        return candidate->tried ? 1 : 0;
    return candidate->tried ? 3 : 2;
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
        int better = rank(&facts->candidates[best]) - rank(&facts->candidates[i]);

        if (better > 0 || (better == 0 && order(facts, i) < order(facts, best)))
            best = i;
    }
    return (int)best;
}
