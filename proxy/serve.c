#include "proxy/serve.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "proxy/config.h"
#include "world/sockets/sockets.h"

enum { EXIT_FINE = 0, EXIT_USAGE = 2, EXIT_CANNOT_START = 5 };

struct serving {
    struct proxy *proxy;
    bool draining;
    bool over;
};

static const char HELP[] =
    "usage: retryproof proxy CONFIG.yaml\n"
    "\n"
    "Runs the built-in reverse proxy on real sockets. A configuration:\n"
    "\n"
    "    listen: 127.0.0.1:8080\n"
    "    upstreams: [127.0.0.1:9001, {name: b, address: 127.0.0.1:9002}]\n"
    "    max_retries: 1            # a failed attempt may be tried again so often\n"
    "    policy: at-most-once      # only while not a byte of the request was written\n"
    "    response_timeout: 30s\n"
    "\n"
    "Further keys: select, connect_timeout, head_timeout, idle_timeout, deadline, window,\n"
    "pool_size, pool_timeout, head_limit, uri_limit, body_limit, client_half_close, via;\n"
    "docs/scenarios.md says what each does.\n"
    "\n"
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

static int serve(struct world *world, const struct proxy_settings *settings)
{
    struct serving serving = {0};
    char text[ADDRESS_TEXT_BYTES];
    struct address address;
    int os_error;

    serving.proxy = proxy_create(world, settings, NULL, &os_error);
    if (serving.proxy == NULL) {
        fprintf(stderr, "retryproof proxy: cannot listen on %s: %s\n",
                address_format(&settings->listen, text), strerror(os_error));
        return EXIT_CANNOT_START;
    }
    address = proxy_address(serving.proxy);
    printf("listening on %s\n", address_format(&address, text));
    fflush(stdout);
    sockets_on_signal(world, SIGTERM, on_signal, &serving);
    sockets_on_signal(world, SIGINT, on_signal, &serving);
    while (!serving.over)
        world_run(world, 1, TIME_NEVER);
    proxy_destroy(&serving.proxy);
    return EXIT_FINE;
}

int proxy_command(int argc, char **argv)
{
    const struct sockets_options options = {0};
    struct proxy_settings settings;
    struct yaml_error error;
    struct world *world;
    int result;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(HELP, stdout);
        return EXIT_FINE;
    }
    if (argc != 2 || argv[1][0] == '-') {
        fputs(HELP, stderr);
        return EXIT_USAGE;
    }
    if (!proxy_config_load(argv[1], &settings, &error)) {
        fprintf(stderr, "%s\n", error.sentence);
        return EXIT_USAGE;
    }
    world = sockets_create(&options);
    if (world == NULL) {
        perror("retryproof proxy: no event loop");
        return EXIT_CANNOT_START;
    }
    result = serve(world, &settings);
    sockets_destroy(&world);
    return result;
}
