#include "harness/explore/swarm.h"

#include <stdlib.h>
#include <string.h>

#include "harness/explore/several_claims.h"

enum {
    REACHES_MAX = 256, /* connections and directions of one base that faults are put into */
    REPLAY_EVERY = 64, /* so many runs are played for one that is played twice */
    TRIES_MAX = 16,    /* to find a place that fits a kind */
};

/* So many bytes went that way on that connection, or (DIAL) it began, when nothing was wrong. */
struct reach {
    enum wire_party party;
    uint32_t index;
    uint32_t connection;
    enum wire_direction direction;
    uint64_t bytes;
    bool secure; /* it speaks TLS */
};

struct terrain {
    bool known;
    bool fails; /* without any fault: nothing is put into it */
    struct reach *reaches;
    size_t count;
};

struct swarm {
    struct ledger *ledger;
    struct player *player;
    const struct explorer_options *options;
    struct terrain *terrains; /* one for each base */
    uint64_t state;           /* of the random numbers of the run under way */
    uint32_t order[SWARM_ORDER_MAX];
    size_t order_count;
};

struct swarm *swarm_create(struct ledger *ledger, struct player *player,
                           const struct explorer_options *options)
{
    struct swarm *swarm = calloc(1, sizeof(*swarm));
    if (swarm == NULL)
        return NULL;
    swarm->ledger = ledger;
    swarm->player = player;
    swarm->options = options;
    swarm->terrains = calloc(ledger->bases->count + 1, sizeof(*swarm->terrains));
    if (swarm->terrains == NULL)
        swarm_destroy(&swarm);
    return swarm;
}

void swarm_destroy(struct swarm **swarm)
{
    struct swarm *gone = *swarm;
    *swarm = NULL;
    if (gone == NULL)
        return;
    for (size_t i = 0; gone->terrains != NULL && i < gone->ledger->bases->count; i++)
        free(gone->terrains[i].reaches);
    free(gone->terrains);
    free(gone);
}

/* ---- chance --------------------------------------------------------------------------------- */

/* SplitMix64: any seed will do, and neighbouring ones have nothing in common. */
static uint64_t draw(struct swarm *swarm)
{
    uint64_t z = swarm->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 to count - 1. */
static uint64_t draw_below(struct swarm *swarm, uint64_t count)
{
    return draw(swarm) % count;
}

/* ---- where faults fit ----------------------------------------------------------------------- */

static void add_reach(struct terrain *terrain, const struct reach *reach)
{
    if (terrain->count < REACHES_MAX)
        terrain->reaches[terrain->count++] = *reach;
}

static void add_actor(struct terrain *terrain, struct reach reach, const struct witness *witness)
{
    reach.secure = witness->handshake.tls;
    reach.direction = WIRE_SENT;
    reach.bytes = witness->out.bytes;
    add_reach(terrain, &reach);
    reach.direction = WIRE_RECEIVED;
    reach.bytes = witness->in.bytes;
    add_reach(terrain, &reach);
}

/* Each beginning, and the one that would come after the last. */
static void add_dials(struct terrain *terrain, struct reach reach, uint32_t last)
{
    reach.direction = WIRE_DIAL;
    for (reach.connection = 1; reach.connection <= last + 1; reach.connection++)
        add_reach(terrain, &reach);
}

static void survey_terrain(struct terrain *terrain, const struct evidence *evidence)
{
    struct wire_shape shape;
    wire_shape_of(evidence, &shape);
    for (uint32_t c = 0; c < shape.client_count; c++) {
        for (uint32_t i = 0; i < shape.clients[c]; i++)
            add_actor(terrain,
                      (struct reach){.party = WIRE_CLIENT, .index = c, .connection = i + 1},
                      client_witness(evidence->clients[c], i));
        add_dials(terrain, (struct reach){.party = WIRE_CLIENT, .index = c}, shape.clients[c]);
    }
    for (uint32_t u = 0; u < shape.upstream_count; u++) {
        for (uint32_t i = 0; i < shape.upstreams[u]; i++)
            add_actor(terrain,
                      (struct reach){.party = WIRE_UPSTREAM, .index = u, .connection = i + 1},
                      fake_upstream_witness(evidence->upstreams[u], i));
        add_dials(terrain,
                  (struct reach){.party = WIRE_UPSTREAM,
                                 .index = u,
                                 .secure = scenario_upstream_is_secure(evidence->scenario, u)},
                  shape.dials[u]);
    }
    if (evidence->scenario->needs_nameserver)
        add_dials(terrain, (struct reach){.party = WIRE_LOOKUP}, shape.lookups);
}

/* As its file says, and without what that may put into it. */
static bool plays_well(struct swarm *swarm, const struct base *base)
{
    struct played played;
    struct trial trial = trial_of(base, swarm->options->seed);
    trial.as_filed = true;
    player_play(swarm->player, &trial, &played);
    if (played.verdict != VERDICT_PASS)
        return false;
    trial.as_filed = false;
    player_play(swarm->player, &trial, &played);
    return played.verdict == VERDICT_PASS;
}

/* NULL when nothing can be put into that base. */
static const struct terrain *terrain_of(struct swarm *swarm, const struct base *base)
{
    struct terrain *terrain = &swarm->terrains[base - swarm->ledger->bases->list];
    if (!terrain->known) {
        terrain->known = true;
        terrain->reaches = calloc(REACHES_MAX, sizeof(*terrain->reaches));
        swarm->ledger->result->out_of_memory |= terrain->reaches == NULL;
        terrain->fails = terrain->reaches == NULL || !plays_well(swarm, base);
        if (!terrain->fails)
            survey_terrain(terrain, player_evidence(swarm->player));
    }
    return terrain->fails || ledger_gave_up(swarm->ledger, base) ? NULL : terrain;
}

bool swarm_has_ground(struct swarm *swarm)
{
    const struct base_list *bases = swarm->ledger->bases;
    for (size_t i = 0; i < bases->count && ledger_goes_on(swarm->ledger); i++)
        if (bases->list[i].sibling == NULL && terrain_of(swarm, &bases->list[i]) != NULL)
            return true;
    return false;
}

/* ---- one run -------------------------------------------------------------------------------- */

static fault_kinds draw_kinds(struct swarm *swarm)
{
    const fault_kinds all = swarm->options->kinds == 0 ? FAULT_KINDS_ALL : swarm->options->kinds;
    fault_kinds drawn = (fault_kinds)draw(swarm) & (fault_kinds)draw(swarm) & all;
    return drawn == 0 ? all : drawn;
}

/* Mostly at a byte that the clean run has; now and then behind its last, where other faults may lead. */
static uint64_t draw_offset(struct swarm *swarm, uint64_t bytes)
{
    return draw_below(swarm, bytes + 2 + (draw_below(swarm, 8) == 0 ? bytes : 0));
}

/* False when no place fits. */
static bool draw_fault(struct swarm *swarm, const struct terrain *terrain, fault_kinds kinds,
                       struct wire_fault *out)
{
    for (unsigned i = 0; i < TRIES_MAX && terrain->count > 0; i++) {
        const struct reach *reach = &terrain->reaches[draw_below(swarm, terrain->count)];
        enum wire_fault_kind kind = (enum wire_fault_kind)draw_below(swarm, WIRE_FAULT_KIND_COUNT);
        if ((kinds >> kind & 1) == 0 || !wire_fault_fits(kind, reach->party, reach->direction) ||
            (wire_fault_is_of_tls(kind) && !reach->secure))
            continue;
        *out = (struct wire_fault){.party = reach->party,
                                   .index = reach->index,
                                   .connection = reach->connection,
                                   .direction = reach->direction,
                                   .kind = kind,
                                   .lasting = draw_below(swarm, 4) == 0};
        if (reach->direction != WIRE_DIAL)
            out->offset = draw_offset(swarm, reach->bytes);
        return true;
    }
    return false;
}

/* Large messages in small pieces take a thousand times as long, and show what small ones show. */
static void draw_network(struct swarm *swarm, bool small, struct scenario_network *network)
{
    static const uint64_t LATENCIES[] = {
        0, 0, NS_PER_US, 100 * NS_PER_US, NS_PER_MS, 5 * NS_PER_MS};
    static const uint64_t SEGMENTS[] = {0, 0, 1, 7, 64, 500};
    static const uint64_t BUFFERS[] = {0, 0, 0, 64, 500, 4096};
    network->latency_ns = LATENCIES[draw_below(swarm, COUNT_OF(LATENCIES))];
    if (!small)
        return;
    network->segment_bytes = SEGMENTS[draw_below(swarm, COUNT_OF(SEGMENTS))];
    network->sndbuf_bytes = BUFFERS[draw_below(swarm, COUNT_OF(BUFFERS))];
    network->rcvbuf_bytes = BUFFERS[draw_below(swarm, COUNT_OF(BUFFERS))];
}

/* Who comes next, by chance, and written down so that the run can be played again. */
static size_t choose(void *owner, size_t count)
{
    struct swarm *swarm = owner;
    if (swarm->order_count == SWARM_ORDER_MAX)
        return 0;
    uint32_t choice = (uint32_t)draw_below(swarm, count);
    swarm->order[swarm->order_count++] = choice;
    return choice;
}

static void drop_default_choices(struct swarm *swarm)
{
    while (swarm->order_count > 0 && swarm->order[swarm->order_count - 1] == 0)
        swarm->order_count--;
}

/* Claim 45, by the choices that were written down. */
static void play_again(struct swarm *swarm, struct trial *trial, uint64_t trace_hash)
{
    struct played again;
    player_play(swarm->player, trial, &again);
    swarm->ledger->result->runs++;
    ledger_note_exercised(swarm->ledger, SEVERAL_AGAIN);
    if (again.trace_hash != trace_hash)
        ledger_note_breach(swarm->ledger, &(struct ledger_breach){trial, &again, SEVERAL_AGAIN,
                                                                  SEVERAL_SAYS_AGAIN});
}

/* A handshake or a large body takes as long as a hundred small exchanges: such a base is drawn the less often, and of those that differ in size the first. */
static const struct base *draw_base(struct swarm *swarm, const struct base_list *bases)
{
    enum { RARELY = 16 };
    const struct base *base = &bases->list[draw_below(swarm, bases->count)];
    if (!base->thorough && draw_below(swarm, RARELY) != 0)
        base = &bases->list[draw_below(swarm, bases->count)];
    return base->sibling != NULL ? base->sibling : base;
}

static void begin(struct swarm *swarm, uint64_t number)
{
    swarm->state = hash_number(hash_number(0, swarm->options->seed), number);
    swarm->order_count = 0;
}

void swarm_play(struct swarm *swarm, uint64_t number)
{
    const struct base_list *bases = swarm->ledger->bases;
    struct wire_fault faults[SWARM_FAULTS_MAX];
    struct played played;
    begin(swarm, number);
    const struct base *base = draw_base(swarm, bases);
    const struct terrain *terrain = terrain_of(swarm, base);
    if (terrain == NULL)
        return;
    struct trial trial = trial_of(base, swarm->options->seed);
    trial.faults = faults;
    fault_kinds kinds = draw_kinds(swarm);
    uint64_t wanted = 1 + draw_below(swarm, SWARM_FAULTS_MAX);
    while (trial.fault_count < wanted &&
           draw_fault(swarm, terrain, kinds, &faults[trial.fault_count]))
        trial.fault_count++;
    if (draw_below(swarm, 2) == 0)
        draw_network(swarm, base->thorough, &trial.network);
    bool reorder = draw_below(swarm, 2) == 0;
    if (reorder)
        player_order_by(swarm->player, choose, swarm);
    player_play(swarm->player, &trial, &played);
    player_order_by(swarm->player, NULL, NULL);
    drop_default_choices(swarm);
    trial.order = swarm->order;
    trial.order_count = swarm->order_count;
    swarm->ledger->drawn = number + 1;
    ledger_note_run(swarm->ledger, &trial, &played);
    swarm->ledger->result->random_runs++;
    if (number % REPLAY_EVERY == 0)
        play_again(swarm, &trial, played.trace_hash);
    swarm->ledger->drawn = 0;
}
