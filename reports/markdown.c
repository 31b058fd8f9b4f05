#include "reports/markdown.h"

#include <string.h>

#include "reports/text.h"

/* What Markdown as GitHub reads it, or HTML in it, could take for something else than itself. */
static const char SPECIAL[] = "\\`*_{}[]<>()#+!|~&";

void markdown_put(const char *text, FILE *out)
{
    struct text_glyph glyph;
    do {
        const size_t plain = text_plain_size(text, SPECIAL);
        fwrite(text, 1, plain, out);
        text += plain;
        if (!text_next(&text, &glyph))
            return;
        /* An escape of a control character begins with a backslash, and is to be seen as it is. */
        if (strchr(SPECIAL, glyph.bytes[0]) != NULL)
            fputc('\\', out);
        fwrite(glyph.bytes, 1, glyph.size, out);
    } while (*text != '\0');
}

void markdown_put_cell(const char *text, FILE *out)
{
    fputc(' ', out);
    markdown_put(text, out);
    fputs(" |", out);
}
