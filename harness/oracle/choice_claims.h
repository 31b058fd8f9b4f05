/*
 * What must hold in every case about where a request is tried: the upstream and the connection of each attempt. Judged from
 * the settings and the attempts that were seen; where a hook chooses, nothing is said. Pure.
 *
 * Sources: acceptance matrix, section 5; decisions 8 and 13 of the design.
 */
#ifndef HARNESS_ORACLE_CHOICE_CLAIMS_H
#define HARNESS_ORACLE_CHOICE_CLAIMS_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* Adds a sentence for each attempt that went elsewhere than the settings say. */
void choice_claims_check(const struct evidence *evidence, struct findings *findings);

#endif
