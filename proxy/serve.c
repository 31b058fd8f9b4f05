#include "proxy/serve.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "proxy/preset.h"
#include "retryproof/proxy.h"
#include "world/sockets/sockets.h"

enum { EXIT_FINE = 0, EXIT_USAGE = 2, EXIT_CANNOT_START = 5 };

struct serving {
    const struct proxy_settings *settings;
    struct proxy *proxy;
    bool draining;
    bool over;
};

static const char HELP[] =
    "usage: retryproof proxy CONFIG.yaml\n"
    "       retryproof proxy --presets\n"
    "\n"
    "Runs the built-in reverse proxy on real sockets. A configuration:\n"
    "\n"
    "    listen: 127.0.0.1:8080\n"
    "    upstreams: [127.0.0.1:9001, {name: b, address: 127.0.0.1:9002}]\n"
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
    "Further keys: select, connect_timeout, head_timeout, idle_timeout, window, pool_size,\n"
    "pool_timeout, head_limit, uri_limit, body_limit, client_half_close, via.\n"
    "docs/retries.md says when a request is tried again, docs/scenarios.md what each key does.\n"
    "\n"
    "Each exchange that failed or was tried again is a line on stderr: its status, then each "
    "attempt with\n"
    "where and why it failed, and whether it was tried again.\n"
    "SIGTERM or SIGINT: stop listening, let exchanges end, exit 0. A second one ends at once.\n"
    "Exit: 0 ended as asked, 2 wrong command line or configuration, 5 cannot listen.\n";

static void on_drained(void *owner)
{
    struct serving *serving = owner;

    serving->over = true;
}

static void on_signal(void *owner, int signal_number)
{
    struct serving *serving = owner;

    (void)signal_number;
    if (serving->draining)
        serving->over = true;
    else
        proxy_drain(serving->proxy, on_drained, serving);
    serving->draining = true;
}

/* ---- what went wrong, a line for each exchange, on stderr ---------------------------------------- */

/* "a: dial, connection_refused; again, nothing of the request was sent" */
static void tell_attempt(const struct proxy_settings *settings,
                         const struct attempt_record *attempt)
{
    const struct retry_decision *decision = &attempt->decision;
    bool failed = attempt->failure.cause != CAUSE_NONE;

    fprintf(stderr, "; %s: ", settings->upstreams[attempt->upstream].name);
    if (attempt->failure.stage == STAGE_STATUS || !failed)
        fprintf(stderr, "%u", attempt->status);
    else
        fprintf(stderr, "%s, %s", stage_word(attempt->failure.stage),
                cause_word(attempt->failure.cause));
    if (failed || decision->reason != RETRY_BECAUSE_NOTHING_SENT)
        fprintf(stderr, ", %s: %s", decision->retry ? "again" : "not again",
                retry_reason_sentence(decision->reason));
}

/* Exchanges that went well at once are not worth a line, nor clients that leave. */
static bool is_worth_a_line(const struct exchange_record *record)
{
    enum cause cause = record->failure.cause;

    return record->attempt_count > 1 || (cause != CAUSE_NONE && cause != CAUSE_CLIENT_CANCELLED);
}

static void on_record(void *owner, const struct exchange_record *record)
{
    const struct serving *serving = owner;

    if (!is_worth_a_line(record))
        return;
    fprintf(stderr, "%s %s: %u", record->method[0] != '\0' ? record->method : "-", record->target,
            record->status);
    if (record->attempt_count == 0)
        fprintf(stderr, "; %s", cause_word(record->failure.cause));
    for (unsigned i = 0; i < record->attempt_count; i++)
        tell_attempt(serving->settings, &record->attempts[i]);
    fputc('\n', stderr);
}

/* ---- serving ------------------------------------------------------------------------------------- */

static int serve(struct world *world, struct serving *serving)
{
    const struct proxy_settings *settings = serving->settings;
    char text[ADDRESS_TEXT_BYTES];
    struct address address;
    int os_error;

    serving->proxy = proxy_create(world, settings, NULL, &os_error);
    if (serving->proxy == NULL) {
        fprintf(stderr, "retryproof proxy: cannot listen on %s: %s\n",
                address_format(&settings->listen, text), strerror(os_error));
        return EXIT_CANNOT_START;
    }
    address = proxy_address(serving->proxy);
    printf("listening on %s\n", address_format(&address, text));
    fflush(stdout);
    sockets_on_signal(world, SIGTERM, on_signal, serving);
    sockets_on_signal(world, SIGINT, on_signal, serving);
    while (!serving->over)
        world_run(world, 1, TIME_NEVER);
    proxy_destroy(&serving->proxy);
    return EXIT_FINE;
}

int proxy_command(int argc, char **argv)
{
    const struct sockets_options options = {0};
    struct proxy_settings settings;
    struct serving serving = {.settings = &settings};
    char error[SETTINGS_ERROR_BYTES];
    struct world *world;
    int result;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(HELP, stdout);
        return EXIT_FINE;
    }
    if (argc == 2 && strcmp(argv[1], "--presets") == 0) {
        preset_list(stdout);
        return EXIT_FINE;
    }
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "retryproof proxy: %s%s\nretryproof proxy --help says more\n",
                argc < 2 ? "a configuration file is needed" : "one file is taken, not ",
                argc < 2 ? "" : argv[argc - 1]);
        return EXIT_USAGE;
    }
    if (!proxy_settings_load(&settings, argv[1], error)) {
        fprintf(stderr, "%s\n", error);
        return EXIT_USAGE;
    }
    world = sockets_create(&options);
    if (world == NULL) {
        perror("retryproof proxy: no event loop");
        return EXIT_CANNOT_START;
    }
    settings.on_record = on_record;
    settings.owner = &serving;
    result = serve(world, &serving);
    sockets_destroy(&world);
    return result;
}
