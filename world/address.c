#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "world/base/bytes.h"
#include "world/world.h"

/* The text between brackets or before the port, as a string of its own. */
static bool parse_host(struct bytes host, uint8_t family, struct address *out)
{
    char text[INET6_ADDRSTRLEN];

    if (host.size == 0 || host.size >= sizeof(text))
        return false;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    out->family = family;
    return inet_pton(family == 4 ? AF_INET : AF_INET6, text, out->bytes) == 1;
}

static bool parse_port(struct bytes rest, uint16_t port_default, struct address *out)
{
    uint64_t port;

    out->port = port_default;
    if (rest.size == 0)
        return port_default != 0;
    if (rest.data[0] != ':' ||
        !bytes_to_u64(bytes_make(rest.data + 1, rest.size - 1), 65535, &port))
        return false;
    out->port = (uint16_t)port;
    return true;
}

bool address_parse(const char *text, uint16_t port_default, struct address *out)
{
    const char *end = text + strlen(text);
    const char *host_end;

    *out = (struct address){0};
    if (text[0] == '[') {
        host_end = strchr(text, ']');
        return host_end != NULL &&
               parse_host(bytes_make(text + 1, (size_t)(host_end - text - 1)), 6, out) &&
               parse_port(bytes_of(host_end + 1), port_default, out);
    }
    host_end = strchr(text, ':');
    if (host_end == NULL)
        host_end = end;
    return parse_host(bytes_make(text, (size_t)(host_end - text)), 4, out) &&
           parse_port(bytes_of(host_end), port_default, out);
}

/* Decimal digits and a NUL; the end. */
static char *put_number(char *text, unsigned number)
{
    unsigned place = 1;

    while (number / place >= 10)
        place *= 10;
    for (; place > 0; place /= 10)
        *text++ = (char)('0' + number / place % 10);
    *text = '\0';
    return text;
}

/* As inet_ntop(), which makes it with a format; every simulated case writes several. The end. */
static char *put_ipv4(char *text, const uint8_t bytes[4])
{
    text = put_number(text, bytes[0]);
    for (size_t i = 1; i < 4; i++) {
        *text++ = '.';
        text = put_number(text, bytes[i]);
    }
    return text;
}

const char *address_format(const struct address *address, char text[ADDRESS_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN];

    if (address->family == 4) {
        char *end = put_ipv4(text, address->bytes);
        *end++ = ':';
        put_number(end, address->port);
        return text;
    }
    inet_ntop(AF_INET6, address->bytes, host, sizeof(host));
    snprintf(text, ADDRESS_TEXT_BYTES, "[%s]:%u", host, address->port);
    return text;
}

const char *address_format_host(const struct address *address, char text[ADDRESS_TEXT_BYTES])
{
    if (address->family != 4)
        return inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_BYTES);
    put_ipv4(text, address->bytes);
    return text;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->family == b->family && a->port == b->port &&
           memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

struct address address_loopback(uint16_t port)
{
    return (struct address){.family = 4, .port = port, .bytes = {127, 0, 0, 1}};
}
