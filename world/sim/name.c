#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "world/sim/state.h"

enum { HOST_BYTES_MAX = 253 }; /* RFC 1035 3.1 allows 255 octets on the wire: 253 in text */

static void on_answer_due(struct timer *timer);

/* ---- what is known ----------------------------------------------------------------------------- */

static struct name_entry *entry_of(const struct sim *sim, const char *host)
{
    for (size_t i = 0; i < sim->name_count; i++)
        if (strcasecmp(sim->names[i].host, host) == 0)
            return &sim->names[i];
    return NULL;
}

static bool add_entry(struct sim *sim, const char *host, struct name_entry **out)
{
    char *copy;

    if (sim->name_count == SIM_NAMES_MAX)
        return false;
    if (sim->names == NULL)
        sim->names = calloc(SIM_NAMES_MAX, sizeof(*sim->names));
    copy = strdup(host);
    if (sim->names == NULL || copy == NULL) {
        free(copy);
        return false;
    }
    *out = &sim->names[sim->name_count++];
    (*out)->host = copy;
    return true;
}

bool sim_add_name(struct world *world, const struct sim_name *name)
{
    struct sim *sim = sim_of(world);
    struct name_entry *entry = entry_of(sim, name->host);

    check(name->address_count <= QUERY_ADDRESSES_MAX);
    if (entry == NULL && !add_entry(sim, name->host, &entry))
        return false;
    entry->status = name->status;
    entry->delay_ns = name->delay_ns;
    entry->address_count = name->address_count;
    for (size_t i = 0; i < name->address_count; i++)
        entry->addresses[i] = name->addresses[i];
    return true;
}

static bool read_numeric(const char *host, struct address *out)
{
    *out = (struct address){.family = strchr(host, ':') == NULL ? 4 : 6};
    return inet_pton(out->family == 4 ? AF_INET : AF_INET6, host, out->bytes) == 1;
}

void sim_on_resolve(struct world *world, sim_resolver *resolver, void *owner)
{
    struct sim *sim = sim_of(world);

    sim->resolver = resolver;
    sim->resolver_owner = owner;
}

/* IPv4 before IPv6, each in its own order: a real nameserver is asked for them apart. */
static void take_addresses(struct sim_query *answer, const struct address *addresses, size_t count)
{
    static const uint8_t FAMILIES[] = {4, 6};

    answer->address_count = 0;
    for (size_t f = 0; f < sizeof(FAMILIES); f++)
        for (size_t i = 0; i < count; i++)
            if (addresses[i].family == FAMILIES[f])
                answer->addresses[answer->address_count++] = addresses[i];
}

static uint64_t ask_resolver(const struct sim *sim, const char *host, struct sim_query *answer)
{
    struct query asked = {.nameserver = answer->query->nameserver};
    uint64_t delay_ns = sim->resolver(sim->resolver_owner, host, &asked);

    check(asked.address_count <= QUERY_ADDRESSES_MAX);
    if (delay_ns >= QUERY_TIMEOUT_NS) {
        answer->status = QUERY_TIMED_OUT;
        return QUERY_TIMEOUT_NS;
    }
    answer->status = asked.status;
    take_addresses(answer, asked.addresses, asked.address_count);
    return delay_ns;
}

/* Fills in the answer; returns how long it takes on top of the latency. */
static uint64_t look_up(const struct sim *sim, const char *host, struct sim_query *answer)
{
    const struct name_entry *entry = entry_of(sim, host);
    struct address numeric;

    answer->status = QUERY_FOUND;
    answer->address_count = 0;
    if (entry != NULL) {
        answer->status = entry->status;
        take_addresses(answer, entry->addresses, entry->address_count);
        return entry->delay_ns;
    }
    if (strcasecmp(host, "localhost") == 0) { /* RFC 6761 6.3 */
        numeric = address_loopback(0);
        take_addresses(answer, &numeric, 1);
    } else if (read_numeric(host, &numeric)) {
        take_addresses(answer, &numeric, 1);
    } else if (sim->resolver != NULL) {
        return ask_resolver(sim, host, answer);
    } else {
        answer->status = QUERY_NOT_FOUND;
    }
    return 0;
}

/* ---- queries ----------------------------------------------------------------------------------- */

static struct sim_query *take(struct sim *sim)
{
    struct sim_query *at = sim->queries_free;

    if (at != NULL)
        sim->queries_free = at->next;
    else
        at = malloc(sizeof(*at));
    if (at == NULL)
        return NULL;
    at->tag = SIM_QUERY_TAG;
    at->sim = sim;
    at->timer = (struct timer){.on_time = on_answer_due, .owner = at};
    at->ordinal = sim_ordinal(sim);
    at->next = sim->queries_live;
    sim->queries_live = at;
    sim->query_count++;
    return at;
}

static void give(struct sim_query *at)
{
    struct sim *sim = at->sim;
    struct sim_query **link = &sim->queries_live;

    while (*link != at)
        link = &(*link)->next;
    *link = at->next;
    at->tag = 0;
    at->next = sim->queries_free;
    sim->queries_free = at;
    sim->query_count--;
}

/* Who asked knows the addresses from here on. */
static void note_answer(const struct sim_query *at)
{
    struct history *history = at->sim->history;

    for (size_t i = 0; history != NULL && i < at->address_count; i++) {
        const struct address *address = &at->addresses[i];

        history_note_object(history, at->ordinal, NOTED_UPCALL_QUERY, address->family);
        history_note_bytes(history, at->ordinal, address->bytes, sizeof(address->bytes));
    }
}

static void on_answer_due(struct timer *timer)
{
    struct sim_query *at = object_cast(timer->owner, SIM_QUERY_TAG);
    struct query *query = at->query;

    check(query->impl == at);
    sim_note(at->sim, NOTED_UPCALL_QUERY, at->ordinal, at->status);
    query->status = at->status;
    query->address_count = at->address_count;
    for (size_t i = 0; i < at->address_count; i++) {
        query->addresses[i] = at->addresses[i];
        query->addresses[i].port = at->port;
    }
    query->impl = NULL;
    note_answer(at);
    give(at);
    query->on_answer(query);
}

static int start(struct sim *sim, struct query *query, const char *host, uint16_t port)
{
    size_t size = strlen(host);
    struct sim_query *at;
    uint64_t delay_ns;

    if (size == 0 || size > HOST_BYTES_MAX)
        return -EINVAL;
    at = take(sim);
    if (at == NULL)
        return -ENOMEM;
    at->query = query;
    at->port = port;
    query->impl = at;
    delay_ns = look_up(sim, host, at);
    if (delay_ns == TIME_NEVER)
        return 0;
    timer_queue_set(&sim->timers, &at->timer, sim->now_ns + sim->options.latency_ns + delay_ns);
    if (sim->history != NULL)
        history_add_timer(sim->history, at->timer.sequence);
    return 0;
}

int sim_name_resolve(struct world *world, struct query *query, const char *host, uint16_t port)
{
    struct sim *sim = sim_of(world);
    int result;

    check(query->impl == NULL);
    result = start(sim, query, host, port);
    sim_note(sim, NOTED_RESOLVE, port, result);
    return result;
}

void sim_name_cancel(struct world *world, struct query *query)
{
    struct sim *sim = sim_of(world);
    struct sim_query *at;

    if (query->impl == NULL)
        return;
    at = object_cast(query->impl, SIM_QUERY_TAG);
    sim_note(sim, NOTED_RESOLVE_CANCEL, at->ordinal, 0);
    timer_queue_stop(&sim->timers, &at->timer);
    query->impl = NULL;
    give(at);
}

/* ---- reset ------------------------------------------------------------------------------------- */

void sim_name_forget_all(struct sim *sim)
{
    while (sim->queries_live != NULL)
        give(sim->queries_live);
    for (size_t i = 0; i < sim->name_count; i++)
        free(sim->names[i].host);
    sim->name_count = 0;
    sim->resolver = NULL;
}

void sim_name_release(struct sim *sim)
{
    sim_name_forget_all(sim);
    free(sim->names);
    sim->names = NULL;
    while (sim->queries_free != NULL) {
        struct sim_query *at = sim->queries_free;

        sim->queries_free = at->next;
        free(at);
    }
}
