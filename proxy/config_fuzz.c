/* Aimed at proxy_config_read() and proxy_config_read_route(), with retry_keys_read() and preset_read() beneath them. */

#include <stdint.h>

#include "proxy/config.h"

enum { REGION_BYTES = 4 * 1024 * 1024 }; /* what an input of some kilobytes may become as a tree */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same map as a change of the first route there is. */
static void change_route(const struct yaml_node *root, const struct proxy_settings *settings)
{
    struct yaml_error error = {{0}};
    struct route_settings route;

    proxy_settings_route(settings, 0, &route);
    if (proxy_config_read_route(root, settings, &route, &error))
        check(error.sentence[0] == '\0');
    else
        check(error.sentence[0] != '\0');
    check(route.allow_count <= ROUTE_ALLOW_MAX);
    check(route.upstreams < 4);
}

/* What was read holds; what was not has a sentence with its place. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const also[] = {"listen", "upstreams", NULL};
    struct proxy_settings settings;
    struct yaml_error error;
    struct region region;
    struct yaml_node *root;

    proxy_settings_init(&settings);
    check(proxy_config_add_upstream(&settings, "a"));
    check(proxy_config_add_upstream(&settings, "b"));
    region_init(&region, REGION_BYTES);
    root = yaml_parse(&region, "fuzz", (const char *)data, size, &error);
    if (root != NULL && proxy_config_read(root, also, &settings, &error)) {
        char sentence[SETTINGS_ERROR_BYTES];

        check(error.sentence[0] == '\0');
        check(proxy_settings_check(&settings, sentence));
        change_route(root, &settings);
    } else {
        check(error.sentence[0] != '\0');
    }
    region_release(&region);
    return 0;
}
