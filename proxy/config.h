/*
 * The proxy's configuration file, and the same keys inside a scenario.
 */
#ifndef PROXY_CONFIG_H
#define PROXY_CONFIG_H

#include "retryproof/settings.h"
#include "world/data/yaml.h"

/*
 * Reads the keys of a map into settings, which hold the defaults: those of retry_keys(), and preset, select,
 * connect_timeout, head_timeout, response_timeout, idle_timeout, window, pool_size, pool_timeout, head_limit,
 * uri_limit, body_limit, client_half_close, via. Not read here: listen and upstreams. Keys of the NULL-terminated list
 * `also` are the caller's and passed over; any other is an error. What was read holds against
 * proxy_settings_check(), whose sentence is told at the key of which it speaks.
 *
 * replay_buffer_bytes follows from the policy where the map says one: REPLAY_BYTES_DEFAULT, or the preset's own, where
 * something that was written may be tried again, and otherwise 0. A preset that tries every upstream once counts those
 * of `upstreams` in the map; without them max_retries stays at its default.
 *
 * A whole file is read by proxy_settings_load().
 */
MUST_USE bool proxy_config_read(const struct yaml_node *map, const char *const *also,
                                struct proxy_settings *settings, struct yaml_error *error);

#endif
