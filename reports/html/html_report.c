#include "reports/html/html_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pages/page.h"
#include "reports/html/html_data.h"
#include "reports/text.h"
#include "reports/whole_file.h"

enum { TITLE_BYTES = 256 };

static const char FILE_NAME[] = "index.html";

/* ---- the document -------------------------------------------------------------------------------- */

/* What a browser's tab and its history tell first: "2 failed of 412 cases". */
static void make_title(const struct html_report *report, char title[TITLE_BYTES])
{
    char count[TEXT_COUNT_BYTES];
    char total[TEXT_COUNT_BYTES + sizeof(" cases")];
    char failed[TEXT_COUNT_BYTES];

    if (report->run == NULL) {
        snprintf(title, TITLE_BYTES, "%.200s - retryproof",
                 report->document_count > 0 ? report->documents[0].title : "report");
        return;
    }
    const struct verdict_counts counts = run_count(report->run);
    snprintf(total, sizeof(total), "%s %s", text_count(counts.total, count),
             counts.total == 1 ? "case" : "cases");
    text_count(counts.by_verdict[VERDICT_FAIL] + counts.by_verdict[VERDICT_SETUP_FAILED] +
                   counts.by_verdict[VERDICT_ERROR],
               failed);
    if (strcmp(failed, "0") == 0)
        snprintf(title, TITLE_BYTES, "%s, none failed - retryproof", total);
    else
        snprintf(title, TITLE_BYTES, "%s failed of %s - retryproof", failed, total);
}

/* Text that grows, of one piece of data after the other in the same memory. */
struct memory {
    char *text;
    size_t size;
    FILE *out;
};

static bool memory_open(struct memory *memory)
{
    *memory = (struct memory){0};
    memory->out = open_memstream(&memory->text, &memory->size);
    return memory->out != NULL;
}

/* Puts what was written under the id, and begins anew. */
static bool memory_put(struct memory *memory, const char *id, FILE *out)
{
    const bool whole = fflush(memory->out) == 0 && ferror(memory->out) == 0 &&
                       page_put_data(id, memory->text, memory->size, out);

    rewind(memory->out);
    return whole;
}

static bool memory_close(struct memory *memory)
{
    const bool whole = fclose(memory->out) == 0;

    free(memory->text);
    return whole;
}

static bool put_run(const struct html_report *report, FILE *out)
{
    char id[HTML_ID_BYTES];
    struct memory memory;
    bool whole;

    if (!memory_open(&memory))
        return false;
    html_data_index(report, memory.out);
    whole = memory_put(&memory, "index", out);
    for (size_t i = 0; report->run != NULL && i < html_data_chunks(report->run); i++) {
        html_data_cases(report->run, i, memory.out);
        whole = memory_put(&memory, html_data_id("cases", i, id), out) && whole;
    }
    return memory_close(&memory) && whole;
}

bool html_report_write(const struct html_report *report, FILE *out)
{
    char title[TITLE_BYTES];
    char id[HTML_ID_BYTES];

    make_title(report, title);
    page_begin(PAGE_REPORT, title, out);
    bool whole = put_run(report, out);
    for (size_t i = 0; i < report->document_count; i++)
        whole = page_put_data(html_data_id("document", i, id), report->documents[i].json,
                              report->documents[i].json_size, out) &&
                whole;
    page_end(out);
    return whole;
}

/* ---- the file ------------------------------------------------------------------------------------ */

static bool complain(char error[HTML_REPORT_ERROR_BYTES], const char *path, const char *why)
{
    snprintf(error, HTML_REPORT_ERROR_BYTES, "%.300s: %.180s", path, why);
    return false;
}

bool html_report_write_folder(const struct html_report *report, const char *folder,
                              char error[HTML_REPORT_ERROR_BYTES])
{
    char path[WHOLE_FILE_PATH_BYTES];
    struct whole_file file;

    const int size = snprintf(path, sizeof(path), "%s/%s", folder, FILE_NAME);
    if (size < 0 || (size_t)size >= sizeof(path))
        return complain(error, folder, strerror(ENAMETOOLONG));
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return complain(error, folder, strerror(errno));
    if (!whole_file_open(&file, path))
        return complain(error, path, strerror(errno));
    if (!html_report_write(report, file.out)) {
        whole_file_drop(&file);
        return complain(error, path, strerror(ENOMEM));
    }
    return whole_file_close(&file) || complain(error, path, strerror(errno));
}
