#include <inttypes.h>

#include "reports/report.h"
#include "world/data/json.h"

/* docs/result.schema.json describes it; a change that a reader must know of gets a new number. */
static const char SCHEMA[] = "retryproof-result-1";

/* A full 64 bit number goes as decimal text: most readers of JSON hold no more than 53 bits. */
static void set_wide(struct json *map, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    json_set_text(map, key, text);
}

static struct json *text_list(const char *const *texts, size_t count)
{
    struct json *list = json_list_create();
    for (size_t i = 0; i < count; i++)
        json_append_text(list, texts[i]);
    return list;
}

static struct json *case_json(const struct case_result *result)
{
    struct json *map = json_map_create();
    json_set_u64(map, "attempts", result->attempts);
    json_set_text(map, "client", result->client);
    json_set_u64(map, "delivered", result->delivered);
    json_set_u64(map, "duration_ns", result->duration_ns);
    json_set_text(map, "fault", result->fault);
    json_set_text(map, "file", result->file);
    json_set_text(map, "id", result->id);
    json_set_text(map, "level", level_word(result->level));
    json_set_u64(map, "line", result->line);
    json_set_text(map, "method", result->method);
    json_set_text(map, "name", result->name);
    json_set_text(map, "reproduce", result->reproduce);
    set_wide(map, "seed", result->seed);
    json_set(map, "sentences", text_list(result->sentences, result->sentence_count));
    json_set_text(map, "source", result->source);
    json_set_text(map, "stage", result->stage);
    json_set(map, "story", text_list(result->story, result->story_count));
    json_set_text(map, "subject", result->subject);
    set_wide(map, "trace_hash", result->trace_hash);
    json_set_text(map, "verdict", verdict_word(result->verdict));
    json_set_text(map, "world", result->world);
    return map;
}

static struct json *counts_json(const struct run_result *run)
{
    const struct verdict_counts counts = run_count(run);
    struct json *map = json_map_create();
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        json_set_u64(map, verdict_word(verdict), counts.by_verdict[verdict]);
    json_set_u64(map, "total", counts.total);
    return map;
}

/* What differs from run to run stands apart from the cases, so that two results can be compared. */
static struct json *run_json(const struct run_result *run)
{
    struct json *map = json_map_create();
    json_set_text(map, "command", run->command);
    json_set_u64(map, "elapsed_ns", run->elapsed_ns);
    json_set_u64(map, "exit_code", (uint64_t)run_exit_code(run));
    json_set_bool(map, "interrupted", run->interrupted);
    set_wide(map, "seed", run->seed);
    json_set_u64(map, "started_unix", run->started_unix < 0 ? 0 : (uint64_t)run->started_unix);
    json_set_text(map, "version", run->version);
    json_set_text(map, "worlds", run->worlds);
    return map;
}

void report_json(const struct run_result *run, FILE *out)
{
    struct json *cases = json_list_create();
    for (size_t i = 0; i < run->case_count; i++)
        json_append(cases, case_json(&run->cases[i]));
    struct json *root = json_map_create();
    json_set(root, "cases", cases);
    json_set(root, "counts", counts_json(run));
    json_set(root, "run", run_json(run));
    json_set_text(root, "schema", SCHEMA);
    /* The stream remembers a failure, as report.h says. */
    const bool written = json_write(root, out);
    (void)written;
    json_destroy(&root);
}
