/* Aimed at text_next(), text_columns(), text_put(), text_put_cut() and text_put_wrapped(). */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"
#include "world/base/check.h"
#include "world/data/utf8.h"

enum { COLUMNS = 12, INDENT = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *shown;
static size_t shown_size;

static FILE *begin(void)
{
    FILE *out = open_memstream(&shown, &shown_size);
    check(out != NULL);
    return out;
}

/* What was written is UTF-8 without any control character but the newlines of wrapping. */
static void finish(FILE *out)
{
    fclose(out);
    check(strlen(shown) == shown_size);
    for (size_t at = 0; at < shown_size;) {
        uint32_t code = 0;
        const size_t taken = utf8_take(shown + at, shown_size - at, &code);
        check(taken > 0);
        check(code >= 0x20 || code == '\n');
        check(code < 0x7F || code >= 0xA0);
        at += taken;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    check(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';

    const size_t columns = text_columns(text);
    FILE *out = begin();
    text_put(text, out);
    finish(out);
    check(text_columns(shown) == columns);
    check(strchr(shown, '\n') == NULL);
    free(shown);

    out = begin();
    const size_t filled = text_put_cut(text, COLUMNS, out);
    finish(out);
    check(filled <= COLUMNS);
    check(text_columns(shown) == filled);
    free(shown);

    out = begin();
    text_put_wrapped(text, INDENT, COLUMNS, out);
    finish(out);
    free(shown);
    free(text);
    return 0;
}
