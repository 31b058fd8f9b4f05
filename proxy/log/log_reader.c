#include "proxy/log/log_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy/log/log_path.h"
#include "proxy/log/log_schema.h"

/*
 * Files are opened for each answer: a log that somebody has open cannot be put aside, and what was put aside meanwhile
 * is found under its new name.
 */
struct log_reader {
    char path[LOG_PATH_BYTES];
};

/* What one answer asks of each file in turn. */
struct inquiry {
    const struct log_filter *filter;
    int64_t
        before_id; /* rows of newer files are not told again, should the file be put aside meanwhile */
    unsigned rows_left;
    log_row_callback *on_row;
    void *owner;
    char *error;
};

enum look { LOOK_DONE, LOOK_NO_FILE, LOOK_FAILED };

static bool ask_files(struct log_reader *reader, struct inquiry *inquiry);
static enum look ask_file(const char *path, unsigned number, struct inquiry *inquiry);

struct log_reader *log_reader_open(const char *path, char error[REQUEST_LOG_ERROR_BYTES])
{
    struct log_reader *reader = malloc(sizeof(*reader));
    struct inquiry nothing = {.filter = &(struct log_filter){0}, .error = error};

    if (reader == NULL || !log_path_make(reader->path, path, 0)) {
        snprintf(error, REQUEST_LOG_ERROR_BYTES, "the request log \"%.64s\": %s", path,
                 reader == NULL ? "out of memory" : "the path is empty or too long");
        free(reader);
        return NULL;
    }
    if (!ask_files(reader, &nothing))
        log_reader_close(&reader);
    return reader;
}

void log_reader_close(struct log_reader **reader)
{
    free(*reader);
    *reader = NULL;
}

bool log_reader_page(struct log_reader *reader, const struct log_filter *filter,
                     log_row_callback *on_row, void *owner, char error[REQUEST_LOG_ERROR_BYTES])
{
    unsigned rows = filter->rows == 0 ? LOG_PAGE_ROWS_DEFAULT : filter->rows;
    struct inquiry inquiry = {
        .filter = filter,
        .before_id = filter->before_id > 0 ? filter->before_id : INT64_MAX,
        .rows_left = rows < LOG_PAGE_ROWS_MAX ? rows : LOG_PAGE_ROWS_MAX,
        .on_row = on_row,
        .owner = owner,
        .error = error,
    };

    return ask_files(reader, &inquiry);
}

/* Keeps the row that was asked for from one that only stands before it. */
struct sought {
    int64_t id;
    bool found;
    log_row_callback *on_row;
    void *owner;
};

static void tell_if_sought(void *owner, const struct log_row *row)
{
    struct sought *sought = owner;

    if (row->id != sought->id)
        return;
    sought->found = true;
    sought->on_row(sought->owner, row);
}

int log_reader_row(struct log_reader *reader, int64_t id, log_row_callback *on_row, void *owner,
                   char error[REQUEST_LOG_ERROR_BYTES])
{
    struct sought sought = {.id = id, .on_row = on_row, .owner = owner};
    const struct log_filter filter = {.before_id = id < INT64_MAX ? id + 1 : id, .rows = 1};

    if (id <= 0)
        return 0;
    if (!log_reader_page(reader, &filter, tell_if_sought, &sought, error))
        return -1;
    return sought.found ? 1 : 0;
}

/* From the newest file to the oldest, until there are rows enough. Between the two names of a file there is none: it is enough if one is there. */
static bool ask_files(struct log_reader *reader, struct inquiry *inquiry)
{
    bool any = false;

    for (unsigned number = 0; number <= REQUEST_LOG_FILES_MAX; number++) {
        char path[LOG_PATH_BYTES + 2];
        enum look look;

        if (number == 0)
            snprintf(path, sizeof(path), "%s", reader->path);
        else
            snprintf(path, sizeof(path), "%s.%u", reader->path, number);
        look = ask_file(path, number, inquiry);
        if (look == LOOK_FAILED)
            return false;
        any = any || look == LOOK_DONE;
        if (any && inquiry->rows_left == 0)
            return true;
    }
    if (!any)
        snprintf(inquiry->error, REQUEST_LOG_ERROR_BYTES, "the request log %s is not there",
                 reader->path);
    return any;
}

/* ---- one file ---- */

enum { LOG_QUERY_BYTES = 1024 }; /* the columns, every condition, order and limit */

static enum look complain(sqlite3 *database, const char *path, struct inquiry *inquiry)
{
    snprintf(inquiry->error, REQUEST_LOG_ERROR_BYTES, "the request log %s cannot be read: %s", path,
             database != NULL ? sqlite3_errmsg(database) : "out of memory");
    return LOOK_FAILED;
}

/* Conditions have numbered parameters, so that those that are not asked for leave no trace. */
static void make_query(const struct log_filter *filter, char sql[LOG_QUERY_BYTES])
{
    snprintf(sql, LOG_QUERY_BYTES,
             "SELECT " LOG_COLUMNS " FROM requests WHERE id < ?1%s%s%s%s%s%s"
             " ORDER BY id DESC LIMIT ?2",
             filter->status != 0 ? " AND status = ?3" : "",
             filter->stage != NULL ? " AND stage = ?4" : "",
             filter->cause != NULL ? " AND cause = ?5" : "",
             filter->route != NULL ? " AND route = ?6" : "",
             filter->retried > 0 ? " AND retry_attempts > 0" : "",
             filter->retried < 0 ? " AND retry_attempts = 0" : "");
}

/* A parameter that the statement does not have is refused, and that is as it should be. */
static void bind_query(sqlite3_stmt *statement, const struct inquiry *inquiry)
{
    const struct log_filter *filter = inquiry->filter;

    sqlite3_bind_int64(statement, 1, inquiry->before_id);
    sqlite3_bind_int64(statement, 2, inquiry->rows_left);
    if (filter->status != 0)
        sqlite3_bind_int64(statement, 3, filter->status);
    if (filter->stage != NULL)
        sqlite3_bind_text(statement, 4, filter->stage, -1, SQLITE_STATIC);
    if (filter->cause != NULL)
        sqlite3_bind_text(statement, 5, filter->cause, -1, SQLITE_STATIC);
    if (filter->route != NULL)
        sqlite3_bind_text(statement, 6, filter->route, -1, SQLITE_STATIC);
}

static const char *text_of(sqlite3_stmt *statement, enum log_column column)
{
    const unsigned char *text = sqlite3_column_text(statement, (int)column);

    return text != NULL ? (const char *)text : "";
}

static uint64_t u64_of(sqlite3_stmt *statement, enum log_column column)
{
    return (uint64_t)sqlite3_column_int64(statement, (int)column);
}

static void tell_row(sqlite3_stmt *statement, const struct inquiry *inquiry)
{
    const struct log_row row = {
        .id = sqlite3_column_int64(statement, LOG_COLUMN_id),
        .ended_unix_ns = u64_of(statement, LOG_COLUMN_ended_unix_ns),
        .duration_ns = u64_of(statement, LOG_COLUMN_duration_ns),
        .kind = text_of(statement, LOG_COLUMN_kind),
        .route = text_of(statement, LOG_COLUMN_route),
        .client = text_of(statement, LOG_COLUMN_client),
        .user = text_of(statement, LOG_COLUMN_user),
        .method = text_of(statement, LOG_COLUMN_method),
        .host = text_of(statement, LOG_COLUMN_host),
        .target = text_of(statement, LOG_COLUMN_target),
        .status = (unsigned)u64_of(statement, LOG_COLUMN_status),
        .error = text_of(statement, LOG_COLUMN_error),
        .stage = text_of(statement, LOG_COLUMN_stage),
        .cause = text_of(statement, LOG_COLUMN_cause),
        .tunnel = text_of(statement, LOG_COLUMN_tunnel),
        .summary = text_of(statement, LOG_COLUMN_summary),
        .request_bytes = u64_of(statement, LOG_COLUMN_request_bytes),
        .response_bytes = u64_of(statement, LOG_COLUMN_response_bytes),
        .held_bytes_peak = u64_of(statement, LOG_COLUMN_held_bytes_peak),
        .retry_attempts = (unsigned)u64_of(statement, LOG_COLUMN_retry_attempts),
        .retry_details = text_of(statement, LOG_COLUMN_retry_details),
    };

    inquiry->on_row(inquiry->owner, &row);
}

static enum look ask_database(sqlite3 *database, const char *path, struct inquiry *inquiry)
{
    char sql[LOG_QUERY_BYTES];
    sqlite3_stmt *statement;

    make_query(inquiry->filter, sql);
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        return complain(database, path, inquiry);
    bind_query(statement, inquiry);
    while (inquiry->rows_left > 0 && sqlite3_step(statement) == SQLITE_ROW) {
        inquiry->before_id = sqlite3_column_int64(statement, LOG_COLUMN_id);
        inquiry->rows_left--;
        tell_row(statement, inquiry);
    }
    if (sqlite3_finalize(statement) != SQLITE_OK)
        return complain(database, path, inquiry);
    return LOOK_DONE;
}

/* What was put aside under an older schema, or put there by somebody else, is passed over. */
static enum look ask_opened(sqlite3 *database, const char *path, unsigned number,
                            struct inquiry *inquiry)
{
    int version;
    enum log_schema_state state;

    sqlite3_busy_timeout(database, LOG_BUSY_MS);
    state = log_schema_look(database, &version);
    if (state == LOG_SCHEMA_CURRENT)
        return ask_database(database, path, inquiry);
    if (state == LOG_SCHEMA_EMPTY)
        return LOOK_DONE;
    if (number > 0)
        return LOOK_NO_FILE;
    if (state == LOG_SCHEMA_UNREADABLE)
        return complain(database, path, inquiry);
    snprintf(inquiry->error, REQUEST_LOG_ERROR_BYTES, "the request log %s %s", path,
             log_schema_complaint(state));
    return LOOK_FAILED;
}

static enum look ask_file(const char *path, unsigned number, struct inquiry *inquiry)
{
    sqlite3 *database;
    enum look look;

    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ==
        SQLITE_OK)
        look = ask_opened(database, path, number, inquiry);
    else if (number > 0 || (database != NULL && sqlite3_system_errno(database) == ENOENT))
        look = LOOK_NO_FILE;
    else
        look = complain(database, path, inquiry);
    sqlite3_close(database);
    return look;
}
