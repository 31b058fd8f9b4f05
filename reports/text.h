/*
 * Text of any origin made fit to be shown: counted in terminal columns, cut, padded, wrapped.
 *
 * Text is read as UTF-8. A byte that is not, a control character (also those of U+0080 to U+009F, which a
 * terminal obeys) and what XML cannot hold are shown as "\n", "\t" or "\xNN", so that no report can be
 * made to lie or to break by what a peer sent.
 */
#ifndef REPORTS_TEXT_H
#define REPORTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* One character as it is to be shown. bytes points into the text or into escape. */
struct text_glyph {
    const char *bytes;
    size_t size;
    unsigned columns; /* 0 for a combining mark, 2 for a wide character */
    char escape[5];   /* "\xNN" and a NUL */
};

/* Takes the next character off the front of *text; false at its end. */
bool text_next(const char **text, struct text_glyph *glyph);

/*
 * How many characters at the front of text are printable ASCII and not in except: they can be written as
 * they are, all at once. Most text is such text.
 */
size_t text_plain_size(const char *text, const char *except);

/* The columns that text_put() fills. */
size_t text_columns(const char *text);

void text_put(const char *text, FILE *out);
/* Cut with "..." at so many columns; returns the columns filled. */
size_t text_put_cut(const char *text, size_t columns, FILE *out);
/* Cut likewise, then padded with spaces, so that exactly so many columns are filled. */
void text_put_cell(const char *text, size_t columns, FILE *out);
/*
 * Broken between words so that no line passes width; lines after the first are indented. The cursor
 * stands at indent when this begins. A word longer than a line is left whole: it may be there to be copied.
 */
void text_put_wrapped(const char *text, size_t indent, size_t width, FILE *out);
void text_put_spaces(size_t count, FILE *out);

/* Colours of a terminal, used sparingly: what they say is always said in words too. */
enum text_ink { INK_PLAIN, INK_GREEN, INK_RED, INK_YELLOW, INK_DIM };
/* From here on in this ink, until the next call; nothing is written unless colour is asked for. */
void text_ink(enum text_ink ink, bool colour, FILE *out);

/* 1234567 as "1,234,567". */
enum { TEXT_COUNT_BYTES = 28 }; /* 20 digits, 6 commas and a NUL */
const char *text_count(unsigned long long count, char text[TEXT_COUNT_BYTES]);

#endif
