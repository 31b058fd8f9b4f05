/* Aimed at result_parse() and, on what it read, at result_merge() and every report of a run. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/formats/formats.h"
#include "reports/report.h"
#include "reports/stored/result_merge.h"
#include "reports/stored/result_read.h"

enum { REGION_BYTES = 4 * 1024 * 1024, WIDTH = 80, SLOWEST = 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *written(const struct run_result *run)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    check(out != NULL);
    report_json(run, out);
    fclose(out);
    return text;
}

/* That they come to an end is all that is asked. */
static void render(const struct run_result *run)
{
    static const struct report_style STYLE = {.width = WIDTH, .slowest = SLOWEST};
    const struct events_plan plan = {run, run->case_count};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    check(out != NULL);
    report_terminal(run, &STYLE, out);
    report_matrix(run, &STYLE, out);
    report_markdown(run, out);
    report_tap(run, out);
    report_junit(run, out);
    report_github(run, out);
    events_begin(&plan, out);
    for (size_t i = 0; i < run->case_count; i++)
        events_case(&run->cases[i], out);
    events_end(run, out);
    fclose(out);
    check(strlen(text) == size);
    free(text);
}

/* Twice the same is never put together, unless there is nothing in it that could be there twice. */
static void merge(const struct run_result *run)
{
    const struct result_shard shards[] = {{"a", run}, {"b", run}};
    const struct result_merge merging = {.shards = shards, .count = COUNT_OF(shards)};
    char error[RESULT_MERGE_ERROR_BYTES] = "";
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct run_result *both = result_merge(&merging, &region, error);
    check((both == NULL) == (error[0] != '\0'));
    check(both == NULL || run->case_count == 0);
    region_release(&region);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct result_text file = {"fuzz", bytes_make(data, size)};
    char error[RESULT_READ_ERROR_BYTES] = "";
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct run_result *run = result_parse(&file, &region, error);
    check((run == NULL) == (error[0] != '\0'));
    if (run != NULL) {
        struct region larger;
        region_init(&larger, 2 * (size_t)REGION_BYTES);
        char *first = written(run);
        const struct result_text again = {"again", bytes_of(first)};
        const struct run_result *same = result_parse(&again, &larger, error);
        check(same != NULL);
        char *second = written(same);
        check(strcmp(first, second) == 0);
        free(second);
        region_release(&larger);
        render(run);
        merge(run);
        free(first);
    }
    region_release(&region);
    return 0;
}
