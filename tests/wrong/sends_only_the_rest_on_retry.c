/*
 * A proxy that tries again after body bytes have gone and goes on where it was, so that the second upstream gets a body
 * without its beginning. Wraps retry_decide(): the body is still there; and feed_restart(): nothing begins again.
 */
#include "proxy/policy/retry.h"
#include "proxy/relay/feed.h"

struct retry_decision __real_retry_decide(const struct retry_facts *facts);
struct retry_decision __wrap_retry_decide(const struct retry_facts *facts);
void __wrap_feed_restart(struct feed *feed);

void __wrap_feed_restart(struct feed *feed)
{
    (void)feed;
}

struct retry_decision __wrap_retry_decide(const struct retry_facts *facts)
{
    struct retry_facts seen = *facts;

    seen.body_replayable = true;
    return __real_retry_decide(&seen);
}
