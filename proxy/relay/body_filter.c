#include "proxy/relay/body_filter.h"

#include <string.h>

void body_filter_init(struct body_filter *filter, body_hook *hook, uint8_t *out)
{
    check(hook != NULL);
    *filter = (struct body_filter){.hook = hook, .out = out};
}

void body_filter_start(struct body_filter *filter)
{
    body_filter_init(filter, filter->hook, filter->out);
}

bool body_filter_has_room(const struct body_filter *filter)
{
    return filter->end - filter->begin <= FILTER_BYTES - BODY_FILTER_ROOM_MIN;
}

/* Once the end is there, a hook goes on until it has taken it, waits, or is found stuck. */
static bool has_news(const struct body_filter *filter, const struct body_source *source)
{
    return filter->unfinished || source->waiting.size > filter->held || source->end;
}

uint64_t body_filter_due_ns(const struct body_filter *filter, const struct body_source *source)
{
    if (filter->state != BODY_FILTER_OPEN || !body_filter_has_room(filter) ||
        !has_news(filter, source))
        return TIME_NEVER;
    return filter->quiet_ns;
}

/* Brings what is left to the front when there is too little room behind it. */
static void close_up(struct body_filter *filter)
{
    size_t left = filter->end - filter->begin;

    if (left > 0 && FILTER_BYTES - filter->end >= BODY_FILTER_ROOM_MIN)
        return;
    memmove(filter->out, filter->out + filter->begin, left);
    filter->begin = 0;
    filter->end = left;
}

/* What the hook's answers mean for its next call. */
static void note_answers(struct body_filter *filter, const struct body_source *source,
                         const struct body_piece *piece)
{
    bool went_on = piece->taken > 0 || piece->out_size > 0 || piece->delay_ns > 0;
    bool last = source->end || source->full;

    filter->end += piece->out_size;
    filter->held = source->waiting.size - piece->taken;
    filter->unfinished = piece->more || (went_on && filter->held > 0);
    if (source->end && filter->held == 0 && !piece->more)
        filter->state = BODY_FILTER_ENDED;
    else if (!went_on && (piece->more || (last && filter->held > 0)))
        filter->state = BODY_FILTER_STUCK;
}

size_t body_filter_call(struct body_filter *filter, struct exchange *exchange,
                        const struct body_source *source, uint64_t now_ns)
{
    struct body_piece piece = {.in = source->waiting, .end = source->end};
    enum hook_answer answer;

    check(body_filter_due_ns(filter, source) <= now_ns);
    close_up(filter);
    piece.out = filter->out + filter->end;
    piece.out_max = FILTER_BYTES - filter->end;
    answer = filter->hook(exchange, &piece);
    if (answer == HOOK_WAIT) {
        filter->state = BODY_FILTER_WAITING;
        return 0;
    }
    if (answer != HOOK_CONTINUE) {
        filter->state = BODY_FILTER_FAILED;
        return 0;
    }
    check(piece.taken <= source->waiting.size);
    check(piece.out_size <= FILTER_BYTES - filter->end);
    filter->quiet_ns = piece.delay_ns < TIME_NEVER - now_ns ? now_ns + piece.delay_ns : TIME_NEVER;
    note_answers(filter, source, &piece);
    return piece.taken;
}

void body_filter_resume(struct body_filter *filter)
{
    if (filter->state == BODY_FILTER_WAITING)
        filter->state = BODY_FILTER_OPEN;
}

struct bytes body_filter_output(const struct body_filter *filter)
{
    return bytes_make(filter->out + filter->begin, filter->end - filter->begin);
}

void body_filter_consume(struct body_filter *filter, size_t size)
{
    check(size <= filter->end - filter->begin);
    filter->begin += size;
}
