/*
 * The proxy's configuration file, the same keys inside a scenario, and those of one route in a request to the admin listener.
 */
#ifndef PROXY_CONFIG_H
#define PROXY_CONFIG_H

#include "retryproof/settings.h"
#include "world/data/yaml.h"

/*
 * Reads the keys of a map into settings, which hold the defaults: those of retry_keys(), and preset, select,
 * connect_timeout, handshake_timeout, head_timeout, response_timeout, idle_timeout, window, pool_size, pool_timeout, head_limit,
 * uri_limit, body_limit, client_half_close, via, mode, allow, users, auth, realm, auth_failed_status, routes. Not read here, for they
 * belong to a file alone: listen, upstreams, tls, nameserver, admin, log, log_limit, users_file. Keys of the NULL-terminated list
 * `also` are the caller's and passed over; any other is an error. What was read holds against
 * proxy_settings_check(), whose sentence is told at the key of which it speaks.
 *
 * Routes name the upstreams that the settings have already; proxy_config_add_upstream() serves a caller who does not know
 * their addresses yet. Users are added to those that the settings have already.
 *
 * A route has what the map itself says of mode, select, allow, auth and retries, unless it says otherwise; a policy, retry_on
 * or preset of its own stands in place of all that the map says of when to retry.
 *
 * replay_buffer_bytes follows from the policy where the map says one: REPLAY_BYTES_DEFAULT, or the preset's own, where
 * something that was written may be tried again, and otherwise 0. A preset that tries every upstream once counts those
 * of `upstreams` in the map, or the route's; without them max_retries stays at its default.
 */
MUST_USE bool proxy_config_read(const struct yaml_node *map, const char *const *also,
                                struct proxy_settings *settings, struct yaml_error *error);

/*
 * Reads the keys of one route, as they stand in `routes`: host, path, mode, upstreams, select, allow, auth, preset and those of
 * retry_keys(). route holds its present values, which a key that is absent leaves as they are; its name stays. settings say
 * which upstreams and users there are. Whether all of it goes together is for proxy_settings_check() to say.
 */
MUST_USE bool proxy_config_read_route(const struct yaml_node *map,
                                      const struct proxy_settings *settings,
                                      struct route_settings *route, struct yaml_error *error);

/*
 * Appends an upstream of which only the name is known so far: routes may name it, and who calls puts its true address in
 * place of 127.0.0.1:1 later. False when UPSTREAMS_MAX are there, or it is no name.
 */
MUST_USE bool proxy_config_add_upstream(struct proxy_settings *settings, const char *name);

/*
 * Reads a whole file, as proxy_settings_load() does, into settings that hold the defaults: whoever knows better ones than
 * proxy_settings_init() sets them before. False, and error is "file:line:column: sentence".
 */
MUST_USE bool proxy_config_load(struct proxy_settings *settings, const char *path,
                                char error[SETTINGS_ERROR_BYTES]);

#endif
