#include "reports/shell_word.h"

#include <string.h>

/* A copy of the text in which the escape stands before each byte of `special`; NULL without memory. */
static const char *escaped(struct region *region, const char *text, const char *special,
                           const char *escape)
{
    size_t size = strlen(text) + 1;
    for (const char *c = text; *c != '\0'; c++)
        size += strchr(special, *c) != NULL ? strlen(escape) : 0;
    char *out = region_take(region, size);
    char *end = out;
    for (; out != NULL && *text != '\0'; text++) {
        if (strchr(special, *text) != NULL)
            end = stpcpy(end, escape);
        *end++ = *text;
    }
    return out;
}

static bool is_plain(const char *text)
{
    static const char PLAIN[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+,-";
    return *text != '\0' && text[strspn(text, PLAIN)] == '\0';
}

const char *shell_word(const char *text, struct region *region)
{
    if (is_plain(text))
        return region_copy_text(region, text, strlen(text));
    /* A quote within quotes is written '\'': the quotes end, an escaped one follows, they begin again. */
    const char *inner = escaped(region, text, "'", "'\\'");
    return inner != NULL ? region_format(region, "'%s'", inner) : NULL;
}

const char *shell_word_case(const char *id, struct region *region)
{
    const char *inner = escaped(region, id, "\"\\", "\\");
    const char *filter = inner != NULL ? region_format(region, "id = \"%s\"", inner) : NULL;
    return filter != NULL ? shell_word(filter, region) : NULL;
}

bool shell_word_take(struct bytes *line, struct bytes *word)
{
    bool quoted = false;
    size_t begin = 0;
    while (begin < line->size && line->data[begin] == ' ')
        begin++;
    size_t end = begin;
    for (; end < line->size && (quoted || line->data[end] != ' '); end++) {
        if (line->data[end] == '\'')
            quoted = !quoted;
        else if (line->data[end] == '\\' && !quoted && end + 1 < line->size)
            end++;
    }
    if (begin == line->size)
        return false;
    *word = bytes_make(line->data + begin, end - begin);
    *line = bytes_make(line->data + end, line->size - end);
    return true;
}
