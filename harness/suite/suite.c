#include "harness/suite/suite.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "harness/suite/finder.h"
#include "world/data/json.h"

void suite_init(struct suite *suite)
{
    *suite = (struct suite){0};
    region_init(&suite->region, SUITE_BYTES_MAX);
}

void suite_release(struct suite *suite)
{
    region_release(&suite->region);
    free(suite->cases);
    *suite = (struct suite){0};
}

/* ---- loading -------------------------------------------------------------------------------- */

struct loading {
    struct suite *suite;
    const struct finder *finder;
    const struct found_file *found;
    struct region scratch; /* one case at a time */
    struct scenario scenario;
};

static bool add_mistake(struct suite *suite, const char *sentence)
{
    if (suite->mistake_count < SUITE_MISTAKES_MAX)
        suite->mistakes[suite->mistake_count] =
            region_copy_text(&suite->region, sentence, strlen(sentence));
    suite->mistake_count++;
    return false;
}

static struct suite_case *grow(struct suite *suite)
{
    if (suite->count == suite->capacity) {
        size_t capacity = suite->capacity == 0 ? 256 : 2 * suite->capacity;
        struct suite_case *cases = realloc(suite->cases, capacity * sizeof(*cases));
        if (cases == NULL)
            return NULL;
        suite->cases = cases;
        suite->capacity = capacity;
    }
    return &suite->cases[suite->count++];
}

/* False when the region is full. NULL stays NULL. */
static bool keep_text(struct suite *suite, const char *text, const char **kept)
{
    *kept = text == NULL ? NULL : region_copy_text(&suite->region, text, strlen(text));
    return (text == NULL) == (*kept == NULL);
}

static bool keep_case(struct loading *loading, const struct scenario_file *file, size_t combination)
{
    const struct scenario *scenario = &loading->scenario;
    struct suite *suite = loading->suite;
    struct suite_case *kept = grow(suite);
    const char **tags = region_take(&suite->region, (scenario->tag_count + 1) * sizeof(*tags));
    if (kept == NULL || tags == NULL)
        return false;
    *kept = (struct suite_case){.file = file,
                                .place = suite->count - 1,
                                .argument = loading->found->argument,
                                .combination = combination,
                                .tags = tags,
                                .tag_count = scenario->tag_count,
                                .line = scenario->line,
                                .stage = scenario->stage,
                                .level = scenario->level};
    for (size_t i = 0; i < scenario->tag_count; i++)
        if (!keep_text(suite, scenario->tags[i], &tags[i]))
            return false;
    return keep_text(suite, scenario->id, &kept->id) &&
           keep_text(suite, scenario->name, &kept->name) &&
           keep_text(suite, scenario->fault, &kept->fault) &&
           keep_text(suite, scenario->method, &kept->method) &&
           keep_text(suite, scenario->source, &kept->source);
}

static bool grid_has_line(const struct grid *grid, unsigned line)
{
    for (size_t axis = 0; axis < grid->axis_count; axis++)
        for (size_t i = 0; i < grid->axes[axis].count; i++)
            if (grid->axes[axis].values[i].node->line == line)
                return true;
    return false;
}

/* `file.yaml:LINE` means the cases with a value of the grid on that line; any other line, the whole file. */
static bool is_on_line(const struct grid *grid, size_t combination, unsigned line)
{
    struct grid_choice choice;
    if (!grid_has_line(grid, line))
        return true;
    if (!grid_choose(grid, combination, &choice))
        return false;
    for (size_t axis = 0; axis < grid->axis_count; axis++)
        if (choice.values[axis]->node->line == line)
            return true;
    return false;
}

/* Whether a case is among the lines and the parts of ids that were named. */
static bool is_named(const struct loading *loading, const struct scenario_file *file,
                     size_t combination)
{
    const struct found_file *found = loading->found;
    bool on_line = found->line_count == 0;
    for (size_t i = 0; i < found->line_count && !on_line; i++)
        on_line = is_on_line(&file->grid, combination, found->lines[i]);
    bool in_part = loading->finder->part_count == 0;
    for (size_t i = 0; i < loading->finder->part_count && !in_part; i++)
        in_part = strstr(loading->scenario.id, loading->finder->parts[i]) != NULL;
    return on_line && in_part;
}

static bool load_file(struct loading *loading)
{
    struct suite *suite = loading->suite;
    struct yaml_error error = {{0}};
    struct scenario_file *file = region_take(&suite->region, sizeof(*file));
    if (file == NULL)
        return add_mistake(suite, "the suite needs more memory than it may have");
    const char *path =
        region_copy_text(&suite->region, loading->found->path, strlen(loading->found->path));
    if (path == NULL ||
        !scenario_file_load(file, &suite->region, path, loading->found->base, &error))
        return add_mistake(suite, error.sentence);
    suite->file_count++;
    for (size_t i = 0; i < file->grid.combinations; i++) {
        region_reset(&loading->scratch);
        switch (scenario_read(&loading->scenario, file, i, &loading->scratch, &error)) {
        case SCENARIO_LEFT_OUT:
            break;
        case SCENARIO_WRONG:
            return add_mistake(suite, error.sentence);
        case SCENARIO_READ:
            if (is_named(loading, file, i) && !keep_case(loading, file, i))
                return add_mistake(suite, "the suite needs more memory than it may have");
        }
    }
    return true;
}

bool suite_load(struct suite *suite, const char *const *arguments, size_t count)
{
    struct finder finder;
    if (!finder_find(&finder, &suite->region, arguments, count)) {
        add_mistake(suite, finder.error);
        finder_release(&finder);
        return false;
    }
    struct loading *loading = calloc(1, sizeof(*loading));
    if (loading == NULL) {
        finder_release(&finder);
        return add_mistake(suite, "out of memory");
    }
    loading->suite = suite;
    loading->finder = &finder;
    region_init(&loading->scratch, SCENARIO_BYTES_MAX);
    for (size_t i = 0; i < finder.count; i++) {
        loading->found = &finder.files[i];
        load_file(loading);
    }
    region_release(&loading->scratch);
    free(loading);
    finder_release(&finder);
    return suite->mistake_count == 0;
}

/* ---- selecting ------------------------------------------------------------------------------ */

/* FNV-1a, and a last mixing so that near ids fall into far shards. */
uint64_t suite_hash(const char *id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *id != '\0'; id++)
        hash = (hash ^ (unsigned char)*id) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    hash *= UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}

static int compare_texts(const void *key, const void *element)
{
    return strcmp(key, *(const char *const *)element);
}

const char *suite_case_key(const struct suite_case_place *place, char key[SUITE_KEY_BYTES])
{
    char file[PATH_MAX];
    const char *values = strchr(place->id, '[');
    snprintf(key, SUITE_KEY_BYTES, "%s %s%s", place->world,
             realpath(place->file, file) != NULL ? file : place->file,
             values != NULL ? values : "");
    return key;
}

static bool failed_last(const struct suite_selection *selection,
                        const struct suite_case_place *place)
{
    char key[SUITE_KEY_BYTES];
    if (selection->last_failed == NULL)
        return true;
    if (selection->last_failed_count == 0)
        return false;
    return bsearch(suite_case_key(place, key), selection->last_failed, selection->last_failed_count,
                   sizeof(*selection->last_failed), compare_texts) != NULL;
}

struct filter_subject suite_case_fields(const struct suite_case *one, enum world_kind world)
{
    return (struct filter_subject){
        .text = {[FILTER_ID] = one->id,
                 [FILTER_NAME] = one->name,
                 [FILTER_FILE] = one->file->path,
                 [FILTER_STAGE] = stage_word(one->stage),
                 [FILTER_FAULT] = one->fault,
                 [FILTER_METHOD] = one->method,
                 [FILTER_LEVEL] = level_word(one->level),
                 [FILTER_WORLD] = world_word(world)},
        .tags = one->tags,
        .tag_count = one->tag_count,
    };
}

static bool is_wanted(const struct suite_case *one, const struct suite_selection *selection,
                      enum world_kind world)
{
    const struct filter_subject subject = suite_case_fields(one, world);
    const struct suite_case_place place = {one->file->path, one->id, world_word(world)};
    return filter_fits(&selection->filter, &subject) && filter_fits(&selection->tags, &subject) &&
           failed_last(selection, &place);
}

void suite_select(struct suite *suite, const struct suite_selection *selection)
{
    size_t kept = 0;
    suite->wanted = 0;
    for (size_t i = 0; i < suite->count; i++) {
        struct suite_case *one = &suite->cases[i];
        const bool here = selection->shards == 0 ||
                          suite_hash(one->id) % selection->shards == selection->shard - 1;
        one->worlds = 0;
        for (enum world_kind world = 0; world < WORLD_KIND_COUNT; world++)
            if ((selection->worlds >> world & 1) != 0 && is_wanted(one, selection, world)) {
                one->worlds |= 1ul << world;
                suite->wanted++;
            }
        if (one->worlds != 0 && here)
            suite->cases[kept++] = *one;
    }
    suite->count = kept;
}

/* ---- listing -------------------------------------------------------------------------------- */

void suite_list(const struct suite *suite, FILE *out)
{
    for (size_t i = 0; i < suite->count; i++)
        for (enum world_kind world = 0; world < WORLD_KIND_COUNT; world++)
            if ((suite->cases[i].worlds >> world & 1) != 0)
                fprintf(out, "%-7s %s\n", world_word(world), suite->cases[i].id);
}

static struct json *case_as_json(const struct suite_case *one)
{
    struct json *map = json_map_create();
    struct json *tags = json_list_create();
    struct json *worlds = json_list_create();
    for (size_t i = 0; i < one->tag_count; i++)
        json_append_text(tags, one->tags[i]);
    for (enum world_kind world = 0; world < WORLD_KIND_COUNT; world++)
        if ((one->worlds >> world & 1) != 0)
            json_append_text(worlds, world_word(world));
    json_set_text(map, "id", one->id);
    json_set_text(map, "name", one->name);
    json_set_text(map, "file", one->file->path);
    json_set_u64(map, "line", one->line);
    json_set_text(map, "stage", stage_word(one->stage));
    json_set_text(map, "fault", one->fault);
    json_set_text(map, "method", one->method);
    json_set_text(map, "level", level_word(one->level));
    json_set_text(map, "source", one->source);
    json_set(map, "tags", tags);
    json_set(map, "worlds", worlds);
    return map;
}

bool suite_list_json(const struct suite *suite, FILE *out)
{
    struct json *root = json_map_create();
    struct json *cases = json_list_create();
    for (size_t i = 0; i < suite->count; i++)
        json_append(cases, case_as_json(&suite->cases[i]));
    json_set_text(root, "schema", "retryproof-list-1");
    json_set(root, "cases", cases);
    bool written = json_write(root, out);
    json_destroy(&root);
    return written;
}
