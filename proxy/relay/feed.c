#include "proxy/relay/feed.h"

#include <stdlib.h>

/*
 * Rounds over the filters in one turn: far more than a hook with the full room needs, few enough that one that takes a
 * byte at a time, or makes bytes that the next one drops, does not keep the other exchanges waiting.
 */
enum { ROUNDS_MAX = 256 };

bool feed_init(struct feed *feed, const struct feed_settings *settings)
{
    size_t size = 0;
    uint8_t *memory = NULL;

    *feed = (struct feed){.exchange = settings->exchange, .inlet = settings->inlet};
    for (size_t i = 0; i < FEED_FILTERS_MAX; i++)
        if (settings->hooks[i] != NULL)
            size += FILTER_BYTES;
    if (size > 0) {
        memory = malloc(size);
        if (memory == NULL)
            return false;
    }
    feed->memory = memory;
    for (size_t i = 0; i < FEED_FILTERS_MAX; i++) {
        if (settings->hooks[i] == NULL)
            continue;
        body_filter_init(&feed->filters[feed->filter_count++], settings->hooks[i], memory);
        memory += FILTER_BYTES;
    }
    replay_start(&feed->replay, NULL, 0);
    return true;
}

void feed_release(struct feed *feed)
{
    free(feed->memory);
    free(feed->copy);
    *feed = (struct feed){0};
}

/* The limit that memory allows. What an earlier message has left in it is of no use to anybody. */
static size_t make_room(struct feed *feed, size_t copy_limit)
{
    if (copy_limit <= feed->copy_room)
        return copy_limit;
    free(feed->copy);
    feed->copy = malloc(copy_limit);
    feed->copy_room = feed->copy != NULL ? copy_limit : 0;
    return feed->copy_room;
}

void feed_start(struct feed *feed, bool has_body, size_t copy_limit)
{
    size_t limit = has_body ? make_room(feed, copy_limit) : 0;

    for (unsigned i = 0; i < feed->filter_count; i++)
        body_filter_start(&feed->filters[i]);
    replay_start(&feed->replay, feed->copy, limit);
    feed->filters_used = has_body ? feed->filter_count : 0;
}

void feed_stop(struct feed *feed)
{
    feed->filters_used = 0;
}

void feed_restart(struct feed *feed)
{
    replay_restart(&feed->replay);
}

bool feed_can_restart(const struct feed *feed)
{
    return replay_is_complete(&feed->replay);
}

/* What stands before the filter of that number; before the stream, where it is the number of filters in use. */
static struct body_source source_of(const struct feed *feed, unsigned number)
{
    const struct inlet *inlet = feed->inlet;
    const struct body_filter *before;

    if (number == 0)
        return (struct body_source){
            .waiting = inlet_body(inlet),
            .end = inlet->message_ended,
            .full = !inlet_has_room(inlet) && !inlet->input_ended && !inlet->refused,
        };
    before = &feed->filters[number - 1];
    return (struct body_source){
        .waiting = body_filter_output(before),
        .end = before->state == BODY_FILTER_ENDED,
        .full = !body_filter_has_room(before),
    };
}

static void take_from_source(struct feed *feed, unsigned number, size_t size)
{
    if (number == 0)
        inlet_consume(feed->inlet, size);
    else
        body_filter_consume(&feed->filters[number - 1], size);
}

static bool is_filter_in(const struct feed *feed, enum body_filter_state state)
{
    for (unsigned i = 0; i < feed->filters_used; i++)
        if (feed->filters[i].state == state)
            return true;
    return false;
}

static bool has_failed(const struct feed *feed)
{
    return is_filter_in(feed, BODY_FILTER_FAILED) || is_filter_in(feed, BODY_FILTER_STUCK);
}

/* Calls each filter that is due once. False if none was, or one has failed. */
static bool call_filters(struct feed *feed, uint64_t now_ns)
{
    bool called = false;

    for (unsigned i = 0; i < feed->filters_used && !has_failed(feed); i++) {
        struct body_filter *filter = &feed->filters[i];
        struct body_source source = source_of(feed, i);

        if (body_filter_due_ns(filter, &source) > now_ns)
            continue;
        take_from_source(feed, i, body_filter_call(filter, feed->exchange, &source, now_ns));
        called = true;
    }
    return called;
}

static bool is_offering(const struct feed *feed)
{
    const struct outlet_supply supply = feed_supply(feed);

    return supply.complete || supply.body.size > 0;
}

static bool has_to_wait(const struct feed *feed)
{
    return !is_offering(feed) &&
           (is_filter_in(feed, BODY_FILTER_WAITING) || feed_due_ns(feed) != TIME_NEVER);
}

enum feed_state feed_pump(struct feed *feed, uint64_t now_ns)
{
    for (unsigned rounds = 0; rounds < ROUNDS_MAX; rounds++)
        if (!call_filters(feed, now_ns))
            break;
    if (is_filter_in(feed, BODY_FILTER_FAILED))
        return FEED_FAILED;
    if (is_filter_in(feed, BODY_FILTER_STUCK))
        return FEED_STUCK;
    return has_to_wait(feed) ? FEED_WAITING : FEED_FINE;
}

void feed_resume(struct feed *feed)
{
    for (unsigned i = 0; i < feed->filters_used; i++)
        body_filter_resume(&feed->filters[i]);
}

bool feed_waits(const struct feed *feed)
{
    return is_filter_in(feed, BODY_FILTER_WAITING) && !is_offering(feed);
}

uint64_t feed_due_ns(const struct feed *feed)
{
    uint64_t due_ns = TIME_NEVER;

    for (unsigned i = 0; i < feed->filters_used; i++) {
        struct body_source source = source_of(feed, i);
        uint64_t filter_due_ns = body_filter_due_ns(&feed->filters[i], &source);

        if (filter_due_ns < due_ns)
            due_ns = filter_due_ns;
    }
    return due_ns;
}

struct outlet_supply feed_supply(const struct feed *feed)
{
    struct body_source live = source_of(feed, feed->filters_used);
    struct bytes rest = replay_rest(&feed->replay);

    return (struct outlet_supply){
        .body = rest.size > 0 ? rest : live.waiting,
        .complete = live.end && (rest.size == 0 || live.waiting.size == 0),
        .trailers = &feed->inlet->trailers,
    };
}

void feed_consume(struct feed *feed, size_t size)
{
    struct body_source live;

    if (replay_rest(&feed->replay).size > 0) {
        replay_advance(&feed->replay, size);
        return;
    }
    live = source_of(feed, feed->filters_used);
    check(size <= live.waiting.size);
    replay_append(&feed->replay, bytes_make(live.waiting.data, size));
    take_from_source(feed, feed->filters_used, size);
}

size_t feed_held(const struct feed *feed)
{
    size_t held = 0;

    for (unsigned i = 0; i < feed->filters_used; i++)
        held += body_filter_output(&feed->filters[i]).size;
    return held;
}

size_t feed_copy_peak(const struct feed *feed)
{
    return feed->replay.size;
}
