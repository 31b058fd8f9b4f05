#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proxy/config.h"
#include "proxy/config_parts.h"
#include "proxy/http/place.h"

enum {
    REGION_BYTES_MAX = 8 * 1024 * 1024, /* the largest file that yaml_load() takes, as a tree */
    NAMESERVER_PORT = 53,
    LOG_BYTES_MIN = 64 * 1024, /* a smaller one would be put aside every few seconds */
    USERS_LINE_BYTES = USER_NAME_BYTES + PASSWORD_BYTES + 2, /* a colon and the line's end */
    USERS_LINES_MAX = 4096, /* most of them comments: there is room for USERS_MAX users */
};

/* A file being read. */
struct reading {
    const char *path;
    const struct yaml_node *root;
    struct proxy_settings *settings;
    struct yaml_error *error;
};

/* Keys that a scenario does not share. */
static const char *const FILE_KEYS[] = {"listen", "upstreams", "tls",        "nameserver", "admin",
                                        "log",    "log_limit", "users_file", NULL};

/* ---- files that are named in it ----------------------------------------------------------------------- */

/* A path that is not absolute begins where the configuration is. */
static bool read_path(const struct reading *reading, const struct yaml_node *node,
                      char out[SETTINGS_PATH_BYTES])
{
    const char *slash = strrchr(reading->path, '/');
    size_t folder_size = slash != NULL ? (size_t)(slash - reading->path) + 1 : 0;
    char own[SETTINGS_PATH_BYTES];
    const struct config_text text = {"a file's path", own, 1, sizeof(own)};
    int size;

    if (!config_read_text(node, &text, reading->error))
        return false;
    size = snprintf(out, SETTINGS_PATH_BYTES, "%.*s%s", own[0] == '/' ? 0 : (int)folder_size,
                    reading->path, own);
    return size < SETTINGS_PATH_BYTES ||
           yaml_fail(reading->error, node, "the path of the file has more than %d characters: %s",
                     SETTINGS_PATH_BYTES - 1, own);
}

/* An absent key leaves the path empty. */
static bool read_path_of(const struct reading *reading, const struct yaml_node *map,
                         const char *key, char out[SETTINGS_PATH_BYTES])
{
    const struct yaml_node *node = yaml_get(map, key);

    return node == NULL || read_path(reading, node, out);
}

/* ---- users_file ----------------------------------------------------------------------------------------- */

/* "name:password"; the first colon ends the name. What is wrong never repeats the line. */
static const char *add_user(struct proxy_settings *settings, const char *line)
{
    const char *colon = strchr(line, ':');
    struct user_settings *user = &settings->users[settings->user_count];
    size_t name_size = colon != NULL ? (size_t)(colon - line) : 0;
    size_t password_size = colon != NULL ? strlen(colon + 1) : 0;

    if (colon == NULL)
        return "a line is name:password, or a comment that begins with #";
    if (name_size == 0 || name_size >= sizeof(user->name))
        return "the name before the colon is empty or too long";
    if (password_size == 0 || password_size >= sizeof(user->password))
        return "the password behind the colon is empty or too long";
    if (settings->user_count == USERS_MAX)
        return "there are more users than there is room for";
    memcpy(user->name, line, name_size);
    user->name[name_size] = '\0';
    memcpy(user->password, colon + 1, password_size + 1);
    settings->user_count++;
    return NULL;
}

/* Without its end, which on some systems has a CR. */
static void cut_line_end(char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
}

static bool read_user_lines(const struct reading *reading, FILE *in, const char *path)
{
    const struct yaml_node *at = yaml_get(reading->root, "users_file");
    char line[USERS_LINE_BYTES + 1];
    const char *wrong = NULL;
    unsigned number = 0;

    while (wrong == NULL && fgets(line, sizeof(line), in) != NULL) {
        if (number++ == USERS_LINES_MAX)
            wrong = "the file has too many lines";
        else if (line[0] != '#' && strchr(line, '\n') == NULL && !feof(in))
            wrong = "the line is too long";
        cut_line_end(line);
        if (wrong == NULL && line[0] != '\0' && line[0] != '#')
            wrong = add_user(reading->settings, line);
    }
    return wrong == NULL || yaml_fail(reading->error, at, "%s:%u: %s", path, number, wrong);
}

static bool read_users_file(const struct reading *reading)
{
    const struct yaml_node *node = yaml_get(reading->root, "users_file");
    char path[SETTINGS_PATH_BYTES];
    bool read;
    FILE *in;

    if (node == NULL)
        return true;
    if (!read_path(reading, node, path))
        return false;
    in = fopen(path, "re");
    if (in == NULL)
        return yaml_fail(reading->error, node, "%s cannot be read: %s", path, strerror(errno));
    read = read_user_lines(reading, in, path);
    fclose(in);
    return read;
}

/* ---- upstreams ------------------------------------------------------------------------------------------ */

static bool read_origin(const struct yaml_node *node, struct upstream_settings *out,
                        struct yaml_error *error)
{
    struct place place;
    const char *text;
    const char *wrong;

    if (!yaml_text(node, "an upstream's address", &text, error))
        return false;
    if (!place_read(text, &place, &wrong))
        return yaml_fail(error, node, "'%s' %s", text, wrong);
    memcpy(out->host, place.host, sizeof(out->host));
    out->port = place.port;
    return true;
}

/* `tls: true`, or a map of how. */
static bool read_upstream_tls(const struct reading *reading, const struct yaml_node *node,
                              struct upstream_settings *out)
{
    static const char *const keys[] = {"sni", "ca", "verify", "certificate", "key", NULL};
    const struct config_text sni_text = {"sni", out->sni, 1, sizeof(out->sni)};
    const struct yaml_node *sni;
    const struct yaml_node *verify;
    bool verified = true;

    if (node->kind == YAML_SCALAR)
        return yaml_bool(node, "tls", &out->tls, reading->error);
    if (!yaml_check_keys(node, "tls of an upstream", keys, reading->error))
        return false;
    sni = yaml_get(node, "sni");
    verify = yaml_get(node, "verify");
    out->tls = true;
    if ((sni != NULL && !config_read_text(sni, &sni_text, reading->error)) ||
        (verify != NULL && !yaml_bool(verify, "verify", &verified, reading->error)))
        return false;
    out->tls_unverified = !verified;
    return read_path_of(reading, node, "ca", out->ca) &&
           read_path_of(reading, node, "certificate", out->certificate) &&
           read_path_of(reading, node, "key", out->key);
}

static bool read_upstream(const struct reading *reading, const struct yaml_node *node,
                          struct upstream_settings *out)
{
    static const char *const keys[] = {"name", "address", "tls", NULL};
    const struct config_text name_text = {"an upstream's name", out->name, 1, sizeof(out->name)};
    const struct yaml_node *name;
    const struct yaml_node *address;
    const struct yaml_node *tls;

    if (node->kind == YAML_SCALAR)
        return config_read_text(node, &name_text, reading->error) &&
               read_origin(node, out, reading->error);
    if (node->kind != YAML_MAP)
        return yaml_fail(reading->error, node, "an upstream is host:port or {name, address, tls}");
    if (!yaml_check_keys(node, "an upstream", keys, reading->error))
        return false;
    name = yaml_get(node, "name");
    address = yaml_get(node, "address");
    tls = yaml_get(node, "tls");
    if (address == NULL || name == NULL)
        return yaml_fail(reading->error, node, "an upstream has a name and an address");
    return config_read_text(name, &name_text, reading->error) &&
           read_origin(address, out, reading->error) &&
           (tls == NULL || read_upstream_tls(reading, tls, out));
}

static bool is_name_taken(const struct proxy_settings *settings, const char *name)
{
    for (size_t i = 0; i + 1 < settings->upstream_count; i++)
        if (strcmp(settings->upstreams[i].name, name) == 0)
            return true;
    return false;
}

static bool read_upstreams(const struct reading *reading)
{
    const struct yaml_node *list = yaml_get(reading->root, "upstreams");
    struct proxy_settings *settings = reading->settings;

    if (list == NULL)
        return true;
    if (list->kind != YAML_LIST || list->count == 0)
        return yaml_fail(reading->error, list, "upstreams is a list of at least one host:port");
    if (list->count > UPSTREAMS_MAX)
        return yaml_fail(reading->error, list, "at most %d upstreams, here are %zu", UPSTREAMS_MAX,
                         list->count);
    settings->upstream_count = 0;
    for (const struct yaml_node *node = list->first; node != NULL; node = node->next) {
        struct upstream_settings *upstream = &settings->upstreams[settings->upstream_count++];

        if (!read_upstream(reading, node, upstream))
            return false;
        if (is_name_taken(settings, upstream->name))
            return yaml_fail(reading->error, node, "two upstreams have the name '%s'",
                             upstream->name);
        if (!config_check(node, settings, reading->error))
            return false;
    }
    return true;
}

/* ---- the listener ----------------------------------------------------------------------------------------- */

/* A key whose value is an address; absent, it stays as it is. port_default 0: a port must be there. */
static bool read_address(const struct reading *reading, const char *key, uint16_t port_default,
                         struct address *out)
{
    const struct yaml_node *node = yaml_get(reading->root, key);
    struct address address;
    const char *text;

    if (node == NULL)
        return true;
    if (!yaml_text(node, key, &text, reading->error))
        return false;
    if (!address_parse(text, port_default, &address))
        return yaml_fail(reading->error, node, "'%s' is not an address%s or [::1]:8080", text,
                         port_default == 0 ? " and a port, like 127.0.0.1:8080"
                                           : ", like 127.0.0.1, 127.0.0.1:8080");
    *out = address;
    return true;
}

static bool read_certificate(const struct reading *reading, const struct yaml_node *map)
{
    struct proxy_settings *settings = reading->settings;
    struct certificate_settings *own;

    if (yaml_get(map, "certificate") == NULL || yaml_get(map, "key") == NULL)
        return yaml_fail(reading->error, map, "tls has a certificate and its key");
    if (settings->certificate_count == CERTIFICATES_MAX)
        return yaml_fail(reading->error, map, "at most %d certificates", CERTIFICATES_MAX);
    own = &settings->certificates[settings->certificate_count++];
    return read_path_of(reading, map, "certificate", own->certificate) &&
           read_path_of(reading, map, "key", own->key);
}

/* A certificate for a server name of its own; the first of all serves whoever names none of them. */
static bool read_named(const struct reading *reading, const struct yaml_node *map)
{
    static const char *const keys[] = {"name", "certificate", "key", NULL};
    struct proxy_settings *settings = reading->settings;
    struct config_text name_text = {.what = "a server name", .least = 1, .room = HOST_BYTES};
    const struct yaml_node *name;

    if (!yaml_check_keys(map, "a certificate", keys, reading->error))
        return false;
    name = yaml_get(map, "name");
    if (name == NULL)
        return yaml_fail(reading->error, map, "a further certificate has the name it is for");
    if (!read_certificate(reading, map))
        return false;
    name_text.to = settings->certificates[settings->certificate_count - 1].name;
    return config_read_text(name, &name_text, reading->error) &&
           config_check(map, settings, reading->error);
}

static bool read_tls(const struct reading *reading)
{
    static const char *const keys[] = {"certificate", "key", "client_ca", "more", NULL};
    const struct yaml_node *map = yaml_get(reading->root, "tls");
    const struct yaml_node *more;

    if (map == NULL)
        return true;
    if (!yaml_check_keys(map, "tls", keys, reading->error))
        return false;
    if (!read_certificate(reading, map) ||
        !read_path_of(reading, map, "client_ca", reading->settings->client_ca))
        return false;
    more = yaml_get(map, "more");
    if (more == NULL)
        return true;
    if (more->kind != YAML_LIST)
        return yaml_fail(reading->error, more,
                         "more is a list of certificates, {name, certificate, key}");
    for (const struct yaml_node *node = more->first; node != NULL; node = node->next)
        if (!read_named(reading, node))
            return false;
    return true;
}

/* ---- a whole file ------------------------------------------------------------------------------------------ */

static bool read_log(const struct reading *reading)
{
    const struct yaml_node *limit = yaml_get(reading->root, "log_limit");
    struct proxy_settings *settings = reading->settings;

    if (!read_path_of(reading, reading->root, "log", settings->log))
        return false;
    if (limit == NULL)
        return true;
    if (!yaml_size(limit, "log_limit", UINT64_MAX, &settings->log_bytes_max, reading->error))
        return false;
    return settings->log_bytes_max == 0 || settings->log_bytes_max >= LOG_BYTES_MIN ||
           yaml_fail(reading->error, limit, "log_limit is at least %d bytes, or 0 for none",
                     LOG_BYTES_MIN);
}

/* Only a hook could name an upstream where there is none, and a file has no hooks. */
static bool check_completeness(const struct reading *reading)
{
    const struct proxy_settings *settings = reading->settings;
    struct route_settings route;

    if (yaml_get(reading->root, "listen") == NULL)
        return yaml_fail(reading->error, reading->root,
                         "a configuration has `listen`, like 127.0.0.1:8080");
    for (size_t i = 0; i < proxy_settings_route_count(settings); i++) {
        proxy_settings_route(settings, i, &route);
        if (route.mode == MODE_REVERSE && settings->upstream_count == 0)
            return yaml_fail(reading->error, reading->root,
                             "a configuration has `upstreams`, like [127.0.0.1:9001], or "
                             "`mode: forward`");
    }
    return true;
}

static bool read_file(const struct reading *reading)
{
    struct proxy_settings *settings = reading->settings;

    if (reading->root->kind != YAML_MAP)
        return yaml_fail(reading->error, reading->root,
                         "a configuration is a map of keys and values");
    return read_upstreams(reading) && read_users_file(reading) &&
           proxy_config_read(reading->root, FILE_KEYS, settings, reading->error) &&
           read_address(reading, "listen", 0, &settings->listen) &&
           read_address(reading, "admin", 0, &settings->admin) &&
           read_address(reading, "nameserver", NAMESERVER_PORT, &settings->nameserver) &&
           read_tls(reading) && read_log(reading) && check_completeness(reading) &&
           config_check(reading->root, settings, reading->error);
}

bool proxy_config_load(struct proxy_settings *settings, const char *path,
                       char error[SETTINGS_ERROR_BYTES])
{
    _Static_assert((int)SETTINGS_ERROR_BYTES >= (int)YAML_ERROR_BYTES, "a sentence fits whole");
    struct yaml_error mistake = {{0}};
    struct reading reading = {.path = path, .settings = settings, .error = &mistake};
    struct region region;
    bool read;

    region_init(&region, REGION_BYTES_MAX);
    reading.root = yaml_load(&region, path, &mistake);
    read = reading.root != NULL && read_file(&reading);
    region_release(&region);
    memcpy(error, mistake.sentence, sizeof(mistake.sentence));
    return read;
}

bool proxy_settings_load(struct proxy_settings *settings, const char *path,
                         char error[SETTINGS_ERROR_BYTES])
{
    proxy_settings_init(settings);
    return proxy_config_load(settings, path, error);
}
