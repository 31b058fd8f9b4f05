/* The renderings of coverage, byte for byte; and what they count. */
#include "reports/coverage/coverage.h"

#include "reports/golden_rig.h"
#include "reports/schema_rig.h"
#include "world/base/check.h"

#define GOLDEN "reports/coverage/golden/"

static const struct coverage_column COLUMNS[] = {{"idempotent", "at-most-once"},
                                                 {"idempotent", "nginx"},
                                                 {"not idempotent", "at-most-once"},
                                                 {"not idempotent", "nginx"}};

#define COVERED_BY(count, id)             \
    {                                     \
        COVERAGE_COVERED, count, id, NULL \
    }
#define GAP                             \
    {                                   \
        COVERAGE_MISSING, 0, NULL, NULL \
    }
#define ACCEPTED(reason)                   \
    {                                      \
        COVERAGE_ACCEPTED, 0, NULL, reason \
    }
#define CANNOT(reason)                       \
    {                                        \
        COVERAGE_IMPOSSIBLE, 0, NULL, reason \
    }

static const struct coverage_mark REFUSED[] = {COVERED_BY(12, "dial/refused[method=GET]"),
                                               COVERED_BY(1, "dial/refused[method=PUT]"), GAP,
                                               ACCEPTED("nginx | \"its\" <words>\nare known")};
static const struct coverage_mark CANCEL[] = {GAP, GAP, GAP,
                                              ACCEPTED("nginx | \"its\" <words>\nare known")};
static const struct coverage_mark LISTED[] = {CANNOT("a contradiction"),
                                              COVERED_BY(3, "status/listed"),
                                              CANNOT("a contradiction"), CANNOT("a contradiction")};

static const struct coverage_row ROWS[] = {{"dial", "refused", REFUSED},
                                           {"dial", "cancel fin", CANCEL},
                                           {"status", "listed status", LISTED}};

static const struct coverage_transition TRANSITIONS[] = {
    {"idle", "begin", COVERED_BY(16, "dial/refused[method=GET]")},
    {"preparing", "upstream-ready", ACCEPTED("only an upcall for nothing brings it about")},
    {"deciding", "timed-out", GAP}};

static const struct coverage_claim CLAIMS[] = {
    {2, "no-retry-after-a-byte", "a request is not sent again", "RFC 9110 9.2.2",
     COVERED_BY(9, "dial/refused[method=GET]")},
    {30, "same-again", "attempts have the same bytes", "acceptance matrix, section 5", GAP},
    {51, "same-trace", "the same input gives the same trace", "acceptance matrix, section 5",
     CANNOT("it is about several runs")}};

static const struct coverage_requirement REQUIREMENTS[] = {
    {"RFC 9110", "9.2.2", "a request that is not idempotent is not sent twice",
     COVERED_BY(2, "dial/refused")},
    {"RFC 9110", "15.5.20", "a 421 is the upstream's answer", GAP},
    {"RFC 9113", "8.7", "a refused stream was not processed",
     ACCEPTED("the proxy speaks HTTP/1.1")}};

static const struct coverage_citation CITATIONS[] = {{"dial/by-my-bed", "the book by my bed", GAP},
                                                     {"dial/silent", NULL, GAP}};

static const struct coverage_stale STALE[] = {
    {"accepted.yaml:3:5", "accepts 4 gaps, and there are 2"}};

static const struct acceptance_coverage FULL = {
    .version = "1.2.3",
    .command = "retryproof coverage scenarios",
    .played = 16,
    .passed_over = 2,
    .columns = COLUMNS,
    .column_count = COUNT_OF(COLUMNS),
    .rows = ROWS,
    .row_count = COUNT_OF(ROWS),
    .transitions_counted = true,
    .transitions = TRANSITIONS,
    .transition_count = COUNT_OF(TRANSITIONS),
    .claims = CLAIMS,
    .claim_count = COUNT_OF(CLAIMS),
    .requirements = REQUIREMENTS,
    .requirement_count = COUNT_OF(REQUIREMENTS),
    .citations = CITATIONS,
    .citation_count = COUNT_OF(CITATIONS),
    .stale = STALE,
    .stale_count = COUNT_OF(STALE),
};

typedef void renderer(const struct acceptance_coverage *coverage, FILE *out);

static void at_eighty_columns(const struct acceptance_coverage *coverage, FILE *out)
{
    const struct report_style style = {.width = 80};

    coverage_terminal(coverage, &style, out);
}

static void in_colour(const struct acceptance_coverage *coverage, FILE *out)
{
    const struct report_style style = {.width = 80, .colour = true};

    coverage_terminal(coverage, &style, out);
}

/* To be freed. */
static char *text_of(renderer *render, const struct acceptance_coverage *coverage)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    render(coverage, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void compare(const char *path, renderer *render, const struct acceptance_coverage *coverage)
{
    char *text = text_of(render, coverage);

    golden_compare(path, text);
    free(text);
}

static void renderings_are_as_they_were(void **state)
{
    struct acceptance_coverage uncounted = FULL;

    (void)state;
    uncounted.transitions_counted = false;
    compare(GOLDEN "coverage.txt", at_eighty_columns, &FULL);
    compare(GOLDEN "coverage-colour.txt", in_colour, &FULL);
    compare(GOLDEN "coverage-uncounted.txt", at_eighty_columns, &uncounted);
    compare(GOLDEN "coverage.json", coverage_json, &FULL);
    compare(GOLDEN "coverage.md", coverage_markdown, &FULL);
}

static void json_is_as_its_schema_says(void **state)
{
    char error[JSON_ERROR_BYTES];
    char *text = text_of(coverage_json, &FULL);
    struct json *schema = json_load("docs/coverage.schema.json", error);
    struct json *value = json_parse("coverage", text, strlen(text), error);

    (void)state;
    assert_non_null(schema);
    assert_non_null(value);
    schema_check(value, schema);
    json_destroy(&value);
    json_destroy(&schema);
    free(text);
}

static void parts_are_counted_by_state(void **state)
{
    struct coverage_counts cells = coverage_count(&FULL, COVERAGE_CELLS);

    (void)state;
    assert_int_equal(cells.by_state[COVERAGE_COVERED], 3);
    assert_int_equal(cells.by_state[COVERAGE_MISSING], 4);
    assert_int_equal(cells.by_state[COVERAGE_ACCEPTED], 2);
    assert_int_equal(cells.by_state[COVERAGE_IMPOSSIBLE], 3);
    assert_int_equal(coverage_count(&FULL, COVERAGE_CITATIONS).by_state[COVERAGE_MISSING], 2);
}

static void the_exit_code_says_whether_it_is_enough(void **state)
{
    struct acceptance_coverage coverage = {.played = 3};

    (void)state;
    assert_int_equal(coverage_exit_code(&FULL, false), 0);
    assert_int_equal(coverage_exit_code(&FULL, true), 1);
    assert_int_equal(coverage_exit_code(&coverage, true), 0);
    coverage.stale = STALE;
    coverage.stale_count = 1;
    assert_int_equal(coverage_exit_code(&coverage, true), 1);
    assert_int_equal(coverage_exit_code(&coverage, false), 0);
    coverage.failed = 1;
    assert_int_equal(coverage_exit_code(&coverage, false), 1);
    coverage.interrupted = true;
    assert_int_equal(coverage_exit_code(&coverage, true), 130);
    coverage = (struct acceptance_coverage){.passed_over = 1};
    assert_int_equal(coverage_exit_code(&coverage, false), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renderings_are_as_they_were),
        cmocka_unit_test(json_is_as_its_schema_says),
        cmocka_unit_test(parts_are_counted_by_state),
        cmocka_unit_test(the_exit_code_says_whether_it_is_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
