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
};

/* Where one case can be played: memory for its scenario, and its actors. */
struct slot {
    struct region region;
    struct scenario scenario;
    struct case_run *run;
    size_t item;
    unsigned repetition;
    bool busy;
};

/* A world and the slots in it; given up as a whole when a check fails. */
struct lane {
    enum world_kind kind;
    struct world *world;
    struct slot **slots;
    size_t width;
    size_t busy_count;
};

/* Which items are still to be played, in order. */
struct queue {
    size_t *items;
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

static void give_result(struct player *player, size_t item, const struct case_outcome *outcome,
                        uint64_t seed)
{
    const struct case_result *result = result_store_keep(player->store, item, outcome, seed);
    if (player->plan->on_result != NULL)
        player->plan->on_result(player->plan->owner, result);
    if (player->plan->fail_fast && case_fails_run(result))
        player->stop = true;
}

static void give_sentence(struct player *player, size_t item, enum verdict verdict,
                          const char *sentence)
{
    const struct case_outcome outcome = {
        .verdict = verdict, .sentences = &sentence, .sentence_count = 1};
    give_result(player, item, &outcome, player->plan->seed);
}

static uint64_t slot_seed(const struct player *player, const struct slot *slot)
{
    return player->plan->seed + slot->repetition;
}

/* Reads the case's scenario. False when the item has a result already. */
static bool prepare(struct player *player, struct slot *slot, size_t item)
{
    const struct run_item *what = &player->plan->items[item];
    struct yaml_error error = {{0}};
    slot->item = item;
    slot->repetition = 0;
    region_reset(&slot->region);
    if (scenario_read(&slot->scenario, what->one->file, what->one->combination, &slot->region,
                      &error) != SCENARIO_READ) {
        give_sentence(player, item, VERDICT_ERROR, error.sentence);
        return false;
    }
    if (slot->scenario.unsupported[what->world] != NULL) {
        give_sentence(player, item, VERDICT_UNSUPPORTED, slot->scenario.unsupported[what->world]);
        return false;
    }
    return true;
}

/* Judges a case that is over. True if it is to be played once more. */
static bool conclude(struct player *player, struct slot *slot)
{
    struct case_outcome outcome;
    case_run_judge(slot->run, &outcome);
    bool again = outcome.verdict == VERDICT_PASS && slot->repetition + 1 < player->plan->repeat;
    if (!again)
        give_result(player, slot->item, &outcome, slot_seed(player, slot));
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
        if (!prepare(player, slot, queue->items[queue->next++]))
            continue;
        slot->busy = true;
        do
            case_run_play(slot->run, &slot->scenario, slot_seed(player, slot));
        while (conclude(player, slot));
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
    case_run_start(slot->run, &slot->scenario, slot_seed(player, slot));
}

static void fill_slots(struct player *player, struct lane *lane, struct queue *queue)
{
    size_t started = 0;
    for (size_t i = 0; i < lane->width && started < STARTS_BETWEEN_LOOKS; i++) {
        while (!lane->slots[i]->busy && queue->next < queue->count && !player->stop)
            if (prepare(player, lane->slots[i], queue->items[queue->next++])) {
                begin(player, lane, lane->slots[i]);
                started += lane->slots[i]->scenario.uses_tls ? STARTS_FOR_TLS : 1;
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
            give_sentence(player, slot->item, VERDICT_ERROR, player->sentence);
        else
            player->again.items[player->again.count++] = slot->item;
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

static bool is_large(const struct suite_case *one)
{
    for (size_t i = 0; i < one->tag_count; i++)
        if (strcmp(one->tags[i], "large") == 0)
            return true;
    return false;
}

static void play_pass(struct player *player, enum world_kind world, bool large)
{
    struct queue *queue = &player->queue;
    size_t width = large ? RUNNER_WIDTH_LARGE : RUNNER_WIDTH_DEFAULT;
    queue->count = queue->next = 0;
    player->again.count = player->again.next = 0;
    for (size_t i = 0; i < player->plan->count; i++)
        if (player->plan->items[i].world == world && is_large(player->plan->items[i].one) == large)
            queue->items[queue->count++] = i;
    play_queue(player, world, world == WORLD_SIM ? 1 : width, queue);
    play_queue(player, world, 1, &player->again);
}

bool runner_play(const struct run_plan *plan, struct result_store *store)
{
    check(plan->repeat >= 1);
    struct player *player = calloc(1, sizeof(*player));
    if (player == NULL)
        return false;
    player->plan = plan;
    player->store = store;
    player->queue.items = calloc(plan->count + 1, sizeof(size_t));
    player->again.items = calloc(plan->count + 1, sizeof(size_t));
    bool fine = player->queue.items != NULL && player->again.items != NULL;
    for (enum world_kind world = 0; fine && world < WORLD_KIND_COUNT; world++) {
        play_pass(player, world, false);
        play_pass(player, world, true);
    }
    fine = fine && !player->out_of_memory;
    free(player->queue.items);
    free(player->again.items);
    free(player);
    return fine;
}
