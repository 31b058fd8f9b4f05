/*
 * The blocks of a capture file, byte for byte, after the pcapng specification (draft-ietf-opsawg-pcapng, sections 4.1 to 4.7).
 *
 * Times are nanoseconds since 1970. Errors: none returned; ask ferror() of the stream, once, at the end.
 * Limits: a packet is at most CAPTURE_PACKET_BYTES_MAX; a comment longer than CAPTURE_COMMENT_BYTES_MAX is cut.
 */
#ifndef REPORTS_PCAPNG_CAPTURE_BLOCK_H
#define REPORTS_PCAPNG_CAPTURE_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    CAPTURE_PACKET_BYTES_MAX = 65535, /* the largest that an IPv4 header can tell (RFC 791 3.1) */
    CAPTURE_COMMENT_BYTES_MAX = 32 * 1024, /* an option has 16 bits for its length */
};

/* What is known of one packet. */
struct capture_packet {
    uint64_t at_ns;
    const uint8_t *head; /* what comes first, and then the data behind it */
    size_t head_size;
    const uint8_t *data;
    size_t data_size;
    size_t missing; /* bytes that were on the wire behind these, and were not kept */
    const char *const *comments;
    size_t comment_count;
};

/* The head of a file, and its one interface: packets are IP, with nothing before (LINKTYPE_RAW). */
void capture_block_begin(const char *application, FILE *out);
/* Keys of TLS, as lines of its key log; before the first packet that needs them. */
void capture_block_secrets(const char *key_log, FILE *out);
void capture_block_packet(const struct capture_packet *packet, FILE *out);

#endif
