#include "harness/hooks/hook_context.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world/filters/trace.h"

#define HOOK_SLOT_TAG OBJECT_TAG('h', 'o', 's', 'l')

/* Marks differ from exchange to exchange, so that one context is not taken for another. */
#define FRONT_MARK UINT64_C(0x9e3779b97f4a7c15)
#define BACK_MARK  UINT64_C(0xc2b2ae3d27d4eb4f)

static void begin(struct hook_context *context, struct exchange *exchange, uint64_t id);
static void look_over(const struct hook_context *context, struct exchange *exchange, uint64_t id);
static void note(struct hook_context *context, struct exchange *exchange, enum hook_name hook);
static void forget_attempt(struct hook_context *context, struct exchange *exchange);

struct hook_context *hook_context_enter(struct exchange *exchange, enum hook_name hook)
{
    struct hook_context *context = exchange_context(exchange);
    uint64_t id = exchange_record_so_far(exchange)->id;
    check(context != NULL);
    if (context->place == NULL || (context->logged && context->exchange != id))
        begin(context, exchange, id);
    else
        look_over(context, exchange, id);
    if (context->slots[hook].patience != HOOK_NOT_ASKED)
        return context; /* it had waited */
    if (hook == HOOK_UPSTREAM_PEER)
        forget_attempt(context, exchange);
    note(context, exchange, hook);
    return context;
}

/* ---- the memory ----------------------------------------------------------------------------- */

static bool is_zero(const void *memory, size_t size)
{
    const uint8_t *bytes = memory;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static bool was_begun(const struct scripted_hooks *hooks, uint64_t exchange)
{
    for (size_t i = 0; i < hooks->call_count; i++)
        if (hooks->calls[i].exchange == exchange)
            return true;
    return false;
}

static void begin(struct hook_context *context, struct exchange *exchange, uint64_t id)
{
    if (!is_zero(context, sizeof(*context)))
        hook_fault(exchange, "the hooks' context was not all zero when exchange %" PRIu64 " began",
                   id);
    if (was_begun(exchange_owner(exchange), id))
        hook_fault(exchange, "the hooks' context was emptied within exchange %" PRIu64, id);
    memset(context, 0, sizeof(*context));
    context->front = FRONT_MARK ^ id;
    context->place = context;
    context->exchange = id;
    context->back = BACK_MARK ^ id;
}

static void look_over(const struct hook_context *context, struct exchange *exchange, uint64_t id)
{
    if (context->exchange != id)
        hook_fault(exchange,
                   "exchange %" PRIu64 " got the hooks' context of exchange %" PRIu64
                   ", which had not ended",
                   id, context->exchange);
    else if (context->place != context)
        hook_fault(exchange, "the hooks' context was moved within exchange %" PRIu64, id);
    else if (context->front != (FRONT_MARK ^ id) || context->back != (BACK_MARK ^ id))
        hook_fault(exchange, "the hooks' context was written over within exchange %" PRIu64, id);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static bool make_room(struct scripted_hooks *hooks)
{
    enum { FIRST_CALLS = 64 }; /* an exchange makes some fifteen */
    if (hooks->call_count == SCRIPTED_CALLS_MAX)
        return false;
    if (hooks->call_count < hooks->call_capacity)
        return true;
    size_t capacity = hooks->call_capacity == 0 ? FIRST_CALLS : 2 * hooks->call_capacity;
    struct hook_call *calls = realloc(hooks->calls, capacity * sizeof(*calls));
    if (calls == NULL)
        return false;
    hooks->calls = calls;
    hooks->call_capacity = capacity;
    return true;
}

/* Body filters are called piece by piece; within a run of them each counts once. */
static void note(struct hook_context *context, struct exchange *exchange, enum hook_name hook)
{
    struct scripted_hooks *hooks = exchange_owner(exchange);
    uint32_t bit = UINT32_C(1) << hook;
    if (hook_kind(hook) != HOOK_OF_BODY)
        context->body_run = 0;
    else if ((context->body_run & bit) != 0)
        return;
    else
        context->body_run |= bit;
    if (make_room(hooks))
        hooks->calls[hooks->call_count++] = (struct hook_call){
            .exchange = context->exchange,
            .hook = hook,
            .attempt = context->attempt,
            .at_ns = world_now(exchange_world(exchange)),
            .seen = hooks->trace != NULL ? trace_event_count(hooks->trace) : 0,
        };
    else
        hooks->calls_lost++;
}

void hook_fault(struct exchange *exchange, const char *format, ...)
{
    struct scripted_hooks *hooks = exchange_owner(exchange);
    va_list arguments;
    size_t index = hooks->fault_count++;
    if (index >= SCRIPTED_FAULTS_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(hooks->faults[index], SCRIPTED_FAULT_BYTES, format, arguments);
    va_end(arguments);
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void go_on(struct hook_slot *slot)
{
    slot->patience = HOOK_DUE;
    exchange_resume(slot->exchange);
}

static void on_time(struct timer *timer)
{
    go_on(object_cast(timer->owner, HOOK_SLOT_TAG));
}

static void on_answer(struct query *query)
{
    go_on(object_cast(query->owner, HOOK_SLOT_TAG));
}

/* An actor signals from within its own step: the exchange goes on in a turn of its own. */
static void on_signal(struct signal_waiter *waiter)
{
    struct hook_slot *slot = object_cast(waiter->owner, HOOK_SLOT_TAG);
    struct world *world = exchange_world(slot->exchange);
    timer_set(world, &slot->timer, world_now(world));
}

/* False if nothing was begun, and so nothing would ever resume the exchange. */
static bool begin_wait(struct hook_slot *slot, struct signals *signals,
                       const struct hook_action *action)
{
    struct world *world = exchange_world(slot->exchange);
    slot->timer.on_time = on_time;
    slot->timer.owner = slot;
    switch (action->wait) {
    case HOOK_WAIT_TIME:
        timer_set(world, &slot->timer, world_now(world) + action->wait_ns);
        return true;
    case HOOK_WAIT_LOOKUP:
        slot->query.on_answer = on_answer;
        slot->query.owner = slot;
        return world_resolve(world, &slot->query, "localhost", 0) == 0;
    case HOOK_WAIT_SIGNAL:
        if (signals_is_raised(signals, action->wait_signal))
            return false;
        slot->waiter.on_signal = on_signal;
        slot->waiter.owner = slot;
        signals_wait(signals, &slot->waiter, action->wait_signal);
        return true;
    case HOOK_WAIT_EVER:
        return true;
    case HOOK_WAIT_NOT:
        break;
    }
    return false;
}

bool hook_context_wait(struct hook_context *context, struct exchange *exchange, enum hook_name hook,
                       const struct hook_action *action)
{
    struct hook_slot *slot = &context->slots[hook];
    if (slot->patience == HOOK_NOT_ASKED) {
        slot->tag = HOOK_SLOT_TAG;
        slot->exchange = exchange;
        slot->patience = HOOK_WAITING;
        const struct scripted_hooks *hooks = exchange_owner(exchange);
        if (!begin_wait(slot, hooks->signals, action))
            slot->patience = HOOK_DUE;
    }
    if (slot->patience != HOOK_DUE)
        return false;
    slot->patience = HOOK_NOT_ASKED;
    return true;
}

static void stop_waiting(struct hook_slot *slot, struct exchange *exchange)
{
    const struct scripted_hooks *hooks = exchange_owner(exchange);
    struct world *world = exchange_world(exchange);
    signals_leave(hooks->signals, &slot->waiter);
    timer_stop(world, &slot->timer);
    if (slot->query.impl != NULL)
        world_resolve_cancel(world, &slot->query);
    slot->patience = HOOK_NOT_ASKED;
}

/* Hooks of an attempt that has failed wait no more. The request's body goes on where it was. */
static void forget_attempt(struct hook_context *context, struct exchange *exchange)
{
    context->attempt++;
    for (enum hook_name hook = HOOK_UPSTREAM_PEER; hook < HOOK_NAME_COUNT; hook++)
        if (hook != HOOK_REQUEST_BODY_FILTER)
            stop_waiting(&context->slots[hook], exchange);
}

void hook_context_end(struct hook_context *context, struct exchange *exchange)
{
    for (enum hook_name hook = 0; hook < HOOK_NAME_COUNT; hook++)
        stop_waiting(&context->slots[hook], exchange);
    context->logged = true;
}
