#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/routes/reach.h"

static struct address address_of(const char *text)
{
    struct address address;

    assert_true(address_parse(text, 80, &address));
    return address;
}

struct row {
    const char *name;
    const char *range; /* NULL: none, so this machine alone */
    const char *address;
    bool allowed;
};

static const struct row ROWS[] = {
    {"without ranges this machine is in reach", NULL, "127.0.0.1", true},
    {"the first of its addresses", NULL, "127.0.0.0", true},
    {"and the last", NULL, "127.255.255.255", true},
    {"not the one before", NULL, "126.255.255.255", false},
    {"nor the one behind", NULL, "128.0.0.0", false},
    {"nor the address that stands for any, which a kernel takes for this machine", NULL, "0.0.0.0",
     false},
    {"IPv6 has one address of this machine", NULL, "[::1]", true},
    {"not the one behind it", NULL, "[::2]", false},
    {"nor the one that stands for any", NULL, "[::]", false},
    {"this machine written as an IPv6 address", NULL, "[::ffff:127.1.2.3]", true},
    {"another one written so", NULL, "[::ffff:10.0.0.1]", false},
    {"what only looks like it", NULL, "[::fffe:127.0.0.1]", false},
    {"and what has it without the mark", NULL, "[::127.0.0.1]", false},

    {"a range has its first address", "10.1.2.0/23", "10.1.2.0", true},
    {"and its last", "10.1.2.0/23", "10.1.3.255", true},
    {"not the one before", "10.1.2.0/23", "10.1.1.255", false},
    {"nor the one behind", "10.1.2.0/23", "10.1.4.0", false},
    {"ranges leave this machine out", "10.0.0.0/8", "127.0.0.1", false},
    {"an address by itself is a range", "10.1.2.3", "10.1.2.3", true},
    {"of one", "10.1.2.3", "10.1.2.2", false},
    {"bits behind the prefix do not count", "10.1.2.3/8", "10.9.9.9", true},
    {"no bits are all of a family", "10.0.0.0/0", "192.0.2.1", true},
    {"and of that alone", "10.0.0.0/0", "[2001:db8::1]", false},
    {"an IPv6 range has its first address", "2001:db8::/33", "[2001:db8::]", true},
    {"and its last", "2001:db8::/33", "[2001:db8:7fff:ffff:ffff:ffff:ffff:ffff]", true},
    {"not the one behind", "2001:db8::/33", "[2001:db8:8000::]", false},
    {"IPv4 is in no IPv6 range", "::/0", "127.0.0.1", false},
    {"also when it is written as one", "::/0", "[::ffff:127.0.0.1]", false},
    {"an IPv4 range has what is written as IPv6", "10.0.0.0/8", "[::ffff:10.9.9.9]", true},
    {"a mapped range is one of IPv4", "::ffff:10.0.0.0/104", "10.9.9.9", true},
    {"in either spelling", "::ffff:10.0.0.0/104", "[::ffff:10.9.9.9]", true},
    {"to its last address", "::ffff:10.0.0.0/104", "10.255.255.255", true},
    {"and ends where that ends", "::ffff:10.0.0.0/104", "11.0.0.0", false},
    {"a range that is wider than the mapped ones is one of IPv6", "::ffff:10.0.0.0/64", "[::1]",
     true},
    {"any has IPv4", "any", "192.0.2.1", true},
    {"and IPv6", "any", "[2001:db8::1]", true},
    {"and the mapped ones", "any", "[::ffff:192.0.2.1]", true},
};

static void is_in_reach(void **state)
{
    const struct row *row = *state;
    struct address address = address_of(row->address);
    struct address_range ranges[2];
    size_t count = 0;

    if (row->range != NULL)
        assert_true(reach_read(row->range, ranges, &count));
    assert_int_equal(reach_allows(ranges, count, &address), row->allowed);
}

static void one_range_of_several_is_enough(void **state)
{
    struct address address = address_of("10.0.0.1");
    struct address_range ranges[4]; /* each reading may write two */
    size_t count;

    (void)state;
    assert_true(reach_read("192.0.2.0/24", &ranges[0], &count));
    assert_true(reach_read("::/0", &ranges[1], &count));
    assert_true(reach_read("10.0.0.0/8", &ranges[2], &count));
    assert_true(reach_allows(ranges, 3, &address));
    assert_false(reach_allows(ranges, 2, &address));
}

/* Port 80, unless the address says another. */
static const struct meeting {
    const char *name;
    const char *listener; /* NULL: none */
    const char *address;
    bool meets;
} MEETINGS[] = {
    {"no listener is met nowhere", NULL, "127.0.0.1", false},
    {"a listener is met at its address", "127.0.0.1", "127.0.0.1", true},
    {"also where it is written as an IPv6 one", "127.0.0.1", "[::ffff:127.0.0.1]", true},
    {"or the listener's is", "[::ffff:127.0.0.1]", "127.0.0.1", true},
    {"not at another port", "127.0.0.1", "127.0.0.1:81", false},
    {"nor at another address", "127.0.0.1", "127.0.0.2", false},
    {"nor in the other family", "127.0.0.1", "[::1]", false},
    {"0.0.0.0 leads to this machine", "127.0.0.1", "0.0.0.0", true},
    {"and so does ::", "[::1]", "[::]", true},
    {"but to no other", "10.0.0.1", "0.0.0.0", false},
    {"who listens everywhere is met at each address of this machine", "0.0.0.0", "127.9.9.9", true},
    {"of both families", "[::]", "127.0.0.1", true},
    {"and at 0.0.0.0", "[::]", "0.0.0.0", true},
    {"not at another port either", "0.0.0.0", "127.0.0.1:81", false},
    {"nor on another machine", "0.0.0.0", "10.0.0.1", false},
};

static void is_met(void **state)
{
    const struct meeting *row = *state;
    struct address listener = {0};
    struct address address = address_of(row->address);

    if (row->listener != NULL)
        listener = address_of(row->listener);
    assert_int_equal(reach_meets(&listener, &address), row->meets);
}

struct reading {
    const char *text;
    size_t count; /* 0: it is none */
    uint8_t family;
    unsigned bits;
};

static const struct reading READINGS[] = {
    {"127.0.0.0/8", 1, 4, 8},
    {"127.0.0.1", 1, 4, 32},
    {"10.0.0.0/0", 1, 4, 0},
    {"10.0.0.0/32", 1, 4, 32},
    {"::1", 1, 6, 128},
    {"[::1]", 1, 6, 128},
    {"[2001:db8::]/32", 1, 6, 32},
    {"::/128", 1, 6, 128},
    {"any", 2, 4, 0},
    {"", 0, 0, 0},
    {"/8", 0, 0, 0},
    {"Any", 0, 0, 0},
    {"localhost", 0, 0, 0},
    {"127.0.0.1/", 0, 0, 0},
    {"127.0.0.1/33", 0, 0, 0},
    {"127.0.0.1/-1", 0, 0, 0},
    {"127.0.0.1/8/8", 0, 0, 0},
    {"127.0.0.1/255.0.0.0", 0, 0, 0},
    {"127.0.0.1:80", 0, 0, 0},
    {"127.0.0", 0, 0, 0},
    {"127.0.0.256", 0, 0, 0},
    {"[127.0.0.1]", 0, 0, 0},
    {"::1/129", 0, 0, 0},
    {"[::1]:80", 0, 0, 0},
    {"[::1", 0, 0, 0},
    {"[]", 0, 0, 0},
    {"[", 0, 0, 0},
    {"::1%lo", 0, 0, 0},
    {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", 0, 0, 0},
};

static void is_read(void **state)
{
    const struct reading *row = *state;
    struct address_range ranges[2];
    size_t count = 0;

    assert_int_equal(reach_read(row->text, ranges, &count), row->count > 0);
    assert_int_equal(count, row->count);
    if (count == 0)
        return;
    assert_int_equal(ranges[0].address.family, row->family);
    assert_int_equal(ranges[0].bits, row->bits);
}

int main(void)
{
    static const struct CMUnitTest others[] = {cmocka_unit_test(one_range_of_several_is_enough)};
    struct CMUnitTest tests[COUNT_OF(ROWS) + COUNT_OF(MEETINGS) + COUNT_OF(READINGS)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = ROWS[i].name,
                                             .test_func = is_in_reach,
                                             .initial_state = (void *)(uintptr_t)&ROWS[i]};
    for (size_t i = 0; i < COUNT_OF(MEETINGS); i++)
        tests[count++] = (struct CMUnitTest){.name = MEETINGS[i].name,
                                             .test_func = is_met,
                                             .initial_state = (void *)(uintptr_t)&MEETINGS[i]};
    for (size_t i = 0; i < COUNT_OF(READINGS); i++)
        tests[count++] = (struct CMUnitTest){.name = READINGS[i].text,
                                             .test_func = is_read,
                                             .initial_state = (void *)(uintptr_t)&READINGS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
