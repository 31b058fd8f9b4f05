#include "harness/run/runner.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "world/sim/sim.h"
#include "world/sockets/sockets.h"
#include "world/tls/tls.h"

enum {
    SENTENCE_BYTES = 1024,
    STEPS_BETWEEN_LOOKS = 100000, /* upcalls of all cases on sockets; so many take some 100 ms */
    STARTS_BETWEEN_LOOKS = 16, /* setting cases up must not hold up the clocks of those that play */
    STARTS_FOR_TLS = 8,        /* one with certificates to make and read is worth so many */
    FRESH_MAX =
        32, /* cases that a proxy may have to work for at once; the others of a lane only wait */
    FRESH_FOR_LARGE = 16, /* one that moves much data is worth so many */
};

/* For so long a case on the ground counts as one that its proxy works for, unless its clients have done before. */
#define FRESH_NS (100 * NS_PER_MS)

/* Where one case can be played: memory for its scenario, and its actors. */
struct slot {
    struct region region;
    struct scenario scenario;
    struct case_run *run;
    size_t turn; /* its place in what is played: an item, or a play on the ground */
    size_t item;
    unsigned repetition;
    bool busy;
    uint64_t begun_ns;
    unsigned weight; /* how much work it is, in ordinary cases */
};

/* A world and the slots in it; given up as a whole when a check fails. */
struct lane {
    enum world_kind kind;
    struct world *world;
    struct slot **slots;
    size_t width;
    size_t busy_count;
};

/* Which turns are still to be played, in order. */
struct queue {
    size_t *turns;
    size_t count;
    size_t next;
};

struct player {
    const struct run_plan *plan;
    struct result_store *store;
    struct queue queue; /* of the pass under way */
    struct queue again; /* cases that were under way beside one whose check failed */
    bool stop;
    bool out_of_memory;
    jmp_buf on_check;
    char sentence[SENTENCE_BYTES]; /* of the check that failed */
};

/* ---- lanes ---------------------------------------------------------------------------------- */

static void destroy_slot(struct slot *slot)
{
    if (slot == NULL)
        return;
    case_run_destroy(&slot->run);
    region_release(&slot->region);
    free(slot);
}

static void close_lane(struct lane *lane)
{
    for (size_t i = 0; i < lane->width && lane->slots != NULL; i++)
        destroy_slot(lane->slots[i]);
    free(lane->slots);
    if (lane->world != NULL && lane->kind == WORLD_SIM)
        sim_destroy(&lane->world);
    else if (lane->world != NULL)
        sockets_destroy(&lane->world);
}

static struct slot *make_slot(const struct lane *lane)
{
    struct slot *slot = calloc(1, sizeof(*slot));
    if (slot == NULL)
        return NULL;
    region_init(&slot->region, SCENARIO_BYTES_MAX);
    slot->run = case_run_create(lane->world, lane->kind);
    if (slot->run != NULL)
        return slot;
    free(slot);
    return NULL;
}

static bool open_lane(struct lane *lane, enum world_kind kind, size_t width, uint64_t seed)
{
    const struct sim_options sim = {.seed = seed};
    const struct sockets_options sockets = {.seed = seed};
    *lane = (struct lane){.kind = kind, .width = width};
    lane->world = kind == WORLD_SIM ? sim_create(&sim) : sockets_create(&sockets);
    lane->slots = calloc(width, sizeof(*lane->slots));
    bool fine = lane->world != NULL && lane->slots != NULL;
    for (size_t i = 0; fine && i < width; i++)
        fine = (lane->slots[i] = make_slot(lane)) != NULL;
    if (!fine)
        close_lane(lane);
    return fine;
}

/*
 * After a failed check nothing in the lane can be trusted, not even to be freed. It is forgotten; the kernel
 * takes the descriptors when the process ends.
 */
static void abandon_lane(struct lane *lane)
{
    tls_randomness_restore();
    *lane = (struct lane){.kind = lane->kind};
}

/* ---- one case in a slot --------------------------------------------------------------------- */

static size_t item_of(const struct run_plan *plan, size_t turn)
{
    return plan->ground == NULL ? turn : plan->ground->plays[turn] % plan->count;
}

static void give_result(struct player *player, size_t turn, const struct case_outcome *outcome,
                        uint64_t seed)
{
    const struct run_plan *plan = player->plan;
    const struct case_result *result =
        result_store_keep(player->store, item_of(plan, turn), outcome, seed);
    if (plan->ground != NULL)
        plan->ground->on_end(plan->ground->owner, plan->ground->plays[turn], outcome);
    if (plan->on_result != NULL)
        plan->on_result(plan->owner, result);
    if (plan->fail_fast && case_fails_run(result))
        player->stop = true;
}

static void give_sentence(struct player *player, size_t turn, enum verdict verdict,
                          const char *sentence)
{
    const struct case_outcome outcome = {
        .verdict = verdict, .sentences = &sentence, .sentence_count = 1};
    give_result(player, turn, &outcome, player->plan->seed);
}

static bool is_large(const struct suite_case *one)
{
    for (size_t i = 0; i < one->tag_count; i++)
        if (strcmp(one->tags[i], "large") == 0)
            return true;
    return false;
}

/* Why the case cannot be played here; NULL: it can. */
static const char *find_refusal(const struct player *player, const struct slot *slot)
{
    const struct run_item *what = &player->plan->items[slot->item];
    const struct run_ground *ground = player->plan->ground;
    const char *why = slot->scenario.unsupported[what->world];
    if (why == NULL && ground != NULL)
        why = ground->refuse(ground->owner, what, &slot->scenario);
    return why;
}

static uint64_t slot_seed(const struct player *player, const struct slot *slot)
{
    return player->plan->seed + slot->repetition;
}

/* Of a case that is played again when it has passed, nobody wants to see that time. */
static void choose_recording(const struct player *player, const struct slot *slot)
{
    enum case_record record = player->plan->record;
    bool last = player->plan->ground != NULL || slot->repetition + 1 == player->plan->repeat;
    if (record == CASE_RECORD_ALL && !last)
        record = CASE_RECORD_FAILED;
    case_run_record(slot->run, record);
}

/* Reads the case's scenario. False when the turn has a result already. */
static bool prepare(struct player *player, struct slot *slot, size_t turn)
{
    size_t item = item_of(player->plan, turn);
    const struct run_item *what = &player->plan->items[item];
    struct yaml_error error = {{0}};
    slot->turn = turn;
    slot->item = item;
    slot->repetition = 0;
    region_reset(&slot->region);
    if (scenario_read(&slot->scenario, what->one->file, what->one->combination, &slot->region,
                      &error) != SCENARIO_READ) {
        give_sentence(player, turn, VERDICT_ERROR, error.sentence);
        return false;
    }
    const char *why = find_refusal(player, slot);
    if (why != NULL)
        give_sentence(player, turn, VERDICT_UNSUPPORTED, why);
    return why == NULL;
}

/* Judges a case that is over. True if it is to be played once more. */
static bool conclude(struct player *player, struct slot *slot)
{
    struct case_outcome outcome;
    case_run_judge(slot->run, &outcome);
    bool again = player->plan->ground == NULL && outcome.verdict == VERDICT_PASS &&
                 slot->repetition + 1 < player->plan->repeat;
    if (!again)
        give_result(player, slot->turn, &outcome, slot_seed(player, slot));
    case_run_reset(slot->run);
    slot->repetition += again;
    return again;
}

/* ---- the simulation ------------------------------------------------------------------------- */

static void play_simulated(struct player *player, struct lane *lane, struct queue *queue)
{
    struct slot *slot = lane->slots[0];
    while (queue->next < queue->count && !player->stop) {
        if (player->plan->is_interrupted(player->plan->owner)) {
            player->stop = true;
            return;
        }
        if (!prepare(player, slot, queue->turns[queue->next++]))
            continue;
        slot->busy = true;
        do {
            choose_recording(player, slot);
            case_run_play(slot->run, &slot->scenario, slot_seed(player, slot));
        } while (conclude(player, slot));
        slot->busy = false;
    }
}

/* ---- sockets -------------------------------------------------------------------------------- */

static void begin(struct player *player, struct lane *lane, struct slot *slot)
{
    if (!slot->busy) {
        slot->busy = true;
        lane->busy_count++;
    }
    const struct run_ground *ground = player->plan->ground;
    slot->begun_ns = world_now(lane->world);
    slot->weight = is_large(player->plan->items[slot->item].one) ? FRESH_FOR_LARGE : 1;
    choose_recording(player, slot);
    if (ground == NULL) {
        case_run_start(slot->run, &slot->scenario, slot_seed(player, slot));
        return;
    }
    ground->on_begin(ground->owner, ground->plays[slot->turn]);
    case_run_start_at(slot->run, &slot->scenario, &ground->places[slot->turn]);
}

/*
 * Hundreds of cases begun at once would keep a proxy so busy that its own time limits run out, and what is seen then is the
 * machine. So few of them are begun, and more when those wait.
 */
static bool has_work_enough(const struct player *player, const struct lane *lane)
{
    unsigned fresh = 0;
    uint64_t now_ns = world_now(lane->world);
    if (player->plan->ground == NULL)
        return false;
    for (size_t i = 0; i < lane->width; i++) {
        const struct slot *slot = lane->slots[i];
        if (slot->busy && now_ns < slot->begun_ns + FRESH_NS && case_run_is_moving(slot->run))
            fresh += slot->weight;
    }
    return fresh >= FRESH_MAX;
}

static void fill_slots(struct player *player, struct lane *lane, struct queue *queue)
{
    size_t started = 0;
    if (has_work_enough(player, lane))
        return;
    for (size_t i = 0; i < lane->width && started < STARTS_BETWEEN_LOOKS; i++) {
        while (!lane->slots[i]->busy && queue->next < queue->count && !player->stop)
            if (prepare(player, lane->slots[i], queue->turns[queue->next++])) {
                begin(player, lane, lane->slots[i]);
                started +=
                    lane->slots[i]->scenario.uses_tls ? STARTS_FOR_TLS : lane->slots[i]->weight;
            }
    }
}

static void look_at_slots(struct player *player, struct lane *lane, enum run_end how)
{
    for (size_t i = 0; i < lane->width; i++) {
        struct slot *slot = lane->slots[i];
        if (!slot->busy || !case_run_advance(slot->run, how))
            continue;
        if (conclude(player, slot) && !player->stop) {
            begin(player, lane, slot);
            continue;
        }
        slot->busy = false;
        lane->busy_count--;
    }
}

static uint64_t next_look(const struct lane *lane)
{
    uint64_t until_ns = TIME_NEVER;
    for (size_t i = 0; i < lane->width; i++) {
        if (!lane->slots[i]->busy)
            continue;
        uint64_t wanted_ns = case_run_until(lane->slots[i]->run);
        until_ns = wanted_ns < until_ns ? wanted_ns : until_ns;
    }
    return until_ns;
}

static void abort_slots(struct lane *lane)
{
    for (size_t i = 0; i < lane->width; i++) {
        if (!lane->slots[i]->busy)
            continue;
        case_run_abort(lane->slots[i]->run);
        case_run_reset(lane->slots[i]->run);
        lane->slots[i]->busy = false;
    }
    lane->busy_count = 0;
}

/* A proxy that ended ends a case that is alone; of several nobody knows which it was. True: no further case can begin. */
static bool note_death(struct player *player, struct lane *lane)
{
    const struct run_ground *ground = player->plan->ground;
    if (ground == NULL || !ground->has_died(ground->owner))
        return false;
    player->stop = true;
    if (lane->busy_count > 1) {
        abort_slots(lane);
        return true;
    }
    for (size_t i = 0; i < lane->width; i++)
        if (lane->slots[i]->busy)
            case_run_note_death(lane->slots[i]->run);
    look_at_slots(player, lane, RUN_UNTIL);
    return true;
}

static void play_side_by_side(struct player *player, struct lane *lane, struct queue *queue)
{
    fill_slots(player, lane, queue);
    while (lane->busy_count > 0) {
        if (player->plan->is_interrupted(player->plan->owner)) {
            player->stop = true;
            abort_slots(lane);
            return;
        }
        enum run_end how = world_run(lane->world, STEPS_BETWEEN_LOOKS, next_look(lane));
        if (note_death(player, lane))
            return;
        look_at_slots(player, lane, how);
        fill_slots(player, lane, queue);
    }
}

/* ---- failed checks -------------------------------------------------------------------------- */

static void on_check(void *owner, const char *sentence)
{
    struct player *player = owner;
    strncpy(player->sentence, sentence, SENTENCE_BYTES - 1);
    longjmp(player->on_check, 1);
}

/* Plays until the queue is empty or a check fails. True if the queue was played. */
static bool play_lane(struct player *player, struct lane *lane, struct queue *queue)
{
    bool whole = setjmp(player->on_check) == 0;
    if (whole) {
        check_handle_with(on_check, player);
        if (lane->kind == WORLD_SIM)
            play_simulated(player, lane, queue);
        else
            play_side_by_side(player, lane, queue);
    }
    check_handle_with(NULL, NULL);
    return whole;
}

/* Of cases that were under way side by side nobody knows whose check it was; of a single one everybody does. */
static void take_stock(struct player *player, const struct lane *lane)
{
    for (size_t i = 0; i < lane->width; i++) {
        struct slot *slot = lane->slots[i];
        if (!slot->busy)
            continue;
        if (lane->width == 1)
            give_sentence(player, slot->turn, VERDICT_ERROR, player->sentence);
        else
            player->again.turns[player->again.count++] = slot->turn;
    }
}

static void play_queue(struct player *player, enum world_kind world, size_t width,
                       struct queue *queue)
{
    struct lane lane;
    while (queue->next < queue->count && !player->stop) {
        size_t left = queue->count - queue->next;
        if (!open_lane(&lane, world, left < width ? left : width, player->plan->seed)) {
            player->out_of_memory = true;
            return;
        }
        if (play_lane(player, &lane, queue)) {
            close_lane(&lane);
        } else {
            take_stock(player, &lane);
            abandon_lane(&lane);
        }
    }
}

/* ---- the plan ------------------------------------------------------------------------------- */

static void play_pass(struct player *player, enum world_kind world, bool large)
{
    struct queue *queue = &player->queue;
    size_t width = large ? RUNNER_WIDTH_LARGE : RUNNER_WIDTH_DEFAULT;
    queue->count = queue->next = 0;
    player->again.count = player->again.next = 0;
    for (size_t i = 0; i < player->plan->count; i++)
        if (player->plan->items[i].world == world && is_large(player->plan->items[i].one) == large)
            queue->turns[queue->count++] = i;
    play_queue(player, world, world == WORLD_SIM ? 1 : width, queue);
    play_queue(player, world, 1, &player->again);
}

static void play_ground(struct player *player)
{
    struct queue *queue = &player->queue;
    const struct run_ground *ground = player->plan->ground;
    for (size_t i = 0; i < ground->count; i++)
        queue->turns[queue->count++] = i;
    play_queue(player, WORLD_SOCKETS, ground->width, queue);
    play_queue(player, WORLD_SOCKETS, 1, &player->again);
}

static void play_worlds(struct player *player)
{
    for (enum world_kind world = 0; world < WORLD_KIND_COUNT; world++) {
        play_pass(player, world, false);
        play_pass(player, world, true);
    }
}

bool runner_play(const struct run_plan *plan, struct result_store *store)
{
    size_t turns = plan->ground != NULL ? plan->ground->count : plan->count;
    check(plan->repeat >= 1);
    struct player *player = calloc(1, sizeof(*player));
    if (player == NULL)
        return false;
    player->plan = plan;
    player->store = store;
    player->queue.turns = calloc(turns + 1, sizeof(size_t));
    player->again.turns = calloc(turns + 1, sizeof(size_t));
    bool fine = player->queue.turns != NULL && player->again.turns != NULL;
    if (fine && plan->ground != NULL)
        play_ground(player);
    else if (fine)
        play_worlds(player);
    fine = fine && !player->out_of_memory;
    free(player->queue.turns);
    free(player->again.turns);
    free(player);
    return fine;
}

void runner_order(const struct run_item *items, size_t count, size_t *order)
{
    size_t used = 0;
    for (enum world_kind world = 0; world < WORLD_KIND_COUNT; world++)
        for (int large = 0; large <= 1; large++)
            for (size_t i = 0; i < count; i++)
                if (items[i].world == world && is_large(items[i].one) == (large != 0))
                    order[used++] = i;
}
