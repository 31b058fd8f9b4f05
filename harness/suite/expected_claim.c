#include "harness/suite/expected_claim.h"

#include <string.h>

#include "retryproof/record.h"

enum { COUNT_LIMIT = 1000000 }; /* no case makes a million of anything that is counted */

static const char *const STAGES[] = {
#define STAGE_WORD(name, word) word,
    STAGE_LIST(STAGE_WORD)
#undef STAGE_WORD
        NULL};
static const char *const STAGES_OR_NONE[] = {
#define STAGE_WORD(name, word) word,
    STAGE_LIST(STAGE_WORD)
#undef STAGE_WORD
        "none",
    NULL};
static const char *const CAUSES[] = {
#define CAUSE_WORD(name, word, status) word,
    CAUSE_LIST(CAUSE_WORD)
#undef CAUSE_WORD
        NULL};
static const char *const PHASES[] = {
#define PHASE_WORD(name, word) word,
    TUNNEL_PHASE_LIST(PHASE_WORD)
#undef PHASE_WORD
        NULL};
static const char *const KINDS[] = {
#define KIND_WORD(name, word) word,
    EXCHANGE_KIND_LIST(KIND_WORD)
#undef KIND_WORD
        NULL};

struct reading {
    struct region *region;
    struct yaml_error *error;
};

/* A key whose value is a text: any, or one of the words where there are some. */
struct text_key {
    const char *key;
    const char *const *words; /* NULL: any text */
    const char **out;
};

static void *take(const struct reading *reading, const struct yaml_node *at, size_t size)
{
    void *piece = region_take(reading->region, size);
    if (piece == NULL)
        yaml_fail(reading->error, at, "the case needs more memory than a case may have");
    return piece;
}

static bool must_be_map(const struct reading *reading, const struct yaml_node *node,
                        const char *what, const char *const *keys)
{
    if (node->kind != YAML_MAP)
        return yaml_fail(reading->error, node, "%s is a map", what);
    return yaml_check_keys(node, what, keys, reading->error);
}

static bool read_texts(const struct reading *reading, const struct yaml_node *map,
                       const struct text_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *node = yaml_get(map, keys[i].key);
        if (node == NULL)
            continue;
        if (!yaml_text(node, keys[i].key, keys[i].out, reading->error))
            return false;
        if (keys[i].words != NULL &&
            yaml_word(node, keys[i].key, keys[i].words, reading->error) < 0)
            return false;
    }
    return true;
}

static bool read_number(const struct reading *reading, const struct yaml_node *map, const char *key,
                        struct number_rule *out)
{
    const struct yaml_node *node = yaml_get(map, key);
    return node == NULL || number_rule_read(node, key, COUNT_LIMIT, out, reading->error);
}

/* ---- the record ----------------------------------------------------------------------------- */

const struct expected_record *
expected_record_read(struct region *region, const struct yaml_node *map, struct yaml_error *error)
{
    static const char *const KEYS[] = {"stage", "cause", "reason", "attempts", "phase",     "kind",
                                       "route", "user",  "detail", "error",    "addresses", NULL};
    const struct reading reading = {region, error};
    if (!must_be_map(&reading, map, "'record'", KEYS))
        return NULL;
    struct expected_record *record = take(&reading, map, sizeof(*record));
    if (record == NULL)
        return NULL;
    const struct text_key texts[] = {
        {"cause", CAUSES, &record->cause}, {"reason", NULL, &record->reason},
        {"phase", PHASES, &record->phase}, {"kind", KINDS, &record->kind},
        {"route", NULL, &record->route},   {"user", NULL, &record->user},
        {"detail", NULL, &record->detail}, {"error", NULL, &record->error},
    };
    const struct yaml_node *stage = yaml_get(map, "stage");
    if (stage != NULL) {
        int index = yaml_word(stage, "a stage", STAGES, error);
        if (index < 0)
            return NULL;
        record->stage_set = true;
        record->stage = (enum stage)index;
    }
    return read_number(&reading, map, "attempts", &record->attempts) &&
                   read_number(&reading, map, "addresses", &record->addresses) &&
                   read_texts(&reading, map, texts, COUNT_OF(texts))
               ? record
               : NULL;
}

/* ---- the request log ------------------------------------------------------------------------ */

static bool read_log_attempt(const struct reading *reading, const struct yaml_node *map,
                             struct expected_log_attempt *out)
{
    static const char *const KEYS[] = {"upstream", "stage", "cause",   "message", "reason",
                                       "status",   "tx",    "retried", NULL};
    const struct text_key texts[] = {{"upstream", NULL, &out->upstream},
                                     {"stage", STAGES_OR_NONE, &out->stage},
                                     {"cause", CAUSES, &out->cause},
                                     {"message", NULL, &out->message},
                                     {"reason", NULL, &out->reason}};
    if (!must_be_map(reading, map, "an attempt in a row of the log", KEYS))
        return false;
    const struct yaml_node *retried = yaml_get(map, "retried");
    out->retried_set = retried != NULL;
    return (retried == NULL || yaml_bool(retried, "'retried'", &out->retried, reading->error)) &&
           read_number(reading, map, "status", &out->status) &&
           read_number(reading, map, "tx", &out->tx) &&
           read_texts(reading, map, texts, COUNT_OF(texts));
}

static bool read_log_attempts(const struct reading *reading, const struct yaml_node *list,
                              struct expected_log_row *out)
{
    if (list->kind != YAML_LIST)
        return yaml_fail(reading->error, list,
                         "'attempts' of a row is a list of maps, one for each");
    struct expected_log_attempt *attempts =
        take(reading, list, (list->count + 1) * sizeof(*attempts));
    if (attempts == NULL)
        return false;
    out->attempts_set = true;
    out->attempts = attempts;
    for (const struct yaml_node *map = list->first; map != NULL; map = map->next)
        if (!read_log_attempt(reading, map, &attempts[out->attempt_count++]))
            return false;
    return true;
}

static bool read_log_row(const struct reading *reading, const struct yaml_node *map,
                         struct expected_log_row *out)
{
    static const char *const KEYS[] = {
        "status",        "kind",           "route",          "user",     "method", "host",
        "target",        "error",          "stage",          "cause",    "tunnel", "summary",
        "request_bytes", "response_bytes", "retry_attempts", "attempts", "rows",   NULL};
    const struct text_key texts[] = {
        {"kind", KINDS, &out->kind},      {"route", NULL, &out->route},
        {"user", NULL, &out->user},       {"method", NULL, &out->method},
        {"host", NULL, &out->host},       {"target", NULL, &out->target},
        {"error", NULL, &out->error},     {"stage", STAGES_OR_NONE, &out->stage},
        {"cause", CAUSES, &out->cause},   {"tunnel", PHASES, &out->tunnel},
        {"summary", NULL, &out->summary},
    };
    if (!must_be_map(reading, map, "a row of the log", KEYS))
        return false;
    const struct yaml_node *attempts = yaml_get(map, "attempts");
    return read_texts(reading, map, texts, COUNT_OF(texts)) &&
           read_number(reading, map, "status", &out->status) &&
           read_number(reading, map, "request_bytes", &out->request_bytes) &&
           read_number(reading, map, "response_bytes", &out->response_bytes) &&
           read_number(reading, map, "retry_attempts", &out->retry_attempts) &&
           (attempts == NULL || read_log_attempts(reading, attempts, out));
}

const struct expected_log *expected_log_read(struct region *region, const struct yaml_node *node,
                                             struct yaml_error *error)
{
    const struct reading reading = {region, error};
    struct expected_log *log = take(&reading, node, sizeof(*log));
    size_t count = node->kind == YAML_LIST ? node->count : 1;
    struct expected_log_row *rows = take(&reading, node, (count + 1) * sizeof(*rows));
    if (log == NULL || rows == NULL)
        return NULL;
    *log = (struct expected_log){.listed = node->kind == YAML_LIST, .list = rows};
    const struct yaml_node *map = log->listed ? node->first : node;
    for (; log->count < count; map = map->next) {
        if (!read_log_row(&reading, map, &rows[log->count++]))
            return NULL;
        if (!log->listed && !read_number(&reading, map, "rows", &log->rows))
            return NULL;
        if (log->listed && yaml_get(map, "rows") != NULL) {
            yaml_fail(error, yaml_get(map, "rows"),
                      "a list of rows says itself how many there are");
            return NULL;
        }
    }
    return log;
}
