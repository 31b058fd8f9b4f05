/*
 * A proxy that forgets how long its client has been waiting when it decides on a retry. Wraps retry_decide(): the deadline
 * has not passed, and is not near.
 */
#include "proxy/policy/retry.h"

struct retry_decision __real_retry_decide(const struct retry_facts *facts);
struct retry_decision __wrap_retry_decide(const struct retry_facts *facts);

struct retry_decision __wrap_retry_decide(const struct retry_facts *facts)
{
    struct retry_facts seen = *facts;

    seen.deadline_passed = false;
    seen.deadline_near = false;
    return __real_retry_decide(&seen);
}
