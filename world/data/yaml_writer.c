#include "world/data/yaml_writer.h"

#include <string.h>

#include <yaml.h>

enum { INDENT_COLUMNS = 2 };

/* ---- walking a tree without recursion ------------------------------------------------------- */

enum walk_step { WALK_ENTER, WALK_LEAVE, WALK_END };

struct walk {
    const struct yaml_node *open[YAML_WRITER_DEPTH_MAX]; /* lists and maps around what comes next */
    size_t depth;
    const struct yaml_node *next; /* NULL: the innermost one ends */
};

/* The node that is entered, or the list or map that is left; scalars are only entered. */
static enum walk_step walk_on(struct walk *walk, const struct yaml_node **node)
{
    if (walk->next == NULL && walk->depth == 0)
        return WALK_END;
    if (walk->next == NULL) {
        *node = walk->open[--walk->depth];
        walk->next = walk->depth > 0 ? (*node)->next : NULL;
        return WALK_LEAVE;
    }
    *node = walk->next;
    if ((*node)->kind == YAML_SCALAR) {
        walk->next = walk->depth > 0 ? (*node)->next : NULL;
        return WALK_ENTER;
    }
    check(walk->depth < YAML_WRITER_DEPTH_MAX);
    walk->open[walk->depth++] = *node;
    walk->next = (*node)->first;
    return WALK_ENTER;
}

/* ---- layout --------------------------------------------------------------------------------- */

/* Whether it fits on a line of so many columns; brackets, quotes, commas and spaces are counted, escapes are not. */
static bool fits_on_line(const struct yaml_node *root, size_t columns)
{
    enum { BESIDE = 2 }; /* brackets or quotes; and as much for the comma or the colon behind */
    struct walk walk = {.next = root};
    const struct yaml_node *node;
    size_t used = 0;

    for (enum walk_step step = walk_on(&walk, &node); step != WALK_END && used <= columns;
         step = walk_on(&walk, &node)) {
        if (step == WALK_LEAVE)
            continue;
        used += BESIDE + (node->kind == YAML_SCALAR ? node->text_size : BESIDE);
        used += node->key != NULL ? node->key->text_size + BESIDE : 0;
    }
    return used <= columns;
}

/* ---- what libyaml is told ------------------------------------------------------------------- */

/* yaml_emitter_emit() owns the event from here on, whatever it returns. */
static bool emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
    return made != 0 && yaml_emitter_emit(emitter, event) != 0;
}

/* The emitter itself quotes what cannot stand plain. */
static bool emit_scalar(yaml_emitter_t *emitter, const struct yaml_node *node)
{
    yaml_event_t event;
    yaml_scalar_style_t style =
        node->quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
    int made = yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)node->text,
                                            (int)node->text_size, 1, 1, style);
    return emit(emitter, &event, made);
}

static bool emit_begin(yaml_emitter_t *emitter, const struct yaml_node *node, bool on_line)
{
    yaml_event_t event;
    int made;

    if (node->kind == YAML_LIST)
        made = yaml_sequence_start_event_initialize(
            &event, NULL, NULL, 1, on_line ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE);
    else
        made = yaml_mapping_start_event_initialize(
            &event, NULL, NULL, 1, on_line ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE);
    return emit(emitter, &event, made);
}

static bool emit_end(yaml_emitter_t *emitter, const struct yaml_node *node)
{
    yaml_event_t event;
    int made = node->kind == YAML_LIST ? yaml_sequence_end_event_initialize(&event)
                                       : yaml_mapping_end_event_initialize(&event);
    return emit(emitter, &event, made);
}

static bool emit_node(yaml_emitter_t *emitter, const struct yaml_node *node, size_t depth)
{
    const size_t indent = depth * INDENT_COLUMNS;
    const size_t room = indent < YAML_LINE_COLUMNS ? YAML_LINE_COLUMNS - indent : 0;

    if (node->key != NULL && depth > 0 && !emit_scalar(emitter, node->key))
        return false;
    if (node->kind == YAML_SCALAR)
        return emit_scalar(emitter, node);
    return emit_begin(emitter, node, depth > 0 && fits_on_line(node, room));
}

static bool emit_tree(yaml_emitter_t *emitter, const struct yaml_node *root)
{
    struct walk walk = {.next = root};
    const struct yaml_node *node;

    for (;;) {
        size_t depth = walk.depth;
        switch (walk_on(&walk, &node)) {
        case WALK_ENTER:
            if (!emit_node(emitter, node, depth))
                return false;
            break;
        case WALK_LEAVE:
            if (!emit_end(emitter, node))
                return false;
            break;
        case WALK_END:
            return true;
        }
    }
}

static bool emit_document(yaml_emitter_t *emitter, const struct yaml_node *root)
{
    yaml_event_t event;

    return emit(emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) &&
           emit(emitter, &event,
                yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1)) &&
           emit_tree(emitter, root) &&
           emit(emitter, &event, yaml_document_end_event_initialize(&event, 1)) &&
           emit(emitter, &event, yaml_stream_end_event_initialize(&event));
}

bool yaml_write(const struct yaml_node *root, FILE *out)
{
    yaml_emitter_t emitter;

    check(root->kind != YAML_SCALAR);
    if (yaml_emitter_initialize(&emitter) == 0)
        return false;
    yaml_emitter_set_output_file(&emitter, out);
    yaml_emitter_set_indent(&emitter, INDENT_COLUMNS);
    yaml_emitter_set_width(&emitter, YAML_LINE_COLUMNS);
    yaml_emitter_set_unicode(&emitter, 1);
    bool written = emit_document(&emitter, root);
    yaml_emitter_delete(&emitter);
    return written && ferror(out) == 0;
}

/* ---- making nodes --------------------------------------------------------------------------- */

struct yaml_node *yaml_new(struct region *region, enum yaml_kind kind)
{
    struct yaml_node *node = region_take(region, sizeof(*node));

    check(kind != YAML_SCALAR);
    if (node != NULL)
        *node = (struct yaml_node){.kind = kind, .file = ""};
    return node;
}

struct yaml_node *yaml_new_text(struct region *region, const char *text, bool quoted)
{
    const size_t size = strlen(text);
    struct yaml_node *node = region_take(region, sizeof(*node));
    const char *copy = region_copy_text(region, text, size);

    if (node == NULL || copy == NULL)
        return NULL;
    *node = (struct yaml_node){
        .kind = YAML_SCALAR, .file = "", .quoted = quoted, .text = copy, .text_size = size};
    return node;
}

bool yaml_append(struct region *region, struct yaml_node *parent, const char *key,
                 struct yaml_node *value)
{
    struct yaml_node **end = &parent->first;

    check((parent->kind == YAML_MAP) == (key != NULL));
    if (value == NULL)
        return false;
    value->key = key != NULL ? yaml_new_text(region, key, false) : NULL;
    if (key != NULL && value->key == NULL)
        return false;
    while (*end != NULL)
        end = &(*end)->next;
    value->next = NULL;
    *end = value;
    parent->count++;
    return true;
}
