/*
 * How the proxy of a case speaks TLS, as the harness arranges it: `tls` and `upstream_tls` of a scenario's `proxy`. Which
 * files that comes to is for harness/run to say, from the certificates of fakeupstream/secure.
 *
 * Ownership: text is that of the YAML tree.
 */
#ifndef HARNESS_SUITE_TLS_SETUP_H
#define HARNESS_SUITE_TLS_SETUP_H

#include "world/data/yaml.h"

/* The listener. All zero: it speaks no TLS. */
struct listener_tls {
    bool on;
    bool certificate_required; /* clients must show one of the test authority's */
    const char *name;          /* whom its certificate is for; NULL: as ever */
};

enum setup_ca { SETUP_CA_TEST, SETUP_CA_UNKNOWN };
enum setup_certificate {
    SETUP_CERTIFICATE_NONE,
    SETUP_CERTIFICATE_CLIENT,
    SETUP_CERTIFICATE_UNKNOWN_CA
};

/* Towards the upstreams that speak TLS. All zero: verified against the test authority, by the upstream's name. */
struct upstream_tls {
    bool off;        /* none of them is spoken to by TLS */
    bool unverified; /* anybody's certificate is taken */
    enum setup_ca ca;
    enum setup_certificate certificate;
    const char *sni; /* NULL: the upstream's own name */
};

struct tls_setup {
    struct listener_tls listener;
    struct upstream_tls upstream;
};

/* map is the scenario's `proxy`. */
MUST_USE bool tls_setup_read(const struct yaml_node *map, struct tls_setup *out,
                             struct yaml_error *error);

#endif
