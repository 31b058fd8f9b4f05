#include "harness/suite/grid.h"

#include <string.h>

enum {
    /* A value of the deepest tree may stand in the deepest place of another. */
    SUBSTITUTION_DEPTH_MAX = 2 * YAML_DEPTH_MAX,
    PLACEHOLDER_NAME_MAX = 128, /* bytes between the braces; longer is no name of anything */
};

struct grid_exception {
    const char *labels[GRID_AXES_MAX]; /* NULL: whatever the value */
    const struct grid_exception *next;
};

static bool fail_full(struct yaml_error *error, const struct yaml_node *at)
{
    return yaml_fail(error, at, "the file's cases need more memory than a file may have");
}

/* ---- loading -------------------------------------------------------------------------------- */

static bool label_is_printable(const char *label)
{
    for (const char *c = label; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return *label != '\0';
}

static bool read_value(const struct yaml_node *node, struct grid_value *out,
                       struct yaml_error *error)
{
    const struct yaml_node *named = node->kind == YAML_MAP ? yaml_get(node, "is") : node;
    if (named == NULL || named->kind != YAML_SCALAR)
        return yaml_fail(error, node,
                         "a grid value is a scalar, or a map with a key 'is' that labels it");
    if (named->text_size > GRID_LABEL_MAX)
        return yaml_fail(error, named,
                         "a grid value's label has at most %d bytes; write "
                         "{is: label, ...} and take the rest as ${name.key}",
                         GRID_LABEL_MAX);
    if (!label_is_printable(named->text))
        return yaml_fail(error, named,
                         "a grid value's label is not empty and has no control bytes");
    *out = (struct grid_value){.node = node, .label = named->text};
    return true;
}

static bool read_axis(struct region *region, const struct yaml_node *node, struct grid_axis *out,
                      struct yaml_error *error)
{
    if (node->kind != YAML_LIST || node->count == 0)
        return yaml_fail(error, node, "a grid name has a list of at least one value");
    if (node->count > GRID_CASES_MAX)
        return yaml_fail(error, node, "a grid has at most %d cases, this list alone has %zu",
                         GRID_CASES_MAX, node->count);
    struct grid_value *values = region_take(region, node->count * sizeof(*values));
    if (values == NULL)
        return fail_full(error, node);
    size_t count = 0;
    for (const struct yaml_node *value = node->first; value != NULL; value = value->next) {
        if (!read_value(value, &values[count], error))
            return false;
        for (size_t i = 0; i < count; i++)
            if (strcmp(values[i].label, values[count].label) == 0)
                return yaml_fail(error, value, "the value '%s' stands twice in '%s'",
                                 values[count].label, node->key->text);
        count++;
    }
    *out = (struct grid_axis){.name = node->key->text, .values = values, .count = count};
    return true;
}

static const struct grid_value *axis_value(const struct grid_axis *axis, const char *label)
{
    for (size_t i = 0; i < axis->count; i++)
        if (strcmp(axis->values[i].label, label) == 0)
            return &axis->values[i];
    return NULL;
}

static size_t axis_index(const struct grid *grid, const char *name, size_t size)
{
    size_t i = 0;
    while (i < grid->axis_count &&
           (strncmp(grid->axes[i].name, name, size) != 0 || grid->axes[i].name[size] != '\0'))
        i++;
    return i;
}

static bool read_exception(const struct grid *grid, const struct yaml_node *node,
                           struct grid_exception *out, struct yaml_error *error)
{
    if (node->kind != YAML_MAP || node->count == 0)
        return yaml_fail(error, node, "'except' is a list of maps like {method: HEAD}");
    if (!yaml_check_keys(node, "the grid", grid->names, error))
        return false;
    for (const struct yaml_node *label = node->first; label != NULL; label = label->next) {
        const struct grid_axis *axis =
            &grid->axes[axis_index(grid, label->key->text, label->key->text_size)];
        if (label->kind != YAML_SCALAR || axis_value(axis, label->text) == NULL)
            return yaml_fail(error, label, "'%s' has no such value in the grid", axis->name);
        out->labels[axis - grid->axes] = label->text;
    }
    return true;
}

static bool load_exceptions(struct grid *grid, struct region *region, const struct yaml_node *list,
                            struct yaml_error *error)
{
    if (list->kind != YAML_LIST)
        return yaml_fail(error, list, "'except' is a list of maps like {method: HEAD}");
    if (grid->axis_count == 0)
        return yaml_fail(error, list, "'except' needs a 'grid'");
    for (const struct yaml_node *node = list->first; node != NULL; node = node->next) {
        struct grid_exception *exception = region_take(region, sizeof(*exception));
        if (exception == NULL)
            return fail_full(error, node);
        if (!read_exception(grid, node, exception, error))
            return false;
        exception->next = grid->exceptions;
        grid->exceptions = exception;
    }
    return true;
}

static bool load_axes(struct grid *grid, struct region *region, const struct yaml_node *map,
                      struct yaml_error *error)
{
    if (map->kind != YAML_MAP || map->count == 0)
        return yaml_fail(error, map, "'grid' is a map of names to lists of values");
    if (map->count > GRID_AXES_MAX)
        return yaml_fail(error, map, "a grid has at most %d names", GRID_AXES_MAX);
    for (const struct yaml_node *node = map->first; node != NULL; node = node->next) {
        struct grid_axis *axis = &grid->axes[grid->axis_count];
        if (!read_axis(region, node, axis, error))
            return false;
        grid->names[grid->axis_count++] = axis->name;
        grid->combinations *= axis->count;
        if (grid->combinations > GRID_CASES_MAX)
            return yaml_fail(error, map, "a grid has at most %d cases", GRID_CASES_MAX);
    }
    return true;
}

bool grid_load(struct grid *grid, struct region *region, const struct yaml_node *values,
               const struct yaml_node *except, struct yaml_error *error)
{
    *grid = (struct grid){.combinations = 1};
    if (values != NULL && !load_axes(grid, region, values, error))
        return false;
    return except == NULL || load_exceptions(grid, region, except, error);
}

/* ---- choosing ------------------------------------------------------------------------------- */

static bool exception_fits(const struct grid *grid, const struct grid_exception *exception,
                           const struct grid_choice *choice)
{
    for (size_t i = 0; i < grid->axis_count; i++)
        if (exception->labels[i] != NULL &&
            strcmp(exception->labels[i], choice->values[i]->label) != 0)
            return false;
    return true;
}

bool grid_choose(const struct grid *grid, size_t combination, struct grid_choice *out)
{
    check(combination < grid->combinations);
    for (size_t i = grid->axis_count; i-- > 0;) {
        const struct grid_axis *axis = &grid->axes[i];
        out->values[i] = &axis->values[combination % axis->count];
        combination /= axis->count;
    }
    for (const struct grid_exception *e = grid->exceptions; e != NULL; e = e->next)
        if (exception_fits(grid, e, out))
            return false;
    return true;
}

const char *grid_label(const struct grid *grid, const struct grid_choice *choice, const char *axis)
{
    size_t index = axis_index(grid, axis, strlen(axis));
    return index < grid->axis_count ? choice->values[index]->label : NULL;
}

const char *grid_suffix(const struct grid *grid, const struct grid_choice *choice,
                        struct region *region)
{
    if (grid->axis_count == 0)
        return "";
    size_t size = 2;
    for (size_t i = 0; i < grid->axis_count; i++)
        size += strlen(grid->axes[i].name) + strlen(choice->values[i]->label) + 2;
    char *suffix = region_take(region, size);
    if (suffix == NULL)
        return NULL;
    char *end = suffix;
    for (size_t i = 0; i < grid->axis_count; i++) {
        *end++ = i == 0 ? '[' : ',';
        end = stpcpy(end, grid->axes[i].name);
        *end++ = '=';
        end = stpcpy(end, choice->values[i]->label);
    }
    *end = ']';
    return suffix;
}

/* ---- substitution --------------------------------------------------------------------------- */

struct substitution {
    const struct grid *grid;
    const struct grid_choice *choice;
    struct region *region;
    struct yaml_error *error;
};

/* The value that a placeholder stands for: name, or name.key of a map. NULL and an error. */
static const struct yaml_node *placeholder_value(const struct substitution *by,
                                                 const struct yaml_node *at, const char *name,
                                                 size_t size)
{
    char text[PLACEHOLDER_NAME_MAX];
    if (size >= sizeof(text)) {
        yaml_fail(by->error, at, "a name in ${...} has at most %d bytes", PLACEHOLDER_NAME_MAX - 1);
        return NULL;
    }
    memcpy(text, name, size);
    text[size] = '\0';
    char *key = strchr(text, '.');
    if (key != NULL)
        *key++ = '\0';
    size_t index = axis_index(by->grid, text, strlen(text));
    if (index == by->grid->axis_count) {
        const char *nearest = yaml_nearest(text, by->grid->names);
        yaml_fail(by->error, at, "the grid has no '%s'%s%s%s", text,
                  nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
        return NULL;
    }
    const struct yaml_node *value = by->choice->values[index]->node;
    if (value->kind == YAML_MAP)
        value = yaml_get(value, key != NULL ? key : "is");
    else if (key != NULL)
        value = NULL;
    if (value == NULL)
        yaml_fail(by->error, at, "the value '%s' of '%s' has no key '%s'",
                  by->choice->values[index]->label, text, key);
    return value;
}

/* Where the next `${name}` begins and ends in the text; false when there is none. */
static bool find_placeholder(const char *text, const char **begin, const char **end)
{
    *begin = strchr(text, '$');
    while (*begin != NULL && (*begin)[1] != '{')
        *begin = strchr(*begin + 1, '$');
    *end = *begin != NULL ? strchr(*begin, '}') : NULL;
    return *end != NULL;
}

/* Bytes of a scalar after replacement, or 0 with an error; out may be NULL to measure only. */
static bool replace_in_text(const struct substitution *by, const struct yaml_node *at, char *out,
                            size_t *size)
{
    const char *text = at->text;
    const char *begin;
    const char *end;
    *size = 0;
    while (find_placeholder(text, &begin, &end)) {
        const struct yaml_node *value =
            placeholder_value(by, at, begin + 2, (size_t)(end - begin) - 2);
        if (value == NULL)
            return false;
        if (value->kind != YAML_SCALAR)
            return yaml_fail(by->error, at, "a list or a map cannot stand inside a text");
        if (out != NULL) {
            memcpy(out + *size, text, (size_t)(begin - text));
            memcpy(out + *size + (begin - text), value->text, value->text_size);
        }
        *size += (size_t)(begin - text) + value->text_size;
        text = end + 1;
    }
    size_t rest = at->text_size - (size_t)(text - at->text);
    if (out != NULL)
        memcpy(out + *size, text, rest);
    *size += rest;
    return true;
}

/* Fills a scalar's copy. The whole value takes its place where the scalar is nothing but one `${name}`. */
static bool substitute_scalar(const struct substitution *by, const struct yaml_node *from,
                              struct yaml_node *to)
{
    const char *begin;
    const char *end;
    if (!find_placeholder(from->text, &begin, &end))
        return true;
    if (begin == from->text && end + 1 == from->text + from->text_size) {
        const struct yaml_node *value =
            placeholder_value(by, from, begin + 2, (size_t)(end - begin) - 2);
        if (value == NULL)
            return false;
        struct yaml_node *key = to->key;
        *to = *value;
        to->key = key;
        return true;
    }
    size_t size;
    if (!replace_in_text(by, from, NULL, &size))
        return false;
    char *text = region_take(by->region, size + 1);
    if (text == NULL)
        return fail_full(by->error, from);
    to->text = text;
    to->quoted = false; /* YAML asks for the quotes because of the braces; they say nothing */
    return replace_in_text(by, from, text, &to->text_size);
}

static bool substitute_key(const struct substitution *by, struct yaml_node *to)
{
    const char *begin;
    const char *end;
    if (to->key == NULL || !find_placeholder(to->key->text, &begin, &end))
        return true;
    struct yaml_node *key = region_take(by->region, sizeof(*key));
    if (key == NULL)
        return fail_full(by->error, to->key);
    *key = *to->key;
    if (!substitute_scalar(by, to->key, key))
        return false;
    if (key->kind != YAML_SCALAR)
        return yaml_fail(by->error, to->key, "a list or a map cannot be a key");
    to->key = key;
    return true;
}

/* One node's copy, its children still those of the original. NULL and an error. */
static struct yaml_node *copy_node(const struct substitution *by, const struct yaml_node *from)
{
    struct yaml_node *to = region_take(by->region, sizeof(*to));
    if (to == NULL) {
        fail_full(by->error, from);
        return NULL;
    }
    *to = *from;
    to->next = NULL;
    if (from->kind == YAML_SCALAR && !substitute_scalar(by, from, to))
        return NULL;
    to->next = NULL;
    return substitute_key(by, to) ? to : NULL;
}

/* The grid may have thousands of values, and no case needs them. */
static const struct yaml_node *skip_grid(const struct yaml_node *key)
{
    while (key != NULL && key->key != NULL &&
           (strcmp(key->key->text, "grid") == 0 || strcmp(key->key->text, "except") == 0))
        key = key->next;
    return key;
}

struct yaml_node *grid_substitute(const struct grid *grid, const struct grid_choice *choice,
                                  struct region *region, const struct yaml_node *file,
                                  struct yaml_error *error)
{
    const struct substitution by = {grid, choice, region, error};
    /* Per open list or map: the next child to copy, and where its copy is to be hung. */
    const struct yaml_node *sources[SUBSTITUTION_DEPTH_MAX];
    struct yaml_node **places[SUBSTITUTION_DEPTH_MAX];
    struct yaml_node *root = copy_node(&by, file);
    if (root == NULL)
        return NULL;
    size_t depth = 0;
    sources[0] = root->first;
    places[0] = &root->first;
    for (;;) {
        const struct yaml_node *from = depth == 0 ? skip_grid(sources[0]) : sources[depth];
        if (from == NULL) {
            *places[depth] = NULL;
            if (depth-- == 0)
                return root;
            continue;
        }
        struct yaml_node *to = copy_node(&by, from);
        if (to == NULL)
            return NULL;
        *places[depth] = to;
        places[depth] = &to->next;
        sources[depth] = from->next;
        if (to->kind == YAML_SCALAR || to->first == NULL)
            continue;
        check(depth + 1 < SUBSTITUTION_DEPTH_MAX);
        depth++;
        sources[depth] = to->first;
        places[depth] = &to->first;
    }
}
