/*
 * A proxy that goes on trying for as long as its record has room, whatever max_retries says. Wraps retry_decide(): the
 * setting is the highest there is.
 */
#include "proxy/policy/retry.h"
#include "retryproof/limits.h"

struct retry_decision __real_retry_decide(const struct retry_facts *facts);
struct retry_decision __wrap_retry_decide(const struct retry_facts *facts);

struct retry_decision __wrap_retry_decide(const struct retry_facts *facts)
{
    struct retry_facts seen = *facts;

    seen.retries_max = RETRIES_MAX;
    return __real_retry_decide(&seen);
}
