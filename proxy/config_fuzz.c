/* Aimed at proxy_config_read(), with retry_keys_read() and preset_read() beneath it. */

#include <stdint.h>

#include "proxy/config.h"

enum { REGION_BYTES = 4 * 1024 * 1024 }; /* what an input of some kilobytes may become as a tree */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read holds; what was not has a sentence with its place. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const also[] = {"listen", "upstreams", NULL};
    struct proxy_settings settings;
    struct yaml_error error;
    struct region region;
    struct yaml_node *root;

    proxy_settings_init(&settings);
    region_init(&region, REGION_BYTES);
    root = yaml_parse(&region, "fuzz", (const char *)data, size, &error);
    if (root != NULL && proxy_config_read(root, also, &settings, &error)) {
        char sentence[SETTINGS_ERROR_BYTES];

        check(error.sentence[0] == '\0');
        check(proxy_settings_check(&settings, sentence));
    } else {
        check(error.sentence[0] != '\0');
    }
    region_release(&region);
    return 0;
}
