/*
 * Which cells of the acceptance matrix one case came by, read from the records of its exchanges.
 *
 * Pure. Ownership: what is read lives in the region that was given.
 */
#ifndef HARNESS_COVERAGE_CASE_CELLS_H
#define HARNESS_COVERAGE_CASE_CELLS_H

#include "harness/coverage/acceptance_matrix.h"
#include "harness/verdict/evidence.h"

struct cell_set {
    bool has[ACCEPTANCE_ROWS_MAX][ACCEPTANCE_COLUMNS_MAX];
};

/*
 * The `proxy` of that case with its grid's values: the one place that still tells a preset by its name. NULL where the
 * scenario has none, or memory runs out.
 */
const struct yaml_node *case_cells_rules(const struct scenario_file *file, size_t combination,
                                         struct region *region);

/* Adds to the set. rules may be NULL. */
void case_cells_add(const struct evidence *evidence, const struct yaml_node *rules,
                    struct cell_set *set);

#endif
