#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/exchange/actions.h"

struct caught {
    jmp_buf back;
    char sentence[256];
};

static void catch (void *owner, const char *sentence)
{
    struct caught *caught = owner;

    strncpy(caught->sentence, sentence, sizeof(caught->sentence) - 1);
    longjmp(caught->back, 1);
}

/* What the table says of a pair it has no cell for. */
static const char *refusal_of(enum exchange_state exchange_state, enum exchange_event event)
{
    static struct caught caught;
    static struct exchange exchange;

    memset(&caught, 0, sizeof(caught));
    exchange = (struct exchange){.tag = EXCHANGE_TAG, .state = exchange_state};
    check_handle_with(catch, &caught);
    if (setjmp(caught.back) == 0)
        exchange_advance(&exchange, event);
    check_handle_with(NULL, NULL);
    return caught.sentence;
}

static void an_impossible_pair_names_both_words(void **state)
{
    (void)state;
    assert_non_null(strstr(refusal_of(STATE_DONE, EVENT_UPSTREAM_READY),
                           "an exchange that is done cannot meet upstream-ready"));
    assert_non_null(strstr(refusal_of(STATE_IDLE, EVENT_TIMED_OUT),
                           "an exchange that is idle cannot meet timed-out"));
    assert_non_null(strstr(refusal_of(STATE_RELAYING, EVENT_RETRY_ALLOWED),
                           "an exchange that is relaying cannot meet retry-allowed"));
}

/* A response that has begun can only end: no cell leads from relaying back to a choice. */
static void relaying_never_meets_what_begins_an_attempt(void **state)
{
    static const enum exchange_event events[] = {EVENT_BEGIN, EVENT_TAKEN, EVENT_DIAL_NEEDED,
                                                 EVENT_DIALED, EVENT_HEAD_COMPLETE};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(events); i++)
        assert_non_null(strstr(refusal_of(STATE_RELAYING, events[i]), "cannot meet"));
}

static void words_are_those_of_the_lists(void **state)
{
    (void)state;
    assert_string_equal(exchange_state_word(STATE_APOLOGISING), "apologising");
    assert_string_equal(exchange_event_word(EVENT_CLIENT_GONE), "client-gone");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_impossible_pair_names_both_words),
        cmocka_unit_test(relaying_never_meets_what_begins_an_attempt),
        cmocka_unit_test(words_are_those_of_the_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
