#include "fakeupstream/name_packet.h"

#include <string.h>

/* RFC 1035 4.1.1: the header, and the bits of its flags. */
enum {
    HEADER_BYTES = 12,
    FLAG_RESPONSE = 0x8000,
    FLAG_AUTHORITATIVE = 0x0400,
    FLAG_TRUNCATED = 0x0200,
    FLAG_RECURSION_DESIRED = 0x0100,
    FLAG_RECURSION_AVAILABLE = 0x0080,
    OPCODE_MASK = 0x7800, /* 0: a standard query */
};

/* RFC 1035 4.1.2 to 4.1.4: names, questions and records. */
enum {
    LABEL_BYTES_MAX = 63,
    NAME_OCTETS_MAX = 255,
    CLASS_IN = 1,
    POINTER_TO_QUESTION = 0xC000 | HEADER_BYTES, /* "the name in the question", in two octets */
    RECORD_BYTES = 12,                           /* a record without its address */
};

/* ---- reading ----------------------------------------------------------------------------------- */

static uint16_t read_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* A label that has dots, or bytes that cannot be shown, could not be told from others in a script. */
static bool is_plain(const uint8_t *label, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (label[i] <= ' ' || label[i] >= 0x7F || label[i] == '.')
            return false;
    return true;
}

/* Reads labels up to the root's; returns how many octets they take, 0 if they are no name. */
static size_t read_name(struct bytes wire, char name[NAME_TEXT_BYTES])
{
    size_t at = 0, length = 0;

    while (at < wire.size && at < NAME_OCTETS_MAX) {
        size_t size = wire.data[at++];

        if (size == 0) {
            name[length] = '\0';
            return length == 0 ? 0 : at; /* nobody asks for an address of the root */
        }
        if (size > LABEL_BYTES_MAX || size > wire.size - at || at + size >= NAME_OCTETS_MAX ||
            !is_plain(wire.data + at, size))
            return 0;
        if (length > 0)
            name[length++] = '.';
        memcpy(name + length, wire.data + at, size);
        length += size;
        at += size;
    }
    return 0;
}

bool name_question_read(struct bytes packet, struct name_question *out)
{
    enum { TYPE_AND_CLASS_BYTES = 4, ONE = 1 };
    struct bytes rest;
    uint16_t flags;
    size_t size;

    if (packet.size < HEADER_BYTES)
        return false;
    flags = read_u16(packet.data + 2);
    if ((flags & (FLAG_RESPONSE | OPCODE_MASK)) != 0 || read_u16(packet.data + 4) != ONE)
        return false;
    rest = bytes_make(packet.data + HEADER_BYTES, packet.size - HEADER_BYTES);
    *out = (struct name_question){.id = read_u16(packet.data)};
    size = read_name(rest, out->name);
    if (size == 0 || rest.size - size < TYPE_AND_CLASS_BYTES)
        return false;
    out->type = read_u16(rest.data + size);
    out->recursion_desired = (flags & FLAG_RECURSION_DESIRED) != 0;
    out->wire_size = size + TYPE_AND_CLASS_BYTES;
    check(out->wire_size <= sizeof(out->wire));
    memcpy(out->wire, rest.data, out->wire_size);
    return read_u16(rest.data + size + 2) == CLASS_IN;
}

/* ---- writing ----------------------------------------------------------------------------------- */

static uint8_t *write_u16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static size_t address_bytes(const struct address *address)
{
    return address->family == 4 ? 4 : 16;
}

static bool is_of_type(const struct address *address, uint16_t type)
{
    return type == (address->family == 4 ? NAME_TYPE_A : NAME_TYPE_AAAA);
}

/* RFC 1035 4.1.3. */
static uint8_t *write_record(uint8_t *at, const struct address *address, uint32_t ttl_s)
{
    size_t size = address_bytes(address);

    at = write_u16(at, POINTER_TO_QUESTION);
    at = write_u16(at, address->family == 4 ? NAME_TYPE_A : NAME_TYPE_AAAA);
    at = write_u16(at, CLASS_IN);
    at = write_u16(at, ttl_s >> 16);
    at = write_u16(at, ttl_s & 0xFFFF);
    at = write_u16(at, (unsigned)size);
    memcpy(at, address->bytes, size);
    return at + size;
}

static void write_header(const struct name_question *question, const struct name_reply *reply,
                         unsigned records, uint8_t *at)
{
    unsigned flags =
        FLAG_RESPONSE | FLAG_AUTHORITATIVE | FLAG_RECURSION_AVAILABLE | (unsigned)reply->code;

    if (reply->truncated)
        flags |= FLAG_TRUNCATED;
    if (question->recursion_desired)
        flags |= FLAG_RECURSION_DESIRED;
    at = write_u16(at, reply->id);
    at = write_u16(at, flags);
    at = write_u16(at, 1); /* question */
    at = write_u16(at, records);
    at = write_u16(at, 0); /* authorities */
    write_u16(at, 0);      /* additional records */
}

size_t name_reply_write(const struct name_question *question, const struct name_reply *reply,
                        uint8_t out[NAME_PACKET_BYTES_MAX])
{
    struct name_reply written = *reply;
    uint8_t *at = out + HEADER_BYTES;
    unsigned records = 0;

    check(question->wire_size <= sizeof(question->wire));
    memcpy(at, question->wire, question->wire_size);
    at += question->wire_size;
    for (size_t i = 0; i < reply->address_count && !written.truncated; i++) {
        const struct address *address = &reply->addresses[i];

        if (!is_of_type(address, question->type))
            continue;
        written.truncated =
            (size_t)(at - out) + RECORD_BYTES + address_bytes(address) > NAME_PACKET_BYTES_MAX;
        if (written.truncated)
            break;
        at = write_record(at, address, reply->ttl_s);
        records++;
    }
    write_header(question, &written, records, out);
    return (size_t)(at - out);
}
