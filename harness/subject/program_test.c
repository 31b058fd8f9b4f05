#include "harness/subject/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void a_program_stands_where_one_of_its_places_is(void **state)
{
    char error[PROGRAM_ERROR_BYTES];
    struct program program;
    char *own = realpath("/proc/self/exe", NULL);
    const char *name = strrchr(own, '/') + 1;

    (void)state;
    assert_true(program_find(&program, own, error));
    assert_string_equal(program.path, own);
    assert_true(program_find(&program, name, error)); /* beside itself */
    assert_string_equal(program.path, own);
    assert_true(
        program_find(&program, "dev", error)); /* from the root of the tree, where tests run */
    assert_string_equal(program.path, "dev");
    free(own);
}

static void what_is_no_program_is_not_found(void **state)
{
    static const char *const names[] = {"examples", "README.md", "no/such", "/no/such", ""};
    char error[PROGRAM_ERROR_BYTES];
    char sentence[PROGRAM_ERROR_BYTES];
    struct program program;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_false(program_find(&program, names[i], error));
        snprintf(sentence, sizeof(sentence), "no program '%s' here, nor in /", names[i]);
        assert_memory_equal(error, sentence, strlen(sentence));
    }
}

static void a_name_of_any_length_is_refused_and_not_cut(void **state)
{
    char name[PATH_MAX + 2];
    char error[PROGRAM_ERROR_BYTES];
    struct program program;

    (void)state;
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_false(program_find(&program, name, error));
    assert_true(strlen(error) < sizeof(error));
}

static void it_is_told_where_to_listen_and_its_upstreams_in_order(void **state)
{
    struct proxy_settings settings = {.listen = address_loopback(0), .upstream_count = 2};
    struct program program = {.path = "/bin/proxy"};

    (void)state;
    settings.upstreams[0] = (struct upstream_settings){.host = "127.0.0.2", .port = 9001};
    settings.upstreams[1] = (struct upstream_settings){.host = "::1", .port = 65535};
    program_set_arguments(&program, &settings);
    assert_string_equal(program.arguments[0], "/bin/proxy");
    assert_string_equal(program.arguments[1], "127.0.0.1:0");
    assert_string_equal(program.arguments[2], "127.0.0.2:9001");
    assert_string_equal(program.arguments[3], "[::1]:65535");
    assert_null(program.arguments[4]);
}

static void as_many_upstreams_as_there_can_be_are_told(void **state)
{
    struct proxy_settings settings = {.listen = address_loopback(1),
                                      .upstream_count = UPSTREAMS_MAX};
    struct program program = {.path = "p"};

    (void)state;
    for (size_t i = 0; i < UPSTREAMS_MAX; i++) {
        memset(settings.upstreams[i].host, 'h', HOST_BYTES - 1);
        settings.upstreams[i].port = 65535;
    }
    program_set_arguments(&program, &settings);
    assert_int_equal(strlen(program.arguments[PROGRAM_ARGUMENTS_MAX - 1]),
                     HOST_BYTES - 1 + strlen(":65535"));
    assert_null(program.arguments[PROGRAM_ARGUMENTS_MAX]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_stands_where_one_of_its_places_is),
        cmocka_unit_test(what_is_no_program_is_not_found),
        cmocka_unit_test(a_name_of_any_length_is_refused_and_not_cut),
        cmocka_unit_test(it_is_told_where_to_listen_and_its_upstreams_in_order),
        cmocka_unit_test(as_many_upstreams_as_there_can_be_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
