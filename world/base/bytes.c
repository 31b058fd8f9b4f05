#include "world/base/bytes.h"

#include <string.h>

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* In ASCII the two cases of a letter differ in one bit. */
static uint8_t lower_if_letter(uint8_t c)
{
    return c | 0x20;
}

/* Of two bytes that differ: whether they are one letter in two cases. */
static bool is_same_letter(uint8_t a, uint8_t b)
{
    uint8_t c = lower_if_letter(a);

    return c == lower_if_letter(b) && c >= 'a' && c <= 'z';
}

/* Names are mostly written as they are looked for, so that bytes are compared before letters, and eight at a time. */
bool bytes_same_letters(const uint8_t *a, const uint8_t *b, size_t size)
{
    size_t i = 0;

    while (size - i >= sizeof(uint64_t) && memcmp(a + i, b + i, sizeof(uint64_t)) == 0)
        i += sizeof(uint64_t);
    for (; i < size; i++)
        if (a[i] != b[i] && !is_same_letter(a[i], b[i]))
            return false;
    return true;
}

bool bytes_equal_any_nocase(struct bytes a, const char *const *texts, size_t count)
{
    uint8_t first = a.size > 0 ? lower_if_letter(a.data[0]) : 0;

    for (size_t i = 0; i < count; i++)
        if (first == lower_if_letter((uint8_t)texts[i][0]) && bytes_equal_text_nocase(a, texts[i]))
            return true;
    return false;
}

struct bytes bytes_trim(struct bytes a)
{
    while (a.size > 0 && is_blank(a.data[0])) {
        a.data++;
        a.size--;
    }
    while (a.size > 0 && is_blank(a.data[a.size - 1]))
        a.size--;
    return a;
}

/* How many bytes stand before the comma that ends the first element. */
static size_t element_size(struct bytes list)
{
    bool quoted = false;

    for (size_t i = 0; i < list.size; i++) {
        if (list.data[i] == '"')
            quoted = !quoted;
        else if (quoted && list.data[i] == '\\' && i + 1 < list.size)
            i++; /* quoted-pair, RFC 9110 5.6.4 */
        else if (!quoted && list.data[i] == ',')
            return i;
    }
    return list.size;
}

bool bytes_take_list_element(struct bytes *list, struct bytes *element)
{
    while (list->size > 0) {
        size_t size = element_size(*list);
        size_t taken = size < list->size ? size + 1 : size;

        *element = bytes_trim(bytes_make(list->data, size));
        *list = bytes_make(list->data + taken, list->size - taken);
        if (element->size > 0)
            return true;
    }
    return false;
}

bool bytes_to_u64(struct bytes a, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (a.size == 0)
        return false;
    for (size_t i = 0; i < a.size; i++) {
        uint64_t digit = (uint64_t)(a.data[i] - '0');

        if (a.data[i] < '0' || a.data[i] > '9')
            return false;
        /* A division by what is known when this is compiled is none. */
        if (value > (UINT64_MAX - digit) / 10 || value * 10 + digit > max)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}
