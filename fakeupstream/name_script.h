/*
 * What a scenario's `dns:` says: which names there are, and what each lookup of one is answered.
 *
 *     dns:
 *       pay.test: [nxdomain, [a, "::1"]]         the first lookup; every further one
 *       slow.test: {answer: a, delay: 50ms}
 *
 * A name has one answer or a list of them: the n-th lookup gets the n-th, the last one stays. An answer is a word
 * (nxdomain, servfail, refused, timeout, truncated, wrong-id, no-data), an address or an upstream's name, a list of
 * those, or {answer: …, ttl: 60s, delay: 50ms}. A list of nothing but addresses and upstreams is one answer.
 *
 * Ownership: plain values in the region given. Errors: file:line:column.
 */
#ifndef FAKEUPSTREAM_NAME_SCRIPT_H
#define FAKEUPSTREAM_NAME_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "world/base/bytes.h"
#include "world/base/region.h"
#include "world/data/yaml.h"
#include "world/world.h"

enum {
    NAME_SCRIPT_NAMES_MAX = 64,   /* more names than upstreams make no sentence */
    NAME_SCRIPT_ANSWERS_MAX = 64, /* of one name: more lookups than a case has */
    NAME_TTL_DEFAULT_S = 60,      /* so that who keeps an answer is seen not to ask again */
};

enum name_answer_kind {
    NAME_NXDOMAIN,
    NAME_SERVFAIL,
    NAME_REFUSED,
    NAME_TIMEOUT,   /* never answered */
    NAME_TRUNCATED, /* TC, and no record: "ask again over TCP", where nobody listens */
    NAME_WRONG_ID,  /* an answer to another question than was asked */
    NAME_NO_DATA,   /* the name is there and has no address */
    NAME_ADDRESSES,
};

/* A literal address, or (family 0) that of an upstream, which is known only when it listens. */
struct name_target {
    struct address address;
    const char *upstream;       /* NULL for a literal */
    const struct yaml_node *at; /* where it is written */
};

struct name_answer {
    enum name_answer_kind kind;
    const struct name_target *targets; /* NAME_ADDRESSES: in the order written */
    size_t target_count;               /* at most QUERY_ADDRESSES_MAX */
    uint32_t ttl_s;
    uint64_t delay_ns;
};

struct name_script_entry {
    const char *name;
    const struct name_answer *answers;
    size_t answer_count; /* at least 1 */
};

struct name_script {
    const struct name_script_entry *entries;
    size_t entry_count;
};

/* Reads the value of `dns:`. */
MUST_USE bool name_script_parse(struct region *region, const struct yaml_node *node,
                                struct name_script *out, struct yaml_error *error);

/* False, with the nearest word, if an answer names an upstream that is not in the NULL-terminated list. */
MUST_USE bool name_script_check_upstreams(const struct name_script *script,
                                          const char *const *upstreams, struct yaml_error *error);

/* The entry of that name, compared without case (RFC 4343), or NULL. */
const struct name_script_entry *name_script_find(const struct name_script *script,
                                                 struct bytes name);

#endif
