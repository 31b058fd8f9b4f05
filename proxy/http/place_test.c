#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/http/place.h"

#define LETTERS_50 "abcdefghijklmnopqrstuvwxyabcdefghijklmnopqrstuvwxy"

/* 255 bytes: as long as a host may be. */
#define HOST_255 LETTERS_50 LETTERS_50 LETTERS_50 LETTERS_50 LETTERS_50 "abcde"

/* host NULL: the text is no place, and wrong is a part of the reason. */
struct row {
    const char *text;
    const char *host;
    uint16_t port;
    const char *wrong;
};

static const struct row ROWS[] = {
    {"127.0.0.1:80", "127.0.0.1", 80, NULL},
    {"127.0.0.1:1", "127.0.0.1", 1, NULL},
    {"127.0.0.1:65535", "127.0.0.1", 65535, NULL},
    {"[::1]:80", "[::1]", 80, NULL},
    {"[0:0:0:0:0:0:0:1]:80", "[::1]", 80, NULL},
    {"[FE80::ABCD]:80", "[fe80::abcd]", 80, NULL},
    {"localhost:80", "localhost", 80, NULL},
    {"Shop-1.example_x.test.:80", "Shop-1.example_x.test.", 80, NULL},
    {"1und1.test:80", "1und1.test", 80, NULL},
    {HOST_255 ":80", HOST_255, 80, NULL},

    {HOST_255 "x:80", NULL, 0, "too long"},
    {"", NULL, 0, "is not host:port"},
    {"shop", NULL, 0, "is not host:port"},
    {":80", NULL, 0, "is not host:port"},
    {"::1:80", NULL, 0, "is not host:port"},
    {"[::1]", NULL, 0, "is not host:port"},
    {"[::1]x:80", NULL, 0, "is not host:port"},
    {"[::1:80", NULL, 0, "is not host:port"},
    {"shop:80:80", NULL, 0, "is not host:port"},
    {"http://shop:80", NULL, 0, "is not host:port"},
    {"shop:", NULL, 0, "no port"},
    {"shop:0", NULL, 0, "no port"},
    {"shop:65536", NULL, 0, "no port"},
    {"shop:-1", NULL, 0, "no port"},
    {"shop:80 ", NULL, 0, "no port"},
    {"shop:http", NULL, 0, "no port"},
    {"[]:80", NULL, 0, "IPv6"},
    {"[127.0.0.1]:80", NULL, 0, "IPv6"},
    {"[::g]:80", NULL, 0, "IPv6"},
    {"a]:80", NULL, 0, "IPv6"},
    {"127.0.0.256:80", NULL, 0, "IPv4"},
    {"127.1:80", NULL, 0, "IPv4"},
    {"80:80", NULL, 0, "IPv4"},
    {"a b:80", NULL, 0, "neither an address nor a name"},
    {"user@shop:80", NULL, 0, "neither an address nor a name"},
    {".shop:80", NULL, 0, "neither an address nor a name"},
    {"\xc3\xa9:80", NULL, 0, "neither an address nor a name"},
};

static void reads(void **state)
{
    const struct row *row = *state;
    const char *wrong = NULL;
    struct place place;
    bool read = place_read(row->text, &place, &wrong);

    if (row->host == NULL) {
        assert_false(read);
        assert_non_null(strstr(wrong, row->wrong));
        return;
    }
    assert_true(read);
    assert_string_equal(place.host, row->host);
    assert_int_equal(place.port, row->port);
}

/* What is read can be written and read again, and dialled: an address is one for address_parse() too. */
static void what_is_read_stays_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ROWS) && ROWS[i].host != NULL; i++) {
        char text[HOST_BYTES + sizeof(":65535")];
        struct place place;
        struct place again;
        const char *wrong;

        assert_true(place_read(ROWS[i].text, &place, &wrong));
        snprintf(text, sizeof(text), "%s:%u", place.host, place.port);
        assert_true(place_read(text, &again, &wrong));
        assert_memory_equal(&place, &again, sizeof(place));
        assert_true(place_make(place.host, place.port, &again, &wrong));
        assert_memory_equal(&place, &again, sizeof(place));
    }
}

static void is_made_from_its_parts(void **state)
{
    const char *wrong = NULL;
    struct address address;
    struct place place;

    (void)state;
    assert_true(place_make("::1", 80, &place, &wrong));
    assert_string_equal(place.host, "[::1]");
    assert_true(address_parse(place.host, place.port, &address));
    assert_true(place_make("127.0.0.1", 80, &place, &wrong));
    assert_string_equal(place.host, "127.0.0.1");
    assert_true(place_make(HOST_255, 80, &place, &wrong));
    assert_false(place_make(HOST_255 "x", 80, &place, &wrong));
    assert_false(place_make("shop", 0, &place, &wrong));
    assert_non_null(strstr(wrong, "no port"));
    assert_false(place_make("", 80, &place, &wrong));
    assert_non_null(strstr(wrong, "no host"));
    assert_false(place_make("shop:80", 80, &place, &wrong));
    assert_non_null(strstr(wrong, "IPv6"));
    assert_false(place_make("::1]:80", 80, &place, &wrong));
    assert_false(place_make("[::1]:90", 80, &place, &wrong));
    assert_false(place_make(":" HOST_255, 80, &place, &wrong));
}

static void names_are_equal_in_any_case(void **state)
{
    (void)state;
    assert_true(place_equal("Shop.test", 80, "sHOP.test", 80));
    assert_false(place_equal("shop.test", 80, "shop.test", 81));
    assert_false(place_equal("shop.test", 80, "shop.tes", 80));
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(what_is_read_stays_as_it_is),
        cmocka_unit_test(is_made_from_its_parts),
        cmocka_unit_test(names_are_equal_in_any_case),
    };
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){
            .name = ROWS[i].text, .test_func = reads, .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
