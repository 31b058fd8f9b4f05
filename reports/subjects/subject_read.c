#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/subjects/subject_json.h"
#include "world/data/json.h"
#include "world/world.h"

/* What is being read, and where in it, for the sentence that tells a mistake. */
struct reader {
    struct region *region;
    const char *name;             /* of the file */
    const char *section;          /* the top-level key; NULL at the top */
    const char *element;          /* in it: the id of a case; NULL: none */
    const struct json *scenarios; /* what cases have in common, by the beginnings of their ids */
    char *error;
};

static const struct observed_run *read_run(struct reader *reader, const struct json *root);
static bool read_buffering(struct reader *reader, const struct json *root,
                           struct observed_run *run);
static bool read_cases(struct reader *reader, const struct json *root, struct observed_run *run);
static bool read_upstreams(struct reader *reader, const struct json *map, struct observation *way);

/* Always false. "FILE: cases.ID.times: sentence"; what a file holds cannot make the line say something else. */
static bool wrong(const struct reader *reader, const char *key, const char *sentence)
{
    snprintf(reader->error, SUBJECT_JSON_ERROR_BYTES, "%s: %s%s%s%s%s: %s", reader->name,
             reader->section != NULL ? reader->section : "", reader->section != NULL ? "." : "",
             reader->element != NULL ? reader->element : "", reader->element != NULL ? "." : "",
             key, sentence);
    for (char *c = reader->error; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
    }
    return false;
}

static bool out_of_memory(const struct reader *reader, const char *key)
{
    return wrong(reader, key, "does not fit in the memory that is there for it");
}

static const struct observed_run *finish(struct reader *reader, struct json *root)
{
    const struct observed_run *run = root != NULL ? read_run(reader, root) : NULL;
    json_destroy(&root);
    return run;
}

const struct observed_run *subject_json_read(const char *path, struct region *region,
                                             char error[SUBJECT_JSON_ERROR_BYTES])
{
    _Static_assert((int)JSON_ERROR_BYTES <= (int)SUBJECT_JSON_ERROR_BYTES,
                   "a sentence must have room");
    struct reader reader = {.region = region, .name = path, .error = error};
    struct stat status;
    if (stat(path, &status) != 0) {
        snprintf(error, SUBJECT_JSON_ERROR_BYTES, "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    if (status.st_size > SUBJECT_JSON_BYTES_MAX) {
        snprintf(error, SUBJECT_JSON_ERROR_BYTES, "%s: is larger than %d MiB", path,
                 SUBJECT_JSON_BYTES_MAX / 1024 / 1024);
        return NULL;
    }
    return finish(&reader, json_load(path, error));
}

const struct observed_run *subject_json_parse(const struct subject_json_text *file,
                                              struct region *region,
                                              char error[SUBJECT_JSON_ERROR_BYTES])
{
    struct reader reader = {.region = region, .name = file->name, .error = error};
    const char *text = file->text.size > 0 ? (const char *)file->text.data : "";
    return finish(&reader, json_parse(file->name, text, file->text.size, error));
}

/* ---- single values: each leaves *out as it is where there is no such key ---- */

static bool keep_text(struct reader *reader, const char *key, const char *text, const char **out)
{
    *out = region_copy_text(reader->region, text, strlen(text));
    return *out != NULL || out_of_memory(reader, key);
}

static bool read_text(struct reader *reader, const struct json *map, const char *key,
                      const char **out)
{
    const struct json *value = json_get(map, key);
    if (value == NULL)
        return true;
    const char *text = json_text(value);
    return text != NULL ? keep_text(reader, key, text, out) : wrong(reader, key, "must be a text");
}

static bool need_text(struct reader *reader, const struct json *map, const char *key,
                      const char **out)
{
    *out = NULL;
    if (json_get(map, key) == NULL)
        return wrong(reader, key, "is missing");
    return read_text(reader, map, key, out);
}

static bool number_of(const struct reader *reader, const char *key, const struct json *value,
                      unsigned *out)
{
    uint64_t number = 0;
    if (!json_u64(value, &number) || number > UINT_MAX)
        return wrong(reader, key, "must be a whole number, at most 4294967295");
    *out = (unsigned)number;
    return true;
}

static bool read_number(struct reader *reader, const struct json *map, const char *key,
                        unsigned *out)
{
    const struct json *value = json_get(map, key);
    return value == NULL || number_of(reader, key, value, out);
}

static bool read_truth(struct reader *reader, const struct json *map, const char *key, bool *out)
{
    const struct json *value = json_get(map, key);
    return value == NULL || json_bool(value, out) || wrong(reader, key, "must be true or false");
}

static bool read_size(struct reader *reader, const struct json *map, const char *key, uint64_t *out)
{
    const struct json *value = json_get(map, key);
    if (value == NULL)
        return true;
    const char *text = json_text(value);
    return (text != NULL && observed_size_read(text, out)) ||
           wrong(reader, key, "must be a size such as \"64 KiB\"");
}

/* The index of a word that word_at() knows, count words of them. */
struct word_list {
    const char *(*word_at)(unsigned index);
    unsigned count;
    const char *sentence;
};

static const char *verdict_at(unsigned index)
{
    return verdict_word((enum verdict)index);
}

static const char *level_at(unsigned index)
{
    return level_word((enum level)index);
}

static const char *body_at(unsigned index)
{
    return observed_body_word((enum observed_body)index);
}

static const struct word_list VERDICTS = {verdict_at, VERDICT_COUNT, "is no verdict"};
static const struct word_list LEVELS = {level_at, LEVEL_COUNT, "must be must, should or info"};
static const struct word_list BODIES = {body_at, OBSERVED_BODY_COUNT,
                                        "must be none, same, part or changed"};

/* The word at a key as its index; otherwise if there is no such key. */
struct word_place {
    const struct json *map;
    const char *key;
    unsigned otherwise;
};

static bool read_word(const struct reader *reader, const struct word_place *place,
                      const struct word_list *words, unsigned *out)
{
    const struct json *value = json_get(place->map, place->key);
    *out = place->otherwise;
    if (value == NULL)
        return true;
    const char *text = json_text(value);
    for (*out = 0; text != NULL && *out < words->count; ++*out) {
        if (strcmp(words->word_at(*out), text) == 0)
            return true;
    }
    return wrong(reader, place->key, words->sentence);
}

/* A list of texts. */
struct texts {
    const char *const *texts;
    size_t count;
};

static bool read_texts(struct reader *reader, const struct json *map, const char *key,
                       struct texts *out)
{
    const struct json *list = json_get(map, key);
    *out = (struct texts){.count = 0};
    if (list == NULL)
        return true;
    if (!json_is_list(list))
        return wrong(reader, key, "must be a list of texts");
    const size_t count = json_count(list);
    const char **texts = region_take(reader->region, (count + 1) * sizeof(texts[0]));
    if (texts == NULL)
        return out_of_memory(reader, key);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_text(json_at(list, i));
        if (text == NULL)
            return wrong(reader, key, "must be a list of texts");
        if (!keep_text(reader, key, text, &texts[i]))
            return false;
    }
    *out = (struct texts){.texts = texts, .count = count};
    return true;
}

/* ---- the document ---- */

static bool read_settle(struct reader *reader, const struct json *root, struct observed_run *run)
{
    const struct json *settle = json_get(root, "settle");
    if (!json_is_map(settle))
        return wrong(reader, "settle", "must be a map of ms and source");
    reader->section = "settle";
    unsigned ms = 0;
    run->settle_source = "";
    if (!read_number(reader, settle, "ms", &ms) ||
        !read_text(reader, settle, "source", &run->settle_source))
        return false;
    run->settle_ns = ms * NS_PER_MS;
    reader->section = NULL;
    return true;
}

static const struct observed_run *read_run(struct reader *reader, const struct json *root)
{
    struct observed_run *run = region_take(reader->region, sizeof(*run));
    if (run == NULL) {
        out_of_memory(reader, "all");
        return NULL;
    }
    const char *format = json_text(json_get(root, "format"));
    if (format == NULL || strcmp(format, SUBJECT_JSON_FORMAT) != 0) {
        wrong(reader, "format",
              "is not \"" SUBJECT_JSON_FORMAT "\", so this is no result of a subject");
        return NULL;
    }
    struct texts configuration;
    run->repeat = 1;
    const bool good = need_text(reader, root, "date", &run->date) &&
                      need_text(reader, root, "expect", &run->expect) &&
                      need_text(reader, root, "meaning", &run->profile_meaning) &&
                      need_text(reader, root, "profile", &run->profile) &&
                      need_text(reader, root, "reproduce", &run->reproduce) &&
                      need_text(reader, root, "retryproof", &run->retryproof_version) &&
                      need_text(reader, root, "subject", &run->subject) &&
                      need_text(reader, root, "version", &run->version) &&
                      read_number(reader, root, "repeat", &run->repeat) &&
                      read_texts(reader, root, "configuration", &configuration) &&
                      read_settle(reader, root, run) && read_buffering(reader, root, run) &&
                      read_cases(reader, root, run);
    if (!good)
        return NULL;
    run->configuration = configuration.texts;
    run->configuration_count = configuration.count;
    return run;
}

static bool read_buffering_row(struct reader *reader, const struct json *map,
                               struct observed_buffering *row)
{
    return json_is_map(map) ? need_text(reader, map, "way", &row->way) &&
                                  read_number(reader, map, "exchanges", &row->exchanges) &&
                                  read_size(reader, map, "offered", &row->offered) &&
                                  read_size(reader, map, "swallowed", &row->swallowed) &&
                                  read_size(reader, map, "kernel", &row->kernel) &&
                                  read_size(reader, map, "memory", &row->memory_growth) &&
                                  read_size(reader, map, "files", &row->file_growth) &&
                                  read_truth(reader, map, "whole", &row->whole) &&
                                  read_text(reader, map, "trouble", &row->trouble)
                            : wrong(reader, "a row", "must be a map");
}

static bool read_buffering(struct reader *reader, const struct json *root, struct observed_run *run)
{
    const struct json *list = json_get(root, "buffering");
    if (list == NULL)
        return true;
    if (!json_is_list(list))
        return wrong(reader, "buffering", "must be a list");
    const size_t count = json_count(list);
    struct observed_buffering *rows = region_take(reader->region, (count + 1) * sizeof(rows[0]));
    if (rows == NULL)
        return out_of_memory(reader, "buffering");
    reader->section = "buffering";
    for (size_t i = 0; i < count; i++) {
        if (!read_buffering_row(reader, json_at(list, i), &rows[i]))
            return false;
    }
    reader->section = NULL;
    run->buffering = rows;
    run->buffering_count = count;
    return true;
}

static bool read_harms(struct reader *reader, const struct json *map, unsigned long *harms)
{
    struct texts words;
    if (!read_texts(reader, map, "harms", &words))
        return false;
    for (size_t i = 0; i < words.count; i++) {
        const enum harm harm = harm_find(words.texts[i]);
        if (harm == HARM_COUNT)
            return wrong(reader, "harms", "names a harm that there is none of");
        *harms |= HARM_BIT(harm);
    }
    return true;
}

static bool read_way(struct reader *reader, const struct json *map, struct observation *way)
{
    unsigned verdict = 0;
    unsigned level = 0;
    unsigned body = 0;
    struct texts sentences;
    if (!json_is_map(map))
        return wrong(reader, "ways", "must be a list of maps");
    way->times = 1;
    if (!read_word(reader, &(struct word_place){map, "verdict", VERDICT_PASS}, &VERDICTS,
                   &verdict) ||
        !read_word(reader, &(struct word_place){map, "level", LEVEL_INFO}, &LEVELS, &level) ||
        !read_word(reader, &(struct word_place){map, "body", OBSERVED_BODY_NONE}, &BODIES, &body) ||
        !read_text(reader, map, "client", &way->client) ||
        !read_number(reader, map, "after_cancel", &way->after_cancel) ||
        !read_number(reader, map, "seconds", &way->seconds) ||
        !read_number(reader, map, "times", &way->times) ||
        !read_texts(reader, map, "sentences", &sentences) ||
        !read_harms(reader, map, &way->harms) || !read_upstreams(reader, map, way))
        return false;
    if (way->times < 1 || way->times > SUBJECT_JSON_TIMES_MAX)
        return wrong(reader, "times", "must be from 1 to 1000000");
    way->verdict = (enum verdict)verdict;
    way->level = (enum level)level;
    way->body = (enum observed_body)body;
    way->sentences = sentences.texts;
    way->sentence_count = sentences.count;
    return true;
}

static bool read_upstreams(struct reader *reader, const struct json *map, struct observation *way)
{
    static const char FORM[] = "must be a map of lists: attempts, delivered, bytes";
    const struct json *upstreams = json_get(map, "upstreams");
    if (upstreams == NULL)
        return true;
    if (!json_is_map(upstreams))
        return wrong(reader, "upstreams", FORM);
    if (json_count(upstreams) > OBSERVED_UPSTREAMS_MAX)
        return wrong(reader, "upstreams", "are more than 8");
    for (const char *name = json_key_after(upstreams, NULL); name != NULL;
         name = json_key_after(upstreams, name)) {
        const struct json *figures = json_get(upstreams, name);
        struct observed_upstream *upstream = &way->upstreams[way->upstream_count++];
        if (!json_is_list(figures) || json_count(figures) != 3 ||
            !json_u64(json_at(figures, 2), &upstream->bytes))
            return wrong(reader, "upstreams", FORM);
        if (!number_of(reader, "upstreams", json_at(figures, 0), &upstream->attempts) ||
            !number_of(reader, "upstreams", json_at(figures, 1), &upstream->delivered) ||
            !keep_text(reader, "upstreams", name, &upstream->name))
            return false;
    }
    return true;
}

/* The ways of a racy case stand in a list, the only one of another case in its own map. */
static bool read_ways(struct reader *reader, const struct json *map, struct observed_case *one)
{
    const struct json *list = json_get(map, "ways");
    if (list != NULL && (!json_is_list(list) || json_count(list) < 1))
        return wrong(reader, "ways", "must be a list of at least one way");
    one->way_count = list != NULL ? json_count(list) : 1;
    struct observation *ways = region_take(reader->region, one->way_count * sizeof(ways[0]));
    if (ways == NULL)
        return out_of_memory(reader, "ways");
    one->ways = ways;
    for (size_t i = 0; i < one->way_count; i++) {
        if (!read_way(reader, list != NULL ? json_at(list, i) : map, &ways[i]))
            return false;
        if (one->played + ways[i].times > SUBJECT_JSON_TIMES_MAX)
            return wrong(reader, "times", "are more than 1000000, all ways together");
        one->played += ways[i].times;
    }
    return true;
}

/* What a case may have in common with its scenario. */
static bool read_common(struct reader *reader, const struct json *map, struct observed_case *one)
{
    return read_text(reader, map, "name", &one->name) &&
           read_text(reader, map, "file", &one->file) &&
           read_text(reader, map, "stage", &one->stage) &&
           read_number(reader, map, "line", &one->line);
}

static bool read_case(struct reader *reader, const struct json *map, struct observed_case *one)
{
    if (!json_is_map(map))
        return wrong(reader, "the case", "must be a map");
    /* Before the values of its grid an id has the name of its scenario. */
    const char *scenario =
        region_copy_text(reader->region, reader->element, strcspn(reader->element, "["));
    if (scenario == NULL)
        return out_of_memory(reader, "id");
    one->name = one->file = one->stage = one->fault = one->method = "";
    return keep_text(reader, "id", reader->element, &one->id) &&
           read_common(reader, json_get(reader->scenarios, scenario), one) &&
           read_common(reader, map, one) && read_text(reader, map, "fault", &one->fault) &&
           read_text(reader, map, "method", &one->method) && read_ways(reader, map, one);
}

static int compare_ids(const void *a, const void *b)
{
    const struct observed_case *left = a;
    const struct observed_case *right = b;
    return strcmp(left->id, right->id);
}

static bool read_cases(struct reader *reader, const struct json *root, struct observed_run *run)
{
    const struct json *map = json_get(root, "cases");
    if (!json_is_map(map))
        return wrong(reader, "cases", "must be a map of ids to cases");
    const size_t count = json_count(map);
    struct observed_case *cases = region_take(reader->region, (count + 1) * sizeof(cases[0]));
    if (cases == NULL)
        return out_of_memory(reader, "cases");
    reader->section = "cases";
    reader->scenarios = json_get(root, "scenarios");
    size_t used = 0;
    for (const char *id = json_key_after(map, NULL); id != NULL; id = json_key_after(map, id)) {
        reader->element = id;
        if (!read_case(reader, json_get(map, id), &cases[used++]))
            return false;
    }
    reader->section = reader->element = NULL;
    /* Whoever mends a file by hand need not keep its order. */
    qsort(cases, count, sizeof(cases[0]), compare_ids);
    run->cases = cases;
    run->case_count = count;
    return true;
}
