#include "harness/reporting/report_output.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/formats/formats.h"
#include "reports/pcapng/pcapng_run.h"
#include "reports/subjects/comparison.h"
#include "reports/subjects/subject_json.h"
#include "reports/whole_file.h"

static const char CAPTURE_SUFFIX[] = ".pcapng";

/* Always false. */
static bool tell_error(const char *path)
{
    fprintf(stderr, "retryproof: %s: %s\n", path, strerror(errno));
    return false;
}

/* ---- streams -------------------------------------------------------------------------------- */

/* Where so few cases ran, each of them was seen. */
static size_t slowest_of(const struct report_output *output)
{
    if (output->slowest != SLOWEST_NOT_SAID)
        return (size_t)output->slowest;
    return output->quiet || run_count(output->run).ran <= SLOWEST_DEFAULT ? 0 : SLOWEST_DEFAULT;
}

/* Of another proxy what it did is the point, and not whether that was expected. */
static void render_matrix(const struct report_output *output, const struct report_style *style,
                          FILE *out)
{
    const struct observed_run *const runs[] = {output->observed};
    const struct comparison_input input = {runs, COUNT_OF(runs)};
    if (output->observed == NULL) {
        report_matrix(output->run, style, out);
        return;
    }
    comparison_terminal(&input, style, out);
    comparison_harms(&input, style, out);
}

/* Pages and captures hold what was recorded of every case; a result that held it too would be twenty times as large. */
static void write_result(const struct report_output *output, FILE *out)
{
    const struct run_result *run = output->run;
    struct run_result brief = *run;
    brief.cases =
        output->result_is_brief ? calloc(run->case_count + 1, sizeof(*brief.cases)) : NULL;
    for (size_t i = 0; brief.cases != NULL && i < run->case_count; i++) {
        brief.cases[i] = run->cases[i];
        if (!case_has_findings(&brief.cases[i]))
            brief.cases[i].recording = NULL;
    }
    report_json(brief.cases != NULL ? &brief : run, out);
    free(brief.cases);
}

void report_output_render(const struct report_output *output, enum report_kind kind, FILE *out)
{
    const struct report_style style = {
        .colour = out == stdout && console_has_colour(stdout, output->colour),
        .width = out == stdout ? console_width(stdout) : CONSOLE_WIDTH_DEFAULT,
        .slowest = kind == REPORT_TERMINAL ? slowest_of(output) : 0};
    switch (kind) {
    case REPORT_TERMINAL:
        report_terminal(output->run, &style, out);
        break;
    case REPORT_MATRIX:
        render_matrix(output, &style, out);
        break;
    case REPORT_MARKDOWN:
        report_markdown(output->run, out);
        break;
    case REPORT_GITHUB:
        report_github(output->run, out);
        break;
    case REPORT_JUNIT:
        report_junit(output->run, out);
        break;
    case REPORT_TAP:
        report_tap(output->run, out);
        break;
    case REPORT_JSON:
        write_result(output, out);
        break;
    case REPORT_SUBJECT:
        subject_json_write(output->observed, out);
        break;
    case REPORT_HTML:
    case REPORT_EVENTS:
    case REPORT_PCAPNG:
    case REPORT_KIND_COUNT:
        check(false);
    }
}

static bool render_to_file(const struct report_output *output, enum report_kind kind,
                           const char *path)
{
    struct whole_file file;
    if (!whole_file_open(&file, path))
        return tell_error(path);
    report_output_render(output, kind, file.out);
    return whole_file_close(&file) || tell_error(path);
}

/* Behind what is there, which others have written. */
static bool append_to_file(const struct report_output *output, enum report_kind kind,
                           const char *path)
{
    FILE *out = fopen(path, "ae");
    if (out == NULL)
        return tell_error(path);
    report_output_render(output, kind, out);
    bool fine = ferror(out) == 0;
    fine = fclose(out) == 0 && fine;
    return fine || tell_error(path);
}

/* ---- folders -------------------------------------------------------------------------------- */

/* Every folder on the way; one that is there already is as good. */
static void make_folders_above(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, S_IRWXU | S_IRWXG | S_IRWXO); /* as the umask has it */
        *slash = '/';
    }
}

bool report_output_page(const struct html_report *page, const char *folder)
{
    char error[HTML_REPORT_ERROR_BYTES];
    make_folders_above(folder);
    const bool fine = html_report_write_folder(page, folder, error);
    if (!fine)
        fprintf(stderr, "retryproof: %s\n", error);
    return fine;
}

static bool write_page(const struct report_output *output, const char *folder)
{
    const struct html_report page = {
        .run = output->run,
        .documents = output->documents != NULL ? output->documents->list : NULL,
        .document_count = output->documents != NULL ? output->documents->count : 0};
    return report_output_page(&page, folder);
}

/* Those that are missing, so that nobody takes the rest for all. */
static void tell_left_out(const char *path, const struct pcapng_outcome *outcome)
{
    for (size_t i = 0; i < outcome->left_out && i < PCAPNG_REASONS_MAX; i++)
        fprintf(stderr, "retryproof: %s: left out: %s\n", path, outcome->reasons[i]);
    if (outcome->left_out > PCAPNG_REASONS_MAX)
        fprintf(stderr, "retryproof: %s: and %zu more cases are left out\n", path,
                outcome->left_out - PCAPNG_REASONS_MAX);
}

static bool write_captures(const struct report_output *output, const char *path)
{
    const size_t size = strlen(path);
    const size_t suffix = strlen(CAPTURE_SUFFIX);
    char error[PCAPNG_ERROR_BYTES];
    struct pcapng_outcome outcome;
    const bool one = size > suffix && strcmp(path + size - suffix, CAPTURE_SUFFIX) == 0;
    make_folders_above(path);
    const bool fine = one ? pcapng_write_file(output->run, path, &outcome, error)
                          : pcapng_write_folder(output->run, path, &outcome, error);
    tell_left_out(path, &outcome);
    if (!fine)
        fprintf(stderr, "retryproof: %s\n", error);
    else if (outcome.written + outcome.left_out == 0)
        fprintf(stderr, "retryproof: %s: no case was recorded, so there is nothing to capture\n",
                path);
    return fine && outcome.left_out == 0;
}

/* ---- what was asked for --------------------------------------------------------------------- */

static bool write_one(const struct report_output *output, const struct report_request *request)
{
    switch (request->kind) {
    case REPORT_EVENTS:
        return true;
    case REPORT_HTML:
        return write_page(output, request->path);
    case REPORT_PCAPNG:
        return write_captures(output, request->path);
    default:
        break;
    }
    if (request->kind == REPORT_SUBJECT && request->path != NULL && output->run->interrupted) {
        fprintf(stderr, "retryproof: %s is not written: the run was interrupted\n", request->path);
        return true;
    }
    if (request->path != NULL)
        return render_to_file(output, request->kind, request->path);
    report_output_render(output, request->kind, stdout);
    return true;
}

bool report_output_write(const struct report_output *output, const struct report_requests *requests)
{
    bool fine = true;
    for (size_t i = 0; i < requests->count; i++)
        fine = write_one(output, &requests->list[i]) && fine;
    return fine;
}

bool report_output_for_ci(const struct report_output *output,
                          const struct report_requests *requests)
{
    const char *actions = console_variable("GITHUB_ACTIONS");
    const char *summary = console_variable("GITHUB_STEP_SUMMARY");
    const bool on_github = actions != NULL && strcmp(actions, "true") == 0;
    if (on_github && !report_requests_have(requests, REPORT_GITHUB))
        report_github(output->run, report_requests_fill_stdout(requests) ? stderr : stdout);
    if (summary == NULL || report_requests_have(requests, REPORT_MARKDOWN))
        return true;
    return append_to_file(output, REPORT_MARKDOWN, summary);
}
