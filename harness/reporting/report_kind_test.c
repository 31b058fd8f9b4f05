/* What --report may say, to which command, and what --help says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "harness/reporting/report_kind.h"

static const struct {
    enum report_source source;
    const char *text;
    const char *path;  /* of what it means */
    const char *error; /* NULL: it means something */
} TEXTS[] = {
    {SOURCE_RUN, "json", NULL, NULL},
    {SOURCE_RUN, "json=a=b.json", "a=b.json", NULL},
    {SOURCE_RUN, "html=out", "out", NULL},
    {SOURCE_RUN, "pcapng=out/x.pcapng", "out/x.pcapng", NULL},
    {SOURCE_RUN, "events=e", "e", NULL},
    {SOURCE_RESULT, "tap", NULL, NULL},
    {SOURCE_EXPLORATION, "html=out", "out", NULL},
    {SOURCE_RUN, "jso", NULL, "--report: 'jso' is none of terminal, matrix, html,"},
    {SOURCE_RUN, "jsonl", NULL, "--report: 'jsonl' is none of"},
    {SOURCE_RUN, "", NULL, "--report: '' is none of"},
    {SOURCE_RUN, "json=", NULL, "--report: json[=PATH] is what can be said, not 'json='"},
    {SOURCE_RUN, "html", NULL, "--report: html=DIR is what can be said, not 'html'"},
    {SOURCE_RUN, "pcapng", NULL, "--report: pcapng=DIR is what can be said, not 'pcapng'"},
    {SOURCE_RUN, "events", NULL, "--report: events=PATH is what can be said, not 'events'"},
    {SOURCE_RESULT, "events=e", NULL, "--report: 'events=e' is none of terminal, matrix,"},
    {SOURCE_RESULT, "subject", NULL, "--report: 'subject' is none of"},
    {SOURCE_EXPLORATION, "junit", NULL,
     "--report: 'junit' is none of terminal, html, markdown, json, perhaps with =PATH"},
};

static void a_text_is_a_request_or_a_mistake(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(TEXTS); i++) {
        struct report_requests requests = {.count = 0};
        char error[REPORT_KIND_ERROR_BYTES] = "";
        const bool fine = report_requests_read(&requests, TEXTS[i].source, TEXTS[i].text, error);
        assert_int_equal(fine, TEXTS[i].error == NULL);
        assert_int_equal(requests.count, fine ? 1 : 0);
        if (!fine) {
            assert_memory_equal(error, TEXTS[i].error, strlen(TEXTS[i].error));
            continue;
        }
        const struct report_request *request = &requests.list[0];
        assert_true(report_requests_have(&requests, request->kind));
        assert_int_equal(report_requests_fill_stdout(&requests), TEXTS[i].path == NULL);
        if (TEXTS[i].path != NULL)
            assert_string_equal(request->path, TEXTS[i].path);
    }
}

/* The second of two would take the place of the first, and nobody would know. */
static void two_reports_do_not_share_a_file(void **state)
{
    static const struct {
        const char *texts[2];
        bool fine;
    } PAIRS[] = {{{"json=x", "tap=x"}, false},   {{"json=x", "json=x"}, false},
                 {{"html=x", "html=x"}, false},  {{"html=x", "json=x"}, false},
                 {{"html=x", "pcapng=x"}, true}, {{"json=x", "tap=y"}, true},
                 {{"json", "tap"}, true},        {{"tap=/dev/stderr", "matrix=/dev/stderr"}, true}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(PAIRS); i++) {
        struct report_requests requests = {.count = 0};
        char error[REPORT_KIND_ERROR_BYTES] = "";
        char expected[64];
        assert_true(report_requests_read(&requests, SOURCE_RUN, PAIRS[i].texts[0], error));
        assert_int_equal(report_requests_read(&requests, SOURCE_RUN, PAIRS[i].texts[1], error),
                         PAIRS[i].fine);
        snprintf(expected, sizeof(expected), "--report: '%s' is where another report is to go",
                 PAIRS[i].texts[1]);
        assert_string_equal(error, PAIRS[i].fine ? "" : expected);
    }
}

static void there_is_a_limit_to_them(void **state)
{
    (void)state;
    struct report_requests requests = {.count = 0};
    char error[REPORT_KIND_ERROR_BYTES] = "";
    for (size_t i = 0; i < REPORT_REQUESTS_MAX; i++)
        assert_true(report_requests_read(&requests, SOURCE_RUN, "json", error));
    assert_false(report_requests_read(&requests, SOURCE_RUN, "json", error));
    assert_string_equal(error, "--report: there can be 16 of them at most");
    assert_int_equal(requests.count, REPORT_REQUESTS_MAX);
}

/* A line for each kind that can be asked for, and for no other. */
static void help_has_a_line_for_each(void **state)
{
    static const enum report_source SOURCES[] = {SOURCE_RUN, SOURCE_RESULT, SOURCE_EXPLORATION};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(SOURCES); i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        report_kinds_tell(SOURCES[i], out);
        assert_int_equal(fclose(out), 0);
        for (size_t kind = 0; kind < REPORT_KIND_COUNT; kind++) {
            struct report_requests requests = {.count = 0};
            char error[REPORT_KIND_ERROR_BYTES];
            char asked[32];
            char told[32];
            const char *word = report_kind_word((enum report_kind)kind);
            snprintf(asked, sizeof(asked), "%s=x", word);
            snprintf(told, sizeof(told), " %s%s", word,
                     report_kind_target((enum report_kind)kind) == GOES_TO_STREAM ? "[=" : "=");
            assert_int_equal(strstr(text, told) != NULL,
                             report_requests_read(&requests, SOURCES[i], asked, error));
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_a_request_or_a_mistake),
        cmocka_unit_test(two_reports_do_not_share_a_file),
        cmocka_unit_test(there_is_a_limit_to_them),
        cmocka_unit_test(help_has_a_line_for_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
