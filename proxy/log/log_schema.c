#include "proxy/log/log_schema.h"

#include <stdio.h>

/* STEPS[n] makes version n + 1 out of version n; version 0 is an empty file. What was released is never changed. */
static const char *const STEPS[LOG_SCHEMA_VERSION] = {
    "CREATE TABLE requests ("
    "  id INTEGER PRIMARY KEY,"
    "  ended_unix_ns INTEGER NOT NULL,"
    "  duration_ns INTEGER NOT NULL,"
    "  route TEXT,"
    "  client TEXT,"
    "  user TEXT,"
    "  method TEXT,"
    "  host TEXT,"
    "  target TEXT,"
    "  status INTEGER NOT NULL,"
    "  error TEXT,"
    "  stage TEXT,"
    "  cause TEXT,"
    "  request_bytes INTEGER NOT NULL,"
    "  response_bytes INTEGER NOT NULL);"
    "CREATE INDEX requests_status ON requests (status);",

    /* Version 1 had neither tunnels nor attempts: all it knew were requests to a server, of which it told the end. */
    "ALTER TABLE requests ADD COLUMN kind TEXT NOT NULL DEFAULT 'reverse';"
    "ALTER TABLE requests ADD COLUMN tunnel TEXT;"
    "ALTER TABLE requests ADD COLUMN summary TEXT;"
    "ALTER TABLE requests ADD COLUMN held_bytes_peak INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE requests ADD COLUMN retry_attempts INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE requests ADD COLUMN retry_details TEXT NOT NULL DEFAULT '[]';"
    /* Most exchanges go well at the first attempt: these indexes cost them nothing. */
    "CREATE INDEX requests_stage ON requests (stage) WHERE stage IS NOT NULL;"
    "CREATE INDEX requests_cause ON requests (cause) WHERE cause IS NOT NULL;"
    "CREATE INDEX requests_retried ON requests (id) WHERE retry_attempts > 0;",
};

static bool run(sqlite3 *database, const char *sql);

enum log_schema_state log_schema_look(sqlite3 *database, int *version)
{
    sqlite3_int64 application;
    sqlite3_int64 schema;
    sqlite3_int64 tables;

    if (!log_schema_ask(database, "PRAGMA application_id", &application) ||
        !log_schema_ask(database, "PRAGMA user_version", &schema) ||
        !log_schema_ask(database, "SELECT count(*) FROM sqlite_schema", &tables))
        return LOG_SCHEMA_UNREADABLE;
    *version = (int)schema;
    if (tables == 0 && application == 0 && schema == 0)
        return LOG_SCHEMA_EMPTY;
    if (application != LOG_APPLICATION_ID || schema < 1)
        return LOG_SCHEMA_FOREIGN;
    if (schema == LOG_SCHEMA_VERSION)
        return LOG_SCHEMA_CURRENT;
    return schema < LOG_SCHEMA_VERSION ? LOG_SCHEMA_OLDER : LOG_SCHEMA_NEWER;
}

bool log_schema_migrate(sqlite3 *database, char why[LOG_WHY_BYTES])
{
    char numbers[128];
    int version;
    bool migrated = run(database, "BEGIN IMMEDIATE");

    /* Another process may have been quicker: only now nobody else can change the version. */
    migrated = migrated && log_schema_look(database, &version) <= LOG_SCHEMA_OLDER;
    for (; migrated && version < LOG_SCHEMA_VERSION; version++)
        migrated = run(database, STEPS[version]);
    snprintf(numbers, sizeof(numbers), "PRAGMA application_id = %d; PRAGMA user_version = %d",
             LOG_APPLICATION_ID, LOG_SCHEMA_VERSION);
    migrated = migrated && run(database, numbers) && run(database, "COMMIT");
    if (!migrated)
        snprintf(why, LOG_WHY_BYTES, "%s", sqlite3_errmsg(database));
    if (!migrated && !sqlite3_get_autocommit(database))
        (void)run(database, "ROLLBACK");
    return migrated;
}

const char *log_schema_complaint(enum log_schema_state state)
{
    switch (state) {
    case LOG_SCHEMA_OLDER:
        return "has an older schema, which a proxy that writes to it would migrate";
    case LOG_SCHEMA_NEWER:
        return "has a newer schema than this program knows";
    case LOG_SCHEMA_FOREIGN:
        return "is a database of another program";
    default:
        check_refuse(__FILE__, __LINE__, "no complaint about state %d", (int)state);
    }
}

bool log_schema_ask(sqlite3 *database, const char *sql, sqlite3_int64 *out)
{
    sqlite3_stmt *statement;
    bool answered = false;

    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        return false;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        *out = sqlite3_column_int64(statement, 0);
        answered = true;
    }
    return sqlite3_finalize(statement) == SQLITE_OK && answered;
}

static bool run(sqlite3 *database, const char *sql)
{
    return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK;
}
