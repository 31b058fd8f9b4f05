#include "reports/pcapng/tcp_head.h"

#include <string.h>

#include "world/base/check.h"

enum {
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    TCP_BYTES = 20,
    PROTOCOL_TCP = 6,
    HOPS = 64,
    WINDOW = 65535,
    IPV4_DO_NOT_FRAGMENT = 0x4000,
};

static void put_u16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
    put_u16(at, value >> 16);
    put_u16(at + 2, value & 0xFFFF);
}

/* RFC 1071: adds 16 bit words; an odd byte at the end counts as if a zero followed. */
static uint64_t add_words(uint64_t sum, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += (uint64_t)data[i] << 8 | data[i + 1];
    if (size % 2 != 0)
        sum += (uint64_t)data[size - 1] << 8;
    return sum;
}

static uint16_t fold(uint64_t sum)
{
    while (sum > 0xFFFF)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

static size_t host_bytes(const struct address *address)
{
    return address->family == 4 ? 4 : 16;
}

static void write_tcp(const struct tcp_segment *segment, uint8_t *tcp)
{
    const size_t size = TCP_BYTES + segment->data_size + segment->missing;
    memset(tcp, 0, TCP_BYTES);
    put_u16(tcp, segment->from.port);
    put_u16(tcp + 2, segment->to.port);
    put_u32(tcp + 4, segment->sequence);
    put_u32(tcp + 8, (segment->flags & TCP_ACK) != 0 ? segment->acknowledged : 0);
    tcp[12] = TCP_BYTES / 4 << 4;
    tcp[13] = (uint8_t)segment->flags;
    put_u16(tcp + 14, WINDOW);
    /* Over a header of addresses, protocol and length as well (RFC 9293 3.1, RFC 8200 8.1). */
    uint64_t sum = PROTOCOL_TCP + (uint64_t)size;
    sum = add_words(sum, segment->from.bytes, host_bytes(&segment->from));
    sum = add_words(sum, segment->to.bytes, host_bytes(&segment->to));
    sum = add_words(sum, tcp, TCP_BYTES);
    sum = add_words(sum, segment->data, segment->data_size);
    put_u16(tcp + 16, fold(sum));
}

static void write_ipv4(const struct tcp_segment *segment, uint8_t *ip)
{
    memset(ip, 0, IPV4_BYTES);
    ip[0] = 4 << 4 | IPV4_BYTES / 4;
    put_u16(ip + 2, IPV4_BYTES + TCP_BYTES + segment->data_size + segment->missing);
    put_u16(ip + 6, IPV4_DO_NOT_FRAGMENT);
    ip[8] = HOPS;
    ip[9] = PROTOCOL_TCP;
    memcpy(ip + 12, segment->from.bytes, 4);
    memcpy(ip + 16, segment->to.bytes, 4);
    put_u16(ip + 10, fold(add_words(0, ip, IPV4_BYTES)));
}

static void write_ipv6(const struct tcp_segment *segment, uint8_t *ip)
{
    memset(ip, 0, IPV6_BYTES);
    ip[0] = 6 << 4;
    put_u16(ip + 4, TCP_BYTES + segment->data_size + segment->missing);
    ip[6] = PROTOCOL_TCP;
    ip[7] = HOPS;
    memcpy(ip + 8, segment->from.bytes, 16);
    memcpy(ip + 24, segment->to.bytes, 16);
}

size_t tcp_head_write(const struct tcp_segment *segment, uint8_t head[TCP_HEAD_BYTES_MAX])
{
    const bool old = segment->from.family == 4;
    const size_t ip_bytes = old ? IPV4_BYTES : IPV6_BYTES;
    check(segment->from.family == segment->to.family);
    if (old)
        write_ipv4(segment, head);
    else
        write_ipv6(segment, head);
    write_tcp(segment, head + ip_bytes);
    return ip_bytes + TCP_BYTES;
}
