/* What a result says of how it came about, and what it does not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/reporting/run_facts.h"

enum { REGION_BYTES = 1024 * 1024 };

static const char *const VARIABLES[] = {"GITHUB_SHA", "CI_COMMIT_SHA", "JENKINS_URL", "GIT_COMMIT"};

static int outside_of_ci(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(VARIABLES); i++)
        unsetenv(VARIABLES[i]);
    return 0;
}

/* NULL if there is none of that name. */
static const char *value_of(const struct run_result *run, const char *name)
{
    for (size_t i = 0; i < run->fact_count; i++) {
        if (strcmp(run->facts[i].name, name) == 0)
            return run->facts[i].value;
    }
    return NULL;
}

static void gather(const struct observed_run *observed, struct region *region,
                   struct run_result *run)
{
    const struct run_facts_source source = {
        .version = "1.2.3", .worlds = "sim", .observed = observed};
    region_init(region, REGION_BYTES);
    *run = (struct run_result){.case_count = 0};
    assert_true(run_facts_gather(&source, region, run));
}

static void the_built_in_proxy_is_told_of(void **state)
{
    (void)state;
    struct region region;
    struct run_result run;
    gather(NULL, &region, &run);
    assert_string_equal(value_of(&run, "retryproof"), "1.2.3");
    assert_string_equal(value_of(&run, "subject"), "the built-in proxy");
    assert_string_equal(value_of(&run, "world"), "sim");
    assert_non_null(strstr(value_of(&run, "kernel"), "Linux "));
    assert_non_null(strstr(value_of(&run, "libraries"), "OpenSSL "));
    assert_non_null(strstr(value_of(&run, "libraries"), "llhttp "));
    assert_true(strtoul(value_of(&run, "processors"), NULL, 10) > 0);
    assert_non_null(value_of(&run, "compiler"));
    assert_null(value_of(&run, "profile"));
    assert_null(value_of(&run, "CI"));
    region_release(&region);
}

static void another_proxy_is_told_of_with_its_configuration(void **state)
{
    static const char *const LINES[] = {"listen 1;", "upstream a;"};
    static const struct observed_run observed = {.subject = "nginx",
                                                 .version = "1.22.1",
                                                 .profile = "default",
                                                 .profile_meaning = "as it comes",
                                                 .expect = "rfc9110",
                                                 .configuration = LINES,
                                                 .configuration_count = COUNT_OF(LINES)};
    (void)state;
    struct region region;
    struct run_result run;
    gather(&observed, &region, &run);
    assert_string_equal(value_of(&run, "subject"), "nginx 1.22.1");
    assert_string_equal(value_of(&run, "profile"), "default: as it comes");
    assert_string_equal(value_of(&run, "judged by"), "rfc9110");
    assert_string_equal(value_of(&run, "configuration"), "listen 1;\nupstream a;\n");
    region_release(&region);
}

static void ci_is_named_with_its_commit(void **state)
{
    static const struct {
        const char *variable, *also, *name;
    } ROWS[] = {{"GITHUB_SHA", NULL, "GitHub Actions"},
                {"CI_COMMIT_SHA", NULL, "GitLab CI"},
                {"GIT_COMMIT", "JENKINS_URL", "Jenkins"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        struct region region;
        struct run_result run;
        setenv(ROWS[i].variable, "0a1b2c", 1);
        if (ROWS[i].also != NULL)
            setenv(ROWS[i].also, "http://ci.test/", 1);
        gather(NULL, &region, &run);
        assert_string_equal(value_of(&run, "CI"), ROWS[i].name);
        assert_string_equal(value_of(&run, "commit"), "0a1b2c");
        region_release(&region);
        outside_of_ci(NULL);
    }
}

static void neither_host_nor_user_nor_folder_is_named(void **state)
{
    (void)state;
    struct region region;
    struct run_result run;
    char here[4096];
    char host[256] = "";
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
    gather(NULL, &region, &run);
    for (size_t i = 0; i < run.fact_count; i++) {
        assert_null(strstr(run.facts[i].value, here));
        /* A machine may be named like a word of ours: "debian" is in the name of a compiler. */
        assert_true(strcmp(run.facts[i].value, host) != 0);
    }
    region_release(&region);
}

static void a_region_that_is_full_is_told(void **state)
{
    const struct run_facts_source source = {.version = "1", .worlds = "sim"};
    (void)state;
    for (size_t size = 0; size < 448; size += 64) {
        struct region region;
        struct run_result run = {.case_count = 0};
        region_init(&region, size);
        assert_false(run_facts_gather(&source, &region, &run));
        region_release(&region);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_proxy_is_told_of),
        cmocka_unit_test(another_proxy_is_told_of_with_its_configuration),
        cmocka_unit_test(ci_is_named_with_its_commit),
        cmocka_unit_test(neither_host_nor_user_nor_folder_is_named),
        cmocka_unit_test(a_region_that_is_full_is_told),
    };
    return cmocka_run_group_tests(tests, outside_of_ci, NULL);
}
