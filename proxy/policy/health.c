#include "proxy/policy/health.h"

#include <limits.h>
#include <stddef.h>

#include "retryproof/limits.h"
#include "world/world.h"

static bool is_timeout(enum cause cause)
{
    switch (cause) {
    case CAUSE_DNS_TIMEOUT:
    case CAUSE_CONNECTION_TIMEOUT:
    case CAUSE_CONNECTION_READ_TIMEOUT:
    case CAUSE_CONNECTION_WRITE_TIMEOUT:
    case CAUSE_HTTP_RESPONSE_TIMEOUT:
        return true;
    default:
        return false;
    }
}

bool health_counts(const struct failure *failure)
{
    if (failure->side != SIDE_UPSTREAM || failure->cause == CAUSE_CONNECTION_LIMIT_REACHED)
        return false;
    switch (failure->stage) {
    case STAGE_RESOLVE:
    case STAGE_DIAL:
    case STAGE_HANDSHAKE:
    case STAGE_PRE_WRITE:
        return true;
    case STAGE_MID_WRITE:
    case STAGE_POST_WRITE:
    case STAGE_MID_HEAD:
        return is_timeout(failure->cause);
    case STAGE_ROUTE:
    case STAGE_STATUS:
    case STAGE_MID_COPY:
    case STAGE_TUNNEL:
    case STAGE_COUNT:
    default:
        return false;
    }
}

void health_note(struct health *health, const struct failure *failure, uint64_t now_ns)
{
    if (failure == NULL) {
        health->failures_in_row = 0;
        return;
    }
    if (!health_counts(failure))
        return;
    if (health->failures_in_row < UINT_MAX)
        health->failures_in_row++;
    if (health->failures_in_row >= EJECT_AFTER_FAILURES)
        health->ejected_until_ns = now_ns + EJECT_MS * NS_PER_MS;
}

bool health_is_ejected(const struct health *health, uint64_t now_ns)
{
    return now_ns < health->ejected_until_ns;
}
