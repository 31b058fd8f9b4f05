/*
 * A proxy to which a client that left is a failed attempt like any other. Wraps retry_decide(): the cancel looks like a
 * connection that broke, and the client like one that waits.
 */
#include "proxy/policy/retry.h"

struct retry_decision __real_retry_decide(const struct retry_facts *facts);
struct retry_decision __wrap_retry_decide(const struct retry_facts *facts);

struct retry_decision __wrap_retry_decide(const struct retry_facts *facts)
{
    struct retry_facts seen = *facts;

    seen.client_gone = false;
    if (seen.cause == CAUSE_CLIENT_CANCELLED)
        seen.cause = CAUSE_CONNECTION_TERMINATED;
    return __real_retry_decide(&seen);
}
