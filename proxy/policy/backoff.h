/*
 * How long to wait before a retry. Pure: settings and randomness in, nanoseconds out.
 */
#ifndef PROXY_POLICY_BACKOFF_H
#define PROXY_POLICY_BACKOFF_H

#include <stdint.h>

#include "retryproof/policy.h"

/*
 * A time between 0 and the smaller of max_ns and base_ns * 2^(retry - 1), both included, each as likely as any other: full
 * jitter, so that those who failed together do not come back together. retry counts from 1; random is the world's. 0 where
 * base_ns is 0. Never more than max_ns, however high retry is.
 */
uint64_t backoff_delay_ns(const struct backoff_settings *settings, unsigned retry, uint64_t random);

#endif
