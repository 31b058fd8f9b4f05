#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/util.h>

#include "world/sockets/state.h"

enum {
    HOST_BYTES_MAX = 253, /* RFC 1035 2.3.4, written out without the root's dot */
    ANY_PORT = 1,         /* address_parse() wants a default, which is replaced */
    /* How long addresses of one family wait for those of the other. RFC 8305 3 waits 50 ms; some servers never answer
     * for IPv6, and a busy machine's answer must not be missed. */
    PATIENCE_MS = 250,
};

enum { QUESTION_IPV4, QUESTION_IPV6 };

static void on_patience_over(struct timer *timer);

static void touch(struct socket_query *slot)
{
    ready_list_add(&slot->sockets->ready, &slot->ready);
}

/* libevent calls back once for all that it has begun, a cancel notwithstanding. */
static bool is_held(const struct socket_query *slot)
{
    return slot->system_request != NULL || slot->questions[QUESTION_IPV4].request != NULL ||
           slot->questions[QUESTION_IPV6].request != NULL;
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
        .patience = {.on_time = on_patience_over, .owner = slot},
        .questions = {{.query = slot, .family = 4}, {.query = slot, .family = 6}},
    };
    if (slot->next != NULL)
        slot->next->previous = slot;
    sockets->queries = slot;
    return slot;
}

static void stop_patience(struct socket_query *slot)
{
    if (!timer_is_set(&slot->patience))
        return;
    timer_queue_stop(&slot->sockets->timers, &slot->patience);
    slot->sockets->pause_count--;
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

/* ---- what came of it --------------------------------------------------------------------------- */

/* libevent has one word for SERVFAIL and for silence; only the time that has passed tells them apart. */
static enum query_status failed_or_silent(const struct socket_query *slot)
{
    uint64_t waited_ns = slot->sockets->now_ns - slot->began_ns;

    return waited_ns < slot->sockets->options.query_timeout_ns / 4 * 3 ? QUERY_FAILED
                                                                       : QUERY_TIMED_OUT;
}

/* The system's resolver: what libevent's getaddrinfo says, which has a word only for a name that is not there. */
static enum query_status system_status(const struct socket_query *slot)
{
    switch (slot->system_result) {
    case 0: /* found, without an address */
    case EVUTIL_EAI_NONAME:
    case EVUTIL_EAI_NODATA:
        return QUERY_NOT_FOUND;
    default:
        return failed_or_silent(slot);
    }
}

static enum query_status question_status(const struct socket_query *slot, int result)
{
    switch (result) {
    case DNS_ERR_NONE:
    case DNS_ERR_NOTEXIST:
    case DNS_ERR_NODATA:
        return QUERY_NOT_FOUND;
    case DNS_ERR_TIMEOUT:
        return failed_or_silent(slot);
    default:
        return QUERY_FAILED;
    }
}

/* Where neither family was found: that it is not there is said only if both say so. */
static enum query_status failed_status(const struct socket_query *slot)
{
    enum query_status ipv4, ipv6;

    if (slot->resolver == NULL)
        return QUERY_NOT_FOUND;
    if (slot->resolver->nameserver.family == 0)
        return system_status(slot);
    ipv4 = question_status(slot, slot->questions[QUESTION_IPV4].result);
    ipv6 = question_status(slot, slot->questions[QUESTION_IPV6].result);
    return ipv4 == QUERY_NOT_FOUND || ipv6 == QUERY_FAILED ? ipv6 : ipv4;
}

static void fill_in(const struct socket_query *slot, struct query *query)
{
    query->address_count = 0;
    for (size_t i = 0; i < COUNT_OF(slot->questions); i++) {
        const struct socket_question *question = &slot->questions[i];

        for (size_t j = 0;
             j < question->address_count && query->address_count < QUERY_ADDRESSES_MAX; j++) {
            struct address *address = &query->addresses[query->address_count++];

            *address = question->addresses[j];
            address->port = slot->port;
        }
    }
    query->status = query->address_count > 0 ? QUERY_FOUND : failed_status(slot);
}

/* libevent has let go of it, or is told to; the program gets its answer. */
static void finish(struct socket_query *slot)
{
    stop_patience(slot);
    ready_item_leave(&slot->ready);
    slot->query = NULL;
    slot->sockets->query_count--;
    if (slot->system_request != NULL)
        evdns_getaddrinfo_cancel(slot->system_request);
    for (size_t i = 0; i < COUNT_OF(slot->questions); i++)
        if (slot->questions[i].request != NULL)
            evdns_cancel_request(slot->resolver->base, slot->questions[i].request);
    if (!is_held(slot))
        give_slot(slot);
}

/* Whether there is something to say. Addresses of one family wait a little for those of the other. */
static bool is_answered(struct socket_query *slot)
{
    struct sockets *sockets = slot->sockets;

    if (!is_held(slot) || slot->patience_over)
        return true;
    if (slot->questions[QUESTION_IPV4].address_count > 0 ||
        slot->questions[QUESTION_IPV6].address_count > 0) {
        timer_queue_set(&sockets->timers, &slot->patience,
                        sockets->now_ns + PATIENCE_MS * NS_PER_MS);
        sockets->pause_count++;
    }
    return false;
}

bool socket_query_call(struct socket_query *slot)
{
    struct query *query = slot->query;

    check(query != NULL);
    if (!is_answered(slot))
        return false;
    fill_in(slot, query);
    query->impl = NULL;
    finish(slot); /* before the upcall: the owner may ask again with the same query */
    query->on_answer(query);
    return true;
}

static void on_patience_over(struct timer *timer)
{
    struct socket_query *slot = object_cast(timer->owner, SOCKET_QUERY_TAG);

    slot->sockets->pause_count--;
    slot->patience_over = true;
    touch(slot);
}

/* libevent has let go of one request of this query. */
static void take_end(struct socket_query *slot)
{
    check(slot->resolver->questions > 0);
    slot->resolver->questions--;
    if (slot->query != NULL)
        touch(slot);
    else if (!is_held(slot))
        give_slot(slot);
}

static void add_address(struct socket_question *question, const struct sockaddr *address)
{
    if (question->address_count < QUERY_ADDRESSES_MAX &&
        socket_address_read(address, &question->addresses[question->address_count]))
        question->address_count++;
}

/* libevent calls this from the loop, from within evdns_getaddrinfo(), or after a cancel. */
static void on_system_answer(int result, struct evutil_addrinfo *list, void *owner)
{
    struct socket_query *slot = object_cast(owner, SOCKET_QUERY_TAG);

    slot->system_request = NULL;
    slot->system_result = result;
    for (struct evutil_addrinfo *at = list; at != NULL && result == 0; at = at->ai_next)
        add_address(&slot->questions[QUESTION_IPV4], at->ai_addr);
    if (list != NULL)
        evutil_freeaddrinfo(list);
    take_end(slot);
}

/* libevent calls this from the loop, once for each question, also after a cancel. */
static void on_answer(int result, char type, int count, int ttl, void *addresses, void *owner)
{
    struct socket_question *question = owner;
    struct socket_query *slot = object_cast(question->query, SOCKET_QUERY_TAG);
    size_t size = question->family == 4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);

    (void)type;
    (void)ttl; /* nothing is kept */
    question->request = NULL;
    question->result = result;
    for (int i = 0; result == DNS_ERR_NONE && i < count && i < QUERY_ADDRESSES_MAX; i++) {
        struct address *address = &question->addresses[question->address_count++];

        *address = (struct address){.family = question->family};
        memcpy(address->bytes, (const uint8_t *)addresses + (size_t)i * size, size);
    }
    take_end(slot);
}

/* ---- questions -------------------------------------------------------------------------------- */

static bool answer_numeric(struct socket_query *slot, const char *host)
{
    struct socket_question *known = &slot->questions[QUESTION_IPV4];
    char bracketed[HOST_BYTES_MAX + 3];

    if (strchr(host, ':') != NULL) {
        snprintf(bracketed, sizeof(bracketed), "[%s]", host);
        host = bracketed;
    }
    if (!address_parse(host, ANY_PORT, &known->addresses[0]))
        return false;
    known->address_count = 1;
    touch(slot);
    return true;
}

/* /etc/hosts, then the nameservers of /etc/resolv.conf. */
static void ask_system(struct socket_query *slot, const char *host)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct evdns_getaddrinfo_request *request;

    slot->resolver->questions++;
    request = evdns_getaddrinfo(slot->resolver->base, host, NULL, &hints, on_system_answer, slot);
    if (!ready_item_is_listed(&slot->ready))
        slot->system_request = request;
}

/* A name that libevent cannot write into a packet has no addresses. */
static void ask_nameserver(struct socket_query *slot, const char *host)
{
    struct evdns_base *base = slot->resolver->base;
    struct socket_question *ipv4 = &slot->questions[QUESTION_IPV4];
    struct socket_question *ipv6 = &slot->questions[QUESTION_IPV6];

    ipv4->result = DNS_ERR_NOTEXIST;
    ipv6->result = DNS_ERR_NOTEXIST;
    ipv4->request = evdns_base_resolve_ipv4(base, host, DNS_QUERY_NO_SEARCH, on_answer, ipv4);
    ipv6->request = evdns_base_resolve_ipv6(base, host, DNS_QUERY_NO_SEARCH, on_answer, ipv6);
    slot->resolver->questions += ipv4->request != NULL;
    slot->resolver->questions += ipv6->request != NULL;
    if (!is_held(slot))
        touch(slot);
}

/* "localhost" is this machine's own affair, whoever is named to be asked (RFC 6761 6.3). */
static bool ask(struct socket_query *slot, const struct address *nameserver, const char *host)
{
    static const struct address system;
    bool local = nameserver->family == 0 || strcasecmp(host, "localhost") == 0;

    slot->resolver = socket_resolver_of(slot->sockets, local ? &system : nameserver);
    if (slot->resolver == NULL)
        return false;
    if (local)
        ask_system(slot, host);
    else
        ask_nameserver(slot, host);
    return true;
}

int socket_query_start(struct world *world, struct query *query, const char *host, uint16_t port)
{
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
    if (!answer_numeric(slot, host) && !ask(slot, &query->nameserver, host)) {
        give_slot(slot);
        return -ENOMEM;
    }
    query->impl = slot;
    sockets->query_count++;
    return 0;
}

void socket_query_cancel(struct world *world, struct query *query)
{
    struct sockets *sockets = sockets_of(world);
    struct socket_query *slot;

    if (query->impl == NULL)
        return;
    slot = object_cast(query->impl, SOCKET_QUERY_TAG);
    check(slot->query == query);
    check(slot->sockets == sockets);
    query->impl = NULL;
    finish(slot);
}

void socket_query_close_all(struct sockets *sockets)
{
    struct socket_query *slot = sockets->queries;

    while (slot != NULL) {
        struct socket_query *next = slot->next;

        if (slot->query != NULL)
            finish(slot);
        slot = next;
    }
    socket_resolver_close_all(sockets);
    check(sockets->queries == NULL);
    while (sockets->queries_free != NULL) {
        slot = sockets->queries_free;
        sockets->queries_free = slot->next;
        free(slot);
    }
}
