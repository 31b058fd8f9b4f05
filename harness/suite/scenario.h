/*
 * A scenario file, and the cases that it makes: the language of docs/scenarios.md as values.
 *
 * Ownership: everything lives in the region that was given. A file's region holds for as long as the file is used; a
 * case's region may be reset from case to case.
 * Limits: SCENARIO_* below; those of YAML, the grid and the proxy's configuration.
 * Errors: the first mistake, as "file:line:column: sentence".
 */
#ifndef HARNESS_SUITE_SCENARIO_H
#define HARNESS_SUITE_SCENARIO_H

#include "fakeupstream/name_script.h"
#include "fakeupstream/upstream_script.h"
#include "harness/hooks/hook_plan.h"
#include "harness/schedule/fault_list.h"
#include "harness/suite/expectation.h"
#include "harness/suite/grid.h"
#include "harness/suite/tls_setup.h"
#include "reports/result.h"
#include "retryproof/proxy.h"
#include "world/wire_fault.h"

enum {
    SCENARIO_CLIENTS_MAX = 16, /* clients of one case; a sentence about more is about load */
    SCENARIO_TAGS_MAX = 16,    /* words of one file */
    SCENARIO_METHOD_BYTES = 32,
    SCENARIO_BYTES_MAX = 16 * 1024 * 1024, /* of a file with all its grid, or of one case */
};

enum world_kind { WORLD_SIM, WORLD_SOCKETS, WORLD_KIND_COUNT };
/* "sim", "sockets" */
const char *world_word(enum world_kind kind);

/* A file that was read: its tree, its grid, and what is the same for all its cases. */
struct scenario_file {
    const char *path; /* as it is told to the user */
    const char *base; /* the beginning of its cases' ids: "post-write/never-sent-again" */
    const char *text; /* as it was read, whatever the file has become since; NULL: it was no file */
    const struct yaml_node *root;
    struct grid grid;
};

/* Shape of every connection. 0 leaves a value at the world's own. */
struct scenario_network {
    uint64_t latency_ns;
    uint64_t segment_bytes;
    uint64_t sndbuf_bytes;
    uint64_t rcvbuf_bytes;
};

struct scenario_client {
    const char *name;
    struct script script;
};

/* `found`: what an explorer wrote down when the scenario failed. It is not judged. */
struct scenario_found {
    const char *claim; /* the name of what was broken; NULL: nothing was found */
    const char *base;  /* the case that the faults were put into */
    uint64_t seed;
    uint64_t trace;       /* the hash of the run in the simulation */
    const char *requests; /* SHA-256 of what the clients sent without faults; NULL: not said */
};

struct scenario {
    const char *id;
    const char *name;
    unsigned line;
    enum stage stage;
    enum level level;
    const char *source; /* may be NULL */
    const char *fault;
    const char *method; /* of the last client's last request; "-" if that cannot be told */
    const char *const *tags;
    size_t tag_count;
    const char *unsupported[WORLD_KIND_COUNT]; /* why a world cannot do this; NULL: it can */
    uint64_t time_limit_ns;

    struct proxy_settings proxy;           /* its upstreams by name, and not yet where they are */
    size_t proxy_upstreams[UPSTREAMS_MAX]; /* those it is given, as indices, in order */
    size_t proxy_upstream_count;
    struct tls_setup tls;
    bool proxy_on_ipv6; /* it listens on ::1 */
    bool process_own;
    struct hook_plan hooks;
    const char *program; /* the subject's, as it was named; NULL: our own proxy */
    struct scenario_network network;

    struct scenario_client clients[SCENARIO_CLIENTS_MAX];
    size_t client_count;
    struct upstream_script *upstreams;
    const char *const *upstream_names; /* of the upstreams, NULL-terminated */
    size_t upstream_count;
    struct name_script names; /* `dns`, and the upstreams' own hosts */
    const char *const *hosts; /* the names in it, NULL-terminated */
    bool names_are_scripted;  /* there is a `dns`: a name may lead anywhere */
    bool needs_nameserver;    /* the proxy may ask about a name of the case */
    bool uses_tls;
    struct retry_settings retry; /* what its attempts are held to: the loosest of its routes */
    struct expectation expect;
    const struct wire_fault *faults; /* `faults`, or those that an explorer puts in */
    size_t fault_count;
    /* `order`: which of those that were ready at one moment came next, choice by choice; then 0. The simulation's alone. */
    const uint32_t *order;
    size_t order_count;
    struct scenario_found found;
};

/* Whether the proxy speaks TLS to that upstream. */
static inline bool scenario_upstream_is_secure(const struct scenario *scenario, size_t upstream)
{
    return scenario->upstreams[upstream].tls.on && !scenario->tls.upstream.off;
}

/* Reads a file and its grid. path and base are kept. */
MUST_USE bool scenario_file_load(struct scenario_file *file, struct region *region,
                                 const char *path, const char *base, struct yaml_error *error);
/* The same from memory, for tests and fuzzing. */
MUST_USE bool scenario_file_parse(struct scenario_file *file, struct region *region,
                                  struct bytes text, const char *name, struct yaml_error *error);

enum scenario_reading {
    SCENARIO_READ,
    SCENARIO_LEFT_OUT, /* by `except` */
    SCENARIO_WRONG,    /* and *error says why */
};

/* The case of that number, below file->grid.combinations, whole and validated. */
MUST_USE enum scenario_reading scenario_read(struct scenario *scenario,
                                             const struct scenario_file *file, size_t combination,
                                             struct region *region, struct yaml_error *error);

#endif
