#include "harness/run/case_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/cast/parties.h"
#include "harness/cast/warm_up.h"
#include "harness/run/case_state.h"
#include "world/sim/sim.h"
#include "world/tls/tls.h"

/* Virtual time watched after all is quiet, so that an attempt that comes late shows itself. */
#define WATCH_NS (5 * NS_PER_S)
/* On sockets: how long nothing may happen until bytes that never arrived are held to be lost. */
#define SILENCE_NS (50 * NS_PER_MS)
/* Real time between two looks at a case in which nothing is known to be due. */
#define LOOK_NS NS_PER_MS

enum {
    QUIET_LOOKS = 2, /* looks in a row without any happening, all bytes arrived */
};

static bool is_quiet(struct case_run *run, enum run_end how);

/* ---- once ----------------------------------------------------------------------------------- */

struct case_run *case_run_create(struct world *world, enum world_kind kind)
{
    struct case_run *run = calloc(1, sizeof(*run));
    if (run == NULL)
        return NULL;
    run->world = world;
    run->kind = kind;
    region_init(&run->region, CASE_BYTES_MAX);
    run->cast = cast_create(world, kind);
    if (run->cast == NULL)
        case_run_destroy(&run);
    return run;
}

void case_run_destroy(struct case_run **run)
{
    struct case_run *gone = *run;
    *run = NULL;
    if (gone == NULL)
        return;
    check(gone->phase == PHASE_NONE);
    cast_destroy(&gone->cast);
    region_release(&gone->region);
    free(gone);
}

void case_run_reset(struct case_run *run)
{
    check(run->phase == PHASE_OVER);
    cast_reset(run->cast);
    region_reset(&run->region);
    run->scenario = NULL;
    run->phase = PHASE_NONE;
}

const char *case_record_word(enum case_record record)
{
    static const char *const WORDS[] = {
        [CASE_RECORD_NONE] = "none", [CASE_RECORD_FAILED] = "failed", [CASE_RECORD_ALL] = "all"};
    check(record <= CASE_RECORD_ALL);
    return WORDS[record];
}

void case_run_record(struct case_run *run, enum case_record record)
{
    check(run->phase == PHASE_NONE);
    run->record = record;
    cast_record(run->cast, record != CASE_RECORD_NONE);
}

void case_run_order_by(struct case_run *run, sim_order *order, void *owner)
{
    check(run->kind == WORLD_SIM);
    check(run->phase == PHASE_NONE);
    run->order = order;
    run->order_owner = owner;
}

const struct evidence *case_run_evidence(const struct case_run *run)
{
    check(run->phase == PHASE_OVER);
    return &run->evidence;
}

/* ---- starting ------------------------------------------------------------------------------- */

/* Past the end of the list, and where it names more than there are, the default comes: so any list can be played. */
static size_t choose_as_written(void *owner, size_t count)
{
    struct case_run *run = owner;
    if (run->choices >= run->scenario->order_count)
        return 0;
    uint32_t choice = run->scenario->order[run->choices++];
    return choice < count ? choice : 0;
}

static void configure_world(struct case_run *run, uint64_t seed)
{
    const struct scenario_network *network = &run->scenario->network;
    struct sim_options options = {.seed = seed,
                                  .latency_ns = network->latency_ns,
                                  .segment_bytes = network->segment_bytes,
                                  .sndbuf_bytes = network->sndbuf_bytes,
                                  .rcvbuf_bytes = network->rcvbuf_bytes};
    if (run->kind != WORLD_SIM)
        return;
    run->choices = 0;
    options.order = run->order;
    options.order_owner = run->order_owner;
    if (run->order == NULL && run->scenario->order_count > 0) {
        options.order = choose_as_written;
        options.order_owner = run;
    }
    sim_configure(run->world, &options);
    run->tls_is_seeded = run->scenario->uses_tls;
    if (run->tls_is_seeded)
        tls_randomness_seed(seed);
}

static void begin_case(struct case_run *run, const struct address *subject)
{
    run->evidence.began_ns = world_now(run->world);
    run->deadline_ns = run->evidence.began_ns + run->scenario->time_limit_ns;
    cast_start_clients(run->cast, subject);
    case_enter(run, PHASE_PLAYING);
}

static void start_within(struct case_run *run)
{
    if (!cast_start_upstreams(run->cast, run->scenario, NULL, run->error)) {
        case_give_up(run, false);
    } else if (!cast_start_proxy(run->cast, run->error)) {
        case_give_up(run, true);
    } else {
        struct address subject = proxy_address(run->cast->proxy);
        begin_case(run, &subject);
    }
}

/* The warm-up's upstreams come first: the subject is told their addresses, and those of the case take them over. */
static void start_own_process(struct case_run *run)
{
    const struct scenario *warm = warm_up_make(run->scenario, WARM_UP_EXCHANGES, &run->region);
    snprintf(run->error, sizeof(run->error), "out of memory");
    if (warm == NULL || !cast_start_upstreams(run->cast, warm, NULL, run->error))
        case_give_up(run, false);
    else if (!subject_start(&run->subject, &run->cast->settings, run->scenario->program,
                            run->error))
        case_give_up(run, true);
    else
        case_enter(run, PHASE_STARTING);
}

static void forget_former(struct case_run *run, const struct scenario *scenario)
{
    check(run->phase == PHASE_NONE);
    run->scenario = scenario;
    run->place = NULL;
    run->failed_to_start = false;
    run->subject_failed = false;
    run->timed_out = false;
    run->out_of_memory = false;
    run->drained = false;
    run->evidence = (struct evidence){0};
    findings_init(&run->findings, &run->region);
}

void case_run_start(struct case_run *run, const struct scenario *scenario, uint64_t seed)
{
    forget_former(run, scenario);
    configure_world(run, seed);
    if (scenario->process_own)
        start_own_process(run);
    else
        start_within(run);
}

void case_run_start_at(struct case_run *run, const struct scenario *scenario,
                       const struct case_place *place)
{
    check(run->kind == WORLD_SOCKETS);
    forget_former(run, scenario);
    run->place = place;
    case_foreign_start(run);
}

void case_run_abort(struct case_run *run)
{
    subject_kill(&run->subject);
    if (run->cast->proxy != NULL)
        cast_end_proxy(run->cast);
    cast_stop(run->cast);
    case_enter(run, PHASE_OVER);
}

/* What the case needs first did not come about; run->error says what. */
void case_give_up(struct case_run *run, bool subject_failed)
{
    run->failed_to_start = true;
    run->subject_failed = subject_failed;
    case_run_abort(run);
}

/* ---- a subject of its own -------------------------------------------------------------------- */

static bool is_out_of_patience(const struct case_run *run)
{
    return world_now(run->world) - run->phase_began_ns >= SUBJECT_PATIENCE_NS;
}

static void wait_for_subject(struct case_run *run)
{
    switch (subject_look(&run->subject, run->error)) {
    case SUBJECT_LISTENS:
        cast_start_clients(run->cast, &run->subject.address);
        case_enter(run, PHASE_WARMING);
        break;
    case SUBJECT_ENDED:
        case_give_up(run, true);
        break;
    case SUBJECT_STARTING:
        if (is_out_of_patience(run)) {
            snprintf(run->error, sizeof(run->error), "the subject never said where it listens");
            case_give_up(run, true);
        }
        break;
    }
}

static void warm_up(struct case_run *run)
{
    uint16_t ports[UPSTREAMS_MAX];
    if (is_out_of_patience(run)) {
        snprintf(run->error, sizeof(run->error), "the subject did not answer its first requests");
        case_give_up(run, true);
        return;
    }
    if (!cast_clients_are_over(run->cast) || !cast_upstreams_are_left(run->cast))
        return;
    for (size_t i = 0; i < run->scenario->upstream_count; i++)
        ports[i] = run->cast->upstreams[i]->address.port;
    cast_stop(run->cast);
    cast_reset(run->cast);
    if (!cast_start_upstreams(run->cast, run->scenario, ports, run->error)) {
        case_give_up(run, false);
        return;
    }
    subject_forget_peak(&run->subject);
    run->memory_before = subject_memory(&run->subject);
    begin_case(run, &run->subject.address);
}

static void ask_subject_to_end(struct case_run *run)
{
    uint64_t peak = subject_memory_peak(&run->subject);
    if (peak == 0 || run->memory_before == 0)
        findings_add(&run->findings, "the subject's memory could not be read");
    else if (peak > run->memory_before)
        run->evidence.memory_growth = peak - run->memory_before;
    subject_ask_to_end(&run->subject);
}

static bool subject_has_ended(struct case_run *run)
{
    if (subject_look(&run->subject, run->error) == SUBJECT_ENDED)
        return true;
    if (!is_out_of_patience(run))
        return false;
    findings_add(&run->findings, "the subject did not end when it was asked to");
    subject_kill(&run->subject);
    return true;
}

/* ---- settling ------------------------------------------------------------------------------- */

void case_enter(struct case_run *run, enum phase phase)
{
    if (phase == PHASE_OVER && run->tls_is_seeded)
        tls_randomness_restore();
    run->phase = phase;
    parties_tell(run->cast, phase); /* what is done to the proxy next depends on it */
    run->phase_began_ns = world_now(run->world);
    run->pulse = (struct cast_pulse){0};
    run->quiet_looks = 0;
    run->silent_since_ns = run->phase_began_ns;
}

/*
 * Nothing happens any more. In the simulation the world itself says so. On sockets: twice in a row nothing was ready and
 * all that was sent has arrived; what was lost (by a reset, or with a peer that does not read) shows as a long silence.
 */
static bool is_quiet(struct case_run *run, enum run_end how)
{
    if (run->kind == WORLD_SIM || how == RUN_QUIESCENT)
        return how != RUN_STEPS;
    if (how == RUN_STEPS)
        return false;
    struct cast_pulse before = run->pulse;
    uint64_t now_ns = world_now(run->world);
    run->pulse = cast_feel_pulse(run->cast);
    if (run->pulse.activity != before.activity) {
        run->quiet_looks = 0;
        run->silent_since_ns = now_ns;
        return false;
    }
    run->quiet_looks++;
    return (run->pulse.conserved && run->quiet_looks >= QUIET_LOOKS) ||
           now_ns - run->silent_since_ns >= SILENCE_NS;
}

/*
 * A tunnel stands as long as its ends want it to: by itself it is nothing under way. Of a subject in its own process only
 * quietness tells.
 */
static bool proxy_is_idle(const struct case_run *run)
{
    struct proxy_census census;
    if (run->cast->proxy == NULL)
        return true;
    proxy_census(run->cast->proxy, &census);
    return census.exchanges == census.tunnels;
}

/* Clients that wait for signals alone, in a case into which faults were put, wait for nothing that the proxy could do. */
static bool clients_are_done(const struct case_run *run)
{
    return cast_clients_are_over(run->cast) ||
           (case_is_explored(run) && cast_clients_wait_for_signals(run->cast));
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Half of the shortest time after which the proxy closes an idle connection, so that none does so because of us. */
static uint64_t watch_time(const struct scenario *scenario)
{
    const struct proxy_settings *proxy = &scenario->proxy;
    uint64_t time = WATCH_NS;
    if (proxy->pool_timeout_ns > 0)
        time = smaller(time, proxy->pool_timeout_ns / 2);
    if (proxy->idle_timeout_ns > 0)
        time = smaller(time, proxy->idle_timeout_ns / 2);
    if (proxy->head_timeout_ns > 0)
        time = smaller(time, proxy->head_timeout_ns / 2);
    return time;
}

static void on_drained(void *owner)
{
    struct case_run *run = owner;
    run->drained = true;
}

/* The case stands still: what is open and who waits is noted, then the proxy is asked to end. */
static void settle(struct case_run *run, bool quiet)
{
    struct evidence *evidence = &run->evidence;
    evidence->settled_ns = world_now(run->world);
    evidence->quiet = quiet;
    cast_name_witnesses(run->cast, evidence);
    run->out_of_memory = !evidence_settle(evidence, &run->region);
    if (!clients_are_done(run) || !case_is_explored(run))
        cast_find_waits(run->cast, evidence, &run->region);
    for (size_t i = 0; i < run->scenario->upstream_count; i++)
        evidence->open[i] = run->cast->proxy != NULL
                                ? trace_open_to(run->cast->trace, &run->cast->upstreams[i]->address)
                                : cast_held_by_subject(run->cast, i);
    if (run->cast->proxy != NULL)
        proxy_drain(run->cast->proxy, on_drained, run);
    else
        ask_subject_to_end(run);
    case_enter(run, PHASE_DRAINING);
}

/* They would be waited for until they are idle for too long, in one world as in the other. */
static bool only_tunnels_stand(const struct case_run *run)
{
    struct proxy_census census;
    proxy_census(run->cast->proxy, &census);
    return census.tunnels > 0 && census.exchanges == census.tunnels;
}

static bool proxy_has_drained(struct case_run *run, enum run_end how)
{
    if (run->cast->proxy == NULL)
        return subject_has_ended(run);
    return run->drained || is_quiet(run, how) || (run->evidence.quiet && only_tunnels_stand(run));
}

static void end_proxy(struct case_run *run)
{
    if (run->cast->proxy != NULL)
        cast_end_proxy(run->cast);
    trace_world_census(run->cast->trace, &run->evidence.left);
    case_enter(run, PHASE_ENDING);
}

static void play_on(struct case_run *run, enum run_end how)
{
    bool clients_over = clients_are_done(run);
    if (world_now(run->world) >= run->deadline_ns) {
        run->timed_out = true;
        settle(run, false);
    } else if (run->kind == WORLD_SIM && how == RUN_QUIESCENT) {
        settle(run, clients_over && proxy_is_idle(run));
    } else if (clients_over && proxy_is_idle(run)) {
        if (run->kind == WORLD_SIM) {
            run->watch_until_ns = world_now(run->world) + watch_time(run->scenario);
            case_enter(run, PHASE_WATCHING);
        } else if (is_quiet(run, how)) {
            settle(run, true);
        }
    }
}

/* In a case with faults a signal may have come late, and its client gone on: then it is not over. */
static void watch_on(struct case_run *run, enum run_end how)
{
    bool stands = !case_is_explored(run) || (clients_are_done(run) && proxy_is_idle(run));
    if (how == RUN_STEPS)
        return;
    if (stands || how == RUN_QUIESCENT)
        settle(run, proxy_is_idle(run) && stands);
    else
        case_enter(run, PHASE_PLAYING);
}

bool case_run_advance(struct case_run *run, enum run_end how)
{
    switch (run->phase) {
    case PHASE_STARTING:
        wait_for_subject(run);
        break;
    case PHASE_WARMING:
        warm_up(run);
        break;
    case PHASE_PROBING:
    case PHASE_SETTLING:
        case_foreign_advance(run);
        break;
    case PHASE_PLAYING:
        if (run->place != NULL)
            case_foreign_advance(run);
        else
            play_on(run, how);
        break;
    case PHASE_WATCHING:
        watch_on(run, how);
        break;
    case PHASE_DRAINING:
        if (proxy_has_drained(run, how))
            end_proxy(run);
        break;
    case PHASE_ENDING:
        if (!is_quiet(run, how))
            break;
        run->evidence.ended_ns = world_now(run->world);
        if (run->kind == WORLD_SIM)
            run->evidence.idle_steps = sim_idle_steps(run->world);
        cast_stop(run->cast);
        case_enter(run, PHASE_OVER);
        break;
    case PHASE_NONE:
    case PHASE_OVER:
        break;
    }
    return run->phase == PHASE_OVER;
}

bool case_run_is_moving(const struct case_run *run)
{
    return run->phase < PHASE_SETTLING;
}

uint64_t case_run_until(const struct case_run *run)
{
    uint64_t now_ns = world_now(run->world);
    if (run->place != NULL)
        return case_foreign_until(run);
    if (run->kind == WORLD_SOCKETS)
        return run->quiet_looks > 0 && run->pulse.conserved ? now_ns : now_ns + LOOK_NS;
    switch (run->phase) {
    case PHASE_PLAYING:
        return run->deadline_ns;
    case PHASE_WATCHING:
        return run->watch_until_ns;
    default:
        return now_ns + run->scenario->time_limit_ns;
    }
}

/* While clients play the proxy is looked at after every step, so that the clock does not run past the quiet moment. */
void case_run_play(struct case_run *run, const struct scenario *scenario, uint64_t seed)
{
    enum { STEPS_AT_ONCE = 1000000 };
    case_run_start(run, scenario, seed);
    while (run->phase != PHASE_OVER) {
        bool closely = run->phase == PHASE_PLAYING || run->phase == PHASE_DRAINING;
        case_run_advance(run,
                         world_run(run->world, closely ? 1 : STEPS_AT_ONCE, case_run_until(run)));
    }
}
