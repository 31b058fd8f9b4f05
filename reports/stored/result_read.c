#include "reports/stored/result_read.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/formats/formats.h"
#include "world/data/json.h"

/* What is being read, and where in it, for the sentence that tells a mistake. */
struct reader {
    struct region *region;
    const char *name;    /* of the file */
    const char *section; /* the top-level key; NULL at the top */
    size_t index;        /* in it */
    bool in_list;        /* the section is a list */
    char *error;
};

static struct run_result *read_result(struct reader *reader, const struct json *root);
static bool check_schema(struct reader *reader, const struct json *root);
static bool read_run(struct reader *reader, const struct json *root, struct run_result *run);
static bool read_facts(struct reader *reader, const struct json *root, struct run_result *run);
static bool read_files(struct reader *reader, const struct json *root, struct run_result *run);
static bool read_cases(struct reader *reader, const struct json *root, struct run_result *run);

static struct run_result *finish(struct reader *reader, struct json *root)
{
    struct run_result *run = root != NULL ? read_result(reader, root) : NULL;
    json_destroy(&root);
    return run;
}

struct run_result *result_read(const char *path, struct region *region,
                               char error[RESULT_READ_ERROR_BYTES])
{
    _Static_assert((int)JSON_ERROR_BYTES <= (int)RESULT_READ_ERROR_BYTES,
                   "a sentence must have room");
    struct reader reader = {.region = region, .name = path, .error = error};
    struct stat status;
    if (stat(path, &status) != 0) {
        snprintf(error, RESULT_READ_ERROR_BYTES, "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    if (status.st_size > RESULT_FILE_BYTES_MAX) {
        snprintf(error, RESULT_READ_ERROR_BYTES, "%s: is larger than %d MiB", path,
                 RESULT_FILE_BYTES_MAX / 1024 / 1024);
        return NULL;
    }
    return finish(&reader, json_load(path, error));
}

struct run_result *result_parse(const struct result_text *file, struct region *region,
                                char error[RESULT_READ_ERROR_BYTES])
{
    struct reader reader = {.region = region, .name = file->name, .error = error};
    const char *text = file->text.size > 0 ? (const char *)file->text.data : "";
    return finish(&reader, json_parse(file->name, text, file->text.size, error));
}

/* Always false. */
static bool wrong(const struct reader *reader, const char *key, const char *sentence)
{
    char place[64] = "";
    if (reader->in_list)
        snprintf(place, sizeof(place), "%s[%zu].", reader->section, reader->index);
    else if (reader->section != NULL)
        snprintf(place, sizeof(place), "%s.", reader->section);
    snprintf(reader->error, RESULT_READ_ERROR_BYTES, "%s: %s%s: %s", reader->name, place, key,
             sentence);
    return false;
}

static struct run_result *read_result(struct reader *reader, const struct json *root)
{
    struct run_result *run = region_take(reader->region, sizeof(*run));
    if (run == NULL) {
        wrong(reader, "all of it", "does not fit in the memory that is there for it");
        return NULL;
    }
    return check_schema(reader, root) && read_run(reader, root, run) &&
                   read_facts(reader, root, run) && read_files(reader, root, run) &&
                   read_cases(reader, root, run)
               ? run
               : NULL;
}

static bool check_schema(struct reader *reader, const struct json *root)
{
    char sentence[192];
    const char *schema = json_text(json_get(root, "schema"));
    if (schema == NULL)
        return wrong(reader, "schema", "is missing, so this is no result of a run");
    if (strcmp(schema, RESULT_SCHEMA) == 0)
        return true;
    snprintf(sentence, sizeof(sentence), "is \"%.64s\", and not \"%s\"%s", schema, RESULT_SCHEMA,
             strcmp(schema, "retryproof-result-1") == 0
                 ? ": an older retryproof wrote it, run the cases again"
                 : "");
    for (char *c = sentence; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
    }
    return wrong(reader, "schema", sentence);
}

/* ---- single values ------------------------------------------------------------------------------ */

static bool out_of_memory(const struct reader *reader, const char *key)
{
    return wrong(reader, key, "does not fit in the memory that is there for it");
}

/* A list's room. */
static bool take_room(struct reader *reader, const char *key, size_t size, void **out)
{
    *out = region_take(reader->region, size);
    return *out != NULL || out_of_memory(reader, key);
}

static bool keep_text(struct reader *reader, const char *key, const struct json *value,
                      const char **out)
{
    const char *text = json_text(value);
    if (text == NULL)
        return wrong(reader, key, "must be a text");
    *out = region_copy_text(reader->region, text, strlen(text));
    return *out != NULL || out_of_memory(reader, key);
}

static bool is_null(const struct json *value)
{
    uint64_t number;
    bool truth;
    return value != NULL && !json_is_map(value) && !json_is_list(value) &&
           json_text(value) == NULL && !json_u64(value, &number) && !json_bool(value, &truth);
}

static bool read_text(struct reader *reader, const struct json *map, const char *key,
                      const char **out)
{
    return keep_text(reader, key, json_get(map, key), out);
}

static bool read_text_or_null(struct reader *reader, const struct json *map, const char *key,
                              const char **out)
{
    const struct json *value = json_get(map, key);
    *out = NULL;
    return is_null(value) || keep_text(reader, key, value, out);
}

static bool read_number(const struct reader *reader, const struct json *map, const char *key,
                        uint64_t *out)
{
    return json_u64(json_get(map, key), out) ||
           wrong(reader, key, "must be a whole number that is not negative");
}

static bool read_count(const struct reader *reader, const struct json *map, const char *key,
                       unsigned *out)
{
    uint64_t number = 0;
    if (!read_number(reader, map, key, &number))
        return false;
    *out = (unsigned)number;
    return number <= UINT_MAX || wrong(reader, key, "must be at most 4294967295");
}

/* 64 bits go as decimal text. */
static bool read_wide(const struct reader *reader, const struct json *map, const char *key,
                      uint64_t *out)
{
    const char *text = json_text(json_get(map, key));
    return (text != NULL && bytes_to_u64(bytes_of(text), UINT64_MAX, out)) ||
           wrong(reader, key, "must be a number of 64 bits as decimal text");
}

static bool read_truth(const struct reader *reader, const struct json *map, const char *key,
                       bool *out)
{
    return json_bool(json_get(map, key), out) || wrong(reader, key, "must be true or false");
}

static bool read_texts(struct reader *reader, const struct json *map, const char *key,
                       const char *const **out)
{
    const struct json *list = json_get(map, key);
    const size_t count = json_count(list);
    void *room;
    if (!json_is_list(list))
        return wrong(reader, key, "must be a list of texts");
    if (!take_room(reader, key, (count + 1) * sizeof(const char *), &room))
        return false;
    const char **texts = room;
    for (size_t i = 0; i < count; i++) {
        if (!keep_text(reader, key, json_at(list, i), &texts[i]))
            return false;
    }
    *out = texts;
    return true;
}

/* ---- what a run is ------------------------------------------------------------------------------ */

/* What it is put together from; older results do not say. */
static bool read_shards(struct reader *reader, const struct json *root, struct run_result *run)
{
    const struct json *map = json_get(json_get(root, "run"), "shards");
    const struct json *list = json_get(map, "numbers");
    const size_t count = json_count(list);
    void *room;
    if (map == NULL || is_null(map))
        return true;
    reader->section = "run.shards";
    if (!read_number(reader, map, "of", &run->shards.of) ||
        !read_number(reader, map, "cases", &run->shards.cases))
        return false;
    if (run->shards.of > RUN_SHARDS_MAX)
        return wrong(reader, "of", "must be at most 100000");
    if (run->shards.of < 2 || count == 0 || count > run->shards.of)
        return wrong(reader, "numbers", "must be a list of some of the shards");
    if (!take_room(reader, "numbers", count * sizeof(uint64_t), &room))
        return false;
    uint64_t *numbers = room;
    for (size_t i = 0; i < count; i++)
        if (!json_u64(json_at(list, i), &numbers[i]) || numbers[i] > run->shards.of ||
            numbers[i] <= (i > 0 ? numbers[i - 1] : 0))
            return wrong(reader, "numbers", "must be rising numbers of shards, from 1");
    run->shards.numbers = numbers;
    run->shards.count = count;
    return true;
}

static bool read_run(struct reader *reader, const struct json *root, struct run_result *run)
{
    const struct json *map = json_get(root, "run");
    uint64_t started = 0;
    reader->section = "run";
    if (!read_text(reader, map, "version", &run->version) ||
        !read_text(reader, map, "command", &run->command) ||
        !read_text(reader, map, "worlds", &run->worlds) ||
        !read_wide(reader, map, "seed", &run->seed) ||
        !read_number(reader, map, "elapsed_ns", &run->elapsed_ns) ||
        !read_number(reader, map, "repetitions", &run->repetitions) ||
        !read_number(reader, map, "started_unix", &started) ||
        !read_truth(reader, map, "interrupted", &run->interrupted))
        return false;
    run->started_unix = (int64_t)started;
    return read_shards(reader, root, run);
}

/* Begins a list of maps; false if it is none. */
static bool begin_list(struct reader *reader, const struct json *root, const char *section,
                       const struct json **list)
{
    *list = json_get(root, section);
    reader->section = NULL;
    reader->in_list = false;
    if (!json_is_list(*list))
        return wrong(reader, section, "must be a list");
    reader->section = section;
    reader->in_list = true;
    return true;
}

static bool read_facts(struct reader *reader, const struct json *root, struct run_result *run)
{
    const struct json *list;
    void *room;
    if (!begin_list(reader, root, "facts", &list) ||
        !take_room(reader, "", (json_count(list) + 1) * sizeof(struct run_fact), &room))
        return false;
    struct run_fact *facts = room;
    for (reader->index = 0; reader->index < json_count(list); reader->index++) {
        const struct json *map = json_at(list, reader->index);
        if (!read_text(reader, map, "name", &facts[reader->index].name) ||
            !read_text(reader, map, "value", &facts[reader->index].value))
            return false;
    }
    run->facts = facts;
    run->fact_count = json_count(list);
    return true;
}

static bool read_files(struct reader *reader, const struct json *root, struct run_result *run)
{
    const struct json *list;
    void *room;
    if (!begin_list(reader, root, "files", &list) ||
        !take_room(reader, "", (json_count(list) + 1) * sizeof(struct run_file), &room))
        return false;
    struct run_file *files = room;
    for (reader->index = 0; reader->index < json_count(list); reader->index++) {
        const struct json *map = json_at(list, reader->index);
        if (!read_text(reader, map, "path", &files[reader->index].path) ||
            !read_text(reader, map, "text", &files[reader->index].text))
            return false;
    }
    run->files = files;
    run->file_count = json_count(list);
    return true;
}

/* ---- cases -------------------------------------------------------------------------------------- */

static const char *verdict_at(unsigned index)
{
    return verdict_word((enum verdict)index);
}

static const char *level_at(unsigned index)
{
    return level_word((enum level)index);
}

/* Words that a key may have. */
struct word_list {
    const char *key;
    const char *(*word_at)(unsigned index);
    unsigned count;
};

static bool read_word(const struct reader *reader, const struct json *map,
                      const struct word_list *words, unsigned *out)
{
    const char *text = json_text(json_get(map, words->key));
    for (*out = 0; text != NULL && *out < words->count; (*out)++) {
        if (strcmp(text, words->word_at(*out)) == 0)
            return true;
    }
    return wrong(reader, words->key, "is no word that is known here");
}

/* As one line again, whoever laid it out. */
static bool read_recording(struct reader *reader, const struct json *map, const char **out)
{
    const struct json *value = json_get(map, "recording");
    if (is_null(value))
        return true;
    if (!json_is_map(value))
        return wrong(reader, "recording", "must be a map, or null");
    char *line = json_format_line(value);
    *out = region_copy_text(reader->region, line, strlen(line));
    free(line);
    return *out != NULL || out_of_memory(reader, "recording");
}

static bool read_what_a_case_is(struct reader *reader, const struct json *map,
                                struct case_result *out)
{
    static const struct word_list LEVELS = {"level", level_at, LEVEL_COUNT};
    unsigned level;
    uint64_t place;
    if (!read_text(reader, map, "id", &out->id) || !read_text(reader, map, "name", &out->name) ||
        !read_text(reader, map, "file", &out->file) ||
        !read_count(reader, map, "line", &out->line) ||
        !read_text(reader, map, "stage", &out->stage) ||
        !read_text(reader, map, "fault", &out->fault) ||
        !read_text(reader, map, "method", &out->method) ||
        !read_text(reader, map, "world", &out->world) ||
        !read_text(reader, map, "subject", &out->subject) ||
        !read_text_or_null(reader, map, "source", &out->source) ||
        !read_word(reader, map, &LEVELS, &level) || !read_number(reader, map, "place", &place))
        return false;
    out->level = (enum level)level;
    out->place = (size_t)place;
    return true;
}

static bool read_what_came_of_it(struct reader *reader, const struct json *map,
                                 struct case_result *out)
{
    static const struct word_list VERDICTS = {"verdict", verdict_at, VERDICT_COUNT};
    unsigned verdict;
    if (!read_word(reader, map, &VERDICTS, &verdict) ||
        !read_texts(reader, map, "sentences", &out->sentences) ||
        (json_get(map, "finding_line") != NULL && /* which older results do not say */
         !read_count(reader, map, "finding_line", &out->finding_line)) ||
        !read_text_or_null(reader, map, "client", &out->client) ||
        !read_count(reader, map, "attempts", &out->attempts) ||
        !read_count(reader, map, "delivered", &out->delivered) ||
        !read_number(reader, map, "duration_ns", &out->duration_ns) ||
        !read_wide(reader, map, "seed", &out->seed) ||
        !read_wide(reader, map, "trace_hash", &out->trace_hash) ||
        !read_text_or_null(reader, map, "reproduce", &out->reproduce) ||
        !read_texts(reader, map, "story", &out->story) ||
        !read_recording(reader, map, &out->recording))
        return false;
    out->verdict = (enum verdict)verdict;
    out->sentence_count = json_count(json_get(map, "sentences"));
    out->story_count = json_count(json_get(map, "story"));
    return true;
}

static bool read_cases(struct reader *reader, const struct json *root, struct run_result *run)
{
    const struct json *list;
    void *room;
    if (!begin_list(reader, root, "cases", &list) ||
        !take_room(reader, "", (json_count(list) + 1) * sizeof(struct case_result), &room))
        return false;
    run->cases = room;
    for (reader->index = 0; reader->index < json_count(list); reader->index++) {
        const struct json *map = json_at(list, reader->index);
        if (!read_what_a_case_is(reader, map, &run->cases[reader->index]) ||
            !read_what_came_of_it(reader, map, &run->cases[reader->index]))
            return false;
    }
    run->case_count = json_count(list);
    return true;
}
