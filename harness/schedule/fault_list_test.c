/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* `faults` and `order` as they are written, and each mistake that can be made in them. */
#include "harness/schedule/fault_list.h"

#include <stdio.h>
#include <string.h>

enum { REGION_BYTES = 1 << 20 };

static const char *const UPSTREAMS[] = {"a", "b", "both", NULL};
static const char *const CLIENTS[] = {"client", "second", "both", NULL};
static const struct fault_names NAMES = {UPSTREAMS, CLIENTS};

static struct region region;

static int set_up(void **state)
{
    (void)state;
    region_init(&region, REGION_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    region_release(&region);
    return 0;
}

static const struct yaml_node *parse(const char *text)
{
    struct yaml_error error = {{0}};
    const struct yaml_node *node = yaml_parse(&region, "f", text, strlen(text), &error);
    if (node == NULL)
        fail_msg("%s", error.sentence);
    return node;
}

/* ---- what is read --------------------------------------------------------------------------- */

static const struct right_row {
    const char *sentence;
    const char *text;
    struct wire_fault fault;
} RIGHT[] = {
    {"an upstream's connection at a byte that it has sent",
     "{at: a#1, sent: 17, kind: fin}",
     {WIRE_UPSTREAM, 0, 1, WIRE_SENT, 17, WIRE_FAULT_FIN, false}},
    {"a client's at a byte that it has received, and all later ones",
     "{at: second#40, received: 0, kind: rst, lasting: true}",
     {WIRE_CLIENT, 1, 40, WIRE_RECEIVED, 0, WIRE_FAULT_RST, true}},
    {"a dial",
     "{at: b#2, kind: refused}",
     {WIRE_UPSTREAM, 1, 2, WIRE_DIAL, 0, WIRE_FAULT_REFUSED, false}},
    {"an accept",
     "{at: client#1, kind: no-descriptors, lasting: false}",
     {WIRE_CLIENT, 0, 1, WIRE_DIAL, 0, WIRE_FAULT_NO_DESCRIPTORS, false}},
    {"a client's cut under TLS, at a byte of the plaintext",
     "{at: client#1, received: 9, kind: tls-cut}",
     {WIRE_CLIENT, 0, 1, WIRE_RECEIVED, 9, WIRE_FAULT_TLS_CUT, false}},
    {"a lookup",
     "{at: lookup#3, kind: nxdomain}",
     {WIRE_LOOKUP, 0, 3, WIRE_DIAL, 0, WIRE_FAULT_NOT_FOUND, false}},
    {"a size has a unit",
     "{at: a#1, sent: 64KiB, kind: garbage}",
     {WIRE_UPSTREAM, 0, 1, WIRE_SENT, 65536, WIRE_FAULT_GARBAGE, false}},
    {"the last connection and the last byte there are",
     "{at: a#4294967295, sent: 1099511627776, kind: split}",
     {WIRE_UPSTREAM, 0, UINT32_MAX, WIRE_SENT, FAULT_OFFSET_MAX, WIRE_FAULT_SPLIT, false}},
};

static void a_fault_is_read(void **state)
{
    const struct right_row *row = *state;
    struct yaml_error error = {{0}};
    struct fault_list list;
    char text[256], place[FAULT_PLACE_BYTES];
    snprintf(text, sizeof(text), "- %s\n", row->text);
    if (!fault_list_read(&region, parse(text), &NAMES, &list, &error))
        fail_msg("%s", error.sentence);
    assert_int_equal(list.count, 1);
    assert_true(wire_fault_equal(&list.faults[0], &row->fault));
    assert_non_null(strstr(row->text, fault_place(&row->fault, &NAMES, place)));
}

/* ---- what is wrong -------------------------------------------------------------------------- */

static const struct wrong_row {
    const char *text;
    const char *sentence;
} WRONG[] = {
    {"{at: a#1}", "f:1:1: 'faults' is a list of at most 8 faults"},
    {"[1]", "f:1:2: a fault is a map: {at: a#1, sent: 17, kind: fin}"},
    {"[{at: a#1, kind: fin, sended: 4}]",
     "f:1:23: a fault has no key 'sended'; did you mean 'sent'?"},
    {"[{sent: 4, kind: fin}]", "f:1:2: a fault needs 'at'"},
    {"[{at: a#1, sent: 4}]", "f:1:2: a fault needs 'kind'"},
    {"[{at: a, sent: 4, kind: fin}]",
     "f:1:7: 'at' is a name and which of its connections, from 1: a#1, client#2, lookup#1"},
    {"[{at: [a], sent: 4, kind: fin}]",
     "f:1:7: 'at' is a name and which of its connections, from 1: a#1, client#2, lookup#1"},
    {"[{at: a#0, sent: 4, kind: fin}]",
     "f:1:7: behind '#' stands which connection it is, 1 or a larger number"},
    {"[{at: a#one, sent: 4, kind: fin}]",
     "f:1:7: behind '#' stands which connection it is, 1 or a larger number"},
    {"[{at: a#4294967296, sent: 4, kind: fin}]",
     "f:1:7: behind '#' stands which connection it is, 1 or a larger number"},
    {"[{at: clint#1, sent: 4, kind: fin}]",
     "f:1:7: whose connection it is cannot be 'clint'; did you mean 'client'?"},
    {"[{at: both#1, sent: 4, kind: fin}]",
     "f:1:7: 'both' is an upstream and a client; give one of them another name"},
    {"[{at: a#1, sent: 4, received: 5, kind: fin}]",
     "f:1:31: a fault is at a byte that was 'sent' or 'received', not both"},
    {"[{at: a#1, sent: -1, kind: fin}]",
     "f:1:18: 'sent' must be a number of bytes, such as 65536 or 64KiB"},
    {"[{at: a#1, sent: 1, kind: finn}]",
     "f:1:27: the kind of a fault cannot be 'finn'; did you mean 'fin'?"},
    {"[{at: a#1, kind: fin}]",
     "f:1:18: 'fin' is at a byte: say behind how many, 'sent: 0' or more"},
    {"[{at: a#1, kind: short-write}]",
     "f:1:18: 'short-write' is at a byte: say behind how many, 'received: 0' or more"},
    {"[{at: a#1, sent: 3, kind: short-write}]",
     "f:1:27: 'short-write' is at a byte that was 'received'"},
    {"[{at: a#1, received: 3, kind: split}]", "f:1:31: 'split' is at a byte that was 'sent'"},
    {"[{at: a#1, sent: 3, kind: refused}]",
     "f:1:27: 'refused' is when the connection begins: without 'sent' and 'received'"},
    {"[{at: client#1, kind: refused}]", "f:1:23: 'refused' is no fault of a client"},
    {"[{at: a#1, kind: nxdomain}]", "f:1:18: 'nxdomain' is no fault of an upstream"},
    {"[{at: lookup#1, kind: fin}]", "f:1:23: 'fin' is no fault of a lookup"},
    {"[{at: a#1, sent: 3, kind: fin, lasting: often}]", "f:1:41: 'lasting' must be true or false"},
    {"[{at: a#1, sent: 3, kind: fin}, {at: a#1, sent: 3, kind: fin}]",
     "f:1:33: the same fault stands there twice"},
};

static void a_mistake_is_told(void **state)
{
    const struct wrong_row *row = *state;
    struct yaml_error error = {{0}};
    struct fault_list list;
    assert_false(fault_list_read(&region, parse(row->text), &NAMES, &list, &error));
    assert_string_equal(error.sentence, row->sentence);
}

/* Faults that differ, as many as that. */
static bool read_many(size_t count, struct yaml_error *error)
{
    struct fault_list list;
    char text[1024];
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "- {at: a#1, sent: %zu, kind: delay}\n", i);
    return fault_list_read(&region, parse(text), &NAMES, &list, error) && list.count == count;
}

static void there_is_an_end_of_faults(void **state)
{
    struct yaml_error error = {{0}};
    (void)state;
    assert_true(read_many(WIRE_FAULTS_MAX, &error));
    assert_false(read_many(WIRE_FAULTS_MAX + 1, &error));
    assert_string_equal(error.sentence, "f:1:1: 'faults' is a list of at most 8 faults");
}

/* ---- the order ------------------------------------------------------------------------------ */

static void an_order_is_read(void **state)
{
    struct yaml_error error = {{0}};
    struct fault_order order;
    (void)state;
    assert_true(fault_order_read(&region, parse("[0, 2, 4294967295]"), &order, &error));
    assert_int_equal(order.count, 3);
    assert_int_equal(order.choices[1], 2);
    assert_int_equal(order.choices[2], UINT32_MAX);
    assert_true(fault_order_read(&region, parse("[]"), &order, &error));
    assert_int_equal(order.count, 0);
    assert_false(fault_order_read(&region, parse("[0, x]"), &order, &error));
    assert_non_null(strstr(error.sentence, "f:1:5: a choice"));
    error = (struct yaml_error){{0}};
    assert_false(fault_order_read(&region, parse("3"), &order, &error));
    assert_string_equal(error.sentence,
                        "f:1:1: 'order' is a list of at most 4096 choices, each from 0");
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(RIGHT) + COUNT_OF(WRONG) + 2] = {
        cmocka_unit_test(there_is_an_end_of_faults), cmocka_unit_test(an_order_is_read)};
    size_t count = 2;
    for (size_t i = 0; i < COUNT_OF(RIGHT); i++)
        tests[count++] = (struct CMUnitTest){.name = RIGHT[i].sentence,
                                             .test_func = a_fault_is_read,
                                             .initial_state = (void *)(uintptr_t)&RIGHT[i]};
    for (size_t i = 0; i < COUNT_OF(WRONG); i++)
        tests[count++] = (struct CMUnitTest){.name = WRONG[i].text,
                                             .test_func = a_mistake_is_told,
                                             .initial_state = (void *)(uintptr_t)&WRONG[i]};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
