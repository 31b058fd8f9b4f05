/*
 * The data of the page byte for byte against reports/html/golden (RETRYPROOF_UPDATE_GOLDEN=1 writes them anew), and the weight
 * of a large page. That data come back as they were put is for pages/page_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports/golden_rig.h"
#include "reports/html/html_data.h"
#include "reports/recording/recording_rig.h"
#include "world/data/json.h"

#define GOLDEN_FOLDER "reports/html/golden/"

static const char *const FINDINGS[] = {
    "POST /pay reached upstreams 2 times, expected 1: attempt 2 at +3.1 ms on b",
    "a peer sent </script> and \x01"};
static const char *const STORY[] = {"+0.0 ms  client   POST /pay HTTP/1.1, 11 body bytes"};

static struct case_result EXAMPLE_CASES[] = {
    {.id = "post-write/once[method=POST,end=fin]",
     .name = "a POST whose bytes reached the upstream is never sent again",
     .file = "scenarios/post-write/once.yaml",
     .line = 1,
     .stage = "post-write",
     .fault = "end=fin",
     .method = "POST",
     .world = "sim",
     .subject = "builtin",
     .source = "RFC 9110 9.2.2",
     .level = LEVEL_MUST,
     .verdict = VERDICT_FAIL,
     .sentences = FINDINGS,
     .sentence_count = COUNT_OF(FINDINGS),
     .client = "200",
     .attempts = 2,
     .delivered = 2,
     .duration_ns = 3200000,
     .seed = UINT64_MAX,
     .trace_hash = 0x0123456789abcdef,
     .reproduce = "retryproof run --world sim --seed 7 'scenarios/post-write/once.yaml'",
     .story = STORY,
     .story_count = COUNT_OF(STORY)},
    {.id = "dial/refused[method=GET]",
     .name = "a refused dial is retried",
     .file = "scenarios/dial/refused.yaml",
     .line = 3,
     .stage = "dial",
     .fault = "refused",
     .method = "GET",
     .world = "sockets",
     .subject = "builtin",
     .level = LEVEL_SHOULD,
     .verdict = VERDICT_UNSUPPORTED},
};

static const struct run_file FILES[] = {
    {"scenarios/post-write/once.yaml", "name: \"a POST\"\nstage: post-write\n"}};
static const struct run_fact FACTS[] = {{"kernel", "Linux 6.1.0 x86_64"}, {"OpenSSL", "3.0.11"}};

static struct run_result example_run(void)
{
    return (struct run_result){.cases = EXAMPLE_CASES,
                               .case_count = COUNT_OF(EXAMPLE_CASES),
                               .version = "0.1.0",
                               .command = "retryproof run --report html=out scenarios",
                               .worlds = "sim, sockets",
                               .seed = 7,
                               .elapsed_ns = 310000000,
                               .started_unix = 1763769600,
                               .repetitions = 1,
                               .files = FILES,
                               .file_count = COUNT_OF(FILES),
                               .facts = FACTS,
                               .fact_count = COUNT_OF(FACTS)};
}

static const char DOCUMENT[] = "{\"schema\": \"retryproof-exploration-1\"}";
static const struct html_document DOCUMENTS[] = {
    {"an \"exploration\"", "retryproof-exploration-1", DOCUMENT, sizeof(DOCUMENT) - 1}};

/* Text written by one of the functions; to be freed. */
static char *index_of(const struct html_report *report)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    html_data_index(report, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static char *cases_of(const struct run_result *run, size_t chunk)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    html_data_cases(run, chunk, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static struct json *parsed(const char *text)
{
    char error[JSON_ERROR_BYTES];
    struct json *json = json_parse("data", text, strlen(text), error);

    if (json == NULL)
        fail_msg("%s", error);
    return json;
}

/* ---- what the data say --------------------------------------------------------------------------- */

static void the_index_is_as_the_golden_file(void **state)
{
    (void)state;
    const struct run_result run = example_run();
    char *text = index_of(&(struct html_report){&run, DOCUMENTS, COUNT_OF(DOCUMENTS)});
    struct json *json = parsed(text);

    golden_compare(GOLDEN_FOLDER "index.json", text);
    json_destroy(&json);
    free(text);
}

static void documents_alone_make_an_index_without_a_run(void **state)
{
    (void)state;
    char *text = index_of(&(struct html_report){NULL, DOCUMENTS, COUNT_OF(DOCUMENTS)});

    golden_compare(GOLDEN_FOLDER "index-documents.json", text);
    free(text);
}

static void cases_have_their_sentences_and_story(void **state)
{
    (void)state;
    const struct run_result run = example_run();
    char *text = cases_of(&run, 0);
    struct json *json = parsed(text);

    golden_compare(GOLDEN_FOLDER "cases.json", text);
    json_destroy(&json);
    free(text);
}

static void a_recorded_case_has_its_recording_verbatim(void **state)
{
    (void)state;
    struct region region;
    struct run_result run = example_run();
    struct case_result recorded = EXAMPLE_CASES[0];

    region_init(&region, 1u << 20);
    recorded.recording = recording_write(&RIG_RECORDING, &region);
    run.cases = &recorded;
    run.case_count = 1;
    char *text = cases_of(&run, 0);
    const char *recording = strstr(text, "\"recording\":");
    assert_non_null(recording);
    assert_memory_equal(recording + strlen("\"recording\":"), recorded.recording,
                        strlen(recorded.recording));
    struct json *json = parsed(text);
    assert_true(json_is_map(json_get(json_at(json, 0), "recording")));
    json_destroy(&json);
    region_release(&region);
    free(text);
}

static void chunks_hold_all_cases_in_their_order(void **state)
{
    (void)state;
    enum { CASES = 2 * HTML_CHUNK_CASES + 1 };
    static const size_t SIZES[] = {HTML_CHUNK_CASES, HTML_CHUNK_CASES, 1};
    struct run_result run = example_run();

    run.case_count = CASES;
    run.cases = calloc(CASES, sizeof(*run.cases));
    assert_non_null(run.cases);
    for (size_t i = 0; i < CASES; i++)
        run.cases[i] = EXAMPLE_CASES[1];
    assert_int_equal(html_data_chunks(&run), COUNT_OF(SIZES));
    for (size_t i = 0; i < COUNT_OF(SIZES); i++) {
        char *text = cases_of(&run, i);
        struct json *json = parsed(text);

        assert_int_equal(json_count(json), SIZES[i]);
        json_destroy(&json);
        free(text);
    }
    run.case_count = 0;
    assert_int_equal(html_data_chunks(&run), 0);
    free(run.cases);
}

/* ---- the document -------------------------------------------------------------------------------- */

struct title_row {
    const char *sentence;
    size_t cases; /* of the example */
    bool with_run, with_document;
    const char *title;
};

static const struct title_row TITLES[] = {
    {"a failed case is told first", 2, true, false,
     "<title>1 failed of 2 cases - retryproof</title>"},
    {"one case is one case", 1, true, false, "<title>1 failed of 1 case - retryproof</title>"},
    {"a run without cases has a title", 0, true, true,
     "<title>0 cases, none failed - retryproof</title>"},
    {"a document alone is the title", 0, false, true,
     "<title>an &quot;exploration&quot; - retryproof</title>"},
    {"nothing at all has a title", 0, false, false, "<title>report - retryproof</title>"},
};

static void the_title_tells(void **state)
{
    const struct title_row *row = *state;
    struct run_result run = example_run();
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    run.case_count = row->cases;
    assert_true(html_report_write(
        &(struct html_report){row->with_run ? &run : NULL, DOCUMENTS, row->with_document}, out));
    fclose(out);
    assert_non_null(strstr(text, row->title));
    assert_non_null(strstr(text, "id=\"data-index\""));
    assert_int_equal(strstr(text, "id=\"data-cases-0\"") != NULL, row->cases > 0);
    assert_int_equal(strstr(text, "id=\"data-document-0\"") != NULL, row->with_document);
    free(text);
}

/* ---- its weight ---------------------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *random)
{
    *random = *random * 1664525 + 1013904223;
    return *random >> 16;
}

/* Another case like the rig's: other times, ports and bodies, so that no compressor can take one for the other. */
static const char *vary(uint32_t seed, struct region *region)
{
    struct recording_event events[COUNT_OF(RIG_EVENTS)];
    struct recording_connection connections[COUNT_OF(RIG_CONNECTIONS)];
    char addresses[COUNT_OF(RIG_CONNECTIONS)][32];
    uint8_t post[sizeof(RIG_POST_FORWARDED) - 1];
    struct case_recording recording = RIG_RECORDING;
    uint32_t random = seed;
    uint64_t late_ns = 0;

    memcpy(events, RIG_EVENTS, sizeof(events));
    memcpy(connections, RIG_CONNECTIONS, sizeof(connections));
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        late_ns += next_random(&random);
        events[i].at_ns += late_ns;
    }
    for (size_t i = 0; i < COUNT_OF(connections); i++) {
        snprintf(addresses[i], sizeof(addresses[i]), "127.0.0.1:%u",
                 32768 + next_random(&random) % 28000);
        connections[i].client_address = addresses[i];
    }
    memcpy(post, RIG_POST_FORWARDED, sizeof(post));
    for (size_t i = sizeof(post) - 11; i < sizeof(post); i++)
        post[i] = (uint8_t)next_random(&random);
    connections[RIG_A_RESET].streams[WAY_UP].data = post;
    recording.events = events;
    recording.connections = connections;
    return recording_write(&recording, region);
}

static void a_page_of_5000_recorded_cases_can_be_mailed(void **state)
{
    (void)state;
    enum { CASES = 5000, ID_BYTES = 96 };
    struct region region;
    struct run_result run = example_run();
    char *text = NULL;
    size_t size = 0;

    region_init(&region, 512u << 20);
    run.case_count = CASES;
    run.cases = calloc(CASES, sizeof(*run.cases));
    assert_non_null(run.cases);
    for (uint32_t i = 0; i < CASES; i++) {
        run.cases[i] = EXAMPLE_CASES[0];
        run.cases[i].id =
            region_format(&region, "post-write/sentence-%u[method=POST,at=%u]", i / 8, i);
        run.cases[i].seed = (uint64_t)i * UINT64_C(0x9E3779B97F4A7C15);
        run.cases[i].trace_hash = ~run.cases[i].seed;
        run.cases[i].recording = vary(i, &region);
        assert_non_null(run.cases[i].recording);
    }
    FILE *out = open_memstream(&text, &size);
    assert_true(html_report_write(&(struct html_report){.run = &run}, out));
    fclose(out);
    print_message("%zu bytes of page for %d cases\n", size, CASES);
    assert_true(size > 1000 * 1000);
    assert_true(size < HTML_REPORT_BYTES_5000);
    free(text);
    free(run.cases);
    region_release(&region);
}

/* ---- the folder ---------------------------------------------------------------------------------- */

static bool is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static void a_folder_is_made_and_its_page_replaced(void **state)
{
    (void)state;
    char base[] = "/tmp/retryproof-html.XXXXXX";
    char folder[64];
    char page[96];
    char error[HTML_REPORT_ERROR_BYTES];
    const struct run_result run = example_run();
    const struct html_report reports[] = {{&run, NULL, 0}, {NULL, DOCUMENTS, 1}};

    assert_non_null(mkdtemp(base));
    snprintf(folder, sizeof(folder), "%s/html", base);
    snprintf(page, sizeof(page), "%s/index.html", folder);
    for (size_t i = 0; i < COUNT_OF(reports); i++) {
        char *text;

        assert_true(html_report_write_folder(&reports[i], folder, error));
        text = golden_read(page);
        assert_non_null(text);
        assert_int_equal(strstr(text, "an &quot;exploration&quot;") != NULL, i == 1);
        free(text);
    }
    unlink(page);
    assert_int_equal(rmdir(folder), 0); /* nothing else was left in it */
    assert_int_equal(rmdir(base), 0);
}

static void what_cannot_be_written_is_told_and_leaves_the_old_page(void **state)
{
    (void)state;
    char base[] = "/tmp/retryproof-html.XXXXXX";
    char path[96];
    char error[HTML_REPORT_ERROR_BYTES];
    const struct html_report report = {NULL, DOCUMENTS, 1};

    assert_non_null(mkdtemp(base));
    snprintf(path, sizeof(path), "%s/not/there", base);
    assert_false(html_report_write_folder(&report, path, error));
    assert_non_null(strstr(error, "not/there: No such file"));
    /* A folder that stands where the page should cannot be replaced by it. */
    snprintf(path, sizeof(path), "%s/index.html", base);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_false(html_report_write_folder(&report, base, error));
    assert_non_null(strstr(error, "index.html: Is a directory"));
    assert_false(is_file(path));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(base), 0); /* the temporary file is gone */
}

/* Writes the page, and stands in the midst of it until somebody reads: its temporary file is a pipe. */
static void write_into_a_pipe(const char *folder, int ready)
{
    char temporary[96];
    char error[HTML_REPORT_ERROR_BYTES];
    const struct html_report report = {NULL, DOCUMENTS, 1};

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
    snprintf(temporary, sizeof(temporary), "%s/index.html.%ld", folder, (long)getpid());
    if (mkfifo(temporary, S_IRWXU) != 0 || write(ready, temporary, sizeof(temporary)) < 0)
        _exit(1);
    _exit(html_report_write_folder(&report, folder, error) ? 0 : 1);
}

static void an_interruption_waits_until_the_page_stands(void **state)
{
    (void)state;
    char base[] = "/tmp/retryproof-html.XXXXXX";
    char page[64];
    char temporary[96];
    char bytes[4096];
    int ends[2];
    int status;

    assert_non_null(mkdtemp(base));
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        write_into_a_pipe(base, ends[1]);
    assert_int_equal(read(ends[0], temporary, sizeof(temporary)), sizeof(temporary));
    const int in = open(temporary, O_RDONLY | O_CLOEXEC);
    assert_true(in >= 0);
    assert_int_equal(kill(child, SIGINT), 0);
    while (read(in, bytes, sizeof(bytes)) > 0)
        continue;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    close(in);
    close(ends[0]);
    close(ends[1]);
    snprintf(page, sizeof(page), "%s/index.html", base);
    assert_int_equal(unlink(page), 0);
    assert_int_equal(rmdir(base), 0); /* nothing else was left in it */
}

int main(void)
{
    enum { OTHER_TESTS = 9 };
    const struct CMUnitTest others[OTHER_TESTS] = {
        cmocka_unit_test(the_index_is_as_the_golden_file),
        cmocka_unit_test(documents_alone_make_an_index_without_a_run),
        cmocka_unit_test(cases_have_their_sentences_and_story),
        cmocka_unit_test(a_recorded_case_has_its_recording_verbatim),
        cmocka_unit_test(chunks_hold_all_cases_in_their_order),
        cmocka_unit_test(a_page_of_5000_recorded_cases_can_be_mailed),
        cmocka_unit_test(a_folder_is_made_and_its_page_replaced),
        cmocka_unit_test(what_cannot_be_written_is_told_and_leaves_the_old_page),
        cmocka_unit_test(an_interruption_waits_until_the_page_stands),
    };
    struct CMUnitTest tests[OTHER_TESTS + COUNT_OF(TITLES)];

    memcpy(tests, others, sizeof(others));
    for (size_t i = 0; i < COUNT_OF(TITLES); i++)
        tests[OTHER_TESTS + i] =
            (struct CMUnitTest){.name = TITLES[i].sentence,
                                .test_func = the_title_tells,
                                .initial_state = (void *)(uintptr_t)&TITLES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
