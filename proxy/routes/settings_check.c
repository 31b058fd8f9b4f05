#include "proxy/routes/settings_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proxy/http/place.h"

static const uint64_t YEAR_NS = 365 * 24 * 3600 * NS_PER_S;

bool settings_refuse(char error[SETTINGS_ERROR_BYTES], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, SETTINGS_ERROR_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

bool settings_is_text(const char *text, size_t size_max)
{
    return text[0] != '\0' && memchr(text, '\0', size_max) != NULL;
}

bool settings_is_host(const char *text, size_t size_max)
{
    const uint16_t any_port = 1;
    const char *wrong;
    struct place place;

    return settings_is_text(text, size_max) && text[0] != '[' &&
           place_make(text, any_port, &place, &wrong);
}

bool settings_check_ranges(const struct settings_range *ranges, size_t count,
                           char error[SETTINGS_ERROR_BYTES])
{
    for (size_t i = 0; i < count; i++)
        if (ranges[i].value < ranges[i].min || ranges[i].value > ranges[i].max)
            return settings_refuse(error, "%s is %llu, but goes from %llu to %llu", ranges[i].word,
                                   (unsigned long long)ranges[i].value,
                                   (unsigned long long)ranges[i].min,
                                   (unsigned long long)ranges[i].max);
    return true;
}

bool settings_check_durations(const struct settings_duration *durations, size_t count,
                              char error[SETTINGS_ERROR_BYTES])
{
    for (size_t i = 0; i < count; i++)
        if (durations[i].ns > YEAR_NS)
            return settings_refuse(error, "%s is longer than 8760h (a year); 0 switches it off",
                                   durations[i].word);
    return true;
}

/* ---- numbers ---------------------------------------------------------------------------------------- */

static bool check_numbers(const struct proxy_settings *settings, char error[SETTINGS_ERROR_BYTES])
{
    const struct settings_range ranges[] = {
        {"window", settings->window_bytes, WINDOW_BYTES_MIN, WINDOW_BYTES_MAX},
        {"pool_size", settings->pool_size, 0, POOL_IDLE_MAX},
        {"head_limit", settings->head_bytes_max, HEAD_BYTES_MIN, HEAD_BYTES_MAX},
        {"uri_limit", settings->uri_bytes_max, 1, HEAD_BYTES_MAX},
        {"the number of upstreams", settings->upstream_count, 0, UPSTREAMS_MAX},
        {"the number of routes", settings->route_count, 0, ROUTES_MAX},
        {"the number of users", settings->user_count, 0, USERS_MAX},
        {"the number of certificates", settings->certificate_count, 0, CERTIFICATES_MAX},
    };

    if (settings->auth_failed_status != 403 && settings->auth_failed_status != 407)
        return settings_refuse(error, "auth_failed_status is 403 or 407, not %u",
                               settings->auth_failed_status);
    return settings_check_ranges(ranges, COUNT_OF(ranges), error);
}

static bool check_times(const struct proxy_settings *settings, char error[SETTINGS_ERROR_BYTES])
{
    const struct settings_duration durations[] = {
        {"connect_timeout", settings->connect_timeout_ns},
        {"handshake_timeout", settings->handshake_timeout_ns},
        {"head_timeout", settings->head_timeout_ns},
        {"response_timeout", settings->response_timeout_ns},
        {"idle_timeout", settings->idle_timeout_ns},
        {"pool_timeout", settings->pool_timeout_ns},
    };

    return settings_check_durations(durations, COUNT_OF(durations), error);
}

/* ---- words ------------------------------------------------------------------------------------------ */

/* A token both of a head (RFC 9110 5.6.2) and, in Proxy-Status, of a structured field (RFC 8941 3.3.4). */
static bool is_via(const char *text)
{
    static const char others[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

    return strchr("0123456789-._", text[0]) == NULL && text[strspn(text, others)] == '\0';
}

/* Visible ASCII and blanks that may stand between quotes as they are (RFC 9110 5.6.4). */
static bool is_realm(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
            return false;
    return true;
}

static bool check_words(const struct proxy_settings *settings, char error[SETTINGS_ERROR_BYTES])
{
    if (settings->listen.family != 4 && settings->listen.family != 6)
        return settings_refuse(error, "listen is not an address");
    if (settings->admin.family != 0 && settings->admin.family != 4 && settings->admin.family != 6)
        return settings_refuse(error, "admin is not an address");
    if (settings->nameserver.family != 0 &&
        ((settings->nameserver.family != 4 && settings->nameserver.family != 6) ||
         settings->nameserver.port == 0))
        return settings_refuse(error, "nameserver is not an address and a port");
    if (!settings_is_text(settings->via, sizeof(settings->via)) || !is_via(settings->via))
        return settings_refuse(
            error, "via is a word of letters, digits and -._ that begins with a letter");
    if (!settings_is_text(settings->realm, sizeof(settings->realm)) || !is_realm(settings->realm))
        return settings_refuse(error, "realm is 1 to %d visible characters without \" and \\",
                               UPSTREAM_NAME_BYTES - 1);
    if (memchr(settings->log, '\0', sizeof(settings->log)) == NULL)
        return settings_refuse(error, "the path of the log does not end");
    return true;
}

/* ---- upstreams -------------------------------------------------------------------------------------- */

/* What would have no effect, or not the one that its writer wishes for. */
static bool check_upstream_tls(const struct upstream_settings *upstream,
                               char error[SETTINGS_ERROR_BYTES])
{
    const struct {
        const char *text;
        size_t size;
        const char *word;
    } texts[] = {
        {upstream->sni, sizeof(upstream->sni), "sni"},
        {upstream->ca, sizeof(upstream->ca), "ca"},
        {upstream->certificate, sizeof(upstream->certificate), "certificate"},
        {upstream->key, sizeof(upstream->key), "key"},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (memchr(texts[i].text, '\0', texts[i].size) == NULL)
            return settings_refuse(error, "upstream %s: its %s does not end", upstream->name,
                                   texts[i].word);
        if (texts[i].text[0] != '\0' && !upstream->tls)
            return settings_refuse(error, "upstream %s: %s needs tls", upstream->name,
                                   texts[i].word);
    }
    if (upstream->tls_unverified && !upstream->tls)
        return settings_refuse(error, "upstream %s: verify needs tls", upstream->name);
    if (upstream->tls_unverified && upstream->ca[0] != '\0')
        return settings_refuse(error, "upstream %s: ca contradicts verify: false; take one out",
                               upstream->name);
    if (upstream->sni[0] != '\0' && !settings_is_host(upstream->sni, sizeof(upstream->sni)))
        return settings_refuse(error, "upstream %s: sni '%s' is neither a name nor an address",
                               upstream->name, upstream->sni);
    if ((upstream->certificate[0] == '\0') != (upstream->key[0] == '\0'))
        return settings_refuse(error, "upstream %s: a %s needs its %s", upstream->name,
                               upstream->key[0] == '\0' ? "certificate" : "key",
                               upstream->key[0] == '\0' ? "key" : "certificate");
    return true;
}

static bool check_upstream(const struct upstream_settings *upstream,
                           char error[SETTINGS_ERROR_BYTES])
{
    const char *wrong;
    struct place place;

    if (!settings_is_text(upstream->name, sizeof(upstream->name)))
        return settings_refuse(error, "an upstream has a name of 1 to %d bytes",
                               UPSTREAM_NAME_BYTES - 1);
    if (memchr(upstream->host, '\0', sizeof(upstream->host)) == NULL)
        return settings_refuse(error, "the host of upstream %s does not end", upstream->name);
    if (!place_make(upstream->host, upstream->port, &place, &wrong))
        return settings_refuse(error, "upstream %s: '%s' %s", upstream->name, upstream->host,
                               wrong);
    if (strcmp(place.host, upstream->host) != 0)
        return settings_refuse(error, "upstream %s: the host '%s' is written '%s'", upstream->name,
                               upstream->host, place.host);
    return check_upstream_tls(upstream, error);
}

static bool check_upstreams(const struct proxy_settings *settings, char error[SETTINGS_ERROR_BYTES])
{
    for (size_t i = 0; i < settings->upstream_count; i++)
        if (!check_upstream(&settings->upstreams[i], error))
            return false;
    return true;
}

/* ---- users ------------------------------------------------------------------------------------------ */

/* RFC 7617 2: no control characters on either side of the colon. */
static bool has_controls(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

/* A sentence never has a password in it. */
static bool check_user(const struct proxy_settings *settings, size_t index,
                       char error[SETTINGS_ERROR_BYTES])
{
    const struct user_settings *user = &settings->users[index];

    if (!settings_is_text(user->name, sizeof(user->name)))
        return settings_refuse(error, "one of the users has no name of 1 to %d bytes",
                               USER_NAME_BYTES - 1);
    if (strchr(user->name, ':') != NULL || has_controls(user->name))
        return settings_refuse(error, "users: the name '%s' has a colon or a control character",
                               user->name);
    if (!settings_is_text(user->password, sizeof(user->password)))
        return settings_refuse(error, "users: the password of '%s' has not 1 to %d bytes",
                               user->name, PASSWORD_BYTES - 1);
    if (has_controls(user->password))
        return settings_refuse(error, "users: the password of '%s' has a control character",
                               user->name);
    for (size_t i = 0; i < index; i++)
        if (strcmp(settings->users[i].name, user->name) == 0)
            return settings_refuse(error, "users: '%s' is there twice", user->name);
    return true;
}

static bool check_users(const struct proxy_settings *settings, char error[SETTINGS_ERROR_BYTES])
{
    for (size_t i = 0; i < settings->user_count; i++)
        if (!check_user(settings, i, error))
            return false;
    return true;
}

/* ---- certificates of the listener --------------------------------------------------------------------- */

/* "a.test" or "*.test", as a server name may be matched (RFC 6125 6.4.3). */
static bool is_server_name(const char *name, size_t size_max)
{
    size_t star = strncmp(name, "*.", 2) == 0 ? 2 : 0;

    return settings_is_host(name + star, size_max - star);
}

static bool check_certificate(const struct proxy_settings *settings, size_t index,
                              char error[SETTINGS_ERROR_BYTES])
{
    const struct certificate_settings *own = &settings->certificates[index];

    if (!settings_is_text(own->certificate, sizeof(own->certificate)))
        return settings_refuse(error, "tls has a key without its certificate");
    if (!settings_is_text(own->key, sizeof(own->key)))
        return settings_refuse(error, "tls has a certificate without its key: %s",
                               own->certificate);
    if (index == 0 && own->name[0] == '\0')
        return true;
    if (!is_server_name(own->name, sizeof(own->name)))
        return settings_refuse(error, "tls: the certificate %s is for no server name",
                               own->certificate);
    for (size_t i = 0; i < index; i++)
        if (strcmp(settings->certificates[i].name, own->name) == 0)
            return settings_refuse(error, "tls: two certificates are for '%s'", own->name);
    return true;
}

static bool check_listener_tls(const struct proxy_settings *settings,
                               char error[SETTINGS_ERROR_BYTES])
{
    if (memchr(settings->client_ca, '\0', sizeof(settings->client_ca)) == NULL)
        return settings_refuse(error, "the path of client_ca does not end");
    if (settings->client_ca[0] != '\0' && settings->certificate_count == 0)
        return settings_refuse(error, "client_ca needs a certificate of the listener's own");
    for (size_t i = 0; i < settings->certificate_count; i++)
        if (!check_certificate(settings, i, error))
            return false;
    return true;
}

bool proxy_settings_check(const struct proxy_settings *settings, char error[SETTINGS_ERROR_BYTES])
{
    return check_numbers(settings, error) && check_times(settings, error) &&
           check_words(settings, error) && check_upstreams(settings, error) &&
           check_users(settings, error) && check_listener_tls(settings, error) &&
           settings_check_routes(settings, error);
}
