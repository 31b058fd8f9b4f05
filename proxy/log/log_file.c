#include "proxy/log/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/log/log_details.h"
#include "proxy/log/log_path.h"
#include "proxy/log/log_schema.h"

struct log_file {
    sqlite3 *database; /* NULL: a new file could not be begun; tried again with the next rows */
    sqlite3_stmt *insert;
    sqlite3_int64 first_id; /* of the first row of an empty file; 0: SQLite goes on from the last */
    char path[LOG_PATH_BYTES];
    char details[LOG_DETAILS_BYTES];
};

#define PLACEHOLDER(name) ", ?"
static const char INSERT[] =
    "INSERT INTO requests (" LOG_COLUMNS ") VALUES (?" LOG_COLUMN_LIST(PLACEHOLDER) ")";

static bool open_database(struct log_file *file, char error[REQUEST_LOG_ERROR_BYTES]);
static void close_database(struct log_file *file);
static int insert_entry(struct log_file *file, const struct log_batch *batch,
                        const struct log_entry *entry);
static enum log_outcome outcome_of(int result);
static bool turn_journal(sqlite3 *database, const char *mode);
static bool shift_files(const char *path);

struct log_file *log_file_open(const char *path, char error[REQUEST_LOG_ERROR_BYTES])
{
    struct log_file *file = malloc(sizeof(*file));

    if (file == NULL) {
        snprintf(error, REQUEST_LOG_ERROR_BYTES, "the request log %s: out of memory", path);
        return NULL;
    }
    file->database = NULL;
    file->insert = NULL;
    if (!log_path_make(file->path, path, 0)) {
        snprintf(error, REQUEST_LOG_ERROR_BYTES,
                 "the request log \"%.64s\": the path is empty or too long", path);
        free(file);
        return NULL;
    }
    if (!open_database(file, error))
        log_file_close(&file);
    return file;
}

void log_file_close(struct log_file **file)
{
    close_database(*file);
    free(*file);
    *file = NULL;
}

enum log_outcome log_file_write(struct log_file *file, const struct log_part *part)
{
    char unheard[REQUEST_LOG_ERROR_BYTES];
    int result;

    check(part->first + part->count <= part->batch->count);
    if (file->database == NULL && !open_database(file, unheard))
        return LOG_TRY_AGAIN;
    result = sqlite3_exec(file->database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (size_t i = 0; result == SQLITE_OK && i < part->count; i++) {
        if (i == 0 && file->first_id != 0)
            result = sqlite3_bind_int64(file->insert, LOG_COLUMN_id + 1, file->first_id);
        if (result == SQLITE_OK)
            result = insert_entry(file, part->batch, &part->batch->entries[part->first + i]);
    }
    if (result == SQLITE_OK)
        result = sqlite3_exec(file->database, "COMMIT", NULL, NULL, NULL);
    if (result == SQLITE_OK)
        file->first_id = 0;
    else if (!sqlite3_get_autocommit(file->database))
        (void)sqlite3_exec(file->database, "ROLLBACK", NULL, NULL, NULL);
    return outcome_of(result);
}

uint64_t log_file_bytes(struct log_file *file)
{
    sqlite3_int64 pages;
    sqlite3_int64 page_bytes;

    if (file->database == NULL || !log_schema_ask(file->database, "PRAGMA page_count", &pages) ||
        !log_schema_ask(file->database, "PRAGMA page_size", &page_bytes))
        return 0;
    return (uint64_t)pages * (uint64_t)page_bytes;
}

/*
 * Turning the write-ahead log off needs the file alone, and leaves everything in it. With it on, another connection
 * that closes later would delete the write-ahead log of the new file, which has the old one's name.
 */
bool log_file_put_aside(struct log_file *file)
{
    char unheard[REQUEST_LOG_ERROR_BYTES];
    bool alone;
    bool shifted;

    if (file->database == NULL)
        return false;
    sqlite3_busy_timeout(file->database, 0);
    alone = turn_journal(file->database, "delete");
    sqlite3_busy_timeout(file->database, LOG_BUSY_MS);
    if (!alone)
        return false;
    close_database(file);
    shifted = shift_files(file->path);
    if (!open_database(file, unheard))
        check(file->database == NULL);
    return shifted;
}

/* ---- opening ---- */

static bool say(const struct log_file *file, const char *what, const char *why,
                char error[REQUEST_LOG_ERROR_BYTES])
{
    snprintf(error, REQUEST_LOG_ERROR_BYTES, "the request log %s %s%s%s", file->path, what,
             why[0] != '\0' ? ": " : "", why);
    return false;
}

/* What the system says, where the failure is its own. */
static bool say_sqlite(const struct log_file *file, char error[REQUEST_LOG_ERROR_BYTES])
{
    char buffer[128];
    int os_error = sqlite3_system_errno(file->database);

    if ((sqlite3_errcode(file->database) & 0xff) == SQLITE_CANTOPEN && os_error != 0)
        return say(file, "cannot be opened", strerror_r(os_error, buffer, sizeof(buffer)), error);
    return say(file, "cannot be used", sqlite3_errmsg(file->database), error);
}

/* SQLite would make it readable for everybody; it tells who asked for what. */
static bool create_file(struct log_file *file, char error[REQUEST_LOG_ERROR_BYTES])
{
    char buffer[128];
    int descriptor = open(file->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

    if (descriptor >= 0)
        close(descriptor);
    else if (errno != EEXIST)
        return say(file, "cannot be created", strerror_r(errno, buffer, sizeof(buffer)), error);
    return true;
}

/* Nothing is written to a file before it is known to be ours. */
static bool make_ready(struct log_file *file, char error[REQUEST_LOG_ERROR_BYTES])
{
    enum log_schema_state state;
    char why[LOG_WHY_BYTES];
    int version;

    sqlite3_busy_timeout(file->database, LOG_BUSY_MS);
    state = log_schema_look(file->database, &version);
    if (state == LOG_SCHEMA_UNREADABLE)
        return say_sqlite(file, error);
    if (state == LOG_SCHEMA_NEWER || state == LOG_SCHEMA_FOREIGN)
        return say(file, log_schema_complaint(state), "", error);
    if (sqlite3_db_readonly(file->database, "main") != 0)
        return say(file, "cannot be written", "", error);
    if (!turn_journal(file->database, "wal"))
        return say(file, "is where no write-ahead log can be kept", "", error);
    if (state != LOG_SCHEMA_CURRENT && !log_schema_migrate(file->database, why))
        return say(file, "cannot be brought to this program's schema", why, error);
    if (sqlite3_exec(file->database, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL) !=
            SQLITE_OK ||
        sqlite3_prepare_v3(file->database, INSERT, -1, SQLITE_PREPARE_PERSISTENT, &file->insert,
                           NULL) != SQLITE_OK)
        return say_sqlite(file, error);
    return true;
}

/* The last id of the file that was put aside last; 0 if there is none that can be read. */
static sqlite3_int64 last_id_aside(const char *path)
{
    char aside[LOG_PATH_BYTES + 2];
    sqlite3 *database;
    sqlite3_int64 id = 0;

    snprintf(aside, sizeof(aside), "%s.1", path);
    if (sqlite3_open_v2(aside, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        !log_schema_ask(database, "SELECT coalesce(max(id), 0) FROM requests", &id))
        id = 0;
    sqlite3_close(database);
    return id;
}

static bool find_first_id(struct log_file *file)
{
    sqlite3_int64 last;

    if (!log_schema_ask(file->database, "SELECT coalesce(max(id), 0) FROM requests", &last))
        return false;
    file->first_id = last != 0 ? 0 : last_id_aside(file->path) + 1;
    return true;
}

static bool open_database(struct log_file *file, char error[REQUEST_LOG_ERROR_BYTES])
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    bool ready;

    if (!create_file(file, error))
        return false;
    if (sqlite3_open_v2(file->path, &file->database, flags, NULL) != SQLITE_OK) {
        ready = file->database != NULL ? say_sqlite(file, error)
                                       : say(file, "cannot be opened", "out of memory", error);
    } else {
        ready = make_ready(file, error) && (find_first_id(file) || say_sqlite(file, error));
    }
    if (!ready)
        close_database(file);
    return ready;
}

static void close_database(struct log_file *file)
{
    sqlite3_finalize(file->insert);
    file->insert = NULL;
    /* With no statement left it cannot be busy; what it says of its last checkpoint is no loss. */
    (void)sqlite3_close(file->database);
    file->database = NULL;
}

/* The mode there is afterwards is the answer; a file that others have open keeps the one it had. */
static bool turn_journal(sqlite3 *database, const char *mode)
{
    char sql[48];
    sqlite3_stmt *statement;
    bool turned;

    snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s", mode);
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        return false;
    turned = sqlite3_step(statement) == SQLITE_ROW &&
             strcmp((const char *)sqlite3_column_text(statement, 0), mode) == 0;
    sqlite3_finalize(statement);
    return turned;
}

/* From the oldest on, each onto the name of the one that is gone. */
static bool shift_files(const char *path)
{
    char from[LOG_PATH_BYTES];
    char to[LOG_PATH_BYTES];

    for (unsigned number = REQUEST_LOG_FILES_MAX; number > 0; number--) {
        if (!log_path_make(from, path, number - 1) || !log_path_make(to, path, number))
            return false;
        if (rename(from, to) != 0 && (number == 1 || errno != ENOENT))
            return false;
    }
    return true;
}

/* ---- writing ---- */

static void bind_u64(struct log_file *file, enum log_column column, uint64_t value)
{
    sqlite3_bind_int64(file->insert, (int)column + 1, (sqlite3_int64)value);
}

/* The text outlives the step. Nothing to say is NULL. */
static void bind_text(struct log_file *file, enum log_column column, const char *text)
{
    if (text != NULL && text[0] != '\0')
        sqlite3_bind_text(file->insert, (int)column + 1, text, -1, SQLITE_STATIC);
}

static void bind_numbers(struct log_file *file, const struct log_entry *entry)
{
    unsigned retries = entry->attempt_count > 0 ? entry->attempt_count - 1 : 0;

    bind_u64(file, LOG_COLUMN_ended_unix_ns, entry->ended_unix_ns);
    bind_u64(file, LOG_COLUMN_duration_ns, entry->duration_ns);
    bind_u64(file, LOG_COLUMN_status, entry->status);
    bind_u64(file, LOG_COLUMN_request_bytes, entry->request_bytes);
    bind_u64(file, LOG_COLUMN_response_bytes, entry->response_bytes);
    bind_u64(file, LOG_COLUMN_held_bytes_peak, entry->held_bytes_peak);
    bind_u64(file, LOG_COLUMN_retry_attempts, retries);
}

/* A statement is left without parameters, as the next row expects it. */
static int insert_entry(struct log_file *file, const struct log_batch *batch,
                        const struct log_entry *entry)
{
    char client[ADDRESS_TEXT_BYTES] = "";
    size_t details = log_details_format(batch, entry, file->details);
    int result;

    if (entry->client.family != 0)
        address_format(&entry->client, client);
    bind_numbers(file, entry);
    bind_text(file, LOG_COLUMN_kind, exchange_kind_word(entry->kind));
    bind_text(file, LOG_COLUMN_route, entry->route);
    bind_text(file, LOG_COLUMN_client, client);
    bind_text(file, LOG_COLUMN_user, entry->user);
    bind_text(file, LOG_COLUMN_method, entry->method);
    bind_text(file, LOG_COLUMN_host, entry->host);
    bind_text(file, LOG_COLUMN_target, entry->target);
    bind_text(file, LOG_COLUMN_error, entry->error);
    bind_text(file, LOG_COLUMN_tunnel, entry->tunnel);
    bind_text(file, LOG_COLUMN_summary, entry->summary);
    if (entry->failure.cause != CAUSE_NONE) {
        bind_text(file, LOG_COLUMN_stage, stage_word(entry->failure.stage));
        bind_text(file, LOG_COLUMN_cause, cause_word(entry->failure.cause));
    }
    sqlite3_bind_text(file->insert, LOG_COLUMN_retry_details + 1, file->details, (int)details,
                      SQLITE_STATIC);
    result = sqlite3_step(file->insert);
    sqlite3_reset(file->insert);
    sqlite3_clear_bindings(file->insert);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

/* What another program or a full disk refuses today may go well with the next rows. */
static enum log_outcome outcome_of(int result)
{
    switch (result & 0xff) {
    case SQLITE_OK:
        return LOG_WRITTEN;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
        return LOG_TRY_AGAIN;
    default:
        return LOG_REFUSED;
    }
}
