/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "world/data/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REGION_BYTES = 64 * 1024 * 1024 };

struct fixture {
    struct region region;
    struct yaml_error error;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    region_init(&fixture->region, REGION_BYTES);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    region_release(&fixture->region);
    free(fixture);
    return 0;
}

static struct yaml_node *parse(struct fixture *fixture, const char *text)
{
    return yaml_parse(&fixture->region, "f", text, strlen(text), &fixture->error);
}

/* The value of the only key of a one-line map. */
static struct yaml_node *parse_value(struct fixture *fixture, const char *text)
{
    struct yaml_node *map = parse(fixture, text);

    assert_non_null(map);
    return map->first;
}

/* ---- refused files ---- */

static const struct {
    const char *text;
    const char *sentence;
} REFUSED[] = {
    {"", "f: is empty"},
    {"# only a comment\n", "f: is empty"},
    {"---\n", "f: is empty"},
    {"a: &x 1", "f:1:4: anchors are not allowed: write out what is meant"},
    {"a: &x [1]", "f:1:4: anchors are not allowed: write out what is meant"},
    {"a: &x {b: 1}", "f:1:4: anchors are not allowed: write out what is meant"},
    {"a: 1\nb: *x", "f:2:4: aliases are not allowed: write out what is meant"},
    {"a: !!str 1", "f:1:4: tags are not allowed: every key knows its own kind of value"},
    {"a: !thing {b: 1}", "f:1:4: tags are not allowed: every key knows its own kind of value"},
    {"a: 1\n---\nb: 2\n", "f:2:1: a second document begins here: one file is one document"},
    {"a: 1\nb: 2\na: 3\n", "f:3:1: the key 'a' was given before, on line 1"},
    {"b: {x: 1, y: 2, x: 3, y: 4}", "f:1:17: the key 'x' was given before, on line 1"},
    {"[a, b]: 1", "f:1:1: a key must be a word, not a list or a map"},
    {"? {a: b}\n: 1", "f:1:3: a key must be a word, not a list or a map"},
    {"\"\": 1", "f:1:1: a key is missing here"},
    {"a: [1, 2\n", "f:2:1: did not find expected ',' or ']' (while parsing a flow sequence)"},
    {"a: 1\n b: 2\n", "f:2:3: mapping values are not allowed in this context"},
    {"a: b\n\xC3(", "f:2:1: this is not UTF-8 text (byte 0xC3)"},
    {"\xFF\xFE"
     "a",
     "f:1:1: this is not UTF-8 text (byte 0xFF)"},
    {"a: \xED\xA0\x80", "f:1:4: this is not UTF-8 text (byte 0xED)"},
    {"k\xC3\xA9y: \x01", "f:1:6: a control character stands here (U+0001)"},
    {"a: \x7F", "f:1:4: a control character stands here (U+007F)"},
    {"a: \xC2\x80", "f:1:4: a control character stands here (U+0080)"},
};

static void a_bad_file_is_refused_where_it_is_bad(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT_OF(REFUSED); i++) {
        assert_null(parse(fixture, REFUSED[i].text));
        assert_string_equal(fixture->error.sentence, REFUSED[i].sentence);
    }
}

static void a_nul_byte_is_refused(void **state)
{
    struct fixture *fixture = *state;

    assert_null(yaml_parse(&fixture->region, "f", "a: b\0c", 6, &fixture->error));
    assert_string_equal(fixture->error.sentence, "f:1:5: a control character stands here (U+0000)");
}

static void an_unreadable_file_is_said_with_the_reason(void **state)
{
    struct fixture *fixture = *state;

    assert_null(yaml_load(&fixture->region, "/no/such/file", &fixture->error));
    assert_string_equal(fixture->error.sentence,
                        "/no/such/file: cannot be read: No such file or directory");
    assert_null(yaml_load(&fixture->region, "/", &fixture->error));
    assert_string_equal(fixture->error.sentence, "/: cannot be read: Is a directory");
    assert_null(yaml_load(&fixture->region, "/dev/zero", &fixture->error));
    assert_string_equal(fixture->error.sentence, "/dev/zero: is larger than 1048576 bytes");
}

/* ---- the tree ---- */

static void a_node_knows_where_it_stands(void **state)
{
    struct fixture *fixture = *state;
    struct yaml_node *root =
        parse(fixture, "name: a sentence\nlist:\n  - \"1\"\n  - {k: v}\nend:\n");
    struct yaml_node *list;

    assert_non_null(root);
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->count, 3);
    assert_string_equal(root->file, "f");
    assert_string_equal(root->first->key->text, "name");
    assert_string_equal(root->first->text, "a sentence");
    assert_false(root->first->quoted);
    assert_int_equal(root->first->column, 7);
    list = yaml_get(root, "list");
    assert_int_equal(list->kind, YAML_LIST);
    assert_int_equal(list->count, 2);
    assert_int_equal(list->key->line, 2);
    assert_true(list->first->quoted);
    assert_int_equal(list->first->line, 3);
    assert_int_equal(list->first->column, 5);
    assert_string_equal(yaml_get(list->first->next, "k")->text, "v");
    assert_null(list->first->next->next);
    assert_int_equal(yaml_get(root, "end")->text_size, 0);
    assert_null(yaml_get(root, "nowhere"));
}

static void a_file_is_read_like_its_text(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/yaml_test_XXXXXX";
    int descriptor = mkstemp(path);
    FILE *file = fdopen(descriptor, "w");
    struct yaml_node *root;

    assert_non_null(file);
    fputs("\xEF\xBB\xBFkey: \"tab\\tnul\\0end\"\n", file);
    fclose(file);
    root = yaml_load(&fixture->region, path, &fixture->error);
    unlink(path);
    assert_non_null(root);
    assert_int_equal(root->first->text_size, 11);
    assert_memory_equal(root->first->text, "tab\tnul\0end", 12);
}

/* ---- both sides of each limit ---- */

static void nesting_ends_at_the_limit(void **state)
{
    struct fixture *fixture = *state;
    char text[2 * YAML_DEPTH_MAX + 3] = "";

    memset(text, '[', YAML_DEPTH_MAX);
    memset(text + YAML_DEPTH_MAX, ']', YAML_DEPTH_MAX);
    assert_non_null(parse(fixture, text));
    memset(text, '[', YAML_DEPTH_MAX + 1);
    memset(text + YAML_DEPTH_MAX + 1, ']', YAML_DEPTH_MAX + 1);
    assert_null(parse(fixture, text));
    assert_string_equal(fixture->error.sentence, "f:1:33: lists and maps are nested too deep here");
}

/* A list of so many empty scalars: that many nodes and the list itself. */
static struct yaml_node *parse_list(struct fixture *fixture, size_t elements)
{
    char *text = malloc(2 * elements + 1);
    struct yaml_node *root;

    assert_non_null(text);
    for (size_t i = 0; i < elements; i++)
        memcpy(text + 2 * i, "-\n", 2);
    root = yaml_parse(&fixture->region, "f", text, 2 * elements, &fixture->error);
    free(text);
    return root;
}

static void nodes_end_at_the_limit(void **state)
{
    struct fixture *fixture = *state;
    struct yaml_node *root = parse_list(fixture, YAML_NODES_MAX - 1);

    assert_non_null(root);
    assert_int_equal(root->count, YAML_NODES_MAX - 1);
    region_reset(&fixture->region);
    assert_null(parse_list(fixture, YAML_NODES_MAX));
    assert_string_equal(fixture->error.sentence,
                        "f:65536:2: the file holds more keys and values than are allowed");
}

static void bytes_end_at_the_limit(void **state)
{
    struct fixture *fixture = *state;
    char *text = malloc(YAML_BYTES_MAX + 1);

    assert_non_null(text);
    memset(text, ' ', YAML_BYTES_MAX + 1);
    text[0] = 'x';
    assert_non_null(yaml_parse(&fixture->region, "f", text, YAML_BYTES_MAX, &fixture->error));
    assert_null(yaml_parse(&fixture->region, "f", text, YAML_BYTES_MAX + 1, &fixture->error));
    assert_string_equal(fixture->error.sentence, "f: is larger than 1048576 bytes");
    free(text);
}

static void a_full_region_is_an_ordinary_error(void **state)
{
    struct fixture *fixture = *state;
    struct region small;

    region_init(&small, 16 * 1024);
    for (size_t i = 0; i < 2; i++) {
        char text[] =
            "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]";

        assert_non_null(yaml_parse(&small, "f", text, strlen(text), &fixture->error));
    }
    while (yaml_parse(&small, "f", "[a, b]", 6, &fixture->error) != NULL)
        ;
    assert_non_null(strstr(fixture->error.sentence, "there is no memory left to read further"));
    region_release(&small);
}

/* ---- readings ---- */

struct number_row {
    const char *text;
    uint64_t value;       /* when it is read */
    const char *sentence; /* when it is refused */
};

static const struct number_row NUMBERS[] = {
    /* between 3 and 50 */
    {"k: 3", 3, NULL},
    {"k: 50", 50, NULL},
    {"k: 007", 7, NULL},
    {"k: 2", 0, "f:1:4: the port must be between 3 and 50, not 2"},
    {"k: 51", 0, "f:1:4: the port must be between 3 and 50, not 51"},
    {"k: 18446744073709551619", 0,
     "f:1:4: the port must be between 3 and 50, not 18446744073709551619"},
    {"k: -4", 0, "f:1:4: the port must be a whole number, not '-4'"},
    {"k: 4.0", 0, "f:1:4: the port must be a whole number, not '4.0'"},
    {"k: 0x10", 0, "f:1:4: the port must be a whole number, not '0x10'"},
    {"k: \"4\"", 0, "f:1:4: the port must be a number; between quotes it is text"},
    {"k:", 0, "f:1:3: the port must be a whole number, not ''"},
    {"k: [4]", 0, "f:1:4: the port must be a number"},
};

static const struct number_row DURATIONS[] = {
    {"k: 0", 0, NULL},
    {"k: 1ns", 1, NULL},
    {"k: 50us", 50000, NULL},
    {"k: 250ms", 250000000, NULL},
    {"k: \"2s\"", 2000000000, NULL},
    {"k: 1m", 60000000000, NULL},
    {"k: 8760h", YAML_DURATION_MAX_NS, NULL},
    {"k: 8761h", 0, "f:1:4: idle must be at most 8760h (a year), not 8761h"},
    {"k: 31536000000000001us", 0,
     "f:1:4: idle must be at most 8760h (a year), not 31536000000000001us"},
    {"k: 99999999999999999999s", 0,
     "f:1:4: idle must be at most 8760h (a year), not 99999999999999999999s"},
    {"k: 5", 0, "f:1:4: idle needs a unit: 5ms or 5s?"},
    {"k: 5sec", 0, "f:1:4: idle has no such unit: '5sec'; known are ns, us, ms, s, m, h"},
    {"k: 1.5s", 0, "f:1:4: idle has no such unit: '1.5s'; known are ns, us, ms, s, m, h"},
    {"k: -1s", 0, "f:1:4: idle must be a whole number with a unit, such as 250ms or 2s"},
    {"k: {}", 0, "f:1:4: idle must be a whole number with a unit, such as 250ms or 2s"},
};

static const struct number_row SIZES[] = {
    /* at most 1 GiB */
    {"k: 0", 0, NULL},
    {"k: 65536", 65536, NULL},
    {"k: 12B", 12, NULL},
    {"k: 64KiB", 65536, NULL},
    {"k: 256MiB", 268435456, NULL},
    {"k: 1GiB", 1073741824, NULL},
    {"k: 1073741825", 0, "f:1:4: window must be at most 1073741824 bytes, not 1073741825"},
    {"k: 2GiB", 0, "f:1:4: window must be at most 1073741824 bytes, not 2GiB"},
    {"k: 64KB", 0, "f:1:4: window has no such unit: '64KB'; known are B, KiB, MiB, GiB"},
    {"k: much", 0, "f:1:4: window must be a number of bytes, such as 65536 or 64KiB"},
};

enum reading { READ_NUMBER, READ_DURATION, READ_SIZE };

static bool read_row(enum reading reading, const struct yaml_node *node, uint64_t *out,
                     struct yaml_error *error)
{
    switch (reading) {
    case READ_NUMBER:
        return yaml_u64(node, "the port", 3, 50, out, error);
    case READ_DURATION:
        return yaml_duration(node, "idle", out, error);
    case READ_SIZE:
        return yaml_size(node, "window", 1073741824, out, error);
    }
    return false;
}

static void check_rows(struct fixture *fixture, enum reading reading, const struct number_row *rows,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct yaml_node *node = parse_value(fixture, rows[i].text);
        uint64_t value = 1;
        bool read = read_row(reading, node, &value, &fixture->error);

        assert_string_equal(fixture->error.sentence,
                            rows[i].sentence == NULL ? "" : rows[i].sentence);
        assert_int_equal(read, rows[i].sentence == NULL);
        if (read)
            assert_int_equal(value, rows[i].value);
    }
}

static void numbers_are_exact(void **state)
{
    check_rows(*state, READ_NUMBER, NUMBERS, COUNT_OF(NUMBERS));
}

static void durations_are_exact(void **state)
{
    check_rows(*state, READ_DURATION, DURATIONS, COUNT_OF(DURATIONS));
}

static void sizes_are_exact(void **state)
{
    check_rows(*state, READ_SIZE, SIZES, COUNT_OF(SIZES));
}

static void the_largest_number_is_read(void **state)
{
    struct fixture *fixture = *state;
    uint64_t value;

    assert_true(yaml_u64(parse_value(fixture, "k: 18446744073709551615"), "k", 0, UINT64_MAX,
                         &value, &fixture->error));
    assert_true(value == UINT64_MAX);
    assert_false(yaml_u64(parse_value(fixture, "k: 18446744073709551616"), "k", 0, UINT64_MAX,
                          &value, &fixture->error));
}

static void truth_is_true_or_false(void **state)
{
    struct fixture *fixture = *state;
    bool value = false;

    assert_true(yaml_bool(parse_value(fixture, "k: true"), "k", &value, &fixture->error));
    assert_true(value);
    assert_true(yaml_bool(parse_value(fixture, "k: false"), "k", &value, &fixture->error));
    assert_false(value);
    assert_false(yaml_bool(parse_value(fixture, "k: yes"), "k", &value, &fixture->error));
    assert_string_equal(fixture->error.sentence, "f:1:4: k must be true or false");
    assert_false(yaml_bool(parse_value(fixture, "k: 'true'"), "k", &value, &fixture->error));
}

static void text_is_any_scalar_without_a_nul(void **state)
{
    struct fixture *fixture = *state;
    const char *text;

    assert_true(yaml_text(parse_value(fixture, "k: 12"), "k", &text, &fixture->error));
    assert_string_equal(text, "12");
    assert_false(yaml_text(parse_value(fixture, "k: \"a\\0b\""), "k", &text, &fixture->error));
    assert_string_equal(fixture->error.sentence, "f:1:4: k must not hold a NUL");
    assert_false(yaml_text(parse_value(fixture, "k: []"), "k", &text, &fixture->error));
    assert_string_equal(fixture->error.sentence, "f:1:4: k must be text, not a list");
}

static const char *const KEYS[] = {"upstreams", "max_retries", "policy", NULL};

static void an_unknown_key_is_told_with_its_neighbour(void **state)
{
    struct fixture *fixture = *state;

    assert_true(yaml_check_keys(parse(fixture, "{policy: 1, upstreams: 2}"), "proxy", KEYS,
                                &fixture->error));
    assert_false(yaml_check_keys(parse(fixture, "policy: 1\nmax_retrys: 2\n"), "proxy", KEYS,
                                 &fixture->error));
    assert_string_equal(fixture->error.sentence,
                        "f:2:1: proxy has no key 'max_retrys'; did you mean 'max_retries'?");
    assert_false(yaml_check_keys(parse(fixture, "x: 1"), "proxy", KEYS, &fixture->error));
    assert_string_equal(fixture->error.sentence, "f:1:1: proxy has no key 'x'; known are: "
                                                 "upstreams, max_retries, policy");
    assert_false(yaml_check_keys(parse(fixture, "[x]"), "proxy", KEYS, &fixture->error));
    assert_string_equal(fixture->error.sentence, "f:1:1: proxy must be a map, key: value");
}

static void a_word_is_found_or_told_with_its_neighbour(void **state)
{
    static const char *const ends[] = {"fin", "rst", "stall", NULL};
    struct fixture *fixture = *state;

    assert_int_equal(yaml_word(parse_value(fixture, "k: rst"), "end", ends, &fixture->error), 1);
    assert_int_equal(yaml_word(parse_value(fixture, "k: fni"), "end", ends, &fixture->error), -1);
    assert_string_equal(fixture->error.sentence, "f:1:4: end cannot be 'fni'; did you mean 'fin'?");
    assert_int_equal(yaml_word(parse_value(fixture, "k: {}"), "end", ends, &fixture->error), -1);
    assert_string_equal(fixture->error.sentence, "f:1:4: end must be one of: fin, rst, stall");
}

static void the_nearest_word_is_near(void **state)
{
    (void)state;
    assert_string_equal(yaml_nearest("polcy", KEYS), "policy");
    assert_string_equal(yaml_nearest("oplicy", KEYS), "policy");
    assert_string_equal(yaml_nearest("max-retries", KEYS), "max_retries");
    assert_null(yaml_nearest("banana", KEYS));
    assert_null(yaml_nearest("", KEYS));
    assert_null(yaml_nearest("upstreamsupstreamsupstreamsupstreamsupstreams", KEYS));
}

static void the_first_mistake_is_kept_and_steers_no_terminal(void **state)
{
    struct fixture *fixture = *state;
    struct yaml_node *node = parse_value(fixture, "k: \"\\e[31mred\"");

    assert_false(yaml_fail(&fixture->error, node, "not '%s'", node->text));
    assert_false(yaml_fail(&fixture->error, node, "another"));
    assert_string_equal(fixture->error.sentence, "f:1:4: not '?[31mred'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_bad_file_is_refused_where_it_is_bad, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_nul_byte_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unreadable_file_is_said_with_the_reason, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_node_knows_where_it_stands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_read_like_its_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nesting_ends_at_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nodes_end_at_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_end_at_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_region_is_an_ordinary_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_are_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(durations_are_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sizes_are_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_largest_number_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(truth_is_true_or_false, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_is_any_scalar_without_a_nul, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_key_is_told_with_its_neighbour, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_word_is_found_or_told_with_its_neighbour, set_up,
                                        tear_down),
        cmocka_unit_test(the_nearest_word_is_near),
        cmocka_unit_test_setup_teardown(the_first_mistake_is_kept_and_steers_no_terminal, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
