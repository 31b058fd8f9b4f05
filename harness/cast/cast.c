#include "harness/cast/cast.h"

#include <stdlib.h>

#include "harness/cast/cast_faults.h"
#include "reports/recording/recording.h"

_Static_assert((int)EVIDENCE_HOOK_FAULTS_MAX >= (int)SCRIPTED_FAULTS_MAX,
               "what hooks found wrong is told");

/* ---- once ----------------------------------------------------------------------------------- */

struct cast *cast_create(struct world *world, enum world_kind kind)
{
    const struct trace_options options = {.events_max = CAST_EVENTS_MAX};
    struct cast *cast = calloc(1, sizeof(*cast));
    if (cast == NULL)
        return NULL;
    cast->kind = kind;
    cast->world = world;
    scene_init(&cast->scene, world);
    scripted_hooks_init(&cast->hooks, &cast->scene.signals);
    cast->impair = impair_create(world);
    if (cast->impair != NULL)
        cast->trace = trace_create(world, &options);
    if (cast->trace != NULL)
        cast->fault = fault_create(cast->trace);
    cast->hooks.trace = cast->trace;
    if (cast->fault == NULL)
        cast_destroy(&cast);
    return cast;
}

void cast_destroy(struct cast **cast)
{
    struct cast *gone = *cast;
    *cast = NULL;
    if (gone == NULL)
        return;
    if (gone->kept != NULL)
        proxy_destroy(&gone->kept);
    for (size_t i = 0; i < UPSTREAMS_MAX && gone->upstreams[i] != NULL; i++) {
        fake_upstream_release(gone->upstreams[i]);
        free(gone->upstreams[i]);
    }
    for (size_t i = 0; i < SCENARIO_CLIENTS_MAX && gone->clients[i] != NULL; i++) {
        client_release(gone->clients[i]);
        free(gone->clients[i]);
    }
    if (gone->fault != NULL)
        fault_destroy(&gone->fault);
    if (gone->trace != NULL)
        trace_destroy(&gone->trace);
    if (gone->watch != NULL)
        trace_destroy(&gone->watch);
    if (gone->impair != NULL)
        impair_destroy(&gone->impair);
    scripted_hooks_release(&gone->hooks);
    scene_release(&gone->scene);
    free(gone->records);
    free(gone);
}

/* ---- recording ------------------------------------------------------------------------------ */

void cast_record(struct cast *cast, bool recorded)
{
    check(cast->scenario == NULL);
    cast->is_recorded = recorded;
    cast->scene.is_recorded = recorded;
    trace_keep_bytes(cast->trace, recorded ? RECORDING_STREAM_BYTES_MAX : 0);
}

const struct world *cast_recorded(const struct cast *cast)
{
    if (!cast->is_recorded)
        return NULL;
    return cast->proxy_seen ? cast->trace : cast->watch;
}

/* ---- looking -------------------------------------------------------------------------------- */

bool cast_clients_are_over(const struct cast *cast)
{
    for (size_t i = 0; i < cast->scenario->client_count; i++)
        if (!client_is_over(cast->clients[i]))
            return false;
    return true;
}

bool cast_clients_wait_for_signals(const struct cast *cast)
{
    for (size_t i = 0; i < cast->scenario->client_count; i++)
        if (!client_is_over(cast->clients[i]) && cast->clients[i]->actor.waiter.name == NULL)
            return false;
    return true;
}

static bool lets_time_pass(const struct actor *actor)
{
    return actor->state == ACTOR_PLAYING && actor->step < actor->script->count &&
           actor->script->steps[actor->step].word == STEP_DELAY;
}

bool cast_upstreams_let_time_pass(const struct cast *cast)
{
    for (size_t u = 0; u < cast->scenario->upstream_count; u++)
        for (size_t i = 0; i < cast->upstreams[u]->connection_count; i++)
            if (lets_time_pass(&cast->upstreams[u]->connections[i]->actor))
                return true;
    return false;
}

size_t cast_held_by_subject(const struct cast *cast, size_t upstream)
{
    const struct fake_upstream *at = cast->upstreams[upstream];
    size_t held = 0;
    for (size_t i = 0; i < at->connection_count; i++)
        held += line_is_held(&at->connections[i]->line) &&
                fake_upstream_witness(at, i)->peer_end == WITNESS_OPEN;
    return held;
}

bool cast_upstreams_are_left(const struct cast *cast)
{
    for (size_t u = 0; u < cast->scenario->upstream_count; u++)
        if (cast_held_by_subject(cast, u) > 0)
            return false;
    return true;
}

/* Sums over all connections of one kind of actor. */
struct flow {
    uint64_t in, out;
    uint64_t opened;
    uint64_t ended;
};

static void add_flow(struct flow *flow, const struct witness *witness)
{
    flow->in += witness->in.bytes;
    flow->out += witness->out.bytes;
    flow->opened += witness->opened_ns != 0;
    flow->ended += witness->peer_end != WITNESS_OPEN;
    flow->ended += witness->own_end != WITNESS_OPEN;
}

static struct flow client_flow(const struct cast *cast)
{
    struct flow flow = {0};
    for (size_t c = 0; c < cast->scenario->client_count; c++)
        for (size_t i = 0; i < cast->clients[c]->line_count; i++)
            add_flow(&flow, client_witness(cast->clients[c], i));
    return flow;
}

static struct flow upstream_flow(const struct cast *cast)
{
    struct flow flow = {0};
    for (size_t u = 0; u < cast->scenario->upstream_count; u++)
        for (size_t i = 0; i < cast->upstreams[u]->connection_count; i++)
            add_flow(&flow, fake_upstream_witness(cast->upstreams[u], i));
    return flow;
}

static struct flow proxy_flow(const struct cast *cast, enum trace_side side)
{
    struct flow flow = {0};
    const struct trace_stream *stream;
    for (size_t i = 0; (stream = trace_stream_at(cast->trace, i)) != NULL; i++) {
        if (stream->side != side)
            continue;
        flow.in += stream->rx;
        flow.out += stream->tx;
        flow.opened += stream->outcome == 0;
        flow.ended += stream->end != TRACE_STILL_OPEN;
    }
    return flow;
}

struct cast_pulse cast_feel_pulse(const struct cast *cast)
{
    const struct flow flows[] = {
        client_flow(cast),
        proxy_flow(cast, TRACE_ACCEPTED),
        proxy_flow(cast, TRACE_CONNECTED),
        upstream_flow(cast),
    };
    struct cast_pulse pulse = {.conserved = cast->proxy_seen};
    for (size_t i = 0; i < COUNT_OF(flows); i++)
        pulse.activity += flows[i].in + flows[i].out + flows[i].opened + flows[i].ended;
    for (size_t i = 0; i < COUNT_OF(flows); i += 2)
        if (flows[i].in != flows[i + 1].out || flows[i].out != flows[i + 1].in ||
            flows[i].opened != flows[i + 1].opened)
            pulse.conserved = false;
    return pulse;
}

/* ---- telling -------------------------------------------------------------------------------- */

static void add_wait(struct evidence *evidence, const char *sentence)
{
    if (sentence != NULL && evidence->wait_count < EVIDENCE_WAITS_MAX)
        evidence->waits[evidence->wait_count++] = sentence;
}

void cast_find_waits(struct cast *cast, struct evidence *evidence, struct region *region)
{
    char text[ACTOR_TEXT_BYTES];
    const struct scenario *scenario = cast->scenario;
    for (size_t i = 0; i < scenario->client_count; i++)
        if (!client_is_over(cast->clients[i]))
            add_wait(
                evidence,
                region_format(region, "%s%s waits for ever: it %s",
                              strcmp(scenario->clients[i].name, "client") == 0 ? "the " : "client ",
                              scenario->clients[i].name,
                              actor_describe(&cast->clients[i]->actor, text)));
    for (size_t u = 0; u < scenario->upstream_count; u++) {
        struct fake_upstream *upstream = cast->upstreams[u];
        for (size_t i = 0; i < upstream->connection_count; i++) {
            const struct actor *actor = &upstream->connections[i]->actor;
            if (actor->waiter.name != NULL)
                add_wait(evidence,
                         region_format(region, "upstream %s connection %zu waits for ever: it %s",
                                       scenario->upstream_names[u], i + 1,
                                       actor_describe(actor, text)));
        }
    }
}

void cast_name_witnesses(const struct cast *cast, struct evidence *evidence)
{
    evidence->scenario = cast->scenario;
    evidence->world = cast->kind;
    evidence->upstreams = cast->upstreams;
    evidence->clients = cast->clients;
    evidence->trace = cast->proxy_seen ? cast->trace : NULL;
    evidence->names = cast->scenario->needs_nameserver ? &cast->names : NULL;
    /* Before the subject is stopped: the goodbye of TLS on an idle connection is no attempt at a request. */
    for (size_t i = 0; i < cast->rule_count; i++)
        if (cast->rules[i].turn > 1)
            evidence->pre_write_reused[cast->rules[i].upstream] +=
                fault_fired(cast->fault, cast->rules[i].rule);
}

static int by_id(const void *a, const void *b)
{
    const struct exchange_record *left = a;
    const struct exchange_record *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

void cast_fill_evidence(struct cast *cast, struct evidence *evidence)
{
    if (cast->record_total > cast->record_count)
        qsort(cast->records, cast->record_count, sizeof(*cast->records), by_id);
    evidence->faults_met = cast_faults_met(cast);
    evidence->fault_moments = cast->fault_moments;
    evidence->records = cast->records;
    evidence->record_count = cast->record_count;
    evidence->record_total = cast->record_total;
    trace_world_held(cast->trace, &evidence->held);
    trace_world_conduct(cast->trace, &evidence->conduct);
    evidence->hook_calls = cast->hooks.calls;
    evidence->hook_call_count = cast->hooks.call_count;
    evidence->hook_calls_lost = cast->hooks.calls_lost;
    for (size_t i = 0; i < cast->hooks.fault_count && i < EVIDENCE_HOOK_FAULTS_MAX; i++)
        evidence->hook_faults[evidence->hook_fault_count++] = cast->hooks.faults[i];
}

/* ---- ending --------------------------------------------------------------------------------- */

void cast_stop(struct cast *cast)
{
    check(cast->proxy == NULL);
    if (cast->scenario == NULL)
        return;
    for (size_t i = 0; i < cast->scenario->client_count; i++)
        if (cast->clients[i] != NULL)
            client_stop(cast->clients[i]);
    for (size_t i = 0; i < cast->scenario->upstream_count; i++)
        if (cast->upstreams[i] != NULL)
            fake_upstream_stop(cast->upstreams[i]);
    if (cast->scenario->needs_nameserver && cast->kind == WORLD_SOCKETS)
        name_server_stop(&cast->names);
}

void cast_reset(struct cast *cast)
{
    if (cast->scenario == NULL)
        return;
    for (size_t i = 0; i < cast->scenario->client_count; i++)
        if (cast->clients[i] != NULL)
            client_reset(cast->clients[i]);
    for (size_t i = 0; i < cast->scenario->upstream_count; i++)
        if (cast->upstreams[i] != NULL)
            fake_upstream_reset(cast->upstreams[i]);
    scene_reset(&cast->scene);
    if (cast->scene.world != cast->world) {
        scene_stand_in(&cast->scene, cast->world);
        trace_reset(cast->watch);
    }
    cast_faults_forget(cast);
    trace_reset(cast->trace);
    fault_reset(cast->fault);
    scripted_hooks_reset(&cast->hooks);
    case_log_close(&cast->log);
    cast->scenario = NULL;
    cast->proxy_seen = false;
    cast->rule_count = 0;
    cast->record_count = 0;
    cast->record_total = 0;
}
