/*
 * What must hold of every tunnel (2xx to CONNECT, or 101), whatever a case expects: nothing is tried again, nothing is
 * written into it, its ends are carried. Pure.
 */
#ifndef HARNESS_ORACLE_TUNNEL_CLAIMS_H
#define HARNESS_ORACLE_TUNNEL_CLAIMS_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* Adds a sentence for each rule that was broken. */
void tunnel_claims_check(const struct evidence *evidence, struct findings *findings);

#endif
