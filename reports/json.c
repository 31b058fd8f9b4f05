#include <inttypes.h>
#include <string.h>

#include "reports/report.h"
#include "reports/text.h"
#include "world/data/utf8.h"

/*
 * Written as it goes and not by way of a tree (world/data/json.h): a result is a fixed form of many
 * thousand values, and a tree of them takes ten times as long as the text, longer than running the cases.
 */

/* docs/result.schema.json describes it; a change that a reader must know of gets a new number. */
static const char SCHEMA[] = "retryproof-result-1";
static const char REPLACEMENT[] = "\xEF\xBF\xBD"; /* U+FFFD, where bytes are not UTF-8 */

/* Where the next value goes. Keys are given in sorted order by whoever writes them. */
struct writer {
    FILE *out;
    unsigned depth;
    bool follows; /* a value of the same map or list stands before */
};

static void begin_line(struct writer *writer)
{
    fputs(writer->follows ? ",\n" : "\n", writer->out);
    text_put_spaces(2 * (size_t)writer->depth, writer->out);
    writer->follows = true;
}

/* A key may be NULL: in a list. */
static void begin_value(struct writer *writer, const char *key)
{
    begin_line(writer);
    if (key == NULL)
        return;
    fputc('"', writer->out);
    fputs(key, writer->out);
    fputs("\": ", writer->out);
}

static void open_group(struct writer *writer, const char *key, char bracket)
{
    begin_value(writer, key);
    fputc(bracket, writer->out);
    writer->depth++;
    writer->follows = false;
}

static void close_group(struct writer *writer, char bracket)
{
    const bool empty = !writer->follows;
    writer->depth--;
    writer->follows = false;
    if (!empty)
        begin_line(writer);
    fputc(bracket, writer->out);
    writer->follows = true;
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

/* NULL becomes null. */
static void put_text(struct writer *writer, const char *key, const char *text)
{
    begin_value(writer, key);
    if (text == NULL) {
        fputs("null", writer->out);
        return;
    }
    fputc('"', writer->out);
    while (*text != '\0') {
        const size_t plain = text_plain_size(text, "\"\\");
        fwrite(text, 1, plain, writer->out);
        text += plain;
        if (*text != '\0')
            text += put_special(text, writer->out);
    }
    fputc('"', writer->out);
}

static void put_number(struct writer *writer, const char *key, uint64_t value)
{
    begin_value(writer, key);
    fprintf(writer->out, "%" PRIu64, value);
}

/* A full 64 bit number goes as decimal text: most readers of JSON hold no more than 53 bits. */
static void put_wide(struct writer *writer, const char *key, uint64_t value)
{
    begin_value(writer, key);
    fprintf(writer->out, "\"%" PRIu64 "\"", value);
}

static void put_texts(struct writer *writer, const char *key, const char *const *texts,
                      size_t count)
{
    open_group(writer, key, '[');
    for (size_t i = 0; i < count; i++)
        put_text(writer, NULL, texts[i]);
    close_group(writer, ']');
}

static void put_case(struct writer *writer, const struct case_result *result)
{
    open_group(writer, NULL, '{');
    put_number(writer, "attempts", result->attempts);
    put_text(writer, "client", result->client);
    put_number(writer, "delivered", result->delivered);
    put_number(writer, "duration_ns", result->duration_ns);
    put_text(writer, "fault", result->fault);
    put_text(writer, "file", result->file);
    put_text(writer, "id", result->id);
    put_text(writer, "level", level_word(result->level));
    put_number(writer, "line", result->line);
    put_text(writer, "method", result->method);
    put_text(writer, "name", result->name);
    put_text(writer, "reproduce", result->reproduce);
    put_wide(writer, "seed", result->seed);
    put_texts(writer, "sentences", result->sentences, result->sentence_count);
    put_text(writer, "source", result->source);
    put_text(writer, "stage", result->stage);
    put_texts(writer, "story", result->story, result->story_count);
    put_text(writer, "subject", result->subject);
    put_wide(writer, "trace_hash", result->trace_hash);
    put_text(writer, "verdict", verdict_word(result->verdict));
    put_text(writer, "world", result->world);
    close_group(writer, '}');
}

static void put_counts(struct writer *writer, const struct run_result *run)
{
    const struct verdict_counts counts = run_count(run);
    open_group(writer, "counts", '{');
    put_number(writer, "error", counts.by_verdict[VERDICT_ERROR]);
    put_number(writer, "fail", counts.by_verdict[VERDICT_FAIL]);
    put_number(writer, "pass", counts.by_verdict[VERDICT_PASS]);
    put_number(writer, "setup-failed", counts.by_verdict[VERDICT_SETUP_FAILED]);
    put_number(writer, "skipped", counts.by_verdict[VERDICT_SKIPPED]);
    put_number(writer, "total", counts.total);
    put_number(writer, "unsupported", counts.by_verdict[VERDICT_UNSUPPORTED]);
    close_group(writer, '}');
}

/* What differs from run to run stands apart from the cases, so that two results can be compared. */
static void put_run(struct writer *writer, const struct run_result *run)
{
    open_group(writer, "run", '{');
    put_text(writer, "command", run->command);
    put_number(writer, "elapsed_ns", run->elapsed_ns);
    put_number(writer, "exit_code", (uint64_t)run_exit_code(run));
    begin_value(writer, "interrupted");
    fputs(run->interrupted ? "true" : "false", writer->out);
    put_wide(writer, "seed", run->seed);
    put_number(writer, "started_unix", run->started_unix < 0 ? 0 : (uint64_t)run->started_unix);
    put_text(writer, "version", run->version);
    put_text(writer, "worlds", run->worlds);
    close_group(writer, '}');
}

void report_json(const struct run_result *run, FILE *out)
{
    struct writer writer = {.out = out, .depth = 1};
    fputc('{', out);
    open_group(&writer, "cases", '[');
    for (size_t i = 0; i < run->case_count; i++)
        put_case(&writer, &run->cases[i]);
    close_group(&writer, ']');
    put_counts(&writer, run);
    put_run(&writer, run);
    put_text(&writer, "schema", SCHEMA);
    fputs("\n}\n", out);
}
