#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/preset.h"
#include "proxy/preset_data.h"

enum {
    REGION_BYTES = 1024 * 1024, /* far more than a data file needs */
    PAGE_BYTES = 64 * 1024,     /* docs/retries.md is a page */
};

/* What a data file must not be; each line is one that is well-formed but for one thing. */
struct data_mistake {
    const char *name;
    const char *part; /* of the file, in place of a line of WELL_FORMED that begins alike */
    const char *sentence;
};

static const char *const WELL_FORMED[] = {
    "name: mine",
    "stands_for: nobody",
    "status: from source reading",
    "sources: [a book]",
    "tries: each-upstream-once",
    "default_words: [a]",
    "words: {a: {retry_on: [reset]}, b: {refused: no}, c: {alone: true, retry_on: []}}",
    "settings: {max_retries: 3}",
    "safer: [always]",
    "differs: [never]",
};

static const struct data_mistake DATA_MISTAKES[] = {
    {"an unknown condition in a data file names the nearest", "words: {a: {retry_on: [resett]}}",
     "retry_on cannot be 'resett'; did you mean 'reset'"},
    {"a status out of range in a data file", "words: {a: {retry_on_status: [399]}}",
     "from 400 to 599"},
    {"an unknown key of a data file", "safe: [always]", "a preset has no key 'safe'"},
    {"an unknown key of a word", "words: {a: {retry_o: [reset]}}", "a preset's word has no key"},
    {"a word has no settings of the whole", "words: {a: {max_retries: 3}}",
     "has no key 'max_retries'"},
    {"an unknown setting", "settings: {max_retry: 3}", "did you mean 'max_retries'"},
    {"a data file has the name of its preset", "name: yours", "the name of its file, 'mine'"},
    {"a default word is a word", "default_words: [d]", "default_words has no such word: 'd'"},
    {"a default word is listed", "default_words: a", "a list of default_words"},
    {"a refused word retries nothing", "words: {a: {retry_on: [reset], refused: no}}", "not both"},
    {"a word says something", "words: {a: {}}", "not both"},
    {"a reason is a text", "words: {a: {refused: [no]}}", "refused must be text"},
    {"only statuses can be needed", "words: {a: {needs: retry_on}}", "needs cannot be"},
    {"alone is a truth", "words: {a: {alone: 1}}", "alone must be true or false"},
    {"words are a map", "words: [a]", "words is a map"},
    {"tries has one word", "tries: twice", "tries cannot be"},
    {"sentences are texts", "differs: [[never]]", "differs must be text"},
    {"sentences are listed", "safer: always", "a list of safer"},
};

/* The well-formed file with one line in place of the one with the same key. */
static const char *check_data(const char *part, char *text, size_t size)
{
    static struct yaml_error error;
    size_t key = strcspn(part, ":");
    size_t used = 0;
    bool placed = part[0] == '\0';
    struct region region;
    struct yaml_node *root;
    bool is_well;

    for (size_t i = 0; i < COUNT_OF(WELL_FORMED); i++) {
        bool same = key > 0 && strncmp(WELL_FORMED[i], part, key + 1) == 0;

        placed |= same;
        used += (size_t)snprintf(text + used, size - used, "%s\n", same ? part : WELL_FORMED[i]);
    }
    if (!placed)
        used += (size_t)snprintf(text + used, size - used, "%s\n", part);
    region_init(&region, REGION_BYTES);
    root = yaml_parse(&region, "mine.yaml", text, used, &error);
    is_well = root != NULL && preset_check(root, "mine", &error);
    region_release(&region);
    return is_well ? NULL : error.sentence;
}

static void a_data_file_is_refused(void **state)
{
    const struct data_mistake *mistake = *state;
    char text[1024];
    const char *sentence;

    assert_null(check_data("", text, sizeof(text)));
    sentence = check_data(mistake->part, text, sizeof(text));
    assert_non_null(sentence);
    if (strstr(sentence, mistake->sentence) == NULL || strncmp(sentence, "mine.yaml:", 10) != 0)
        fail_msg("%s", sentence);
}

static void nothing_of_a_data_file_may_lack(void **state)
{
    static const char *const keys[] = {"name",  "stands_for", "status", "sources",      "settings",
                                       "safer", "differs",    "words",  "default_words"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        char text[1024];
        size_t used = 0;
        struct yaml_error error;
        struct region region;
        struct yaml_node *root;

        for (size_t k = 0; k < COUNT_OF(WELL_FORMED); k++)
            if (strncmp(WELL_FORMED[k], keys[i], strlen(keys[i])) != 0)
                used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n", WELL_FORMED[k]);
        region_init(&region, REGION_BYTES);
        root = yaml_parse(&region, "mine.yaml", text, used, &error);
        assert_non_null(root);
        assert_false(preset_check(root, "mine", &error));
        assert_non_null(strstr(error.sentence, keys[i]));
        region_release(&region);
    }
}

/* By reading, or by having been asked the same as the real one. */
static bool says_how_it_is_known(const char *status)
{
    static const char CHECKED[] = "checked against ";

    return strcmp(status, "from source reading") == 0 ||
           strncmp(status, CHECKED, sizeof(CHECKED) - 1) == 0;
}

static void every_data_file_is_well_formed(void **state)
{
    const char *const *names = preset_names();
    size_t count = 0;

    (void)state;
    for (; names[count] != NULL; count++) {
        struct yaml_error error;
        struct region region;
        struct yaml_node *root;

        region_init(&region, REGION_BYTES);
        root = preset_load(&region, names[count], &error);
        if (root == NULL)
            fail_msg("%s", error.sentence);
        assert_true(says_how_it_is_known(yaml_get(root, "status")->text));
        region_release(&region);
    }
    assert_int_equal(count, 5);
}

static void the_page_names_every_word(void **state)
{
    static char page[PAGE_BYTES];
    FILE *file = fopen("docs/retries.md", "re");
    size_t size;

    (void)state;
    assert_non_null(file);
    size = fread(page, 1, sizeof(page) - 1, file);
    fclose(file);
    page[size] = '\0';
    for (const char *const *name = preset_names(); *name != NULL; name++) {
        struct yaml_error error;
        struct region region;
        const struct yaml_node *words;

        region_init(&region, REGION_BYTES);
        words = yaml_get(preset_load(&region, *name, &error), "words");
        for (const struct yaml_node *word = words ? words->first : NULL; word; word = word->next) {
            char text[128];

            snprintf(text, sizeof(text), "`%s`", word->key->text);
            if (strstr(page, text) == NULL)
                fail_msg("docs/retries.md does not name %s of %s", text, *name);
        }
        region_release(&region);
    }
}

static void the_list_tells_words_and_refusals(void **state)
{
    static char text[PAGE_BYTES];
    FILE *out = fmemopen(text, sizeof(text), "w");

    (void)state;
    assert_non_null(out);
    preset_list(out);
    fclose(out);
    assert_non_null(strstr(text, "pingora: stands for Pingora"));
    assert_non_null(strstr(text, "  reused, whatever the method\n"));
    assert_non_null(strstr(text, "where no word is said: error timeout\n"));
    assert_non_null(strstr(text, "refused: it speaks of HTTP/2"));
    assert_non_null(strstr(text, "status 409, whatever the method\n"));
}

int main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(every_data_file_is_well_formed),
        cmocka_unit_test(nothing_of_a_data_file_may_lack),
        cmocka_unit_test(the_page_names_every_word),
        cmocka_unit_test(the_list_tells_words_and_refusals),
    };
    static struct CMUnitTest tests[COUNT_OF(single) + COUNT_OF(DATA_MISTAKES)];
    size_t count = COUNT_OF(single);

    memcpy(tests, single, sizeof(single));
    for (size_t i = 0; i < COUNT_OF(DATA_MISTAKES); i++)
        tests[count++] = (struct CMUnitTest){.name = DATA_MISTAKES[i].name,
                                             .test_func = a_data_file_is_refused,
                                             .initial_state = (void *)(uintptr_t)&DATA_MISTAKES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
