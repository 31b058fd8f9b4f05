#include "proxy/log/log_schema.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "proxy/log/log_rig.h"

/* As version 1 was released; it stands here again so that a change of the first step is noticed. */
static const char VERSION_1[] =
    "CREATE TABLE requests (id INTEGER PRIMARY KEY, ended_unix_ns INTEGER NOT NULL,"
    " duration_ns INTEGER NOT NULL, route TEXT, client TEXT, user TEXT, method TEXT, host TEXT,"
    " target TEXT, status INTEGER NOT NULL, error TEXT, stage TEXT, cause TEXT,"
    " request_bytes INTEGER NOT NULL, response_bytes INTEGER NOT NULL);"
    "CREATE INDEX requests_status ON requests (status);"
    "INSERT INTO requests VALUES (7, 1000, 5, 'r', '127.0.0.1:1', NULL, 'GET', 'a', '/old', 502,"
    " 'UPSTREAM_CONNECT_FAILED', 'dial', 'connection_refused', 3, 4);"
    "INSERT INTO requests VALUES (8, 2000, 5, 'r', '127.0.0.1:1', NULL, 'PUT', 'a', '/older', 200,"
    " NULL, NULL, NULL, 3, 4);"
    "PRAGMA application_id = 1380995654; PRAGMA user_version = 1;";

static void make_file(const struct log_rig *rig, const char *sql)
{
    sqlite3 *database = log_rig_database(rig->path);

    log_rig_run(database, sql);
    sqlite3_close(database);
}

static void make_bytes(const struct log_rig *rig, const char *bytes)
{
    FILE *file = fopen(rig->path, "w");

    assert_non_null(file);
    assert_true(fputs(bytes, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void open_and_close(struct log_rig *rig)
{
    struct request_log *log = log_rig_open(rig, (struct request_log_options){.in_caller = true});

    log_rig_add(rig, log, 1);
    request_log_close(&log);
}

static void a_new_file_says_whose_and_which_it_is(void **state)
{
    struct log_rig *rig = *state;
    struct stat about;

    open_and_close(rig);
    log_rig_expect(rig->path, "PRAGMA application_id", "1380995654");
    log_rig_expect(rig->path, "PRAGMA user_version", "2");
    log_rig_expect(rig->path, "PRAGMA journal_mode", "wal");
    log_rig_expect(rig->path, "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'index'",
                   "requests_status,requests_stage,requests_cause,requests_retried");
    assert_int_equal(stat(rig->path, &about), 0);
    assert_int_equal(about.st_mode & S_IRWXO, 0);
}

static void an_older_file_keeps_its_rows(void **state)
{
    struct log_rig *rig = *state;

    make_file(rig, VERSION_1);
    open_and_close(rig);
    log_rig_expect(rig->path, "PRAGMA user_version", "2");
    log_rig_expect(rig->path,
                   "SELECT group_concat(id || target || status || kind || retry_attempts ||"
                   " retry_details || held_bytes_peak) FROM requests WHERE id < 9",
                   "7/old502reverse0[]0,8/older200reverse0[]0");
    log_rig_expect(rig->path, "SELECT id || target FROM requests WHERE id > 8", "9/");
    log_rig_expect(rig->path, "SELECT id FROM requests WHERE stage = 'dial'", "7");
    log_rig_expect(rig->path, "PRAGMA integrity_check", "ok");
}

static void a_migrated_file_has_the_tables_of_a_new_one(void **state)
{
    struct log_rig *rig = *state;
    char migrated[256];
    char made[256];
    static const char columns[] = "SELECT group_concat(name || type || \"notnull\", ' ')"
                                  " FROM pragma_table_info('requests') WHERE cid > 5";

    make_file(rig, VERSION_1);
    open_and_close(rig);
    log_rig_ask(rig->path, columns, migrated);
    unlink(rig->path);
    open_and_close(rig);
    assert_string_equal(log_rig_ask(rig->path, columns, made), migrated);
}

static void a_migration_that_fails_leaves_the_file_as_it_was(void **state)
{
    struct log_rig *rig = *state;
    const struct request_log_options options = {.path = rig->path, .in_caller = true};
    char error[REQUEST_LOG_ERROR_BYTES];

    make_file(rig, VERSION_1);
    make_file(rig, "CREATE INDEX requests_retried ON requests (route)");
    assert_null(request_log_open(&options, error));
    assert_non_null(strstr(error, "index requests_retried already exists"));
    log_rig_expect(rig->path, "PRAGMA user_version", "1");
    log_rig_expect(rig->path, "SELECT count(*) FROM pragma_table_info('requests')", "15");
    log_rig_expect(rig->path, "SELECT count(*) FROM requests", "2");
}

struct row {
    const char *name;
    void (*make)(const struct log_rig *rig);
    const char *path; /* NULL: the rig's */
    const char *error;
};

static void make_newer(const struct log_rig *rig)
{
    make_file(rig, VERSION_1);
    make_file(rig, "PRAGMA user_version = 3");
}

static void make_foreign(const struct log_rig *rig)
{
    make_file(rig, "CREATE TABLE cookies (name TEXT)");
}

static void make_foreign_of_same_table(const struct log_rig *rig)
{
    make_file(rig, VERSION_1);
    make_file(rig, "PRAGMA application_id = 7");
}

static void make_unversioned(const struct log_rig *rig)
{
    make_file(rig, VERSION_1);
    make_file(rig, "PRAGMA user_version = 0");
}

static void make_text(const struct log_rig *rig)
{
    make_bytes(rig, "127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1\n"
                    "and so on, for longer than the head of a database is, which has a "
                    "hundred bytes\n");
}

static void make_folder(const struct log_rig *rig)
{
    assert_int_equal(mkdir(rig->path, 0700), 0);
}

static void make_nothing(const struct log_rig *rig)
{
    (void)rig;
}

#define LONG_NAME "1234567890123456789012345678901234567890123456789012345678901234567890"

static const struct row ROWS[] = {
    {"a newer schema is refused", make_newer, NULL, " has a newer schema than this program knows"},
    {"another program's database is refused", make_foreign, NULL,
     " is a database of another program"},
    {"another program's database of the same table is refused", make_foreign_of_same_table, NULL,
     " is a database of another program"},
    {"a database that says no version is refused", make_unversioned, NULL,
     " is a database of another program"},
    {"a file that is no database is refused", make_text, NULL,
     " cannot be used: file is not a database"},
    {"a folder is refused", make_folder, NULL, " cannot be opened: Is a directory"},
    {"a folder that is not there is told", make_nothing, "/nonexistent/log.sqlite",
     "the request log /nonexistent/log.sqlite cannot be created: No such file or directory"},
    {"an empty path is refused", make_nothing, "",
     "the request log \"\": the path is empty or too long"},
    {"a path longer than a setting is refused", make_nothing,
     LONG_NAME LONG_NAME LONG_NAME LONG_NAME, "\": the path is empty or too long"},
};

static void refuses(void **state)
{
    const struct row *row = *state;
    struct request_log_options options = {.path = row->path};
    char error[REQUEST_LOG_ERROR_BYTES] = "";
    char before[256];
    void *made = NULL;
    struct log_rig *rig;

    assert_int_equal(log_rig_setup(&made), 0);
    rig = made;
    row->make(rig);
    if (row->path == NULL)
        options.path = rig->path;
    assert_null(request_log_open(&options, error));
    if (strstr(error, row->error) == NULL)
        print_error("said: %s\n", error);
    assert_non_null(strstr(error, row->error));
    if (strstr(row->error, "schema") != NULL || strstr(row->error, "program") != NULL)
        assert_string_equal(log_rig_ask(rig->path, "PRAGMA journal_mode", before), "delete");
    rmdir(rig->path);
    log_rig_teardown(&made);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test_setup_teardown(a_new_file_says_whose_and_which_it_is, log_rig_setup,
                                        log_rig_teardown),
        cmocka_unit_test_setup_teardown(an_older_file_keeps_its_rows, log_rig_setup,
                                        log_rig_teardown),
        cmocka_unit_test_setup_teardown(a_migrated_file_has_the_tables_of_a_new_one, log_rig_setup,
                                        log_rig_teardown),
        cmocka_unit_test_setup_teardown(a_migration_that_fails_leaves_the_file_as_it_was,
                                        log_rig_setup, log_rig_teardown),
    };
    struct CMUnitTest tests[COUNT_OF(ROWS) + COUNT_OF(others)];

    memcpy(tests, others, sizeof(others));
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[COUNT_OF(others) + i] =
            (struct CMUnitTest){.name = ROWS[i].name,
                                .test_func = refuses,
                                .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
