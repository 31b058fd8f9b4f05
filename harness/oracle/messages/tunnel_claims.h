/*
 * What must hold of every tunnel (2xx to CONNECT, or 101): nothing is tried again, nothing is written into it, its ends are
 * carried. Pure.
 *
 * Sources: acceptance matrix, section 1; RFC 9110 9.3.6 and 7.8; decision 4 of the design.
 */
#ifndef HARNESS_ORACLE_MESSAGES_TUNNEL_CLAIMS_H
#define HARNESS_ORACLE_MESSAGES_TUNNEL_CLAIMS_H

#include "harness/oracle/attempts/inquiry.h"

claim_judge claim_tunnel_is_not_tried_again; /* 59 */
claim_judge claim_tunnel_carries_bytes;      /* 60 */
claim_judge claim_tunnel_carries_ends;       /* 61 */
claim_judge claim_tunnel_is_nobodys;         /* 62 */

#endif
