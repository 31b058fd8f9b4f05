#include "proxy/upstream/configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/http/place.h"

static const char *const ALPN[] = {"http/1.1"}; /* RFC 7301 6 */

static const char *path_or_none(const char *path)
{
    return path[0] != '\0' ? path : NULL;
}

/* ---- TLS ----------------------------------------------------------------------------------------- */

static struct tls_server *make_server(const struct proxy_settings *settings,
                                      char error[SETTINGS_ERROR_BYTES])
{
    struct tls_certificate certificates[CERTIFICATES_MAX];
    const struct tls_server_options options = {
        .shelf = settings->tls_shelf,
        .certificates = certificates,
        .certificate_count = settings->certificate_count,
        .alpn = ALPN,
        .alpn_count = COUNT_OF(ALPN),
        .client_ca_path = path_or_none(settings->client_ca),
    };

    _Static_assert((int)TLS_ERROR_BYTES <= (int)SETTINGS_ERROR_BYTES, "a sentence fits whole");
    for (size_t i = 0; i < settings->certificate_count; i++)
        certificates[i] = (struct tls_certificate){
            .name = settings->certificates[i].name,
            .certificate_path = settings->certificates[i].certificate,
            .key_path = settings->certificates[i].key,
        };
    return tls_server_create(&options, error);
}

static struct tls_client *make_client(const struct upstream_settings *settings,
                                      struct tls_shelf *shelf, char error[SETTINGS_ERROR_BYTES])
{
    const struct tls_client_options options = {
        .shelf = shelf,
        .ca_path = path_or_none(settings->ca),
        .unverified = settings->tls_unverified,
        .certificate_path = path_or_none(settings->certificate),
        .key_path = path_or_none(settings->key),
        .alpn = ALPN,
        .alpn_count = COUNT_OF(ALPN),
    };

    return tls_client_create(&options, error);
}

/* ---- making -------------------------------------------------------------------------------------- */

/* All clients are made before any upstream changes its own. */
static bool make_clients(const struct proxy_settings *settings,
                         struct tls_client *clients[UPSTREAMS_MAX],
                         char error[SETTINGS_ERROR_BYTES])
{
    for (size_t i = 0; i < settings->upstream_count; i++) {
        if (!settings->upstreams[i].tls)
            continue;
        clients[i] = make_client(&settings->upstreams[i], settings->tls_shelf, error);
        if (clients[i] == NULL)
            return false;
    }
    return true;
}

static bool find_upstreams(struct configuration *configuration, char error[SETTINGS_ERROR_BYTES])
{
    const struct proxy_settings *settings = &configuration->settings;

    for (size_t i = 0; i < settings->upstream_count; i++) {
        struct origin *origin = origins_name(configuration->origins, &settings->upstreams[i]);

        if (origin == NULL) {
            snprintf(error, SETTINGS_ERROR_BYTES, "out of memory for upstream %s",
                     settings->upstreams[i].name);
            return false;
        }
        configuration->upstreams[i] = origin;
    }
    return true;
}

static bool make_upstreams(struct configuration *configuration, char error[SETTINGS_ERROR_BYTES])
{
    struct tls_client *clients[UPSTREAMS_MAX] = {NULL};
    size_t count = configuration->settings.upstream_count;
    bool made = make_clients(&configuration->settings, clients, error) &&
                find_upstreams(configuration, error);

    for (size_t i = 0; i < count; i++) {
        if (clients[i] == NULL)
            continue;
        if (made)
            origin_set_tls(configuration->upstreams[i], clients[i]);
        else
            tls_client_release(&clients[i]);
    }
    return made;
}

static bool make_routes(struct configuration *configuration)
{
    size_t count = proxy_settings_route_count(&configuration->settings);

    configuration->routes = calloc(count, sizeof(*configuration->routes));
    if (configuration->routes == NULL)
        return false;
    configuration->route_count = count;
    for (size_t i = 0; i < count; i++)
        proxy_settings_route(&configuration->settings, i, &configuration->routes[i]);
    return true;
}

static void destroy(struct configuration *configuration)
{
    for (size_t i = 0; i < configuration->settings.upstream_count; i++)
        if (configuration->upstreams[i] != NULL)
            origins_unname(configuration->origins, configuration->upstreams[i]);
    if (configuration->tls != NULL)
        tls_server_release(&configuration->tls);
    free(configuration->routes);
    free(configuration);
}

static bool fill(struct configuration *configuration, char error[SETTINGS_ERROR_BYTES])
{
    const struct proxy_settings *settings = &configuration->settings;

    if (!make_routes(configuration)) {
        snprintf(error, SETTINGS_ERROR_BYTES, "out of memory for routes");
        return false;
    }
    if (settings->certificate_count > 0) {
        configuration->tls = make_server(settings, error);
        if (configuration->tls == NULL)
            return false;
    }
    return make_upstreams(configuration, error);
}

struct configuration *configuration_create(struct origins *origins,
                                           const struct proxy_settings *settings,
                                           char error[SETTINGS_ERROR_BYTES])
{
    struct configuration *configuration = malloc(sizeof(*configuration));

    if (configuration == NULL) {
        snprintf(error, SETTINGS_ERROR_BYTES, "out of memory for a configuration");
        return NULL;
    }
    memset(configuration, 0, offsetof(struct configuration, settings));
    configuration->origins = origins;
    configuration->holders = 1;
    proxy_settings_copy(&configuration->settings, settings);
    if (!fill(configuration, error)) {
        destroy(configuration);
        return NULL;
    }
    return configuration;
}

struct configuration *configuration_hold(struct configuration *configuration)
{
    configuration->holders++;
    return configuration;
}

void configuration_renew(struct configuration *configuration)
{
    check(configuration->holders == 1);
    memset(configuration->turns, 0, sizeof(configuration->turns));
    origins_renew(configuration->origins, configuration->upstreams,
                  configuration->settings.upstream_count);
}

void configuration_let_go(struct configuration **configuration)
{
    struct configuration *left = *configuration;

    *configuration = NULL;
    check(left->holders > 0);
    if (--left->holders == 0)
        destroy(left);
}

/* ---- finding ------------------------------------------------------------------------------------- */

unsigned configuration_index(const struct configuration *configuration, const struct origin *origin)
{
    for (unsigned i = 0; i < configuration->settings.upstream_count; i++)
        if (configuration->upstreams[i] == origin)
            return i;
    return UPSTREAM_OTHER;
}

struct origin *configuration_find(const struct configuration *configuration,
                                  const struct upstream_settings *wanted)
{
    for (size_t i = 0; i < configuration->settings.upstream_count; i++) {
        const struct upstream_settings *settings = &configuration->settings.upstreams[i];

        if (settings->tls == wanted->tls &&
            (wanted->sni[0] == '\0' || strcmp(settings->sni, wanted->sni) == 0) &&
            place_equal(settings->host, settings->port, wanted->host, wanted->port))
            return configuration->upstreams[i];
    }
    return NULL;
}
