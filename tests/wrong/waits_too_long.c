/*
 * A proxy that gives everybody twice the time that it was told to give. Wraps proxy_create().
 */
#include "retryproof/proxy.h"

struct proxy *__real_proxy_create(struct world *world, const struct proxy_settings *settings,
                                  const struct proxy_hooks *hooks, int *os_error);
struct proxy *__wrap_proxy_create(struct world *world, const struct proxy_settings *settings,
                                  const struct proxy_hooks *hooks, int *os_error);

struct proxy *__wrap_proxy_create(struct world *world, const struct proxy_settings *settings,
                                  const struct proxy_hooks *hooks, int *os_error)
{
    struct proxy_settings longer = *settings;

    longer.connect_timeout_ns *= 2;
    longer.head_timeout_ns *= 2;
    longer.response_timeout_ns *= 2;
    longer.idle_timeout_ns *= 2;
    longer.retry.deadline_ns *= 2;
    return __real_proxy_create(world, &longer, hooks, os_error);
}
