/*
 * The requirements that the suite is to prove, one by one: sections of RFCs, and rows and cases of the acceptance matrix,
 * each with what it asks for in our words.
 *
 * Pure data.
 */
#ifndef HARNESS_COVERAGE_REQUIREMENT_H
#define HARNESS_COVERAGE_REQUIREMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/coverage/citation.h"

enum { REQUIREMENTS_MAX = 256 };

struct requirement {
    const char *document; /* "RFC 9110" */
    const char *section;  /* "9.2.2" */
    const char *sentence;
};

size_t requirement_count(void);
/* By document, then by section. */
const struct requirement *requirement_at(size_t place);

/* Whether the citation names the requirement: its section, or a part of that. */
bool requirement_is_cited(const struct requirement *requirement, const struct citation *citation);

/* Whether the citation names any requirement, also one that lies within what is cited, or another known document. */
bool requirement_is_known(const struct citation *citation);

#endif
