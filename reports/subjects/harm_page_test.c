#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/golden_rig.h"
#include "reports/subjects/harm.h"

/* The page that compares proxies knows the harms by a list of its own: it reads results and not this program. */
#define PAGE "pages/report/harms.js"

static void the_page_tells_each_harm_in_our_words_and_order(void **state)
{
    char *page = golden_read(PAGE);
    const char *rest = page;

    (void)state;
    assert_non_null(page);
    for (enum harm harm = 0; harm < HARM_COUNT; harm++) {
        char row[512];
        const char *found;

        snprintf(row, sizeof(row),
                 "[\"%s\", {title: \"%s\", gravity: %u,\n        meaning: \"%s\"}],",
                 harm_word(harm), harm_title(harm), harm_gravity(harm), harm_meaning(harm));
        found = strstr(rest, row);
        if (found == NULL)
            fail_msg("%s lacks, or has in another place: %s", PAGE, row);
        rest = found + strlen(row);
    }
    assert_null(strstr(rest, "gravity: "));
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_tells_each_harm_in_our_words_and_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
