/*
 * What the tests of configurations share.
 */
#ifndef PROXY_CONFIG_RIG_H
#define PROXY_CONFIG_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/config.h"

enum { CONFIG_RIG_REGION_BYTES = 1024 * 1024 }; /* far more than a test's few lines need */

/* A text and a part of the sentence that tells what is wrong with it, with its place where that is the point. */
struct mistake {
    const char *name;
    const char *text;
    const char *sentence;
};

/* Reads settings keys from text into settings as they are; the sentence of the mistake, or NULL. */
static inline const char *read_keys_into(const char *text, struct proxy_settings *settings)
{
    static const char *const also[] = {"upstreams", NULL};
    static struct yaml_error error;
    struct region region;
    struct yaml_node *root;
    bool read;

    region_init(&region, CONFIG_RIG_REGION_BYTES);
    root = yaml_parse(&region, "test.yaml", text, strlen(text), &error);
    read = root != NULL && proxy_config_read(root, also, settings, &error);
    region_release(&region);
    return read ? NULL : error.sentence;
}

/* The same into the defaults. */
static inline const char *read_keys(const char *text, struct proxy_settings *settings)
{
    proxy_settings_init(settings);
    return read_keys_into(text, settings);
}

/* Texts of one line, so their mistakes are in line 1. */
static inline void assert_mistake(const char *sentence, const struct mistake *mistake)
{
    assert_non_null(sentence);
    if (strncmp(sentence, "test.yaml:1:", 12) != 0 || strstr(sentence, mistake->sentence) == NULL)
        fail_msg("%s", sentence);
}

#endif
