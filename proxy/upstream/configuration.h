/*
 * The settings as exchanges run under them, with what was made of them: routes, upstreams, certificates. Reading the
 * configuration again makes another one; exchanges end under the one they began with.
 *
 * Ownership: counted: its maker holds it, and each exchange while it is under way; the last to let go ends it. The origins
 * outlive it.
 */
#ifndef PROXY_UPSTREAM_CONFIGURATION_H
#define PROXY_UPSTREAM_CONFIGURATION_H

#include "proxy/upstream/origins.h"

struct configuration {
    struct origins *origins;
    unsigned holders;
    struct origin *upstreams[UPSTREAMS_MAX];
    struct tls_server *tls; /* of the listener; NULL: it speaks none */
    struct route_settings *routes;
    size_t route_count;
    size_t turns[ROUTES_MAX]; /* round robin, of each route */
    struct proxy_settings settings;
};

/*
 * settings have passed proxy_settings_check(). NULL, and error is a sentence, when a certificate cannot be read or memory
 * runs out.
 */
MUST_USE struct configuration *configuration_create(struct origins *origins,
                                                    const struct proxy_settings *settings,
                                                    char error[SETTINGS_ERROR_BYTES]);
struct configuration *configuration_hold(struct configuration *configuration);
/* As it was when it had just been made, and its origins with it. Its maker alone holds it. */
void configuration_renew(struct configuration *configuration);
/* Empties the caller's pointer. */
void configuration_let_go(struct configuration **configuration);

/* The index of the upstream, or UPSTREAM_OTHER. */
unsigned configuration_index(const struct configuration *configuration,
                             const struct origin *origin);
/* The upstream at that place (as place_make() writes it), spoken to like that, or NULL. sni may be empty: whatever it is. */
struct origin *configuration_find(const struct configuration *configuration,
                                  const struct upstream_settings *wanted);

#endif
