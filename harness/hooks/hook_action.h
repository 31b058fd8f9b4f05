/*
 * One thing that a hook of a scenario does, as it is written in `hooks`. Pure.
 *
 * Ownership: everything lives in the region that was given. Limits: HOOK_* below. Errors: file:line:column.
 */
#ifndef HARNESS_HOOKS_HOOK_ACTION_H
#define HARNESS_HOOKS_HOOK_ACTION_H

#include "harness/hooks/body_change.h"
#include "harness/hooks/hook_name.h"
#include "retryproof/hooks.h"
#include "world/data/number_rule.h"
#include "world/data/yaml.h"

enum {
    HOOK_ORDER_MAX = 128,              /* upstreams in an `order`; more than attempts can be made */
    HOOK_TEXT_BYTES_MAX = 1024 * 1024, /* of a field value or an answer; the core allows far less */
    HOOK_EXPAND_MAX = 1024, /* copies of each byte: the size of what comes out stays countable */
};

enum hook_wait {
    HOOK_WAIT_NOT,
    HOOK_WAIT_TIME,   /* for wait_ns */
    HOOK_WAIT_LOOKUP, /* for the answer about a name */
    HOOK_WAIT_SIGNAL, /* until an actor has signalled wait_signal */
    HOOK_WAIT_EVER,
};

/* What is done to fields of a head, in the order of the file. */
struct hook_edit {
    const char *name;
    const char *value; /* NULL: it is removed */
    struct hook_edit *next;
};

enum hook_peer {
    HOOK_PEER_LEAVE,
    HOOK_PEER_UPSTREAM, /* order[k - 1] in attempt k, and the last one from there on */
    HOOK_PEER_UNKNOWN,  /* a name that nobody knows */
};

/* NULL, zero and false members do nothing. */
struct hook_action {
    struct hook_action *next;
    struct number_rule on; /* numbers of attempts; before the first one that is 1 */
    const char *signal;    /* comes first: actors are told that the hook was called */
    enum hook_wait wait;   /* comes next */
    uint64_t wait_ns;
    const char *wait_signal;
    bool fails; /* then this, and nothing after it */
    unsigned fail_status;

    const struct hook_edit *edits;
    const char *target;
    const struct proxy_answer *answer;
    bool close_client;

    enum hook_peer peer;
    const size_t *order; /* upstreams of the scenario */
    size_t order_count;

    enum retry_wish wish;

    struct body_change change;
    bool unannounced; /* the core is not told that the length changes */
    uint64_t hold;    /* nothing goes on before so many bytes are there, or the end */
    uint64_t delay_ns;
    bool count; /* the bytes that went through are compared with the record */

    bool suppress;
    const char *summary;
};

/* What reading an action needs to know, beside the node. */
struct hook_reading {
    struct region *region;
    const char *const *upstreams; /* their names, NULL-terminated */
    struct yaml_error *error;
};

/* Reads a word or a map into an action that is all zero. */
MUST_USE bool hook_action_read(const struct hook_reading *reading, const struct yaml_node *node,
                               enum hook_name hook, struct hook_action *out);

#endif
