#include "reports/coverage/coverage.h"

#include "world/base/check.h"

const char *coverage_state_word(enum coverage_state state)
{
    static const char *const words[] = {
#define COVERAGE_STATE_WORD(name, word) [COVERAGE_##name] = word,
        COVERAGE_STATE_LIST(COVERAGE_STATE_WORD)
#undef COVERAGE_STATE_WORD
    };

    check((unsigned)state < COVERAGE_STATE_COUNT);
    return words[state];
}

static struct coverage_counts count_cells(const struct acceptance_coverage *coverage)
{
    struct coverage_counts counts = {{0}};

    for (size_t row = 0; row < coverage->row_count; row++)
        for (size_t column = 0; column < coverage->column_count; column++)
            counts.by_state[coverage->rows[row].cells[column].state]++;
    return counts;
}

struct coverage_counts coverage_count(const struct acceptance_coverage *coverage,
                                      enum coverage_part part)
{
    struct coverage_counts counts = {{0}};

    if (part == COVERAGE_CELLS)
        return count_cells(coverage);
    if (part == COVERAGE_TRANSITIONS && coverage->transitions_counted)
        for (size_t i = 0; i < coverage->transition_count; i++)
            counts.by_state[coverage->transitions[i].mark.state]++;
    if (part == COVERAGE_CLAIMS)
        for (size_t i = 0; i < coverage->claim_count; i++)
            counts.by_state[coverage->claims[i].mark.state]++;
    if (part == COVERAGE_REQUIREMENTS)
        for (size_t i = 0; i < coverage->requirement_count; i++)
            counts.by_state[coverage->requirements[i].mark.state]++;
    if (part == COVERAGE_CITATIONS)
        for (size_t i = 0; i < coverage->citation_count; i++)
            counts.by_state[coverage->citations[i].mark.state]++;
    return counts;
}

int coverage_exit_code(const struct acceptance_coverage *coverage, bool gate)
{
    enum { PASSED = 0, FAILED = 1, NOTHING = 4, INTERRUPTED = 130 }; /* as of a run */

    if (coverage->interrupted)
        return INTERRUPTED;
    if (coverage->played + coverage->failed == 0)
        return NOTHING;
    if (coverage->failed > 0 || (gate && coverage->stale_count > 0))
        return FAILED;
    for (unsigned part = 0; gate && part < COVERAGE_PART_COUNT; part++)
        if (coverage_count(coverage, (enum coverage_part)part).by_state[COVERAGE_MISSING] > 0)
            return FAILED;
    return PASSED;
}
