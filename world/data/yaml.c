#include "world/data/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yaml.h>

#include "world/data/utf8.h"

enum { READ_BYTES_FIRST = 16 * 1024 }; /* a suite file in one read; doubled from there */

static const char NO_MEMORY[] = "there is no memory left to read further";

/* A list or map that has begun and not ended. */
struct open_node {
    struct yaml_node *node;
    struct yaml_node *last; /* the youngest child, so that a long list stays linear */
    struct yaml_node *key;  /* in a map: the key whose value has not come yet */
};

struct loader {
    struct region *region;
    struct yaml_error *error;
    const char *file;
    struct yaml_node *root;
    size_t node_count;
    struct open_node open[YAML_DEPTH_MAX];
    size_t depth;
    bool document_ended;
    bool stream_ended;
    const struct yaml_node **keys; /* scratch of check_unique() */
    size_t key_capacity;
};

static bool read_file(const char *path, char **text, size_t *size, struct yaml_error *error);
static bool check_characters(const char *name, const char *text, size_t size,
                             struct yaml_error *error);
static bool load_events(struct loader *loader, yaml_parser_t *parser);
static bool take_event(struct loader *loader, const yaml_event_t *event);
static bool check_unique(struct loader *loader, const struct yaml_node *map);

struct yaml_node *yaml_load(struct region *region, const char *path, struct yaml_error *error)
{
    struct yaml_node *root = NULL;
    char *text = NULL;
    size_t size = 0;

    error->sentence[0] = '\0';
    if (read_file(path, &text, &size, error))
        root = yaml_parse(region, path, text, size, error);
    free(text);
    return root;
}

const char *yaml_read(struct region *region, const char *path, size_t *size,
                      struct yaml_error *error)
{
    const char *kept = NULL;
    char *text = NULL;

    error->sentence[0] = '\0';
    if (read_file(path, &text, size, error)) {
        kept = region_copy_text(region, text, *size);
        if (kept == NULL)
            yaml_fail(error, NULL, "%s: %s", path, NO_MEMORY);
    }
    free(text);
    return kept;
}

struct yaml_node *yaml_parse(struct region *region, const char *name, const char *text, size_t size,
                             struct yaml_error *error)
{
    struct loader loader = {.region = region, .error = error};
    yaml_parser_t parser;
    bool loaded;

    error->sentence[0] = '\0';
    if (size > YAML_BYTES_MAX) {
        yaml_fail(error, NULL, "%s: is larger than %d bytes", name, YAML_BYTES_MAX);
        return NULL;
    }
    if (!check_characters(name, text, size, error))
        return NULL;
    loader.file = region_copy_text(region, name, strlen(name));
    if (loader.file == NULL || yaml_parser_initialize(&parser) == 0) {
        yaml_fail(error, NULL, "%s: %s", name, NO_MEMORY);
        return NULL;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    loaded = load_events(&loader, &parser);
    yaml_parser_delete(&parser);
    free(loader.keys);
    if (loaded && loader.root == NULL)
        loaded = yaml_fail(error, NULL, "%s: is empty", name);
    return loaded ? loader.root : NULL;
}

/* ---- what libyaml tells ---- */

static bool fail_syntax(struct loader *loader, const yaml_parser_t *parser);
static bool fail_at(struct loader *loader, const yaml_event_t *event, const char *sentence);
static bool begin_document(struct loader *loader, const yaml_event_t *event);
static bool take_scalar(struct loader *loader, const yaml_event_t *event);
static bool begin_container(struct loader *loader, const yaml_event_t *event, enum yaml_kind kind);
static bool end_container(struct loader *loader);

static bool load_events(struct loader *loader, yaml_parser_t *parser)
{
    bool taken = true;

    while (taken && !loader->stream_ended) {
        yaml_event_t event;

        if (yaml_parser_parse(parser, &event) == 0)
            return fail_syntax(loader, parser);
        taken = take_event(loader, &event);
        yaml_event_delete(&event);
    }
    return taken;
}

static bool take_event(struct loader *loader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return begin_document(loader, event);
    case YAML_DOCUMENT_END_EVENT:
        loader->document_ended = true;
        return true;
    case YAML_ALIAS_EVENT:
        return fail_at(loader, event, "aliases are not allowed: write out what is meant");
    case YAML_SCALAR_EVENT:
        return take_scalar(loader, event);
    case YAML_SEQUENCE_START_EVENT:
        return begin_container(loader, event, YAML_LIST);
    case YAML_MAPPING_START_EVENT:
        return begin_container(loader, event, YAML_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return end_container(loader);
    case YAML_STREAM_END_EVENT:
        loader->stream_ended = true;
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
        break;
    }
    return true;
}

static bool begin_document(struct loader *loader, const yaml_event_t *event)
{
    if (loader->document_ended)
        return fail_at(loader, event, "a second document begins here: one file is one document");
    return true;
}

/* libyaml counts lines and columns from 0, editors from 1. */
static struct yaml_node node_at(const struct loader *loader, const yaml_mark_t *mark)
{
    return (struct yaml_node){
        .file = loader->file,
        .line = (unsigned)mark->line + 1,
        .column = (unsigned)mark->column + 1,
    };
}

static bool fail_at(struct loader *loader, const yaml_event_t *event, const char *sentence)
{
    struct yaml_node at = node_at(loader, &event->start_mark);

    return yaml_fail(loader->error, &at, "%s", sentence);
}

static bool fail_syntax(struct loader *loader, const yaml_parser_t *parser)
{
    struct yaml_node at = node_at(loader, &parser->problem_mark);
    const char *problem = parser->problem == NULL ? "this is not YAML" : parser->problem;

    if (parser->error == YAML_MEMORY_ERROR)
        return yaml_fail(loader->error, NULL, "%s: %s", loader->file, NO_MEMORY);
    if (parser->context == NULL)
        return yaml_fail(loader->error, &at, "%s", problem);
    return yaml_fail(loader->error, &at, "%s (%s)", problem, parser->context);
}

/* ---- the tree ---- */

static struct yaml_node *take_node(struct loader *loader, const yaml_event_t *event,
                                   enum yaml_kind kind)
{
    struct yaml_node *node;

    if (loader->node_count == YAML_NODES_MAX) {
        fail_at(loader, event, "the file holds more keys and values than are allowed");
        return NULL;
    }
    node = region_take(loader->region, sizeof(*node));
    if (node == NULL) {
        fail_at(loader, event, NO_MEMORY);
        return NULL;
    }
    loader->node_count++;
    *node = node_at(loader, &event->start_mark);
    node->kind = kind;
    return node;
}

/* Puts a node where it belongs: the root, an element, a key, or the value of the key before. */
static bool attach(struct loader *loader, const yaml_event_t *event, struct yaml_node *node)
{
    struct open_node *parent;

    if (loader->depth == 0) {
        loader->root = node;
        return true;
    }
    parent = &loader->open[loader->depth - 1];
    if (parent->node->kind == YAML_MAP && parent->key == NULL) {
        if (node->kind != YAML_SCALAR)
            return fail_at(loader, event, "a key must be a word, not a list or a map");
        if (node->text_size == 0)
            return fail_at(loader, event, "a key is missing here");
        parent->key = node;
        return true;
    }
    node->key = parent->key;
    parent->key = NULL;
    if (parent->last == NULL)
        parent->node->first = node;
    else
        parent->last->next = node;
    parent->last = node;
    parent->node->count++;
    return true;
}

/* Anchors and tags make a file mean something else than what stands there. */
static bool check_plain(struct loader *loader, const yaml_event_t *event, const void *anchor,
                        const void *tag)
{
    if (anchor != NULL)
        return fail_at(loader, event, "anchors are not allowed: write out what is meant");
    if (tag != NULL)
        return fail_at(loader, event,
                       "tags are not allowed: every key knows its own kind of value");
    return true;
}

static bool take_scalar(struct loader *loader, const yaml_event_t *event)
{
    bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    size_t size = event->data.scalar.length;
    struct yaml_node *node;

    if (!check_plain(loader, event, event->data.scalar.anchor, event->data.scalar.tag))
        return false;
    if (loader->depth == 0 && size == 0 && !quoted)
        return true; /* a document of nothing but comments has no root */
    node = take_node(loader, event, YAML_SCALAR);
    if (node == NULL)
        return false;
    node->quoted = quoted;
    node->text_size = size;
    node->text = region_copy_text(loader->region, (const char *)event->data.scalar.value, size);
    if (node->text == NULL)
        return fail_at(loader, event, NO_MEMORY);
    return attach(loader, event, node);
}

static bool begin_container(struct loader *loader, const yaml_event_t *event, enum yaml_kind kind)
{
    const void *anchor =
        kind == YAML_LIST ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
    const void *tag =
        kind == YAML_LIST ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    struct yaml_node *node;

    if (!check_plain(loader, event, anchor, tag))
        return false;
    if (loader->depth == YAML_DEPTH_MAX)
        return fail_at(loader, event, "lists and maps are nested too deep here");
    node = take_node(loader, event, kind);
    if (node == NULL || !attach(loader, event, node))
        return false;
    loader->open[loader->depth++] = (struct open_node){.node = node};
    return true;
}

static bool end_container(struct loader *loader)
{
    const struct yaml_node *node;

    check(loader->depth > 0);
    node = loader->open[--loader->depth].node;
    return node->kind != YAML_MAP || check_unique(loader, node);
}

/* ---- duplicate keys ---- */

static int compare_places(const struct yaml_node *a, const struct yaml_node *b)
{
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->column < b->column ? -1 : a->column > b->column;
}

static int compare_texts(const struct yaml_node *a, const struct yaml_node *b)
{
    if (a->text_size != b->text_size)
        return a->text_size < b->text_size ? -1 : 1;
    return memcmp(a->text, b->text, a->text_size);
}

static int compare_keys(const void *left, const void *right)
{
    const struct yaml_node *a = *(const struct yaml_node *const *)left;
    const struct yaml_node *b = *(const struct yaml_node *const *)right;
    int order = compare_texts(a, b);

    return order != 0 ? order : compare_places(a, b);
}

static bool reserve_keys(struct loader *loader, size_t count)
{
    const struct yaml_node **keys;

    if (count <= loader->key_capacity)
        return true;
    keys = realloc(loader->keys, count * sizeof(struct yaml_node *));
    if (keys == NULL)
        return yaml_fail(loader->error, NULL, "%s: %s", loader->file, NO_MEMORY);
    loader->keys = keys;
    loader->key_capacity = count;
    return true;
}

/* By sorting, so that a map of very many keys costs no square. */
static bool check_unique(struct loader *loader, const struct yaml_node *map)
{
    const struct yaml_node *first = NULL;
    const struct yaml_node *again = NULL;
    size_t count = 0;

    if (map->count < 2)
        return true;
    if (!reserve_keys(loader, map->count))
        return false;
    for (const struct yaml_node *value = map->first; value != NULL; value = value->next)
        loader->keys[count++] = value->key;
    check(count == map->count);
    qsort(loader->keys, count, sizeof(struct yaml_node *), compare_keys);
    for (size_t i = 1; i < count; i++) {
        if (compare_texts(loader->keys[i - 1], loader->keys[i]) != 0)
            continue;
        if (again == NULL || compare_places(loader->keys[i], again) < 0) {
            first = loader->keys[i - 1];
            again = loader->keys[i];
        }
    }
    if (again == NULL)
        return true;
    return yaml_fail(loader->error, again, "the key '%s' was given before, on line %u", again->text,
                     first->line);
}

/* ---- the bytes ---- */

/* Reads on until the end or one byte past the limit. -1 with errno on failure. */
static ssize_t read_all(int descriptor, char **text)
{
    size_t capacity = READ_BYTES_FIRST;
    size_t size = 0;
    ssize_t got = 1;

    *text = malloc(capacity);
    while (*text != NULL && got > 0 && size <= YAML_BYTES_MAX) {
        if (size == capacity) {
            char *larger = realloc(*text, capacity * 2);

            if (larger == NULL)
                return -1;
            *text = larger;
            capacity *= 2;
        }
        got = read(descriptor, *text + size, capacity - size);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            size += (size_t)got;
    }
    return *text == NULL || got < 0 ? -1 : (ssize_t)size;
}

static bool read_file(const char *path, char **text, size_t *size, struct yaml_error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = -1;
    int reason = errno;

    if (descriptor >= 0) {
        got = read_all(descriptor, text);
        reason = errno;
        close(descriptor);
    }
    if (got < 0)
        return yaml_fail(error, NULL, "%s: cannot be read: %s", path, strerror(reason));
    *size = (size_t)got;
    return true;
}

/* What YAML 1.2 5.1 calls printable, and libyaml would refuse without saying where. */
static bool is_printable(uint32_t c)
{
    if (c < 0x20)
        return c == '\t' || c == '\n' || c == '\r';
    if (c >= 0x7F && c < 0xA0)
        return c == 0x85;
    return c != 0xFFFE && c != 0xFFFF;
}

static bool check_characters(const char *name, const char *text, size_t size,
                             struct yaml_error *error)
{
    struct yaml_node at = {.file = name, .line = 1, .column = 1};
    size_t i = 0;

    while (i < size) {
        uint32_t code_point;
        size_t length = utf8_take(text + i, size - i, &code_point);

        if (length == 0)
            return yaml_fail(error, &at, "this is not UTF-8 text (byte 0x%02X)", (uint8_t)text[i]);
        if (!is_printable(code_point))
            return yaml_fail(error, &at, "a control character stands here (U+%04X)", code_point);
        at.column++;
        if (code_point == '\n') {
            at.line++;
            at.column = 1;
        }
        i += length;
    }
    return true;
}
