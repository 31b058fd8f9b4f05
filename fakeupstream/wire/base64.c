#include "fakeupstream/wire/base64.h"

/* Three bytes are four digits; those of bytes that are missing are padding. */
static void write_group(char *to, struct bytes group)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t value = 0;

    for (size_t i = 0; i < 3; i++)
        value = value << 8 | (i < group.size ? group.data[i] : 0u);
    for (size_t i = 0; i < 4; i++)
        to[i] = i <= group.size ? DIGITS[value >> (18 - 6 * i) & 63] : '=';
}

const char *base64_join(struct region *region, const char *prefix, struct bytes bytes)
{
    size_t before = strlen(prefix);
    char *text = region_take(region, before + (bytes.size + 2) / 3 * 4 + 1); /* zeroed */

    if (text == NULL)
        return NULL;
    memcpy(text, prefix, before);
    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t left = bytes.size - at;

        write_group(text + before + at / 3 * 4, bytes_make(bytes.data + at, left < 3 ? left : 3));
    }
    return text;
}
