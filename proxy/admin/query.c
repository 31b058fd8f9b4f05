#include "proxy/admin/query.h"

enum { HEX_NONE = -1 };

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return HEX_NONE;
}

/* Takes one byte, escaped or plain, off the front. False for an escape that is none. */
static bool take_byte(struct bytes *escaped, char *out)
{
    int high;
    int low;

    if (escaped->data[0] != '%') {
        *out = (char)escaped->data[0];
        *escaped = bytes_make(escaped->data + 1, escaped->size - 1);
        return true;
    }
    if (escaped->size < PERCENT_FACTOR)
        return false;
    high = hex_digit(escaped->data[1]);
    low = hex_digit(escaped->data[2]);
    if (high == HEX_NONE || low == HEX_NONE)
        return false;
    *out = (char)(high << 4 | low);
    *escaped = bytes_make(escaped->data + PERCENT_FACTOR, escaped->size - PERCENT_FACTOR);
    return true;
}

bool percent_decode(struct bytes escaped, char *text, size_t size_max)
{
    size_t size = 0;

    check(size_max > 0);
    while (escaped.size > 0) {
        if (size + 1 == size_max || !take_byte(&escaped, &text[size]) || text[size] == '\0')
            return false;
        size++;
    }
    text[size] = '\0';
    return true;
}

static bool is_unreserved(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

const char *percent_encode(const char *text, char *out, size_t size_max)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t size = 0;

    check(strlen(text) * PERCENT_FACTOR < size_max);
    for (; *text != '\0'; text++) {
        if (is_unreserved(*text)) {
            out[size++] = *text;
            continue;
        }
        out[size++] = '%';
        out[size++] = hex[(uint8_t)*text >> 4];
        out[size++] = hex[(uint8_t)*text & 0xf];
    }
    out[size] = '\0';
    return out;
}

/* Takes what stands before the first such byte off the front, and the byte; all of it where there is none. */
static struct bytes take_until(struct bytes *rest, uint8_t mark)
{
    const uint8_t *at = rest->size > 0 ? memchr(rest->data, mark, rest->size) : NULL;
    struct bytes before = *rest;

    if (at == NULL) {
        *rest = (struct bytes){0};
        return before;
    }
    before.size = (size_t)(at - rest->data);
    *rest = bytes_make(at + 1, rest->size - before.size - 1);
    return before;
}

enum query_step query_take(struct bytes *rest, struct query_part *part)
{
    struct bytes value = {0};
    struct bytes name;

    while (value.size == 0) {
        if (rest->size == 0)
            return QUERY_DONE;
        value = take_until(rest, '&');
    }
    name = take_until(&value, '=');
    if (name.size == 0 || !percent_decode(name, part->name, sizeof(part->name)) ||
        !percent_decode(value, part->value, sizeof(part->value)))
        return QUERY_REFUSED;
    return QUERY_PART;
}
