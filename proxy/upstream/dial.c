#include "proxy/upstream/dial.h"

#include <errno.h>

static void on_answer(struct query *query);
static void on_connected(struct stream *stream, unsigned events);
static void on_time(struct timer *timer);
static void try_next_address(struct dial *dial);

void dial_init(struct dial *dial, struct world *world, uint64_t connect_ns)
{
    *dial = (struct dial){.world = world, .connect_ns = connect_ns};
    dial->timer = (struct timer){.on_time = on_time, .owner = dial};
}

static void set_timer(struct dial *dial)
{
    if (dial->connect_ns != 0)
        timer_set(dial->world, &dial->timer, world_now(dial->world) + dial->connect_ns);
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

void dial_start(struct dial *dial, struct link *link)
{
    const struct origin *origin = link->origin;
    struct address address;

    check(dial->link == NULL);
    dial->link = link;
    dial->address_index = 0;
    dial->failure = failure_at(STAGE_DIAL, CAUSE_NONE, 0);
    dial->query.impl = NULL;
    if (address_parse(origin->host, origin->port, &address)) {
        dial->query.addresses[0] = address;
        dial->query.address_count = 1;
        try_next_address(dial);
        return;
    }
    dial->query = (struct query){.on_answer = on_answer, .owner = dial};
    set_timer(dial);
    if (world_resolve(dial->world, &dial->query, origin->host, origin->port) != 0)
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
    return dial->query.impl != NULL ? STAGE_RESOLVE : STAGE_DIAL;
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

    check(dial->link != NULL);
    query->impl = NULL;
    if (query->status == QUERY_FOUND && query->address_count > 0) {
        try_next_address(dial);
        return;
    }
    dial->failure = failure_at(STAGE_RESOLVE, causes[query->status], 0);
    end(dial, &dial->failure);
}

/* Begins to connect to the next address; when none is left, ends with the failure of the last. */
static void try_next_address(struct dial *dial)
{
    struct link *link = dial->link;

    while (dial->address_index < dial->query.address_count) {
        const struct address *address = &dial->query.addresses[dial->address_index++];
        int result;

        link->stream.on_event = on_connected;
        link->stream.owner = dial;
        result = world_connect(dial->world, &link->stream, address);
        if (result == 0) {
            set_timer(dial);
            return;
        }
        dial->failure = failure_at(STAGE_DIAL, cause_of_dial_error(-result), -result);
    }
    end_later(dial, dial->failure);
}

static void address_failed(struct dial *dial, enum cause cause, int os_error)
{
    stream_close(&dial->link->stream, STREAM_FIN);
    dial->failure = failure_at(STAGE_DIAL, cause, os_error);
    try_next_address(dial);
}

static void on_connected(struct stream *stream, unsigned events)
{
    struct dial *dial = stream->owner;
    int status = stream_status(stream);

    (void)events;
    check(dial->link != NULL);
    if (status == -EINPROGRESS)
        return;
    if (status != 0)
        address_failed(dial, cause_of_dial_error(-status), -status);
    else
        end(dial, NULL);
}

static void on_time(struct timer *timer)
{
    struct dial *dial = timer->owner;

    check(dial->link != NULL);
    if (dial->query.impl != NULL) {
        world_resolve_cancel(dial->world, &dial->query);
        dial->query.impl = NULL;
        dial->failure = failure_at(STAGE_RESOLVE, CAUSE_DNS_TIMEOUT, 0);
        end(dial, &dial->failure);
    } else if (stream_in_use(&dial->link->stream)) {
        address_failed(dial, CAUSE_CONNECTION_TIMEOUT, ETIMEDOUT);
    } else {
        end(dial, &dial->failure);
    }
}
