#include "reports/cell.h"

#include <stdio.h>
#include <string.h>

static enum matrix_mark mark_of(const struct case_result *result)
{
    switch (result->verdict) {
    case VERDICT_PASS:
        return MARK_PASS;
    case VERDICT_FAIL:
        return case_fails_run(result) ? MARK_FAIL : MARK_ADVISED;
    case VERDICT_UNSUPPORTED:
        return MARK_UNSUPPORTED;
    case VERDICT_SKIPPED:
        return MARK_SKIPPED;
    case VERDICT_SETUP_FAILED:
    case VERDICT_ERROR:
    case VERDICT_COUNT:
        break;
    }
    return MARK_ERROR;
}

bool case_has_outcome(const struct case_result *result)
{
    return result->verdict == VERDICT_PASS || result->verdict == VERDICT_FAIL;
}

const char *case_client(const struct case_result *result)
{
    return result->client == NULL ? "-" : result->client;
}

static void add_client(struct cell *cell, const char *client)
{
    size_t at = 0;
    while (at < cell->client_count && strcmp(cell->clients[at], client) < 0)
        at++;
    if (at < cell->client_count && strcmp(cell->clients[at], client) == 0)
        return;
    if (at == COUNT_OF(cell->clients))
        return;
    if (cell->client_count < COUNT_OF(cell->clients))
        cell->client_count++;
    for (size_t i = cell->client_count - 1; i > at; i--)
        cell->clients[i] = cell->clients[i - 1];
    cell->clients[at] = client;
}

void cell_add(struct cell *cell, const struct case_result *result)
{
    cell->by_mark[mark_of(result)]++;
    if (!case_has_outcome(result))
        return;
    if (cell->client_count == 0) {
        cell->attempts_min = cell->attempts_max = result->attempts;
        cell->delivered_min = cell->delivered_max = result->delivered;
    }
    add_client(cell, case_client(result));
    if (result->attempts < cell->attempts_min)
        cell->attempts_min = result->attempts;
    if (result->attempts > cell->attempts_max)
        cell->attempts_max = result->attempts;
    if (result->delivered < cell->delivered_min)
        cell->delivered_min = result->delivered;
    if (result->delivered > cell->delivered_max)
        cell->delivered_max = result->delivered;
}

enum matrix_mark cell_mark(const struct cell *cell)
{
    static const enum matrix_mark WORST_FIRST[] = {MARK_FAIL, MARK_ERROR, MARK_ADVISED};
    for (size_t i = 0; i < COUNT_OF(WORST_FIRST); i++) {
        if (cell->by_mark[WORST_FIRST[i]] > 0)
            return WORST_FIRST[i];
    }
    const bool some_did_not_run =
        cell->by_mark[MARK_UNSUPPORTED] > 0 || cell->by_mark[MARK_SKIPPED] > 0;
    if (cell->by_mark[MARK_PASS] > 0)
        return some_did_not_run ? MARK_PARTLY : MARK_PASS;
    return cell->by_mark[MARK_UNSUPPORTED] > 0 ? MARK_UNSUPPORTED : MARK_SKIPPED;
}

enum { RANGE_BYTES = 24 }; /* two numbers of 10 digits, a dash and a NUL */

static const char *range_text(unsigned min, unsigned max, char text[RANGE_BYTES])
{
    if (min == max)
        snprintf(text, RANGE_BYTES, "%u", min);
    else
        snprintf(text, RANGE_BYTES, "%u-%u", min, max);
    return text;
}

const char *cell_text(const struct cell *cell, struct region *region)
{
    if (cell->client_count == 0)
        return "";
    char attempts[RANGE_BYTES];
    char delivered[RANGE_BYTES];
    range_text(cell->attempts_min, cell->attempts_max, attempts);
    range_text(cell->delivered_min, cell->delivered_max, delivered);
    const char *const *clients = cell->clients;
    switch (cell->client_count) {
    case 1:
        return region_format(region, "%s %s/%s", clients[0], attempts, delivered);
    case 2:
        return region_format(region, "%s|%s %s/%s", clients[0], clients[1], attempts, delivered);
    default:
        return region_format(region, "%s|%s|%s%s %s/%s", clients[0], clients[1], clients[2],
                             cell->client_count > CELL_CLIENTS_MAX ? "|..." : "", attempts,
                             delivered);
    }
}
