/*
 * How TLS is done on a connection, as a script says it: the `tls` key of an upstream, the `tls` step of both sides.
 *
 * Ownership: a plain value; text is that of the nodes. Errors: file:line:column.
 */
#ifndef FAKEUPSTREAM_SECURE_TLS_DRAFT_H
#define FAKEUPSTREAM_SECURE_TLS_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "fakeupstream/secure/authority.h"
#include "world/data/yaml.h"
#include "world/tls/tls.h"

enum { TLS_DRAFT_ALPN_MAX = 8 }; /* protocols one side names */

/* What goes wrong in a handshake, beside certificates. The last column: c client, u upstream, b both. */
#define TLS_FAULT_LIST(X)                              \
    X(NONE, "good", 'b')                               \
    X(UNSUPPORTED_VERSION, "unsupported-version", 'b') \
    X(ALERT, "alert", 'b')                             \
    X(CLOSE_AFTER_HELLO, "close-after-hello", 'b')     \
    X(CLOSE_MID_HANDSHAKE, "close-mid-handshake", 'b') \
    X(RESET_MID_HANDSHAKE, "reset-mid-handshake", 'b') \
    X(STALL, "stall", 'b')                             \
    X(RST_AFTER_FINISHED, "rst-after-finished", 'u')   \
    X(GARBAGE, "garbage", 'c')

enum tls_fault {
#define TLS_FAULT_ENUM(name, word, side) TLS_FAULT_##name,
    TLS_FAULT_LIST(TLS_FAULT_ENUM)
#undef TLS_FAULT_ENUM
        TLS_FAULT_COUNT
};

struct tls_draft {
    bool on;
    enum authority_kind certificate; /* this side's own; clients: where own_certificate */
    bool own_certificate;            /* always so for upstreams */
    bool asks_certificate;           /* upstreams: of clients, who must have one */
    bool tickets;                    /* sessions can be resumed */
    bool unverified;                 /* clients: any certificate is taken */
    bool fault_set;                  /* a word said it, "good" too */
    enum tls_fault fault;
    enum tls_version lowest; /* TLS_DEFAULT_VERSION: 1.2 */
    enum tls_version highest;
    const char *sni; /* clients: the server name asked for; NULL: of the proxy */
    const char *alpn[TLS_DRAFT_ALPN_MAX];
    size_t alpn_count;
};

/* The key of an upstream: a truth value, or a map. */
MUST_USE bool tls_draft_parse_upstream(const struct yaml_node *node, struct tls_draft *out,
                                       struct yaml_error *error);
/* The step of one connection of an upstream: a word. */
MUST_USE bool tls_draft_parse_word(const struct yaml_node *node, struct tls_draft *out,
                                   struct yaml_error *error);
/* The step of a client: a truth value, a word, or a map. */
MUST_USE bool tls_draft_parse_client(const struct yaml_node *node, struct tls_draft *out,
                                     struct yaml_error *error);

/* A connection's own word over what its upstream says. base may be NULL: it says nothing. */
struct tls_draft tls_draft_over(const struct tls_draft *base, const struct tls_draft *word);

/* True if the connection is over when the handshake's fault has happened: no step can follow. */
bool tls_draft_ends(const struct tls_draft *draft);

#endif
