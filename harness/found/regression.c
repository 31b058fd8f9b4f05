#include "harness/found/regression.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/trial/base.h"
#include "world/data/yaml_writer.h"

enum {
    REGRESSION_BYTES_MAX = SCENARIO_BYTES_MAX
}; /* the tree of one case, and what is put into it */

/* A file on its way: the tree that is made, and the substituted base that it is made of. */
struct making {
    const struct regression *what;
    struct region *region;
    struct yaml_node *root;
};

/* What the file says itself, or must not say: a case of the base has more than one sentence and none of its expectations. */
static const char *const REPLACED[] = {"name", "stage",  "level",  "source", "why",  "fault",
                                       "tags", "expect", "faults", "order",  "found"};

static bool put_head(struct making *making);
static bool put_base(struct making *making, struct yaml_node *base);
static bool put_network(struct making *making);
static bool keep_sizes(struct making *making, struct grid_choice *choice);
static bool put_sizes(struct making *making);
static bool put_faults(struct making *making);
static bool put_order(struct making *making);
static bool put_found(struct making *making);

static bool write_tree(const struct regression *regression, struct region *region, FILE *out,
                       char error[REGRESSION_ERROR_BYTES])
{
    struct yaml_error wrong = {{0}};
    struct grid_choice choice;
    struct making making = {regression, region, yaml_new(region, YAML_MAP)};
    bool chosen = grid_choose(&regression->file->grid, regression->combination, &choice);

    check(chosen);
    if (!keep_sizes(&making, &choice))
        making.root = NULL;
    struct yaml_node *base =
        grid_substitute(&regression->file->grid, &choice, region, regression->file->root, &wrong);
    if (base != NULL && making.root != NULL && put_head(&making) && put_sizes(&making) &&
        put_base(&making, base) && put_faults(&making) && put_order(&making) &&
        put_found(&making) && yaml_write(making.root, out))
        return true;
    snprintf(error, REGRESSION_ERROR_BYTES, "%s",
             wrong.sentence[0] != '\0' ? wrong.sentence
                                       : "the scenario needs more memory than there is");
    return false;
}

bool regression_write(const struct regression *regression, FILE *out,
                      char error[REGRESSION_ERROR_BYTES])
{
    struct region region;
    region_init(&region, REGRESSION_BYTES_MAX);
    bool written = write_tree(regression, &region, out, error);
    region_release(&region);
    return written;
}

/* ---- the parts of the file ------------------------------------------------------------------ */

static bool put(struct making *making, const char *key, struct yaml_node *value)
{
    return yaml_append(making->region, making->root, key, value);
}

static bool put_text(struct making *making, struct yaml_node *map, const char *key,
                     const char *text)
{
    return text != NULL &&
           yaml_append(making->region, map, key, yaml_new_text(making->region, text, false));
}

static bool put_number(struct making *making, struct yaml_node *map, const char *key,
                       uint64_t number)
{
    return put_text(making, map, key, region_format(making->region, "%" PRIu64, number));
}

/* BASE_TAG goes: what is explored is the base itself, and not each of its failures. */
static bool put_tags(struct making *making)
{
    const struct scenario *scenario = making->what->scenario;
    struct yaml_node *tags = yaml_new(making->region, YAML_LIST);

    for (size_t i = 0; i < scenario->tag_count && tags != NULL; i++) {
        const char *tag = scenario->tags[i];
        if (strcmp(tag, BASE_TAG) != 0 &&
            !yaml_append(making->region, tags, NULL, yaml_new_text(making->region, tag, false)))
            return false;
    }
    return tags != NULL && (tags->count == 0 || put(making, "tags", tags));
}

static bool put_head(struct making *making)
{
    const struct regression *what = making->what;
    const char *source = what->claim != NULL ? what->claim->source : what->scenario->source;
    const char *why = what->sentence;

    if (why == NULL && what->claim != NULL)
        why = what->claim->sentence;
    return put_text(making, making->root, "name", regression_name(what, making->region)) &&
           put_text(making, making->root, "stage", stage_word(what->scenario->stage)) &&
           put_text(making, making->root, "level", level_word(LEVEL_MUST)) &&
           (source == NULL || put_text(making, making->root, "source", source)) &&
           (why == NULL || put_text(making, making->root, "why", why)) && put_tags(making);
}

static bool has_own_network(const struct regression *what)
{
    return memcmp(&what->schedule->network, &what->scenario->network,
                  sizeof(what->schedule->network)) == 0;
}

static bool is_kept(const struct making *making, const char *key)
{
    if (making->what->expecting && strcmp(key, "expect") == 0)
        return true;
    for (size_t i = 0; i < COUNT_OF(REPLACED); i++)
        if (strcmp(REPLACED[i], key) == 0)
            return false;
    return strcmp(key, "network") != 0 || has_own_network(making->what);
}

static bool put_expect(struct making *making)
{
    struct yaml_node *map = yaml_new(making->region, YAML_MAP);
    const unsigned met = making->what->faults_met;

    return map != NULL && (met == 0 || put_number(making, map, "faults", met)) &&
           put(making, "expect", map);
}

/* What the base says of its actors, as it stands; the grid is gone by the substitution. */
static bool put_base(struct making *making, struct yaml_node *base)
{
    struct yaml_node *next;

    for (struct yaml_node *node = base->first; node != NULL; node = next) {
        next = node->next; /* the node itself moves to the other tree */
        if (is_kept(making, node->key->text) && !put(making, node->key->text, node))
            return false;
    }
    return (has_own_network(making->what) || put_network(making)) &&
           (making->what->expecting || put_expect(making));
}

/* ---- two sizes ------------------------------------------------------------------------------ */

enum { PLACEHOLDER_BYTES = 160 }; /* a key of a grid's value, with its braces */

static bool has_requests(const struct regression *what)
{
    return what->requests != NULL && what->requests[0] != '\0';
}

/* NULL: only one case is written. */
static const struct grid_axis *size_axis(const struct regression *what)
{
    const struct grid *grid = &what->file->grid;

    for (size_t i = 0; i < grid->axis_count && what->beside != NULL; i++)
        if (strcmp(grid->axes[i].name, BASE_SIZE_AXIS) == 0)
            return &grid->axes[i];
    return NULL;
}

/* What stands for a value, or a key of it, until a case is made of the file that is written: "${size}", "${size.window}". */
static struct yaml_node *placeholder(struct making *making, const char *key)
{
    char text[PLACEHOLDER_BYTES];

    snprintf(text, sizeof(text), "${%s%s%s}", BASE_SIZE_AXIS, key != NULL ? "." : "",
             key != NULL ? key : "");
    return yaml_new_text(making->region, text, true);
}

/* The value of that axis stays what it is in the base: a place that both sizes go to. */
static bool keep_sizes(struct making *making, struct grid_choice *choice)
{
    const struct grid *grid = &making->what->file->grid;
    const struct grid_axis *axis = size_axis(making->what);
    struct grid_value *kept = region_take(making->region, sizeof(*kept));

    if (axis == NULL || kept == NULL)
        return kept != NULL;
    const struct grid_value *value = choice->values[axis - grid->axes];
    struct yaml_node *node =
        value->node->kind == YAML_MAP ? yaml_new(making->region, YAML_MAP) : NULL;
    *kept = (struct grid_value){.node = node != NULL ? node : placeholder(making, NULL),
                                .label = value->label};
    for (const struct yaml_node *at = value->node->first; node != NULL && at != NULL; at = at->next)
        if (!yaml_append(
                making->region, node, at->key->text,
                placeholder(making, strcmp(at->key->text, "is") == 0 ? NULL : at->key->text)))
            return false;
    choice->values[axis - grid->axes] = kept;
    return kept->node != NULL;
}

/* What one of the two cases was found with. */
struct sized {
    size_t combination;
    uint64_t trace;
    const char *requests;
};

/* A value of the axis, with what its case was found with. */
static bool add_size(struct making *making, struct yaml_node *list, const struct sized *sized)
{
    const struct grid *grid = &making->what->file->grid;
    struct grid_choice choice;
    struct yaml_error wrong;
    bool chosen = grid_choose(grid, sized->combination, &choice);

    check(chosen);
    const struct grid_value *value = choice.values[size_axis(making->what) - grid->axes];
    struct yaml_node *map =
        value->node->kind == YAML_MAP
            ? grid_substitute(grid, &choice, making->region, value->node, &wrong)
            : yaml_new(making->region, YAML_MAP);
    const char *hash = region_format(making->region, "0x%016" PRIx64, sized->trace);

    if (map == NULL || hash == NULL ||
        (value->node->kind != YAML_MAP && !put_text(making, map, "is", value->label)))
        return false;
    return yaml_append(making->region, map, "trace", yaml_new_text(making->region, hash, true)) &&
           (!has_requests(making->what) || put_text(making, map, "requests", sized->requests)) &&
           yaml_append(making->region, list, NULL, map);
}

static bool put_sizes(struct making *making)
{
    const struct regression *what = making->what;
    struct yaml_node *grid = yaml_new(making->region, YAML_MAP);
    struct yaml_node *list = yaml_new(making->region, YAML_LIST);

    if (size_axis(what) == NULL)
        return true;
    if (grid == NULL || list == NULL)
        return false;
    const struct sized beside = {what->beside->combination, what->beside_trace,
                                 what->beside_requests};
    const struct sized found = {what->combination, what->trace_hash, what->requests};
    bool first = beside.combination < found.combination;
    return add_size(making, list, first ? &beside : &found) &&
           add_size(making, list, first ? &found : &beside) &&
           yaml_append(making->region, grid, BASE_SIZE_AXIS, list) && put(making, "grid", grid);
}

/* ---- network, faults and order -------------------------------------------------------------- */

/* One that was varied. */
static bool put_network(struct making *making)
{
    const struct scenario_network *network = &making->what->schedule->network;
    const struct {
        const char *key;
        uint64_t bytes;
    } sizes[] = {{"segment", network->segment_bytes},
                 {"sndbuf", network->sndbuf_bytes},
                 {"rcvbuf", network->rcvbuf_bytes}};
    struct yaml_node *map = yaml_new(making->region, YAML_MAP);

    if (map == NULL ||
        (network->latency_ns > 0 &&
         !put_text(making, map, "latency",
                   region_format(making->region, "%" PRIu64 "ns", network->latency_ns))))
        return false;
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        if (sizes[i].bytes > 0 && !put_number(making, map, sizes[i].key, sizes[i].bytes))
            return false;
    return map->count == 0 || put(making, "network", map);
}

static struct yaml_node *fault_node(struct making *making, const struct wire_fault *fault)
{
    const char *direction = fault->direction == WIRE_SENT ? "sent" : "received";
    char place[FAULT_PLACE_BYTES];
    struct yaml_node *map = yaml_new(making->region, YAML_MAP);
    bool whole =
        map != NULL &&
        put_text(making, map, "at", fault_place(fault, &making->what->map->names, place)) &&
        (fault->direction == WIRE_DIAL || put_number(making, map, direction, fault->offset)) &&
        put_text(making, map, "kind", wire_fault_word(fault->kind)) &&
        (!fault->lasting || put_text(making, map, "lasting", "true"));
    return whole ? map : NULL;
}

static bool put_faults(struct making *making)
{
    const struct schedule *schedule = making->what->schedule;
    struct yaml_node *list = yaml_new(making->region, YAML_LIST);

    if (list == NULL || schedule->fault_count == 0)
        return list != NULL;
    for (size_t i = 0; i < schedule->fault_count; i++)
        if (!yaml_append(making->region, list, NULL, fault_node(making, &schedule->faults[i])))
            return false;
    return put(making, "faults", list);
}

static bool put_order(struct making *making)
{
    const struct schedule *schedule = making->what->schedule;
    struct yaml_node *list = yaml_new(making->region, YAML_LIST);

    if (list == NULL || schedule->order_count == 0)
        return list != NULL;
    for (size_t i = 0; i < schedule->order_count; i++) {
        const char *choice = region_format(making->region, "%" PRIu32, schedule->order[i]);
        if (choice == NULL ||
            !yaml_append(making->region, list, NULL, yaml_new_text(making->region, choice, false)))
            return false;
    }
    return put(making, "order", list);
}

/* What does not hold, by its name; NULL where nothing has one. */
static const char *broken_name(const struct regression *what)
{
    if (what->expecting)
        return REGRESSION_EXPECTATIONS;
    return what->claim != NULL ? what->claim->name : NULL;
}

static bool put_requests(struct making *making, struct yaml_node *found)
{
    const struct regression *what = making->what;
    bool two = size_axis(what) != NULL;

    return !has_requests(what) ||
           yaml_append(making->region, found, "requests",
                       yaml_new_text(making->region,
                                     two ? "${" BASE_SIZE_AXIS ".requests}" : what->requests,
                                     true));
}

static bool put_found(struct making *making)
{
    const struct regression *what = making->what;
    struct yaml_node *map = yaml_new(making->region, YAML_MAP);
    const char *trace = size_axis(what) != NULL
                            ? "${" BASE_SIZE_AXIS ".trace}"
                            : region_format(making->region, "0x%016" PRIx64, what->trace_hash);
    const char *name = broken_name(what);

    if (map == NULL || trace == NULL || (name != NULL && !put_text(making, map, "claim", name)))
        return false;
    return yaml_append(making->region, map, "base",
                       yaml_new_text(making->region, what->scenario->id, true)) &&
           put_number(making, map, "seed", what->seed) &&
           yaml_append(making->region, map, "trace", yaml_new_text(making->region, trace, true)) &&
           put_requests(making, map) && put(making, "found", map);
}

/* ---- names ---------------------------------------------------------------------------------- */

const char *regression_name(const struct regression *regression, struct region *region)
{
    const char *const *words = schedule_words(regression->schedule, regression->map, region);
    const char *name =
        regression->claim != NULL ? regression->claim->sentence : regression->scenario->name;

    if (words == NULL || regression->expecting)
        return words == NULL ? NULL : name;
    for (size_t i = 0; i < regression->schedule->fault_count && name != NULL; i++)
        name = region_format(region, "%s%s%s", name, i == 0 ? ", when " : ", and ", words[i]);
    return name;
}

const char *const *schedule_words(const struct schedule *schedule, const struct fault_map *map,
                                  struct region *region)
{
    const char **words = region_take(region, (schedule->fault_count + 1) * sizeof(*words));

    for (size_t i = 0; i < schedule->fault_count && words != NULL; i++) {
        char text[FAULT_WORDS_BYTES];
        fault_words(&schedule->faults[i], map, text);
        words[i] = region_copy_text(region, text, strlen(text));
        if (words[i] == NULL)
            return NULL;
    }
    return words;
}

/* FNV-1a, which is short and good enough to tell a folder's failures apart. */
static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3ull;
    return hash;
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
    return mix(hash, &number, sizeof(number));
}

static uint32_t schedule_digest(const struct regression *regression)
{
    const struct schedule *schedule = regression->schedule;
    uint64_t hash =
        mix(0xcbf29ce484222325ull, regression->scenario->id, strlen(regression->scenario->id));

    for (size_t i = 0; i < schedule->fault_count; i++) {
        const struct wire_fault *fault = &schedule->faults[i];
        const uint64_t parts[] = {fault->party,  fault->index, fault->connection, fault->direction,
                                  fault->offset, fault->kind,  fault->lasting};
        hash = mix(hash, parts, sizeof(parts));
    }
    for (size_t i = 0; i < schedule->order_count; i++)
        hash = mix_number(hash, schedule->order[i]);
    hash = mix_number(hash, schedule->network.latency_ns);
    hash = mix_number(hash, schedule->network.segment_bytes);
    hash = mix_number(hash, schedule->network.sndbuf_bytes);
    hash = mix_number(hash, schedule->network.rcvbuf_bytes);
    return (uint32_t)(hash ^ hash >> 32);
}

/* "no-retry-after-a-byte-in-a-delivered-request-is-never-sent-again-1a2b3c4d.yaml" */
static const char *file_name(const struct regression *regression, struct region *region)
{
    const char *base = strrchr(regression->file->base, '/');
    const char *name = broken_name(regression);

    base = base != NULL ? base + 1 : regression->file->base;
    return region_format(region, "%s-in-%s-%08" PRIx32 ".yaml", name != NULL ? name : "failure",
                         base, schedule_digest(regression));
}

/* ---- saving --------------------------------------------------------------------------------- */

static bool cannot(const char *path, char error[REGRESSION_ERROR_BYTES])
{
    snprintf(error, REGRESSION_ERROR_BYTES, "%.512s: %s", path, strerror(errno));
    return false;
}

/* The folder and those above it. */
static bool make_folders(const char *folder, char error[REGRESSION_ERROR_BYTES])
{
    char path[PATH_MAX];
    int size = snprintf(path, sizeof(path), "%s", folder);

    if (size < 0 || (size_t)size >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return cannot(folder, error);
    }
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return cannot(path, error);
        *slash = '/';
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST || cannot(path, error);
}

static bool write_file(const struct regression *regression, const char *path,
                       char error[REGRESSION_ERROR_BYTES])
{
    FILE *out = fopen(path, "we");

    if (out == NULL)
        return cannot(path, error);
    bool written = regression_write(regression, out, error);
    if (written && ferror(out) != 0)
        written = cannot(path, error);
    return (fclose(out) == 0 || cannot(path, error)) && written;
}

const char *regression_save(const struct regression *regression, const char *folder,
                            struct region *region, char error[REGRESSION_ERROR_BYTES])
{
    const char *name = file_name(regression, region);
    const char *path = name != NULL ? region_format(region, "%s/%s", folder, name) : NULL;

    if (path == NULL) {
        snprintf(error, REGRESSION_ERROR_BYTES, "out of memory");
        return NULL;
    }
    return make_folders(folder, error) && write_file(regression, path, error) ? path : NULL;
}
