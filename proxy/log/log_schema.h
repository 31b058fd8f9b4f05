/*
 * The tables of a request log, their version, and the way from each older version to this one.
 *
 * A file says which it is in two numbers of its header: application_id, whose file it is, and user_version, which schema.
 * docs/log.md describes the columns.
 */
#ifndef PROXY_LOG_LOG_SCHEMA_H
#define PROXY_LOG_LOG_SCHEMA_H

#include <stdbool.h>

#include <sqlite3.h>

#include "world/base/check.h"

enum {
    LOG_SCHEMA_VERSION = 2,
    LOG_APPLICATION_ID = 0x52505246, /* "RPRF" */
    LOG_WHY_BYTES = 128,             /* words of SQLite about what it refused */
    LOG_BUSY_MS = 500, /* how long a connection waits for another program to let go of the file */
};

/* All columns but id, in the order in which they are written and read. */
#define LOG_COLUMN_LIST(X) \
    X(ended_unix_ns)       \
    X(duration_ns)         \
    X(kind)                \
    X(route)               \
    X(client)              \
    X(user)                \
    X(method)              \
    X(host)                \
    X(target)              \
    X(status)              \
    X(error)               \
    X(stage)               \
    X(cause)               \
    X(tunnel)              \
    X(summary)             \
    X(request_bytes)       \
    X(response_bytes)      \
    X(held_bytes_peak)     \
    X(retry_attempts)      \
    X(retry_details)

/* Places in a statement that selects or inserts id and then all columns. */
enum log_column {
    LOG_COLUMN_id,
#define LOG_COLUMN_ENUM(name) LOG_COLUMN_##name,
    LOG_COLUMN_LIST(LOG_COLUMN_ENUM)
#undef LOG_COLUMN_ENUM
        LOG_COLUMN_COUNT
};

#define LOG_COLUMN_NAME(name) ", " #name
#define LOG_COLUMNS           "id" LOG_COLUMN_LIST(LOG_COLUMN_NAME)

/* The first three can be made ready to be written. */
enum log_schema_state {
    LOG_SCHEMA_CURRENT,
    LOG_SCHEMA_EMPTY, /* no table yet: a new file */
    LOG_SCHEMA_OLDER,
    LOG_SCHEMA_NEWER,
    LOG_SCHEMA_FOREIGN,    /* another program's database */
    LOG_SCHEMA_UNREADABLE, /* no database, or an error of the system */
};

/* What the open file is; *version is its schema's where it is ours. */
enum log_schema_state log_schema_look(sqlite3 *database, int *version);
/*
 * Makes a new file's tables, or brings an older one's to this version, in one transaction: a process that is killed
 * leaves the file as it was. False when SQLite refused, and why is what it said.
 */
MUST_USE bool log_schema_migrate(sqlite3 *database, char why[LOG_WHY_BYTES]);
/* A sentence without a path about a state other than CURRENT, EMPTY and UNREADABLE. */
const char *log_schema_complaint(enum log_schema_state state);

/* The first column of the only row of a statement without parameters; false when SQLite refused. */
MUST_USE bool log_schema_ask(sqlite3 *database, const char *sql, sqlite3_int64 *out);

#endif
