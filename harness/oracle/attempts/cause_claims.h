/*
 * What must hold of the causes that the proxy gives for failed attempts: one each, and that which the seam saw, by a table that
 * shares nothing with the proxy's. Pure.
 *
 * Sources: RFC 9209 2.3; the stages of the design, which are defined by counters.
 */
#ifndef HARNESS_ORACLE_ATTEMPTS_CAUSE_CLAIMS_H
#define HARNESS_ORACLE_ATTEMPTS_CAUSE_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

claim_judge claim_cause_fits_what_happened; /* 14 */

#endif
