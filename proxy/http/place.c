#include "proxy/http/place.h"

#include <stdio.h>
#include <string.h>

#include "world/base/bytes.h"

enum { PORT_MAX = 65535 };

static bool refuse(const char **wrong, const char *why)
{
    *wrong = why;
    return false;
}

/* An address, in the form in which all write it that mean the same one. */
static void keep_address(const struct address *address, struct place *out)
{
    char text[ADDRESS_TEXT_BYTES];
    const char *host = address_format_host(address, text);

    _Static_assert(sizeof(out->host) > ADDRESS_TEXT_BYTES + 2, "an address has room in brackets");
    snprintf(out->host, sizeof(out->host), address->family == 6 ? "[%s]" : "%s", host);
}

/* A port behind the brackets is not a host's, though address_parse() would take it. */
static bool read_ipv6(const char *host, struct place *out)
{
    bool in_brackets = host[0] == '[';
    char text[ADDRESS_TEXT_BYTES];
    struct address address;
    int size = snprintf(text, sizeof(text), in_brackets ? "%s" : "[%s]", host);

    if ((size_t)size >= sizeof(text) || text[size - 1] != ']' ||
        !address_parse(text, out->port, &address))
        return false;
    keep_address(&address, out);
    return true;
}

/* Letters, digits and hyphens of RFC 1123 2.1, and the underscore of names that machines give each other. */
static bool is_name(const char *host)
{
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

    return host[0] != '.' && host[strspn(host, bytes)] == '\0';
}

/* No name is all digits and dots, so that 127.0.0.256 is a mistake and not a question for a name server. */
static bool is_number(const char *host)
{
    return host[strspn(host, "0123456789.")] == '\0';
}

bool place_make(const char *host, uint16_t port, struct place *out, const char **wrong)
{
    size_t size = strlen(host);
    struct address address;

    *out = (struct place){.port = port};
    if (port == 0)
        return refuse(wrong, "has no port from 1 to 65535");
    if (size == 0)
        return refuse(wrong, "has no host");
    if (size >= sizeof(out->host))
        return refuse(wrong, "has a host that is too long");
    if (strpbrk(host, "[]:") != NULL)
        return read_ipv6(host, out) || refuse(wrong, "is not an IPv6 address");
    if (address_parse(host, port, &address)) {
        keep_address(&address, out);
        return true;
    }
    if (is_number(host))
        return refuse(wrong, "is not an IPv4 address");
    if (!is_name(host))
        return refuse(wrong, "has a host that is neither an address nor a name");
    memcpy(out->host, host, size + 1);
    return true;
}

bool place_read(const char *text, struct place *out, const char **wrong)
{
    static const char not_a_place[] = "is not host:port, such as 127.0.0.1:8080 or [::1]:8080";
    const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    const char *colon = strchr(bracket != NULL ? bracket : text, ':');
    char host[HOST_BYTES];
    uint64_t port;
    size_t size;

    /* Without brackets nobody could tell an IPv6 address from its port (RFC 3986 3.2.2). */
    if (colon == NULL || colon == text || strchr(colon + 1, ':') != NULL ||
        (bracket != NULL && colon != bracket + 1))
        return refuse(wrong, not_a_place);
    if (!bytes_to_u64(bytes_of(colon + 1), PORT_MAX, &port))
        return refuse(wrong, "has no port from 1 to 65535");
    size = (size_t)(colon - text);
    if (size >= sizeof(host))
        return refuse(wrong, "has a host that is too long");
    memcpy(host, text, size);
    host[size] = '\0';
    return place_make(host, (uint16_t)port, out, wrong);
}

bool place_equal(const char *host_a, uint16_t port_a, const char *host_b, uint16_t port_b)
{
    return port_a == port_b && bytes_equal_nocase(bytes_of(host_a), bytes_of(host_b));
}
