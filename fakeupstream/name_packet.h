/*
 * The DNS messages that a fake nameserver reads and writes (RFC 1035 4): one question, addresses in answer.
 *
 * Pure: bytes in, bytes out.
 */
#ifndef FAKEUPSTREAM_NAME_PACKET_H
#define FAKEUPSTREAM_NAME_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/base/bytes.h"
#include "world/world.h"

enum {
    NAME_PACKET_BYTES_MAX = 512,   /* over UDP without EDNS: RFC 1035 4.2.1 */
    NAME_QUESTION_BYTES_MAX = 259, /* a name of 255 octets (RFC 1035 3.1), type and class */
    NAME_TEXT_BYTES = 254,         /* such a name with dots, without the root's, and a NUL */
};

/* RFC 1035 3.2.2, RFC 3596 2.1. Other types are read too. */
enum name_type { NAME_TYPE_A = 1, NAME_TYPE_AAAA = 28 };

/* RFC 1035 4.1.1. */
enum name_code {
    NAME_CODE_OK = 0,
    NAME_CODE_SERVFAIL = 2,
    NAME_CODE_NXDOMAIN = 3,
    NAME_CODE_REFUSED = 5,
};

struct name_question {
    uint16_t id;
    uint16_t type;
    bool recursion_desired;
    char name
        [NAME_TEXT_BYTES]; /* as it was written: resolvers mix its case to know their answer by */
    uint8_t wire[NAME_QUESTION_BYTES_MAX]; /* the question section, to be sent back as it came */
    size_t wire_size;
};

/*
 * False for what is not a standard query with one question of class IN about a name of printable characters. What
 * follows the question (EDNS, say) is not looked at.
 */
MUST_USE bool name_question_read(struct bytes packet, struct name_question *out);

struct name_reply {
    uint16_t id; /* the question's, if it is to be believed */
    enum name_code code;
    bool truncated;
    const struct address
        *addresses; /* those of the type that was asked for are written, in this order */
    size_t address_count;
    uint32_t ttl_s;
};

/* Returns the size. Addresses that do not fit are left out, and the reply says that it is truncated. */
size_t name_reply_write(const struct name_question *question, const struct name_reply *reply,
                        uint8_t out[NAME_PACKET_BYTES_MAX]);

#endif
