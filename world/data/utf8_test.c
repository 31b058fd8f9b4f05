/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "world/base/check.h"
#include "world/data/utf8.h"

static const struct {
    const char *sentence;
    const char *text;
    size_t length;
    uint32_t code_point;
} ROWS[] = {
    {"an ASCII byte", "a", 1, 'a'},
    {"the last of one byte", "\x7F", 1, 0x7F},
    {"the first of two bytes", "\xC2\x80", 2, 0x80},
    {"the last of two bytes", "\xDF\xBF", 2, 0x7FF},
    {"the first of three bytes", "\xE0\xA0\x80", 3, 0x800},
    {"the last before the surrogates", "\xED\x9F\xBF", 3, 0xD7FF},
    {"the first after the surrogates", "\xEE\x80\x80", 3, 0xE000},
    {"the first of four bytes", "\xF0\x90\x80\x80", 4, 0x10000},
    {"the last there is", "\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
    {"a byte that only continues", "\x80", 0, 0},
    {"two bytes, overlong", "\xC1\xBF", 0, 0},
    {"three bytes, overlong", "\xE0\x9F\xBF", 0, 0},
    {"four bytes, overlong", "\xF0\x8F\xBF\xBF", 0, 0},
    {"a surrogate", "\xED\xA0\x80", 0, 0},
    {"past the last", "\xF4\x90\x80\x80", 0, 0},
    {"a lead byte of the past", "\xF8\x88\x80\x80\x80", 0, 0},
    {"cut short by the end", "\xE2\x82", 0, 0},
    {"cut short by another character", "\xE2\x82x", 0, 0},
};

static void a_character_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        uint32_t code_point = 0;
        size_t length = utf8_take(ROWS[i].text, strlen(ROWS[i].text), &code_point);

        if (length != ROWS[i].length || code_point != ROWS[i].code_point)
            fail_msg("%s: %zu bytes, U+%04X", ROWS[i].sentence, length, code_point);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_character_is_taken_whole_or_not_at_all)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
