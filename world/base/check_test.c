#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/base/check.h"
#include "world/base/object.h"

struct trap {
    jmp_buf back;
    char sentence[600];
};

static void on_failed_check(void *owner, const char *sentence)
{
    struct trap *trap = owner;

    strncpy(trap->sentence, sentence, sizeof(trap->sentence) - 1);
    longjmp(trap->back, 1);
}

/* Whether the mistake was caught; the trap then holds the sentence. */
static bool is_caught(struct trap *trap, void (*mistake)(void))
{
    memset(trap, 0, sizeof(*trap));
    check_handle_with(on_failed_check, trap);
    if (setjmp(trap->back) != 0)
        return true;
    mistake();
    check_handle_with(NULL, NULL);
    return false;
}

static void no_mistake(void)
{
    check(1 + 1 == 2);
}

static void false_condition(void)
{
    check(1 + 1 == 3);
}

static void refusal(void)
{
    check_refuse("table.c", 12, "no cell for %s at %s", "CLOSED", "RELAYING");
}

static void long_refusal(void)
{
    check_refuse("table.c", 12, "%01000d", 1);
}

static void cast_of_null(void)
{
    object_cast(NULL, OBJECT_TAG('t', 'e', 's', 't'));
}

static void cast_of_another(void)
{
    object_tag other = OBJECT_TAG('o', 't', 'h', 'r');

    object_cast(&other, OBJECT_TAG('t', 'e', 's', 't'));
}

static void cast_of_itself(void)
{
    object_tag self = OBJECT_TAG('t', 'e', 's', 't');

    assert_ptr_equal(object_cast(&self, self), &self);
}

static void mistakes_are_told(void **state)
{
    static const struct {
        void (*mistake)(void);
        const char *words; /* NULL: it is none */
    } rows[] = {
        {no_mistake, NULL},
        {false_condition, "check_test.c:"},
        {false_condition, "false_condition: check failed: 1 + 1 == 3"},
        {refusal, "table.c:12: no cell for CLOSED at RELAYING"},
        {long_refusal, "table.c:12: 00000"},
        {cast_of_null, "owner != NULL"},
        {cast_of_another, "*(const object_tag *)owner == tag"},
        {cast_of_itself, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct trap trap;

        assert_int_equal(is_caught(&trap, rows[i].mistake), rows[i].words != NULL);
        if (rows[i].words != NULL)
            assert_non_null(strstr(trap.sentence, rows[i].words));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"a failed check says where and what, and hands over", mistakes_are_told, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
