/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/cast/case_log.h"

#include <string.h>
#include <sys/stat.h>

enum {
    REGION_BYTES = 16 * 1024 * 1024,
    MORE_THAN_A_PAGE = LOG_PAGE_ROWS_MAX + 1,
};

static void add(struct case_log *log, uint64_t id, unsigned status)
{
    struct proxy_settings settings;
    static struct exchange_record record; /* 20 KiB, all zero but for what is set here */
    proxy_settings_init(&settings);
    record.id = id;
    record.status = status;
    memcpy(record.method, "GET", sizeof("GET"));
    request_log_add(log->log, &record, &settings, id);
}

/* Rows come back in their order, more than a page of them too, and nothing is left of the folder. */
static void play(bool in_caller)
{
    struct region region;
    struct case_log log = {.log = NULL};
    struct case_log_rows rows;
    struct stat about;
    char error[REQUEST_LOG_ERROR_BYTES] = "";
    region_init(&region, REGION_BYTES);
    if (!case_log_open(&log, in_caller, error))
        fail_msg("%s", error);
    assert_true(case_log_is_open(&log));
    for (unsigned i = 1; i <= MORE_THAN_A_PAGE; i++)
        add(&log, i, 200 + i % 2);
    if (!case_log_read(&log, &region, &rows, error))
        fail_msg("%s", error);
    assert_int_equal(rows.count, MORE_THAN_A_PAGE);
    for (unsigned i = 1; i <= MORE_THAN_A_PAGE; i++)
        assert_int_equal(rows.list[i - 1].status, 200 + i % 2);
    assert_string_equal(rows.list[0].method, "GET");
    assert_int_equal(stat(log.folder, &about), 0);
    case_log_close(&log);
    assert_false(case_log_is_open(&log));
    assert_int_not_equal(stat(log.folder, &about), 0);
    case_log_close(&log);
    region_release(&region);
}

static void rows_come_back_in_the_simulation(void **state)
{
    (void)state;
    play(true);
}

static void rows_come_back_from_a_thread(void **state)
{
    (void)state;
    play(false);
}

static void more_rows_than_a_case_may_have_are_an_error(void **state)
{
    struct region region;
    struct case_log log;
    struct case_log_rows rows;
    char error[REQUEST_LOG_ERROR_BYTES] = "";
    (void)state;
    region_init(&region, REGION_BYTES);
    assert_true(case_log_open(&log, true, error));
    for (unsigned i = 1; i <= CASE_LOG_ROWS_MAX; i++)
        add(&log, i, 200);
    assert_true(case_log_read(&log, &region, &rows, error));
    assert_int_equal(rows.count, CASE_LOG_ROWS_MAX);
    add(&log, CASE_LOG_ROWS_MAX + 1, 200);
    assert_false(case_log_read(&log, &region, &rows, error));
    assert_string_equal(error, "the request log has more rows than a case can hold");
    case_log_close(&log);
    region_release(&region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_in_the_simulation),
        cmocka_unit_test(rows_come_back_from_a_thread),
        cmocka_unit_test(more_rows_than_a_case_may_have_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
