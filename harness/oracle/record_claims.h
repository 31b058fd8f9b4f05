/*
 * What must hold of what the proxy says of itself, and of names and handshakes, which its records alone tell: they agree with
 * the seam and the witnesses, and own to nothing that the settings forbid. Pure.
 *
 * Sources: acceptance matrix, sections 5 and 6; RFC 8446 6.1; invariants 49 to 51 of the design.
 */
#ifndef HARNESS_ORACLE_RECORD_CLAIMS_H
#define HARNESS_ORACLE_RECORD_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

claim_judge claim_records_tell_the_truth;    /* 49 */
claim_judge claim_tls_is_whole;              /* 50 */
claim_judge claim_names_lead_where_they_say; /* 51 */
claim_judge claim_every_attempt_is_told;     /* 63 */

#endif
