#include "reports/subjects/line_changes.h"

#include <stdint.h>
#include <string.h>

_Static_assert(LINE_CHANGES_MAX <= UINT16_MAX, "a length must have room in a cell of the table");

/* What is left of both lists when their common beginning and end are taken off. */
static void take_common(struct lines *before, struct lines *after)
{
    while (before->count > 0 && after->count > 0 &&
           strcmp(before->lines[0], after->lines[0]) == 0) {
        before->lines++;
        before->count--;
        after->lines++;
        after->count--;
    }
    while (before->count > 0 && after->count > 0 &&
           strcmp(before->lines[before->count - 1], after->lines[after->count - 1]) == 0) {
        before->count--;
        after->count--;
    }
}

/* cell(i, j): how many lines the rests behind before i and after j have in common at most. */
struct table {
    uint16_t *cells;
    size_t columns;
};

static uint16_t *table_cell(const struct table *table, size_t i, size_t j)
{
    return &table->cells[i * table->columns + j];
}

static bool table_fill(struct table *table, const struct lines *before, const struct lines *after,
                       struct region *region)
{
    table->columns = after->count + 1;
    table->cells = region_take(region, (before->count + 1) * table->columns * sizeof(uint16_t));
    if (table->cells == NULL)
        return false;
    for (size_t i = before->count; i-- > 0;) {
        for (size_t j = after->count; j-- > 0;) {
            const uint16_t down = *table_cell(table, i + 1, j);
            const uint16_t right = *table_cell(table, i, j + 1);
            const bool same = strcmp(before->lines[i], after->lines[j]) == 0;
            *table_cell(table, i, j) = same ? (uint16_t)(*table_cell(table, i + 1, j + 1) + 1)
                                       : down > right ? down
                                                      : right;
        }
    }
    return true;
}

bool line_changes_find(const struct lines *before, const struct lines *after, struct region *region,
                       struct line_changes *out)
{
    struct lines old = *before;
    struct lines new = *after;
    struct table table;
    take_common(&old, &new);
    if (old.count > LINE_CHANGES_MAX || new.count > LINE_CHANGES_MAX)
        return false;
    struct line_change *changes =
        region_take(region, (old.count + new.count + 1) * sizeof(*changes));
    if (changes == NULL || !table_fill(&table, &old, &new, region))
        return false;
    *out = (struct line_changes){.changes = changes};
    for (size_t i = 0, j = 0; i < old.count || j < new.count;) {
        if (i < old.count && j < new.count &&strcmp(old.lines[i], new.lines[j]) == 0) {
            i++;
            j++;
        } else if (j == new.count || (i < old.count && *table_cell(&table, i + 1, j) >=
                                                           *table_cell(&table, i, j + 1))) {
            changes[out->count++] = (struct line_change){'-', old.lines[i++]};
        } else {
            changes[out->count++] = (struct line_change){'+', new.lines[j++]};
        }
    }
    return true;
}
