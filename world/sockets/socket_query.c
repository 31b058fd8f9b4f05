#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/util.h>

#include "world/sockets/state.h"

enum {
    HOST_BYTES_MAX = 253, /* RFC 1035 2.3.4, written out without the root's dot */
    ANY_PORT = 1,         /* address_parse() wants a default, which is replaced */
};

/* How long libevent waits for one answer of a nameserver (its default), before it asks again. */
#define NAMESERVER_TIMEOUT_NS (5 * NS_PER_S)

static void touch(struct socket_query *slot)
{
    ready_list_add(&slot->sockets->ready, &slot->ready);
}

/* ---- slots ------------------------------------------------------------------------------------ */

static struct socket_query *take_slot(struct sockets *sockets)
{
    struct socket_query *slot = sockets->queries_free;

    if (slot == NULL) {
        slot = malloc(sizeof(*slot));
        if (slot == NULL)
            return NULL;
    } else {
        sockets->queries_free = slot->next;
    }
    *slot = (struct socket_query){
        .tag = SOCKET_QUERY_TAG,
        .ready.kind = READY_QUERY,
        .sockets = sockets,
        .next = sockets->queries,
    };
    if (slot->next != NULL)
        slot->next->previous = slot;
    sockets->queries = slot;
    return slot;
}

static void give_slot(struct socket_query *slot)
{
    struct sockets *sockets = slot->sockets;

    ready_item_leave(&slot->ready);
    if (slot->previous == NULL)
        sockets->queries = slot->next;
    else
        slot->previous->next = slot->next;
    if (slot->next != NULL)
        slot->next->previous = slot->previous;
    slot->tag = 0;
    slot->next = sockets->queries_free;
    sockets->queries_free = slot;
}

/* ---- answers ---------------------------------------------------------------------------------- */

bool socket_query_call(struct socket_query *slot)
{
    struct query *query = slot->query;

    check(query != NULL);
    query->status = slot->status;
    query->address_count = slot->address_count;
    memcpy(query->addresses, slot->addresses, sizeof(query->addresses));
    query->impl = NULL;
    slot->sockets->query_count--;
    give_slot(slot); /* before the upcall: the owner may ask again with the same query */
    query->on_answer(query);
    return true;
}

/* libevent has one word for a refusal and for silence; only the time that has passed tells them apart. */
static enum query_status status_of(const struct socket_query *slot, int result)
{
    switch (result) {
    case 0:
        return QUERY_FOUND;
    case EVUTIL_EAI_NONAME:
    case EVUTIL_EAI_NODATA:
        return QUERY_NOT_FOUND;
    case EVUTIL_EAI_AGAIN:
        return QUERY_TIMED_OUT;
    default:
        return world_now(&slot->sockets->world) - slot->began_ns < NAMESERVER_TIMEOUT_NS
                   ? QUERY_FAILED
                   : QUERY_TIMED_OUT;
    }
}

static void take_addresses(struct socket_query *slot, const struct evutil_addrinfo *list)
{
    for (; list != NULL && slot->address_count < QUERY_ADDRESSES_MAX; list = list->ai_next) {
        struct address *address = &slot->addresses[slot->address_count];

        if (!socket_address_read(list->ai_addr, address))
            continue;
        address->port = slot->port;
        slot->address_count++;
    }
}

/* libevent calls this from the loop, from within evdns_getaddrinfo(), or after a cancel. */
static void on_resolved(int result, struct evutil_addrinfo *list, void *owner)
{
    struct socket_query *slot = object_cast(owner, SOCKET_QUERY_TAG);

    slot->request = NULL;
    if (result == 0)
        take_addresses(slot, list);
    if (list != NULL)
        evutil_freeaddrinfo(list);
    if (slot->query == NULL) {
        give_slot(slot);
        return;
    }
    slot->status = status_of(slot, result);
    if (slot->status == QUERY_FOUND && slot->address_count == 0)
        slot->status = QUERY_NOT_FOUND;
    touch(slot);
}

/* ---- questions -------------------------------------------------------------------------------- */

/* Without a resolv.conf libevent asks a server on this machine. */
static bool make_resolver(struct sockets *sockets)
{
    const struct address *nameserver = &sockets->options.nameserver;
    struct sockaddr_storage at;
    socklen_t size;

    if (sockets->names != NULL)
        return true;
    sockets->names = evdns_base_new(sockets->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (sockets->names == NULL)
        return false;
    if (nameserver->family == 0) {
        evdns_base_resolv_conf_parse(sockets->names, DNS_OPTIONS_ALL, "/etc/resolv.conf");
        return true;
    }
    size = socket_address_write(nameserver, &at);
    evdns_base_load_hosts(sockets->names, "/etc/hosts");
    return evdns_base_nameserver_sockaddr_add(sockets->names, (struct sockaddr *)&at, size, 0) == 0;
}

static bool answer_numeric(struct socket_query *slot, const char *host)
{
    struct address *address = &slot->addresses[0];
    char bracketed[HOST_BYTES_MAX + 3];

    if (strchr(host, ':') != NULL) {
        snprintf(bracketed, sizeof(bracketed), "[%s]", host);
        host = bracketed;
    }
    if (!address_parse(host, ANY_PORT, address))
        return false;
    address->port = slot->port;
    slot->address_count = 1;
    slot->status = QUERY_FOUND;
    touch(slot);
    return true;
}

int socket_query_start(struct world *world, struct query *query, const char *host, uint16_t port)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct sockets *sockets = sockets_of(world);
    struct socket_query *slot;

    if (host[0] == '\0' || strlen(host) > HOST_BYTES_MAX)
        return -EINVAL;
    slot = take_slot(sockets);
    if (slot == NULL)
        return -ENOMEM;
    slot->query = query;
    slot->port = port;
    slot->began_ns = world_now(world);
    if (!answer_numeric(slot, host)) {
        struct evdns_getaddrinfo_request *request;

        if (!make_resolver(sockets)) {
            give_slot(slot);
            return -ENOMEM;
        }
        request = evdns_getaddrinfo(sockets->names, host, NULL, &hints, on_resolved, slot);
        if (!ready_item_is_listed(&slot->ready))
            slot->request = request;
    }
    query->impl = slot;
    sockets->query_count++;
    return 0;
}

/* libevent still calls back once for a request that it has begun; the slot waits for that alone. */
static void abandon(struct socket_query *slot)
{
    slot->query = NULL;
    if (slot->request != NULL)
        evdns_getaddrinfo_cancel(slot->request);
    else
        give_slot(slot);
}

void socket_query_cancel(struct world *world, struct query *query)
{
    struct sockets *sockets = sockets_of(world);
    struct socket_query *slot;

    if (query->impl == NULL)
        return;
    slot = object_cast(query->impl, SOCKET_QUERY_TAG);
    check(slot->query == query);
    query->impl = NULL;
    sockets->query_count--;
    abandon(slot);
}

void socket_query_close_all(struct sockets *sockets)
{
    struct socket_query *slot = sockets->queries;

    while (slot != NULL) {
        struct socket_query *next = slot->next;

        if (slot->query != NULL)
            abandon(slot);
        slot = next;
    }
    if (sockets->names != NULL) {
        event_base_loop(sockets->base, EVLOOP_NONBLOCK); /* its farewells */
        evdns_base_free(sockets->names, 1);
        event_base_loop(sockets->base, EVLOOP_NONBLOCK);
    }
    check(sockets->queries == NULL);
    while (sockets->queries_free != NULL) {
        slot = sockets->queries_free;
        sockets->queries_free = slot->next;
        free(slot);
    }
}
