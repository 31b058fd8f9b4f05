/*
 * A proxy that asks again after a 103 went down, so that its client may get the hints of one upstream and the answer of
 * another. Wraps retry_decide(): no 1xx went down.
 */
#include "proxy/policy/retry.h"

struct retry_decision __real_retry_decide(const struct retry_facts *facts);
struct retry_decision __wrap_retry_decide(const struct retry_facts *facts);

struct retry_decision __wrap_retry_decide(const struct retry_facts *facts)
{
    struct retry_facts seen = *facts;

    seen.interim_forwarded = false;
    return __real_retry_decide(&seen);
}
