#include "harness/reporting/report_documents.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/formats/formats.h"
#include "world/data/json.h"

bool report_attachments_add(struct report_attachments *attachments, const char *path)
{
    if (attachments->count == REPORT_DOCUMENTS_MAX)
        return false;
    attachments->paths[attachments->count++] = path;
    return true;
}

/* Always false. */
static bool refuse(const char *path, const char *sentence, char error[REPORT_DOCUMENTS_ERROR_BYTES])
{
    snprintf(error, REPORT_DOCUMENTS_ERROR_BYTES, "%.300s: %.200s", path, sentence);
    return false;
}

/* The whole file. */
static bool read_file(const char *path, struct region *region, struct html_document *out,
                      char error[REPORT_DOCUMENTS_ERROR_BYTES])
{
    struct stat status;
    FILE *file = fopen(path, "re");
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        const int reason = errno;
        if (file != NULL)
            fclose(file);
        return refuse(path, strerror(reason), error);
    }
    const size_t size = (size_t)status.st_size;
    char *text = S_ISREG(status.st_mode) && size <= REPORT_DOCUMENT_BYTES_MAX
                     ? region_take(region, size + 1)
                     : NULL;
    const bool whole = text != NULL && fread(text, 1, size, file) == size;
    fclose(file);
    out->json = text;
    out->json_size = size;
    return whole || refuse(path, "is no file that can be read whole, or too large", error);
}

/* "nginx/default" of what one subject did; of all else the name of its file. */
static const char *title_of(const struct json *root, const char *path, struct region *region)
{
    const char *subject = json_text(json_get(root, "subject"));
    const char *profile = json_text(json_get(root, "profile"));
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    if (subject != NULL && profile != NULL)
        return region_format(region, "%s/%s", subject, profile);
    return region_copy_text(region, name, dot != NULL ? (size_t)(dot - name) : strlen(name));
}

static bool load(const char *path, struct region *region, struct html_document *out,
                 char error[REPORT_DOCUMENTS_ERROR_BYTES])
{
    char why[JSON_ERROR_BYTES];
    if (!read_file(path, region, out, error))
        return false;
    struct json *root = json_parse(path, out->json, out->json_size, why);
    if (root == NULL) {
        snprintf(error, REPORT_DOCUMENTS_ERROR_BYTES, "%s", why);
        return false;
    }
    const char *schema = json_text(json_get(root, "schema"));
    if (schema == NULL) /* what a subject showed says it so (docs/subject-result.schema.json) */
        schema = json_text(json_get(root, "format"));
    bool fine = schema != NULL && strncmp(schema, "retryproof-", strlen("retryproof-")) == 0;
    if (!fine) {
        refuse(path, "is no result of ours: its \"schema\" does not say so", error);
    } else if (strcmp(schema, RESULT_SCHEMA) == 0) {
        fine =
            refuse(path, "is the result of a run, which `retryproof report render` shows", error);
    } else {
        out->title = title_of(root, path, region);
        out->schema = region_copy_text(region, schema, strlen(schema));
        fine = (out->title != NULL && out->schema != NULL) ||
               refuse(path, "does not fit in the memory that is there for it", error);
    }
    json_destroy(&root);
    return fine;
}

bool report_documents_load(struct report_documents *documents,
                           const struct report_attachments *attachments, struct region *region,
                           char error[REPORT_DOCUMENTS_ERROR_BYTES])
{
    for (documents->count = 0; documents->count < attachments->count; documents->count++) {
        if (!load(attachments->paths[documents->count], region, &documents->list[documents->count],
                  error))
            return false;
    }
    return true;
}
