#include "reports/subjects/subject_json.h"

#include <string.h>

#include "reports/json_writer.h"
#include "world/world.h"

enum { COMMAND_BYTES_MAX = 1024 * 1024 }; /* of one command: ids and paths are far shorter */

/* The keys of a case and those of one of its ways, sorted together; either may be NULL. */
static void put_members(struct json_writer *writer, const struct observed_case *one,
                        const struct observation *way);
static void put_upstreams(struct json_writer *writer, const struct observation *way);
static void put_harm_words(struct json_writer *writer, unsigned long harms);
static void put_harms(struct json_writer *writer, const struct observed_run *run,
                      struct region *region);
static void put_buffering(struct json_writer *writer, const struct observed_run *run);

/* What is empty or 0 is left out, so that lines stay short and tell what is there. */
static void put_some_text(struct json_writer *writer, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_writer_text(writer, key, text);
}

static void put_some(struct json_writer *writer, const char *key, unsigned value)
{
    if (value > 0)
        json_writer_number(writer, key, value);
}

/* The bytes of an id before the values of its grid, which are those of its scenario's name; 0 where it has none. */
static size_t stem_size(const char *id)
{
    const char *grid = strchr(id, '[');
    return grid != NULL ? (size_t)(grid - id) : 0;
}

/* The case that its scenario is told by: the first with the same stem, which in sorted ids stand together. */
static const struct observed_case *head_of(const struct observed_run *run, size_t at)
{
    const size_t size = stem_size(run->cases[at].id);
    const size_t with_bracket = size + 1;
    while (size > 0 && at > 0 &&
           strncmp(run->cases[at - 1].id, run->cases[at].id, with_bracket) == 0)
        at--;
    return &run->cases[at];
}

/* NULL where the case has it in common with its scenario, which tells it once for all. */
static const char *own_text(const char *text, const char *common)
{
    return strcmp(text, common) == 0 ? NULL : text;
}

static struct observed_case without_common(const struct observed_run *run, size_t at)
{
    struct observed_case one = run->cases[at];
    if (stem_size(one.id) == 0)
        return one;
    const struct observed_case *head = head_of(run, at);
    one.file = own_text(one.file, head->file);
    one.name = own_text(one.name, head->name);
    one.stage = own_text(one.stage, head->stage);
    if (one.line == head->line)
        one.line = 0;
    return one;
}

static void put_scenarios(struct json_writer *writer, const struct observed_run *run,
                          struct region *region)
{
    json_writer_open(writer, "scenarios", '{');
    for (size_t i = 0; i < run->case_count; i++) {
        const struct observed_case *one = &run->cases[i];
        if (stem_size(one->id) == 0 || head_of(run, i) != one)
            continue;
        const char *stem = region_copy_text(region, one->id, stem_size(one->id));
        json_writer_open_line(writer, stem != NULL ? stem : one->id, '{');
        put_some_text(writer, "file", one->file);
        put_some(writer, "line", one->line);
        put_some_text(writer, "name", one->name);
        put_some_text(writer, "stage", one->stage);
        json_writer_close(writer, '}');
        region_reset(region);
    }
    json_writer_close(writer, '}');
}

static void put_case(struct json_writer *writer, const struct observed_case *one)
{
    check(one->way_count >= 1);
    json_writer_open_line(writer, one->id, '{');
    put_members(writer, one, one->way_count == 1 ? &one->ways[0] : NULL);
    if (one->way_count > 1) {
        json_writer_open(writer, "ways", '[');
        for (size_t i = 0; i < one->way_count; i++) {
            json_writer_open(writer, NULL, '{');
            put_members(writer, NULL, &one->ways[i]);
            json_writer_close(writer, '}');
        }
        json_writer_close(writer, ']');
    }
    json_writer_close(writer, '}');
}

void subject_json_write(const struct observed_run *run, FILE *out)
{
    struct json_writer writer;
    struct region region;
    region_init(&region, COMMAND_BYTES_MAX);
    json_writer_begin(&writer, out);
    put_buffering(&writer, run);
    json_writer_open(&writer, "cases", '{');
    for (size_t i = 0; i < run->case_count; i++) {
        const struct observed_case one = without_common(run, i);
        put_case(&writer, &one);
    }
    json_writer_close(&writer, '}');
    json_writer_texts(&writer, "configuration", run->configuration, run->configuration_count);
    json_writer_text(&writer, "date", run->date);
    json_writer_text(&writer, "expect", run->expect);
    json_writer_text(&writer, "format", SUBJECT_JSON_FORMAT);
    put_harms(&writer, run, &region);
    json_writer_text(&writer, "meaning", run->profile_meaning);
    json_writer_text(&writer, "profile", run->profile);
    json_writer_number(&writer, "repeat", run->repeat);
    json_writer_text(&writer, "reproduce", run->reproduce);
    json_writer_text(&writer, "retryproof", run->retryproof_version);
    put_scenarios(&writer, run, &region);
    json_writer_open(&writer, "settle", '{');
    json_writer_number(&writer, "ms", run->settle_ns / NS_PER_MS);
    json_writer_text(&writer, "source", run->settle_source);
    json_writer_close(&writer, '}');
    json_writer_text(&writer, "subject", run->subject);
    json_writer_text(&writer, "version", run->version);
    json_writer_end(&writer);
    region_release(&region);
}

static void put_members(struct json_writer *writer, const struct observed_case *one,
                        const struct observation *way)
{
    if (way != NULL) {
        put_some(writer, "after_cancel", way->after_cancel);
        if (way->body != OBSERVED_BODY_NONE)
            json_writer_text(writer, "body", observed_body_word(way->body));
        put_some_text(writer, "client", way->client);
    }
    if (one != NULL) {
        put_some_text(writer, "fault", one->fault);
        put_some_text(writer, "file", one->file);
    }
    if (way != NULL) {
        put_harm_words(writer, way->harms);
        if (way->level != LEVEL_INFO)
            json_writer_text(writer, "level", level_word(way->level));
    }
    if (one != NULL) {
        put_some(writer, "line", one->line);
        put_some_text(writer, "method", one->method);
        put_some_text(writer, "name", one->name);
    }
    if (way != NULL) {
        put_some(writer, "seconds", way->seconds);
        if (way->sentence_count > 0)
            json_writer_texts(writer, "sentences", way->sentences, way->sentence_count);
    }
    if (one != NULL)
        put_some_text(writer, "stage", one->stage);
    if (way != NULL) {
        if (way->times > 1)
            json_writer_number(writer, "times", way->times);
        put_upstreams(writer, way);
        if (way->verdict != VERDICT_PASS)
            json_writer_text(writer, "verdict", verdict_word(way->verdict));
    }
}

static void put_upstreams(struct json_writer *writer, const struct observation *way)
{
    if (way->upstream_count == 0)
        return;
    json_writer_open(writer, "upstreams", '{');
    for (size_t i = 0; i < way->upstream_count; i++) {
        const struct observed_upstream *upstream = &way->upstreams[i];
        json_writer_open(writer, upstream->name, '[');
        json_writer_number(writer, NULL, upstream->attempts);
        json_writer_number(writer, NULL, upstream->delivered);
        json_writer_number(writer, NULL, upstream->bytes);
        json_writer_close(writer, ']');
    }
    json_writer_close(writer, '}');
}

static void put_harm_words(struct json_writer *writer, unsigned long harms)
{
    if (harms == 0)
        return;
    json_writer_open(writer, "harms", '[');
    for (enum harm harm = 0; harm < HARM_COUNT; harm++) {
        if ((harms & HARM_BIT(harm)) != 0)
            json_writer_text(writer, NULL, harm_word(harm));
    }
    json_writer_close(writer, ']');
}

/* One harm with the cases that did it and a command for the first of them; nothing if none did. */
static void put_harm(struct json_writer *writer, const struct observed_run *run, enum harm harm,
                     struct region *region)
{
    const struct observed_case *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < run->case_count; i++) {
        const struct observed_case *one = &run->cases[i];
        if ((observed_harms(one) & HARM_BIT(harm)) == 0)
            continue;
        if (first == NULL) {
            first = one;
            json_writer_open(writer, harm_word(harm), '{');
            json_writer_open(writer, "cases", '[');
        }
        json_writer_text(writer, NULL, one->id);
        count++;
    }
    if (first == NULL)
        return;
    json_writer_close(writer, ']');
    json_writer_number(writer, "count", count);
    json_writer_text(writer, "reproduce", observed_reproduction(run, first, region));
    json_writer_close(writer, '}');
    region_reset(region);
}

/* Made from the cases, so that whoever reads the file alone finds them; not read back. */
static void put_harms(struct json_writer *writer, const struct observed_run *run,
                      struct region *region)
{
    enum harm sorted[HARM_COUNT];
    for (enum harm harm = 0; harm < HARM_COUNT; harm++) {
        unsigned at = harm;
        for (; at > 0 && strcmp(harm_word(sorted[at - 1]), harm_word(harm)) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = harm;
    }
    json_writer_open(writer, "harms", '{');
    for (unsigned i = 0; i < HARM_COUNT; i++)
        put_harm(writer, run, sorted[i], region);
    json_writer_close(writer, '}');
}

static void put_size(struct json_writer *writer, const char *key, uint64_t bytes)
{
    char text[OBSERVED_SIZE_TEXT_BYTES];
    json_writer_text(writer, key, observed_size(bytes, text));
}

static void put_buffering(struct json_writer *writer, const struct observed_run *run)
{
    json_writer_open(writer, "buffering", '[');
    for (size_t i = 0; i < run->buffering_count; i++) {
        const struct observed_buffering *row = &run->buffering[i];
        json_writer_open_line(writer, NULL, '{');
        json_writer_number(writer, "exchanges", row->exchanges);
        if (row->trouble == NULL) {
            put_size(writer, "files", observed_round(row->file_growth));
            put_size(writer, "kernel", observed_round(row->kernel));
            put_size(writer, "memory", observed_round(row->memory_growth));
        }
        put_size(writer, "offered", row->offered);
        if (row->trouble == NULL)
            put_size(writer, "swallowed", observed_round(row->swallowed));
        else
            json_writer_text(writer, "trouble", row->trouble);
        json_writer_text(writer, "way", row->way);
        if (row->whole)
            json_writer_truth(writer, "whole", true);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, ']');
}
