/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/suite/suite.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world/data/json.h"

struct fixture {
    char folder[64];
    char before[4096];
    struct suite suite;
};

static const char ONE[] = "name: n\nstage: dial\ntags: [slow]\nclient: [request: {}]\n"
                          "upstreams: {a: []}\nexpect: {}\n";
static const char GRID[] = "name: n\nstage: status\ngrid:\n  method:\n    - GET\n    - POST\n"
                           "client: [request: {method: \"${method}\"}]\n"
                           "upstreams: {a: []}\nexpect: {}\n";

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* scenarios/dial/one.yaml, scenarios/status/grid.yaml, and what is passed over; the test runs in the folder. */
static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/suite_test.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    assert_non_null(getcwd(fixture->before, sizeof(fixture->before)));
    assert_int_equal(chdir(fixture->folder), 0);
    mkdir("scenarios", S_IRWXU);
    mkdir("scenarios/dial", S_IRWXU);
    mkdir("scenarios/status", S_IRWXU);
    mkdir("scenarios/.hidden", S_IRWXU);
    mkdir("empty", S_IRWXU);
    write_file("scenarios/dial/one.yaml", ONE);
    write_file("scenarios/status/grid.yaml", GRID);
    write_file("scenarios/.hidden/no.yaml", "not a scenario");
    write_file("scenarios/README.md", "not a scenario");
    suite_init(&fixture->suite);
    *state = fixture;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static int tear_down(void **state)
{
    enum { DESCRIPTORS = 8 };
    struct fixture *fixture = *state;
    suite_release(&fixture->suite);
    assert_int_equal(chdir(fixture->before), 0);
    assert_int_equal(nftw(fixture->folder, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS), 0);
    free(fixture);
    return 0;
}

/* The ids that the arguments find, joined by spaces. */
static const char *load(struct fixture *fixture, const char *const *arguments, size_t count)
{
    static char ids[1024];
    suite_release(&fixture->suite);
    suite_init(&fixture->suite);
    ids[0] = '\0';
    if (!suite_load(&fixture->suite, arguments, count))
        return fixture->suite.mistakes[0];
    for (size_t i = 0; i < fixture->suite.count; i++)
        snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), "%s%s", i == 0 ? "" : " ",
                 fixture->suite.cases[i].id);
    return ids;
}

#define DIAL "dial/one"
#define GET  "status/grid[method=GET]"
#define POST "status/grid[method=POST]"

static const struct {
    const char *arguments[3];
    const char *found;
} ARGUMENTS[] = {
    {{NULL}, DIAL " " GET " " POST},
    {{"scenarios"}, DIAL " " GET " " POST},
    {{"scenarios/"}, DIAL " " GET " " POST},
    {{"."}, DIAL " " GET " " POST},
    {{"scenarios/dial"}, DIAL},
    {{"scenarios/status/grid.yaml"}, GET " " POST},
    {{"scenarios/status/grid.yaml:6"}, POST},
    {{"scenarios/status/grid.yaml:5"}, GET},
    {{"scenarios/status/grid.yaml:1"}, GET " " POST},
    {{"scenarios/status/grid.yaml:5", "scenarios/status/grid.yaml:6"}, GET " " POST},
    {{"scenarios/status/grid.yaml:5", "scenarios"}, DIAL " " GET " " POST},
    {{"scenarios", "scenarios/dial/one.yaml"}, DIAL " " GET " " POST},
    {{"POST"}, POST},
    {{"scenarios/status", "GET"}, GET},
    {{"nothing-like-it"}, ""},
    {{"empty"}, ""},
    {{"./nowhere"}, "./nowhere: No such file or directory"},
    {{"nowhere.yaml"}, "nowhere.yaml: No such file or directory"},
    {{"nowhere.yaml:3"}, "nowhere.yaml: No such file or directory"},
    {{"scenarios/README.md"}, "scenarios/README.md: a scenario file ends in .yaml"},
};

static void arguments_find_files_in_the_order_of_their_ids(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(ARGUMENTS); i++) {
        size_t count = 0;
        while (count < COUNT_OF(ARGUMENTS[i].arguments) && ARGUMENTS[i].arguments[count] != NULL)
            count++;
        assert_string_equal(load(fixture, ARGUMENTS[i].arguments, count), ARGUMENTS[i].found);
    }
}

static void an_id_is_the_same_however_its_file_is_named(void **state)
{
    struct fixture *fixture = *state;
    const char *const here[] = {"one.yaml"};
    assert_int_equal(chdir("scenarios/dial"), 0);
    assert_string_equal(load(fixture, here, 1), DIAL);
    assert_int_equal(chdir("../.."), 0);
    /* Outside of any folder `scenarios` the folder that was named is the root. */
    mkdir("other", S_IRWXU);
    mkdir("other/dial", S_IRWXU);
    write_file("other/dial/one.yaml", ONE);
    const char *const other[] = {"other"};
    assert_string_equal(load(fixture, other, 1), DIAL);
    assert_string_equal(fixture->suite.cases[0].argument, "other");
    const char *const both[] = {"other", "scenarios"};
    assert_string_equal(load(fixture, both, 2),
                        "other/dial/one.yaml and scenarios/dial/one.yaml both make cases called "
                        "dial/one; name a folder above both");
}

static void the_first_mistake_of_each_file_is_kept(void **state)
{
    struct fixture *fixture = *state;
    const char *const all[] = {"scenarios"};
    write_file("scenarios/dial/bad.yaml", "name: n\nstaeg: dial\nlevle: must\n");
    write_file("scenarios/dial/empty.yaml", "");
    write_file("scenarios/dial/unreadable.yaml", "\xff\xfe\x00");
    assert_false(suite_load(&fixture->suite, all, 1));
    assert_int_equal(fixture->suite.mistake_count, 3);
    assert_non_null(strstr(fixture->suite.mistakes[0], "scenarios/dial/bad.yaml:2:1: "));
    assert_non_null(strstr(fixture->suite.mistakes[1], "scenarios/dial/empty.yaml: is empty"));
    assert_non_null(strstr(fixture->suite.mistakes[2], "scenarios/dial/unreadable.yaml:1:1: "));
}

static void every_case_is_in_exactly_one_shard(void **state)
{
    enum { SHARDS = 3 };
    struct fixture *fixture = *state;
    size_t found = 0;
    for (unsigned shard = 1; shard <= SHARDS; shard++) {
        const struct suite_selection selection = {
            .shard = shard, .shards = SHARDS, .worlds = 1ul << WORLD_SIM};
        load(fixture, NULL, 0);
        suite_select(&fixture->suite, &selection);
        found += fixture->suite.count;
        assert_int_equal(fixture->suite.wanted, 3);
    }
    assert_int_equal(found, 3);
}

static void a_selection_speaks_of_cases_in_worlds(void **state)
{
    char grid[SUITE_KEY_BYTES];
    char dial[SUITE_KEY_BYTES];
    const struct suite_case_place places[] = {
        {"scenarios/./status/grid.yaml", "grid[method=GET]", "sim"},
        {"scenarios/dial/one.yaml", DIAL, "sockets"}};
    const char *const failed[] = {suite_case_key(&places[0], grid),
                                  suite_case_key(&places[1], dial)};
    struct fixture *fixture = *state;
    char error[FILTER_ERROR_BYTES];
    struct suite_selection selection = {.worlds = 1ul << WORLD_SIM | 1ul << WORLD_SOCKETS};
    assert_true(filter_parse(&selection.filter, FILTER_OF_IDS, "world = sim or GET", error));
    load(fixture, NULL, 0);
    suite_select(&fixture->suite, &selection);
    assert_int_equal(fixture->suite.count, 3);
    assert_int_equal(fixture->suite.cases[0].worlds, 1ul << WORLD_SIM);
    assert_int_equal(fixture->suite.cases[1].worlds, selection.worlds);
    selection.last_failed = failed;
    selection.last_failed_count = COUNT_OF(failed);
    load(fixture, NULL, 0);
    suite_select(&fixture->suite, &selection);
    assert_int_equal(fixture->suite.count, 1);
    assert_string_equal(fixture->suite.cases[0].id, GET);
    assert_int_equal(fixture->suite.cases[0].worlds, 1ul << WORLD_SIM);
    assert_true(filter_parse(&selection.tags, FILTER_OF_TAGS, "slow", error));
    suite_select(&fixture->suite, &selection);
    assert_int_equal(fixture->suite.count, 0);
}

static void a_list_names_every_case_and_its_worlds(void **state)
{
    struct fixture *fixture = *state;
    const struct suite_selection selection = {.worlds = 1ul << WORLD_SIM};
    char *text = NULL;
    size_t size = 0;
    char error[JSON_ERROR_BYTES];
    load(fixture, NULL, 0);
    suite_select(&fixture->suite, &selection);
    FILE *out = open_memstream(&text, &size);
    suite_list(&fixture->suite, out);
    fclose(out);
    assert_string_equal(text, "sim     " DIAL "\nsim     " GET "\nsim     " POST "\n");
    free(text);
    out = open_memstream(&text, &size);
    assert_true(suite_list_json(&fixture->suite, out));
    fclose(out);
    struct json *list = json_parse("list", text, size, error);
    assert_non_null(list);
    const struct json *first = json_at(json_get(list, "cases"), 0);
    assert_string_equal(json_text(json_get(first, "id")), DIAL);
    assert_string_equal(json_text(json_get(first, "file")), "scenarios/dial/one.yaml");
    json_destroy(&list);
    free(text);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(arguments_find_files_in_the_order_of_their_ids),
        ROW(an_id_is_the_same_however_its_file_is_named),
        ROW(the_first_mistake_of_each_file_is_kept),
        ROW(every_case_is_in_exactly_one_shard),
        ROW(a_selection_speaks_of_cases_in_worlds),
        ROW(a_list_names_every_case_and_its_worlds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
