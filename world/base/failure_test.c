#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/base/check.h"
#include "world/base/failure.h"

static void stages_have_words(void **state)
{
    enum stage stage;

    (void)state;
    for (unsigned i = 0; i < STAGE_COUNT; i++) {
        assert_true(stage_from_word(stage_word((enum stage)i), &stage));
        assert_int_equal(stage, i);
    }
    assert_string_equal(stage_word(STAGE_PRE_WRITE), "pre-write");
    assert_false(stage_from_word("prewrite", &stage));
    assert_false(stage_from_word("", &stage));
}

static void causes_have_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CAUSE_COUNT; i++)
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(cause_word((enum cause)i), cause_word((enum cause)j));
    assert_string_equal(cause_word(CAUSE_CONNECTION_REFUSED), "connection_refused");
    assert_string_equal(side_word(SIDE_NONE), "none");
    assert_string_equal(side_word(SIDE_INTERNAL), "internal");
}

/* RFC 9209 2.3 names a status for most of its types; nobody is left to be answered after a cancel. */
static void causes_have_statuses(void **state)
{
    static const struct {
        enum cause cause;
        int status;
    } rows[] = {
        {CAUSE_NONE, 0},
        {CAUSE_DNS_TIMEOUT, 504},
        {CAUSE_DNS_ERROR, 502},
        {CAUSE_DESTINATION_UNAVAILABLE, 503},
        {CAUSE_CONNECTION_REFUSED, 502},
        {CAUSE_CONNECTION_TERMINATED, 502},
        {CAUSE_CONNECTION_TIMEOUT, 504},
        {CAUSE_CONNECTION_LIMIT_REACHED, 503},
        {CAUSE_HTTP_RESPONSE_INCOMPLETE, 502},
        {CAUSE_HTTP_RESPONSE_TIMEOUT, 504},
        {CAUSE_HTTP_REQUEST_ERROR, 400},
        {CAUSE_PROXY_INTERNAL_ERROR, 500},
        {CAUSE_CLIENT_CANCELLED, 0},
        {CAUSE_CLIENT_TIMEOUT, 408},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(cause_status(rows[i].cause), rows[i].status);
}

static void dial_errors_have_causes(void **state)
{
    static const struct {
        int os_error;
        enum cause cause;
    } rows[] = {
        {ECONNREFUSED, CAUSE_CONNECTION_REFUSED},
        {EHOSTUNREACH, CAUSE_DESTINATION_IP_UNROUTABLE},
        {ENETUNREACH, CAUSE_DESTINATION_IP_UNROUTABLE},
        {ETIMEDOUT, CAUSE_CONNECTION_TIMEOUT},
        {EMFILE, CAUSE_CONNECTION_LIMIT_REACHED},
        {ENOMEM, CAUSE_CONNECTION_LIMIT_REACHED},
        {ECONNRESET, CAUSE_CONNECTION_TERMINATED},
        {0, CAUSE_CONNECTION_TERMINATED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(cause_of_dial_error(rows[i].os_error), rows[i].cause);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"every stage has a word, and the word is the stage's", stages_have_words, NULL, NULL,
         NULL},
        {"every cause has a word of its own", causes_have_words, NULL, NULL, NULL},
        {"every cause has the status that an intermediary answers", causes_have_statuses, NULL,
         NULL, NULL},
        {"a failed dial has a cause, whatever the errno", dial_errors_have_causes, NULL, NULL,
         NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
