/* What an exploration keeps of its failures, and what it asks of a run that broke off. */
#include "harness/explore/ledger.h"

#include <stdlib.h>

#include "harness/explore/explore_rig.h"
#include "harness/explore/several_claims.h"

struct books {
    struct base_list bases;
    struct ledger ledger;
    struct explorer_result result;
};

static int open_books(void **state)
{
    struct books *books = calloc(1, sizeof(*books));
    assert_non_null(books);
    rig_load(&books->bases, TINY_GET);
    assert_true(ledger_init(&books->ledger, &books->bases, NULL, &books->result));
    *state = books;
    return 0;
}

static int close_books(void **state)
{
    struct books *books = *state;
    ledger_release(&books->ledger);
    explorer_result_release(&books->result);
    bases_release(&books->bases);
    free(books);
    return 0;
}

/* ---- which run stands for a failure --------------------------------------------------------- */

struct candidate {
    size_t faults;
    const uint32_t *order;
    size_t order_count;
    uint64_t drawn;
};

struct preference {
    const char *name;
    struct candidate smaller;
    struct candidate larger;
};

static const uint32_t ONE_LATE[] = {0, 0, 1};
static const uint32_t ONE_EARLY[] = {1};
static const uint32_t TWO[] = {1, 1};

static const struct preference PREFERENCES[] = {
    {"one fault goes before two", {1, TWO, 2, 9}, {2, NULL, 0, 0}},
    {"the default order goes before another", {1, NULL, 0, 9}, {1, ONE_EARLY, 1, 0}},
    {"one choice goes before two", {1, ONE_LATE, 3, 9}, {1, TWO, 2, 0}},
    {"the shorter of two orders goes first", {1, ONE_EARLY, 1, 9}, {1, ONE_LATE, 3, 0}},
    {"what is enumerated goes before what is drawn", {1, NULL, 0, 0}, {1, NULL, 0, 1}},
    {"what is drawn first goes first", {1, NULL, 0, 3}, {1, NULL, 0, 4}},
};

static void add_candidate(struct books *books, const struct candidate *candidate)
{
    const struct explorer_failure failure = {.base = &books->bases.list[0],
                                             .fault_count = candidate->faults,
                                             .order = candidate->order,
                                             .order_count = candidate->order_count,
                                             .drawn = candidate->drawn,
                                             .times = 1};
    ledger_add_failure(&books->ledger, &failure);
}

/* Whichever of the two comes first, as with several processes nobody can tell. */
static void the_smaller_stands_for_both(void **state)
{
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < COUNT_OF(PREFERENCES); i++) {
            const struct preference *one = &PREFERENCES[i];
            struct books *books;
            assert_int_equal(open_books(state), 0);
            books = *state;
            add_candidate(books, turn == 0 ? &one->smaller : &one->larger);
            add_candidate(books, turn == 0 ? &one->larger : &one->smaller);
            const struct explorer_failure *kept = books->result.failures[0];
            if (kept->fault_count != one->smaller.faults || kept->drawn != one->smaller.drawn ||
                kept->order_count != one->smaller.order_count)
                fail_msg("%s (turn %d)", one->name, turn);
            assert_int_equal(books->result.failure_count, 1);
            assert_int_equal(kept->times, 2);
            close_books(state);
        }
}

/* More than there are places: the first by base and claim are kept, whichever came first. */
static void the_first_places_are_kept(void **state)
{
    enum { CLAIMS = EXPLORER_FAILURES_MAX + 10 };
    struct books *books = *state;
    for (size_t i = 0; i < CLAIMS; i++) {
        const struct explorer_failure failure = {
            .base = &books->bases.list[0], .claim = CLAIMS - 1 - i, .times = 1};
        assert_int_equal(books->result.more_failures, i > EXPLORER_FAILURES_MAX);
        ledger_add_failure(&books->ledger, &failure);
    }
    ledger_close(&books->ledger);
    assert_int_equal(books->result.failure_count, EXPLORER_FAILURES_MAX);
    for (size_t i = 0; i < EXPLORER_FAILURES_MAX; i++)
        assert_int_equal(books->result.failures[i]->claim, i);
}

/* A base may have faults of its own: they are what breaks the claim. */
static void what_fails_as_filed_keeps_its_own_faults(void **state)
{
    static const struct wire_fault FILED = {
        .party = WIRE_UPSTREAM, .connection = 1, .direction = WIRE_SENT, .offset = 3};
    struct books *books = *state;
    struct base *base = &books->bases.list[0];
    struct trial trial = trial_of(base, 1);
    const struct played played = {.verdict = VERDICT_FAIL, .broken = 1, .outcome_text = ""};
    base->expecting->faults = &FILED;
    base->expecting->fault_count = 1;
    trial.as_filed = true;
    ledger_note_run(&books->ledger, &trial, &played);
    assert_int_equal(books->result.failures[0]->fault_count, 1);
    assert_int_equal(books->result.failures[0]->faults[0].offset, 3);
}

/* ---- runs that broke off -------------------------------------------------------------------- */

/* A check that failed says nothing of whether a fault found its byte, nor of what would have come about. */
static void a_run_that_broke_off_is_compared_with_none(void **state)
{
    static const struct wire_fault SPLIT = {.kind = WIRE_FAULT_SPLIT, .connection = 1};
    struct books *books = *state;
    const struct clean_run clean = {.outcome = 7, .alone = true, .unhurried = true};
    struct trial trial = trial_of(&books->bases.list[0], 1);
    struct played played = {.verdict = VERDICT_ERROR, .failed = true, .outcome_text = ""};
    trial.faults = &SPLIT;
    trial.fault_count = 1;
    assert_int_equal(clean_run_asks(&clean, &trial, &played), 0);
    ledger_note_run(&books->ledger, &trial, &played);
    assert_int_equal(books->result.not_met, 0);
    played = (struct played){.verdict = VERDICT_PASS, .outcome_text = ""};
    assert_int_equal(clean_run_asks(&clean, &trial, &played), SEVERAL_NOT_MET);
    ledger_note_run(&books->ledger, &trial, &played);
    assert_int_equal(books->result.not_met, 1);
}

/* What a failed check leaves behind cannot be freed: a proxy that fails everywhere must not take all memory. */
static void a_base_of_failed_checks_is_given_up(void **state)
{
    struct books *books = *state;
    const struct base *base = &books->bases.list[0];
    const struct trial trial = trial_of(base, 1);
    const struct played played = {.verdict = VERDICT_ERROR, .failed = true, .outcome_text = ""};
    books->ledger.base = base;
    for (unsigned i = 0; i < EXPLORER_CHECKS_MAX; i++) {
        assert_true(ledger_goes_on(&books->ledger));
        ledger_note_run(&books->ledger, &trial, &played);
    }
    assert_false(ledger_goes_on(&books->ledger));
    assert_true(ledger_gave_up(&books->ledger, base));
    books->ledger.base = NULL; /* others are played on */
    assert_true(ledger_goes_on(&books->ledger));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smaller_stands_for_both),
        cmocka_unit_test_setup_teardown(the_first_places_are_kept, open_books, close_books),
        cmocka_unit_test_setup_teardown(what_fails_as_filed_keeps_its_own_faults, open_books,
                                        close_books),
        cmocka_unit_test_setup_teardown(a_base_of_failed_checks_is_given_up, open_books,
                                        close_books),
        cmocka_unit_test_setup_teardown(a_run_that_broke_off_is_compared_with_none, open_books,
                                        close_books),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
