#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/policy/progress.h"
#include "world/base/check.h"

struct row {
    const char *name;
    struct progress progress;
    enum stage stage;
};

static const struct row ROWS[] = {
    {"connected and nothing accepted is pre-write", {0}, STAGE_PRE_WRITE},
    {"one byte accepted is mid-write", {.tx = 1}, STAGE_MID_WRITE},
    {"all accepted is post-write", {.tx = 9, .request_handed_over = true}, STAGE_POST_WRITE},
    {"one response byte is mid-head",
     {.tx = 9, .request_handed_over = true, .rx = 1},
     STAGE_MID_HEAD},
    {"the response side wins over an unfinished request", {.tx = 1, .rx = 1}, STAGE_MID_HEAD},
    {"a response before any request byte is mid-head", {.rx = 1}, STAGE_MID_HEAD},
    {"a final head complete is status", {.tx = 9, .rx = 9, .final_head = true}, STAGE_STATUS},
    {"a head in the downstream window is mid-copy",
     {.tx = 9, .rx = 9, .final_head = true, .response_down = true},
     STAGE_MID_COPY},
};

static void has_stage(void **state)
{
    const struct row *row = *state;

    assert_string_equal(stage_word(progress_stage(&row->progress)), stage_word(row->stage));
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = has_stage,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
