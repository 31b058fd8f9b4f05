#include "reports/text.h"

#include <stdint.h>
#include <string.h>

#include "world/base/check.h"
#include "world/data/utf8.h"

static const char ELLIPSIS[] = "...";
enum {
    ELLIPSIS_COLUMNS = sizeof(ELLIPSIS) - 1,
    UTF8_BYTES_MAX = 4, /* of one character */
};

struct code_range {
    uint32_t first;
    uint32_t last;
    unsigned columns;
};

/* The blocks whose characters are not one column wide; all other characters are. */
static const struct code_range WIDTHS[] = {
    {0x0300, 0x036F, 0},   /* combining marks */
    {0x1100, 0x115F, 2},   /* Hangul Jamo */
    {0x200B, 0x200F, 0},   /* zero width spaces and marks of direction */
    {0x2E80, 0xA4CF, 2},   /* CJK, Kana, Yi */
    {0xAC00, 0xD7A3, 2},   /* Hangul syllables */
    {0xF900, 0xFAFF, 2},   /* CJK compatibility */
    {0xFE00, 0xFE0F, 0},   /* variation selectors */
    {0xFE30, 0xFE6F, 2},   /* CJK compatibility forms */
    {0xFF00, 0xFF60, 2},   /* full width forms */
    {0xFFE0, 0xFFE6, 2},   /* full width signs */
    {0x1F300, 0x1FAFF, 2}, /* pictographs */
    {0x20000, 0x3FFFD, 2}, /* CJK extensions */
};

static unsigned code_columns(uint32_t code)
{
    for (size_t i = 0; i < COUNT_OF(WIDTHS); i++) {
        if (code < WIDTHS[i].first)
            return 1;
        if (code <= WIDTHS[i].last)
            return WIDTHS[i].columns;
    }
    return 1;
}

/* Control characters, what XML 1.0 forbids (its production 2), and U+202A to U+202E, which reorder a line. */
static bool code_is_shown(uint32_t code)
{
    if (code < 0x20 || (code >= 0x7F && code < 0xA0))
        return false;
    if (code == 0xFFFE || code == 0xFFFF)
        return false;
    return code < 0x202A || code > 0x202E;
}

static void escape_byte(struct text_glyph *glyph, unsigned char byte)
{
    static const char HEX[] = "0123456789abcdef";
    glyph->bytes = glyph->escape;
    if (byte == '\n' || byte == '\t') {
        memcpy(glyph->escape, byte == '\n' ? "\\n" : "\\t", 3);
        glyph->size = 2;
    } else {
        const char escape[] = {'\\', 'x', HEX[byte >> 4], HEX[byte & 15], '\0'};
        memcpy(glyph->escape, escape, sizeof(escape));
        glyph->size = 4;
    }
    glyph->columns = (unsigned)glyph->size;
}

bool text_next(const char **text, struct text_glyph *glyph)
{
    const size_t left = strnlen(*text, UTF8_BYTES_MAX);
    if (left == 0)
        return false;
    uint32_t code = 0;
    const size_t size = utf8_take(*text, left, &code);
    if (size == 0 || !code_is_shown(code)) {
        /* Byte by byte: the rest of such a character are stray continuations, shown likewise. */
        escape_byte(glyph, (unsigned char)**text);
        *text += 1;
        return true;
    }
    glyph->bytes = *text;
    glyph->size = size;
    glyph->columns = code < 0x80 ? 1 : code_columns(code);
    *text += size;
    return true;
}

/* Sets are of one or two bytes: a call of strchr() for each byte of a text would be most of all work. */
static bool is_among(char byte, const char *set)
{
    while (*set != '\0' && *set != byte)
        set++;
    return *set != '\0';
}

size_t text_plain_size(const char *text, const char *except)
{
    size_t size = 0;
    while (text[size] >= 0x20 && text[size] < 0x7F && !is_among(text[size], except))
        size++;
    return size;
}

size_t text_columns(const char *text)
{
    struct text_glyph glyph;
    size_t columns = text_plain_size(text, "");
    text += columns;
    while (text_next(&text, &glyph))
        columns += glyph.columns;
    return columns;
}

void text_put(const char *text, FILE *out)
{
    struct text_glyph glyph;
    do {
        const size_t plain = text_plain_size(text, "");
        fwrite(text, 1, plain, out);
        text += plain;
        if (text_next(&text, &glyph))
            fwrite(glyph.bytes, 1, glyph.size, out);
    } while (*text != '\0');
}

size_t text_put_cut(const char *text, size_t columns, FILE *out)
{
    check(columns >= ELLIPSIS_COLUMNS);
    const size_t whole = text_columns(text);
    if (whole <= columns) {
        text_put(text, out);
        return whole;
    }
    struct text_glyph glyph;
    size_t filled = 0;
    while (text_next(&text, &glyph) && filled + glyph.columns + ELLIPSIS_COLUMNS <= columns) {
        fwrite(glyph.bytes, 1, glyph.size, out);
        filled += glyph.columns;
    }
    fputs(ELLIPSIS, out);
    return filled + ELLIPSIS_COLUMNS;
}

void text_put_cell(const char *text, size_t columns, FILE *out)
{
    text_put_spaces(columns - text_put_cut(text, columns, out), out);
}

/* The columns up to the next space or the end. */
static size_t word_columns(const char *text)
{
    struct text_glyph glyph;
    size_t columns = 0;
    while (*text != ' ' && text_next(&text, &glyph))
        columns += glyph.columns;
    return columns;
}

void text_put_wrapped(const char *text, size_t indent, size_t width, FILE *out)
{
    size_t column = indent;
    while (*text != '\0') {
        struct text_glyph glyph;
        if (*text != ' ') {
            text_next(&text, &glyph);
            fwrite(glyph.bytes, 1, glyph.size, out);
            column += glyph.columns;
            continue;
        }
        const size_t spaces = strspn(text, " ");
        text += spaces;
        if (*text == '\0')
            return;
        if (column + spaces + word_columns(text) > width) {
            fputc('\n', out);
            text_put_spaces(indent, out);
            column = indent;
        } else {
            text_put_spaces(spaces, out);
            column += spaces;
        }
    }
}

void text_put_spaces(size_t count, FILE *out)
{
    static const char SPACES[] = "                                                                ";
    while (count > 0) {
        const size_t size = count < sizeof(SPACES) - 1 ? count : sizeof(SPACES) - 1;
        fwrite(SPACES, 1, size, out);
        count -= size;
    }
}

void text_ink(enum text_ink ink, bool colour, FILE *out)
{
    /* ECMA-48 8.3.117, select graphic rendition. */
    static const char *const CODES[] = {
        [INK_PLAIN] = "\033[0m",   [INK_GREEN] = "\033[32m", [INK_RED] = "\033[1;31m",
        [INK_YELLOW] = "\033[33m", [INK_DIM] = "\033[2m",
    };
    if (colour)
        fputs(CODES[ink], out);
}

const char *text_count(unsigned long long count, char text[TEXT_COUNT_BYTES])
{
    char digits[TEXT_COUNT_BYTES];
    const size_t size = (size_t)snprintf(digits, sizeof(digits), "%llu", count);
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}
