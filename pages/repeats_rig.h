/*
 * For tests: the coded form of pages/repeats.h read again, as a page reads it.
 */
#ifndef PAGES_REPEATS_RIG_H
#define PAGES_REPEATS_RIG_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "world/base/check.h"

struct repeats_text {
    uint8_t *data; /* to be freed */
    size_t size;
};

/* A repeats_sink whose owner is a struct repeats_text. */
static inline void repeats_collect(void *owner, const void *data, size_t size)
{
    struct repeats_text *text = owner;

    text->data = realloc(text->data, text->size + size + 1);
    check(text->data != NULL);
    memcpy(text->data + text->size, data, size);
    text->size += size;
}

static inline uint64_t repeats_take_number(const struct repeats_text *coded, size_t *at)
{
    uint64_t number = 0;

    for (unsigned shift = 0;; shift += 7) {
        check(*at < coded->size);
        const uint8_t byte = coded->data[(*at)++];

        number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return number;
    }
}

static inline struct repeats_text repeats_read(const struct repeats_text *coded)
{
    size_t at = 0;
    const size_t size = (size_t)repeats_take_number(coded, &at);
    struct repeats_text whole = {malloc(size + 1), 0};

    check(whole.data != NULL);
    while (whole.size < size) {
        for (uint64_t left = repeats_take_number(coded, &at); left > 0; left--) {
            check(at < coded->size);
            check(whole.size < size);
            whole.data[whole.size++] = coded->data[at++];
        }
        if (whole.size == size)
            break;
        const uint64_t distance = repeats_take_number(coded, &at);
        check(distance > 0);
        check(distance <= whole.size);
        for (uint64_t left = repeats_take_number(coded, &at); left > 0; left--) {
            check(whole.size < size);
            whole.data[whole.size] = whole.data[whole.size - distance];
            whole.size++;
        }
    }
    check(at == coded->size);
    return whole;
}

#endif
