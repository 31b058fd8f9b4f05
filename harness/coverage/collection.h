/*
 * Plays a suite in the simulation, case after case, and collects what it covers.
 *
 * Ownership: the suite outlives the collection, and the collection what it fills. Threads: one at a time in a process.
 * Limits: those of the tables. Errors: NULL or false when memory runs out.
 */
#ifndef HARNESS_COVERAGE_COLLECTION_H
#define HARNESS_COVERAGE_COLLECTION_H

#include "harness/coverage/gap_list.h"
#include "harness/suite/suite.h"
#include "reports/coverage/coverage.h"

struct collection;

MUST_USE struct collection *collection_create(void);
void collection_destroy(struct collection **collection);

/*
 * Plays one case, and notes what it came by if it passed, and what its source cites. Cases of one file follow each other.
 * False when memory runs out.
 */
MUST_USE bool collection_add(struct collection *collection, const struct suite_case *one);

/*
 * Everything but version, command and interrupted. The gaps of the list are used up by it, once. False when memory runs
 * out.
 */
MUST_USE bool collection_fill(struct collection *collection, struct gap_list *gaps,
                              struct acceptance_coverage *out);

#endif
