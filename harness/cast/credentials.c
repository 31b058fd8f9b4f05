#include "harness/cast/credentials.h"

#include <stdio.h>
#include <string.h>

/* Where the scenario says nothing else. The authority's certificates are for NAME.test and for a host. */
static const char LISTENER[] = "proxy";
static const char CLIENT[] = "client";
static const char STRANGER[] = "stranger";

/* False: there is no text, or it is too long. */
static bool copy(char *to, size_t room, const char *from)
{
    size_t size = from != NULL ? strlen(from) : room;
    if (size >= room)
        return false;
    memcpy(to, from, size + 1);
    return true;
}

static bool fill_listener(const struct listener_tls *tls, struct authority *authority,
                          struct proxy_settings *settings)
{
    struct certificate_settings *own = &settings->certificates[0];
    const char *path = authority_certificate_path(
        authority, AUTHORITY_GOOD, tls->name == NULL ? LISTENER : STRANGER, tls->name);
    settings->certificate_count = 1;
    return copy(own->certificate, sizeof(own->certificate), path) &&
           copy(own->key, sizeof(own->key), path) &&
           (!tls->certificate_required ||
            copy(settings->client_ca, sizeof(settings->client_ca), authority_ca_path(authority)));
}

/* Our own certificate, where the upstream is to see one. */
static bool fill_own_certificate(const struct upstream_tls *tls, struct authority *authority,
                                 struct upstream_settings *settings)
{
    static const enum authority_kind KINDS[] = {
        [SETUP_CERTIFICATE_NONE] = AUTHORITY_GOOD,
        [SETUP_CERTIFICATE_CLIENT] = AUTHORITY_GOOD,
        [SETUP_CERTIFICATE_UNKNOWN_CA] = AUTHORITY_UNKNOWN_CA,
    };
    if (tls->certificate == SETUP_CERTIFICATE_NONE)
        return true;
    const char *path = authority_certificate_path(authority, KINDS[tls->certificate], CLIENT, NULL);
    return copy(settings->certificate, sizeof(settings->certificate), path) &&
           copy(settings->key, sizeof(settings->key), path);
}

/* None where nobody is verified. An authority that made none of the certificates is anybody who signed one for himself. */
static const char *trusted_path(const struct upstream_tls *tls, struct authority *authority)
{
    if (tls->unverified && tls->ca == SETUP_CA_TEST)
        return "";
    return tls->ca == SETUP_CA_TEST
               ? authority_ca_path(authority)
               : authority_certificate_path(authority, AUTHORITY_SELF_SIGNED, STRANGER, NULL);
}

static bool fill_upstream(const struct scenario *scenario, size_t index,
                          struct authority *authority, struct upstream_settings *settings)
{
    const struct upstream_tls *tls = &scenario->tls.upstream;
    const struct upstream_script *script = &scenario->upstreams[index];
    char name[HOST_BYTES];
    snprintf(name, sizeof(name), "%.*s.test", UPSTREAM_NAME_BYTES, scenario->upstream_names[index]);
    const char *sni = tls->sni != NULL ? tls->sni : script->host != NULL ? script->host : name;
    settings->tls = true;
    settings->tls_unverified = tls->unverified;
    return copy(settings->sni, sizeof(settings->sni), sni) &&
           copy(settings->ca, sizeof(settings->ca), trusted_path(tls, authority)) &&
           fill_own_certificate(tls, authority, settings);
}

bool credentials_fill(const struct scenario *scenario, struct scene *scene,
                      struct proxy_settings *settings)
{
    struct authority *authority = scene_authority(scene);
    settings->tls_shelf = scene_shelf(scene);
    if (authority == NULL ||
        (scenario->tls.listener.on && !fill_listener(&scenario->tls.listener, authority, settings)))
        return false;
    for (size_t i = 0; i < scenario->proxy_upstream_count; i++) {
        size_t index = scenario->proxy_upstreams[i];
        if (scenario_upstream_is_secure(scenario, index) &&
            !fill_upstream(scenario, index, authority, &settings->upstreams[i]))
            return false;
    }
    return true;
}
