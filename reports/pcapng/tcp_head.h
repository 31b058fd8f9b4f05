/*
 * The IP and TCP headers of one segment (RFC 791 3.1, RFC 8200 3, RFC 9293 3.1), with their checksums. Pure.
 */
#ifndef REPORTS_PCAPNG_TCP_HEAD_H
#define REPORTS_PCAPNG_TCP_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "world/world.h"

enum { TCP_HEAD_BYTES_MAX = 60 }; /* IPv6 and TCP without options */

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

struct tcp_segment {
    struct address from, to; /* of one family */
    uint32_t sequence;
    uint32_t acknowledged; /* what is expected next; said where flags have TCP_ACK */
    unsigned flags;
    const uint8_t *data; /* what is known of its payload */
    size_t data_size;
    size_t missing; /* bytes of its payload behind that; they count as zeros in the checksum */
};

/* Returns its size. */
size_t tcp_head_write(const struct tcp_segment *segment, uint8_t head[TCP_HEAD_BYTES_MAX]);

#endif
