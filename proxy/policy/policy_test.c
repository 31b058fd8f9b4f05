#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "retryproof/policy.h"
#include "world/base/check.h"

/* ---- statuses ------------------------------------------------------------------------------------ */

static void a_set_holds_what_was_added(void **state)
{
    (void)state;
    for (unsigned added = STATUS_SET_FIRST; added <= STATUS_SET_LAST; added++) {
        struct status_set set = {0};

        assert_true(status_set_is_empty(&set));
        assert_true(status_set_add(&set, added));
        assert_false(status_set_is_empty(&set));
        for (unsigned status = 0; status < 1000; status++)
            assert_int_equal(status_set_has(&set, status), status == added);
    }
}

static void a_set_takes_no_other_status(void **state)
{
    static const unsigned statuses[] = {
        0, 100, 200, STATUS_SET_FIRST - 1, STATUS_SET_LAST + 1, 655, 656, 911, 912, UINT32_MAX};
    struct status_set set = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        assert_false(status_set_add(&set, statuses[i]));
        assert_true(status_set_is_empty(&set));
        assert_false(status_set_has(&set, statuses[i]));
    }
}

static void a_full_set_has_all_and_no_more(void **state)
{
    struct status_set set = {0};

    (void)state;
    for (unsigned status = STATUS_SET_FIRST; status <= STATUS_SET_LAST; status++)
        assert_true(status_set_add(&set, status));
    for (unsigned status = 0; status < 1000; status++)
        assert_int_equal(status_set_has(&set, status), status >= 400 && status <= 599);
}

/* ---- conditions ---------------------------------------------------------------------------------- */

struct row {
    const char *name;
    struct retry_settings settings;
    unsigned conditions;
};

/* The acceptance matrix, section 1: stages before a byte is written, and stages after. */
#define UNTIL_WRITTEN (RETRY_ON(CONNECT_FAILURE) | RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(UNSENT))
#define ONCE_WRITTEN \
    (RETRY_ON(RESET) | RETRY_ON(PARTIAL_HEAD) | RETRY_ON(INVALID_HEAD) | RETRY_ON(RESPONSE_TIMEOUT))

static const struct row ROWS[] = {
    {"at-most-once retries until a byte is written", {.policy = RETRY_AT_MOST_ONCE}, UNTIL_WRITTEN},
    {"idempotent retries afterwards too",
     {.policy = RETRY_IDEMPOTENT},
     UNTIL_WRITTEN | ONCE_WRITTEN},
    {"no condition is none", {.policy = RETRY_CONDITIONS}, 0},
    {"conditions are taken as they are",
     {.policy = RETRY_CONDITIONS, .conditions = RETRY_ON(RESET) | RETRY_ON(REUSED)},
     RETRY_ON(RESET) | RETRY_ON(REUSED)},
    {"a policy of its own knows no others",
     {.policy = RETRY_AT_MOST_ONCE, .conditions = RETRY_ON(RESET)},
     UNTIL_WRITTEN},
    {"retry_on_reused comes on top of idempotent",
     {.policy = RETRY_IDEMPOTENT, .on_reused = true},
     UNTIL_WRITTEN | ONCE_WRITTEN | RETRY_ON(REUSED)},
    {"retry_on_reused comes on top of conditions",
     {.policy = RETRY_CONDITIONS, .conditions = RETRY_ON(UNSENT), .on_reused = true},
     RETRY_ON(UNSENT) | RETRY_ON(REUSED)},
};

static void has_conditions(void **state)
{
    const struct row *row = *state;

    assert_int_equal(retry_conditions(&row->settings), row->conditions);
}

/* ---- words --------------------------------------------------------------------------------------- */

static void words_are_those_of_a_configuration(void **state)
{
    (void)state;
    assert_string_equal(retry_policy_word(RETRY_AT_MOST_ONCE), "at-most-once");
    assert_string_equal(retry_policy_word(RETRY_IDEMPOTENT), "idempotent");
    assert_string_equal(retry_policy_word(RETRY_CONDITIONS), "conditions");
    assert_string_equal(retry_condition_word(RETRY_ON_CONNECT_FAILURE), "connect-failure");
    assert_string_equal(retry_condition_word(RETRY_ON_REUSED), "reused");
    assert_string_equal(retry_reason_sentence(RETRY_BECAUSE_NOTHING_SENT),
                        "nothing of the request was sent");
}

static void every_word_is_another(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RETRY_CONDITION_COUNT; i++)
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(retry_condition_word(i), retry_condition_word(k));
    for (unsigned i = 0; i < RETRY_REASON_COUNT; i++)
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(retry_reason_sentence(i), retry_reason_sentence(k));
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(a_set_holds_what_was_added),
        cmocka_unit_test(a_set_takes_no_other_status),
        cmocka_unit_test(a_full_set_has_all_and_no_more),
        cmocka_unit_test(words_are_those_of_a_configuration),
        cmocka_unit_test(every_word_is_another),
    };
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = has_conditions,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
