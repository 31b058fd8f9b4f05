#include "proxy/http/target.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

static const char HTTP_SCHEME[] = "http";
static const char SCHEME_END[] = "://";

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The bytes of text, without its NUL, at the place of the slice. */
static bool has_text_at(struct bytes a, size_t at, const char *text)
{
    size_t size = strlen(text);

    return a.size >= size && at <= a.size - size && memcmp(a.data + at, text, size) == 0;
}

static struct bytes from(struct bytes a, size_t at)
{
    return bytes_make(a.data + at, a.size - at);
}

/* Index of the first such character, or the size. */
static size_t find(struct bytes a, char wanted)
{
    const uint8_t *found = a.size > 0 ? memchr(a.data, wanted, a.size) : NULL;

    return found != NULL ? (size_t)(found - a.data) : a.size;
}

/* The same of several characters. */
static size_t find_any(struct bytes a, const char *wanted)
{
    size_t i = 0;

    while (i < a.size && (a.data[i] == '\0' || strchr(wanted, a.data[i]) == NULL))
        i++;
    return i;
}

/* RFC 3986 3.2.2: unreserved, percent-encoded, sub-delims. */
static bool is_name(struct bytes host)
{
    for (size_t i = 0; i < host.size; i++) {
        uint8_t c = host.data[i];

        if (c == '%') {
            if (host.size - i < 3 || !is_hex(host.data[i + 1]) || !is_hex(host.data[i + 2]))
                return false;
            i += 2;
        } else if (c == '\0' || (!is_alpha(c) && !is_digit(c) && !strchr("-._~!$&'()*+,;=", c))) {
            return false;
        }
    }
    return host.size > 0;
}

/* What stands between the brackets. */
static bool is_ipv6(struct bytes host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (host.size >= sizeof(text) || memchr(host.data, '\0', host.size) != NULL)
        return false;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

/* The port without its colon; RFC 3986 3.2.3 lets it be empty. */
static bool is_port(struct bytes port)
{
    uint64_t number;

    return port.size == 0 || bytes_to_u64(port, UINT16_MAX, &number);
}

/* Where the host ends and ":" port, or nothing, begins; false when the host is not one. */
static bool find_host_end(struct bytes authority, size_t *end)
{
    if (authority.size > 0 && authority.data[0] == '[') {
        size_t close = find(authority, ']');

        *end = close + 1;
        return close < authority.size && is_ipv6(bytes_make(authority.data + 1, close - 1));
    }
    *end = find(authority, ':');
    return is_name(bytes_make(authority.data, *end));
}

bool target_split_authority(struct bytes authority, struct bytes *host, struct bytes *port)
{
    struct bytes digits = {0};
    size_t end;

    if (!find_host_end(authority, &end))
        return false;
    if (end < authority.size) {
        digits = from(authority, end + 1);
        if (authority.data[end] != ':' || !is_port(digits))
            return false;
    }
    *port = digits;
    *host = authority.data[0] == '[' ? bytes_make(authority.data + 1, end - 2)
                                     : bytes_make(authority.data, end);
    return true;
}

bool target_authority_is_valid(struct bytes authority)
{
    struct bytes host;
    struct bytes port;

    return target_split_authority(authority, &host, &port);
}

/* RFC 9112 3.2.3: CONNECT needs a port, and 0 is nobody's. */
static bool is_authority_form(struct bytes target)
{
    struct bytes port;
    uint64_t number;
    size_t end;

    if (!find_host_end(target, &end) || end == target.size || target.data[end] != ':')
        return false;
    port = from(target, end + 1);
    return bytes_to_u64(port, UINT16_MAX, &number) && number > 0;
}

/* RFC 3986 3.1. */
static bool has_scheme(struct bytes target)
{
    size_t end = find(target, ':');

    if (target.size == 0 || !is_alpha(target.data[0]) || !has_text_at(target, end, SCHEME_END))
        return false;
    for (size_t i = 1; i < end; i++)
        if (!is_alpha(target.data[i]) && !is_digit(target.data[i]) &&
            strchr("+-.", target.data[i]) == NULL)
            return false;
    return true;
}

/* A target never holds a fragment, RFC 9112 3.2; what is not visible ASCII must be percent-encoded. */
static bool has_target_bytes_only(struct bytes target)
{
    for (size_t i = 0; i < target.size; i++)
        if (target.data[i] <= ' ' || target.data[i] > '~' || target.data[i] == '#')
            return false;
    return true;
}

enum target_form target_form_of(struct bytes method, struct bytes target)
{
    if (target.size == 0 || !has_target_bytes_only(target))
        return TARGET_INVALID;
    if (bytes_equal_text(method, "CONNECT"))
        return is_authority_form(target) ? TARGET_AUTHORITY : TARGET_INVALID;
    if (target.data[0] == '/')
        return TARGET_ORIGIN;
    if (bytes_equal_text(target, "*"))
        return bytes_equal_text(method, "OPTIONS") ? TARGET_ASTERISK : TARGET_INVALID;
    return has_scheme(target) ? TARGET_ABSOLUTE : TARGET_INVALID;
}

bool target_split_absolute(struct bytes method, struct bytes target, struct bytes *authority,
                           struct bytes *path)
{
    const size_t scheme_size = sizeof(HTTP_SCHEME) - 1;
    struct bytes rest;
    size_t end;

    if (target_form_of(method, target) != TARGET_ABSOLUTE ||
        !bytes_equal_text_nocase(bytes_make(target.data, scheme_size), HTTP_SCHEME) ||
        !has_text_at(target, scheme_size, SCHEME_END))
        return false;
    rest = from(target, scheme_size + sizeof(SCHEME_END) - 1);
    end = find_any(rest, "/?");
    if (!target_authority_is_valid(bytes_make(rest.data, end)))
        return false;
    *authority = bytes_make(rest.data, end);
    *path = from(rest, end);
    if (path->size == 0)
        *path = bytes_of(bytes_equal_text(method, "OPTIONS") ? "*" : "/");
    return true;
}
