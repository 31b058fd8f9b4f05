/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/coverage/acceptance_matrix.h"

#include <errno.h>
#include <string.h>

#include "world/base/check.h"

struct example {
    const char *name;
    struct acceptance_facts facts;
    const char *stage; /* NULL: the matrix does not speak of it */
    const char *fault;
};

#define FAILED(stage, cause, os_error)                                      \
    {                                                                       \
        .failure = {SIDE_UPSTREAM, STAGE_##stage, CAUSE_##cause, os_error}, \
        .reason = RETRY_BECAUSE_WRITTEN                                     \
    }

static const struct example EXAMPLES[] = {
    {"a FIN behind the request", FAILED(POST_WRITE, CONNECTION_TERMINATED, 0), "post-write",
     "fresh fin"},
    {"a reset behind it", FAILED(POST_WRITE, CONNECTION_TERMINATED, ECONNRESET), "post-write",
     "fresh rst"},
    {"silence behind it", FAILED(POST_WRITE, HTTP_RESPONSE_TIMEOUT, 0), "post-write",
     "fresh stall"},
    {"an end over TLS without its alert is a FIN",
     FAILED(MID_COPY, HTTP_RESPONSE_INCOMPLETE, ECONNABORTED), "mid-copy", "fresh fin"},
    {"a reused connection",
     {.failure = {SIDE_UPSTREAM, STAGE_PRE_WRITE, CAUSE_CONNECTION_TERMINATED, ECONNRESET},
      .reused = true,
      .reason = RETRY_BECAUSE_NOTHING_SENT},
     "pre-write",
     "reused rst"},
    {"a name that is not there", FAILED(RESOLVE, DNS_ERROR, 0), "resolve", "no such name"},
    {"a name server that says so",
     {.failure = {SIDE_UPSTREAM, STAGE_RESOLVE, CAUSE_DNS_ERROR, 0},
      .detail = "the name server failed",
      .reason = RETRY_BECAUSE_NOTHING_SENT},
     "resolve",
     "name server failed"},
    {"a client that resets",
     {.failure = {SIDE_DOWNSTREAM, STAGE_MID_WRITE, CAUSE_CLIENT_CANCELLED, ECONNRESET},
      .reason = RETRY_BECAUSE_CLIENT_GONE},
     "mid-write",
     "cancel rst"},
    {"what used the attempts up proves nothing of its stage",
     {.failure = {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_REFUSED, ECONNREFUSED},
      .reason = RETRY_BECAUSE_ATTEMPTS_USED_UP},
     "any",
     "attempts used up"},
    {"a deadline that is near is one that passed",
     {.failure = {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_REFUSED, ECONNREFUSED},
      .reason = RETRY_BECAUSE_DEADLINE_NEAR},
     "any",
     "deadline passed"},
    {"an answer of 500",
     {.failure = {SIDE_NONE, STAGE_STATUS, CAUSE_NONE, 0}},
     "status",
     "answered 4xx or 5xx"},
    {"the proxy's own failure is in no row",
     {.failure = {SIDE_INTERNAL, STAGE_PRE_WRITE, CAUSE_PROXY_INTERNAL_ERROR, 0},
      .reason = RETRY_BECAUSE_INTERNAL},
     NULL,
     NULL},
    {"nor is a client that stalls",
     {.failure = {SIDE_DOWNSTREAM, STAGE_MID_WRITE, CAUSE_CLIENT_TIMEOUT, 0},
      .reason = RETRY_BECAUSE_CLIENT_AT_FAULT},
     NULL,
     NULL},
};

static void is_in_its_row(void **state)
{
    const struct example *example = *state;
    size_t row = acceptance_row_of(&example->facts);

    if (example->stage == NULL) {
        assert_int_equal(row, acceptance_row_count());
        return;
    }
    assert_in_range(row, 0, acceptance_row_count() - 1);
    assert_string_equal(acceptance_row_stage(row), example->stage);
    assert_string_equal(acceptance_row_fault(row), example->fault);
}

/* A report names a row by these two words. */
static void no_two_rows_have_one_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < acceptance_row_count(); i++)
        for (size_t k = 0; k < i; k++)
            assert_true(strcmp(acceptance_row_stage(i), acceptance_row_stage(k)) != 0 ||
                        strcmp(acceptance_row_fault(i), acceptance_row_fault(k)) != 0);
}

static size_t find_row(const char *stage, const char *fault)
{
    size_t row = 0;

    while (row < acceptance_row_count() && (strcmp(acceptance_row_stage(row), stage) != 0 ||
                                            strcmp(acceptance_row_fault(row), fault) != 0))
        row++;
    assert_in_range(row, 0, acceptance_row_count() - 1);
    return row;
}

static void what_cannot_be_has_a_reason(void **state)
{
    size_t listed = find_row("status", "listed status");

    (void)state;
    assert_non_null(acceptance_impossible(
        listed, acceptance_column_of(METHOD_IDEMPOTENT, ACCEPTANCE_AT_MOST_ONCE)));
    assert_null(acceptance_impossible(
        listed, acceptance_column_of(METHOD_IDEMPOTENT, ACCEPTANCE_IDEMPOTENT)));
    assert_non_null(acceptance_impossible(
        listed, acceptance_column_of(METHOD_NOT_IDEMPOTENT, ACCEPTANCE_IDEMPOTENT)));
    assert_non_null(acceptance_impossible(
        find_row("dial", "cancel fin"), acceptance_column_of(METHOD_IDEMPOTENT, ACCEPTANCE_HOOK)));
}

static void presets_are_known_by_name(void **state)
{
    (void)state;
    assert_int_equal(acceptance_preset("envoy"), ACCEPTANCE_ENVOY);
    assert_int_equal(acceptance_preset("hook"), ACCEPTANCE_POLICY_COUNT);
    assert_int_equal(acceptance_preset("traefik"), ACCEPTANCE_POLICY_COUNT);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(EXAMPLES) + 3];

    for (size_t i = 0; i < COUNT_OF(EXAMPLES); i++)
        tests[i] = (struct CMUnitTest){.name = EXAMPLES[i].name,
                                       .test_func = is_in_its_row,
                                       .initial_state = (void *)(uintptr_t)&EXAMPLES[i]};
    tests[COUNT_OF(EXAMPLES)] = (struct CMUnitTest)cmocka_unit_test(no_two_rows_have_one_name);
    tests[COUNT_OF(EXAMPLES) + 1] =
        (struct CMUnitTest)cmocka_unit_test(what_cannot_be_has_a_reason);
    tests[COUNT_OF(EXAMPLES) + 2] = (struct CMUnitTest)cmocka_unit_test(presets_are_known_by_name);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
