/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "fakeupstream/secure/key_log.h"

#define RANDOM_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define RANDOM_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

enum { REGION_BYTES = 64 * 1024 };

static const uint8_t A[KEY_LOG_RANDOM_BYTES] = {
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF,
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};
static const uint8_t NOBODY[KEY_LOG_RANDOM_BYTES] = {1};

static void a_connection_has_the_lines_of_its_random(void **state)
{
    struct key_log log;
    struct region region;

    (void)state;
    key_log_init(&log);
    region_init(&region, REGION_BYTES);
    assert_null(key_log_find(&log, A, &region));
    key_log_add(&log, "CLIENT_TRAFFIC_SECRET_0 " RANDOM_A " 01");
    key_log_add(&log, "CLIENT_TRAFFIC_SECRET_0 " RANDOM_B " 02");
    key_log_add(&log, "EXPORTER_SECRET " RANDOM_A " 03");
    key_log_add(&log, "SERVER_TRAFFIC_SECRET_0 " RANDOM_A " 04");
    key_log_add(&log, "no line of a key log");
    assert_string_equal(key_log_find(&log, A, &region),
                        "CLIENT_TRAFFIC_SECRET_0 " RANDOM_A " 01\nSERVER_TRAFFIC_SECRET_0 " RANDOM_A
                        " 04\n");
    assert_null(key_log_find(&log, NOBODY, &region));
    key_log_reset(&log);
    assert_null(key_log_find(&log, A, &region));
    key_log_release(&log);
    region_release(&region);
}

static void past_its_limit_lines_are_left_out(void **state)
{
    static const char line[] = "CLIENT_TRAFFIC_SECRET_0 " RANDOM_A " 01";
    struct key_log log;

    (void)state;
    key_log_init(&log);
    for (size_t i = 0; i < KEY_LOG_BYTES_MAX / sizeof(line) + 9; i++)
        key_log_add(&log, line);
    assert_int_equal(log.size, KEY_LOG_BYTES_MAX / sizeof(line) * sizeof(line));
    key_log_release(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_has_the_lines_of_its_random),
        cmocka_unit_test(past_its_limit_lines_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
