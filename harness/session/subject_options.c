#include "harness/session/subject_options.h"

#include <stdio.h>
#include <string.h>

#include "reports/subjects/observed.h"
#include "world/data/yaml.h"

_Static_assert((int)SUBJECT_OPTIONS_UPSTREAMS_MAX <= (int)OBSERVED_UPSTREAMS_MAX,
               "every upstream can be told of");

/* Of an attached proxy, whose limits nobody knows: longer than the minute that most proxies wait for a response. */
#define SETTLE_DEFAULT_NS   (1500 * NS_PER_MS)
#define PATIENCE_DEFAULT_NS (65 * NS_PER_S)
/* Longer than the ten seconds for which most proxies leave an upstream alone that failed. */
#define RECOVER_DEFAULT_NS (15 * NS_PER_S)

static const char *const WORDS[] = {
#define OPTION_WORD(name, word, value) word,
    SUBJECT_OPTION_LIST(OPTION_WORD)
#undef OPTION_WORD
};

void subject_options_init(struct subject_options *options)
{
    *options = (struct subject_options){.settle = {.ns = SETTLE_DEFAULT_NS},
                                        .patience = {.ns = PATIENCE_DEFAULT_NS},
                                        .recover = {.ns = RECOVER_DEFAULT_NS}};
}

static bool fail(char error[SUBJECT_OPTIONS_ERROR_BYTES], enum subject_option option,
                 const char *value, const char *expected)
{
    snprintf(error, SUBJECT_OPTIONS_ERROR_BYTES, "--%s: '%.200s' is not %s", WORDS[option], value,
             expected);
    return false;
}

/* ---- the target ------------------------------------------------------------------------------- */

static bool copy(char *out, size_t room, const char *text, size_t size)
{
    if (size >= room)
        return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

/* Other machines are nobody's to experiment with. */
static bool is_of_this_machine(const struct address *address)
{
    static const uint8_t LOOPBACK[16] = {[15] = 1};
    return address->family == 4 ? address->bytes[0] == 127
                                : memcmp(address->bytes, LOOPBACK, sizeof(LOOPBACK)) == 0;
}

/* "localhost:8080" is 127.0.0.1:8080: RFC 6761 6.3. */
static bool read_address(const char *authority, uint16_t port_default, struct address *out)
{
    static const char LOCALHOST[] = "localhost";
    char text[ADDRESS_TEXT_BYTES];
    size_t name = strcspn(authority, ":");
    if (name == sizeof(LOCALHOST) - 1 && strncmp(authority, LOCALHOST, name) == 0) {
        if (snprintf(text, sizeof(text), "127.0.0.1%s", authority + name) >= (int)sizeof(text))
            return false;
        authority = text;
    }
    return address_parse(authority, port_default, out);
}

size_t subject_host_size(const char *authority)
{
    const char *bracket = strchr(authority, ']');
    return bracket != NULL ? (size_t)(bracket - authority) + 1 : strcspn(authority, ":");
}

static bool read_target(struct subject_options *options, const char *url,
                        char error[SUBJECT_OPTIONS_ERROR_BYTES])
{
    static const char HTTP[] = "http://";
    static const char HTTPS[] = "https://";
    enum { HTTP_PORT = 80, HTTPS_PORT = 443 };
    options->tls = strncmp(url, HTTPS, sizeof(HTTPS) - 1) == 0;
    if (!options->tls && strncmp(url, HTTP, sizeof(HTTP) - 1) != 0)
        return fail(error, SUBJECT_OPTION_TARGET, url, "http://HOST:PORT or https://HOST:PORT");
    const char *authority = url + (options->tls ? sizeof(HTTPS) : sizeof(HTTP)) - 1;
    size_t size = strcspn(authority, "/?#");
    const char *path = authority + size;
    size_t path_size = strlen(path);
    while (path_size > 0 && path[path_size - 1] == '/')
        path_size--;
    if (strpbrk(path, "?# \t\r\n") != NULL ||
        !copy(options->authority, sizeof(options->authority), authority, size) ||
        !copy(options->name, sizeof(options->name), authority,
              subject_host_size(options->authority)) ||
        !copy(options->prefix, sizeof(options->prefix), path, path_size) ||
        !read_address(options->authority, options->tls ? HTTPS_PORT : HTTP_PORT, &options->address))
        return fail(error, SUBJECT_OPTION_TARGET, url,
                    "a URL such as http://127.0.0.1:8080 or https://localhost:8443/app, of this "
                    "machine; --host names a virtual host");
    if (!is_of_this_machine(&options->address))
        return fail(error, SUBJECT_OPTION_TARGET, url,
                    "on this machine: 127.0.0.0/8, [::1] or localhost");
    options->target = url;
    return true;
}

/* ---- what else there is to say ------------------------------------------------------------------ */

static bool read_upstream(struct subject_options *options, const char *text,
                          char error[SUBJECT_OPTIONS_ERROR_BYTES])
{
    size_t index = options->upstream_count;
    size_t name = strcspn(text, "=");
    if (index == SUBJECT_OPTIONS_UPSTREAMS_MAX)
        return fail(error, SUBJECT_OPTION_UPSTREAM, text, "possible: there are too many");
    if (name == 0 || text[name] != '=' ||
        !copy(options->upstream_texts[index], sizeof(options->upstream_texts[index]), text, name) ||
        !read_address(text + name + 1, 0, &options->upstreams[index]) ||
        options->upstreams[index].port == 0)
        return fail(error, SUBJECT_OPTION_UPSTREAM, text,
                    "NAME=HOST:PORT, such as a=127.0.0.1:9001");
    options->upstream_names[index] = options->upstream_texts[index];
    options->upstream_count++;
    return true;
}

/* A second one would make another message of every request: RFC 9112 3.2, 6.1 and 6.3; and X-Request tells requests apart. */
static bool is_written_anyway(struct bytes name)
{
    static const char *const NAMES[] = {"Host", "Content-Length", "Transfer-Encoding", "X-Request"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++)
        if (bytes_equal_text_nocase(name, NAMES[i]))
            return true;
    return false;
}

static bool read_header(struct subject_options *options, const char *text,
                        char error[SUBJECT_OPTIONS_ERROR_BYTES])
{
    size_t used = strlen(options->fields);
    size_t name = strcspn(text, ":");
    if (name == 0 || text[name] != ':' || strpbrk(text, "\r\n") != NULL ||
        strcspn(text, " \t") < name)
        return fail(error, SUBJECT_OPTION_HEADER, text, "NAME: VALUE");
    if (is_written_anyway(bytes_make(text, name)))
        return fail(error, SUBJECT_OPTION_HEADER, text,
                    "one that can be added: every request has its own (Host is for --host)");
    int added = snprintf(options->fields + used, sizeof(options->fields) - used, "%s\r\n", text);
    if (used + (size_t)added > SCENE_FIELDS_BYTES)
        return fail(error, SUBJECT_OPTION_HEADER, text, "possible: the headers are too long");
    return true;
}

static bool read_time(enum subject_option option, const char *text, struct subject_time *out,
                      char error[SUBJECT_OPTIONS_ERROR_BYTES])
{
    const struct yaml_node node = {
        .kind = YAML_SCALAR, .file = "", .text = text, .text_size = strlen(text)};
    struct yaml_error ignored = {{0}};
    out->typed = text;
    return yaml_duration(&node, WORDS[option], &out->ns, &ignored) ||
           fail(error, option, text, "a whole number with a unit, such as 250ms or 2s");
}

static bool read_expect(struct subject_options *options, const char *text,
                        char error[SUBJECT_OPTIONS_ERROR_BYTES])
{
    options->declared = declared_find(text);
    return options->declared != DECLARED_COUNT ||
           fail(error, SUBJECT_OPTION_EXPECT, text, "at-most-once, idempotent, rfc9110 or observe");
}

static bool read_host(struct subject_options *options, const char *text,
                      char error[SUBJECT_OPTIONS_ERROR_BYTES])
{
    options->host = text;
    return (*text != '\0' && strlen(text) < SCENE_HOST_BYTES && strpbrk(text, " \t\r\n") == NULL) ||
           fail(error, SUBJECT_OPTION_HOST, text, "what a Host field can say");
}

static void note_subject(struct subject_options *options, const char *name)
{
    options->subject = strcmp(name, "builtin") == 0 ? NULL : name;
}

bool subject_options_read(struct subject_options *options, enum subject_option word,
                          const char *value, char error[SUBJECT_OPTIONS_ERROR_BYTES])
{
    if (word != SUBJECT_OPTION_SUBJECT && options->word == NULL)
        options->word = WORDS[word];
    switch (word) {
    case SUBJECT_OPTION_SUBJECT:
        note_subject(options, value);
        return true;
    case SUBJECT_OPTION_PROFILE:
        options->profile = value;
        return true;
    case SUBJECT_OPTION_EXPECT:
        return read_expect(options, value, error);
    case SUBJECT_OPTION_BUFFERING:
        options->buffering = true;
        return true;
    case SUBJECT_OPTION_TARGET:
        return read_target(options, value, error);
    case SUBJECT_OPTION_UPSTREAM:
        return read_upstream(options, value, error);
    case SUBJECT_OPTION_HOST:
        return read_host(options, value, error);
    case SUBJECT_OPTION_HEADER:
        return read_header(options, value, error);
    case SUBJECT_OPTION_INSECURE:
        options->insecure = true;
        return true;
    case SUBJECT_OPTION_CA:
        options->ca = value;
        return true;
    case SUBJECT_OPTION_SETTLE:
        return read_time(word, value, &options->settle, error);
    case SUBJECT_OPTION_PATIENCE:
        return read_time(word, value, &options->patience, error);
    case SUBJECT_OPTION_RECOVER:
        return read_time(word, value, &options->recover, error);
    case SUBJECT_OPTION_COUNT:
        break;
    }
    check_refuse(__FILE__, __LINE__, "no such option: %d", (int)word);
}

/* ---- whether it goes together -------------------------------------------------------------------- */

static bool refuse(char error[SUBJECT_OPTIONS_ERROR_BYTES], const char *sentence)
{
    snprintf(error, SUBJECT_OPTIONS_ERROR_BYTES, "%s", sentence);
    return false;
}

static bool has_twin(const struct subject_options *options)
{
    for (size_t i = 0; i < options->upstream_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(options->upstream_names[i], options->upstream_names[j]) == 0 ||
                address_equal(&options->upstreams[i], &options->upstreams[j]))
                return true;
    return false;
}

bool subject_options_check(const struct subject_options *options,
                           char error[SUBJECT_OPTIONS_ERROR_BYTES])
{
    if (options->subject != NULL && options->target != NULL)
        return refuse(error, "--subject and --target exclude each other: the one is started, the "
                             "other is running");
    if (!subject_options_is_foreign(options) && options->word != NULL) {
        snprintf(error, SUBJECT_OPTIONS_ERROR_BYTES,
                 "--%s speaks of another proxy than the built-in one: name it with --subject or "
                 "--target",
                 options->word);
        return false;
    }
    bool attached = options->target != NULL;
    if (attached && options->upstream_count == 0)
        return refuse(error, "--target needs at least one --upstream NAME=HOST:PORT: where the "
                             "proxy expects its upstreams");
    if (attached && options->profile != NULL)
        return refuse(error, "--profile is for proxies that are started, not for --target");
    if (!attached && (options->upstream_count > 0 || options->host != NULL ||
                      options->fields[0] != '\0' || options->insecure || options->ca != NULL))
        return refuse(error, "--upstream, --host, --header, --insecure and --ca are for --target");
    if (!attached && (options->settle.typed != NULL || options->patience.typed != NULL ||
                      options->recover.typed != NULL))
        return refuse(error, "--settle, --patience and --recover are for --target: of a proxy that "
                             "is started its profile says them");
    if ((options->insecure || options->ca != NULL) && !options->tls)
        return refuse(error, "--insecure and --ca are for a target of https://");
    if (options->patience.ns == 0 || options->recover.ns == 0)
        return refuse(error, "--patience and --recover must be longer than nothing");
    if (has_twin(options))
        return refuse(error, "two --upstream have one name, or one address");
    return true;
}
