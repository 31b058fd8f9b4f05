#include "proxy/log/log_reader.h"

#include "proxy/log/log_rig.h"

/* ---- what stands in a row ---- */

struct row_case {
    const char *name;
    void (*change)(struct exchange_record *record);
    const char *expected;
};

static void unchanged(struct exchange_record *record)
{
    (void)record;
}

static void was_not_let_in(struct exchange_record *record)
{
    record->kind = EXCHANGE_FORWARD;
    record->status = 407;
    record->error_word = "AUTH_REQUIRED";
    record->failure = (struct failure){SIDE_DOWNSTREAM, STAGE_ROUTE, CAUSE_HTTP_REQUEST_DENIED, 0};
    record->attempt_count = 0;
    snprintf(record->route, sizeof(record->route), "out");
    snprintf(record->host, sizeof(record->host), "a.test:8080");
    snprintf(record->target, sizeof(record->target), "http://a.test:8080/x");
}

static void was_tried_again(struct exchange_record *record)
{
    record->attempts[1] = record->attempts[0];
    record->attempts[2] = record->attempts[0];
    record->attempt_count = 3;
    record->request_body_bytes = 11;
    record->response_body_bytes = 22;
    record->held_bytes_peak = 33;
    snprintf(record->user, sizeof(record->user), "ann");
}

static void tunnelled(struct exchange_record *record)
{
    record->kind = EXCHANGE_CONNECT;
    record->tunnel_up_bytes = 5;
    record->tunnel_down_bytes = 7;
}

static void tunnel_was_cut(struct exchange_record *record)
{
    tunnelled(record);
    record->attempts[0].tunnel = TUNNEL_DOWN;
    record->failure = (struct failure){SIDE_UPSTREAM, STAGE_TUNNEL, CAUSE_CONNECTION_TERMINATED, 0};
}

static void tunnel_was_refused(struct exchange_record *record)
{
    record->kind = EXCHANGE_CONNECT;
    record->status = 502;
}

static void upgraded(struct exchange_record *record)
{
    record->kind = EXCHANGE_UPGRADE;
    record->status = 101;
    record->request_body_bytes = 1;
    record->tunnel_up_bytes = 2;
}

static void not_upgraded(struct exchange_record *record)
{
    record->kind = EXCHANGE_UPGRADE;
}

static void client_left(struct exchange_record *record)
{
    record->status = 0;
    record->client = (struct address){0};
    record->failure = (struct failure){SIDE_DOWNSTREAM, STAGE_MID_COPY, CAUSE_CLIENT_CANCELLED, 0};
    snprintf(record->summary, sizeof(record->summary), "it's \"gone\"");
}

static const struct row_case ROWS[] = {
    {"an exchange that went well", unchanged,
     "ended 1700000000000000000 took 5000|reverse||127.0.0.1:4711||GET||/|200||||||0 0 0|0"},
    {"a client that was not let in", was_not_let_in,
     "ended 1700000000000000000 took 5000|forward|out|127.0.0.1:4711||GET|a.test:8080|"
     "http://a.test:8080/x|407|AUTH_REQUIRED|route|http_request_denied|||0 0 0|0"},
    {"an exchange that was tried again twice", was_tried_again,
     "ended 1700000000000000000 took 5000|reverse||127.0.0.1:4711|ann|GET||/|200||||||11 22 33|2"},
    {"a tunnel that ended well", tunnelled,
     "ended 1700000000000000000 took 5000|connect||127.0.0.1:4711||GET||/|200||||none||5 7 0|0"},
    {"a tunnel that was cut", tunnel_was_cut,
     "ended 1700000000000000000 took 5000|connect||127.0.0.1:4711||GET||/|200||tunnel|"
     "connection_terminated|down||5 7 0|0"},
    {"a tunnel that was refused", tunnel_was_refused,
     "ended 1700000000000000000 took 5000|connect||127.0.0.1:4711||GET||/|502||||||0 0 0|0"},
    {"an upgrade", upgraded,
     "ended 1700000000000000000 took 5000|upgrade||127.0.0.1:4711||GET||/|101||||none||3 0 0|0"},
    {"an upgrade that the upstream did not take up", not_upgraded,
     "ended 1700000000000000000 took 5000|upgrade||127.0.0.1:4711||GET||/|200||||||0 0 0|0"},
    {"a client that left", client_left,
     "ended 1700000000000000000 took 5000|reverse||||GET||/|0||mid-copy|client_cancelled||"
     "it's \"gone\"|0 0 0|0"},
};

static void write_row(void *owner, const struct log_row *row)
{
    char *text = owner;

    snprintf(text, 512,
             "ended %llu took %llu|%s|%s|%s|%s|%s|%s|%s|%u|%s|%s|%s|%s|%s|%llu %llu %llu|%u",
             (unsigned long long)row->ended_unix_ns, (unsigned long long)row->duration_ns,
             row->kind, row->route, row->client, row->user, row->method, row->host, row->target,
             row->status, row->error, row->stage, row->cause, row->tunnel, row->summary,
             (unsigned long long)row->request_bytes, (unsigned long long)row->response_bytes,
             (unsigned long long)row->held_bytes_peak, row->retry_attempts);
}

static void is_a_row(void **state)
{
    const struct row_case *row = *state;
    char error[REQUEST_LOG_ERROR_BYTES];
    char text[512];
    struct request_log *log;
    struct log_reader *reader;
    struct log_rig *rig;
    void *made = NULL;

    assert_int_equal(log_rig_setup(&made), 0);
    rig = made;
    row->change(&rig->record);
    log = log_rig_open(rig, (struct request_log_options){0});
    request_log_add(log, &rig->record, &rig->settings, 1700000000000000000ull);
    request_log_flush(log);
    reader = log_reader_open(rig->path, error);
    assert_non_null(reader);
    assert_int_equal(log_reader_row(reader, 1, write_row, text, error), 1);
    assert_string_equal(text, row->expected);
    log_reader_close(&reader);
    request_log_close(&log);
    log_rig_teardown(&made);
}

/* ---- which rows come ---- */

/* Rows 1 to 6 of a log, each unlike the others. */
static void add_six(struct log_rig *rig, struct request_log *log)
{
    struct exchange_record plain = rig->record;

    log_rig_add(rig, log, 1);
    was_tried_again(&rig->record);
    log_rig_add(rig, log, 1);
    was_not_let_in(&rig->record);
    log_rig_add(rig, log, 1);
    rig->record = plain;
    client_left(&rig->record);
    log_rig_add(rig, log, 1);
    rig->record = plain;
    was_tried_again(&rig->record);
    tunnel_was_cut(&rig->record);
    snprintf(rig->record.route, sizeof(rig->record.route), "out");
    log_rig_add(rig, log, 1);
    rig->record = plain;
    log_rig_add(rig, log, 1);
}

struct filter_case {
    const char *name;
    struct log_filter filter;
    const char *ids;
};

static const struct filter_case FILTERS[] = {
    {"without a filter the newest comes first", {0}, "6 5 4 3 2 1 "},
    {"a page has no more rows than asked for", {.rows = 2}, "6 5 "},
    {"the next page begins before the last row", {.rows = 2, .before_id = 5}, "4 3 "},
    {"behind the oldest row comes nothing", {.before_id = 1}, ""},
    {"by status", {.status = 200}, "6 5 2 1 "},
    {"by a status that no row has", {.status = 418}, ""},
    {"by stage", {.stage = "tunnel"}, "5 "},
    {"by cause", {.cause = "client_cancelled"}, "4 "},
    {"by route", {.route = "out"}, "5 3 "},
    {"those that were tried again", {.retried = 1}, "5 2 "},
    {"those that were not", {.retried = -1}, "6 4 3 1 "},
    {"by all at once",
     {.status = 200,
      .stage = "tunnel",
      .cause = "connection_terminated",
      .route = "out",
      .retried = 1,
      .before_id = 6,
      .rows = 3},
     "5 "},
    {"a filter is no SQL", {.stage = "' OR 1=1 --"}, ""},
};

static void write_id(void *owner, const struct log_row *row)
{
    char *ids = owner;
    size_t used = strlen(ids);

    snprintf(ids + used, 64 - used, "%lld ", (long long)row->id);
}

static void comes(void **state)
{
    const struct filter_case *row = *state;
    char error[REQUEST_LOG_ERROR_BYTES];
    char ids[64] = "";
    struct request_log *log;
    struct log_reader *reader;
    struct log_rig *rig;
    void *made = NULL;

    assert_int_equal(log_rig_setup(&made), 0);
    rig = made;
    log = log_rig_open(rig, (struct request_log_options){0});
    reader = log_reader_open(rig->path, error);
    assert_non_null(reader);
    add_six(rig, log);
    request_log_flush(log);
    assert_true(log_reader_page(reader, &row->filter, write_id, ids, error));
    assert_string_equal(ids, row->ids);
    log_reader_close(&reader);
    request_log_close(&log);
    log_rig_teardown(&made);
}

static void count_row(void *owner, const struct log_row *row)
{
    unsigned *rows = owner;

    assert_true(row->id > 0);
    (*rows)++;
}

static void pages_have_limits(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log = log_rig_open(rig, (struct request_log_options){0});
    char error[REQUEST_LOG_ERROR_BYTES];
    struct log_reader *reader = log_reader_open(rig->path, error);
    const struct log_filter many = {.rows = LOG_PAGE_ROWS_MAX + 1};
    unsigned rows = 0;

    log_rig_add(rig, log, LOG_PAGE_ROWS_MAX + 1);
    request_log_flush(log);
    assert_true(log_reader_page(reader, &(struct log_filter){0}, count_row, &rows, error));
    assert_int_equal(rows, LOG_PAGE_ROWS_DEFAULT);
    rows = 0;
    assert_true(log_reader_page(reader, &many, count_row, &rows, error));
    assert_int_equal(rows, LOG_PAGE_ROWS_MAX);
    log_reader_close(&reader);
    request_log_close(&log);
}

static void a_row_that_is_not_there_is_no_error(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log = log_rig_open(rig, (struct request_log_options){0});
    char error[REQUEST_LOG_ERROR_BYTES];
    struct log_reader *reader = log_reader_open(rig->path, error);
    unsigned rows = 0;
    static const int64_t absent[] = {INT64_MIN, -1, 0, 3, INT64_MAX};

    log_rig_add(rig, log, 2);
    request_log_flush(log);
    for (size_t i = 0; i < COUNT_OF(absent); i++)
        assert_int_equal(log_reader_row(reader, absent[i], count_row, &rows, error), 0);
    assert_int_equal(rows, 0);
    assert_int_equal(log_reader_row(reader, 2, count_row, &rows, error), 1);
    assert_int_equal(rows, 1);
    log_reader_close(&reader);
    request_log_close(&log);
}

/* ---- how rows are found ---- */

/* What the reader last asked of SQLite, its parameters filled in. */
static char last_query[1024];

static int keep_query(unsigned event, void *owner, void *statement, void *unused)
{
    char *query = sqlite3_expanded_sql(statement);

    (void)event;
    (void)owner;
    (void)unused;
    snprintf(last_query, sizeof(last_query), "%s", query);
    sqlite3_free(query);
    return 0;
}

static int listen_to_queries(sqlite3 *database, char **message, const void *functions)
{
    (void)message;
    (void)functions;
    return sqlite3_trace_v2(database, SQLITE_TRACE_STMT, keep_query, NULL);
}

struct plan_case {
    struct log_filter filter;
    const char *plan;
};

static void no_filter_of_the_listener_reads_the_whole_log(void **state)
{
    static const struct plan_case plans[] = {
        {{0}, "PRIMARY KEY (rowid<?)"},
        {{.status = 502}, "requests_status (status=? AND rowid<?)"},
        {{.stage = "dial"}, "requests_stage (stage=? AND rowid<?)"},
        {{.cause = "dns_error"}, "requests_cause (cause=? AND rowid<?)"},
        {{.retried = 1}, "requests_retried (id<?)"},
    };
    struct log_rig *rig = *state;
    struct request_log *log = log_rig_open(rig, (struct request_log_options){0});
    char error[REQUEST_LOG_ERROR_BYTES];
    struct log_reader *reader = log_reader_open(rig->path, error);
    unsigned rows = 0;

    for (size_t i = 0; i < COUNT_OF(plans); i++) {
        char explain[1100];
        sqlite3 *database;
        sqlite3_stmt *statement;
        const char *plan;

        sqlite3_auto_extension((void (*)(void))listen_to_queries);
        assert_true(log_reader_page(reader, &plans[i].filter, count_row, &rows, error));
        sqlite3_reset_auto_extension();
        snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", last_query);
        database = log_rig_database(rig->path);
        assert_int_equal(sqlite3_prepare_v2(database, explain, -1, &statement, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        plan = (const char *)sqlite3_column_text(statement, 3);
        if (strstr(plan, plans[i].plan) == NULL)
            print_error("%s, for %s\n", plan, last_query);
        assert_non_null(strstr(plan, plans[i].plan));
        sqlite3_finalize(statement);
        sqlite3_close(database);
    }
    log_reader_close(&reader);
    request_log_close(&log);
}

/* ---- files ---- */

struct pager {
    int64_t last;
    unsigned rows;
};

static void follow(void *owner, const struct log_row *row)
{
    struct pager *pager = owner;

    assert_true(pager->last == 0 || row->id == pager->last - 1);
    pager->last = row->id;
    pager->rows++;
}

static void pages_go_on_over_all_files(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log =
        log_rig_open(rig, (struct request_log_options){.bytes_max = 32 * 1024});
    char error[REQUEST_LOG_ERROR_BYTES];
    struct log_reader *reader = log_reader_open(rig->path, error);
    struct request_log_counts counts = {0};
    struct pager pager = {0};
    unsigned rows_before;
    unsigned found = 0;

    while (counts.put_aside < 3) {
        log_rig_add(rig, log, 20);
        request_log_flush(log);
        counts = log_rig_counts(log);
    }
    do {
        struct log_filter filter = {.before_id = pager.last, .rows = 33};

        rows_before = pager.rows;
        assert_true(log_reader_page(reader, &filter, follow, &pager, error));
    } while (pager.rows == rows_before + 33);
    assert_int_equal(pager.rows, counts.written);
    assert_int_equal(pager.last, 1);
    assert_int_equal(log_reader_row(reader, 1, count_row, &found, error), 1);
    log_reader_close(&reader);
    request_log_close(&log);
}

/* Puts the log aside once more at the moment at which the reader opens FILE.1. */
static struct request_log *log_to_put_aside;
static struct log_rig *rig_to_put_aside;

static int put_aside_between(sqlite3 *database, char **message, const void *functions)
{
    const char *path = sqlite3_db_filename(database, "main");
    uint64_t before = log_rig_counts(log_to_put_aside).put_aside;

    (void)message;
    (void)functions;
    if (strcmp(path + strlen(path) - 2, ".1") != 0)
        return SQLITE_OK;
    sqlite3_reset_auto_extension();
    while (log_rig_counts(log_to_put_aside).put_aside == before) {
        log_rig_add(rig_to_put_aside, log_to_put_aside, 20);
        request_log_flush(log_to_put_aside);
    }
    return SQLITE_OK;
}

static void a_file_that_moves_on_meanwhile_is_not_told_twice(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log =
        log_rig_open(rig, (struct request_log_options){.bytes_max = 32 * 1024, .in_caller = true});
    char error[REQUEST_LOG_ERROR_BYTES];
    struct log_reader *reader = log_reader_open(rig->path, error);
    struct request_log_counts counts = {0};
    struct pager pager = {0};

    while (counts.put_aside < 2) {
        log_rig_add(rig, log, 20);
        request_log_flush(log);
        counts = log_rig_counts(log);
    }
    log_rig_add(rig, log, 1);
    request_log_flush(log);
    log_to_put_aside = log;
    rig_to_put_aside = rig;
    sqlite3_auto_extension((void (*)(void))put_aside_between);
    assert_true(log_reader_page(reader, &(struct log_filter){.rows = LOG_PAGE_ROWS_MAX}, follow,
                                &pager, error));
    sqlite3_reset_auto_extension();
    assert_int_equal(log_rig_counts(log).put_aside, 3);
    assert_int_equal(pager.rows, counts.written + 1);
    assert_int_equal(pager.last, 1);
    log_reader_close(&reader);
    request_log_close(&log);
}

static void what_is_put_aside_and_is_no_log_is_passed_over(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log = log_rig_open(rig, (struct request_log_options){0});
    char error[REQUEST_LOG_ERROR_BYTES];
    struct log_reader *reader = log_reader_open(rig->path, error);
    char path[RIG_PATH_BYTES];
    FILE *file = fopen(log_rig_path(rig, ".1", path), "w");
    unsigned rows = 0;

    assert_non_null(file);
    fputs(
        "not a database, but long enough to be taken for one: a hundred bytes are its head, so it "
        "goes on",
        file);
    fclose(file);
    log_rig_add(rig, log, 2);
    request_log_flush(log);
    assert_true(log_reader_page(reader, &(struct log_filter){0}, count_row, &rows, error));
    assert_int_equal(rows, 2);
    log_reader_close(&reader);
    request_log_close(&log);
}

static void a_log_that_was_closed_can_be_read(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log = log_rig_open(rig, (struct request_log_options){0});
    char error[REQUEST_LOG_ERROR_BYTES];
    struct log_reader *reader;
    unsigned rows = 0;

    log_rig_add(rig, log, 2);
    request_log_close(&log);
    reader = log_reader_open(rig->path, error);
    assert_non_null(reader);
    assert_true(log_reader_page(reader, &(struct log_filter){0}, count_row, &rows, error));
    assert_int_equal(rows, 2);
    log_reader_close(&reader);
}

static void a_reader_says_why_it_cannot_read(void **state)
{
    struct log_rig *rig = *state;
    char error[REQUEST_LOG_ERROR_BYTES];
    sqlite3 *database;

    assert_null(log_reader_open(rig->path, error));
    assert_non_null(strstr(error, "/log.sqlite is not there"));
    assert_null(log_reader_open("", error));
    assert_non_null(strstr(error, "the path is empty or too long"));
    database = log_rig_database(rig->path);
    log_rig_run(database, "CREATE TABLE requests (id); PRAGMA application_id = 1380995654;"
                          "PRAGMA user_version = 1");
    assert_null(log_reader_open(rig->path, error));
    assert_non_null(strstr(error, "/log.sqlite has an older schema"));
    log_rig_run(database, "PRAGMA user_version = 3");
    assert_null(log_reader_open(rig->path, error));
    assert_non_null(strstr(error, "/log.sqlite has a newer schema"));
    log_rig_run(database, "PRAGMA user_version = 2");
    assert_null(log_reader_open(rig->path, error));
    assert_non_null(strstr(error, "/log.sqlite cannot be read: no such column: ended_unix_ns"));
    sqlite3_close(database);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, log_rig_setup, log_rig_teardown)

int main(void)
{
    static const struct CMUnitTest others[] = {
        TEST(pages_have_limits),
        TEST(a_row_that_is_not_there_is_no_error),
        TEST(no_filter_of_the_listener_reads_the_whole_log),
        TEST(pages_go_on_over_all_files),
        TEST(a_file_that_moves_on_meanwhile_is_not_told_twice),
        TEST(what_is_put_aside_and_is_no_log_is_passed_over),
        TEST(a_log_that_was_closed_can_be_read),
        TEST(a_reader_says_why_it_cannot_read),
    };
    struct CMUnitTest tests[COUNT_OF(others) + COUNT_OF(ROWS) + COUNT_OF(FILTERS)];
    size_t count = COUNT_OF(others);

    memcpy(tests, others, sizeof(others));
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = ROWS[i].name,
                                             .test_func = is_a_row,
                                             .initial_state = (void *)(uintptr_t)&ROWS[i]};
    for (size_t i = 0; i < COUNT_OF(FILTERS); i++)
        tests[count++] = (struct CMUnitTest){.name = FILTERS[i].name,
                                             .test_func = comes,
                                             .initial_state = (void *)(uintptr_t)&FILTERS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
