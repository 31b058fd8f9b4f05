/* A result that was written is read back as it was, and what is no result is refused with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/formats/formats.h"
#include "reports/golden_rig.h"
#include "reports/report.h"
#include "reports/stored/result_read.h"

enum { REGION_BYTES = 16 * 1024 * 1024 };

#define GOLDEN_FOLDER "reports/golden/"

typedef void renderer(const struct run_result *run, FILE *out);

static char *rendered(const struct run_result *run, renderer *render)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    render(run, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void matrix_plain(const struct run_result *run, FILE *out)
{
    static const struct report_style style = {.width = 100};
    report_matrix(run, &style, out);
}

static void terminal_plain(const struct run_result *run, FILE *out)
{
    static const struct report_style style = {.width = 100};
    report_terminal(run, &style, out);
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    struct region region;
    char error[RESULT_READ_ERROR_BYTES] = "";
    region_init(&region, REGION_BYTES);
    const struct run_result *run = result_read(GOLDEN_FOLDER "result.json", &region, error);
    assert_string_equal(error, "");
    assert_non_null(run);
    char *written = rendered(run, report_json);
    char *golden = golden_read(GOLDEN_FOLDER "result.json");
    assert_string_equal(written, golden);
    free(golden);
    free(written);
    region_release(&region);
}

/* From a file as from the run itself; but for the one byte that is no UTF-8, which JSON cannot hold. */
static void every_report_can_be_made_later(void **state)
{
    static const struct {
        const char *file;
        renderer *render;
    } ALL[] = {{"terminal.txt", terminal_plain}, {"matrix.txt", matrix_plain},
               {"result.tap", report_tap},       {"run.md", report_markdown},
               {"junit.xml", report_junit},      {"github.txt", report_github}};
    (void)state;
    struct region region;
    char error[RESULT_READ_ERROR_BYTES] = "";
    region_init(&region, REGION_BYTES);
    const struct run_result *run = result_read(GOLDEN_FOLDER "result.json", &region, error);
    assert_non_null(run);
    for (size_t i = 0; i < COUNT_OF(ALL); i++) {
        char path[64];
        snprintf(path, sizeof(path), GOLDEN_FOLDER "%s", ALL[i].file);
        char *golden = golden_read(path);
        char *written = rendered(run, ALL[i].render);
        size_t lines = 0;
        size_t alike = 0;
        char *golden_rest = golden;
        char *written_rest = written;
        for (;; lines++) {
            const char *expected = strsep(&golden_rest, "\n");
            const char *found = strsep(&written_rest, "\n");
            assert_int_equal(expected == NULL, found == NULL);
            if (expected == NULL)
                break;
            alike += strcmp(expected, found) == 0;
            if (strcmp(expected, found) != 0 && strstr(found, "\xEF\xBF\xBD") == NULL)
                fail_msg("%s: %s\nnow    %s", ALL[i].file, expected, found);
        }
        assert_true(alike > lines / 2);
        free(golden);
        free(written);
    }
    region_release(&region);
}

#define RUN_OF(rest)                                                                     \
    "\"run\":{\"command\":\"c\",\"elapsed_ns\":1,\"exit_code\":0,\"interrupted\":false," \
    "\"repetitions\":0,\"seed\":\"1\"," rest                                             \
    "\"started_unix\":2,\"version\":\"v\",\"worlds\":\"sim\"}"
#define RUN    RUN_OF("") /* as older programs wrote it: without shards */
#define SCHEMA "\"schema\":\"retryproof-result-2\""
#define CASE(verdict, rest)                                                                       \
    "{\"attempts\":1,\"client\":null,\"delivered\":0,\"duration_ns\":0,\"fault\":\"f\",\"file\":" \
    "\"x\",\"id\":\"i\",\"level\":\"must\",\"line\":1,\"method\":\"GET\",\"name\":\"n\"," rest    \
    "\"reproduce\":null,\"seed\":\"1\",\"sentences\":[],\"source\":null,\"stage\":\"dial\","      \
    "\"story\":[],\"subject\":\"builtin\",\"trace_hash\":\"0\",\"verdict\":\"" verdict            \
    "\",\"world\":\"sim\"}"
#define WHOLE(cases) "{" RUN "," SCHEMA ",\"facts\":[],\"files\":[],\"cases\":[" cases "]}"
#define WHOLE_OF(shards) \
    "{" RUN_OF("\"shards\":" shards ",") "," SCHEMA ",\"facts\":[],\"files\":[],\"cases\":[]}"
#define NUMBERS_WRONG "f: run.shards.numbers: must be "
#define PLACE         "\"place\":0,\"recording\":null,"

static const struct {
    const char *text;
    const char *error; /* NULL: it is a result */
} MISTAKES[] = {
    {WHOLE(""), NULL},
    {WHOLE(CASE("pass", PLACE)), NULL},
    {WHOLE(CASE("pass", "\"place\":0,\"recording\":{\"a\" : [1]},")), NULL},
    {WHOLE_OF("{\"cases\":9,\"numbers\":[1,3],\"of\":3}"), NULL},
    {WHOLE_OF("null"), NULL},
    {WHOLE_OF("{\"cases\":9,\"numbers\":[1],\"of\":100001}"),
     "f: run.shards.of: must be at most 100000"},
    {WHOLE_OF("{\"cases\":9,\"numbers\":[1],\"of\":1}"),
     NUMBERS_WRONG "a list of some of the shards"},
    {WHOLE_OF("{\"cases\":9,\"numbers\":[],\"of\":3}"),
     NUMBERS_WRONG "a list of some of the shards"},
    {WHOLE_OF("{\"cases\":9,\"numbers\":[1,2,3,4],\"of\":3}"),
     NUMBERS_WRONG "a list of some of the shards"},
    {WHOLE_OF("{\"cases\":9,\"numbers\":[3,1],\"of\":3}"),
     NUMBERS_WRONG "rising numbers of shards, from 1"},
    {WHOLE_OF("{\"cases\":9,\"numbers\":[0],\"of\":3}"),
     NUMBERS_WRONG "rising numbers of shards, from 1"},
    {WHOLE_OF("{\"cases\":9,\"numbers\":[4],\"of\":3}"),
     NUMBERS_WRONG "rising numbers of shards, from 1"},
    {WHOLE_OF("{\"numbers\":[1],\"of\":3}"),
     "f: run.shards.cases: must be a whole number that is not negative"},
    {WHOLE(CASE("pass", "\"finding_line\":7," PLACE)), NULL},
    {WHOLE(CASE("pass", "\"finding_line\":-1," PLACE)),
     "f: cases[0].finding_line: must be a whole number that is not negative"},
    {"", "f:1:0: "},
    {"[]", "f: schema: is missing, so this is no result of a run"},
    {"{\"schema\":\"retryproof-result-1\"}", "f: schema: is \"retryproof-result-1\", and not "
                                             "\"retryproof-result-2\": an older retryproof wrote "
                                             "it, run the cases again"},
    {"{\"schema\":\"a\\u001b[31m\"}", "f: schema: is \"a?[31m\", and not \"retryproof-result-2\""},
    {"{" SCHEMA "}", "f: run.version: must be a text"},
    {"{" SCHEMA "," RUN "}", "f: facts: must be a list"},
    {"{" SCHEMA "," RUN ",\"facts\":[1]}", "f: facts[0].name: must be a text"},
    {"{" SCHEMA "," RUN ",\"facts\":[]}", "f: files: must be a list"},
    {"{" SCHEMA "," RUN ",\"facts\":[],\"files\":[{\"path\":\"a\"}]}",
     "f: files[0].text: must be a text"},
    {"{" SCHEMA "," RUN ",\"facts\":[],\"files\":[]}", "f: cases: must be a list"},
    {WHOLE(CASE("pass", PLACE) ",{}"), "f: cases[1].id: must be a text"},
    {WHOLE(CASE("maybe", PLACE)), "f: cases[0].verdict: is no word that is known here"},
    {WHOLE(CASE("pass", "\"recording\":null,")),
     "f: cases[0].place: must be a whole number that is not negative"},
    {WHOLE(CASE("pass", "\"place\":0,\"recording\":[],")),
     "f: cases[0].recording: must be a map, or null"},
};

static void what_is_no_result_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++) {
        const struct result_text file = {"f", bytes_of(MISTAKES[i].text)};
        struct region region;
        char error[RESULT_READ_ERROR_BYTES] = "";
        region_init(&region, REGION_BYTES);
        const struct run_result *run = result_parse(&file, &region, error);
        assert_int_equal(run != NULL, MISTAKES[i].error == NULL);
        if (run == NULL && strncmp(error, MISTAKES[i].error, strlen(MISTAKES[i].error)) != 0)
            fail_msg("%s\nexpected %s", error, MISTAKES[i].error);
        region_release(&region);
    }
}

static void a_recording_is_one_line_whoever_laid_it_out(void **state)
{
    (void)state;
    const struct result_text file = {
        "f", bytes_of(WHOLE(CASE("pass", "\"place\":3,\"recording\":{\"b\": 2,\n \"a\" : [1]},")))};
    struct region region;
    char error[RESULT_READ_ERROR_BYTES] = "";
    region_init(&region, REGION_BYTES);
    const struct run_result *run = result_parse(&file, &region, error);
    assert_non_null(run);
    assert_string_equal(run->cases[0].recording, "{\"a\":[1],\"b\":2}");
    assert_int_equal(run->cases[0].place, 3);
    region_release(&region);
}

static void a_region_that_is_too_small_is_a_sentence(void **state)
{
    (void)state;
    struct region region;
    char error[RESULT_READ_ERROR_BYTES] = "";
    for (size_t size = 0; size < 16 * 1024; size += 1024) {
        region_init(&region, size);
        assert_null(result_read(GOLDEN_FOLDER "result.json", &region, error));
        assert_non_null(strstr(error, "does not fit in the memory that is there for it"));
        region_release(&region);
    }
    region_init(&region, REGION_BYTES);
    assert_null(result_read("nowhere.json", &region, error));
    assert_string_equal(error, "nowhere.json: cannot be read: No such file or directory");
    region_release(&region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(every_report_can_be_made_later),
        cmocka_unit_test(what_is_no_result_is_refused_with_its_place),
        cmocka_unit_test(a_recording_is_one_line_whoever_laid_it_out),
        cmocka_unit_test(a_region_that_is_too_small_is_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
