/*
 * Presets: retry settings that stand for another system's rules, so that a configuration can say "like nginx".
 *
 * Each is a data file in proxy/presets, carried by the program itself (cmake/presets.cmake); nothing is read at run
 * time. docs/retries.md tells them to people.
 */
#ifndef PROXY_PRESET_H
#define PROXY_PRESET_H

#include <stdio.h>

#include "retryproof/policy.h"
#include "world/data/yaml.h"

enum {
    PRESET_WORDS_MAX = 31, /* words of one system; the longest list today has 16 */
};

struct preset_choice {
    struct retry_settings retry;
    bool
        each_upstream_once; /* max_retries is the number of upstreams less one, where nobody says otherwise */
    bool adds_statuses; /* retry_on_status must stand beside it, and adds to its statuses */
};

/*
 * Reads `preset: nginx`, or {nginx: error timeout}, {nginx: "error,timeout"}, {nginx: [error, timeout]}. out->retry
 * holds what is to stay where the preset says nothing; its policy, statuses and opt-ins are set anew. An unknown
 * word, and one that cannot be honoured here, is an error, with its reason.
 */
MUST_USE bool preset_read(const struct yaml_node *node, struct preset_choice *out,
                          struct yaml_error *error);

/* The whole data file of a preset that there is, checked as below. */
MUST_USE struct yaml_node *preset_load(struct region *region, const char *name,
                                       struct yaml_error *error);

/* Whether a data file is one: an unknown key, condition or word in it is an error at its place. */
MUST_USE bool preset_check(const struct yaml_node *root, const char *name,
                           struct yaml_error *error);

/* Writes all presets with their words, as `retryproof proxy --presets` shows them. */
void preset_list(FILE *out);

#endif
