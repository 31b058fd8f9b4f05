/*
 * How many exchanges may be trying again at one moment, so that a failing upstream is not buried under retries.
 */
#ifndef PROXY_POLICY_BUDGET_H
#define PROXY_POLICY_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "retryproof/policy.h"

/*
 * Whether one more exchange may begin a further attempt. live: exchanges under way, those that try again among them;
 * retrying: those that wait for or are at a further attempt, the one that asks not counted. Allowed while retrying is below
 * the floor, or below share_percent of live, rounded down.
 */
bool budget_allows(const struct budget_settings *settings, size_t live, size_t retrying);

#endif
