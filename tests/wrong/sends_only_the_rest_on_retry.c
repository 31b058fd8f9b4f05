/*
 * A proxy that tries again after body bytes were sent and goes on where it was, so that the second upstream gets a body
 * without its beginning. Wraps retry_decide(): nothing was written, and the body is still there.
 */
#include "proxy/policy/retry.h"

struct retry_decision __real_retry_decide(const struct retry_facts *facts);
struct retry_decision __wrap_retry_decide(const struct retry_facts *facts);

struct retry_decision __wrap_retry_decide(const struct retry_facts *facts)
{
    struct retry_facts seen = *facts;

    seen.tx = 0;
    seen.tx_known = true;
    seen.body_replayable = true;
    if (seen.stage == STAGE_MID_WRITE || seen.stage == STAGE_POST_WRITE)
        seen.stage = STAGE_PRE_WRITE;
    return __real_retry_decide(&seen);
}
