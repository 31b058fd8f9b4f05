#include "reports/matrix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { CASES_MAX = 8, REGION_BYTES = 1024 * 1024 };

/* Cases that fall into one cell, and what it then says. */
struct row {
    const char *name;
    struct case_result cases[CASES_MAX]; /* those with an id */
    enum matrix_mark mark;
    const char *text;
    const char *note; /* NULL: the runs agree */
};

#define RUN(id_, world_, verdict_, client_, attempts_, delivered_)                           \
    {                                                                                        \
        .id = id_, .world = world_, .verdict = VERDICT_##verdict_, .client = client_,        \
        .attempts = attempts_, .delivered = delivered_, .stage = "dial", .fault = "refused", \
        .method = "GET", .subject = "builtin"                                                \
    }

#define ADVISED(id_, world_, level_)                                                           \
    {                                                                                          \
        .id = id_, .world = world_, .verdict = VERDICT_FAIL, .level = level_, .client = "200", \
        .attempts = 1, .delivered = 1, .stage = "dial", .fault = "refused", .method = "GET",   \
        .subject = "builtin"                                                                   \
    }

static const struct row ROWS[] = {
    {"one case is its own value", {RUN("a", "sim", PASS, "502", 1, 0)}, MARK_PASS, "502 1/0", NULL},
    {"worlds that agree are one value",
     {RUN("a", "sim", PASS, "502", 1, 0), RUN("a", "sockets", PASS, "502", 1, 0)},
     MARK_PASS,
     "502 1/0",
     NULL},
    {"different cases make a range and no note",
     {RUN("b", "sim", PASS, "504", 3, 1), RUN("a", "sim", PASS, "502", 1, 0)},
     MARK_PASS,
     "502|504 1-3/0-1",
     NULL},
    {"three answers are named",
     {RUN("a", "sim", PASS, "3", 1, 1), RUN("b", "sim", PASS, "1", 1, 1),
      RUN("c", "sim", PASS, "2", 1, 1), RUN("d", "sim", PASS, "1", 1, 1)},
     MARK_PASS,
     "1|2|3 1/1",
     NULL},
    {"of four answers the first three are named",
     {RUN("a", "sim", PASS, "3", 1, 1), RUN("b", "sim", PASS, "1", 1, 1),
      RUN("c", "sim", PASS, "2", 1, 1), RUN("d", "sim", PASS, "4", 1, 1),
      RUN("e", "sim", PASS, "0", 1, 1)},
     MARK_PASS,
     "0|1|2|... 1/1",
     NULL},
    {"worlds that differ are told",
     {RUN("a", "sim", PASS, "502", 1, 0), RUN("a", "sockets", PASS, "502", 2, 0)},
     MARK_PASS,
     "502 1-2/0",
     "dial / refused / GET: sim 502 1/0 (pass), sockets 502 2/0 (pass): a"},
    {"worlds that differ in the verdict alone are told",
     {RUN("a", "sim", PASS, "502", 1, 0), RUN("a", "sockets", FAIL, "502", 1, 0)},
     MARK_FAIL,
     "502 1/0",
     "dial / refused / GET: sim 502 1/0 (pass), sockets 502 1/0 (fail): a"},
    {"repetitions that differ are told",
     {RUN("a", "sim", PASS, "502", 1, 0), RUN("a", "sim", PASS, "504", 1, 0)},
     MARK_PASS,
     "502|504 1/0",
     "dial / refused / GET: sim 502 1/0 (pass), sim 504 1/0 (pass): a"},
    {"a world that did not run is no difference",
     {RUN("a", "sim", PASS, "502", 1, 0), RUN("a", "sockets", UNSUPPORTED, NULL, 0, 0)},
     MARK_PARTLY,
     "502 1/0",
     NULL},
    {"nothing ran here",
     {RUN("a", "sockets", UNSUPPORTED, NULL, 0, 0)},
     MARK_UNSUPPORTED,
     "",
     NULL},
    {"all left out", {RUN("a", "sim", SKIPPED, NULL, 0, 0)}, MARK_SKIPPED, "", NULL},
    {"an error leaves the value of the others",
     {RUN("a", "sim", ERROR, NULL, 9, 9), RUN("b", "sim", PASS, "502", 1, 0)},
     MARK_ERROR,
     "502 1/0",
     NULL},
    {"setup-failed is marked as an error",
     {RUN("a", "sim", SETUP_FAILED, NULL, 0, 0)},
     MARK_ERROR,
     "",
     NULL},
    {"a failure outweighs an error",
     {RUN("a", "sim", FAIL, "200", 2, 2), RUN("b", "sim", ERROR, NULL, 0, 0)},
     MARK_FAIL,
     "200 2/2",
     NULL},
    {"a should case that did not hold is no failure",
     {ADVISED("a", "sim", LEVEL_SHOULD)},
     MARK_ADVISED,
     "200 1/1",
     NULL},
    {"an error outweighs a should case",
     {ADVISED("a", "sim", LEVEL_INFO), RUN("b", "sim", ERROR, NULL, 0, 0)},
     MARK_ERROR,
     "200 1/1",
     NULL},
    {"a client that no witness saw", {RUN("a", "sim", PASS, NULL, 1, 1)}, MARK_PASS, "- 1/1", NULL},
};

static void cell_says(void **state)
{
    const struct row *row = *state;
    struct case_result cases[CASES_MAX];
    struct run_result run = {.cases = cases};
    memcpy(cases, row->cases, sizeof(cases));
    while (run.case_count < CASES_MAX && cases[run.case_count].id != NULL)
        run.case_count++;
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct matrix *matrix = matrix_fold(&run, &region);
    assert_non_null(matrix);
    const struct matrix_stage *stage = matrix->stages;
    assert_non_null(stage);
    assert_null(stage->next);
    assert_int_equal(stage->fault_count, 1);
    assert_int_equal(stage->column_count, 1);
    assert_int_equal(stage->columns[0].method_count, 1);
    assert_int_equal(stage->cells[0].mark, row->mark);
    assert_string_equal(stage->cells[0].text, row->text);
    assert_int_equal(stage->cells[0].note, row->note != NULL ? 1 : 0);
    if (row->note != NULL)
        assert_string_equal(matrix->notes->text, row->note);
    else
        assert_null(matrix->notes);
    region_release(&region);
}

static struct case_result case_at(const char *stage, const char *fault, const char *method)
{
    return (struct case_result){.id = "x",
                                .stage = stage,
                                .fault = fault,
                                .method = method,
                                .world = "sim",
                                .subject = "builtin",
                                .client = "502",
                                .attempts = 1};
}

static void stages_rows_and_columns_have_their_order(void **state)
{
    (void)state;
    struct case_result cases[] = {
        case_at("unheard-of", "z", "GET"),      case_at("tunnel", "z", "CONNECT"),
        case_at("dial", "after 1024", "PATCH"), case_at("dial", "after 64", "GET"),
        case_at("route", "z", "GET"),           case_at("dial", "after 64", "FOO"),
        case_at("dial", "after 1024", "GET"),
    };
    cases[3].client = cases[6].client = "200"; /* or the columns would agree */
    struct run_result run = {.cases = cases, .case_count = COUNT_OF(cases)};
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct matrix *matrix = matrix_fold(&run, &region);
    assert_non_null(matrix);
    const struct matrix_stage *stage = matrix->stages;
    assert_string_equal(stage->word, "route");
    stage = stage->next;
    assert_string_equal(stage->word, "dial");
    assert_int_equal(stage->fault_count, 2);
    assert_string_equal(stage->faults[0], "after 64");
    assert_string_equal(stage->faults[1], "after 1024");
    assert_int_equal(stage->column_count, 2);
    assert_string_equal(stage->columns[0].methods[0], "GET");
    assert_string_equal(stage->columns[1].methods[0], "PATCH");
    assert_string_equal(stage->columns[1].methods[1], "FOO");
    assert_string_equal(stage->cells[0].text, "200 1/0");
    assert_false(stage->cells[0].partial);
    assert_string_equal(stage->cells[1].text, "502 1/0");
    assert_true(stage->cells[1].partial);
    assert_string_equal(stage->next->word, "tunnel");
    assert_string_equal(stage->next->next->word, "unheard-of");
    assert_string_equal(stage->next->next->meaning, "");
    region_release(&region);
}

static void columns_that_agree_are_one(void **state)
{
    (void)state;
    struct case_result cases[] = {
        case_at("dial", "a", "GET"),  case_at("dial", "a", "POST"), case_at("dial", "a", "PUT"),
        case_at("dial", "b", "GET"),  case_at("dial", "b", "POST"), case_at("dial", "b", "PUT"),
        case_at("dial", "a", "HEAD"),
    };
    cases[4].attempts = 2;
    struct run_result run = {.cases = cases, .case_count = COUNT_OF(cases)};
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct matrix *matrix = matrix_fold(&run, &region);
    assert_non_null(matrix);
    const struct matrix_stage *stage = matrix->stages;
    assert_int_equal(stage->column_count, 2);
    assert_int_equal(stage->columns[0].method_count, 3);
    assert_string_equal(stage->columns[0].methods[0], "GET");
    assert_string_equal(stage->columns[0].methods[1], "HEAD"); /* no case in row b */
    assert_string_equal(stage->columns[0].methods[2], "PUT");
    assert_string_equal(stage->columns[1].methods[0], "POST");
    assert_false(stage->cells[0].partial);
    assert_true(stage->cells[1 * 2 + 0].partial);
    assert_string_equal(stage->cells[1 * 2 + 1].text, "502 2/0");
    region_release(&region);
}

static void columns_with_notes_stay_apart(void **state)
{
    (void)state;
    struct case_result cases[] = {
        case_at("dial", "a", "GET"),
        case_at("dial", "a", "GET"),
        case_at("dial", "a", "PUT"),
        case_at("dial", "a", "PUT"),
    };
    cases[1].world = cases[3].world = "sockets";
    cases[1].attempts = cases[3].attempts = 2;
    struct run_result run = {.cases = cases, .case_count = COUNT_OF(cases)};
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct matrix *matrix = matrix_fold(&run, &region);
    assert_non_null(matrix);
    assert_int_equal(matrix->stages->column_count, 2);
    assert_int_equal(matrix->stages->cells[0].note, 1);
    assert_int_equal(matrix->stages->cells[1].note, 2);
    assert_null(matrix->notes->next->next);
    region_release(&region);
}

/* Below the limit each method has a column of its own; from there on the last is for all the others. */
static void methods_past_the_limit_share_a_column(void **state)
{
    static char methods[MATRIX_METHODS_MAX + 2][8];
    struct case_result cases[MATRIX_METHODS_MAX + 2];
    (void)state;
    for (size_t count = MATRIX_METHODS_MAX - 1; count <= COUNT_OF(cases); count++) {
        for (size_t i = 0; i < count; i++) {
            snprintf(methods[i], sizeof(methods[i]), "M%02zu", i);
            cases[i] = case_at("dial", "refused", methods[i]);
            cases[i].attempts = (unsigned)i;
        }
        struct run_result run = {.cases = cases, .case_count = count};
        struct region region;
        region_init(&region, REGION_BYTES);
        const struct matrix *matrix = matrix_fold(&run, &region);
        assert_non_null(matrix);
        const struct matrix_stage *stage = matrix->stages;
        const size_t columns = count < MATRIX_METHODS_MAX ? count : MATRIX_METHODS_MAX;
        assert_int_equal(stage->column_count, columns);
        const char *last = stage->columns[columns - 1].methods[0];
        assert_string_equal(last, count < MATRIX_METHODS_MAX ? methods[count - 1] : "others");
        region_release(&region);
    }
}

static void too_little_memory_is_told(void **state)
{
    (void)state;
    struct case_result cases[] = {case_at("dial", "a", "GET")};
    struct run_result run = {.cases = cases, .case_count = COUNT_OF(cases)};
    struct region region;
    region_init(&region, 64);
    assert_null(matrix_fold(&run, &region));
    region_release(&region);
}

static void no_cases_are_no_stages(void **state)
{
    (void)state;
    struct run_result run = {.case_count = 0};
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct matrix *matrix = matrix_fold(&run, &region);
    assert_non_null(matrix);
    assert_null(matrix->stages);
    region_release(&region);
}

int main(void)
{
    enum { OTHERS = 6 };
    struct CMUnitTest tests[OTHERS + COUNT_OF(ROWS)] = {
        cmocka_unit_test(stages_rows_and_columns_have_their_order),
        cmocka_unit_test(columns_that_agree_are_one),
        cmocka_unit_test(columns_with_notes_stay_apart),
        cmocka_unit_test(methods_past_the_limit_share_a_column),
        cmocka_unit_test(too_little_memory_is_told),
        cmocka_unit_test(no_cases_are_no_stages),
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[OTHERS + i] = (struct CMUnitTest){.name = ROWS[i].name,
                                                .test_func = cell_says,
                                                .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
