/* Aimed at yaml_parse(), and at yaml_u64(), yaml_duration(), yaml_size(), yaml_word() on what it made. */

#include <stdint.h>

#include "world/data/yaml.h"

enum { REGION_BYTES = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const WORDS[] = {"fin", "rst", "stall", "first", NULL};

/* Every reading of one node; what they answer matters less than that they do. */
static void read_node(const struct yaml_node *node)
{
    struct yaml_error error = {{0}};
    const char *text;
    uint64_t value;
    bool truth;

    check(node->line >= 1);
    check(node->column >= 1);
    if (yaml_u64(node, "a number", 1, 1000, &value, &error))
        check(value >= 1 && value <= 1000);
    if (yaml_duration(node, "a duration", &value, &error))
        check(value <= YAML_DURATION_MAX_NS);
    if (yaml_size(node, "a size", 65536, &value, &error))
        check(value <= 65536);
    (void)(yaml_bool(node, "a truth", &truth, &error) && truth);
    (void)(yaml_text(node, "a text", &text, &error) && text[0]);
    check(yaml_word(node, "a word", WORDS, &error) < 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_error error;
    struct region region;
    struct yaml_node *root;

    region_init(&region, REGION_BYTES);
    root = yaml_parse(&region, "fuzz", (const char *)data, size, &error);
    check((root == NULL) == (error.sentence[0] != '\0'));
    if (root != NULL) {
        read_node(root);
        for (const struct yaml_node *child = root->first; child != NULL; child = child->next)
            read_node(child);
        error.sentence[0] = '\0';
        check(!yaml_check_keys(root, "the root", WORDS, &error) || root->kind == YAML_MAP);
    }
    region_release(&region);
    return 0;
}
