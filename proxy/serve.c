#include "proxy/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/admin/admin.h"
#include "proxy/config.h"
#include "proxy/log/request_log.h"
#include "proxy/preset.h"
#include "proxy/story.h"
#include "world/base/bytes.h"
#include "world/sockets/sockets.h"

enum { EXIT_FINE = 0, EXIT_USAGE = 2, EXIT_CANNOT_START = 5 };

/* How often a failed attempt is tried again where neither a route nor the file says it. */
static const char RETRIES_VARIABLE[] = "RETRYPROOF_DEFAULT_MAX_RETRIES";

/* What stands on the command line. */
struct command {
    const char *config;
    const char *log;   /* in place of the file's; NULL: the file's */
    const char *admin; /* the same */
};

struct serving {
    const struct command *command;
    unsigned retries_default;
    char log_path[SETTINGS_PATH_BYTES]; /* empty: no log */
    uint64_t log_bytes_max;
    struct address admin_address; /* family 0: no admin listener */
    struct metrics metrics;
    struct request_log *log;
    struct proxy *proxy;
    struct admin *admin;
    bool draining;
    bool over;
};

static const char HELP[] =
    "usage: retryproof proxy CONFIG.yaml [--log FILE] [--admin ADDRESS:PORT]\n"
    "       retryproof proxy --presets\n"
    "\n"
    "Runs the built-in proxy on real sockets. A configuration:\n"
    "\n"
    "    listen: 127.0.0.1:8080\n"
    "    upstreams: [127.0.0.1:9001, {name: b, address: b.test:443, tls: true}]\n"
    "    max_retries: 1            # a failed attempt may be tried again so often\n"
    "    policy: at-most-once      # only while not a byte of the request was written\n"
    "    response_timeout: 30s\n"
    "\n"
    "When to try again, one of:\n"
    "    policy: at-most-once | idempotent\n"
    "    retry_on: [connect-failure, connect-timeout, unsent, reset, partial-head,\n"
    "               invalid-head, response-timeout, reused]\n"
    "    preset: nginx             # like another system; --presets lists them\n"
    "    preset: {nginx: error timeout http_502}\n"
    "and how:\n"
    "    retry_on_status: [502, 503, 520-529]\n"
    "    retry_on_reused: true     # a reused connection that ended before any byte came\n"
    "    retry_non_idempotent: true  # the method does not matter; a POST may act twice\n"
    "    retry_other_upstream: false # the same upstream again\n"
    "    replay_buffer_bytes: 64KiB  # body kept for a retry\n"
    "    per_try_timeout: 2s\n"
    "    deadline: 10s             # of all attempts together\n"
    "    backoff: {base: 25ms, max: 250ms}\n"
    "    retry_budget: {share: 20%, floor: 3}\n"
    "\n"
    "Which requests go where:\n"
    "    mode: reverse | forward   # forward: absolute-form and CONNECT\n"
    "    allow: [10.0.0.0/8]       # where forward may go; this machine alone otherwise; any\n"
    "    routes:                   # each has the keys above, and what it does not say from here\n"
    "      - {name: api, host: a.test, path: /api, upstreams: [b], max_retries: 3}\n"
    "Who may come in:\n"
    "    users: {alice: secret}    # Basic proxy authentication; or users_file: FILE\n"
    "    auth: all | none | [alice]\n"
    "    realm: proxy\n"
    "    auth_failed_status: 403 | 407\n"
    "TLS of the listener:\n"
    "    tls: {certificate: FILE, key: FILE, client_ca: FILE, more: [{name, certificate, key}]}\n"
    "TLS towards an upstream:\n"
    "    tls: {sni: a.test, ca: FILE, verify: false, certificate: FILE, key: FILE}\n"
    "What is told:\n"
    "    log: FILE                 # a row for each exchange, SQLite\n"
    "    log_limit: 64MiB          # then a new file is begun\n"
    "    admin: 127.0.0.1:9090     # health, metrics, the log and the routes over HTTP,\n"
    "                              # and a page for a browser that shows them as they change\n"
    "\n"
    "Further keys: select, connect_timeout, handshake_timeout, head_timeout, idle_timeout,\n"
    "window, pool_size, pool_timeout, head_limit, uri_limit, body_limit, client_half_close,\n"
    "via, nameserver. docs/proxy.md tells them all, docs/retries.md when a request is tried\n"
    "again, docs/log.md what stands in the log, docs/admin.md what admin tells.\n"
    "\n"
    "Each exchange that failed or was tried again is a line on stderr: its status, then each\n"
    "attempt with where and why it failed, and whether it was tried again.\n"
    "SIGHUP: read the file and the certificates again; a mistake is told and changes nothing.\n"
    "SIGTERM or SIGINT: stop listening, let exchanges end, exit 0. A second one ends at once.\n"
    "RETRYPROOF_DEFAULT_MAX_RETRIES in the environment is max_retries where nobody says it.\n"
    "Exit: 0 ended as asked, 2 wrong command line or configuration, 5 cannot start.\n";

/* ---- what happened ---------------------------------------------------------------------------------- */

/* The wall clock is for the log alone, whose reader wants to know when. */
static uint64_t unix_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void on_record(void *owner, const struct exchange_record *record)
{
    struct serving *serving = owner;

    metrics_note(&serving->metrics, record);
    if (serving->log != NULL)
        request_log_add(serving->log, record, record->settings, unix_ns());
    if (story_is_worth_telling(record))
        story_tell(stderr, record);
}

static void on_notice(void *owner, const char *sentence)
{
    (void)owner;
    fprintf(stderr, "retryproof proxy: %s\n", sentence);
}

/* Rows are never lost silently. */
static void tell_lost_rows(struct serving *serving)
{
    struct request_log_counts counts;

    request_log_flush(serving->log);
    request_log_count(serving->log, &counts);
    if (counts.overflowed + counts.failed > 0)
        fprintf(stderr,
                "retryproof proxy: %s lacks %llu of %llu rows: %llu came too fast, %llu could not "
                "be written\n",
                serving->log_path, (unsigned long long)(counts.overflowed + counts.failed),
                (unsigned long long)counts.added, (unsigned long long)counts.overflowed,
                (unsigned long long)counts.failed);
}

/* ---- the configuration ------------------------------------------------------------------------------ */

/* What the command line says stands over the file. */
static bool apply_command(const struct command *command, struct proxy_settings *settings,
                          char error[SETTINGS_ERROR_BYTES])
{
    size_t size = command->log != NULL ? strlen(command->log) : 0;

    if (command->admin != NULL && !address_parse(command->admin, 0, &settings->admin)) {
        snprintf(error, SETTINGS_ERROR_BYTES,
                 "--admin takes an address and a port, like 127.0.0.1:9090, not %s",
                 command->admin);
        return false;
    }
    if (size >= sizeof(settings->log)) {
        snprintf(error, SETTINGS_ERROR_BYTES, "--log takes a path of at most %zu characters",
                 sizeof(settings->log) - 1);
        return false;
    }
    if (command->log != NULL)
        memcpy(settings->log, command->log, size + 1);
    return true;
}

static bool load(struct serving *serving, struct proxy_settings *settings,
                 char error[SETTINGS_ERROR_BYTES])
{
    proxy_settings_init(settings);
    settings->retry.retries_max = serving->retries_default;
    if (!proxy_config_load(settings, serving->command->config, error) ||
        !apply_command(serving->command, settings, error))
        return false;
    settings->on_record = on_record;
    settings->on_notice = on_notice;
    settings->owner = serving;
    return true;
}

/* What the program itself has opened stays as it is. */
static bool may_reload(const struct serving *serving, const struct proxy_settings *settings,
                       char error[SETTINGS_ERROR_BYTES])
{
    const char *changed = NULL;

    if (!address_equal(&settings->admin, &serving->admin_address))
        changed = "admin";
    else if (strcmp(settings->log, serving->log_path) != 0)
        changed = "log";
    else if (settings->log_bytes_max != serving->log_bytes_max)
        changed = "log_limit";
    if (changed != NULL)
        snprintf(error, SETTINGS_ERROR_BYTES, "%s cannot be changed while the proxy runs", changed);
    return changed == NULL;
}

/* SIGHUP. */
static void reload(void *owner, int signal_number)
{
    struct serving *serving = owner;
    struct proxy_settings settings;
    char error[SETTINGS_ERROR_BYTES];
    bool loaded;

    (void)signal_number;
    if (serving->draining)
        return;
    loaded = load(serving, &settings, error);
    if (loaded && may_reload(serving, &settings, error) &&
        proxy_reconfigure(serving->proxy, &settings, error)) {
        fprintf(stderr, "retryproof proxy: %s is read again\n", serving->command->config);
        return;
    }
    if (loaded) /* a mistake of the file names its place by itself */
        fprintf(stderr, "%s: ", serving->command->config);
    fprintf(stderr, "%s\nretryproof proxy: the settings stay as they were\n", error);
}

/* ---- serving ---------------------------------------------------------------------------------------- */

static void on_drained(void *owner)
{
    struct serving *serving = owner;

    serving->over = true;
}

/* SIGTERM, SIGINT. */
static void end(void *owner, int signal_number)
{
    struct serving *serving = owner;

    (void)signal_number;
    if (serving->draining) {
        serving->over = true;
        return;
    }
    serving->draining = true;
    if (serving->admin != NULL)
        admin_note_draining(serving->admin);
    proxy_drain(serving->proxy, on_drained, serving);
}

static bool open_log(struct serving *serving)
{
    const struct request_log_options options = {.path = serving->log_path,
                                                .bytes_max = serving->log_bytes_max};
    char error[REQUEST_LOG_ERROR_BYTES];

    if (serving->log_path[0] == '\0')
        return true;
    serving->log = request_log_open(&options, error);
    if (serving->log == NULL)
        fprintf(stderr, "retryproof proxy: %s\n", error);
    return serving->log != NULL;
}

/* Says why it cannot listen; EINVAL was told by on_notice() already. */
static int refuse_start(const struct address *address, int os_error)
{
    char text[ADDRESS_TEXT_BYTES];

    if (os_error == EINVAL)
        return EXIT_USAGE;
    fprintf(stderr, "retryproof proxy: cannot listen on %s: %s\n", address_format(address, text),
            strerror(os_error));
    return EXIT_CANNOT_START;
}

static int start(struct world *world, struct serving *serving,
                 const struct proxy_settings *settings)
{
    struct admin_options options = {.listen = settings->admin, .metrics = &serving->metrics};
    struct address address;
    int os_error;

    memcpy(serving->log_path, settings->log, sizeof(serving->log_path));
    serving->log_bytes_max = settings->log_bytes_max;
    serving->admin_address = settings->admin;
    if (!open_log(serving))
        return EXIT_CANNOT_START;
    serving->proxy = proxy_create(world, settings, NULL, &os_error);
    if (serving->proxy == NULL)
        return refuse_start(&settings->listen, os_error);
    if (settings->admin.family == 0)
        return EXIT_FINE;
    options.proxy = serving->proxy;
    options.log = serving->log;
    options.log_path = serving->log != NULL ? serving->log_path : NULL;
    serving->admin = admin_create(world, &options, &os_error);
    if (serving->admin == NULL)
        return refuse_start(&settings->admin, os_error);
    address = admin_address(serving->admin);
    proxy_close_to(serving->proxy, &address);
    return EXIT_FINE;
}

static void run(struct world *world, struct serving *serving)
{
    struct address address = proxy_address(serving->proxy);
    char text[ADDRESS_TEXT_BYTES];

    signal(SIGPIPE, SIG_IGN); /* who reads what is told may end before the proxy does */
    sockets_on_signal(world, SIGTERM, end, serving);
    sockets_on_signal(world, SIGINT, end, serving);
    sockets_on_signal(world, SIGHUP, reload, serving);
    /* Who reads this may send signals. */
    printf("listening on %s\n", address_format(&address, text));
    if (serving->admin != NULL) {
        address = admin_address(serving->admin);
        printf("admin on %s\n", address_format(&address, text));
    }
    fflush(stdout);
    while (!serving->over)
        world_run(world, 1, TIME_NEVER);
}

static void stop(struct serving *serving)
{
    if (serving->admin != NULL)
        admin_destroy(&serving->admin);
    if (serving->proxy != NULL)
        proxy_destroy(&serving->proxy);
    if (serving->log == NULL)
        return;
    tell_lost_rows(serving);
    request_log_close(&serving->log);
}

static int serve(struct serving *serving)
{
    const struct sockets_options options = {0};
    struct proxy_settings settings;
    char error[SETTINGS_ERROR_BYTES];
    struct world *world;
    int result;

    if (!load(serving, &settings, error)) {
        fprintf(stderr, "%s\n", error);
        return EXIT_USAGE;
    }
    world = sockets_create(&options);
    if (world == NULL) {
        perror("retryproof proxy: no event loop");
        return EXIT_CANNOT_START;
    }
    result = start(world, serving, &settings);
    if (result == EXIT_FINE)
        run(world, serving);
    stop(serving);
    sockets_destroy(&world);
    return result;
}

/* ---- the command line ------------------------------------------------------------------------------- */

static int refuse_usage(const char *what, const char *word)
{
    fprintf(stderr, "retryproof proxy: %s%s\nretryproof proxy --help says more\n", what, word);
    return EXIT_USAGE;
}

/* EXIT_FINE, or the code to end with. */
static int read_command(int argc, char **argv, struct command *command)
{
    for (int i = 1; i < argc; i++) {
        const char **value = NULL;

        if (strcmp(argv[i], "--log") == 0)
            value = &command->log;
        else if (strcmp(argv[i], "--admin") == 0)
            value = &command->admin;
        else if (argv[i][0] == '-')
            return refuse_usage("there is no option ", argv[i]);
        else if (command->config != NULL)
            return refuse_usage("one file is taken, not also ", argv[i]);
        else
            command->config = argv[i];
        if (value == NULL)
            continue;
        if (i + 1 == argc || *value != NULL)
            return refuse_usage(*value != NULL ? "only one value is taken by "
                                               : "a value is needed behind ",
                                argv[i]);
        *value = argv[++i];
    }
    return command->config != NULL ? EXIT_FINE : refuse_usage("a configuration file is needed", "");
}

static bool read_environment(unsigned *retries)
{
    const char *text = getenv(RETRIES_VARIABLE);
    uint64_t number = RETRIES_DEFAULT;

    if (text != NULL && !bytes_to_u64(bytes_of(text), RETRIES_MAX, &number)) {
        fprintf(stderr,
                "retryproof proxy: %s in the environment is a number from 0 to %d, not '%s'\n",
                RETRIES_VARIABLE, RETRIES_MAX, text);
        return false;
    }
    *retries = (unsigned)number;
    return true;
}

int proxy_command(int argc, char **argv)
{
    struct command command = {0};
    struct serving serving = {.command = &command};
    int result;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(HELP, stdout);
        return EXIT_FINE;
    }
    if (argc == 2 && strcmp(argv[1], "--presets") == 0) {
        preset_list(stdout);
        return EXIT_FINE;
    }
    result = read_command(argc, argv, &command);
    if (result != EXIT_FINE)
        return result;
    return read_environment(&serving.retries_default) ? serve(&serving) : EXIT_USAGE;
}
