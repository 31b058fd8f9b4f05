#include "pages/base64.h"

#include "world/base/check.h"

enum {
    GROUP_BYTES = 3,
    GROUP_CHARACTERS = 4,
    CHUNK_GROUPS =
        1024, /* encoded at once: a write for each group would take longer than the encoding */
};

static void encode_group(const uint8_t *group, char *text)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    text[0] = DIGITS[group[0] >> 2];
    text[1] = DIGITS[(group[0] & 3) << 4 | group[1] >> 4];
    text[2] = DIGITS[(group[1] & 15) << 2 | group[2] >> 6];
    text[3] = DIGITS[group[2] & 63];
}

static void encode_groups(const uint8_t *data, size_t count, char *text)
{
    for (size_t i = 0; i < count; i++)
        encode_group(data + i * GROUP_BYTES, text + i * GROUP_CHARACTERS);
}

static void put_groups(struct base64 *base64, const uint8_t *data, size_t groups)
{
    char text[CHUNK_GROUPS * GROUP_CHARACTERS];

    while (groups > 0) {
        const size_t now = groups < CHUNK_GROUPS ? groups : CHUNK_GROUPS;

        encode_groups(data, now, text);
        fwrite(text, GROUP_CHARACTERS, now, base64->out);
        data += now * GROUP_BYTES;
        groups -= now;
    }
}

void base64_begin(struct base64 *base64, FILE *out)
{
    *base64 = (struct base64){.out = out};
}

void base64_put(struct base64 *base64, const void *data, size_t size)
{
    const uint8_t *from = data;

    check(base64->rest_size < GROUP_BYTES);
    if (base64->rest_size > 0) {
        uint8_t group[GROUP_BYTES] = {base64->rest[0], base64->rest[1], 0};

        while (base64->rest_size < GROUP_BYTES && size > 0) {
            group[base64->rest_size++] = *from++;
            size--;
        }
        if (base64->rest_size < GROUP_BYTES) {
            base64->rest[1] = group[1];
            return;
        }
        put_groups(base64, group, 1);
        base64->rest_size = 0;
    }
    put_groups(base64, from, size / GROUP_BYTES);
    for (size_t i = size - size % GROUP_BYTES; i < size; i++)
        base64->rest[base64->rest_size++] = from[i];
}

void base64_end(struct base64 *base64)
{
    const uint8_t group[GROUP_BYTES] = {base64->rest[0],
                                        base64->rest_size > 1 ? base64->rest[1] : 0, 0};
    char text[GROUP_CHARACTERS];

    if (base64->rest_size == 0)
        return;
    encode_group(group, text);
    if (base64->rest_size == 1)
        text[2] = '=';
    text[3] = '=';
    fwrite(text, 1, GROUP_CHARACTERS, base64->out);
    base64->rest_size = 0;
}
