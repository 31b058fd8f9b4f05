/*
 * One upstream of a scenario: how it listens, and which script each of its connections plays.
 *
 * Ownership: plain values in the region given. Errors: file:line:column.
 */
#ifndef FAKEUPSTREAM_UPSTREAM_SCRIPT_H
#define FAKEUPSTREAM_UPSTREAM_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/acting/script.h"
#include "fakeupstream/secure/tls_draft.h"
#include "world/world.h"

enum { UPSTREAM_SCRIPT_CONNECTIONS_MAX = 4096 }; /* `repeat` counted out */

/* One entry of the list: the same script for `repeat` connections one after the other. */
struct upstream_script_entry {
    struct script script;
    unsigned repeat;
};

struct upstream_script {
    enum listen_mode listen;
    uint64_t listen_times; /* only that many dials meet `listen`; 0: all of them */
    const struct upstream_script_entry *entries;
    size_t entry_count;
    unsigned connection_count; /* of all entries: connections after them play the standing answer */
    struct script standing;    /* `then`, or [read: request, respond: 200] */
    const char *host;          /* the name under which the proxy is told of it; NULL: its address */
    bool on_ipv6;              /* `family: 6` */
    struct tls_draft tls;      /* of each connection that says nothing else */
};

/* Reads the value below an upstream's name. */
MUST_USE bool upstream_script_parse(struct region *region, const struct yaml_node *node,
                                    struct upstream_script *out, struct yaml_error *error);

/* The script of the connection with this ordinal (from 1); past the last list, the standing one. */
const struct script *upstream_script_of(const struct upstream_script *upstream,
                                        unsigned connection);

/* How the connection with this ordinal does TLS, if it does. */
struct tls_draft upstream_script_tls(const struct upstream_script *upstream, unsigned connection);

/* True if any connection has a handshake of its own, by a `tls` step. */
bool upstream_script_has_tls_step(const struct upstream_script *upstream);

/* A `pre-write` step, for whoever arms the fault filter on the proxy's side. */
struct pre_write_fault {
    unsigned turn; /* which request on that connection, from 1 */
    enum step_end kind;
};

/* False if the script of that connection has none. All connections after connection_count are alike. */
bool upstream_script_pre_write(const struct upstream_script *upstream, unsigned connection,
                               struct pre_write_fault *out);
/* True if any connection has one. */
bool upstream_script_has_pre_write(const struct upstream_script *upstream);

#endif
