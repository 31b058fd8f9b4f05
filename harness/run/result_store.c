#include "harness/run/result_store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/shell_word.h"

static const char NO_MEMORY[] = "(no memory is left for this text)";

bool result_store_init(struct result_store *store, const struct run_item *items, size_t count)
{
    *store = (struct result_store){.items = items, .count = count};
    region_init(&store->region, RESULT_STORE_BYTES_MAX);
    store->results = calloc(count + 1, sizeof(*store->results));
    for (size_t i = 0; i < count && store->results != NULL; i++) {
        const struct suite_case *one = items[i].one;
        store->results[i] = (struct case_result){
            .place = one->place,
            .id = one->id,
            .name = one->name,
            .file = one->file->path,
            .line = one->line,
            .stage = stage_word(one->stage),
            .fault = one->fault,
            .method = one->method,
            .world = world_word(items[i].world),
            .subject = "builtin",
            .source = one->source,
            .level = one->level,
            .verdict = VERDICT_SKIPPED,
        };
    }
    return store->results != NULL;
}

void result_store_set_subject(struct result_store *store, const char *subject, const char *options)
{
    store->subject_options = options;
    for (size_t i = 0; i < store->count; i++)
        store->results[i].subject = subject;
}

bool result_store_has_failed(const struct result_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        if (case_fails_run(&store->results[i]))
            return true;
    return false;
}

void result_store_release(struct result_store *store)
{
    region_release(&store->region);
    free(store->results);
    *store = (struct result_store){0};
}

static const char *keep_text(struct result_store *store, const char *text)
{
    const char *kept = region_copy_text(&store->region, text, strlen(text));
    return kept != NULL ? kept : NO_MEMORY;
}

static const char *const *keep_texts(struct result_store *store, const char *const *texts,
                                     size_t *count)
{
    const char **kept = region_take(&store->region, (*count + 1) * sizeof(*kept));
    if (kept == NULL)
        *count = 0;
    for (size_t i = 0; i < *count; i++)
        kept[i] = keep_text(store, texts[i]);
    return kept;
}

/* Half of one is no recording: without room there is none. */
static const char *keep_recording(struct result_store *store, const char *recording)
{
    const size_t size = strlen(recording);
    if (size >= RESULT_STORE_RECORDINGS_MAX - store->recording_bytes)
        return NULL;
    store->recording_bytes += size + 1;
    return region_copy_text(&store->region, recording, size);
}

/* One command to paste into a shell; NULL when memory is used up. */
static const char *reproduction(struct result_store *store, const struct case_result *result,
                                const char *path)
{
    const char *scenario = shell_word(path, &store->region);
    const char *filter = shell_word_case(result->id, &store->region);
    if (scenario == NULL || filter == NULL)
        return NULL;
    if (store->subject_options != NULL)
        return region_format(&store->region, "retryproof run %s %s --filter %s",
                             store->subject_options, scenario, filter);
    return region_format(&store->region,
                         "retryproof run --world %s --seed %" PRIu64 " %s --filter %s",
                         result->world, result->seed, scenario, filter);
}

/* Of a case that is played several times the worst counts. */
static unsigned badness(enum verdict verdict)
{
    static const unsigned BADNESS[VERDICT_COUNT] = {
        [VERDICT_SKIPPED] = 0,      [VERDICT_PASS] = 1, [VERDICT_UNSUPPORTED] = 2,
        [VERDICT_SETUP_FAILED] = 3, [VERDICT_FAIL] = 4, [VERDICT_ERROR] = 5,
    };
    return BADNESS[verdict];
}

const struct case_result *result_store_keep(struct result_store *store, size_t index,
                                            const struct case_outcome *outcome, uint64_t seed)
{
    struct case_result *result = &store->results[index];
    check(index < store->count);
    if (badness(outcome->verdict) <= badness(result->verdict))
        return result;
    result->verdict = outcome->verdict;
    result->client = outcome->client != NULL ? keep_text(store, outcome->client) : NULL;
    result->attempts = outcome->attempts;
    result->delivered = outcome->delivered;
    result->duration_ns = outcome->duration_ns;
    result->seed = seed;
    result->trace_hash = outcome->trace_hash;
    result->recording =
        outcome->recording != NULL ? keep_recording(store, outcome->recording) : NULL;
    store->subject_failed = store->subject_failed || outcome->subject_failed;
    if (outcome->verdict != VERDICT_UNSUPPORTED)
        result->reproduce = reproduction(store, result, store->items[index].one->argument);
    if (outcome->verdict == VERDICT_PASS)
        return result;
    result->finding_line = outcome->finding_line;
    result->sentence_count = outcome->sentence_count;
    result->story_count = outcome->story_count;
    result->sentences = keep_texts(store, outcome->sentences, &result->sentence_count);
    result->story = keep_texts(store, outcome->story, &result->story_count);
    return result;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct run_file *)a)->path, ((const struct run_file *)b)->path);
}

bool result_store_files(const struct result_store *store, struct region *region,
                        struct run_result *run)
{
    struct run_file *files = region_take(region, (store->count + 1) * sizeof(*files));
    const struct scenario_file *last = NULL; /* cases of one file mostly follow each other */
    size_t found = 0;
    size_t kept = 0;
    if (files == NULL)
        return false;
    for (size_t i = 0; i < store->count; i++) {
        const struct scenario_file *file = store->items[i].one->file;
        if (store->results[i].recording == NULL || file == last || file->text == NULL)
            continue;
        files[found++] = (struct run_file){file->path, file->text};
        last = file;
    }
    qsort(files, found, sizeof(*files), compare_paths);
    for (size_t i = 0; i < found; i++)
        if (kept == 0 || compare_paths(&files[kept - 1], &files[i]) != 0)
            files[kept++] = files[i];
    run->files = files;
    run->file_count = kept;
    return true;
}
