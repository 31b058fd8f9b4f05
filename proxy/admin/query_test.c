#include "proxy/admin/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_BYTES = 1024 };

#define TEN    "0123456789"
#define THIRTY TEN TEN TEN

struct reading {
    const char *sentence;
    const char *query;
    const char *expected; /* "name=value " for each part, then "done" or "refused" */
};

static const struct reading READINGS[] = {
    {"nothing is no part", "", "done"},
    {"a part has a name and a value", "status=502", "status=502 done"},
    {"parts stand in their order", "a=1&b=2&a=3", "a=1 b=2 a=3 done"},
    {"a part without = has an empty value", "a&b=", "a= b= done"},
    {"empty parts are passed over", "&&a=1&&", "a=1 done"},
    {"only the first = splits", "a=b=c", "a=b=c done"},
    {"escapes are decoded in names and values", "%61=%41%7e", "a=A~ done"},
    {"hex digits have either case", "a=%c3%A4", "a=\xc3\xa4 done"},
    {"an escaped & or = splits nothing", "a=%26%3D", "a=&= done"},
    {"a plus sign is a plus sign", "a+b=c+d", "a+b=c+d done"},
    {"an escaped percent sign is decoded once", "a=%2541", "a=%41 done"},
    {"a part without a name is refused", "a=1&=2", "a=1 refused"},
    {"an escape of one digit is refused", "a=%4", "refused"},
    {"an escape without digits is refused", "a=%", "refused"},
    {"an escape of no hex digits is refused", "a=%4g", "refused"},
    {"an escape of no hex digit before one is refused", "a=%g4", "refused"},
    {"an escaped NUL is refused", "a=%00", "refused"},
    {"a name of 31 bytes fits", THIRTY "1=x", THIRTY "1=x done"},
    {"a name of 32 bytes is refused", THIRTY "12=x", "refused"},
    {"a value of 127 bytes fits", "a=" THIRTY THIRTY THIRTY THIRTY "1234567",
     "a=" THIRTY THIRTY THIRTY THIRTY "1234567 done"},
    {"a value of 128 bytes is refused", "a=" THIRTY THIRTY THIRTY THIRTY "12345678", "refused"},
    {"an escape counts as the byte it stands for", "a=" THIRTY THIRTY THIRTY THIRTY "123456%37",
     "a=" THIRTY THIRTY THIRTY THIRTY "1234567 done"},
};

static const char *step_word(enum query_step step)
{
    return step == QUERY_DONE ? "done" : "refused";
}

static void query_is_read(void **state)
{
    const struct reading *reading = *state;
    struct bytes rest = bytes_of(reading->query);
    char text[TEXT_BYTES];
    struct query_part part;
    enum query_step step;
    size_t used = 0;

    while ((step = query_take(&rest, &part)) == QUERY_PART)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s=%s ", part.name, part.value);
    snprintf(text + used, sizeof(text) - used, "%s", step_word(step));
    assert_string_equal(text, reading->expected);
}

static void a_nul_that_is_not_escaped_is_refused(void **state)
{
    struct bytes rest = bytes_make("a=1\0b", 5);
    struct query_part part;

    (void)state;
    assert_int_equal(query_take(&rest, &part), QUERY_REFUSED);
}

static void unreserved_characters_alone_stay_when_encoding(void **state)
{
    char out[64];

    (void)state;
    assert_string_equal(percent_encode("aZ9-._~", out, sizeof(out)), "aZ9-._~");
    assert_string_equal(percent_encode("a b&c=\xc3\xa4/%", out, sizeof(out)),
                        "a%20b%26c%3D%C3%A4%2F%25");
    assert_string_equal(percent_encode("", out, sizeof(out)), "");
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(READINGS) + 2] = {
        cmocka_unit_test(a_nul_that_is_not_escaped_is_refused),
        cmocka_unit_test(unreserved_characters_alone_stay_when_encoding),
    };

    for (size_t i = 0; i < COUNT_OF(READINGS); i++)
        tests[i + 2] = (struct CMUnitTest){.name = READINGS[i].sentence,
                                           .test_func = query_is_read,
                                           .initial_state = (void *)(uintptr_t)&READINGS[i]};
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
