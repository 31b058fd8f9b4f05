#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/http/method.h"
#include "world/base/check.h"

struct row {
    const char *method;
    bool safe;
    bool idempotent;
};

/* The IANA method registry, row by row; what is not in it is neither. */
static const struct row ROWS[] = {
    {"GET", true, true},
    {"HEAD", true, true},
    {"OPTIONS", true, true},
    {"TRACE", true, true},
    {"PRI", true, true},
    {"PROPFIND", true, true},
    {"REPORT", true, true},
    {"SEARCH", true, true},
    {"PUT", false, true},
    {"DELETE", false, true},
    {"ACL", false, true},
    {"BASELINE-CONTROL", false, true},
    {"BIND", false, true},
    {"CHECKIN", false, true},
    {"CHECKOUT", false, true},
    {"COPY", false, true},
    {"LABEL", false, true},
    {"LINK", false, true},
    {"MERGE", false, true},
    {"MKACTIVITY", false, true},
    {"MKCALENDAR", false, true},
    {"MKCOL", false, true},
    {"MKREDIRECTREF", false, true},
    {"MKWORKSPACE", false, true},
    {"MOVE", false, true},
    {"ORDERPATCH", false, true},
    {"PROPPATCH", false, true},
    {"REBIND", false, true},
    {"UNBIND", false, true},
    {"UNCHECKOUT", false, true},
    {"UNLINK", false, true},
    {"UNLOCK", false, true},
    {"UPDATE", false, true},
    {"UPDATEREDIRECTREF", false, true},
    {"VERSION-CONTROL", false, true},
    {"POST", false, false},
    {"PATCH", false, false},
    {"CONNECT", false, false},
    {"LOCK", false, false},
    {"PURGE", false, false},
    {"FOO", false, false},
    {"get", false, false},
    {"GE", false, false},
    {"GETS", false, false},
    {"", false, false},
};

static void is_what_the_registry_says(void **state)
{
    const struct row *row = *state;

    assert_int_equal(method_is_safe(bytes_of(row->method)), row->safe);
    assert_int_equal(method_is_idempotent(bytes_of(row->method)), row->idempotent);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].method,
                                       .test_func = is_what_the_registry_says,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
