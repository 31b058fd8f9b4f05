#include "harness/cast/case_log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In memory where the system has room for files there, so that no case waits for a disk. */
static bool make_folder(char folder[CASE_LOG_FOLDER_BYTES])
{
    static const char *const PLACES[] = {"/dev/shm", "/tmp"};
    for (size_t i = 0; i < COUNT_OF(PLACES); i++) {
        snprintf(folder, CASE_LOG_FOLDER_BYTES, "%s/retryproof-log-XXXXXX", PLACES[i]);
        if (mkdtemp(folder) != NULL)
            return true;
    }
    folder[0] = '\0';
    return false;
}

/* The log's file, those that SQLite keeps beside it, and those that were put aside. */
static void remove_folder(const char *folder)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(directory), entry->d_name, 0); /* rmdir() tells */
    if (directory != NULL)
        closedir(directory);
    rmdir(folder);
}

bool case_log_open(struct case_log *log, bool in_caller, char error[REQUEST_LOG_ERROR_BYTES])
{
    *log = (struct case_log){.log = NULL};
    if (!make_folder(log->folder)) {
        snprintf(error, REQUEST_LOG_ERROR_BYTES, "no folder for the request log: %s",
                 strerror(errno));
        return false;
    }
    snprintf(log->path, sizeof(log->path), "%s/log.sqlite", log->folder);
    log->log = request_log_open(
        &(struct request_log_options){.path = log->path, .in_caller = in_caller}, error);
    if (log->log == NULL)
        remove_folder(log->folder);
    return log->log != NULL;
}

void case_log_close(struct case_log *log)
{
    if (log->log == NULL)
        return;
    request_log_close(&log->log);
    remove_folder(log->folder);
}

/* ---- reading -------------------------------------------------------------------------------- */

struct gathering {
    struct region *region;
    struct log_row *rows; /* newest first, from the end */
    size_t count;
    int64_t oldest_id;
    bool full;
};

static const char *copy(struct gathering *gathering, const char *text)
{
    const char *kept = region_copy_text(gathering->region, text, strlen(text));
    gathering->full = gathering->full || kept == NULL;
    return kept;
}

static void keep_row(void *owner, const struct log_row *row)
{
    struct gathering *gathering = owner;
    gathering->oldest_id = row->id;
    if (gathering->count == CASE_LOG_ROWS_MAX) {
        gathering->full = true;
        return;
    }
    struct log_row *kept = &gathering->rows[CASE_LOG_ROWS_MAX - ++gathering->count];
    *kept = *row;
    const char **texts[] = {&kept->kind,         &kept->route, &kept->client, &kept->user,
                            &kept->method,       &kept->host,  &kept->target, &kept->error,
                            &kept->stage,        &kept->cause, &kept->tunnel, &kept->summary,
                            &kept->retry_details};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = copy(gathering, *texts[i]);
}

static bool read_pages(struct log_reader *reader, struct gathering *gathering,
                       char error[REQUEST_LOG_ERROR_BYTES])
{
    size_t before;
    do {
        const struct log_filter filter = {.before_id = gathering->oldest_id,
                                          .rows = LOG_PAGE_ROWS_MAX};
        before = gathering->count;
        if (!log_reader_page(reader, &filter, keep_row, gathering, error))
            return false;
    } while (gathering->count > before && !gathering->full);
    if (gathering->full)
        snprintf(error, REQUEST_LOG_ERROR_BYTES,
                 "the request log has more rows than a case can hold");
    return !gathering->full;
}

bool case_log_read(struct case_log *log, struct region *region, struct case_log_rows *out,
                   char error[REQUEST_LOG_ERROR_BYTES])
{
    struct gathering gathering = {.region = region};
    request_log_flush(log->log);
    gathering.rows = region_take(region, CASE_LOG_ROWS_MAX * sizeof(*gathering.rows));
    struct log_reader *reader = log_reader_open(log->path, error);
    if (gathering.rows == NULL || reader == NULL) {
        if (gathering.rows == NULL)
            snprintf(error, REQUEST_LOG_ERROR_BYTES, "no memory for the rows of the request log");
        log_reader_close(&reader);
        return false;
    }
    bool fine = read_pages(reader, &gathering, error);
    log_reader_close(&reader);
    *out = (struct case_log_rows){gathering.rows + CASE_LOG_ROWS_MAX - gathering.count,
                                  gathering.count};
    return fine;
}
