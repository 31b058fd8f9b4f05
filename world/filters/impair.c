#include <errno.h>
#include <stdlib.h>

#include "world/filters/impair_state.h"

static const struct world_ops impair_world_ops;

static struct impair *impair_of(struct world *world)
{
    struct impair *impair = (struct impair *)(void *)world;

    check(impair->tag == IMPAIR_TAG);
    return impair;
}

static const struct impair *impair_of_const(const struct world *world)
{
    const struct impair *impair = (const struct impair *)(const void *)world;

    check(impair->tag == IMPAIR_TAG);
    return impair;
}

/* ---- life -------------------------------------------------------------------------------------- */

struct world *impair_create(struct world *inner)
{
    struct impair *impair = calloc(1, sizeof(*impair));

    if (impair == NULL)
        return NULL;
    impair->passing.world.ops = &impair_world_ops;
    passing_stand_on(&impair->passing.world, inner);
    impair->tag = IMPAIR_TAG;
    node_pool_init(&impair->streams, sizeof(struct impair_stream));
    node_pool_init(&impair->queries, sizeof(struct impair_query));
    return &impair->passing.world;
}

void impair_destroy(struct world **world)
{
    struct impair *impair;

    if (*world == NULL)
        return;
    impair = impair_of(*world);
    node_pool_release(&impair->streams);
    node_pool_release(&impair->queries);
    impair->tag = 0;
    free(impair);
    *world = NULL;
}

void impair_reset(struct world *world)
{
    struct impair *impair = impair_of(world);

    node_pool_forget(&impair->streams);
    node_pool_forget(&impair->queries);
    impair->rule_count = 0;
    impair->met = 0;
    impair->parties = 0;
    impair->place_count = 0;
    impair->lookups = 0;
    impair->accepted = 0;
    impair->withheld = 0;
    impair->find_client = NULL;
    impair->on_met = NULL;
}

void impair_name_upstream(struct world *world, uint32_t index, const struct address *address)
{
    struct impair *impair = impair_of(world);

    check(index < IMPAIR_UPSTREAMS_MAX);
    while (impair->place_count <= index)
        impair->places[impair->place_count++] = (struct impair_place){0};
    impair->places[index].address = *address;
}

void impair_find_clients(struct world *world, impair_find_client *find, void *owner)
{
    struct impair *impair = impair_of(world);

    impair->find_client = find;
    impair->finder = owner;
}

int impair_add(struct world *world, const struct wire_fault *fault)
{
    struct impair *impair = impair_of(world);

    if (impair->rule_count == WIRE_FAULTS_MAX)
        return -1;
    impair->rules[impair->rule_count] = *fault;
    impair->parties |= 1u << fault->party;
    return impair->rule_count++;
}

bool impair_met(const struct world *world, int rule)
{
    const struct impair *impair = impair_of_const(world);

    check(rule >= 0);
    check(rule < impair->rule_count);
    return (impair->met >> rule & 1) != 0;
}

void impair_tell(struct world *world, impair_on_met *on_met, void *owner)
{
    struct impair *impair = impair_of(world);

    impair->on_met = on_met;
    impair->listener = owner;
}

void impair_note(struct impair *impair, int rule)
{
    impair->met |= 1u << rule;
    if (impair->on_met != NULL)
        impair->on_met(impair->listener, rule);
}

uint32_t impair_dial_of(const struct world *world, uint32_t upstream, uint32_t connection)
{
    const struct impair *impair = impair_of_const(world);
    uint32_t dial = connection;

    if (upstream >= impair->place_count)
        return dial;
    for (size_t i = 0; i < impair->places[upstream].lost_count; i++)
        dial += impair->places[upstream].lost[i] <= dial;
    return dial;
}

/* ---- rules ------------------------------------------------------------------------------------- */

static bool has_rules_of(const struct impair *impair, enum wire_party party)
{
    return (impair->parties >> party & 1) != 0;
}

/* The first rule of a dial that meets this one; -1: none. */
static int rule_of_dial(const struct impair *impair, enum wire_party party, uint32_t index,
                        uint32_t ordinal)
{
    for (int i = 0; i < impair->rule_count; i++)
        if (impair->rules[i].direction == WIRE_DIAL &&
            wire_fault_meets(&impair->rules[i], party, index, ordinal))
            return i;
    return -1;
}

/* A bit for each rule that cuts a write of this connection. */
static unsigned cuts_of(const struct impair *impair, enum wire_party party, uint32_t index,
                        uint32_t ordinal)
{
    unsigned cuts = 0;

    for (int i = 0; i < impair->rule_count; i++)
        if (impair->rules[i].kind == WIRE_FAULT_SHORT_WRITE &&
            wire_fault_meets(&impair->rules[i], party, index, ordinal))
            cuts |= 1u << i;
    return cuts;
}

/* ---- world_ops: streams ------------------------------------------------------------------------ */

static int find_place(const struct impair *impair, const struct address *address)
{
    for (size_t i = 0; i < impair->place_count; i++)
        if (address_equal(&impair->places[i].address, address))
            return (int)i;
    return -1;
}

/* Which of its connections a dial becomes. */
static uint32_t connection_of(const struct impair_place *place)
{
    return place->dials - (uint32_t)place->lost_count;
}

static int connect_stream(struct world *world, struct stream *stream, const struct address *address)
{
    struct impair *impair = impair_of(world);
    struct world *inner = impair->passing.inner;
    struct impair_place *place;
    struct impair_stream *at;
    unsigned cuts;
    int index, rule;

    if (!has_rules_of(impair, WIRE_UPSTREAM))
        return world_connect(inner, stream, address);
    index = find_place(impair, address);
    if (index < 0)
        return world_connect(inner, stream, address);
    place = &impair->places[index];
    place->dials++;
    rule = rule_of_dial(impair, WIRE_UPSTREAM, (uint32_t)index, place->dials);
    if (rule >= 0) {
        if (place->lost_count < WIRE_FAULTS_MAX)
            place->lost[place->lost_count++] = place->dials;
        return impair_stream_fail(impair, stream, address, rule);
    }
    cuts = cuts_of(impair, WIRE_UPSTREAM, (uint32_t)index, connection_of(place));
    if (cuts == 0)
        return world_connect(inner, stream, address);
    at = impair_stream_cut(impair, stream, cuts);
    return at == NULL ? -ENOMEM
                      : impair_stream_begin(at, world_connect(inner, &at->lower, address));
}

/* Whose connection is accepted next. */
static bool next_client(const struct impair *impair, uint32_t *client, uint32_t *connection)
{
    uint32_t ordinal = impair->accepted + 1;

    if (impair->find_client != NULL)
        return impair->find_client(impair->finder, ordinal, client, connection);
    *client = 0;
    *connection = ordinal;
    return true;
}

/* A descriptor is missing once for each connection that a rule meets; it is accepted when it is tried again. */
static bool withhold(struct impair *impair, uint32_t client, uint32_t connection)
{
    int rule = rule_of_dial(impair, WIRE_CLIENT, client, connection);

    if (rule < 0 || impair->withheld == impair->accepted + 1)
        return false;
    impair->withheld = impair->accepted + 1;
    impair_note(impair, rule);
    return true;
}

static int accept_cutting(struct impair *impair, struct listener *listener, struct stream *stream,
                          unsigned cuts)
{
    struct impair_stream *at = impair_stream_cut(impair, stream, cuts);

    return at == NULL
               ? -ENOMEM
               : impair_stream_begin(at, world_accept(impair->passing.inner, listener, &at->lower));
}

static int accept_stream(struct world *world, struct listener *listener, struct stream *stream)
{
    struct impair *impair = impair_of(world);
    uint32_t client, connection;
    unsigned cuts;
    int result;

    if (!has_rules_of(impair, WIRE_CLIENT) || !next_client(impair, &client, &connection)) {
        result = world_accept(impair->passing.inner, listener, stream);
    } else {
        if (withhold(impair, client, connection))
            return -EMFILE;
        cuts = cuts_of(impair, WIRE_CLIENT, client, connection);
        result = cuts == 0 ? world_accept(impair->passing.inner, listener, stream)
                           : accept_cutting(impair, listener, stream, cuts);
    }
    impair->accepted += result == 0;
    return result;
}

/* ---- world_ops: names -------------------------------------------------------------------------- */

static void on_answer_due(struct timer *timer)
{
    struct impair_query *at = object_cast(timer->owner, IMPAIR_QUERY_TAG);
    struct query *outer = at->outer;

    outer->impl = NULL;
    outer->status = at->status;
    outer->address_count = 0;
    node_pool_give(&at->impair->queries, at);
    outer->on_answer(outer);
}

static enum query_status status_of(enum wire_fault_kind kind)
{
    switch (kind) {
    case WIRE_FAULT_NOT_FOUND:
        return QUERY_NOT_FOUND;
    case WIRE_FAULT_UNANSWERED:
        return QUERY_TIMED_OUT;
    default:
        return QUERY_FAILED;
    }
}

static int fail_lookup(struct impair *impair, struct query *query, int rule)
{
    enum wire_fault_kind kind = impair->rules[rule].kind;
    struct world *inner = impair->passing.inner;
    struct impair_query *at;

    impair_note(impair, rule);
    if (kind == WIRE_FAULT_NO_MEMORY)
        return -ENOMEM;
    at = node_pool_take(&impair->queries);
    if (at == NULL)
        return -ENOMEM;
    at->node.tag = IMPAIR_QUERY_TAG;
    at->impair = impair;
    at->outer = query;
    at->status = status_of(kind);
    at->timer.on_time = on_answer_due;
    at->timer.owner = at;
    query->impl = at;
    timer_set(inner, &at->timer,
              world_now(inner) + (kind == WIRE_FAULT_UNANSWERED ? QUERY_TIMEOUT_NS : 0));
    return 0;
}

static int resolve(struct world *world, struct query *query, const char *host, uint16_t port)
{
    struct impair *impair = impair_of(world);
    int rule = -1;

    if (has_rules_of(impair, WIRE_LOOKUP))
        rule = rule_of_dial(impair, WIRE_LOOKUP, 0, ++impair->lookups);
    if (rule >= 0)
        return fail_lookup(impair, query, rule);
    return world_resolve(impair->passing.inner, query, host, port);
}

/* The one among those answered here that is this query's; NULL: it was passed on. */
static struct impair_query *find_query(const struct impair *impair, const struct query *query)
{
    for (size_t i = 0; impair->queries.live > 0 && i < impair->queries.count; i++) {
        struct impair_query *at = node_pool_at(&impair->queries, i);

        if (at->node.tag == IMPAIR_QUERY_TAG && at == query->impl)
            return at;
    }
    return NULL;
}

static void resolve_cancel(struct world *world, struct query *query)
{
    struct impair *impair = impair_of(world);
    struct impair_query *at = find_query(impair, query);

    if (at == NULL) {
        world_resolve_cancel(impair->passing.inner, query);
        return;
    }
    timer_stop(impair->passing.inner, &at->timer);
    query->impl = NULL;
    node_pool_give(&impair->queries, at);
}

static const struct world_ops impair_world_ops = {
    .now = passing_now,
    .random = passing_random,
    .timer_set = passing_timer_set,
    .timer_stop = passing_timer_stop,
    .resolve = resolve,
    .resolve_cancel = resolve_cancel,
    .listen = passing_listen,
    .accept = accept_stream,
    .unlisten = passing_unlisten,
    .connect = connect_stream,
    .run = passing_run,
};
