#include "fakeupstream/wire/splice.h"

#include <string.h>

#include "world/base/check.h"

void splice_bytes(struct splice *splice, struct bytes bytes)
{
    check(bytes.size <= splice->room - splice->size);
    if (bytes.size > 0)
        memcpy(splice->data + splice->size, bytes.data, bytes.size);
    splice->size += bytes.size;
}

void splice_number(struct splice *splice, uint64_t number, unsigned base)
{
    char digits[SPLICE_NUMBER_BYTES];
    size_t first = sizeof(digits);

    do {
        /* Written with both, since a division by what is not known before takes ten times as long. */
        digits[--first] = "0123456789abcdef"[base == 16 ? number % 16 : number % 10];
        number = base == 16 ? number / 16 : number / 10;
    } while (number > 0);
    splice_bytes(splice, bytes_make(digits + first, sizeof(digits) - first));
}

struct bytes splice_whole(const struct splice *splice)
{
    return bytes_make(splice->data, splice->size);
}

const char *splice_join(struct region *region, const char *const *texts)
{
    struct splice splice = {.room = 0};

    for (size_t i = 0; texts[i] != NULL; i++)
        splice.room += strlen(texts[i]);
    splice.data = region_take(region, splice.room + 1);
    if (splice.data == NULL)
        return NULL;
    for (size_t i = 0; texts[i] != NULL; i++)
        splice_text(&splice, texts[i]);
    return splice.data;
}
