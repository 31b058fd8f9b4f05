#include "harness/hooks/scripted_hooks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/hooks/hook_context.h"

#define SCRIPTED_HOOKS_TAG OBJECT_TAG('h', 'o', 'o', 'k')

static const struct proxy_hooks TABLE;

void scripted_hooks_init(struct scripted_hooks *hooks, struct signals *signals)
{
    *hooks = (struct scripted_hooks){.tag = SCRIPTED_HOOKS_TAG, .signals = signals};
}

void scripted_hooks_release(struct scripted_hooks *hooks)
{
    free(hooks->calls);
    hooks->calls = NULL;
    hooks->tag = 0;
}

const struct proxy_hooks *scripted_hooks_start(struct scripted_hooks *hooks,
                                               const struct hook_plan *plan)
{
    hooks->plan = plan;
    hooks->table = TABLE;
    hooks->table.owner = hooks;
    hooks->table.context_bytes = sizeof(struct hook_context);
    return plan->installed ? &hooks->table : NULL;
}

void scripted_hooks_reset(struct scripted_hooks *hooks)
{
    hooks->plan = NULL;
    hooks->call_count = 0;
    hooks->calls_lost = 0;
    hooks->fault_count = 0;
}

/* ---- every call ----------------------------------------------------------------------------- */

/* One call: what is remembered, and what the plan says for this attempt. */
struct call {
    struct exchange *exchange;
    enum hook_name hook;
    struct hook_context *context;
    const struct hook_action *action; /* NULL: only observed */
};

static struct call enter(struct exchange *exchange, enum hook_name hook)
{
    const struct scripted_hooks *hooks = object_cast(exchange_owner(exchange), SCRIPTED_HOOKS_TAG);
    struct hook_context *context = hook_context_enter(exchange, hook);
    return (struct call){exchange, hook, context,
                         hook_plan_action(hooks->plan, hook, context->attempt)};
}

/* Tells the actors that the hook was called; not again when it goes on. */
static void signal_actors(const struct call *call)
{
    const struct scripted_hooks *hooks = exchange_owner(call->exchange);
    if (call->action->signal != NULL &&
        call->context->slots[call->hook].patience == HOOK_NOT_ASKED &&
        !signals_raise(hooks->signals, call->action->signal))
        hook_fault(call->exchange, "there are more signals than %d", SIGNALS_MAX);
}

static bool may_go_on(const struct call *call)
{
    if (call->action == NULL)
        return true;
    signal_actors(call);
    return call->action->wait == HOOK_WAIT_NOT ||
           hook_context_wait(call->context, call->exchange, call->hook, call->action);
}

/* What comes before anything else that a hook does: it waits, then it fails. */
static enum hook_answer prepare(const struct call *call)
{
    if (!may_go_on(call))
        return HOOK_WAIT;
    if (call->action != NULL && call->action->fails)
        return exchange_fail(call->exchange, call->action->fail_status);
    return HOOK_CONTINUE;
}

static const struct hook_action *action_of(const struct call *call, enum hook_name hook)
{
    const struct scripted_hooks *hooks = exchange_owner(call->exchange);
    return hook_plan_action(hooks->plan, hook, call->context->attempt);
}

/* ---- heads ---------------------------------------------------------------------------------- */

static bool changes_length(const struct call *call, enum hook_name hook)
{
    const struct hook_action *filter = action_of(call, hook);
    return filter != NULL && !filter->unannounced && body_change_alters_length(&filter->change);
}

/* A body filter whose length differs is announced by the first filter of its direction's head. */
static void announce(const struct call *call)
{
    if (call->hook == HOOK_EARLY_REQUEST_FILTER && changes_length(call, HOOK_REQUEST_BODY_FILTER))
        exchange_change_request_length(call->exchange);
    if (call->hook == HOOK_UPSTREAM_RESPONSE_FILTER &&
        (changes_length(call, HOOK_UPSTREAM_RESPONSE_BODY_FILTER) ||
         changes_length(call, HOOK_RESPONSE_BODY_FILTER)))
        exchange_change_response_length(call->exchange);
}

static bool edit(const struct call *call, struct head *head)
{
    const struct hook_action *action = call->action;
    for (const struct hook_edit *edit = action->edits; edit != NULL; edit = edit->next) {
        if (edit->value == NULL)
            head_remove(head, edit->name);
        else if (!head_set(head, edit->name, edit->value))
            return false;
    }
    return action->target == NULL || exchange_set_target(call->exchange, bytes_of(action->target));
}

static enum hook_answer filter_head(struct exchange *exchange, struct head *head,
                                    enum hook_name hook)
{
    struct call call = enter(exchange, hook);
    enum hook_answer answer = prepare(&call);
    if (answer != HOOK_CONTINUE)
        return answer;
    announce(&call);
    if (call.action == NULL)
        return HOOK_CONTINUE;
    if (!edit(&call, head))
        return exchange_fail(exchange, 0);
    if (call.action->answer != NULL)
        return exchange_respond(exchange, call.action->answer);
    return HOOK_CONTINUE;
}

#define HEAD_HOOKS(X)                                                     \
    X(EARLY_REQUEST_FILTER, early_request_filter)                         \
    X(REQUEST_FILTER, request_filter)                                     \
    X(PROXY_UPSTREAM_FILTER, proxy_upstream_filter)                       \
    X(UPSTREAM_REQUEST_FILTER, upstream_request_filter)                   \
    X(UPSTREAM_RESPONSE_FILTER, upstream_response_filter)                 \
    X(RESPONSE_FILTER, response_filter)                                   \
    X(UPSTREAM_RESPONSE_TRAILER_FILTER, upstream_response_trailer_filter) \
    X(RESPONSE_TRAILER_FILTER, response_trailer_filter)

#define HEAD_HOOK(name, word)                                                  \
    static enum hook_answer word(struct exchange *exchange, struct head *head) \
    {                                                                          \
        return filter_head(exchange, head, HOOK_##name);                       \
    }
HEAD_HOOKS(HEAD_HOOK)
#undef HEAD_HOOK

/* ---- where to ------------------------------------------------------------------------------- */

static enum hook_answer upstream_peer(struct exchange *exchange, struct proxy_peer *peer)
{
    char host[ADDRESS_TEXT_BYTES];
    struct call call = enter(exchange, HOOK_UPSTREAM_PEER);
    const struct scripted_hooks *hooks = exchange_owner(exchange);
    enum hook_answer answer = prepare(&call);
    bool named = true;
    if (answer != HOOK_CONTINUE || call.action == NULL)
        return answer;
    if (call.action->peer == HOOK_PEER_UNKNOWN) {
        /* RFC 6761 6.4: nobody may ever have this name. */
        named = peer_set_address(peer, "unknown.invalid", 80);
    } else if (call.action->peer == HOOK_PEER_UPSTREAM) {
        size_t last = call.action->order_count - 1;
        size_t turn = call.context->attempt - 1;
        const struct hook_target *target =
            &hooks->targets[call.action->order[turn < last ? turn : last]];
        named = target->upstream != UPSTREAM_OTHER
                    ? peer_set_upstream(exchange, peer, target->upstream)
                    : peer_set_address(peer, address_format_host(&target->address, host),
                                       target->address.port);
    }
    return named ? HOOK_CONTINUE : exchange_fail(exchange, 0);
}

static enum hook_answer connected_to_upstream(struct exchange *exchange)
{
    struct call call = enter(exchange, HOOK_CONNECTED_TO_UPSTREAM);
    return prepare(&call);
}

/* ---- bodies --------------------------------------------------------------------------------- */

/* Writes what becomes of the piece, as far as there is room; the flow knows how far it is in both bodies. */
static void change_piece(struct hook_flow *flow, const struct body_change *change,
                         struct body_piece *piece)
{
    uint64_t source = body_change_source(change, flow->out);
    if (change->kind == BODY_KEEP) {
        body_piece_pass(piece); /* a body of a gibibyte takes its time byte by byte */
        piece->more = piece->taken < piece->in.size;
        return;
    }
    while (piece->out_size < piece->out_max && source - flow->in < piece->in.size) {
        piece->out[piece->out_size++] = body_change_byte(change, piece->in.data[source - flow->in]);
        source = body_change_source(change, flow->out + piece->out_size);
    }
    uint64_t passed = source - flow->in;
    piece->taken = passed < piece->in.size ? (size_t)passed : piece->in.size;
    piece->more = piece->taken < piece->in.size;
}

/* Held back: nothing goes on before enough is there. */
static bool holds(const struct hook_flow *flow, const struct hook_action *action,
                  const struct body_piece *piece)
{
    return !piece->end && flow->in + piece->in.size < action->hold;
}

static enum hook_answer filter_body(struct exchange *exchange, struct body_piece *piece,
                                    enum hook_name hook)
{
    static const struct hook_action PASS;
    struct call call = enter(exchange, hook);
    struct hook_flow *flow = &call.context->flows[hook];
    const struct hook_action *action = call.action != NULL ? call.action : &PASS;
    piece->taken = 0;
    piece->out_size = 0;
    piece->more = false;
    piece->delay_ns = 0;
    if (flow->ended)
        hook_fault(exchange, "%s was called behind the end of its body", hook_word(hook));
    enum hook_answer answer = flow->begun ? HOOK_CONTINUE : prepare(&call);
    if (answer != HOOK_CONTINUE)
        return answer;
    flow->begun = true;
    if (!holds(flow, action, piece))
        change_piece(flow, &action->change, piece);
    flow->in += piece->taken;
    flow->out += piece->out_size;
    flow->ended = piece->end && piece->taken == piece->in.size;
    if (piece->taken > 0)
        piece->delay_ns = action->delay_ns;
    return HOOK_CONTINUE;
}

#define BODY_HOOKS(X)                                               \
    X(REQUEST_BODY_FILTER, request_body_filter)                     \
    X(UPSTREAM_RESPONSE_BODY_FILTER, upstream_response_body_filter) \
    X(RESPONSE_BODY_FILTER, response_body_filter)

#define BODY_HOOK(name, word)                                                         \
    static enum hook_answer word(struct exchange *exchange, struct body_piece *piece) \
    {                                                                                 \
        return filter_body(exchange, piece, HOOK_##name);                             \
    }
BODY_HOOKS(BODY_HOOK)
#undef BODY_HOOK

/* ---- failures and decisions ----------------------------------------------------------------- */

static enum retry_wish decide(const struct call *call)
{
    if (!may_go_on(call))
        return RETRY_WAIT;
    return call->action != NULL ? call->action->wish : RETRY_LEAVE;
}

/* Hooks of a failure are called where there is one. */
static struct call enter_failure(struct exchange *exchange, const struct failure *failure,
                                 enum hook_name hook)
{
    struct call call = enter(exchange, hook);
    if (failure->cause == CAUSE_NONE)
        hook_fault(exchange, "%s was called without a failure", hook_word(hook));
    return call;
}

static enum retry_wish fail_to_connect(struct exchange *exchange, const struct failure *failure)
{
    struct call call = enter_failure(exchange, failure, HOOK_FAIL_TO_CONNECT);
    return decide(&call);
}

static enum retry_wish error_while_proxy(struct exchange *exchange, const struct failure *failure)
{
    struct call call = enter_failure(exchange, failure, HOOK_ERROR_WHILE_PROXY);
    return decide(&call);
}

static enum retry_wish upstream_response_decision(struct exchange *exchange,
                                                  const struct head *head)
{
    struct call call = enter(exchange, HOOK_UPSTREAM_RESPONSE_DECISION);
    if (head->status < 200)
        hook_fault(exchange, "upstream_response_decision was called for status %u", head->status);
    return decide(&call);
}

/* ---- the end -------------------------------------------------------------------------------- */

static enum hook_answer fail_to_proxy(struct exchange *exchange, const struct failure *failure)
{
    struct call call = enter_failure(exchange, failure, HOOK_FAIL_TO_PROXY);
    enum hook_answer answer = prepare(&call);
    if (answer != HOOK_CONTINUE || call.action == NULL)
        return answer;
    if (call.action->close_client)
        exchange_close_client(exchange);
    if (call.action->answer != NULL && exchange_can_respond(exchange))
        return exchange_respond(exchange, call.action->answer);
    return HOOK_CONTINUE;
}

static bool suppress_error_log(struct exchange *exchange, const struct failure *failure)
{
    struct call call = enter_failure(exchange, failure, HOOK_SUPPRESS_ERROR_LOG);
    return call.action != NULL && call.action->suppress;
}

static void request_summary(struct exchange *exchange, char summary[SUMMARY_BYTES])
{
    struct call call = enter(exchange, HOOK_REQUEST_SUMMARY);
    if (call.action != NULL && call.action->summary != NULL)
        snprintf(summary, SUMMARY_BYTES, "%s", call.action->summary);
}

/* What the filters saw go through, where the plan asks for it, against what the record says. */
static void check_counts(const struct call *call, const struct exchange_record *record)
{
    const struct hook_flow *flows = call->context->flows;
    const struct hook_action *up = action_of(call, HOOK_REQUEST_BODY_FILTER);
    const struct hook_action *down = action_of(call, HOOK_RESPONSE_BODY_FILTER);
    uint64_t in = flows[HOOK_REQUEST_BODY_FILTER].in;
    uint64_t out = flows[HOOK_RESPONSE_BODY_FILTER].out;
    if (record->failure.cause != CAUSE_NONE)
        return;
    if (up != NULL && up->count && in != record->request_body_bytes)
        hook_fault(call->exchange,
                   "request_body_filter was given %" PRIu64 " bytes, the record says %" PRIu64, in,
                   record->request_body_bytes);
    if (down != NULL && down->count && out != record->response_body_bytes)
        hook_fault(call->exchange,
                   "response_body_filter let %" PRIu64 " bytes on, the record says %" PRIu64, out,
                   record->response_body_bytes);
}

static void logging(struct exchange *exchange, const struct exchange_record *record)
{
    struct call call = enter(exchange, HOOK_LOGGING);
    if (record->id != call.context->exchange)
        hook_fault(exchange, "logging got the record of exchange %" PRIu64 " in exchange %" PRIu64,
                   record->id, call.context->exchange);
    check_counts(&call, record);
    if (call.action != NULL)
        signal_actors(&call);
    hook_context_end(call.context, exchange);
}

static const struct proxy_hooks TABLE = {
#define TABLE_ROW(name, word, kind) .word = word,
    HOOK_LIST(TABLE_ROW)
#undef TABLE_ROW
};
