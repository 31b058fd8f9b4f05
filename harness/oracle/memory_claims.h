/*
 * What must hold of what is held: a window in each direction, whatever its body's size, and no more for TLS than a record.
 * Judged from the seam's counts of what was read and not yet written, and from the proxy's own. Pure.
 *
 * Sources: acceptance matrix, sections 4 and 5; invariants 34 to 36 and 39 of the design.
 */
#ifndef HARNESS_ORACLE_MEMORY_CLAIMS_H
#define HARNESS_ORACLE_MEMORY_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

claim_judge claim_window_is_kept;      /* 34 */
claim_judge claim_buffers_are_bounded; /* 35 */
claim_judge claim_full_stops_reading;  /* 36 */
claim_judge claim_tls_holds_a_record;  /* 39 */

#endif
