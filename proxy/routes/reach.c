#include "proxy/routes/reach.h"

#include <arpa/inet.h>
#include <string.h>

#include "world/base/bytes.h"

enum { IPV4_BITS = 32, IPV6_BITS = 128, IPV4_BYTES = 4, IPV6_BYTES = 16 };

/* ::ffff:0:0/96 of RFC 4291 2.5.5.2. */
static const uint8_t MAPPED_PREFIX[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
enum { MAPPED_BYTES = sizeof(MAPPED_PREFIX) };

/* The kernel connects both to the same place, so both are judged as the IPv4 address. */
static struct address unmapped(const struct address *address)
{
    struct address inner = {.family = 4, .port = address->port};

    if (address->family != 6 || memcmp(address->bytes, MAPPED_PREFIX, MAPPED_BYTES) != 0)
        return *address;
    memcpy(inner.bytes, address->bytes + MAPPED_BYTES, IPV4_BYTES);
    return inner;
}

/* A range within the mapped addresses is one of IPv4; a wider one stays what it is. */
static struct address_range unmapped_range(const struct address_range *range)
{
    if (range->address.family != 6 || range->bits < 8 * MAPPED_BYTES ||
        memcmp(range->address.bytes, MAPPED_PREFIX, MAPPED_BYTES) != 0)
        return *range;
    return (struct address_range){unmapped(&range->address), range->bits - 8 * MAPPED_BYTES};
}

static bool has_prefix(const uint8_t *bytes, const uint8_t *prefix, unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;

    if (memcmp(bytes, prefix, whole) != 0)
        return false;
    return rest == 0 || (bytes[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static bool is_within(const struct address_range *range, const struct address *address)
{
    unsigned bits_max = address->family == 4 ? IPV4_BITS : IPV6_BITS;
    struct address_range plain = unmapped_range(range);

    return plain.address.family == address->family && plain.bits <= bits_max &&
           has_prefix(address->bytes, plain.address.bytes, plain.bits);
}

bool reach_allows(const struct address_range *ranges, size_t count, const struct address *address)
{
    static const struct address_range own[] = {
        {{.family = 4, .bytes = {127}}, 8},
        {{.family = 6, .bytes = {[IPV6_BYTES - 1] = 1}}, IPV6_BITS},
    };
    struct address plain = unmapped(address);

    if (count == 0) {
        ranges = own;
        count = COUNT_OF(own);
    }
    for (size_t i = 0; i < count; i++)
        if (is_within(&ranges[i], &plain))
            return true;
    return false;
}

/* 0.0.0.0 and ::, with which a listener means every address, and the kernel, of who connects, this machine. */
static bool is_unspecified(const struct address *address)
{
    static const uint8_t none[IPV6_BYTES];

    return memcmp(address->bytes, none, address->family == 4 ? IPV4_BYTES : IPV6_BYTES) == 0;
}

static bool is_this_machine(const struct address *address)
{
    return is_unspecified(address) || reach_allows(NULL, 0, address);
}

bool reach_meets(const struct address *listener, const struct address *address)
{
    struct address there = unmapped(listener);
    struct address wanted = unmapped(address);

    if (listener->family == 0 || there.port != wanted.port)
        return false;
    if (is_unspecified(&there) || is_unspecified(&wanted))
        return is_this_machine(&there) && is_this_machine(&wanted);
    return address_equal(&there, &wanted);
}

/* Without port; an IPv6 address with or without brackets. */
static bool read_address(struct bytes host, struct address *out)
{
    char text[INET6_ADDRSTRLEN];

    *out = (struct address){.family = 4};
    if (host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']') {
        host = bytes_make(host.data + 1, host.size - 2);
        out->family = 6;
    } else if (memchr(host.data, ':', host.size) != NULL) {
        out->family = 6;
    }
    if (host.size >= sizeof(text))
        return false;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return inet_pton(out->family == 6 ? AF_INET6 : AF_INET, text, out->bytes) == 1;
}

bool reach_read(const char *text, struct address_range out[2], size_t *count)
{
    const char *slash = strchr(text, '/');
    size_t size = slash != NULL ? (size_t)(slash - text) : strlen(text);
    struct address address;
    uint64_t bits;

    if (strcmp(text, "any") == 0) {
        out[0] = (struct address_range){{.family = 4}, 0};
        out[1] = (struct address_range){{.family = 6}, 0};
        *count = 2;
        return true;
    }
    if (!read_address(bytes_make(text, size), &address))
        return false;
    bits = address.family == 4 ? IPV4_BITS : IPV6_BITS;
    if (slash != NULL && !bytes_to_u64(bytes_of(slash + 1), bits, &bits))
        return false;
    out[0] = (struct address_range){address, (unsigned)bits};
    *count = 1;
    return true;
}
