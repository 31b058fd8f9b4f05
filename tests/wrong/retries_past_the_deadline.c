/*
 * A proxy that forgets how long its client has been waiting when it decides on a retry. Wraps retry_decide(): the deadline
 * has never passed.
 */
#include "proxy/policy/retry.h"

struct retry_decision __real_retry_decide(const struct retry_facts *facts);
struct retry_decision __wrap_retry_decide(const struct retry_facts *facts);

struct retry_decision __wrap_retry_decide(const struct retry_facts *facts)
{
    struct retry_facts seen = *facts;

    seen.deadline_passed = false;
    return __real_retry_decide(&seen);
}
