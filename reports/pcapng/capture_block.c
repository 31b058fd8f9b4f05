#include "reports/pcapng/capture_block.h"

#include <string.h>

#include "world/base/check.h"

enum block_type {
    BLOCK_SECTION = 0x0A0D0D0A,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    BLOCK_SECRETS = 0x0A,
};

enum option_code {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_APPLICATION = 4, /* of a section */
    OPTION_RESOLUTION = 9,  /* of an interface */
};

#define BYTE_ORDER_MAGIC UINT32_C(0x1A2B3C4D)
#define SECRETS_TLS_KEYS UINT32_C(0x544C534B)

enum {
    LINKTYPE_RAW = 101,
    NANOSECONDS = 9,  /* the resolution is ten to minus that */
    BLOCK_FRAME = 12, /* type, and length at either end */
    OPTION_FRAME = 4,
};

static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/* Whatever machine writes it, the file is little-endian. */
static void put_u16(uint16_t value, FILE *out)
{
    putc(value & 0xFF, out);
    putc(value >> 8, out);
}

static void put_u32(uint32_t value, FILE *out)
{
    put_u16((uint16_t)value, out);
    put_u16((uint16_t)(value >> 16), out);
}

static void put_bytes(const void *data, size_t size, FILE *out)
{
    if (size > 0)
        fwrite(data, 1, size, out);
}

static void put_padding(size_t size, FILE *out)
{
    for (size_t i = size; i < padded(size); i++)
        putc(0, out);
}

static size_t option_bytes(size_t size)
{
    return OPTION_FRAME + padded(size);
}

static void put_option(enum option_code code, const void *data, size_t size, FILE *out)
{
    put_u16((uint16_t)code, out);
    put_u16((uint16_t)size, out);
    put_bytes(data, size, out);
    put_padding(size, out);
}

void capture_block_begin(const char *application, FILE *out)
{
    const uint8_t resolution = NANOSECONDS;
    const size_t name = strnlen(application, CAPTURE_COMMENT_BYTES_MAX);
    const size_t section = BLOCK_FRAME + 16 + option_bytes(name) + OPTION_FRAME;
    put_u32(BLOCK_SECTION, out);
    put_u32((uint32_t)section, out);
    put_u32(BYTE_ORDER_MAGIC, out);
    put_u16(1, out); /* version 1.0 */
    put_u16(0, out);
    put_u32(UINT32_MAX, out); /* the length of the section is not told */
    put_u32(UINT32_MAX, out);
    put_option(OPTION_APPLICATION, application, name, out);
    put_option(OPTION_END, NULL, 0, out);
    put_u32((uint32_t)section, out);

    const size_t interface = BLOCK_FRAME + 8 + option_bytes(sizeof(resolution)) + OPTION_FRAME;
    put_u32(BLOCK_INTERFACE, out);
    put_u32((uint32_t)interface, out);
    put_u16(LINKTYPE_RAW, out);
    put_u16(0, out);
    put_u32(0, out); /* no limit of what a packet keeps */
    put_option(OPTION_RESOLUTION, &resolution, sizeof(resolution), out);
    put_option(OPTION_END, NULL, 0, out);
    put_u32((uint32_t)interface, out);
}

void capture_block_secrets(const char *key_log, FILE *out)
{
    const size_t size = strlen(key_log);
    const size_t block = BLOCK_FRAME + 8 + padded(size);
    put_u32(BLOCK_SECRETS, out);
    put_u32((uint32_t)block, out);
    put_u32(SECRETS_TLS_KEYS, out);
    put_u32((uint32_t)size, out);
    put_bytes(key_log, size, out);
    put_padding(size, out);
    put_u32((uint32_t)block, out);
}

static size_t comment_size(const char *comment)
{
    return strnlen(comment, CAPTURE_COMMENT_BYTES_MAX);
}

static size_t packet_options_bytes(const struct capture_packet *packet)
{
    size_t bytes = packet->comment_count > 0 ? OPTION_FRAME : 0;
    for (size_t i = 0; i < packet->comment_count; i++)
        bytes += option_bytes(comment_size(packet->comments[i]));
    return bytes;
}

void capture_block_packet(const struct capture_packet *packet, FILE *out)
{
    const size_t kept = packet->head_size + packet->data_size;
    const size_t block = BLOCK_FRAME + 20 + padded(kept) + packet_options_bytes(packet);
    check(kept + packet->missing <= CAPTURE_PACKET_BYTES_MAX);
    put_u32(BLOCK_PACKET, out);
    put_u32((uint32_t)block, out);
    put_u32(0, out); /* the one interface */
    put_u32((uint32_t)(packet->at_ns >> 32), out);
    put_u32((uint32_t)packet->at_ns, out);
    put_u32((uint32_t)kept, out);
    put_u32((uint32_t)(kept + packet->missing), out);
    put_bytes(packet->head, packet->head_size, out);
    put_bytes(packet->data, packet->data_size, out);
    put_padding(kept, out);
    for (size_t i = 0; i < packet->comment_count; i++)
        put_option(OPTION_COMMENT, packet->comments[i], comment_size(packet->comments[i]), out);
    if (packet->comment_count > 0)
        put_option(OPTION_END, NULL, 0, out);
    put_u32((uint32_t)block, out);
}
