#include "proxy/routes/credentials.h"

#include <stdbool.h>
#include <string.h>

static const char SCHEME[] = "Basic";

enum {
    PAIR_BYTES_MAX =
        USER_NAME_BYTES + PASSWORD_BYTES, /* name, colon, password; each lacks its NUL */
    BASE64_BITS = 6,
    NO_DIGIT = 64,
};

/* Name and password side by side, each padded with NULs to its full size. */
struct padded_pair {
    uint8_t bytes[USER_NAME_BYTES + PASSWORD_BYTES];
};

/* The value of a base64 digit, or NO_DIGIT. RFC 4648 4; the alphabet for URLs is another one. */
static unsigned digit_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - (unsigned)'A';
    if (c >= 'a' && c <= 'z')
        return c - (unsigned)'a' + 26;
    if (c >= '0' && c <= '9')
        return c - (unsigned)'0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : NO_DIGIT;
}

/*
 * Takes the padding off. It may be left out, as token68 of RFC 9110 11.2 allows, but where it stands it must be right: as much as
 * fills a group of four.
 */
static bool take_padding(struct bytes *text)
{
    size_t padding = 0;

    while (padding < text->size && text->data[text->size - padding - 1] == '=')
        padding++;
    if (padding > 2 || (padding > 0 && text->size % 4 != 0))
        return false;
    text->size -= padding;
    return text->size % 4 != 1;
}

/* Bits that belong to no byte must be 0 (RFC 4648 3.5), so that each pair has one spelling alone. */
static bool decode(struct bytes text, uint8_t out[PAIR_BYTES_MAX], size_t *size)
{
    uint32_t bits = 0;
    unsigned bit_count = 0;

    *size = 0;
    if (!take_padding(&text))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned value = digit_value(text.data[i]);

        if (value == NO_DIGIT)
            return false;
        bits = bits << BASE64_BITS | value;
        bit_count += BASE64_BITS;
        if (bit_count < 8)
            continue;
        bit_count -= 8;
        if (*size == PAIR_BYTES_MAX)
            return false;
        out[(*size)++] = (uint8_t)(bits >> bit_count);
        bits &= (1u << bit_count) - 1;
    }
    return bits == 0;
}

/* A NUL could not be told from the padding; no name or password has one (RFC 7617 2: no controls). */
static bool pad(struct bytes name, struct bytes password, struct padded_pair *out)
{
    memset(out, 0, sizeof(*out));
    if (name.size >= USER_NAME_BYTES || password.size >= PASSWORD_BYTES ||
        (name.size > 0 && memchr(name.data, '\0', name.size) != NULL) ||
        (password.size > 0 && memchr(password.data, '\0', password.size) != NULL))
        return false;
    if (name.size > 0)
        memcpy(out->bytes, name.data, name.size);
    if (password.size > 0)
        memcpy(out->bytes + USER_NAME_BYTES, password.data, password.size);
    return true;
}

/* "name:password" in base64; the first colon ends the name, a password may have more (RFC 7617 2). */
static bool read_pair(struct bytes text, struct padded_pair *out)
{
    uint8_t plain[PAIR_BYTES_MAX];
    const uint8_t *colon;
    size_t name_size;
    size_t size;

    if (!decode(text, plain, &size))
        return false;
    colon = memchr(plain, ':', size);
    if (colon == NULL)
        return false;
    name_size = (size_t)(colon - plain);
    return pad(bytes_make(plain, name_size), bytes_make(colon + 1, size - name_size - 1), out);
}

/* 0 if they are equal; every byte is looked at, whatever those before it were. */
static unsigned difference(const struct padded_pair *a, const struct padded_pair *b)
{
    unsigned found = 0;

    for (size_t i = 0; i < sizeof(a->bytes); i++)
        found |= (unsigned)(a->bytes[i] ^ b->bytes[i]);
    return found;
}

/* Basic, in whatever case (RFC 9110 11.1), then blanks; the rest is left in *value. */
static bool take_scheme(struct bytes *value)
{
    const size_t size = sizeof(SCHEME) - 1;

    *value = bytes_trim(*value);
    if (value->size < size || !bytes_equal_text_nocase(bytes_make(value->data, size), SCHEME) ||
        (value->size > size && value->data[size] != ' '))
        return false;
    *value = bytes_trim(bytes_make(value->data + size, value->size - size));
    return true;
}

enum credentials_verdict credentials_check(struct bytes value, const struct user_settings *users,
                                           uint64_t allowed, size_t *user)
{
    struct padded_pair given;
    struct padded_pair known;
    size_t found = USERS_MAX;

    if (value.data == NULL || !take_scheme(&value))
        return CREDENTIALS_MISSING;
    if (!read_pair(value, &given))
        return CREDENTIALS_WRONG;
    for (size_t i = 0; i < USERS_MAX; i++) {
        if ((allowed >> i & 1) == 0)
            continue;
        check(users[i].password[0] != '\0'); /* proxy_settings_check() refuses it */
        check(pad(bytes_of(users[i].name), bytes_of(users[i].password), &known));
        if (difference(&given, &known) == 0)
            found = i;
    }
    if (found == USERS_MAX)
        return CREDENTIALS_WRONG;
    *user = found;
    return CREDENTIALS_FINE;
}
