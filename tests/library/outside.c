/*
 * A program outside of the tree: outside LISTEN UPSTREAM... It fails over by the settings' own rule and says in each
 * response, by hooks, how many attempts it took.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <retryproof/proxy.h>
#include <world/sockets/sockets.h>

static enum hook_answer count_attempts(struct exchange *exchange, struct head *head)
{
    char count[16];

    snprintf(count, sizeof(count), "%u", exchange_record_so_far(exchange)->attempt_count);
    return head_set(head, "X-Attempts", count) ? HOOK_CONTINUE : exchange_fail(exchange, 500);
}

static void on_signal(void *owner, int signal_number)
{
    (void)signal_number;
    *(bool *)owner = true;
}

int main(int argc, char **argv)
{
    const struct proxy_hooks hooks = {.response_filter = count_attempts};
    struct world *world = sockets_create(&(struct sockets_options){0});
    struct proxy_settings settings;
    char text[ADDRESS_TEXT_BYTES];
    bool over = false;
    int os_error;

    proxy_settings_init(&settings);
    if (world == NULL || argc < 2 || !address_parse(argv[1], 0, &settings.listen))
        return EXIT_FAILURE;
    for (int i = 2; i < argc; i++)
        if (!proxy_settings_add_upstream(&settings, argv[i]))
            return EXIT_FAILURE;
    struct proxy *proxy = proxy_create(world, &settings, &hooks, &os_error);
    if (proxy == NULL)
        return EXIT_FAILURE;
    struct address address = proxy_address(proxy);
    printf("listening on %s\n", address_format(&address, text));
    fflush(stdout);
    sockets_on_signal(world, SIGTERM, on_signal, &over);
    while (!over)
        world_run(world, 1, TIME_NEVER);
    proxy_destroy(&proxy);
    sockets_destroy(&world);
    return EXIT_SUCCESS;
}
