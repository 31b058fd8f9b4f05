/*
 * Fails over: asks FIRST and, where no connection to it can be made, SECOND. If neither can be reached the client gets
 * a 502, or a 504 where nobody answered in time.
 *
 *     failover LISTEN FIRST SECOND        failover 127.0.0.1:8080 127.0.0.1:9001 127.0.0.1:9002
 *
 * Serves until SIGTERM or SIGINT; what is under way then may end.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "retryproof/proxy.h"
#include "world/sockets/sockets.h"

/* In the order in which main() adds them to the settings. */
enum { FIRST, SECOND };

/* What the hooks remember of one exchange; all zero when it begins. */
struct tries {
    unsigned failed;
};

static enum hook_answer choose(struct exchange *exchange, struct proxy_peer *peer)
{
    const struct tries *tries = exchange_context(exchange);

    if (!peer_set_upstream(exchange, peer, tries->failed == 0 ? FIRST : SECOND))
        return exchange_fail(exchange, 500);
    return HOOK_CONTINUE;
}

/* Nothing of the request has left the proxy, so the other one may be asked whatever the method. */
static enum retry_wish fail_over(struct exchange *exchange, const struct failure *failure)
{
    struct tries *tries = exchange_context(exchange);

    (void)failure;
    return tries->failed++ == 0 ? RETRY_AGAIN : RETRY_NEVER;
}

static const struct proxy_hooks HOOKS = {
    .context_bytes = sizeof(struct tries),
    .upstream_peer = choose,
    .fail_to_connect = fail_over,
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
        fprintf(stderr, "failover: cannot listen: %s\n", strerror(os_error));
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

    proxy_settings_init(&settings);
    if (argc != 4 || !address_parse(argv[1], 0, &settings.listen) ||
        !proxy_settings_add_upstream(&settings, argv[2]) ||
        !proxy_settings_add_upstream(&settings, argv[3])) {
        fputs("usage: failover LISTEN FIRST SECOND, each an address and a port\n", stderr);
        return 2;
    }
    struct world *world = sockets_create(&(struct sockets_options){0});
    if (world == NULL) {
        perror("failover: no event loop");
        return 1;
    }
    int code = serve(world, &settings);
    sockets_destroy(&world);
    return code;
}
