#include "world/data/utf8.h"

#include "world/base/check.h"

/* How many bytes a lead byte announces; 0 for a byte that cannot lead. */
static size_t announced_size(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

size_t utf8_take(const char *text, size_t size, uint32_t *code_point)
{
    static const uint8_t lead_masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length;
    uint32_t value;

    check(size > 0);
    length = announced_size((uint8_t)text[0]);
    if (length == 0 || length > size)
        return 0;
    value = (uint8_t)text[0] & lead_masks[length];
    for (size_t i = 1; i < length; i++) {
        if (((uint8_t)text[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | ((uint8_t)text[i] & 0x3F);
    }
    if (value < smallest[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *code_point = value;
    return length;
}
