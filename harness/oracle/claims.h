/*
 * What must hold in every case, whatever it expects: the rules that no retry may break. Pure.
 *
 * Sources: acceptance matrix, section 5; RFC 9110 9.2.2, RFC 9112 8.
 */
#ifndef HARNESS_ORACLE_CLAIMS_H
#define HARNESS_ORACLE_CLAIMS_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* Adds a sentence for each rule that was broken. */
void claims_check(const struct evidence *evidence, struct findings *findings);
/* Body bytes that one exchange may hold in one direction: its window, and what its body filters have written. */
uint64_t claims_window_most(const struct evidence *evidence);
/* The one of them that can also be said of a case that never ended. */
void claims_check_spinning(const struct evidence *evidence, struct findings *findings);

#endif
