#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/http/target.h"
#include "world/base/check.h"

struct form_row {
    const char *method;
    const char *target;
    enum target_form form;
};

static const struct form_row FORMS[] = {
    {"GET", "/", TARGET_ORIGIN},
    {"GET", "/a/b?c=d/e&f=http://g", TARGET_ORIGIN},
    {"GET", "//a", TARGET_ORIGIN},
    {"OPTIONS", "/", TARGET_ORIGIN},
    {"OPTIONS", "*", TARGET_ASTERISK},
    {"GET", "*", TARGET_INVALID},
    {"OPTIONS", "**", TARGET_INVALID},
    {"options", "*", TARGET_INVALID},
    {"GET", "", TARGET_INVALID},
    {"GET", "a", TARGET_INVALID},
    {"GET", "a/b", TARGET_INVALID},
    {"GET", "?a", TARGET_INVALID},
    {"GET", "/a b", TARGET_INVALID},
    {"GET", "/a\tb", TARGET_INVALID},
    {"GET", "/a#b", TARGET_INVALID},
    {"GET", "/\x7f", TARGET_INVALID},
    {"GET", "/\xc3\xa9", TARGET_INVALID},
    {"GET", "/\x01", TARGET_INVALID},
    {"GET", "http://a/", TARGET_ABSOLUTE},
    {"GET", "HTTP://a", TARGET_ABSOLUTE},
    {"GET", "https://a/", TARGET_ABSOLUTE},
    {"GET", "a+b-c.d1://e", TARGET_ABSOLUTE},
    {"GET", "1a://b", TARGET_INVALID},
    {"GET", "://a", TARGET_INVALID},
    {"GET", "a_b://c", TARGET_INVALID},
    {"GET", "http:/a", TARGET_INVALID},
    {"GET", "http:", TARGET_INVALID},
    {"GET", "a:80", TARGET_INVALID},
    {"CONNECT", "a:80", TARGET_AUTHORITY},
    {"CONNECT", "127.0.0.1:65535", TARGET_AUTHORITY},
    {"CONNECT", "[::1]:443", TARGET_AUTHORITY},
    {"CONNECT", "a", TARGET_INVALID},
    {"CONNECT", "a:", TARGET_INVALID},
    {"CONNECT", ":80", TARGET_INVALID},
    {"CONNECT", "a:0", TARGET_INVALID},
    {"CONNECT", "a:65536", TARGET_INVALID},
    {"CONNECT", "a:80:80", TARGET_INVALID},
    {"CONNECT", "a:+80", TARGET_INVALID},
    {"CONNECT", "u@a:80", TARGET_INVALID},
    {"CONNECT", "[::1]", TARGET_INVALID},
    {"CONNECT", "[::1:443", TARGET_INVALID},
    {"CONNECT", "/", TARGET_INVALID},
    {"CONNECT", "http://a/", TARGET_INVALID},
    {"CONNECT", "*", TARGET_INVALID},
};

static void has_form(void **state)
{
    const struct form_row *row = *state;

    assert_int_equal(target_form_of(bytes_of(row->method), bytes_of(row->target)), row->form);
}

/* authority NULL: it is not to be split. */
struct split_row {
    const char *method;
    const char *target;
    const char *authority;
    const char *path;
};

static const struct split_row SPLITS[] = {
    {"GET", "http://a/b?c", "a", "/b?c"},
    {"GET", "hTTp://a:80/", "a:80", "/"},
    {"GET", "http://a", "a", "/"},
    {"GET", "http://a?b", "a", "?b"},
    {"GET", "http://a:/b", "a:", "/b"},
    {"GET", "http://[::1]:8080/b", "[::1]:8080", "/b"},
    {"GET", "http://127.0.0.1/b://c", "127.0.0.1", "/b://c"},
    {"GET", "http://a/b?http://c/", "a", "/b?http://c/"},
    {"OPTIONS", "http://a", "a", "*"},
    {"OPTIONS", "http://a/", "a", "/"},
    {"OPTIONS", "http://a?b", "a", "?b"},
    {"GET", "https://a/", NULL, NULL},
    {"GET", "httpx://a/", NULL, NULL},
    {"GET", "htt://a/", NULL, NULL},
    {"GET", "http:///b", NULL, NULL},
    {"GET", "http://", NULL, NULL},
    {"GET", "http://:80/", NULL, NULL},
    {"GET", "http://u@a/", NULL, NULL},
    {"GET", "http://u:p@a/", NULL, NULL},
    {"GET", "http://a:65536/", NULL, NULL},
    {"GET", "http://a b/", NULL, NULL},
    {"GET", "http://a/#b", NULL, NULL},
    {"GET", "/b", NULL, NULL},
    {"CONNECT", "http://a/", NULL, NULL},
};

static void is_split(void **state)
{
    const struct split_row *row = *state;
    struct bytes authority;
    struct bytes path;
    bool split =
        target_split_absolute(bytes_of(row->method), bytes_of(row->target), &authority, &path);

    assert_int_equal(split, row->authority != NULL);
    if (!split)
        return;
    assert_true(bytes_equal_text(authority, row->authority));
    assert_true(bytes_equal_text(path, row->path));
}

struct authority_row {
    const char *authority;
    bool valid;
};

static const struct authority_row AUTHORITIES[] = {
    {"a", true},
    {"A-b.c_d~e", true},
    {"a!$&'()*+,;=b", true},
    {"%41b", true},
    {"a.", true},
    {"127.0.0.1", true},
    {"127.0.0.1:0", true},
    {"a:65535", true},
    {"a:00080", true},
    {"a:", true},
    {"[::]", true},
    {"[::1]:1", true},
    {"[::1]:", true},
    {"[1:2:3:4:5:6:7:8]", true},
    {"[::ffff:127.0.0.1]", true},
    {"", false},
    {":", false},
    {":80", false},
    {"a:65536", false},
    {"a:99999999999999999999", false},
    {"a:8a", false},
    {"a:-1", false},
    {"a:1:2", false},
    {"a b", false},
    {"a/b", false},
    {"a?b", false},
    {"a#b", false},
    {"a@b", false},
    {"a\\b", false},
    {"a\"b", false},
    {"a%4", false},
    {"a%", false},
    {"a%4g", false},
    {"a\xc3\xa9", false},
    {"[", false},
    {"]", false},
    {"[]", false},
    {"[::1", false},
    {"[::1]a", false},
    {"[::1]]", false},
    {"[::1%25lo]", false},
    {"[::g]", false},
    {"[127.0.0.1]", false},
    {"[v1.a]", false},
    {"[1:2:3:4:5:6:7:8:9]", false},
    {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]", false},
    {"::1", false},
};

static void is_judged(void **state)
{
    const struct authority_row *row = *state;

    assert_int_equal(target_authority_is_valid(bytes_of(row->authority)), row->valid);
}

struct part_row {
    const char *authority;
    const char *host;
    const char *port;
};

static const struct part_row PARTS[] = {
    {"a.test:8080", "a.test", "8080"},
    {"a.test", "a.test", ""},
    {"a.test:", "a.test", ""},
    {"127.0.0.1:0", "127.0.0.1", "0"},
    {"[::1]:443", "::1", "443"},
    {"[::1]", "::1", ""},
    {"[::ffff:127.0.0.1]:", "::ffff:127.0.0.1", ""},
};

static void an_authority_is_a_host_and_a_port(void **state)
{
    struct bytes host;
    struct bytes port;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(PARTS); i++) {
        assert_true(target_split_authority(bytes_of(PARTS[i].authority), &host, &port));
        assert_true(bytes_equal_text(host, PARTS[i].host));
        assert_true(bytes_equal_text(port, PARTS[i].port));
    }
    assert_false(target_split_authority(bytes_of("[::1]8"), &host, &port));
    assert_false(target_split_authority(bytes_of("a:65536"), &host, &port));
}

static void a_null_byte_is_no_part_of_a_host(void **state)
{
    static const char nul_in_name[] = "a\0b";
    static const char nul_in_address[] = "[::1\0]";

    (void)state;
    assert_false(target_authority_is_valid(bytes_make(nul_in_name, sizeof(nul_in_name) - 1)));
    assert_false(target_authority_is_valid(bytes_make(nul_in_address, sizeof(nul_in_address) - 1)));
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(an_authority_is_a_host_and_a_port),
        cmocka_unit_test(a_null_byte_is_no_part_of_a_host),
    };
    struct CMUnitTest tests[COUNT_OF(FORMS) + COUNT_OF(SPLITS) + COUNT_OF(AUTHORITIES)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(FORMS); i++)
        tests[count++] = (struct CMUnitTest){.name = FORMS[i].target,
                                             .test_func = has_form,
                                             .initial_state = (void *)(uintptr_t)&FORMS[i]};
    for (size_t i = 0; i < COUNT_OF(SPLITS); i++)
        tests[count++] = (struct CMUnitTest){.name = SPLITS[i].target,
                                             .test_func = is_split,
                                             .initial_state = (void *)(uintptr_t)&SPLITS[i]};
    for (size_t i = 0; i < COUNT_OF(AUTHORITIES); i++)
        tests[count++] = (struct CMUnitTest){.name = AUTHORITIES[i].authority,
                                             .test_func = is_judged,
                                             .initial_state = (void *)(uintptr_t)&AUTHORITIES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
