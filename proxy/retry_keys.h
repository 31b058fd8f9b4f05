/*
 * The keys of a configuration that say when and how a failed attempt is tried again. The data file of a preset is
 * made of the same keys.
 */
#ifndef PROXY_RETRY_KEYS_H
#define PROXY_RETRY_KEYS_H

#include "retryproof/policy.h"
#include "world/data/yaml.h"

enum {
    BUDGET_FLOOR_MAX = 65536, /* further attempts at one moment; a process has fewer descriptors */
};

/*
 * NULL-terminated: max_retries, policy, retry_on, retry_on_status, retry_on_reused, retry_non_idempotent,
 * retry_other_upstream, replay_buffer_bytes, per_try_timeout, deadline, backoff, retry_budget.
 */
const char *const *retry_keys(void);

/*
 * Reads those of the keys that the map has; a key that is absent leaves its setting as it is, and other keys are the
 * caller's. policy and retry_on set the policy whole, one in place of the other; both together are an error.
 */
MUST_USE bool retry_keys_read(const struct yaml_node *map, struct retry_settings *retry,
                              struct yaml_error *error);

#endif
