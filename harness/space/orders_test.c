/*
 * The search for orders over small machines whose orders and outcomes can be counted by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "harness/space/orders.h"
#include "harness/trial/hash_set.h"

enum {
    ACTORS_MAX = 4,
    BOARD_BYTES = 32,
};

/*
 * Each actor plays its letters, one for each turn:
 *
 *     .  does nothing that others could see
 *     w  writes its number on the board
 *     1  sets the switch, 0 clears it
 *     s  sends the switch on its way; where it arrives is one more thing that may come next
 *     r  writes on the board what has arrived last: 0, 1, or - where nothing has
 */
struct machine {
    const char *const *actors;
    size_t actor_count;
    bool forgets_flights; /* its hash does, which is wrong */
    const char *fails_on; /* the board with which a run has failed; NULL: none */
    /* One run. */
    size_t at[ACTORS_MAX];
    char board[BOARD_BYTES];
    size_t board_size;
    char light;   /* the switch */
    char flight;  /* '0', '1', or 0: nothing is on its way */
    char arrived; /* likewise */
    uint64_t way; /* hash of the choices so far */
    /* All runs. */
    struct hash_set asked; /* ways at which the state was asked for */
    size_t asked_again;
    uint64_t interrupted_after; /* runs; 0: never */
    uint64_t runs;
};

static void write_down(struct machine *machine, char letter)
{
    assert_true(machine->board_size + 1 < BOARD_BYTES);
    machine->board[machine->board_size++] = letter;
}

static void take_turn(struct machine *machine, size_t actor)
{
    switch (machine->actors[actor][machine->at[actor]++]) {
    case 'w':
        write_down(machine, (char)('a' + actor));
        break;
    case '0':
    case '1':
        machine->light = machine->actors[actor][machine->at[actor] - 1];
        break;
    case 's':
        machine->flight = machine->light;
        break;
    case 'r':
        write_down(machine, machine->arrived != 0 ? machine->arrived : '-');
        break;
    default:
        break;
    }
}

/* Those who have letters left, and behind them what is on its way. */
static size_t find_ready(const struct machine *machine, size_t ready[ACTORS_MAX + 1])
{
    size_t count = 0;

    for (size_t i = 0; i < machine->actor_count; i++)
        if (machine->actors[i][machine->at[i]] != '\0')
            ready[count++] = i;
    if (machine->flight != 0)
        ready[count++] = ACTORS_MAX;
    return count;
}

static void play(void *owner, sim_order *order, void *order_owner, struct orders_outcome *out)
{
    struct machine *machine = owner;
    size_t ready[ACTORS_MAX + 1];
    size_t count;

    memset(machine->at, 0, sizeof(machine->at));
    memset(machine->board, 0, sizeof(machine->board));
    machine->board_size = 0;
    machine->light = '0';
    machine->flight = 0;
    machine->arrived = 0;
    machine->way = HASH_BEGIN;
    while ((count = find_ready(machine, ready)) > 0) {
        size_t choice = count == 1 ? 0 : order(order_owner, count);

        assert_true(choice < count);
        if (count > 1)
            machine->way = hash_number(machine->way, choice + 1);
        if (ready[choice] < ACTORS_MAX) {
            take_turn(machine, ready[choice]);
        } else {
            machine->arrived = machine->flight;
            machine->flight = 0;
        }
    }
    machine->runs++;
    out->hash = hash_bytes(HASH_BEGIN, machine->board, machine->board_size);
    out->failed = machine->fails_on != NULL && strcmp(machine->board, machine->fails_on) == 0;
}

static uint64_t state_of(void *owner)
{
    struct machine *machine = owner;
    uint64_t hash = hash_bytes(HASH_BEGIN, machine->at, sizeof(machine->at));

    machine->asked_again += !hash_set_add(&machine->asked, machine->way);
    hash = hash_bytes(hash, machine->board, sizeof(machine->board));
    hash = hash_number(hash, (uint64_t)machine->light << 8 ^ (uint64_t)machine->arrived);
    return machine->forgets_flights ? hash : hash_number(hash, (uint64_t)machine->flight);
}

static bool is_interrupted(void *owner)
{
    const struct machine *machine = owner;

    return machine->interrupted_after != 0 && machine->runs >= machine->interrupted_after;
}

static struct orders_result explore(struct machine *machine, const struct orders_options *options)
{
    const struct orders_subject subject = {play, state_of, is_interrupted, machine};
    struct orders_result result;

    hash_set_reset(&machine->asked);
    orders_explore(&subject, options, &result);
    hash_set_release(&machine->asked);
    return result;
}

static bool same_outcomes(const struct orders_result *a, const struct orders_result *b)
{
    return a->outcome_count == b->outcome_count &&
           memcmp(a->outcomes, b->outcomes, a->outcome_count * sizeof(*a->outcomes)) == 0;
}

/* ---- all orders, and all that comes of them ---------------------------------------------------- */

struct count_case {
    const char *name;
    const char *actors[ACTORS_MAX];
    uint64_t orders; /* of all turns */
    size_t outcomes;
    uint64_t states; /* at which more than one thing is ready */
};

static const struct count_case COUNTS[] = {
    {"one actor has one order", {"w.w"}, 1, 1, 0},
    {"two that do nothing visible have orders and one outcome", {"..", ".."}, 6, 1, 4},
    {"two that write once have two outcomes", {"w", "w"}, 2, 2, 1},
    {"three that write once have six", {"w", "w", "w"}, 6, 6, 4},
    {"what comes before and after a write does not multiply outcomes", {"w.", ".w"}, 6, 2, 4},
    {"three with two turns each have ninety orders", {"..", "..", ".."}, 90, 1, 20},
    {"a reader comes before the sender, before the arrival, or behind it", {"s", "r"}, 3, 2, 2},
    {"what was sent depends on the switch and arrives at any time", {"s", "10", "r"}, 30, 3, 16},
};

static void finds_all(void **state)
{
    const struct count_case *one = *state;
    const struct orders_options naive = {.naive = true};
    const struct orders_options pruned = {0};
    struct machine machine = {.actors = one->actors};
    struct orders_result all, few;

    while (machine.actor_count < ACTORS_MAX && one->actors[machine.actor_count] != NULL)
        machine.actor_count++;
    all = explore(&machine, &naive);
    few = explore(&machine, &pruned);
    assert_true(all.complete);
    assert_true(few.complete);
    assert_int_equal(all.runs, one->orders);
    assert_int_equal(all.outcome_count, one->outcomes);
    assert_int_equal(all.states, 0);
    assert_int_equal(few.states, one->states);
    assert_true(few.runs <= all.runs);
    assert_true(same_outcomes(&all, &few));
    assert_int_equal(machine.asked_again,
                     0); /* a state is not looked up where it is passed again */
    orders_release(&all);
    orders_release(&few);
}

/* The comparison is worth something: a hash that leaves out what is on its way loses an outcome, and the oracle shows it. */
static void a_hash_without_flights_is_caught(void **state)
{
    static const char *const ACTORS[] = {"s", "10", "r"};
    const struct orders_options naive = {.naive = true};
    const struct orders_options pruned = {0};
    struct machine machine = {.actors = ACTORS, .actor_count = 3, .forgets_flights = true};
    struct orders_result all = explore(&machine, &naive);
    struct orders_result few = explore(&machine, &pruned);

    (void)state;
    assert_true(few.complete); /* it believes so */
    assert_false(same_outcomes(&all, &few));
    orders_release(&all);
    orders_release(&few);
}

/* ---- the failing order ------------------------------------------------------------------------- */

static void the_smallest_failing_order_is_kept(void **state)
{
    /* The switch must be sent while it is set, and arrive before it is read. */
    static const char *const ACTORS[] = {"s", "10", "r"};
    const struct orders_options options = {0};
    struct machine machine = {.actors = ACTORS, .actor_count = 3, .fails_on = "1"};
    struct orders_result result = explore(&machine, &options);

    (void)state;
    assert_true(result.failed > 0);
    assert_non_null(result.order);
    /* The second sets the switch; the first sends it by default; of the second, the reader and what flies the last comes. */
    assert_int_equal(result.order_count, 3);
    assert_int_equal(result.order[0], 1);
    assert_int_equal(result.order[1], 0);
    assert_int_equal(result.order[2], 2);
    orders_release(&result);
}

static void a_default_order_that_fails_is_empty(void **state)
{
    static const char *const ACTORS[] = {"w", "w"};
    const struct orders_options options = {0};
    struct machine machine = {.actors = ACTORS, .actor_count = 2, .fails_on = "ab"};
    struct orders_result result = explore(&machine, &options);

    (void)state;
    assert_non_null(result.order);
    assert_int_equal(result.order_count, 0);
    assert_int_equal(result.failed, 1);
    orders_release(&result);
}

static void without_a_failure_there_is_no_order(void **state)
{
    static const char *const ACTORS[] = {"w", "w"};
    const struct orders_options options = {0};
    struct machine machine = {.actors = ACTORS, .actor_count = 2, .fails_on = "aa"};
    struct orders_result result = explore(&machine, &options);

    (void)state;
    assert_null(result.order);
    assert_int_equal(result.failed, 0);
    orders_release(&result);
}

/* ---- where it ends ----------------------------------------------------------------------------- */

struct end_case {
    const char *name;
    struct orders_options options;
    uint64_t interrupted_after;
    const char *fails_on;
    uint64_t runs;
    bool complete;
};

static const struct end_case ENDS[] = {
    {"one run less than there are is not complete",
     {.runs_max = 5, .naive = true},
     0,
     NULL,
     5,
     false},
    {"as many runs as there are orders are complete",
     {.runs_max = 6, .naive = true},
     0,
     NULL,
     6,
     true},
    {"more runs than there are orders are not played",
     {.runs_max = 7, .naive = true},
     0,
     NULL,
     6,
     true},
    {"an interruption ends it", {.naive = true}, 2, NULL, 2, false},
    {"the first failure ends it where that is asked",
     {.naive = true, .until_failed = true},
     0,
     "acb",
     2,
     false},
    {"a failure does not end it otherwise", {.naive = true}, 0, "acb", 6, true},
};

static void ends(void **state)
{
    static const char *const ACTORS[] = {"w", "w", "w"};
    const struct end_case *one = *state;
    struct machine machine = {.actors = ACTORS,
                              .actor_count = 3,
                              .fails_on = one->fails_on,
                              .interrupted_after = one->interrupted_after};
    struct orders_result result = explore(&machine, &one->options);

    assert_int_equal(result.runs, one->runs);
    assert_int_equal(result.complete, one->complete);
    orders_release(&result);
}

/* ---- long runs --------------------------------------------------------------------------------- */

/* A run with more choices than are kept: of two each, all without effect. */
static void play_long(void *owner, sim_order *order, void *order_owner, struct orders_outcome *out)
{
    (void)owner;
    for (size_t i = 0; i <= ORDERS_CHOICES_MAX; i++)
        order(order_owner, 2);
    out->hash = 1;
}

static uint64_t count_up(void *owner)
{
    uint64_t *count = owner;

    return ++*count;
}

static void a_run_that_is_too_long_is_not_complete(void **state)
{
    const struct orders_options options = {.runs_max = 1};
    uint64_t count = 0;
    const struct orders_subject subject = {play_long, count_up, NULL, &count};
    struct orders_result result;

    (void)state;
    orders_explore(&subject, &options, &result);
    assert_false(result.complete);
    assert_int_equal(result.choices, ORDERS_CHOICES_MAX + 1);
    assert_int_equal(result.states, ORDERS_CHOICES_MAX);
    orders_release(&result);
}

/* Five choices in the first run, and none in those behind it. */
static void play_once_in_full(void *owner, sim_order *order, void *order_owner,
                              struct orders_outcome *out)
{
    uint64_t *runs = owner;

    for (size_t i = 0; i < 5 && *runs == 0; i++)
        order(order_owner, 2);
    ++*runs;
    out->hash = *runs;
}

/* The end of the search, and not of the program. */
static void a_run_that_breaks_off_unasked_is_not_complete(void **state)
{
    const struct orders_options options = {.naive = true};
    uint64_t runs = 0;
    const struct orders_subject subject = {play_once_in_full, NULL, NULL, &runs};
    struct orders_result result;

    (void)state;
    orders_explore(&subject, &options, &result);
    assert_false(result.complete);
    assert_int_equal(result.runs, 2);
    orders_release(&result);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(a_hash_without_flights_is_caught),
        cmocka_unit_test(the_smallest_failing_order_is_kept),
        cmocka_unit_test(a_default_order_that_fails_is_empty),
        cmocka_unit_test(without_a_failure_there_is_no_order),
        cmocka_unit_test(a_run_that_is_too_long_is_not_complete),
        cmocka_unit_test(a_run_that_breaks_off_unasked_is_not_complete),
    };
    struct CMUnitTest tests[COUNT_OF(COUNTS) + COUNT_OF(ENDS) + COUNT_OF(others)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(COUNTS); i++)
        tests[count++] = (struct CMUnitTest){.name = COUNTS[i].name,
                                             .test_func = finds_all,
                                             .initial_state = (void *)(uintptr_t)&COUNTS[i]};
    for (size_t i = 0; i < COUNT_OF(ENDS); i++)
        tests[count++] = (struct CMUnitTest){
            .name = ENDS[i].name, .test_func = ends, .initial_state = (void *)(uintptr_t)&ENDS[i]};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        tests[count++] = others[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
