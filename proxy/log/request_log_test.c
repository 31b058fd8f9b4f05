#include "proxy/log/request_log.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>

#include "proxy/log/log_reader.h"
#include "proxy/log/log_rig.h"

/* ---- a disk that waits or refuses: every commit asks here ---- */

struct gate {
    sem_t arrived;
    sem_t leave;
    bool closed;
    bool refuses;
};

/* Of the log that is being opened: SQLite gives no owner to what it calls for each new connection. */
static struct gate *gate_of_next;

static int commit_asks(void *owner)
{
    struct gate *gate = owner;

    if (gate->closed) {
        sem_post(&gate->arrived);
        while (sem_wait(&gate->leave) != 0)
            assert_int_equal(errno, EINTR);
    }
    return gate->refuses;
}

static int stand_at_gate(sqlite3 *database, char **message, const void *functions)
{
    (void)message;
    (void)functions;
    sqlite3_commit_hook(database, commit_asks, gate_of_next);
    return SQLITE_OK;
}

/* A gate of its own for each log: one that a failed test left behind must not hold up the next test. */
static struct request_log *open_at_gate(struct log_rig *rig, struct gate **gate)
{
    struct request_log *log;

    *gate = calloc(1, sizeof(**gate));
    assert_non_null(*gate);
    sem_init(&(*gate)->arrived, 0, 0);
    sem_init(&(*gate)->leave, 0, 0);
    gate_of_next = *gate;
    sqlite3_auto_extension((void (*)(void))stand_at_gate);
    log = log_rig_open(rig, (struct request_log_options){0});
    sqlite3_reset_auto_extension();
    return log;
}

/* Lets through who waits there, and all others from now on. */
static void open_gate(struct gate *gate)
{
    gate->closed = false;
    sem_post(&gate->leave);
}

static void close_at_gate(struct request_log **log, struct gate *gate)
{
    request_log_close(log);
    sem_destroy(&gate->arrived);
    sem_destroy(&gate->leave);
    free(gate);
}

/* ---- rows ---- */

static void ten_thousand_exchanges_are_ten_thousand_rows(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log = log_rig_open(rig, (struct request_log_options){0});

    log_rig_add(rig, log, REQUEST_LOG_QUEUE_ROWS);
    request_log_flush(log);
    log_rig_expect(rig->path, "SELECT count(*) FROM requests", "8192");
    log_rig_add(rig, log, 10000 - REQUEST_LOG_QUEUE_ROWS);
    request_log_flush(log);
    assert_int_equal(log_rig_counts(log).added, 10000);
    assert_int_equal(log_rig_counts(log).written, 10000);
    assert_int_equal(log_rig_counts(log).overflowed, 0);
    request_log_close(&log);
    assert_null(log);
    log_rig_expect(rig->path, "SELECT count(*) || ' ' || max(id) FROM requests", "10000 10000");
}

/* The thread is held in its first transaction, so what waits is known to the row. */
static void what_finds_no_room_is_counted(void **state)
{
    struct log_rig *rig = *state;
    struct gate *gate;
    struct request_log *log = open_at_gate(rig, &gate);

    gate->closed = true;
    log_rig_add(rig, log, REQUEST_LOG_BATCH_ROWS);
    sem_wait(&gate->arrived);
    log_rig_add(rig, log, REQUEST_LOG_QUEUE_ROWS - REQUEST_LOG_BATCH_ROWS);
    assert_int_equal(log_rig_counts(log).overflowed, 0);
    log_rig_add(rig, log, 1);
    assert_int_equal(log_rig_counts(log).overflowed, 1);
    log_rig_add(rig, log, 41);
    assert_int_equal(log_rig_counts(log).overflowed, 42);
    assert_int_equal(log_rig_counts(log).written, 0);
    open_gate(gate);
    request_log_flush(log);
    log_rig_add(rig, log, 1);
    close_at_gate(&log, gate);
    log_rig_expect(rig->path, "SELECT count(*) FROM requests", "8193");
}

static void a_row_whose_attempts_find_no_room_is_counted_whole(void **state)
{
    struct log_rig *rig = *state;
    struct gate *gate;
    struct request_log *log = open_at_gate(rig, &gate);
    unsigned fit = 4 * REQUEST_LOG_QUEUE_ROWS / RECORD_ATTEMPTS_MAX;

    gate->closed = true;
    log_rig_add(rig, log, REQUEST_LOG_BATCH_ROWS);
    sem_wait(&gate->arrived);
    rig->record.attempt_count = RECORD_ATTEMPTS_MAX;
    log_rig_add(rig, log, fit);
    assert_int_equal(log_rig_counts(log).overflowed, 0);
    log_rig_add(rig, log, 1);
    assert_int_equal(log_rig_counts(log).overflowed, 1);
    open_gate(gate);
    close_at_gate(&log, gate);
    log_rig_expect(rig->path, "SELECT count(*) FROM requests WHERE retry_attempts = 100", "324");
}

static void what_the_file_refuses_is_counted_and_later_rows_go_in(void **state)
{
    struct log_rig *rig = *state;
    struct gate *gate;
    struct request_log *log = open_at_gate(rig, &gate);

    gate->refuses = true;
    log_rig_add(rig, log, 5);
    request_log_flush(log);
    assert_int_equal(log_rig_counts(log).failed, 5);
    assert_int_equal(log_rig_counts(log).written, 0);
    gate->refuses = false;
    log_rig_add(rig, log, 2);
    request_log_flush(log);
    assert_int_equal(log_rig_counts(log).failed, 5);
    assert_int_equal(log_rig_counts(log).written, 2);
    close_at_gate(&log, gate);
    log_rig_expect(rig->path, "SELECT count(*) FROM requests", "2");
}

static void a_file_that_another_program_holds_takes_later_rows(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log = log_rig_open(rig, (struct request_log_options){0});
    sqlite3 *other = log_rig_database(rig->path);

    log_rig_run(other, "BEGIN IMMEDIATE");
    log_rig_add(rig, log, 3);
    request_log_flush(log);
    assert_int_equal(log_rig_counts(log).failed, 3);
    log_rig_run(other, "COMMIT");
    log_rig_add(rig, log, 4);
    request_log_flush(log);
    assert_int_equal(log_rig_counts(log).written, 4);
    sqlite3_close(other);
    request_log_close(&log);
}

static void closing_writes_what_waits(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log = log_rig_open(rig, (struct request_log_options){0});

    log_rig_add(rig, log, 3);
    request_log_close(&log);
    log_rig_expect(rig->path, "SELECT count(*) FROM requests", "3");
}

static void rows_reach_the_file_without_a_flush(void **state)
{
    struct log_rig *rig = *state;
    struct gate *gate;
    struct request_log *log = open_at_gate(rig, &gate);

    gate->closed = true;
    log_rig_add(rig, log, 1);
    sem_wait(&gate->arrived);
    open_gate(gate);
    close_at_gate(&log, gate);
}

static void in_the_caller_a_full_batch_is_written_at_once(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log = log_rig_open(rig, (struct request_log_options){.in_caller = true});

    log_rig_add(rig, log, REQUEST_LOG_BATCH_ROWS - 1);
    assert_int_equal(log_rig_counts(log).written, 0);
    log_rig_add(rig, log, 1);
    assert_int_equal(log_rig_counts(log).written, REQUEST_LOG_BATCH_ROWS);
    log_rig_add(rig, log, 1);
    request_log_flush(log);
    assert_int_equal(log_rig_counts(log).written, REQUEST_LOG_BATCH_ROWS + 1);
    request_log_close(&log);
}

static void in_the_caller_nothing_overflows(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log = log_rig_open(rig, (struct request_log_options){.in_caller = true});

    rig->record.attempt_count = RECORD_ATTEMPTS_MAX;
    log_rig_add(rig, log, 1000);
    request_log_flush(log);
    assert_int_equal(log_rig_counts(log).written, 1000);
    assert_int_equal(log_rig_counts(log).overflowed, 0);
    request_log_close(&log);
}

static void a_snapshot_that_is_read_does_not_hold_up_the_writer(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log = log_rig_open(rig, (struct request_log_options){0});
    sqlite3 *other = log_rig_database(rig->path);

    log_rig_add(rig, log, 10);
    request_log_flush(log);
    log_rig_run(other, "BEGIN; SELECT count(*) FROM requests");
    log_rig_add(rig, log, 10);
    request_log_flush(log);
    assert_int_equal(log_rig_counts(log).written, 20);
    log_rig_run(other, "CREATE TEMP TABLE proof (rows CHECK (rows = 10));"
                       "INSERT INTO proof SELECT count(*) FROM requests; COMMIT");
    sqlite3_close(other);
    log_rig_expect(rig->path, "SELECT count(*) FROM requests", "20");
    request_log_close(&log);
}

/* ---- a process that is killed ---- */

enum { KILL_AFTER_FLUSHES = 12, KILL_ROWS = 25 };

/* Logs for ever, and tells after each flush how many rows are in the file. */
static void log_until_killed(struct log_rig *rig, int pipe_end)
{
    char error[REQUEST_LOG_ERROR_BYTES];
    const struct request_log_options options = {.path = rig->path};
    struct request_log *log = request_log_open(&options, error);
    struct request_log_counts counts;

    while (log != NULL) {
        log_rig_add(rig, log, KILL_ROWS);
        request_log_flush(log);
        request_log_count(log, &counts);
        if (write(pipe_end, &counts.written, sizeof(counts.written)) != sizeof(counts.written))
            break;
        log_rig_add(rig, log, KILL_ROWS);
    }
    _exit(1);
}

static void a_killed_process_loses_nothing_that_was_flushed(void **state)
{
    struct log_rig *rig = *state;
    uint64_t flushed = 0;
    int status;

    for (unsigned round = 1; round <= 3; round++) {
        char answer[256];
        uint64_t rows;
        int ends[2];
        pid_t child;

        unlink(rig->path);
        assert_int_equal(pipe(ends), 0);
        child = fork();
        if (child == 0) {
            close(ends[0]);
            log_until_killed(rig, ends[1]);
        }
        assert_true(child > 0);
        close(ends[1]);
        for (unsigned i = 0; i < KILL_AFTER_FLUSHES * round; i++)
            assert_int_equal(read(ends[0], &flushed, sizeof(flushed)), sizeof(flushed));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        close(ends[0]);
        log_rig_expect(rig->path, "PRAGMA integrity_check", "ok");
        rows = strtoull(log_rig_ask(rig->path, "SELECT count(*) FROM requests", answer), NULL, 10);
        assert_true(flushed >= (uint64_t)KILL_ROWS * KILL_AFTER_FLUSHES * round);
        assert_true(rows >= flushed);
    }
}

/* ---- putting aside ---- */

static void add_and_flush(struct log_rig *rig, struct request_log *log, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        log_rig_add(rig, log, 50);
        request_log_flush(log);
    }
}

/* Rows of the files from FILE.3 to FILE, whose ids must follow one another. */
static void a_large_file_is_put_aside_and_no_row_is_lost(void **state)
{
    static const char *const behind[] = {".3", ".2", ".1", ""};
    struct log_rig *rig = *state;
    struct request_log *log =
        log_rig_open(rig, (struct request_log_options){.bytes_max = 64 * 1024});
    unsigned long long rows = 0;

    while (log_rig_counts(log).put_aside < 3)
        add_and_flush(rig, log, 1);
    add_and_flush(rig, log, 1);
    for (size_t i = 0; i < COUNT_OF(behind); i++) {
        char path[RIG_PATH_BYTES];
        char answer[256];
        unsigned long long count;
        unsigned long long first;
        unsigned long long last;

        log_rig_path(rig, behind[i], path);
        log_rig_ask(path, "SELECT count(*) || ' ' || min(id) || ' ' || max(id) FROM requests",
                    answer);
        assert_int_equal(sscanf(answer, "%llu %llu %llu", &count, &first, &last), 3);
        assert_int_equal(first, rows + 1);
        assert_int_equal(last, rows + count);
        rows = last;
        log_rig_expect(path, "PRAGMA journal_mode", i < 3 ? "delete" : "wal");
        log_rig_expect(path, "PRAGMA integrity_check", "ok");
    }
    assert_int_equal(rows, log_rig_counts(log).written);
    assert_int_equal(rows, log_rig_counts(log).added);
    request_log_close(&log);
}

static void the_oldest_file_goes(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log =
        log_rig_open(rig, (struct request_log_options){.bytes_max = 32 * 1024});
    char path[RIG_PATH_BYTES];

    while (log_rig_counts(log).put_aside < REQUEST_LOG_FILES_MAX + 2)
        add_and_flush(rig, log, 1);
    request_log_close(&log);
    assert_int_equal(access(log_rig_path(rig, ".5", path), F_OK), 0);
    assert_int_not_equal(access(log_rig_path(rig, ".6", path), F_OK), 0);
    assert_int_not_equal(access(log_rig_path(rig, ".1-wal", path), F_OK), 0);
}

static void a_file_that_somebody_has_open_is_put_aside_later(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log =
        log_rig_open(rig, (struct request_log_options){.bytes_max = 64 * 1024});
    sqlite3 *other;

    add_and_flush(rig, log, 1);
    other = log_rig_database(rig->path);
    log_rig_run(other, "SELECT count(*) FROM requests");
    add_and_flush(rig, log, 10);
    assert_int_equal(log_rig_counts(log).put_aside, 0);
    assert_int_equal(log_rig_counts(log).written, 550);
    sqlite3_close(other);
    add_and_flush(rig, log, 1);
    assert_int_equal(log_rig_counts(log).put_aside, 1);
    request_log_close(&log);
}

static void ids_go_on_where_the_last_file_ended(void **state)
{
    struct log_rig *rig = *state;
    struct request_log *log =
        log_rig_open(rig, (struct request_log_options){.bytes_max = 32 * 1024});
    char written[24];

    while (log_rig_counts(log).put_aside < 1)
        add_and_flush(rig, log, 1);
    snprintf(written, sizeof(written), "%u", (unsigned)log_rig_counts(log).written + 1);
    request_log_close(&log);
    log_rig_expect(rig->path, "SELECT count(*) FROM requests", "0");
    log = log_rig_open(rig, (struct request_log_options){0});
    log_rig_add(rig, log, 1);
    request_log_close(&log);
    log_rig_expect(rig->path, "SELECT id FROM requests", written);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, log_rig_setup, log_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ten_thousand_exchanges_are_ten_thousand_rows),
        TEST(what_finds_no_room_is_counted),
        TEST(a_row_whose_attempts_find_no_room_is_counted_whole),
        TEST(what_the_file_refuses_is_counted_and_later_rows_go_in),
        TEST(a_file_that_another_program_holds_takes_later_rows),
        TEST(closing_writes_what_waits),
        TEST(rows_reach_the_file_without_a_flush),
        TEST(in_the_caller_a_full_batch_is_written_at_once),
        TEST(in_the_caller_nothing_overflows),
        TEST(a_snapshot_that_is_read_does_not_hold_up_the_writer),
        TEST(a_killed_process_loses_nothing_that_was_flushed),
        TEST(a_large_file_is_put_aside_and_no_row_is_lost),
        TEST(the_oldest_file_goes),
        TEST(a_file_that_somebody_has_open_is_put_aside_later),
        TEST(ids_go_on_where_the_last_file_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
