#include "harness/suite/tls_setup.h"

/* `tls: true`, `tls: false` and the like; a map says more than that it is on. */
static bool read_switch(const struct yaml_node *node, const char *what, bool *on,
                        struct yaml_error *error)
{
    *on = node->kind == YAML_MAP;
    return node->kind == YAML_MAP || yaml_bool(node, what, on, error);
}

static bool read_listener(const struct yaml_node *node, struct listener_tls *out,
                          struct yaml_error *error)
{
    static const char *const KEYS[] = {"client-certificate", "name", NULL};
    static const char *const DEMANDS[] = {"required", NULL};
    if (!read_switch(node, "'tls' (or a map)", &out->on, error))
        return false;
    if (node->kind != YAML_MAP)
        return true;
    const struct yaml_node *demand = yaml_get(node, "client-certificate");
    const struct yaml_node *name = yaml_get(node, "name");
    out->certificate_required = demand != NULL;
    return yaml_check_keys(node, "'tls'", KEYS, error) &&
           (demand == NULL || yaml_word(demand, "'client-certificate'", DEMANDS, error) >= 0) &&
           (name == NULL || yaml_text(name, "a server name", &out->name, error));
}

static bool read_upstream(const struct yaml_node *node, struct upstream_tls *out,
                          struct yaml_error *error)
{
    static const char *const KEYS[] = {"verify", "ca", "certificate", "sni", NULL};
    static const char *const AUTHORITIES[] = {
        [SETUP_CA_TEST] = "test", [SETUP_CA_UNKNOWN] = "unknown", NULL};
    static const char *const CERTIFICATES[] = {[SETUP_CERTIFICATE_NONE] = "none",
                                               [SETUP_CERTIFICATE_CLIENT] = "client",
                                               [SETUP_CERTIFICATE_UNKNOWN_CA] = "unknown-ca",
                                               NULL};
    bool on;
    bool verified = true;
    if (!read_switch(node, "'upstream_tls' (or a map)", &on, error))
        return false;
    out->off = !on;
    if (node->kind != YAML_MAP)
        return true;
    const struct yaml_node *verify = yaml_get(node, "verify");
    const struct yaml_node *ca = yaml_get(node, "ca");
    const struct yaml_node *certificate = yaml_get(node, "certificate");
    const struct yaml_node *sni = yaml_get(node, "sni");
    if (!yaml_check_keys(node, "'upstream_tls'", KEYS, error) ||
        (verify != NULL && !yaml_bool(verify, "'verify'", &verified, error)) ||
        (sni != NULL && !yaml_text(sni, "a server name", &out->sni, error)))
        return false;
    int authority =
        ca == NULL ? 0 : yaml_word(ca, "whose certificates are trusted", AUTHORITIES, error);
    int own =
        certificate == NULL ? 0 : yaml_word(certificate, "a certificate", CERTIFICATES, error);
    if (authority < 0 || own < 0)
        return false;
    out->unverified = !verified;
    out->ca = (enum setup_ca)authority;
    out->certificate = (enum setup_certificate)own;
    return true;
}

bool tls_setup_read(const struct yaml_node *map, struct tls_setup *out, struct yaml_error *error)
{
    const struct yaml_node *listener = yaml_get(map, "tls");
    const struct yaml_node *upstream = yaml_get(map, "upstream_tls");
    *out = (struct tls_setup){.listener = {.on = false}};
    return (listener == NULL || read_listener(listener, &out->listener, error)) &&
           (upstream == NULL || read_upstream(upstream, &out->upstream, error));
}
