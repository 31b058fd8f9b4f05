/* Aimed at subject_json_parse() and, on what it read, subject_json_write() and the comparison. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/subjects/comparison.h"
#include "reports/subjects/subject_json.h"

enum { REGION_BYTES = 4 * 1024 * 1024, WIDTH = 80 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *written(const struct observed_run *run)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    check(out != NULL);
    subject_json_write(run, out);
    fclose(out);
    return text;
}

/* What two equal runs side by side look like; that they do is all that is asked. */
static void render(const struct observed_run *run)
{
    static const struct report_style STYLE = {.width = WIDTH};
    const struct observed_run *const runs[] = {run, run};
    const struct comparison_input input = {runs, COUNT_OF(runs)};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    check(out != NULL);
    comparison_terminal(&input, &STYLE, out);
    comparison_markdown(&input, out);
    comparison_harms(&input, &STYLE, out);
    const bool found = comparison_explain(&input, "", &STYLE, out);
    check(found == (run->case_count > 0));
    const bool alike = comparison_changes(run, run, &STYLE, out);
    check(alike);
    fclose(out);
    check(strlen(text) == size);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct subject_json_text file = {"fuzz", bytes_make(data, size)};
    char error[SUBJECT_JSON_ERROR_BYTES] = "";
    struct region region;
    region_init(&region, REGION_BYTES);
    const struct observed_run *run = subject_json_parse(&file, &region, error);
    check((run == NULL) == (error[0] != '\0'));
    if (run != NULL) {
        struct region larger;
        region_init(&larger, 2 * (size_t)REGION_BYTES);
        char *first = written(run);
        const struct subject_json_text again = {"again", bytes_of(first)};
        const struct observed_run *same = subject_json_parse(&again, &larger, error);
        check(same != NULL);
        char *second = written(same);
        check(strcmp(first, second) == 0);
        free(second);
        region_release(&larger);
        render(run);
        free(first);
    }
    region_release(&region);
    return 0;
}
