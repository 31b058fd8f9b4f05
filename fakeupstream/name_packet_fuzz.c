/* Aims at name_question_read() and name_reply_write(): any bytes as a question, and an answer to what is one. */
#include "fakeupstream/name_packet.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_BYTES = 12, RESPONSE_BIT = 0x80, OPCODE_AND_RESPONSE = 0xF8 };

/* An answer holds the question as it came, and with the bit of a response taken off it reads as the same. */
static void check_reply(const struct name_question *question, uint8_t *packet, size_t size)
{
    struct name_question again;

    check(size >= HEADER_BYTES + question->wire_size);
    check(size <= NAME_PACKET_BYTES_MAX);
    check((packet[2] & OPCODE_AND_RESPONSE) == RESPONSE_BIT);
    check(!name_question_read(bytes_make(packet, size), &again));
    packet[2] = (uint8_t)(packet[2] & ~RESPONSE_BIT);
    check(name_question_read(bytes_make(packet, size), &again));
    check(again.type == question->type);
    check(strcmp(again.name, question->name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct address addresses[QUERY_ADDRESSES_MAX];
    struct name_reply reply = {.addresses = addresses, .address_count = QUERY_ADDRESSES_MAX};
    struct name_question question;
    uint8_t packet[NAME_PACKET_BYTES_MAX];

    if (!name_question_read(bytes_make(data, size), &question))
        return 0;
    check(question.name[0] != '\0');
    check(strlen(question.name) < NAME_TEXT_BYTES);
    for (size_t i = 0; i < QUERY_ADDRESSES_MAX; i++)
        addresses[i] = (struct address){.family = i % 2 == 0 ? 4 : 6, .bytes = {127, 0, 0, 1}};
    reply.id = question.id;
    check_reply(&question, packet, name_reply_write(&question, &reply, packet));
    return 0;
}
