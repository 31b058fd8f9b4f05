#include "retryproof/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy/downstream/session.h"
#include "world/tls/tls.h"

enum { LISTEN_BACKLOG = 1024 }; /* as much as a burst of clients needs; the kernel caps it */

struct proxy {
    struct proxy_hooks hooks;
    struct world *world;
    struct listener listener;
    struct address address;
    struct exchange_ground ground;
    struct session *live; /* with a client */
    size_t live_count;
    struct session *ended; /* until the end of the turn */
    struct session *shelf; /* ready for the next client */
    struct timer reaper;   /* due at the end of the turn */
    void (*on_drained)(void *owner);
    void *drain_owner;
};

static void on_acceptable(struct listener *listener);
static void on_session_ended(struct session *session);
static void on_turn_end(struct timer *timer);

static void tell(const struct proxy_settings *settings, const char *sentence)
{
    if (settings->on_notice != NULL)
        settings->on_notice(settings->owner, sentence);
}

static bool start_listening(struct proxy *proxy, int *os_error)
{
    int result;

    proxy->listener = (struct listener){.on_acceptable = on_acceptable, .owner = proxy};
    proxy->address = proxy->ground.configuration->settings.listen;
    result =
        world_listen(proxy->world, &proxy->listener, &proxy->address, LISTEN_OPEN, LISTEN_BACKLOG);
    *os_error = -result;
    return result == 0;
}

struct proxy *proxy_create(struct world *world, const struct proxy_settings *settings,
                           const struct proxy_hooks *hooks, int *os_error)
{
    char sentence[SETTINGS_ERROR_BYTES];
    struct proxy *proxy;

    *os_error = EINVAL;
    if (!proxy_settings_check(settings, sentence)) {
        tell(settings, sentence);
        return NULL;
    }
    if (hooks != NULL && hooks->context_bytes > CONTEXT_BYTES_MAX)
        return NULL;
    *os_error = ENOMEM;
    proxy = calloc(1, sizeof(*proxy));
    if (proxy == NULL)
        return NULL;
    if (hooks != NULL)
        proxy->hooks = *hooks;
    proxy->world = world;
    proxy->ground = (struct exchange_ground){.world = world, .hooks = &proxy->hooks};
    origins_init(&proxy->ground.origins, world);
    origins_set_pools(&proxy->ground.origins, settings->pool_size, settings->pool_timeout_ns);
    proxy->ground.configuration = configuration_create(&proxy->ground.origins, settings, sentence);
    if (proxy->ground.configuration == NULL) {
        tell(settings, sentence);
        origins_release(&proxy->ground.origins);
        free(proxy);
        *os_error = EINVAL;
        return NULL;
    }
    proxy->reaper = (struct timer){.on_time = on_turn_end, .owner = proxy};
    if (start_listening(proxy, os_error))
        return proxy;
    configuration_let_go(&proxy->ground.configuration);
    origins_release(&proxy->ground.origins);
    free(proxy);
    return NULL;
}

struct address proxy_address(const struct proxy *proxy)
{
    return proxy->address;
}

void proxy_close_to(struct proxy *proxy, const struct address *listener)
{
    proxy->ground.closed = *listener;
}

/* ---- settings that change ------------------------------------------------------------------------ */

static bool refuse_change(char error[SETTINGS_ERROR_BYTES], const char *what)
{
    snprintf(error, SETTINGS_ERROR_BYTES, "%s cannot be changed while the proxy runs", what);
    return false;
}

/* What memory of sessions was measured by, and where it listens. */
static bool may_change(const struct proxy *proxy, const struct proxy_settings *to,
                       char error[SETTINGS_ERROR_BYTES])
{
    const struct proxy_settings *from = &proxy->ground.configuration->settings;
    struct address listen = to->listen;

    if (listen.port == 0)
        listen.port = proxy->address.port; /* it has one already */
    if (!address_equal(&listen, &proxy->address))
        return refuse_change(error, "listen");
    if (to->window_bytes != from->window_bytes)
        return refuse_change(error, "window");
    if (to->head_bytes_max != from->head_bytes_max)
        return refuse_change(error, "head_limit");
    if (to->uri_bytes_max != from->uri_bytes_max)
        return refuse_change(error, "uri_limit");
    if ((to->certificate_count > 0) != (from->certificate_count > 0))
        return refuse_change(error, "whether the listener speaks TLS");
    return true;
}

bool proxy_reconfigure(struct proxy *proxy, const struct proxy_settings *settings,
                       char error[SETTINGS_ERROR_BYTES])
{
    struct exchange_ground *ground = &proxy->ground;
    struct configuration *next;

    if (!proxy_settings_check(settings, error) || !may_change(proxy, settings, error))
        return false;
    next = configuration_create(&ground->origins, settings, error);
    if (next == NULL)
        return false;
    next->settings.on_record = ground->configuration->settings.on_record;
    next->settings.on_notice = ground->configuration->settings.on_notice;
    next->settings.owner = ground->configuration->settings.owner;
    origins_set_pools(&ground->origins, settings->pool_size, settings->pool_timeout_ns);
    configuration_let_go(&ground->configuration);
    ground->configuration = next;
    return true;
}

const struct proxy_settings *proxy_settings_now(const struct proxy *proxy)
{
    return &proxy->ground.configuration->settings;
}

/* ---- sessions -------------------------------------------------------------------------------- */

static struct session *take_session(struct proxy *proxy)
{
    struct session *session = proxy->shelf;

    if (session == NULL)
        return session_create(&proxy->ground);
    proxy->shelf = session->next;
    return session;
}

static void put_on_shelf(struct proxy *proxy, struct session *session)
{
    session->next = proxy->shelf;
    proxy->shelf = session;
}

static void enlist(struct proxy *proxy, struct session *session)
{
    session->previous = NULL;
    session->next = proxy->live;
    if (proxy->live != NULL)
        proxy->live->previous = session;
    proxy->live = session;
    proxy->live_count++;
}

static void delist(struct proxy *proxy, struct session *session)
{
    if (session->previous != NULL)
        session->previous->next = session->next;
    else
        proxy->live = session->next;
    if (session->next != NULL)
        session->next->previous = session->previous;
    proxy->live_count--;
}

static void on_lost(struct stream *stream, unsigned events)
{
    (void)stream;
    (void)events;
}

/* Left waiting, the connection would call on_acceptable again and again for as long as memory is short. */
static void turn_away(struct proxy *proxy)
{
    struct stream stream = {.on_event = on_lost};

    if (world_accept(proxy->world, &proxy->listener, &stream) == 0)
        stream_close(&stream, STREAM_RST);
}

static int accept_into(struct proxy *proxy, struct stream *stream)
{
    struct tls_server *tls = proxy->ground.configuration->tls;

    return tls != NULL ? tls_accept(tls, proxy->world, &proxy->listener, stream)
                       : world_accept(proxy->world, &proxy->listener, stream);
}

static void on_acceptable(struct listener *listener)
{
    struct proxy *proxy = listener->owner;
    struct session *session = take_session(proxy);

    if (session == NULL) {
        turn_away(proxy);
        return;
    }
    if (accept_into(proxy, &session->stream) != 0) {
        put_on_shelf(proxy, session);
        return;
    }
    session->on_ended = on_session_ended;
    session->owner = proxy;
    enlist(proxy, session);
    session_start(session);
}

static void on_session_ended(struct session *session)
{
    struct proxy *proxy = session->owner;

    delist(proxy, session);
    session->next = proxy->ended;
    proxy->ended = session;
    timer_set(proxy->world, &proxy->reaper, world_now(proxy->world));
}

static void shelve_ended(struct proxy *proxy)
{
    while (proxy->ended != NULL) {
        struct session *session = proxy->ended;

        proxy->ended = session->next;
        put_on_shelf(proxy, session);
    }
}

/* Sessions that ended in a turn are used again only after it. */
static void on_turn_end(struct timer *timer)
{
    struct proxy *proxy = timer->owner;

    shelve_ended(proxy);
    if (proxy->on_drained != NULL && proxy->live_count == 0) {
        void (*on_drained)(void *owner) = proxy->on_drained;

        proxy->on_drained = NULL;
        on_drained(proxy->drain_owner);
    }
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void stop_listening(struct proxy *proxy)
{
    if (proxy->listener.impl != NULL)
        world_unlisten(proxy->world, &proxy->listener);
}

void proxy_drain(struct proxy *proxy, void (*on_drained)(void *owner), void *owner)
{
    struct session *next;

    proxy->on_drained = on_drained;
    proxy->drain_owner = owner;
    proxy->ground.draining = true;
    stop_listening(proxy);
    for (struct session *session = proxy->live; session != NULL; session = next) {
        next = session->next;
        session_stop(session);
    }
    origins_empty_pools(&proxy->ground.origins, true);
    timer_set(proxy->world, &proxy->reaper, world_now(proxy->world));
}

static void destroy_sessions(struct session **list)
{
    while (*list != NULL) {
        struct session *session = *list;

        *list = session->next;
        session_destroy(&session);
    }
}

void proxy_stop(struct proxy *proxy)
{
    stop_listening(proxy);
    destroy_sessions(&proxy->live);
    proxy->live_count = 0;
    shelve_ended(proxy);
    tls_end_lingering(proxy->world);
    timer_stop(proxy->world, &proxy->reaper);
    origins_empty_pools(&proxy->ground.origins, true);
}

bool proxy_restart(struct proxy *proxy, int *os_error)
{
    struct exchange_ground *ground = &proxy->ground;

    check(ground->configuration->tls == NULL);
    check(proxy->listener.impl == NULL);
    configuration_renew(ground->configuration);
    *ground = (struct exchange_ground){.world = proxy->world,
                                       .configuration = ground->configuration,
                                       .hooks = ground->hooks,
                                       .origins = ground->origins};
    proxy->on_drained = NULL;
    return start_listening(proxy, os_error);
}

void proxy_destroy(struct proxy **proxy)
{
    struct proxy *gone = *proxy;

    *proxy = NULL;
    proxy_stop(gone);
    destroy_sessions(&gone->shelf);
    configuration_let_go(&gone->ground.configuration);
    origins_release(&gone->ground.origins);
    free(gone);
}

/* ---- questions ------------------------------------------------------------------------------- */

void proxy_census(const struct proxy *proxy, struct proxy_census *out)
{
    *out = (struct proxy_census){
        .sessions = proxy->live_count,
        .tunnels = proxy->ground.tunnels,
        .handshake_failures = proxy->ground.handshake_failures,
    };
    for (const struct session *session = proxy->live; session != NULL; session = session->next) {
        out->exchanges += session->state == SESSION_BUSY;
        out->upstream_active += session->exchange.link != NULL;
        out->timers += timer_is_set(&session->timer);
        out->timers += timer_is_set(&session->exchange.watch);
        out->timers += timer_is_set(&session->exchange.resume);
        out->body_bytes_held +=
            inlet_held(&session->request) + inlet_held(&session->exchange.response) +
            feed_held(&session->exchange.up) + feed_held(&session->exchange.down);
    }
    out->upstream_idle = origins_idle(&proxy->ground.origins);
    if (proxy->ground.origins.pool_idle_ns != 0)
        out->timers += out->upstream_idle;
}
