/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "world/data/yaml_writer.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>

enum { REGION_BYTES = 64 * 1024 * 1024, FOLDERS_OPEN = 16 };

/* What yaml_write() makes of a tree; to be freed. */
static char *write_text(const struct yaml_node *root)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_true(yaml_write(root, out));
    assert_int_equal(fclose(out), 0);
    return text;
}

/* ---- the same tree again -------------------------------------------------------------------- */

/* Its depth is that of YAML_DEPTH_MAX. What must be quoted may come back quoted. */
static void assert_same(const struct yaml_node *a, const struct yaml_node *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->key != NULL, b->key != NULL);
    if (a->key != NULL)
        assert_string_equal(a->key->text, b->key->text);
    assert_int_equal(a->count, b->count);
    if (a->kind == YAML_SCALAR) {
        assert_int_equal(a->text_size, b->text_size);
        assert_memory_equal(a->text, b->text, a->text_size);
        assert_true(a->quoted ? b->quoted : true);
        return;
    }
    const struct yaml_node *other = b->first;
    for (const struct yaml_node *child = a->first; child != NULL; child = child->next) {
        assert_non_null(other);
        assert_same(child, other);
        other = other->next;
    }
    assert_null(other);
}

static void check_round_trip(const char *name, struct yaml_node *root, struct region *region)
{
    struct yaml_error error;
    char *text = write_text(root);
    struct yaml_node *again = yaml_parse(region, name, text, strlen(text), &error);

    if (again == NULL)
        print_error("%s\n%s\n", error.sentence, text);
    assert_non_null(again);
    assert_same(root, again);
    char *twice = write_text(again);
    assert_string_equal(text, twice);
    free(twice);
    free(text);
}

static const struct {
    const char *sentence;
    const char *text;
} ROUND_TRIPS[] = {
    {"a number in quotes stays text", "a: \"1\"\nb: 1\nc: 'true'\n"},
    {"an empty text and an empty value", "a: ''\nb:\nc: [\"\", x]\n"},
    {"empty lists and maps", "a: []\nb: {}\nc: [[], {}]\n"},
    {"what YAML takes for something else", "a: \"x: y\"\nb: \"#\"\nc: \"- z\"\nd: \"${m}\"\n"},
    {"keys that must be quoted", "{\"::1\": a, \"a b\": {\"#\": 1}}\n"},
    {"line ends and control characters", "a: \"one\\r\\ntwo\\0three\\x7f\"\nb: \"\\t\"\n"},
    {"letters that are no ASCII", "a: \"größe\"\nb: größe\n"},
    {"lines that are folded because they are long",
     "why: a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p q r "
     "s t u v w x y z a b c d e f g h i j k l m n o p q r s t u v w x y z\n"},
    {"text of several lines", "a: |\n  one\n  two\nb: >-\n  one\n  two\n"},
    {"a list at the top", "- a\n- [b, {c: d}]\n"},
};

static void reads_back(void **state)
{
    const size_t row = (size_t)(uintptr_t)*state;
    struct region region;
    struct yaml_error error;

    region_init(&region, REGION_BYTES);
    struct yaml_node *root =
        yaml_parse(&region, "f", ROUND_TRIPS[row].text, strlen(ROUND_TRIPS[row].text), &error);
    assert_non_null(root);
    check_round_trip("f", root, &region);
    region_release(&region);
}

static int check_file(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    const char *dot = strrchr(path, '.');
    struct region region;
    struct yaml_error error;

    (void)status;
    (void)place;
    if (kind != FTW_F || dot == NULL || strcmp(dot, ".yaml") != 0)
        return 0;
    region_init(&region, REGION_BYTES);
    struct yaml_node *root = yaml_load(&region, path, &error);
    assert_non_null(root);
    check_round_trip(path, root, &region);
    region_release(&region);
    return 0;
}

static void the_whole_suite_reads_back(void **state)
{
    (void)state;
    assert_int_equal(nftw("scenarios", check_file, FOLDERS_OPEN, FTW_PHYS), 0);
}

/* ---- layout --------------------------------------------------------------------------------- */

static void what_fits_stands_on_a_line(void **state)
{
    static const char TEXT[] =
        "proxy: {max_retries: 2, response_timeout: 500ms}\n"
        "upstreams: {a: [[{read: request}, {end: fin}]]}\n"
        "expect:\n"
        "  client: {status: 502, error: UPSTREAM_REQUEST_FAILED, cause: connection_terminated}\n"
        "  record: {stage: post-write, cause: connection_terminated}\n";
    struct region region;
    struct yaml_error error;

    (void)state;
    region_init(&region, REGION_BYTES);
    struct yaml_node *root = yaml_parse(&region, "f", TEXT, strlen(TEXT), &error);
    assert_non_null(root);
    char *text = write_text(root);
    assert_string_equal(text, TEXT);
    free(text);
    region_release(&region);
}

static void nodes_can_be_made(void **state)
{
    struct region region;

    (void)state;
    region_init(&region, REGION_BYTES);
    struct yaml_node *root = yaml_new(&region, YAML_MAP);
    struct yaml_node *list = yaml_new(&region, YAML_LIST);
    assert_true(yaml_append(&region, list, NULL, yaml_new_text(&region, "1", false)));
    assert_true(yaml_append(&region, list, NULL, yaml_new_text(&region, "1", true)));
    assert_true(yaml_append(&region, root, "n", list));
    assert_true(yaml_append(&region, root, "t", yaml_new_text(&region, "a: b", false)));
    assert_int_equal(root->count, 2);
    assert_ptr_equal(yaml_get(root, "n"), list);
    char *text = write_text(root);
    assert_string_equal(text, "n: [1, \"1\"]\nt: 'a: b'\n");
    free(text);
    region_release(&region);
}

static void running_out_of_memory_is_told_once(void **state)
{
    struct region region;

    (void)state;
    region_init(&region, 1); /* not even a block */
    struct yaml_node map = {.kind = YAML_MAP};
    assert_null(yaml_new(&region, YAML_LIST));
    assert_null(yaml_new_text(&region, "x", false));
    assert_false(yaml_append(&region, &map, "k", NULL));
    region_release(&region);
}

static void a_stream_that_refuses_is_told(void **state)
{
    struct region region;
    FILE *full = fopen("/dev/full", "we");

    (void)state;
    assert_non_null(full);
    setvbuf(full, NULL, _IONBF, 0);
    region_init(&region, REGION_BYTES);
    struct yaml_node *root = yaml_new(&region, YAML_MAP);
    assert_true(yaml_append(&region, root, "k", yaml_new_text(&region, "v", false)));
    assert_false(yaml_write(root, full));
    fclose(full);
    region_release(&region);
}

int main(void)
{
    enum { OTHERS = 5 };
    struct CMUnitTest tests[COUNT_OF(ROUND_TRIPS) + OTHERS] = {
        cmocka_unit_test(the_whole_suite_reads_back),
        cmocka_unit_test(what_fits_stands_on_a_line),
        cmocka_unit_test(nodes_can_be_made),
        cmocka_unit_test(running_out_of_memory_is_told_once),
        cmocka_unit_test(a_stream_that_refuses_is_told),
    };

    for (size_t i = 0; i < COUNT_OF(ROUND_TRIPS); i++)
        tests[OTHERS + i] = (struct CMUnitTest){.name = ROUND_TRIPS[i].sentence,
                                                .test_func = reads_back,
                                                .initial_state = (void *)(uintptr_t)i};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
