/*
 * All orders of real bases, clean and with faults: those found with equal states left out come to what those of naive
 * enumeration come to.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "harness/space/orders.h"
#include "harness/trial/hash_set.h"
#include "harness/trial/player.h"

enum {
    FAULTS_MAX = 2,          /* of one case here */
    NAIVE_RUNS_MAX = 100000, /* the longest case has half as many orders */
    RACE = 4,                /* the place of a case with more than one outcome */
    RUNS_SAVED = 5,          /* at least so many times fewer runs come to the same */
};

struct orders_case {
    const char *name;
    const char *file;
    const char *base;
    struct wire_fault faults[FAULTS_MAX];
    size_t fault_count;
};

#define PLAIN                                                        \
    "scenarios/bases/without-retries-a-request-is-served-once.yaml", \
        "bases/without-retries-a-request-is-served-once[method=POST]"
#define RETRY                                                                                  \
    "scenarios/bases/each-kind-of-request-is-served-under-each-policy.yaml",                   \
        "bases/each-kind-of-request-is-served-under-each-policy[request=GET,response=content-" \
        "length,policy=idempotent]"
#define REFUSED                                                             \
    "scenarios/bases/a-refused-dial-is-followed-by-the-next-upstream.yaml", \
        "bases/a-refused-dial-is-followed-by-the-next-upstream[method=GET,backoff=none]"
#define A_SENT(bytes, what)                                                                 \
    {                                                                                       \
        .party = WIRE_UPSTREAM, .connection = 1, .direction = WIRE_SENT, .offset = (bytes), \
        .kind = WIRE_FAULT_##what                                                           \
    }
#define A_RECEIVED(bytes, what)                                                                 \
    {                                                                                           \
        .party = WIRE_UPSTREAM, .connection = 1, .direction = WIRE_RECEIVED, .offset = (bytes), \
        .kind = WIRE_FAULT_##what                                                               \
    }
#define CLIENT_SENT(bytes, what)                                                          \
    {                                                                                     \
        .party = WIRE_CLIENT, .connection = 1, .direction = WIRE_SENT, .offset = (bytes), \
        .kind = WIRE_FAULT_##what                                                         \
    }

static const struct orders_case CASES[] = {
    {"a clean exchange", PLAIN, {{0}}, 0},
    {"a request that comes in two parts", PLAIN, {CLIENT_SENT(20, SPLIT)}, 1},
    {"a response that comes in two parts", PLAIN, {A_SENT(20, SPLIT)}, 1},
    {"request and response in two parts", PLAIN, {CLIENT_SENT(20, SPLIT), A_SENT(20, SPLIT)}, 2},
    {"an upstream that resets before it answers, and a retry", RETRY, {A_SENT(0, RST)}, 1},
    {"an upstream that resets in the middle of its head, and a retry", RETRY, {A_SENT(10, RST)}, 1},
    {"a client that resets while a response comes in two parts",
     PLAIN,
     {A_SENT(20, SPLIT), A_RECEIVED(10, CLIENT_RST)},
     2},
    {"a dial that is refused, and the next one", REFUSED, {{0}}, 0},
};

struct subject {
    struct player *player;
    struct base_list bases;
    struct trial trial;
    uint64_t
        usual; /* the outcome that is no failure, where anything else is; 0: what breaks a claim fails */
    uint64_t trace; /* of the last run */
};

static void play(void *owner, sim_order *order, void *order_owner, struct orders_outcome *out)
{
    struct subject *subject = owner;
    struct played played;

    player_order_by(subject->player, order, order_owner);
    player_play(subject->player, &subject->trial, &played);
    player_order_by(subject->player, NULL, NULL);
    if (played.failed || played.verdict == VERDICT_SETUP_FAILED)
        fail_msg("%s", played.sentences[0]);
    out->hash = hash_number(played.outcome, played.broken);
    out->failed = subject->usual != 0 ? out->hash != subject->usual : played.broken != 0;
    subject->trace = played.trace_hash;
}

static uint64_t state_of(void *owner)
{
    const struct subject *subject = owner;

    return sim_state_hash(player_world(subject->player));
}

static void begin(struct subject *subject, const struct orders_case *one)
{
    const struct base *base;

    *subject = (struct subject){.player = player_create()};
    assert_non_null(subject->player);
    assert_true(bases_load(&subject->bases, &one->file, 1));
    base = bases_find(&subject->bases, one->base);
    assert_non_null(base);
    subject->trial = trial_of(base, 1);
    subject->trial.faults = one->faults;
    subject->trial.fault_count = one->fault_count;
}

static void end(struct subject *subject)
{
    player_destroy(&subject->player); /* it holds the last case, which is of the bases */
    bases_release(&subject->bases);
}

static void finds_what_naive_enumeration_finds(void **state)
{
    const struct orders_case *one = *state;
    const struct orders_options naive = {.naive = true, .runs_max = NAIVE_RUNS_MAX};
    const struct orders_options pruned = {.runs_max = NAIVE_RUNS_MAX};
    struct subject subject;
    const struct orders_subject explored = {play, state_of, NULL, &subject};
    struct orders_result all, few;

    begin(&subject, one);
    orders_explore(&explored, &naive, &all);
    orders_explore(&explored, &pruned, &few);
    print_message("%" PRIu64 " orders, %" PRIu64 " runs, %" PRIu64 " states, %zu outcomes\n",
                  all.runs, few.runs, few.states, few.outcome_count);
    assert_true(all.complete);
    assert_true(few.complete);
    assert_int_equal(few.outcome_count, all.outcome_count);
    assert_memory_equal(few.outcomes, all.outcomes, all.outcome_count * sizeof(*all.outcomes));
    assert_int_equal(all.failed, 0);
    assert_true(few.runs * RUNS_SAVED < all.runs);
    orders_release(&all);
    orders_release(&few);
    end(&subject);
}

static size_t choose_first(void *owner, size_t count)
{
    (void)owner;
    (void)count;
    return 0;
}

/* What nobody chooses is the default: a case without an order and one whose choices are all 0 are one run. */
static void the_default_order_is_the_run_without_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        struct orders_outcome outcome;
        struct subject subject;
        uint64_t trace;

        begin(&subject, &CASES[i]);
        play(&subject, NULL, NULL, &outcome);
        trace = subject.trace;
        play(&subject, choose_first, NULL, &outcome);
        assert_true(subject.trace == trace);
        end(&subject);
    }
}

/* The list that comes out, put into a scenario, leads to the same outcome, each time by the same trace. */
static void an_order_that_was_found_can_be_written_down(void **state)
{
    const struct orders_options options = {.until_failed = true};
    struct subject subject;
    const struct orders_subject explored = {play, state_of, NULL, &subject};
    struct orders_outcome usual, again;
    struct orders_result result;
    uint64_t trace;

    (void)state;
    begin(&subject, &CASES[RACE]);
    play(&subject, NULL, NULL, &usual);
    trace = subject.trace;
    subject.usual = usual.hash;
    orders_explore(&explored, &options, &result);
    assert_non_null(result.order);
    assert_true(result.order_count > 0);
    assert_true(subject.trace != trace);
    trace = subject.trace; /* the first that failed was the last that was played */
    subject.trial.order = result.order;
    subject.trial.order_count = result.order_count;
    for (int i = 0; i < 2; i++) {
        play(&subject, NULL, NULL, &again);
        assert_true(again.failed);
        assert_true(subject.trace == trace);
    }
    orders_release(&result);
    end(&subject);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(the_default_order_is_the_run_without_one),
        cmocka_unit_test(an_order_that_was_found_can_be_written_down),
    };
    struct CMUnitTest tests[COUNT_OF(CASES) + COUNT_OF(others)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(CASES); i++)
        tests[count++] = (struct CMUnitTest){.name = CASES[i].name,
                                             .test_func = finds_what_naive_enumeration_finds,
                                             .initial_state = (void *)(uintptr_t)&CASES[i]};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        tests[count++] = others[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
