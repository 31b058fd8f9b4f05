/* A case against a proxy that is not ours: nothing is seen of it but what its neighbours see, and nothing ends it. */
#include <stdio.h>
#include <string.h>

#include "harness/cast/warm_up.h"
#include "harness/observed/observe.h"
#include "harness/run/case_state.h"

/* Real time between two looks at a case whose clients play: hundreds do, and looking is to cost the proxy no time. */
#define LOOK_NS (5 * NS_PER_MS)
/* Longer than any limit of time that a profile sets, behind which something could still move. */
#define STUCK_NS (2 * NS_PER_S)
/* Between two probes: a proxy that answers errors at once is not to be asked as fast as it can. */
#define PROBE_PAUSE_NS (200 * NS_PER_MS)

enum {
    TRIES_MAX = 4,          /* times a case is begun; two upstreams in turn need two */
    PROBE_TEXT_BYTES = 256, /* of a sentence's end */
    PROBES_IN_A_ROW = 8,    /* that look for the upstream before the first; more than any has */
};

/* ---- starting ------------------------------------------------------------------------------- */

/* What comes after others can meet what the proxy still does for those: requests say whose they are. */
static bool set_up(struct case_run *run, const struct scenario *scenario)
{
    bool fine = cast_start_upstreams_at(run->cast, scenario, &run->place->where, run->error);
    if (run->place->recover_ns > 0)
        run->cast->scene.manner.turn = ++run->turns;
    if (!fine)
        case_give_up(run, false);
    return fine;
}

static void begin(struct case_run *run)
{
    if (!set_up(run, run->scenario))
        return;
    run->evidence.began_ns = world_now(run->world);
    run->deadline_ns = run->evidence.began_ns + run->place->patience_ns;
    cast_start_clients(run->cast, &run->place->where.target);
    case_enter(run, PHASE_PLAYING);
}

static void begin_probe(struct case_run *run)
{
    if (!set_up(run, run->probe))
        return;
    run->probe_at_ns = 0;
    run->deadline_ns = world_now(run->world) + run->place->patience_ns;
    cast_start_clients(run->cast, &run->place->where.target);
}

static void begin_probing(struct case_run *run)
{
    enum { ONE_EXCHANGE = 1 };
    run->probe = warm_up_make(run->scenario, ONE_EXCHANGE, &run->region);
    run->probing_ns = world_now(run->world);
    case_enter(run, PHASE_PROBING);
    if (run->probe != NULL) {
        begin_probe(run);
        return;
    }
    snprintf(run->error, sizeof(run->error), "out of memory");
    case_give_up(run, false);
}

void case_foreign_start(struct case_run *run)
{
    run->foreign = (struct foreign_facts){.settle_ns = run->place->settle_ns,
                                          .patience_ns = run->place->patience_ns};
    run->evidence.foreign = &run->foreign;
    run->observation = NULL;
    run->unmet = NULL;
    run->tries = 1;
    if (run->place->recover_ns > 0)
        begin_probing(run);
    else
        begin(run);
}

/* ---- probing -------------------------------------------------------------------------------- */

/* The upstream that the probe came to; the count of upstreams if it came to none. */
static size_t probed_upstream(const struct case_run *run)
{
    size_t index = 0;
    while (index < run->probe->upstream_count && run->cast->upstreams[index]->connection_count == 0)
        index++;
    return index;
}

/*
 * At first the case wants to see its first upstream in use. If the fault was not met then, the proxy asks its upstreams in turn,
 * and the probe before the case has to come to the one before the first.
 */
static bool probe_came_where_it_should(const struct case_run *run, size_t where)
{
    return run->tries == 1 ? where == 0 : where + 1 == run->probe->upstream_count;
}

/* The first connection of a probe's client; NULL: it has made none. */
static const struct witness *probing_line(const struct case_run *run)
{
    const struct client *client = run->cast->clients[0];
    return client->line_count > 0 ? client_witness(client, 0) : NULL;
}

/* What the client of a probe got that did not come where it should; nobody else can tell why. */
static void describe_probe(const struct case_run *run, size_t where, char text[PROBE_TEXT_BYTES])
{
    const struct witness *line = probing_line(run);
    const struct witness_message *got = line != NULL ? line->received : NULL;
    char address[ADDRESS_TEXT_BYTES];
    if (line != NULL && line->dial_error != 0)
        snprintf(text, PROBE_TEXT_BYTES, "the target %s could not be reached: %s",
                 address_format(&run->place->where.target, address), strerror(line->dial_error));
    else if (line != NULL && line->handshake.failure != NULL)
        snprintf(text, PROBE_TEXT_BYTES, "the TLS handshake with the target failed: %.150s",
                 line->handshake.failure);
    else if (where < run->probe->upstream_count)
        snprintf(text, PROBE_TEXT_BYTES, "the last one came to upstream %s",
                 run->scenario->upstream_names[where]);
    else if (got != NULL && got->status != 0)
        snprintf(text, PROBE_TEXT_BYTES,
                 "the last one got a %u, and no upstream that was named saw it", got->status);
    else
        snprintf(text, PROBE_TEXT_BYTES, "the last one came to no upstream and got no answer");
}

/* Who waited in vain for a proxy that died need not do so again before each of the cases that are left. */
static bool may_probe_again(struct case_run *run)
{
    const struct witness *line = probing_line(run);
    bool refused = line != NULL && line->dial_error != 0;
    bool again = world_now(run->world) - run->probing_ns < run->place->recover_ns &&
                 !(refused && run->target_is_gone);
    run->target_is_gone = refused && !again;
    return again;
}

static void end_probe(struct case_run *run)
{
    size_t where = probed_upstream(run);
    char limit[FINDING_DURATION_BYTES];
    char last[PROBE_TEXT_BYTES];
    bool fine = probe_came_where_it_should(run, where) ||
                (run->tries > 1 && ++run->probes >= PROBES_IN_A_ROW);
    bool again = may_probe_again(run);
    describe_probe(run, where, last);
    cast_stop(run->cast);
    cast_reset(run->cast);
    if (fine) {
        begin(run);
    } else if (again) {
        run->probe_at_ns = world_now(run->world) + PROBE_PAUSE_NS;
    } else {
        snprintf(run->error, sizeof(run->error), "within %s no probe came to upstream %s: %s",
                 duration_format(run->place->recover_ns, limit), run->scenario->upstream_names[0],
                 last);
        case_give_up(run, false);
    }
}

static void probe(struct case_run *run)
{
    uint64_t now_ns = world_now(run->world);
    if (run->probe_at_ns == 0 && (cast_clients_are_over(run->cast) || now_ns >= run->deadline_ns))
        end_probe(run);
    else if (run->probe_at_ns > 0 && now_ns >= run->probe_at_ns)
        begin_probe(run);
}

/* ---- playing and settling --------------------------------------------------------------------- */

static bool look_at_witnesses(struct case_run *run)
{
    struct evidence *evidence = &run->evidence;
    cast_name_witnesses(run->cast, evidence);
    for (size_t i = 0; i < run->scenario->upstream_count; i++)
        evidence->open[i] = cast_held_by_subject(run->cast, i);
    run->observation = region_take(&run->region, sizeof(*run->observation));
    return run->observation != NULL && evidence_settle(evidence, &run->region) &&
           evidence_gather(evidence, &run->region) &&
           observe_case(evidence, &run->region, run->observation) &&
           declared_judge(run->place->declared, evidence, &run->region, run->observation);
}

/* The request that should have met the fault came to another upstream, or behind somebody else's: the next one may not. */
static bool may_be_met_yet(const struct case_run *run)
{
    if (observe_stranger(&run->evidence) != NULL)
        return true;
    struct fake_upstream *const *upstreams = run->cast->upstreams;
    size_t others = 0;
    for (size_t i = 1; i < run->scenario->upstream_count; i++)
        others += upstreams[i]->connection_count;
    return upstreams[0]->connection_count == 0 && others > 0;
}

/* The witnesses are asked before anybody is stopped, so that what stopping brings is nobody's doing. */
static void settle(struct case_run *run)
{
    run->evidence.settled_ns = world_now(run->world);
    run->evidence.ended_ns = run->evidence.settled_ns;
    run->evidence.quiet = true;
    cast_name_witnesses(run->cast, &run->evidence);
    run->unmet = run->foreign.died ? NULL : observe_unmet_fault(&run->evidence, &run->region);
    bool again = run->unmet != NULL && run->place->recover_ns > 0 && run->tries < TRIES_MAX &&
                 may_be_met_yet(run);
    if (!again)
        run->out_of_memory = !look_at_witnesses(run);
    cast_stop(run->cast);
    if (!again) {
        case_enter(run, PHASE_OVER);
        return;
    }
    cast_reset(run->cast);
    run->evidence = (struct evidence){.foreign = &run->foreign};
    run->foreign.hung = false;
    run->tries++;
    run->probes = 0;
    begin_probing(run);
}

void case_run_note_death(struct case_run *run)
{
    check(run->place != NULL);
    run->foreign.died = true;
    if (run->phase == PHASE_PLAYING || run->phase == PHASE_SETTLING) {
        settle(run);
    } else {
        snprintf(run->error, sizeof(run->error), "the proxy had ended before the case began");
        case_give_up(run, true);
    }
}

/*
 * Nothing moves, and clients wait for a signal of an actor that the proxy never came to, or not as the script has it: no patience
 * helps them.
 */
static bool is_stuck(struct case_run *run, uint64_t now_ns)
{
    uint64_t activity = cast_feel_pulse(run->cast).activity;
    if (activity != run->pulse.activity || !cast_clients_wait_for_signals(run->cast)) {
        run->pulse.activity = activity;
        run->silent_since_ns = now_ns;
    }
    return now_ns - run->silent_since_ns >= run->place->settle_ns + STUCK_NS;
}

void case_foreign_advance(struct case_run *run)
{
    uint64_t now_ns = world_now(run->world);
    if (run->phase == PHASE_PROBING) {
        probe(run);
    } else if (run->phase == PHASE_SETTLING) {
        if (now_ns >= run->watch_until_ns)
            settle(run);
    } else if (cast_clients_are_over(run->cast) && !cast_upstreams_let_time_pass(run->cast)) {
        run->watch_until_ns = now_ns + run->place->settle_ns;
        case_enter(run, PHASE_SETTLING);
    } else if (now_ns >= run->deadline_ns) {
        run->foreign.hung = true;
        settle(run);
    } else if (is_stuck(run, now_ns)) {
        settle(run);
    }
}

uint64_t case_foreign_until(const struct case_run *run)
{
    if (run->phase == PHASE_SETTLING)
        return run->watch_until_ns;
    if (run->phase == PHASE_PROBING && run->probe_at_ns > 0)
        return run->probe_at_ns;
    return world_now(run->world) + LOOK_NS;
}

/* ---- judging -------------------------------------------------------------------------------- */

void case_foreign_judge(struct case_run *run, struct case_outcome *out)
{
    const struct observation *seen = run->observation;
    out->duration_ns = run->evidence.settled_ns - run->evidence.began_ns;
    if (run->out_of_memory) {
        findings_add(&run->findings, "the witnesses saw more than a case's memory can hold");
        out->verdict = VERDICT_ERROR;
    } else if (run->unmet != NULL) {
        findings_add(&run->findings, "%s", run->unmet);
        out->verdict = VERDICT_SETUP_FAILED;
    }
    out->sentences = findings_all(&run->findings, &out->sentence_count);
    if (run->out_of_memory)
        return;
    /* Also where the fault was not met: a client that was left hanging before it is harmed no less. */
    out->observation = seen;
    if (out->sentence_count > 0)
        return;
    out->verdict = seen->verdict;
    out->sentences = seen->sentences;
    out->sentence_count = seen->sentence_count;
    out->client = seen->client;
    for (size_t i = 0; i < seen->upstream_count; i++) {
        out->attempts += seen->upstreams[i].attempts;
        out->delivered += seen->upstreams[i].delivered;
    }
}
