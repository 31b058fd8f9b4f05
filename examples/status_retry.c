/*
 * Asks again where an upstream answers 502, 503 or 504: at most three attempts, each at an upstream that was not asked
 * yet as long as there is one. When they are used up, the client gets the last of those answers as it came.
 *
 *     status_retry LISTEN UPSTREAM...     status_retry 127.0.0.1:8080 127.0.0.1:9001 127.0.0.1:9002
 *
 * Serves until SIGTERM or SIGINT; what is under way then may end.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "retryproof/proxy.h"
#include "world/sockets/sockets.h"

enum { ATTEMPTS_MAX = 3 };

/* A wish: a POST, or a body too large to be kept, is not sent again for all that. */
static enum retry_wish judge(struct exchange *exchange, const struct head *head)
{
    (void)exchange;
    return head->status >= 502 && head->status <= 504 ? RETRY_AGAIN : RETRY_LEAVE;
}

/* A line for each exchange, with what became of each attempt. */
static void report(struct exchange *exchange, const struct exchange_record *record)
{
    (void)exchange;
    fprintf(stderr, "%s %s: %u\n", record->method, record->target, record->status);
    for (unsigned i = 0; i < record->attempt_count; i++) {
        const struct attempt_record *attempt = &record->attempts[i];

        fprintf(stderr, "  attempt %u at upstream %u: status %u, %s\n", i + 1, attempt->upstream,
                attempt->status, cause_word(attempt->failure.cause));
    }
}

static const struct proxy_hooks HOOKS = {
    .upstream_response_decision = judge,
    .logging = report,
};

struct service {
    struct proxy *proxy;
    bool is_over;
};

static void on_drained(void *owner)
{
    struct service *service = owner;

    service->is_over = true;
}

static void on_signal(void *owner, int signal_number)
{
    struct service *service = owner;

    (void)signal_number;
    proxy_drain(service->proxy, on_drained, service);
}

static int serve(struct world *world, const struct proxy_settings *settings)
{
    struct service service = {0};
    char text[ADDRESS_TEXT_BYTES];
    int os_error;

    service.proxy = proxy_create(world, settings, &HOOKS, &os_error);
    if (service.proxy == NULL) {
        fprintf(stderr, "status_retry: cannot listen: %s\n", strerror(os_error));
        return 1;
    }
    struct address address = proxy_address(service.proxy);
    printf("listening on %s\n", address_format(&address, text));
    fflush(stdout);
    sockets_on_signal(world, SIGTERM, on_signal, &service);
    sockets_on_signal(world, SIGINT, on_signal, &service);
    while (!service.is_over)
        world_run(world, 1, TIME_NEVER);
    proxy_destroy(&service.proxy);
    return 0;
}

int main(int argc, char **argv)
{
    struct proxy_settings settings;
    bool fits = argc >= 3;

    proxy_settings_init(&settings);
    settings.retry.policy = RETRY_IDEMPOTENT;
    settings.retry.retries_max = ATTEMPTS_MAX - 1;
    settings.retry.replay_bytes = REPLAY_BYTES_DEFAULT; /* a PUT can be sent again, too */
    fits = fits && address_parse(argv[1], 0, &settings.listen);
    for (int i = 2; i < argc && fits; i++)
        fits = proxy_settings_add_upstream(&settings, argv[i]);
    if (!fits) {
        fputs("usage: status_retry LISTEN UPSTREAM..., each an address and a port\n", stderr);
        return 2;
    }
    struct world *world = sockets_create(&(struct sockets_options){0});
    if (world == NULL) {
        perror("status_retry: no event loop");
        return 1;
    }
    int code = serve(world, &settings);
    sockets_destroy(&world);
    return code;
}
