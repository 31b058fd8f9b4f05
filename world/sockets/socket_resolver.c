#include <stdio.h>
#include <stdlib.h>

#include "world/sockets/state.h"

/*
 * Each nameserver has a resolver of its own, so that one that fails is never avoided in favour of another, and what
 * libevent has learned of it in one case cannot reach another case.
 */
enum {
    RESOLVERS_MAX =
        64, /* nameservers asked at a time; each costs a descriptor, and the idle ones go first */
    NAMESERVER_ATTEMPTS = 2, /* a datagram may be lost once */
};

/* ---- libevent's options ----------------------------------------------------------------------- */

/*
 * A single nameserver is asked whether libevent thinks that it is up or not; so it must not be asked for other names
 * to find out, which it would be after initial-probe-timeout, at most an hour.
 */
static bool set_options(struct evdns_base *base, uint64_t timeout_ns)
{
    uint64_t each_ns = timeout_ns / NAMESERVER_ATTEMPTS;
    char timeout[32], attempts[4];

    snprintf(timeout, sizeof(timeout), "%llu.%06llu", (unsigned long long)(each_ns / NS_PER_S),
             (unsigned long long)(each_ns % NS_PER_S / NS_PER_US));
    snprintf(attempts, sizeof(attempts), "%d", NAMESERVER_ATTEMPTS);
    return evdns_base_set_option(base, "timeout:", timeout) == 0 &&
           evdns_base_set_option(base, "attempts:", attempts) == 0 &&
           evdns_base_set_option(base, "max-inflight:", "4096") == 0 &&
           evdns_base_set_option(base, "initial-probe-timeout:", "3600") == 0;
}

/* What a nameserver does wrong the program hears, each time; libevent would also print it. */
static void print_nothing(int is_warning, const char *sentence)
{
    (void)is_warning;
    (void)sentence;
}

/* Without a resolv.conf libevent asks a server on this machine. */
static bool configure(struct socket_resolver *resolver)
{
    struct sockaddr_storage at;
    socklen_t size;

    if (resolver->nameserver.family == 0) {
        evdns_base_resolv_conf_parse(resolver->base, DNS_OPTIONS_ALL, "/etc/resolv.conf");
        return true;
    }
    size = socket_address_write(&resolver->nameserver, &at);
    return set_options(resolver->base, resolver->sockets->options.query_timeout_ns) &&
           evdns_base_nameserver_sockaddr_add(resolver->base, (struct sockaddr *)&at, size, 0) == 0;
}

/* ---- which there are -------------------------------------------------------------------------- */

/* No question of ours is left in it, so libevent calls nobody. */
static void release(struct socket_resolver **link)
{
    struct socket_resolver *resolver = *link;

    *link = resolver->next;
    resolver->sockets->resolver_count--;
    evdns_base_free(resolver->base, 1);
    free(resolver);
}

static struct socket_resolver *find(const struct sockets *sockets, const struct address *nameserver)
{
    struct socket_resolver *resolver = sockets->resolvers;

    while (resolver != NULL && !address_equal(&resolver->nameserver, nameserver))
        resolver = resolver->next;
    return resolver;
}

/* The one that was not used for longest and has no question; NULL if there is none. */
static struct socket_resolver **find_idle(struct sockets *sockets)
{
    struct socket_resolver **oldest = NULL;

    for (struct socket_resolver **link = &sockets->resolvers; *link != NULL; link = &(*link)->next)
        if ((*link)->questions == 0 && (oldest == NULL || (*link)->used < (*oldest)->used))
            oldest = link;
    return oldest;
}

/* libevent lets go of cancelled questions when it runs; it calls nobody but us, and we call nobody from there. */
static bool make_room(struct sockets *sockets)
{
    struct socket_resolver **idle = find_idle(sockets);

    if (idle == NULL) {
        event_base_loop(sockets->base, EVLOOP_NONBLOCK);
        idle = find_idle(sockets);
    }
    if (idle != NULL)
        release(idle);
    return idle != NULL;
}

static struct socket_resolver *make(struct sockets *sockets, const struct address *nameserver)
{
    struct socket_resolver *resolver = malloc(sizeof(*resolver));

    if (resolver == NULL)
        return NULL;
    *resolver = (struct socket_resolver){.sockets = sockets, .nameserver = *nameserver};
    evdns_set_log_fn(print_nothing);
    resolver->base = evdns_base_new(sockets->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (resolver->base == NULL) {
        free(resolver);
        return NULL;
    }
    resolver->next = sockets->resolvers;
    sockets->resolvers = resolver;
    sockets->resolver_count++;
    if (configure(resolver))
        return resolver;
    release(&sockets->resolvers);
    return NULL;
}

struct socket_resolver *socket_resolver_of(struct sockets *sockets,
                                           const struct address *nameserver)
{
    struct socket_resolver *resolver = find(sockets, nameserver);

    if (resolver == NULL && (sockets->resolver_count < RESOLVERS_MAX || make_room(sockets)))
        resolver = make(sockets, nameserver);
    if (resolver != NULL)
        resolver->used = ++sockets->resolver_uses;
    return resolver;
}

void socket_resolver_close_all(struct sockets *sockets)
{
    if (sockets->resolvers == NULL)
        return;
    event_base_loop(sockets->base, EVLOOP_NONBLOCK); /* its farewells, all of them */
    while (sockets->resolvers != NULL)
        release(&sockets->resolvers);
    event_base_loop(sockets->base, EVLOOP_NONBLOCK);
}
