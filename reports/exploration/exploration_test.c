/* Every rendering of one example exploration, byte for byte against reports/exploration/golden; and as the schema says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reports/exploration/exploration.h"
#include "reports/golden_rig.h"
#include "reports/schema_rig.h"
#include "world/base/check.h"

#define GOLDEN_FOLDER "reports/exploration/golden/"

static const char *const SENTENCES[] = {
    "a request that may not be repeated is not sent again once a byte of it was written",
    "POST /pay was written to a in part (17 of 66 B), and an attempt at b began at +0.4 ms",
};
static const char *const SENTENCES_BESIDE[] = {
    "an attempt goes to an address that its name was answered with, and asks for it each time",
    "attempt 2 went to 127.0.0.1:49153, which nobody had asked for",
};
static const char *const FAULTS[] = {
    "upstream a's connection 1 resets behind the head of the request (received: 55)",
    "upstream b's connection 1 stalls before the first byte of its response (sent: 0)",
};
static const char *const STORY[] = {"+0.0 ms accepted client#1",
                                    "+0.4 ms dial b#1 127.0.0.1:49153"};
static const uint32_t ORDER[] = {0, 2, 1};

static const struct exploration_failure FAILURES[] = {
    {.base = "post-write/once[method=POST,end=fin]",
     .claim_number = 2,
     .claim = "no-retry-after-a-byte",
     .sentences = SENTENCES,
     .sentence_count = COUNT_OF(SENTENCES),
     .faults = FAULTS,
     .fault_count = COUNT_OF(FAULTS),
     .order = ORDER,
     .order_count = COUNT_OF(ORDER),
     .seed = 1,
     .trace_hash = 0x123456789abcdef,
     .steady = true,
     .file = "out/found/no-retry-after-a-byte-in-once-0a0b0c0d.yaml",
     .reproduce = "retryproof replay out/found/no-retry-after-a-byte-in-once-0a0b0c0d.yaml",
     .story = STORY,
     .story_count = COUNT_OF(STORY)},
    {.base = "post-write/once[method=POST,end=fin]",
     .claim_number = 51,
     .claim = "names-lead-where-they-say",
     .sentences = SENTENCES_BESIDE,
     .sentence_count = COUNT_OF(SENTENCES_BESIDE),
     .faults = FAULTS,
     .fault_count = COUNT_OF(FAULTS),
     .order = ORDER,
     .order_count = COUNT_OF(ORDER),
     .seed = 1,
     .trace_hash = 0x123456789abcdef,
     .steady = true,
     .file = "out/found/names-lead-where-they-say-in-once-0a0b0c0d.yaml",
     .reproduce = "retryproof replay out/found/names-lead-where-they-say-in-once-0a0b0c0d.yaml",
     .story = STORY,
     .story_count = COUNT_OF(STORY)},
    {.base = "dial/a_name|with*marks",
     .claim = "a-run-ends-well",
     .sentences = SENTENCES + 1,
     .sentence_count = 1,
     .seed = UINT64_MAX,
     .trace_hash = UINT64_MAX,
     .reproduce = "retryproof explore --faults 1"},
};

static const struct exploration_base BASES[] = {
    {"dial/a_name|with*marks", 1, 0, 0, 1, 1},
    {"post-write/once[method=POST,end=fin]", 61204, 1004, 52, 44, 3},
};

static const struct exploration_claim CLAIMS[] = {
    {1, "attempts-within-max", "a request is tried no more often than max_retries allows",
     "decision 7 of the design", 61205, 0},
    {2, "no-retry-after-a-byte",
     "a request that may not be repeated is not sent again once a byte of it was written",
     "RFC 9110 9.2.2", 1234, 3},
    {51, "names-lead-where-they-say",
     "an attempt goes to an address that its name was answered with, and asks for it each time",
     "acceptance matrix, section 1", 40, 3},
    {52, "a-name-is-asked-once", "a name is looked up once for each attempt",
     "decision 7 of the design", 0, 0},
};

static const struct exploration BROKEN = {
    .version = "0.1.0",
    .command = "retryproof explore --faults 2 scenarios",
    .seed = 1,
    .faults = 2,
    .orders = true,
    .elapsed_ns = 12100000000,
    .passed_over = 7,
    .totals = {.runs = 61205,
               .by_faults = {2, 60000, 1000, 0},
               .random_runs = 100,
               .order_runs = 103,
               .orders_cut = 1,
               .spared = 300,
               .not_met = 12,
               .classes = 52,
               .outcomes = 45,
               .failed_runs = 4},
    .bases = BASES,
    .base_count = COUNT_OF(BASES),
    .claims = CLAIMS,
    .claim_count = COUNT_OF(CLAIMS),
    .failures = FAILURES,
    .failure_count = COUNT_OF(FAILURES),
    .more_failures = true,
};

/* ---- renderings ----------------------------------------------------------------------------- */

typedef void renderer(FILE *out);

static void whole(FILE *out)
{
    exploration_terminal(&BROKEN, &(struct report_style){.width = 100}, out);
}

static void in_colour(FILE *out)
{
    exploration_terminal(&BROKEN, &(struct report_style){.width = 60, .colour = true}, out);
}

static void brief(FILE *out)
{
    struct exploration held = BROKEN;

    held.failure_count = 0;
    held.totals.failed_runs = 0;
    held.totals.orders_cut = 0;
    held.more_failures = false;
    held.interrupted = true;
    exploration_brief(&held, &(struct report_style){.width = 100}, out);
}

static void json(FILE *out)
{
    exploration_json(&BROKEN, out);
}

static void markdown(FILE *out)
{
    exploration_markdown(&BROKEN, out);
}

static char *render(renderer *as)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    as(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static const struct {
    const char *path;
    renderer *as;
} GOLDEN[] = {
    {GOLDEN_FOLDER "terminal.txt", whole}, {GOLDEN_FOLDER "terminal-colour-60.txt", in_colour},
    {GOLDEN_FOLDER "brief.txt", brief},    {GOLDEN_FOLDER "result.json", json},
    {GOLDEN_FOLDER "page.md", markdown},
};

static void is_as_golden(void **state)
{
    const size_t row = (size_t)(uintptr_t)*state;
    char *text = render(GOLDEN[row].as);

    golden_compare(GOLDEN[row].path, text);
    free(text);
}

static void result_is_as_its_schema_says(void **state)
{
    char error[JSON_ERROR_BYTES];
    struct json *schema = json_load("docs/exploration.schema.json", error);
    struct json *result = json_load(GOLDEN_FOLDER "result.json", error);

    (void)state;
    assert_non_null(schema);
    assert_non_null(result);
    schema_check(result, schema);
    json_destroy(&schema);
    json_destroy(&result);
}

/* ---- many failures -------------------------------------------------------------------------- */

static size_t count_lines(const char *text, const char *beginning)
{
    size_t count = 0;

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += line != text;
        count += strncmp(line, beginning, strlen(beginning)) == 0;
    }
    return count;
}

static void of_many_failures_the_last_get_a_line_each(void **state)
{
    enum { FAILURES_MANY = 30, WHOLE = 20 };
    struct exploration_failure many[FAILURES_MANY];
    struct exploration exploration = BROKEN;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    for (size_t i = 0; i < FAILURES_MANY; i++) {
        many[i] = FAILURES[0];
        many[i].trace_hash = i; /* of different runs */
    }
    exploration.failures = many;
    exploration.failure_count = FAILURES_MANY;
    exploration_brief(&exploration, &(struct report_style){.width = 100}, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(count_lines(text, "BROKEN"), FAILURES_MANY);
    assert_int_equal(count_lines(text, "      reproduce"), WHOLE);
    free(text);
}

/* Its base, seed, faults, order and trace: where one of them is another, it is another run. */
static void failures_are_one_run_where_all_of_it_is_equal(void **state)
{
    static const char *const OTHER_FAULTS[] = {"another", "and another"};
    static const uint32_t OTHER_ORDER[] = {0, 2, 2};
    struct exploration_failure others[5];
    struct exploration exploration = BROKEN;

    (void)state;
    assert_true(exploration_leads(&BROKEN, 0));
    assert_int_equal(exploration_next_alike(&BROKEN, 0), 1);
    assert_false(exploration_leads(&BROKEN, 1));
    assert_true(exploration_leads(&BROKEN, 2));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        others[i] = FAILURES[0];
    others[0].base = "another";
    others[1].seed = 2;
    others[2].faults = OTHER_FAULTS;
    others[3].order = OTHER_ORDER;
    others[4].trace_hash = 1;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct exploration_failure both[] = {FAILURES[0], others[i]};
        exploration.failures = both;
        exploration.failure_count = COUNT_OF(both);
        assert_true(exploration_leads(&exploration, 1));
        assert_int_equal(exploration_next_alike(&exploration, 0), 2);
    }
}

/* ---- exit codes ----------------------------------------------------------------------------- */

static void exit_codes_are_those_of_the_design(void **state)
{
    struct exploration exploration = BROKEN;

    (void)state;
    assert_int_equal(exploration_exit_code(&exploration), 1);
    exploration.totals.failed_runs = 0;
    assert_int_equal(exploration_exit_code(&exploration), 0);
    exploration.totals.runs = 0;
    assert_int_equal(exploration_exit_code(&exploration), 4);
    exploration.interrupted = true;
    assert_int_equal(exploration_exit_code(&exploration), 130);
}

int main(void)
{
    enum { OTHERS = 4 };
    struct CMUnitTest tests[COUNT_OF(GOLDEN) + OTHERS];

    for (size_t i = 0; i < COUNT_OF(GOLDEN); i++)
        tests[i] = (struct CMUnitTest){.name = GOLDEN[i].path,
                                       .test_func = is_as_golden,
                                       .initial_state = (void *)(uintptr_t)i};
    tests[COUNT_OF(GOLDEN)] = (struct CMUnitTest)cmocka_unit_test(result_is_as_its_schema_says);
    tests[COUNT_OF(GOLDEN) + 1] =
        (struct CMUnitTest)cmocka_unit_test(of_many_failures_the_last_get_a_line_each);
    tests[COUNT_OF(GOLDEN) + 3] =
        (struct CMUnitTest)cmocka_unit_test(failures_are_one_run_where_all_of_it_is_equal);
    tests[COUNT_OF(GOLDEN) + 2] =
        (struct CMUnitTest)cmocka_unit_test(exit_codes_are_those_of_the_design);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
