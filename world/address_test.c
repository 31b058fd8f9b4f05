#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/world.h"

static void texts_are_read(void **state)
{
    static const struct {
        const char *text;
        uint16_t port_default;
        const char *formatted; /* NULL: no address */
    } rows[] = {
        {"127.0.0.1:80", 0, "127.0.0.1:80"},
        {"127.0.0.1:0", 0, "127.0.0.1:0"},
        {"127.0.0.1:65535", 0, "127.0.0.1:65535"},
        {"127.0.0.1:65536", 0, NULL},
        {"127.0.0.1", 8080, "127.0.0.1:8080"},
        {"127.0.0.1", 0, NULL},
        {"127.0.0.1:", 8080, NULL},
        {"127.0.0.1:80x", 0, NULL},
        {"127.0.0.1: 80", 0, NULL},
        {"127.0.0.256:80", 0, NULL},
        {"127.0.0:80", 0, NULL},
        {"localhost:80", 0, NULL},
        {"", 80, NULL},
        {":80", 80, NULL},
        {"[::1]:80", 0, "[::1]:80"},
        {"[::1]", 443, "[::1]:443"},
        {"[::1]", 0, NULL},
        {"[::1", 80, NULL},
        {"[::1]80", 80, NULL},
        {"[]:80", 0, NULL},
        {"[127.0.0.1]:80", 0, NULL},
        {"::1", 80, NULL},
        {"[fe80:1111:2222:3333:4444:5555:6666:7777]:65535", 0,
         "[fe80:1111:2222:3333:4444:5555:6666:7777]:65535"},
        {"[fe80:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]:1", 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address address;
        char text[ADDRESS_TEXT_BYTES];
        bool good = address_parse(rows[i].text, rows[i].port_default, &address);

        assert_int_equal(good, rows[i].formatted != NULL);
        if (good)
            assert_string_equal(address_format(&address, text), rows[i].formatted);
    }
}

static void equality_is_of_family_bytes_and_port(void **state)
{
    struct address loopback = address_loopback(80);
    struct address other = loopback;

    (void)state;
    assert_true(address_equal(&loopback, &other));
    other.bytes[10] = 1; /* past what IPv4 uses */
    assert_true(address_equal(&loopback, &other));
    other.port = 81;
    assert_false(address_equal(&loopback, &other));
    other = loopback;
    other.bytes[3] = 2;
    assert_false(address_equal(&loopback, &other));
    other = loopback;
    other.family = 6;
    assert_false(address_equal(&loopback, &other));
    loopback.family = 6;
    other.bytes[15] = 1;
    assert_false(address_equal(&loopback, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"addresses are read and written back, and nothing else is one", texts_are_read, NULL, NULL,
         NULL},
        {"addresses are equal in family, bytes and port", equality_is_of_family_bytes_and_port,
         NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
