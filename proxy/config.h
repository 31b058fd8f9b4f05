/*
 * The proxy's configuration file, and the same keys inside a scenario.
 */
#ifndef PROXY_CONFIG_H
#define PROXY_CONFIG_H

#include "retryproof/proxy.h"
#include "world/data/yaml.h"

/*
 * Reads the keys of a map into settings, which hold the defaults: max_retries, policy, select, connect_timeout,
 * head_timeout, response_timeout, idle_timeout, deadline, window, pool_size, pool_timeout, head_limit, uri_limit,
 * body_limit, client_half_close, via. Not read here: listen and upstreams. Keys of the NULL-terminated list `also`
 * are the caller's and passed over; any other is an error.
 */
MUST_USE bool proxy_config_read(const struct yaml_node *map, const char *const *also,
                                struct proxy_settings *settings, struct yaml_error *error);

/*
 * Reads a whole file: the keys above plus `listen: 127.0.0.1:8080` and `upstreams:`, a list of
 * "host:port" or {name, address: "host:port"}; at least one. error: "file:line:column: sentence".
 */
MUST_USE bool proxy_config_load(const char *path, struct proxy_settings *settings,
                                struct yaml_error *error);

#endif
