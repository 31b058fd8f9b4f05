#include "reports/json_writer.h"

#include <inttypes.h>
#include <string.h>

#include "reports/text.h"
#include "world/base/check.h"
#include "world/data/utf8.h"

static const char REPLACEMENT[] = "\xEF\xBF\xBD"; /* U+FFFD, where bytes are not UTF-8 */

static bool on_one_line(const struct json_writer *writer)
{
    return writer->line_depth > 0 && writer->depth >= writer->line_depth;
}

static void begin_line(struct json_writer *writer)
{
    fputs(writer->follows ? ",\n" : "\n", writer->out);
    text_put_spaces(2 * (size_t)writer->depth, writer->out);
}

/* One character that is not plain (RFC 8259 7); returns its size. */
static size_t put_special(const char *text, FILE *out)
{
    enum { UTF8_BYTES_MAX = 4 };
    uint32_t code = 0;
    const size_t size = utf8_take(text, strnlen(text, UTF8_BYTES_MAX), &code);
    if (size == 0) {
        fputs(REPLACEMENT, out);
        return 1;
    }
    if (code == '"' || code == '\\')
        fprintf(out, "\\%c", (char)code);
    else if (code < 0x20 || code == 0x7F)
        fprintf(out, "\\u%04" PRIx32, code);
    else
        fwrite(text, 1, size, out);
    return size;
}

void json_writer_quote(const char *text, FILE *out)
{
    fputc('"', out);
    while (*text != '\0') {
        const size_t plain = text_plain_size(text, "\"\\");
        fwrite(text, 1, plain, out);
        text += plain;
        if (*text != '\0')
            text += put_special(text, out);
    }
    fputc('"', out);
}

static void begin_value(struct json_writer *writer, const char *key)
{
    if (!on_one_line(writer))
        begin_line(writer);
    else if (writer->follows)
        fputs(", ", writer->out);
    writer->follows = true;
    if (key == NULL)
        return;
    json_writer_quote(key, writer->out);
    fputs(": ", writer->out);
}

void json_writer_begin(struct json_writer *writer, FILE *out)
{
    *writer = (struct json_writer){.out = out, .depth = 1};
    fputc('{', out);
}

void json_writer_begin_line(struct json_writer *writer, FILE *out)
{
    json_writer_begin(writer, out);
    writer->line_depth = writer->depth;
}

void json_writer_end(struct json_writer *writer)
{
    check(writer->depth == 1);
    fputs(on_one_line(writer) ? "}\n" : "\n}\n", writer->out);
}

void json_writer_open(struct json_writer *writer, const char *key, char bracket)
{
    begin_value(writer, key);
    fputc(bracket, writer->out);
    writer->depth++;
    writer->follows = false;
}

void json_writer_open_line(struct json_writer *writer, const char *key, char bracket)
{
    json_writer_open(writer, key, bracket);
    if (!on_one_line(writer))
        writer->line_depth = writer->depth;
}

void json_writer_close(struct json_writer *writer, char bracket)
{
    const bool on_line = on_one_line(writer);
    writer->depth--;
    if (on_line && writer->depth < writer->line_depth)
        writer->line_depth = 0;
    if (!on_line && writer->follows) {
        writer->follows = false;
        begin_line(writer);
    }
    fputc(bracket, writer->out);
    writer->follows = true;
}

void json_writer_text(struct json_writer *writer, const char *key, const char *text)
{
    begin_value(writer, key);
    if (text == NULL)
        fputs("null", writer->out);
    else
        json_writer_quote(text, writer->out);
}

void json_writer_number(struct json_writer *writer, const char *key, uint64_t value)
{
    begin_value(writer, key);
    fprintf(writer->out, "%" PRIu64, value);
}

void json_writer_wide(struct json_writer *writer, const char *key, uint64_t value)
{
    begin_value(writer, key);
    fprintf(writer->out, "\"%" PRIu64 "\"", value);
}

void json_writer_truth(struct json_writer *writer, const char *key, bool value)
{
    begin_value(writer, key);
    fputs(value ? "true" : "false", writer->out);
}

void json_writer_texts(struct json_writer *writer, const char *key, const char *const *texts,
                       size_t count)
{
    json_writer_open(writer, key, '[');
    for (size_t i = 0; i < count; i++)
        json_writer_text(writer, NULL, texts[i]);
    json_writer_close(writer, ']');
}

void json_writer_raw(struct json_writer *writer, const char *key, const char *json)
{
    begin_value(writer, key);
    fputs(json != NULL ? json : "null", writer->out);
}
