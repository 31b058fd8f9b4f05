/*
 * For tests of the explorer: bases from a file of the tree, a player, and a whole exploration in a line. Only for tests.
 */
#ifndef HARNESS_EXPLORE_EXPLORE_RIG_H
#define HARNESS_EXPLORE_EXPLORE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/explore/explorer.h"

#define TINY_GET  "harness/testdata/explore/tiny-get.yaml"
#define TINY_POST "harness/testdata/explore/tiny-post.yaml"

#define KIND_SET(kind) ((fault_kinds)1 << (kind))

static inline void rig_load(struct base_list *bases, const char *path)
{
    if (!bases_load(bases, &path, 1))
        fail_msg("%s", bases->suite.mistakes[0]);
    assert_true(bases->count > 0);
}

/* Explores what is at that path. */
static inline void rig_explore(const char *path, const struct explorer_options *options,
                               struct explorer_result *result)
{
    struct base_list bases;
    rig_load(&bases, path);
    assert_true(explorer_play(&bases, options, NULL, result));
    for (size_t i = 0; i < result->failure_count; i++)
        print_message("%s: %s\n", result->failures[i]->base->id,
                      result->failures[i]->sentence_count > 0 ? result->failures[i]->sentences[0]
                                                              : "no sentence");
    bases_release(&bases);
}

#endif
