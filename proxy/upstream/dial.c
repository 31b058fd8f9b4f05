#include "proxy/upstream/dial.h"

#include <errno.h>
#include <string.h>

#include "proxy/routes/reach.h"

static void on_answer(struct query *query);
static void on_connected(struct stream *stream, unsigned events);
static void on_time(struct timer *timer);
static void try_next_address(struct dial *dial);

void dial_init(struct dial *dial, struct world *world)
{
    *dial = (struct dial){.world = world};
    dial->timer = (struct timer){.on_time = on_time, .owner = dial};
}

static void set_timer(struct dial *dial, uint64_t limit_ns)
{
    if (limit_ns != 0)
        timer_set(dial->world, &dial->timer, world_now(dial->world) + limit_ns);
    else
        timer_stop(dial->world, &dial->timer);
}

static struct failure failure_at(enum stage stage, enum cause cause, int os_error)
{
    return (struct failure){SIDE_UPSTREAM, stage, cause, os_error};
}

static void end(struct dial *dial, const struct failure *failure)
{
    timer_stop(dial->world, &dial->timer);
    dial->link = NULL;
    dial->on_end(dial, failure);
}

/* An outcome known at once is still told later, by a timer that is due now. */
static void end_later(struct dial *dial, struct failure failure)
{
    dial->failure = failure;
    timer_set(dial->world, &dial->timer, world_now(dial->world));
}

void dial_start(struct dial *dial, struct link *link, const struct dial_plan *plan)
{
    const struct upstream_settings *upstream = &link->origin->settings;

    check(dial->link == NULL);
    dial->link = link;
    dial->plan = *plan;
    dial->tried = 0;
    dial->address = (struct address){0};
    dial->handshaking = false;
    dial->detail = NULL;
    dial->failure = failure_at(STAGE_DIAL, CAUSE_NONE, 0);
    dial->query.impl = NULL;
    if (address_parse(upstream->host, upstream->port, &dial->query.addresses[0])) {
        dial->query.address_count = 1;
        try_next_address(dial);
        return;
    }
    dial->query =
        (struct query){.on_answer = on_answer, .owner = dial, .nameserver = plan->nameserver};
    set_timer(dial, plan->connect_ns);
    if (world_resolve(dial->world, &dial->query, upstream->host, upstream->port) != 0)
        end_later(dial, failure_at(STAGE_RESOLVE, CAUSE_DNS_ERROR, ENOMEM));
}

void dial_stop(struct dial *dial)
{
    if (dial->link == NULL)
        return;
    timer_stop(dial->world, &dial->timer);
    if (dial->query.impl != NULL)
        world_resolve_cancel(dial->world, &dial->query);
    dial->link = NULL;
}

enum stage dial_stage(const struct dial *dial)
{
    /* A lookup that could not even begin is over, and not told yet: nothing was dialled. */
    if (dial->query.impl != NULL || dial->failure.stage == STAGE_RESOLVE)
        return STAGE_RESOLVE;
    return dial->handshaking ? STAGE_HANDSHAKE : STAGE_DIAL;
}

unsigned dial_next_address(const struct dial *dial)
{
    return dial->plan.first_address + dial->tried;
}

static void on_answer(struct query *query)
{
    struct dial *dial = query->owner;
    static const enum cause causes[] = {
        [QUERY_FOUND] = CAUSE_DNS_ERROR, /* found, but without a single address */
        [QUERY_NOT_FOUND] = CAUSE_DNS_ERROR,
        [QUERY_FAILED] = CAUSE_DNS_ERROR,
        [QUERY_TIMED_OUT] = CAUSE_DNS_TIMEOUT,
    };
    static const char *const details[] = {
        [QUERY_FOUND] = "the name has no address",
        [QUERY_NOT_FOUND] = "there is no such name",
        [QUERY_FAILED] = "the name server failed",
        [QUERY_TIMED_OUT] = "the name server did not answer",
    };

    check(dial->link != NULL);
    query->impl = NULL;
    if (query->status == QUERY_FOUND && query->address_count > 0) {
        try_next_address(dial);
        return;
    }
    dial->detail = details[query->status];
    dial->failure = failure_at(STAGE_RESOLVE, causes[query->status], 0);
    end(dial, &dial->failure);
}

/* ---- one address after the other ------------------------------------------------------------------ */

/* A certificate is for an address as it is written without brackets. RFC 9110 4.3.4, 4.3.5. */
static const char *server_name(const struct origin *origin, char store[HOST_BYTES])
{
    const char *name = origin_server_name(origin);
    size_t size = strlen(name);

    if (size < 2 || name[0] != '[')
        return name;
    memcpy(store, name + 1, size - 2);
    store[size - 2] = '\0';
    return store;
}

static int connect_to(struct dial *dial, const struct address *address)
{
    struct link *link = dial->link;
    char store[HOST_BYTES];

    link->stream.on_event = on_connected;
    link->stream.owner = dial;
    if (link->origin->tls == NULL)
        return world_connect(dial->world, &link->stream, address);
    return tls_connect(link->origin->tls, dial->world, &link->stream, address,
                       server_name(link->origin, store));
}

bool dial_may_go(const struct dial_plan *plan, const struct address *address)
{
    return !plan->limited || (reach_allows(plan->allow, plan->allow_count, address) &&
                              !reach_meets(&plan->closed, address));
}

static bool addresses_are_left(const struct dial *dial)
{
    return dial->tried < dial->query.address_count;
}

static void note_failure(struct dial *dial, struct failure failure)
{
    dial->failure = failure;
    if (addresses_are_left(dial))
        dial->on_address(dial, &dial->address);
}

/*
 * To ask for a place where one may not go is the client's fault; another try is no better. But it says nothing about an
 * address where one may, so the failure of such a one stands.
 */
static void note_forbidden(struct dial *dial, const struct address *address)
{
    struct failure before = dial->failure;
    struct address address_before = dial->address;

    dial->address = *address;
    note_failure(dial,
                 (struct failure){SIDE_DOWNSTREAM, STAGE_DIAL, CAUSE_DESTINATION_IP_PROHIBITED, 0});
    if (before.side != SIDE_UPSTREAM || before.cause == CAUSE_NONE)
        return;
    dial->failure = before;
    dial->address = address_before;
}

/* Begins to connect to the address; false if that failed at once. */
static bool try_address(struct dial *dial, const struct address *address)
{
    int result;

    if (!dial_may_go(&dial->plan, address)) {
        note_forbidden(dial, address);
        return false;
    }
    dial->address = *address;
    result = connect_to(dial, &dial->address);
    if (result == 0)
        return true;
    note_failure(dial, failure_at(STAGE_DIAL, cause_of_dial_error(-result), -result));
    return false;
}

/* Begins to connect to the next address; when none is left, ends with the failure of the last. */
static void try_next_address(struct dial *dial)
{
    while (addresses_are_left(dial)) {
        size_t place = (dial->plan.first_address + dial->tried++) % dial->query.address_count;

        if (try_address(dial, &dial->query.addresses[place])) {
            set_timer(dial, dial->plan.connect_ns);
            return;
        }
    }
    end_later(dial, dial->failure);
}

static void address_failed(struct dial *dial, enum cause cause, int os_error)
{
    stream_close(&dial->link->stream, STREAM_FIN);
    note_failure(dial, failure_at(STAGE_DIAL, cause, os_error));
    try_next_address(dial);
}

/* ---- the handshake -------------------------------------------------------------------------------- */

static void handshake_failed(struct dial *dial, enum cause cause, int os_error)
{
    dial->detail = NULL;
    cause = link_cause(dial->link, cause, &dial->detail);
    stream_close(&dial->link->stream, STREAM_FIN);
    dial->failure = failure_at(STAGE_HANDSHAKE, cause, os_error);
    end(dial, &dial->failure);
}

static void note_handshake(struct dial *dial)
{
    if (dial->handshaking || tls_phase_of(&dial->link->stream) != TLS_HANDSHAKING)
        return;
    dial->handshaking = true;
    set_timer(dial, dial->plan.handshake_ns);
}

static void on_connected(struct stream *stream, unsigned events)
{
    struct dial *dial = stream->owner;
    int status = stream_status(stream);

    (void)events;
    check(dial->link != NULL);
    note_handshake(dial);
    if (status == -EINPROGRESS)
        return;
    if (status == 0)
        end(dial, NULL);
    else if (dial->handshaking)
        handshake_failed(dial, CAUSE_CONNECTION_TERMINATED, -status);
    else
        address_failed(dial, cause_of_dial_error(-status), -status);
}

static void on_time(struct timer *timer)
{
    struct dial *dial = timer->owner;

    check(dial->link != NULL);
    if (dial->query.impl != NULL) {
        world_resolve_cancel(dial->world, &dial->query);
        dial->query.impl = NULL;
        dial->detail = "the name server did not answer";
        dial->failure = failure_at(STAGE_RESOLVE, CAUSE_DNS_TIMEOUT, 0);
        end(dial, &dial->failure);
    } else if (!stream_in_use(&dial->link->stream)) {
        end(dial, &dial->failure);
    } else if (dial->handshaking) {
        handshake_failed(dial, CAUSE_CONNECTION_TIMEOUT, ETIMEDOUT);
    } else {
        address_failed(dial, CAUSE_CONNECTION_TIMEOUT, ETIMEDOUT);
    }
}
