/* Result files: as the golden one has them, as the schema says, read back as written, and what a reader refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/golden_rig.h"
#include "reports/schema_rig.h"
#include "reports/subjects/comparison_rig.h"
#include "reports/subjects/subject_json.h"

#define GOLDEN_FOLDER "reports/subjects/golden/"

enum { REGION_BYTES = 16 * 1024 * 1024 };

/* To be freed by the caller. */
static char *written(const struct observed_run *run)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    subject_json_write(run, out);
    fclose(out);
    assert_int_equal(strlen(text), size);
    return text;
}

static const struct observed_run *parsed(const char *text, struct region *region, char *error)
{
    const struct subject_json_text file = {"f.json", bytes_of(text)};
    return subject_json_parse(&file, region, error);
}

static void is_as_golden(void **state)
{
    (void)state;
    struct comparison_rig rig;
    comparison_rig_init(&rig);
    char *text = written(&rig.runs[0]);
    golden_compare(GOLDEN_FOLDER "nginx-default.json", text);
    free(text);
    text = written(&rig.runs[2]);
    golden_compare(GOLDEN_FOLDER "haproxy-default.json", text);
    free(text);
}

static void every_file_is_as_documented(void **state)
{
    (void)state;
    char error[JSON_ERROR_BYTES];
    struct json *schema = json_load("docs/subject-result.schema.json", error);
    assert_non_null(schema);
    struct comparison_rig rig;
    comparison_rig_init(&rig);
    for (size_t i = 0; i < RIG_COLUMNS; i++) {
        char *text = written(&rig.runs[i]);
        struct json *result = json_parse("result", text, strlen(text), error);
        assert_non_null(result);
        schema_check(result, schema);
        json_destroy(&result);
        free(text);
    }
    json_destroy(&schema);
}

/* A case is one line, so that what a proxy does differently is a line that differs. */
static void a_case_is_a_line(void **state)
{
    (void)state;
    struct comparison_rig rig;
    comparison_rig_init(&rig);
    for (size_t i = 0; i < RIG_COLUMNS; i++) {
        char *text = written(&rig.runs[i]);
        size_t lines = 0;
        const char *end = strstr(text, "\n  }");
        for (const char *at = strstr(text, "\"cases\": {"); at < end; at = strchr(at + 1, '\n'))
            lines++;
        assert_int_equal(lines, 1 + rig.runs[i].case_count);
        free(text);
    }
}

static void ways_are_equal(const struct observation *a, const struct observation *b)
{
    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(a->level, b->level);
    assert_int_equal(a->body, b->body);
    assert_int_equal(a->after_cancel, b->after_cancel);
    assert_int_equal(a->harms, b->harms);
    assert_int_equal(a->seconds, b->seconds);
    assert_int_equal(a->times, b->times);
    assert_int_equal(a->client == NULL, b->client == NULL);
    if (a->client != NULL)
        assert_string_equal(a->client, b->client);
    assert_int_equal(a->upstream_count, b->upstream_count);
    for (size_t i = 0; i < a->upstream_count; i++) {
        assert_string_equal(a->upstreams[i].name, b->upstreams[i].name);
        assert_int_equal(a->upstreams[i].attempts, b->upstreams[i].attempts);
        assert_int_equal(a->upstreams[i].delivered, b->upstreams[i].delivered);
        assert_int_equal(a->upstreams[i].bytes, b->upstreams[i].bytes);
    }
    assert_int_equal(a->sentence_count, b->sentence_count);
}

static void cases_are_equal(const struct observed_case *a, const struct observed_case *b)
{
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->file, b->file);
    assert_int_equal(a->line, b->line);
    assert_string_equal(a->stage, b->stage);
    assert_string_equal(a->method, b->method);
    assert_int_equal(a->played, b->played);
    assert_int_equal(a->way_count, b->way_count);
    for (size_t i = 0; i < a->way_count; i++)
        ways_are_equal(&a->ways[i], &b->ways[i]);
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    struct comparison_rig rig;
    comparison_rig_init(&rig);
    for (size_t i = 0; i < RIG_COLUMNS; i++) {
        const struct observed_run *run = &rig.runs[i];
        char error[SUBJECT_JSON_ERROR_BYTES] = "";
        struct region region;
        region_init(&region, REGION_BYTES);
        char *text = written(run);
        const struct observed_run *again = parsed(text, &region, error);
        assert_string_equal(error, "");
        assert_non_null(again);
        assert_string_equal(again->subject, run->subject);
        assert_string_equal(again->version, run->version);
        assert_string_equal(again->profile, run->profile);
        assert_string_equal(again->expect, run->expect);
        assert_string_equal(again->retryproof_version, run->retryproof_version);
        assert_string_equal(again->date, run->date);
        assert_string_equal(again->reproduce, run->reproduce);
        assert_string_equal(again->settle_source, run->settle_source);
        assert_int_equal(again->settle_ns, run->settle_ns);
        assert_int_equal(again->repeat, run->repeat);
        assert_int_equal(again->case_count, run->case_count);
        for (size_t j = 0; j < run->case_count; j++)
            cases_are_equal(&again->cases[j], &run->cases[j]);
        assert_int_equal(again->configuration_count, run->configuration_count);
        for (size_t j = 0; j < run->configuration_count; j++)
            assert_string_equal(again->configuration[j], run->configuration[j]);
        assert_int_equal(again->buffering_count, run->buffering_count);
        /* What is rounded is as good as what it was: written again it is the same file. */
        char *second = written(again);
        assert_string_equal(second, text);
        free(second);
        free(text);
        region_release(&region);
    }
}

static void a_file_whose_order_was_lost_is_sorted(void **state)
{
    (void)state;
    static const char TEXT[] =
        "{\"cases\": {\"b\": {}, \"a\": {\"client\": \"502\"}}, \"date\": \"\", \"expect\": \"\", "
        "\"format\": \"" SUBJECT_JSON_FORMAT "\", \"meaning\": \"\", \"profile\": \"\", "
        "\"reproduce\": \"\", \"retryproof\": \"\", \"settle\": {}, \"subject\": \"\", "
        "\"version\": \"\"}";
    char error[SUBJECT_JSON_ERROR_BYTES] = "";
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct observed_run *run = parsed(TEXT, &region, error);
    assert_string_equal(error, "");
    assert_int_equal(run->case_count, 2);
    assert_string_equal(run->cases[0].id, "a");
    assert_string_equal(run->cases[0].ways[0].client, "502");
    assert_int_equal(run->cases[1].way_count, 1);
    assert_int_equal(run->cases[1].ways[0].verdict, VERDICT_PASS);
    assert_int_equal(run->cases[1].ways[0].level, LEVEL_INFO);
    assert_int_equal(run->cases[1].ways[0].times, 1);
    assert_int_equal(run->cases[1].played, 1);
    assert_int_equal(run->repeat, 1);
    region_release(&region);
}

/* A part of the golden file replaced, and the sentence that comes of it. */
struct refusal {
    const char *sentence;
    const char *from, *to;
    const char *expected;
};

static const struct refusal REFUSALS[] = {
    {"another format", "result/1", "result/2",
     "f.json: format: is not \"" SUBJECT_JSON_FORMAT "\", so this is no result of a subject"},
    {"no subject", "\"subject\": \"haproxy\"", "\"sobject\": \"haproxy\"",
     "f.json: subject: is missing"},
    {"a version that is a number", "\"version\": \"2.6.12\"", "\"version\": 2.6",
     "f.json: version: must be a text"},
    {"cases that are a list", "\"cases\": {", "\"cases\": [], \"x\": {",
     "f.json: cases: must be a map of ids to cases"},
    {"a case that is a text", "\"dial/refused[method=GET]\": {", "\"odd\": \"x\", \"d\": {",
     "f.json: cases.odd.the case: must be a map"},
    {"a verdict that there is none of", "\"verdict\": \"fail\"", "\"verdict\": \"bad\"",
     "f.json: cases.post-write/reused[method=POST].verdict: is no verdict"},
    {"a level that is a number", "\"level\": \"must\"", "\"level\": 1",
     "f.json: cases.post-write/reused[method=POST].level: must be must, should or info"},
    {"a body that there is none of", "\"body\": \"part\"", "\"body\": \"most\"",
     "f.json: cases.mid-write/part[at=1024].body: must be none, same, part or changed"},
    {"a harm that there is none of", "[\"cut-visible\"]", "[\"cut\"]",
     "f.json: cases.mid-copy/half[method=GET,framing=chunked].harms: names a harm that there is "
     "none of"},
    {"harms that are a text", "[\"cut-visible\"]", "\"cut-visible\"",
     "f.json: cases.mid-copy/half[method=GET,framing=chunked].harms: must be a list of texts"},
    {"a way that was never gone", "\"times\": 97", "\"times\": 0",
     "f.json: cases.post-write/reused[method=POST].times: must be from 1 to 1000000"},
    {"a way that was gone too often", "\"times\": 97", "\"times\": 1000001",
     "f.json: cases.post-write/reused[method=POST].times: must be from 1 to 1000000"},
    {"ways that were gone too often together", "\"times\": 97", "\"times\": 999998",
     "f.json: cases.post-write/reused[method=POST].times: are more than 1000000, all ways "
     "together"},
    {"no way at all", "\"ways\": [{", "\"ways\": [], \"x\": [{",
     "f.json: cases.post-write/reused[method=POST].ways: must be a list of at least one way"},
    {"an upstream with two figures", "[1, 1, 11]", "[1, 1]",
     "f.json: cases.dial/refused[method=GET].upstreams: must be a map of lists: attempts, "
     "delivered, bytes"},
    {"a number past the limit", "\"seconds\": 1", "\"seconds\": 4294967296",
     "f.json: cases.mid-write/part[at=1024].seconds: must be a whole number, at most 4294967295"},
    {"a number below zero", "\"seconds\": 1", "\"seconds\": -1",
     "f.json: cases.mid-write/part[at=1024].seconds: must be a whole number, at most 4294967295"},
    {"a size without a unit", "\"64 KiB\"", "\"64\"",
     "f.json: buffering.swallowed: must be a size such as \"64 KiB\""},
    {"a size that is a number", "\"64 KiB\"", "65536",
     "f.json: buffering.swallowed: must be a size such as \"64 KiB\""},
    {"a size past 64 bits", "\"64 KiB\"", "\"99999999999999999999 GiB\"",
     "f.json: buffering.swallowed: must be a size such as \"64 KiB\""},
    {"a settle that is a number", "\"settle\": {", "\"settle\": 1, \"x\": {",
     "f.json: settle: must be a map of ms and source"},
    {"an id that would write to the terminal", "\"dial/refused[method=GET]\": {",
     "\"\\u001b[31m\\n\": 1, \"d\": {", "f.json: cases.?[31m?.the case: must be a map"},
    {"text behind the document", "\"2.6.12\"\n}", "\"2.6.12\"\n} x",
     "f.json:67:3: end of file expected near 'x'"},
};

static void is_refused(void **state)
{
    const struct refusal *row = *state;
    char *golden = golden_read(GOLDEN_FOLDER "haproxy-default.json");
    assert_non_null(golden);
    const char *at = strstr(golden, row->from);
    assert_non_null(at);
    struct region region;
    region_init(&region, REGION_BYTES);
    const char *text = region_format(&region, "%.*s%s%s", (int)(at - golden), golden, row->to,
                                     at + strlen(row->from));
    char error[SUBJECT_JSON_ERROR_BYTES] = "";
    assert_null(parsed(text, &region, error));
    assert_string_equal(error, row->expected);
    region_release(&region);
    free(golden);
}

static void too_many_upstreams_are_refused(void **state)
{
    (void)state;
    struct region region;
    region_init(&region, REGION_BYTES);
    char *golden = golden_read(GOLDEN_FOLDER "haproxy-default.json");
    for (unsigned count = OBSERVED_UPSTREAMS_MAX; count <= OBSERVED_UPSTREAMS_MAX + 1; count++) {
        const char *upstreams = "";
        for (unsigned i = 0; i < count; i++)
            upstreams =
                region_format(&region, "%s%s\"u%u\": [1, 0, 0]", upstreams, i > 0 ? ", " : "", i);
        const char *at = strstr(golden, "\"a\": [0, 0, 0]");
        const char *behind = strstr(at, "}");
        const char *text =
            region_format(&region, "%.*s%s%s", (int)(at - golden), golden, upstreams, behind);
        char error[SUBJECT_JSON_ERROR_BYTES] = "";
        const struct observed_run *run = parsed(text, &region, error);
        if (count <= OBSERVED_UPSTREAMS_MAX)
            assert_int_equal(observation_attempts(&run->cases[0].ways[0]), count);
        else
            assert_string_equal(
                error, "f.json: cases.dial/refused[method=GET].upstreams: are more than 8");
    }
    free(golden);
    region_release(&region);
}

static void too_little_memory_is_told(void **state)
{
    (void)state;
    enum { STEP = 512, ENOUGH = 1024 * 1024 };
    char *golden = golden_read(GOLDEN_FOLDER "haproxy-default.json");
    bool read = false;
    for (size_t bytes = 0; bytes < ENOUGH && !read; bytes += STEP) {
        struct region region;
        region_init(&region, bytes);
        char error[SUBJECT_JSON_ERROR_BYTES] = "";
        read = parsed(golden, &region, error) != NULL;
        assert_true(read || strstr(error, "does not fit in the memory") != NULL);
        region_release(&region);
    }
    assert_true(read);
    free(golden);
}

static void a_file_is_read_by_its_path(void **state)
{
    (void)state;
    char error[SUBJECT_JSON_ERROR_BYTES] = "";
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct observed_run *run =
        subject_json_read(GOLDEN_FOLDER "haproxy-default.json", &region, error);
    assert_non_null(run);
    assert_string_equal(run->subject, "haproxy");
    assert_null(subject_json_read("/no/such/file", &region, error));
    assert_string_equal(error, "/no/such/file: cannot be read: No such file or directory");
    region_release(&region);
}

static void a_file_that_is_too_large_is_not_read(void **state)
{
    (void)state;
    char path[] = "/tmp/subject_json_test.XXXXXX";
    char error[SUBJECT_JSON_ERROR_BYTES] = "";
    struct region region;
    region_init(&region, REGION_BYTES);
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, (off_t)SUBJECT_JSON_BYTES_MAX + 1), 0);
    close(file);
    assert_null(subject_json_read(path, &region, error));
    assert_non_null(strstr(error, ": is larger than 64 MiB"));
    assert_int_equal(unlink(path), 0);
    region_release(&region);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(is_as_golden),
        cmocka_unit_test(every_file_is_as_documented),
        cmocka_unit_test(a_case_is_a_line),
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(a_file_whose_order_was_lost_is_sorted),
        cmocka_unit_test(too_many_upstreams_are_refused),
        cmocka_unit_test(too_little_memory_is_told),
        cmocka_unit_test(a_file_is_read_by_its_path),
        cmocka_unit_test(a_file_that_is_too_large_is_not_read),
    };
    struct CMUnitTest tests[COUNT_OF(others) + COUNT_OF(REFUSALS)];
    memcpy(tests, others, sizeof(others));
    for (size_t i = 0; i < COUNT_OF(REFUSALS); i++)
        tests[COUNT_OF(others) + i] =
            (struct CMUnitTest){.name = REFUSALS[i].sentence,
                                .test_func = is_refused,
                                .initial_state = (void *)(uintptr_t)&REFUSALS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
