/*
 * The parts of which the reading of a configuration is made. For proxy/config*.c alone.
 *
 * A key that is absent leaves its setting as it is.
 */
#ifndef PROXY_CONFIG_PARTS_H
#define PROXY_CONFIG_PARTS_H

#include "retryproof/settings.h"
#include "world/data/yaml.h"

/* A text of its own, copied. what names it in the sentence of a mistake, which does not repeat the text. */
struct config_text {
    const char *what;
    char *to;
    size_t least; /* characters; 0: it may be empty */
    size_t room;  /* with the NUL */
};
MUST_USE bool config_read_text(const struct yaml_node *node, const struct config_text *text,
                               struct yaml_error *error);

/* The first of a list, or of one value in its place, for a grid gives either; *end is what follows the last. */
const struct yaml_node *config_first_of(const struct yaml_node *node, const struct yaml_node **end);

/* NULL-terminated: the keys of a map as a whole and of a route alike, beside retry_keys(). */
const char *const *config_serving_keys(void);

/* Reads those keys, and retry_keys(). route has no name where the map is the whole: then its list of upstreams is what a preset counts. */
MUST_USE bool config_read_serving(const struct yaml_node *map,
                                  const struct proxy_settings *settings,
                                  struct route_settings *route, struct yaml_error *error);

/* Adds the users of a map from names to passwords. */
MUST_USE bool config_read_users(const struct yaml_node *map, struct proxy_settings *settings,
                                struct yaml_error *error);

/*
 * Reads the list of `routes`, of the map whose own keys were read already, and holds each against proxy_settings_check().
 */
MUST_USE bool config_read_routes(const struct yaml_node *map, struct proxy_settings *settings,
                                 struct yaml_error *error);

/* Tells the sentence of proxy_settings_check(), if there is one, at the key of the map of which it speaks. */
MUST_USE bool config_check(const struct yaml_node *map, const struct proxy_settings *settings,
                           struct yaml_error *error);

#endif
