/*
 * What the tests of the request log share: a folder of their own, records, and questions to a file in SQLite's words.
 */
#ifndef PROXY_LOG_LOG_RIG_H
#define PROXY_LOG_LOG_RIG_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "proxy/log/request_log.h"

enum { RIG_PATH_BYTES = 64 };

struct log_rig {
    char folder[RIG_PATH_BYTES / 2];
    char path[RIG_PATH_BYTES];
    struct proxy_settings settings; /* upstreams a and b */
    struct exchange_record record;  /* a GET that went well at a, to be changed by the test */
};

/* The settings and the record alone, without a folder. */
static inline void log_rig_fill(struct log_rig *rig)
{
    struct attempt_record *attempt;

    memset(rig, 0, sizeof(*rig));
    attempt = &rig->record.attempts[0];
    rig->settings.upstream_count = 2;
    snprintf(rig->settings.upstreams[0].name, UPSTREAM_NAME_BYTES, "a");
    snprintf(rig->settings.upstreams[1].name, UPSTREAM_NAME_BYTES, "b");
    rig->record.id = 1;
    rig->record.client = address_loopback(4711);
    rig->record.begun_ns = 1000;
    rig->record.ended_ns = 6000;
    rig->record.status = 200;
    snprintf(rig->record.method, sizeof(rig->record.method), "GET");
    snprintf(rig->record.target, sizeof(rig->record.target), "/");
    rig->record.attempt_count = 1;
    attempt->address = address_loopback(9001);
    attempt->begun_ns = 2000;
    attempt->ended_ns = 5000;
    attempt->tx = 40;
    attempt->rx = 80;
    attempt->status = 200;
}

static inline int log_rig_setup(void **state)
{
    struct log_rig *rig = malloc(sizeof(*rig));

    if (rig == NULL)
        return -1;
    log_rig_fill(rig);
    snprintf(rig->folder, sizeof(rig->folder), "/tmp/request-log-XXXXXX");
    if (mkdtemp(rig->folder) == NULL)
        return -1;
    snprintf(rig->path, sizeof(rig->path), "%s/log.sqlite", rig->folder);
    *state = rig;
    return 0;
}

static inline int log_rig_teardown(void **state)
{
    struct log_rig *rig = *state;
    DIR *folder = opendir(rig->folder);
    struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL)
        unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder != NULL)
        closedir(folder);
    rmdir(rig->folder);
    free(rig);
    return 0;
}

/* The file of that number beside the log: ".1" behind its name. */
static inline const char *log_rig_path(const struct log_rig *rig, const char *behind,
                                       char path[RIG_PATH_BYTES])
{
    snprintf(path, RIG_PATH_BYTES, "%s/log.sqlite%s", rig->folder, behind);
    return path;
}

static inline struct request_log *log_rig_open(const struct log_rig *rig,
                                               struct request_log_options options)
{
    char error[REQUEST_LOG_ERROR_BYTES] = "";
    struct request_log *log;

    options.path = rig->path;
    log = request_log_open(&options, error);
    if (log == NULL)
        print_error("%s\n", error);
    assert_non_null(log);
    return log;
}

static inline void log_rig_add(struct log_rig *rig, struct request_log *log, unsigned rows)
{
    for (unsigned i = 0; i < rows; i++)
        request_log_add(log, &rig->record, &rig->settings, 1000000000ull + i);
}

static inline struct request_log_counts log_rig_counts(struct request_log *log)
{
    struct request_log_counts counts;

    request_log_count(log, &counts);
    return counts;
}

static inline sqlite3 *log_rig_database(const char *path)
{
    sqlite3 *database;

    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    return database;
}

static inline void log_rig_run(sqlite3 *database, const char *sql)
{
    char *message = NULL;

    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
        print_error("%s: %s\n", sql, message);
    assert_null(message);
}

/* The first column of the first row as text, in memory of the caller; "nothing" where there is no row. */
static inline const char *log_rig_ask(const char *path, const char *sql, char answer[256])
{
    sqlite3 *database = log_rig_database(path);
    sqlite3_stmt *statement;

    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    snprintf(answer, 256, "nothing");
    if (sqlite3_step(statement) == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(statement, 0);

        snprintf(answer, 256, "%s", text != NULL ? (const char *)text : "null");
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    sqlite3_close(database);
    return answer;
}

static inline void log_rig_expect(const char *path, const char *sql, const char *expected)
{
    char answer[256];

    assert_string_equal(log_rig_ask(path, sql, answer), expected);
}

#endif
