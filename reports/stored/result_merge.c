#include "reports/stored/result_merge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/shell_word.h"
#include "world/base/bytes.h"

/* What one shard's command line says. */
struct shard_command {
    const char *words; /* without its shard, and without what bears on no verdict */
    struct run_shard shard;
};

struct merging {
    const struct result_merge *merge;
    struct region *region;
    struct run_result *out;
    char *error;
};

static bool check_commands(struct merging *merging);
static bool check_runs(struct merging *merging);
static bool gather_cases(struct merging *merging);
static bool gather_files(struct merging *merging);
static bool gather_facts(struct merging *merging);

/* Always false. */
PRINTF_LIKE(2, 3)
static bool refuse(const struct merging *merging, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(merging->error, RESULT_MERGE_ERROR_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

static void *take(struct merging *merging, size_t size)
{
    void *room = region_take(merging->region, size);
    if (room == NULL)
        refuse(merging, "the results do not fit in the memory that is there for them");
    return room;
}

/* Version, seed and command are those of the first; what was measured is put together. */
static void sum_up(struct merging *merging)
{
    struct run_result *out = merging->out;
    for (size_t i = 1; i < merging->merge->count; i++) {
        const struct run_result *run = merging->merge->shards[i].run;
        out->elapsed_ns = run->elapsed_ns > out->elapsed_ns ? run->elapsed_ns : out->elapsed_ns;
        out->repetitions += run->repetitions;
        out->interrupted = out->interrupted || run->interrupted;
        if (run->started_unix < out->started_unix)
            out->started_unix = run->started_unix;
    }
}

struct run_result *result_merge(const struct result_merge *merge, struct region *region,
                                char error[RESULT_MERGE_ERROR_BYTES])
{
    struct merging merging = {.merge = merge, .region = region, .error = error};
    check(merge->count > 0);
    merging.out = take(&merging, sizeof(*merging.out));
    if (merging.out == NULL)
        return NULL;
    *merging.out = *merge->shards[0].run;
    sum_up(&merging);
    return check_runs(&merging) && check_commands(&merging) && gather_cases(&merging) &&
                   gather_files(&merging) && gather_facts(&merging)
               ? merging.out
               : NULL;
}

/* ---- whether they go together ------------------------------------------------------------------- */

static bool check_runs(struct merging *merging)
{
    const struct result_shard *first = &merging->merge->shards[0];
    for (size_t i = 1; i < merging->merge->count; i++) {
        const struct result_shard *other = &merging->merge->shards[i];
        if (strcmp(first->run->version, other->run->version) != 0)
            return refuse(merging, "%.120s is of retryproof %.32s, %.120s of %.32s", first->path,
                          first->run->version, other->path, other->run->version);
        if (first->run->seed != other->run->seed)
            return refuse(merging, "%.120s has the seed %llu, %.120s has %llu", first->path,
                          (unsigned long long)first->run->seed, other->path,
                          (unsigned long long)other->run->seed);
        if (strcmp(first->run->worlds, other->run->worlds) != 0)
            return refuse(merging, "%.120s was played in %.32s, %.120s in %.32s", first->path,
                          first->run->worlds, other->path, other->run->worlds);
    }
    return true;
}

/* The word is this option, whole or with "=value"; a short one's value may stand in the same word: "-j4". */
static bool is_option(struct bytes word, const char *option)
{
    const size_t size = strlen(option);
    return word.size >= size && memcmp(word.data, option, size) == 0 &&
           (word.size == size || option[1] != '-' || word.data[size] == '=');
}

/* "-j4" */
static bool is_short_with_value(struct bytes word)
{
    return word.size > 2 && word.data[1] != '-';
}

static bool is_any_option(struct bytes word, const char *const *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_option(word, options[i]))
            return true;
    }
    return false;
}

/* The words that are to be the same; NULL: memory ran out. */
static const char *read_words(struct merging *merging, const char *command)
{
    static const char *const WITH_VALUE[] = {"--shard",  "--report",  "--jobs",
                                             "-j",       "--colour",  "--color",
                                             "--attach", "--slowest", "--record"};
    static const char *const ALONE[] = {"--quiet", "-q", "--verbose", "-v"};
    struct bytes rest = bytes_of(command);
    struct bytes word;
    char *words = take(merging, rest.size + 2);
    size_t used = 0;
    while (words != NULL && shell_word_take(&rest, &word)) {
        if (is_any_option(word, ALONE, COUNT_OF(ALONE)))
            continue;
        if (is_any_option(word, WITH_VALUE, COUNT_OF(WITH_VALUE))) {
            const bool is_whole =
                memchr(word.data, '=', word.size) != NULL || is_short_with_value(word);
            if (!is_whole && !shell_word_take(&rest, &word))
                break;
            continue;
        }
        if (used > 0)
            words[used++] = ' ';
        memcpy(words + used, word.data, word.size);
        used += word.size;
    }
    return words;
}

/* Each shard of so many is there, once. */
static bool check_shards(struct merging *merging, const struct shard_command *commands)
{
    const struct result_shard *shards = merging->merge->shards;
    const size_t count = merging->merge->count;
    const uint64_t wanted = commands[0].shard.of;
    unsigned char *seen = take(merging, (size_t)wanted + 1);
    uint64_t *numbers = take(merging, count * sizeof(*numbers));
    if (seen == NULL || numbers == NULL)
        return false;
    merging->out->shards =
        (struct run_shards){.of = wanted, .numbers = numbers, .cases = shards[0].run->shards.cases};
    for (size_t i = 0; i < count; i++) {
        if (commands[i].shard.of != wanted)
            return refuse(merging, "%.120s is of one of %llu shards, %.120s of one of %llu",
                          shards[0].path, (unsigned long long)wanted, shards[i].path,
                          (unsigned long long)commands[i].shard.of);
        if (wanted > 0 && shards[i].run->shards.cases != shards[0].run->shards.cases)
            return refuse(merging, "%.120s is of %llu cases in all, %.120s of %llu", shards[0].path,
                          (unsigned long long)shards[0].run->shards.cases, shards[i].path,
                          (unsigned long long)shards[i].run->shards.cases);
        if (wanted > 0 && seen[commands[i].shard.number]++ != 0)
            return refuse(merging, "%.120s is shard %llu of %llu, and so is another of the files",
                          shards[i].path, (unsigned long long)commands[i].shard.number,
                          (unsigned long long)wanted);
    }
    for (uint64_t i = 1; i <= wanted; i++) {
        if (seen[i] != 0)
            numbers[merging->out->shards.count++] = i;
        if (seen[i] != 0)
            continue;
        merging->out->interrupted = true;
        if (!merging->merge->partial)
            return refuse(merging, "shard %llu of %llu is missing (--partial goes on without it)",
                          (unsigned long long)i, (unsigned long long)wanted);
    }
    return true;
}

static bool check_commands(struct merging *merging)
{
    const struct result_shard *shards = merging->merge->shards;
    const size_t count = merging->merge->count;
    struct shard_command *commands = take(merging, count * sizeof(*commands));
    if (commands == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        commands[i].shard = run_shard(shards[i].run);
        if (count == 1 && commands[i].shard.of == 0)
            return true; /* a whole run, whose command is that of the result */
        if (commands[i].shard.of == 0 && shards[i].run->shards.of > 0)
            return refuse(merging, "%.300s is put together from shards already: name those",
                          shards[i].path);
        commands[i].words = read_words(merging, shards[i].run->command);
        if (commands[i].words == NULL)
            return false;
        if (strcmp(commands[0].words, commands[i].words) != 0)
            return refuse(merging, "%.100s and %.100s are not of one run: %.120s, and %.120s",
                          shards[0].path, shards[i].path, commands[0].words, commands[i].words);
    }
    merging->out->command = commands[0].words;
    return check_shards(merging, commands);
}

/* ---- putting together ----------------------------------------------------------------------------- */

/* The order of a suite: worlds one after the other. */
static int compare_cases(const void *a, const void *b)
{
    const struct case_result *left = a;
    const struct case_result *right = b;
    const int by_world = strcmp(left->world, right->world);
    if (by_world != 0)
        return by_world;
    if (left->place != right->place)
        return left->place < right->place ? -1 : 1;
    return strcmp(left->id, right->id);
}

static bool gather_cases(struct merging *merging)
{
    const struct result_merge *merge = merging->merge;
    struct run_result *out = merging->out;
    size_t count = 0;
    if (merge->count == 1)
        return true;
    for (size_t i = 0; i < merge->count; i++)
        count += merge->shards[i].run->case_count;
    out->cases = take(merging, (count + 1) * sizeof(*out->cases));
    if (out->cases == NULL)
        return false;
    out->case_count = 0;
    for (size_t i = 0; i < merge->count; i++) {
        for (size_t k = 0; k < merge->shards[i].run->case_count; k++)
            out->cases[out->case_count++] = merge->shards[i].run->cases[k];
    }
    qsort(out->cases, count, sizeof(*out->cases), compare_cases);
    for (size_t i = 1; i < count; i++) {
        if (compare_cases(&out->cases[i - 1], &out->cases[i]) == 0)
            return refuse(merging, "%.300s on %.32s is in more than one of the files",
                          out->cases[i].id, out->cases[i].world);
    }
    return true;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct run_file *)a)->path, ((const struct run_file *)b)->path);
}

static bool gather_files(struct merging *merging)
{
    const struct result_merge *merge = merging->merge;
    size_t count = 0;
    size_t kept = 0;
    for (size_t i = 0; i < merge->count; i++)
        count += merge->shards[i].run->file_count;
    struct run_file *files = take(merging, (count + 1) * sizeof(*files));
    if (files == NULL)
        return false;
    for (size_t i = 0, used = 0; i < merge->count; i++) {
        for (size_t k = 0; k < merge->shards[i].run->file_count; k++)
            files[used++] = merge->shards[i].run->files[k];
    }
    qsort(files, count, sizeof(*files), compare_files);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_files(&files[kept - 1], &files[i]) != 0)
            files[kept++] = files[i];
        else if (strcmp(files[kept - 1].text, files[i].text) != 0)
            return refuse(merging, "%.300s was not the same for all shards", files[i].path);
    }
    merging->out->files = files;
    merging->out->file_count = kept;
    return true;
}

static bool has_fact(const struct run_fact *facts, size_t count, const struct run_fact *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(facts[i].name, wanted->name) == 0 && strcmp(facts[i].value, wanted->value) == 0)
            return true;
    }
    return false;
}

/* Each once; where shards ran on different machines both are told. */
static bool gather_facts(struct merging *merging)
{
    const struct result_merge *merge = merging->merge;
    size_t count = 0;
    size_t kept = 0;
    for (size_t i = 0; i < merge->count; i++)
        count += merge->shards[i].run->fact_count;
    struct run_fact *facts = take(merging, (count + 1) * sizeof(*facts));
    if (facts == NULL)
        return false;
    for (size_t i = 0; i < merge->count; i++) {
        for (size_t k = 0; k < merge->shards[i].run->fact_count; k++) {
            const struct run_fact *fact = &merge->shards[i].run->facts[k];
            if (!has_fact(facts, kept, fact))
                facts[kept++] = *fact;
        }
    }
    merging->out->facts = facts;
    merging->out->fact_count = kept;
    return true;
}
