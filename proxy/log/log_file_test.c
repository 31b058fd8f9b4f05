#include "proxy/log/log_file.h"

#include <sys/stat.h>

#include "proxy/log/log_rig.h"

static void add(struct log_batch *batch, struct log_rig *rig)
{
    const struct log_source source = {.record = &rig->record, .settings = &rig->settings};

    assert_true(log_batch_add(batch, &source));
}

static void a_transaction_that_was_refused_can_be_tried_again(void **state)
{
    struct log_rig *rig = *state;
    char error[REQUEST_LOG_ERROR_BYTES];
    struct log_file *file = log_file_open(rig->path, error);
    sqlite3 *other = log_rig_database(rig->path);
    struct log_batch batch;
    const struct log_part part = {.batch = &batch, .first = 1, .count = 2};

    assert_non_null(file);
    assert_true(log_batch_init(&batch));
    for (unsigned i = 0; i < 4; i++) {
        snprintf(rig->record.target, sizeof(rig->record.target), "/%u", i);
        add(&batch, rig);
    }
    log_rig_run(other, "BEGIN IMMEDIATE");
    assert_int_equal(log_file_write(file, &part), LOG_TRY_AGAIN);
    log_rig_run(other, "COMMIT");
    log_rig_expect(rig->path, "SELECT count(*) FROM requests", "0");
    assert_int_equal(log_file_write(file, &part), LOG_WRITTEN);
    log_rig_expect(rig->path, "SELECT group_concat(id || target) FROM requests", "1/1,2/2");
    sqlite3_close(other);
    log_batch_release(&batch);
    log_file_close(&file);
}

/* SQLite says the same of a file that may have no more pages as of a disk that is full. */
static int limit_pages(sqlite3 *database, char **message, const void *functions)
{
    (void)message;
    (void)functions;
    return sqlite3_exec(database, "PRAGMA max_page_count = 64", NULL, NULL, NULL);
}

static void a_full_disk_takes_none_of_a_transaction(void **state)
{
    struct log_rig *rig = *state;
    char error[REQUEST_LOG_ERROR_BYTES];
    struct log_file *file;
    struct log_batch batch;
    struct log_part part = {.batch = &batch, .count = REQUEST_LOG_BATCH_ROWS};

    sqlite3_auto_extension((void (*)(void))limit_pages);
    file = log_file_open(rig->path, error);
    sqlite3_reset_auto_extension();
    assert_non_null(file);
    assert_true(log_batch_init(&batch));
    for (unsigned i = 0; i < REQUEST_LOG_BATCH_ROWS; i++)
        add(&batch, rig);
    assert_int_equal(log_file_write(file, &part), LOG_TRY_AGAIN);
    log_rig_expect(rig->path, "SELECT count(*) FROM requests", "0");
    part.count = 10;
    assert_int_equal(log_file_write(file, &part), LOG_WRITTEN);
    log_rig_expect(rig->path, "SELECT count(*) FROM requests", "10");
    log_batch_release(&batch);
    log_file_close(&file);
}

/* Somebody stands in the way of the rename: a folder where FILE.1 would be. */
static void a_file_that_cannot_be_renamed_goes_on(void **state)
{
    struct log_rig *rig = *state;
    char error[REQUEST_LOG_ERROR_BYTES];
    struct log_file *file = log_file_open(rig->path, error);
    struct log_batch batch;
    const struct log_part part = {.batch = &batch, .count = 1};
    char path[RIG_PATH_BYTES];

    assert_non_null(file);
    assert_true(log_batch_init(&batch));
    add(&batch, rig);
    for (unsigned i = 1; i <= REQUEST_LOG_FILES_MAX; i++) {
        char behind[8];

        snprintf(behind, sizeof(behind), ".%u", i);
        assert_int_equal(mkdir(log_rig_path(rig, behind, path), 0700), 0);
    }
    assert_int_equal(mkdir(log_rig_path(rig, ".5/full", path), 0700), 0);
    assert_int_equal(log_file_write(file, &part), LOG_WRITTEN);
    assert_false(log_file_put_aside(file));
    assert_int_equal(log_file_write(file, &part), LOG_WRITTEN);
    log_rig_expect(rig->path, "SELECT group_concat(id) FROM requests", "1,2");
    log_batch_release(&batch);
    log_file_close(&file);
    assert_int_equal(rmdir(path), 0);
    for (unsigned i = 1; i <= REQUEST_LOG_FILES_MAX; i++) {
        char behind[8];

        snprintf(behind, sizeof(behind), ".%u", i);
        assert_int_equal(rmdir(log_rig_path(rig, behind, path)), 0);
    }
}

/* What was opened for one row is not taken for another: details, bindings and texts begin anew. */
static void nothing_of_a_row_stands_in_the_next(void **state)
{
    struct log_rig *rig = *state;
    char error[REQUEST_LOG_ERROR_BYTES];
    struct log_file *file = log_file_open(rig->path, error);
    struct log_batch batch;
    const struct log_part part = {.batch = &batch, .count = 2};

    assert_non_null(file);
    assert_true(log_batch_init(&batch));
    snprintf(rig->record.route, sizeof(rig->record.route), "a-long-name");
    rig->record.error_word = "INTERNAL_ERROR";
    rig->record.failure.cause = CAUSE_PROXY_INTERNAL_ERROR;
    add(&batch, rig);
    rig->record.route[0] = '\0';
    rig->record.error_word = NULL;
    rig->record.failure.cause = CAUSE_NONE;
    rig->record.attempt_count = 0;
    add(&batch, rig);
    assert_int_equal(log_file_write(file, &part), LOG_WRITTEN);
    log_rig_expect(rig->path,
                   "SELECT route IS NULL AND error IS NULL AND stage IS NULL AND cause IS NULL AND"
                   " retry_details = '[]' FROM requests WHERE id = 2",
                   "1");
    log_batch_release(&batch);
    log_file_close(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, log_rig_setup, log_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_transaction_that_was_refused_can_be_tried_again),
        TEST(a_full_disk_takes_none_of_a_transaction),
        TEST(a_file_that_cannot_be_renamed_goes_on),
        TEST(nothing_of_a_row_stands_in_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
