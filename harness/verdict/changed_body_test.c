/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/verdict/changed_body.h"

#include <string.h>

#include "fakeupstream/wire/pattern.h"

enum {
    SEED = 77,
    BODY_BYTES = 10000, /* more than two windows of the judge */
    OUT_BYTES = 3 * BODY_BYTES,
};

/* What came: these bytes, and whether they were all. */
static struct witness_message received(const void *data, size_t size, bool complete)
{
    struct digest digest = {0};
    struct witness_message message = {.complete = complete,
                                      .framing = MESSAGE_CHUNKED,
                                      .seed_known = true,
                                      .seed = SEED,
                                      .body_bytes = size,
                                      .digest_known = true};
    digest_update(&digest, data, size);
    digest_finish(&digest, message.digest);
    digest_release(&digest);
    return message;
}

/* The first 50 bytes are left out, each of the others comes three times. */
static const struct hook_body_changes CHANGES = {.list = {{BODY_DROP, 50}, {BODY_EXPAND, 3}},
                                                 .count = 2};
static const struct draft SENT = {.kind = DRAFT_RESPONSE, .body_bytes = BODY_BYTES};
enum { CHANGED_BYTES = 3 * (BODY_BYTES - 50) };

struct bodies {
    uint8_t sent[BODY_BYTES];
    uint8_t changed[OUT_BYTES];
};

static void change_by_hand(struct bodies *bodies)
{
    pattern_fill(SEED, 0, bodies->sent, sizeof(bodies->sent));
    memset(bodies->changed, 0, sizeof(bodies->changed));
    for (size_t i = 0; i < CHANGED_BYTES; i++)
        bodies->changed[i] = bodies->sent[50 + i / 3];
}

static void what_the_filters_make_of_it_fits(void **state)
{
    struct bodies bodies;
    (void)state;
    change_by_hand(&bodies);
    struct witness_message message = received(bodies.changed, CHANGED_BYTES, true);
    assert_true(changed_body_fits(&message, &SENT, &CHANGES));
}

static void the_beginning_of_it_fits_while_it_is_cut(void **state)
{
    struct bodies bodies;
    (void)state;
    change_by_hand(&bodies);
    struct witness_message message = received(bodies.changed, CHANGED_BYTES - 1, false);
    assert_true(changed_body_fits(&message, &SENT, &CHANGES));
    message.complete = true;
    assert_false(changed_body_fits(&message, &SENT, &CHANGES));
}

static void a_byte_that_differs_does_not_fit(void **state)
{
    static const size_t PLACES[] = {0, CHANGED_BYTES / 2, CHANGED_BYTES - 1};
    struct bodies bodies;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(PLACES); i++) {
        change_by_hand(&bodies);
        bodies.changed[PLACES[i]] ^= 1;
        struct witness_message message = received(bodies.changed, CHANGED_BYTES, true);
        assert_false(changed_body_fits(&message, &SENT, &CHANGES));
    }
}

static void what_was_sent_does_not_fit_unchanged(void **state)
{
    struct bodies bodies;
    (void)state;
    change_by_hand(&bodies);
    struct witness_message message = received(bodies.sent, sizeof(bodies.sent), false);
    assert_false(changed_body_fits(&message, &SENT, &CHANGES));
}

static void more_than_there_can_be_does_not_fit(void **state)
{
    struct bodies bodies;
    (void)state;
    change_by_hand(&bodies);
    struct witness_message message = received(bodies.changed, CHANGED_BYTES + 1, false);
    assert_false(changed_body_fits(&message, &SENT, &CHANGES));
}

static void text_is_changed_like_any_body(void **state)
{
    static const struct hook_body_changes UPPER = {.list = {{BODY_UPPER, 0}}, .count = 1};
    const struct draft sent = {.text = bytes_of("hello"), .body_bytes = 5};
    (void)state;
    struct witness_message message = received("HELLO", 5, true);
    message.seed_known = false;
    assert_true(changed_body_fits(&message, &sent, &UPPER));
    message = received("HELLo", 5, true);
    assert_false(changed_body_fits(&message, &sent, &UPPER));
}

static void where_nobody_can_tell_it_fits(void **state)
{
    (void)state;
    struct witness_message message = received("x", 1, true);
    message.seed_known = false;
    assert_true(changed_body_fits(&message, &SENT, &CHANGES));
    message = received("x", 0, true);
    message.framing = MESSAGE_NO_BODY;
    assert_true(changed_body_fits(&message, &SENT, &CHANGES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_filters_make_of_it_fits),
        cmocka_unit_test(the_beginning_of_it_fits_while_it_is_cut),
        cmocka_unit_test(a_byte_that_differs_does_not_fit),
        cmocka_unit_test(what_was_sent_does_not_fit_unchanged),
        cmocka_unit_test(more_than_there_can_be_does_not_fit),
        cmocka_unit_test(text_is_changed_like_any_body),
        cmocka_unit_test(where_nobody_can_tell_it_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
