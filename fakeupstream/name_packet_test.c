#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/name_packet.h"

/* A slice over a literal with NULs in it. */
#define PACKET(literal) bytes_make(literal, sizeof(literal) - 1)

#define HEADER   "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define PAY_TEST "\x03pAy\x04TesT\x00"
#define LABEL_7  "abcdefg"
#define LABEL_63 LABEL_7 LABEL_7 LABEL_7 LABEL_7 LABEL_7 LABEL_7 LABEL_7 LABEL_7 LABEL_7
#define LABEL_61 "ab" LABEL_7 LABEL_7 LABEL_7 LABEL_7 LABEL_7 LABEL_7 LABEL_7 LABEL_7 "efg"

struct refusal {
    const char *sentence;
    struct bytes packet;
};

#define REFUSAL(sentence, literal)                          \
    {                                                       \
        sentence,                                           \
        {                                                   \
            (const uint8_t *)(literal), sizeof(literal) - 1 \
        }                                                   \
    }

static const struct refusal REFUSALS[] = {
    REFUSAL("nothing", ""),
    REFUSAL("less than a header", "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00"),
    REFUSAL("a header alone", HEADER),
    REFUSAL("a response", "\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00" PAY_TEST "\0\1\0\1"),
    REFUSAL("a status query",
            "\x12\x34\x10\x00\x00\x01\x00\x00\x00\x00\x00\x00" PAY_TEST "\0\1\0\1"),
    REFUSAL("no question", "\x12\x34\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00" PAY_TEST "\0\1\0\1"),
    REFUSAL("two questions",
            "\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00" PAY_TEST "\0\1\0\1"),
    REFUSAL("another class", HEADER PAY_TEST "\0\1\0\3"),
    REFUSAL("a cut class", HEADER PAY_TEST "\0\1\0"),
    REFUSAL("a name without an end", HEADER "\x03pay\x04test"),
    REFUSAL("a cut label", HEADER "\x03pay\x3ftest\0\1\0\1"),
    REFUSAL("the root", HEADER "\0\0\1\0\1"),
    REFUSAL("a compressed name", HEADER "\xc0\x0c\0\1\0\1"),
    REFUSAL("a label of 64 bytes", HEADER "\x40" LABEL_63 "a\0\0\1\0\1"),
    REFUSAL("a name of 256 bytes",
            HEADER "\x3f" LABEL_63 "\x3f" LABEL_63 "\x3f" LABEL_63 "\x3e" LABEL_61 "a\0\0\1\0\1"),
    REFUSAL("a dot within a label", HEADER "\x03p.y\0\0\1\0\1"),
    REFUSAL("a space within a label", HEADER "\x03p y\0\0\1\0\1"),
    REFUSAL("a byte that is not ASCII", HEADER "\x03p\xffy\0\0\1\0\1"),
};

static void what_is_no_question_is_refused(void **state)
{
    struct name_question question;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(REFUSALS); i++)
        if (name_question_read(REFUSALS[i].packet, &question))
            fail_msg("%s was read", REFUSALS[i].sentence);
}

static void a_question_is_read_as_it_was_written(void **state)
{
    struct name_question question;

    (void)state;
    assert_true(name_question_read(PACKET(HEADER PAY_TEST "\0\x1c\0\1"), &question));
    assert_int_equal(question.id, 0x1234);
    assert_int_equal(question.type, NAME_TYPE_AAAA);
    assert_true(question.recursion_desired);
    assert_string_equal(question.name, "pAy.TesT");
    assert_int_equal(question.wire_size, 14);
    assert_memory_equal(question.wire, PAY_TEST "\0\x1c\0\1", 14);
}

static void what_follows_a_question_is_not_looked_at(void **state)
{
    struct name_question question;

    (void)state;
    assert_true(name_question_read(PACKET("\x12\x34\0\0\0\1\0\0\0\0\0\1" PAY_TEST "\0\x0f\0\1"
                                          "\0\0\x29\x04\xd0\0\0\0\0\0\0"),
                                   &question));
    assert_int_equal(question.type, 15);
    assert_false(question.recursion_desired);
    assert_int_equal(question.wire_size, 14);
}

static void a_name_has_253_characters(void **state)
{
    struct name_question question;

    (void)state;
    assert_true(name_question_read(
        PACKET(HEADER "\x3f" LABEL_63 "\x3f" LABEL_63 "\x3f" LABEL_63 "\x3d" LABEL_61 "\0\0\1\0\1"),
        &question));
    assert_int_equal(strlen(question.name), 253);
    assert_int_equal(question.wire_size, NAME_QUESTION_BYTES_MAX);
}

/* ---- replies ----------------------------------------------------------------------------------- */

static const struct address ADDRESSES[] = {
    {4, 80, {127, 0, 0, 9}}, {6, 0, {[15] = 1}}, {4, 0, {127, 0, 0, 8}}};

struct reply_row {
    const char *sentence;
    uint8_t type;
    struct name_reply reply;
    struct bytes packet; /* behind the id, without the question */
};

#define EXPECTED(literal)                               \
    {                                                   \
        (const uint8_t *)(literal), sizeof(literal) - 1 \
    }

static const struct reply_row REPLIES[] = {
    {"addresses for IPv4",
     NAME_TYPE_A,
     {.id = 0x1234, .addresses = ADDRESSES, .address_count = 3, .ttl_s = 0x01020304},
     EXPECTED("\x85\x80\0\1\0\2\0\0\0\0"
              "\xc0\x0c\0\1\0\1\1\2\3\4\0\4\x7f\0\0\x09\xc0\x0c\0\1\0\1\1\2\3\4\0\4\x7f\0\0\x08")},
    {"an address for IPv6",
     NAME_TYPE_AAAA,
     {.id = 0x1234, .addresses = ADDRESSES, .address_count = 3, .ttl_s = 60},
     EXPECTED("\x85\x80\0\1\0\1\0\0\0\0"
              "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1")},
    {"no data for another type",
     15,
     {.id = 0x1234, .addresses = ADDRESSES, .address_count = 3},
     EXPECTED("\x85\x80\0\1\0\0\0\0\0\0")},
    {"no such name",
     NAME_TYPE_A,
     {.id = 0x1234, .code = NAME_CODE_NXDOMAIN},
     EXPECTED("\x85\x83\0\1\0\0\0\0\0\0")},
    {"refused",
     NAME_TYPE_A,
     {.id = 0x1234, .code = NAME_CODE_REFUSED},
     EXPECTED("\x85\x85\0\1\0\0\0\0\0\0")},
    {"truncated holds no record",
     NAME_TYPE_A,
     {.id = 0x1234, .truncated = true, .addresses = ADDRESSES, .address_count = 3},
     EXPECTED("\x87\x80\0\1\0\0\0\0\0\0")},
};

static void a_reply_is_written_to_the_byte(void **state)
{
    uint8_t packet[NAME_PACKET_BYTES_MAX];
    struct name_question question;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(REPLIES); i++) {
        const struct reply_row *row = &REPLIES[i];
        size_t size;

        assert_true(name_question_read(PACKET(HEADER PAY_TEST "\0\1\0\1"), &question));
        question.type = row->type;
        size = name_reply_write(&question, &row->reply, packet);
        assert_int_equal(size, 2 + row->packet.size + question.wire_size);
        assert_memory_equal(packet, "\x12\x34", 2);
        assert_memory_equal(packet + 2, row->packet.data, 10);
        assert_memory_equal(packet + 12, question.wire, question.wire_size);
        assert_memory_equal(packet + 12 + question.wire_size, row->packet.data + 10,
                            row->packet.size - 10);
    }
}

static void what_does_not_fit_is_left_out_and_said(void **state)
{
    struct address addresses[QUERY_ADDRESSES_MAX];
    struct name_reply reply = {.addresses = addresses, .address_count = QUERY_ADDRESSES_MAX};
    struct name_question question;
    uint8_t packet[NAME_PACKET_BYTES_MAX];
    size_t size;

    (void)state;
    for (size_t i = 0; i < QUERY_ADDRESSES_MAX; i++)
        addresses[i] = ADDRESSES[1];
    assert_true(name_question_read(PACKET(HEADER PAY_TEST "\0\x1c\0\1"), &question));
    size = name_reply_write(&question, &reply, packet);
    assert_int_equal(packet[7], QUERY_ADDRESSES_MAX);
    assert_int_equal(packet[2] & 2, 0);
    assert_int_equal(size, 12 + 14 + QUERY_ADDRESSES_MAX * 28);
    assert_true(
        name_question_read(PACKET(HEADER "\x3f" LABEL_63 PAY_TEST "\0\x1c\0\1"), &question));
    size = name_reply_write(&question, &reply, packet);
    assert_int_equal(packet[7], 15);
    assert_int_equal(packet[2] & 2, 2);
    assert_int_equal(size, 12 + 78 + 15 * 28);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_question_is_refused),
        cmocka_unit_test(a_question_is_read_as_it_was_written),
        cmocka_unit_test(what_follows_a_question_is_not_looked_at),
        cmocka_unit_test(a_name_has_253_characters),
        cmocka_unit_test(a_reply_is_written_to_the_byte),
        cmocka_unit_test(what_does_not_fit_is_left_out_and_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
