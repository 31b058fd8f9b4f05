/*
 * Runs every row of the suite on every kind of world: "[sim] a stopped timer never fires". A pattern as
 * its argument runs only the rows that match it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world/conformance/bench.h"

enum {
    TESTS_MAX = 1500,
    NAME_BYTES = 160,
};

/* One row on one kind of world. */
struct trial {
    const struct world_kind *kind;
    const struct row *row;
    char name[NAME_BYTES];
};

static const struct row *const SUBJECTS[] = {STREAM_ROWS,   ENDING_ROWS, TURN_ROWS,
                                             LISTENER_ROWS, TIMER_ROWS,  NAME_ROWS};

/* TLS cannot hold these. */
static const struct row *const PLAIN_SUBJECTS[] = {PLAIN_STREAM_ROWS, PLAIN_LISTENER_ROWS};

static struct bench *bench_of(void **state)
{
    return *state;
}

static int begin(void **state)
{
    const struct trial *trial = *state;
    struct bench *bench = malloc(sizeof(*bench));

    assert_non_null(bench);
    bench_begin(bench, trial->kind);
    bench->row = trial->row;
    *state = bench;
    return 0;
}

static void run(void **state)
{
    bench_of(state)->row->run(bench_of(state));
}

static int finish(void **state)
{
    bench_finish(bench_of(state));
    free(*state);
    return 0;
}

static size_t add_trials(const struct world_kind *kind, const struct row *rows,
                         struct trial *trials)
{
    size_t count = 0;

    for (; rows[count].sentence != NULL; count++) {
        struct trial *trial = &trials[count];

        trial->kind = kind;
        trial->row = &rows[count];
        snprintf(trial->name, sizeof(trial->name), "[%s] %s", kind->name, rows[count].sentence);
    }
    return count;
}

int main(int count_of_arguments, char **arguments)
{
    static struct trial trials[TESTS_MAX];
    static struct CMUnitTest tests[TESTS_MAX];
    size_t count = 0;

    for (const struct world_kind *kind = WORLD_KINDS; kind->name != NULL; kind++) {
        for (size_t i = 0; i < COUNT_OF(SUBJECTS); i++)
            count += add_trials(kind, SUBJECTS[i], trials + count);
        for (size_t i = 0; i < COUNT_OF(PLAIN_SUBJECTS); i++)
            count += add_trials(kind, PLAIN_SUBJECTS[i], trials + count);
    }
    for (const struct world_kind *kind = TLS_WORLD_KINDS; kind->name != NULL; kind++)
        for (size_t i = 0; i < COUNT_OF(SUBJECTS); i++)
            count += add_trials(kind, SUBJECTS[i], trials + count);
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){.name = trials[i].name,
                                       .test_func = run,
                                       .setup_func = begin,
                                       .teardown_func = finish,
                                       .initial_state = &trials[i]};
    if (count_of_arguments > 1)
        cmocka_set_test_filter(arguments[1]);
    return _cmocka_run_group_tests("conformance", tests, count, NULL, NULL);
}
