#include "harness/foreign/subject_file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/keeper/keeper_rig.h"

#include <cmocka.h>

static struct region region;

static int set_up(void **state)
{
    (void)state;
    region_init(&region, 16 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    region_release(&region);
    return 0;
}

static bool parse(struct subject_file *file, const char *text, struct yaml_error *error)
{
    return subject_file_parse(file, bytes_of(text), "/subjects/fake", &region, error);
}

#define PROFILES_REST "is: a, source: b, settle: 1s, settle_source: c"
#define HEAD          "documentation: d\nversion: [v]\nstart: [s]\n"
#define PROFILES      "profiles: {default: {" PROFILES_REST "}}\n"

static void a_file_says_all_that_there_is_to_say(void **state)
{
    static const char TEXT[] =
        "title: Fake\n"
        "documentation: https://example.org\n"
        "version: [fake, -v]\n"
        "start: [fake, -c, \"${config}\", \"${folder}/x\", \"${subject}\", \"${profile}\"]\n"
        "slots: host\n"
        "most_slots: 7\n"
        "ready: 3s\n"
        "stop: {signal: QUIT, within: 1500ms}\n"
        "install: {debian: apt-get install fake, fedora: dnf install fake}\n"
        "cannot: [{when: stage = handshake, why: no TLS}]\n"
        "profiles:\n"
        "  default: {is: as ever, source: s1, settle: 1200ms, settle_source: s2, patience: 9s,\n"
        "            cannot: [{when: tag = reused, why: no pool}]}\n"
        "  at-most-once: {" PROFILES_REST "}\n";
    struct subject_file file;
    struct yaml_error error;

    (void)state;
    assert_true(parse(&file, TEXT, &error));
    assert_string_equal(file.name, "fake");
    assert_string_equal(file.folder, "/subjects/fake");
    assert_string_equal(file.title, "Fake");
    assert_string_equal(file.documentation, "https://example.org");
    assert_string_equal(file.version[1], "-v");
    assert_null(file.version[2]);
    assert_string_equal(file.start[3], "${folder}/x");
    assert_null(file.start[6]);
    assert_int_equal(file.slots, SLOT_BY_HOST);
    assert_int_equal(file.slots_most, 7);
    assert_int_equal(file.ready_within_ns, 3 * NS_PER_S);
    assert_int_equal(file.stop_signal, SIGQUIT);
    assert_int_equal(file.stop_within_ns, 1500 * NS_PER_MS);
    assert_int_equal(file.install_count, 2);
    assert_string_equal(file.installs[1].system, "fedora");
    assert_string_equal(file.installs[1].command, "dnf install fake");
    assert_int_equal(file.cannot.count, 1);
    assert_int_equal(file.profile_count, 2);
    const struct subject_profile *profile = subject_file_profile(&file, "default");
    assert_ptr_equal(profile, file.profiles);
    assert_string_equal(profile->meaning, "as ever");
    assert_string_equal(profile->source, "s1");
    assert_int_equal(profile->settle_ns, 1200 * NS_PER_MS);
    assert_string_equal(profile->settle_source, "s2");
    assert_int_equal(profile->patience_ns, 9 * NS_PER_S);
    assert_string_equal(profile->cannot.list[0].why, "no pool");
    assert_string_equal(subject_file_profile(&file, "at-most-once")->name, "at-most-once");
    assert_null(subject_file_profile(&file, "other"));
}

static void what_a_file_does_not_say_has_its_default(void **state)
{
    struct subject_file file;
    struct yaml_error error;

    (void)state;
    assert_true(parse(&file, HEAD PROFILES, &error));
    assert_string_equal(file.title, "fake");
    assert_int_equal(file.slots, SLOT_BY_LISTENER);
    assert_int_equal(file.slots_most, 1000);
    assert_int_equal(file.ready_within_ns, 5 * NS_PER_S);
    assert_int_equal(file.stop_signal, SIGTERM);
    assert_int_equal(file.stop_within_ns, 2 * NS_PER_S);
    assert_int_equal(file.profiles[0].patience_ns, 8 * NS_PER_S);
    assert_int_equal(file.cannot.count + file.profiles[0].cannot.count + file.install_count, 0);
    assert_null(subject_file_install(&file));
}

static void a_case_is_refused_or_left_to_chance_by_the_proxy_or_by_its_profile(void **state)
{
    static const char TEXT[] =
        HEAD "cannot: [{when: stage = handshake, why: no TLS}]\n"
             "chance: [{when: stage = mid-write, why: it closes when it has read enough}]\n"
             "profiles: {default: {" PROFILES_REST
             ", cannot: [{when: tag = reused and method = GET, why: no pool}],\n"
             "           chance: [{when: stage = post-write, why: two timers race}]},\n"
             "           other: {" PROFILES_REST "}}\n";
    static const char *const TAGS[] = {"base", "reused"};
    struct filter_subject one = {.tags = TAGS, .tag_count = 2};
    struct subject_file file;
    struct yaml_error error;

    (void)state;
    for (size_t i = 0; i < FILTER_FIELD_COUNT; i++)
        one.text[i] = "";
    assert_true(parse(&file, TEXT, &error));
    one.text[FILTER_STAGE] = "dial";
    one.text[FILTER_METHOD] = "POST";
    assert_null(subject_file_refusal(&file, &file.profiles[0], &one));
    one.text[FILTER_METHOD] = "GET";
    assert_string_equal(subject_file_refusal(&file, &file.profiles[0], &one), "no pool");
    assert_null(subject_file_refusal(&file, &file.profiles[1], &one));
    one.text[FILTER_STAGE] = "handshake";
    assert_string_equal(subject_file_refusal(&file, &file.profiles[1], &one), "no TLS");
    assert_null(subject_file_chance(&file, &file.profiles[0], &one));
    one.text[FILTER_STAGE] = "mid-write";
    assert_string_equal(subject_file_chance(&file, &file.profiles[1], &one),
                        "it closes when it has read enough");
    one.text[FILTER_STAGE] = "post-write";
    assert_string_equal(subject_file_chance(&file, &file.profiles[0], &one), "two timers race");
    assert_null(subject_file_chance(&file, &file.profiles[1], &one));
}

/* ---- mistakes ------------------------------------------------------------------------------------- */

struct mistake_row {
    const char *text;
    const char *sentence;
};

static const struct mistake_row MISTAKES[] = {
    {"[a]", "1:1: a subject must be a map, key: value"},
    {"titel: x", "1:1: a subject has no key 'titel'; did you mean 'title'?"},
    {"title: x", "1:1: 'documentation' is missing"},
    {"title: \"\"\n" HEAD, "1:8: 'title' must not be empty"},
    {"documentation: d\nstart: [s]", "1:1: 'version' is missing"},
    {"documentation: d\nversion: [v]", "1:1: 'start' is missing"},
    {"documentation: d\nversion: v\nstart: [s]",
     "2:10: 'version' must be a list: a program and its arguments"},
    {"documentation: d\nversion: []\nstart: [s]",
     "2:10: 'version' must be a list: a program and its arguments"},
    {"documentation: d\nversion: [\"\"]\nstart: [s]", "2:11: a program must have a name"},
    {"documentation: d\nversion: [v, [w]]\nstart: [s]",
     "2:14: a word of a command must be text, not a list"},
    {"documentation: d\nversion: [v]\nstart: [s, \"${conf}\"]",
     "3:12: nothing is called '${conf}' here; did you mean '${config}'?"},
    {"documentation: d\nversion: [v]\nstart: [s, \"${config\"]",
     "3:12: nothing is called '${config}' here; did you mean '${config}'?"},
    {"documentation: d\nversion: [v, \"${folder}\"]\nstart: [s]",
     "2:14: nothing is called '${folder}' here; did you mean '${subject}'?"},
    {HEAD "slots: listeners", "4:8: 'slots' cannot be 'listeners'; did you mean 'listener'?"},
    {HEAD "most_slots: 0", "4:13: 'most_slots' must be between 1 and 16384, not 0"},
    {HEAD "ready: 5", "4:8: 'ready' needs a unit: 5ms or 5s?"},
    {HEAD "ready: 61s", "4:8: 'ready' must be at most 60s, not 61s"},
    {HEAD "stop: TERM", "4:7: 'stop' must be a map, key: value"},
    {HEAD "stop: {signal: SIGTERM}", "4:16: a signal cannot be 'SIGTERM'"},
    {HEAD "stop: {with: 2s}", "4:8: 'stop' has no key 'with'; did you mean 'within'?"},
    {HEAD "install: apt", "4:10: 'install' must be a map, system: command"},
    {HEAD "install: {debian: []}", "4:19: 'debian' must be text, not a list"},
    {HEAD "cannot: no", "4:9: 'cannot' must be a list of {when: …, why: …}"},
    {HEAD "cannot: [{when: stage = dial}]", "4:10: 'why' is missing"},
    {HEAD "chance: no", "4:9: 'chance' must be a list of {when: …, why: …}"},
    {HEAD "cannot: [{why: x}]", "4:10: 'when' is missing"},
    {HEAD "cannot: [{when: stage =, why: x}]", "4:17: 'when': "},
    {HEAD, "1:1: 'profiles' is missing"},
    {HEAD "profiles: {other: {" PROFILES_REST "}}",
     "4:11: 'profiles' must be a map, name: settings, and one of them 'default'"},
    {HEAD "profiles: {default: {}}", "4:21: 'is' is missing"},
    {HEAD "profiles: {default: {is: a, source: b, settle_source: c}}", "4:21: 'settle' is missing"},
    {HEAD "profiles: {default: {" PROFILES_REST ", patient: 2s}}",
     "a profile has no key 'patient'; did you mean 'patience'?"},
};

static void a_mistake_is_told_where_it_is(void **state)
{
    struct subject_file file;
    struct yaml_error error;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++) {
        assert_false(parse(&file, MISTAKES[i].text, &error));
        if (strncmp(error.sentence, "subject.yaml:", strlen("subject.yaml:")) != 0 ||
            strstr(error.sentence, MISTAKES[i].sentence) == NULL)
            fail_msg("'%s' is not '%s'", error.sentence, MISTAKES[i].sentence);
    }
}

static void more_than_there_may_be_is_refused(void **state)
{
    static char text[64 * 1024];
    struct subject_file file;
    struct yaml_error error;
    size_t used =
        (size_t)snprintf(text, sizeof(text), HEAD "profiles: {default: {" PROFILES_REST "}");

    (void)state;
    for (int i = 1; i <= SUBJECT_PROFILES_MAX; i++) {
        snprintf(text + used, sizeof(text) - used, "}");
        if (!parse(&file, text, &error))
            fail_msg("%s", error.sentence);
        used += (size_t)snprintf(text + used, sizeof(text) - used, ", p%d: {" PROFILES_REST "}", i);
    }
    snprintf(text + used, sizeof(text) - used, "}");
    assert_false(parse(&file, text, &error));
    assert_non_null(strstr(error.sentence, "there are more than 16 profiles"));
}

static void a_full_region_is_told_and_not_passed(void **state)
{
    struct subject_file file;
    struct yaml_error error;
    bool parsed = false;

    (void)state;
    for (size_t bytes = 0; !parsed; bytes += 512) {
        struct region small;

        region_init(&small, bytes);
        parsed = subject_file_parse(&file, bytes_of(HEAD PROFILES), "f", &small, &error);
        if (!parsed)
            assert_non_null(strstr(error.sentence, "no memory left"));
        region_release(&small);
    }
}

/* ---- places --------------------------------------------------------------------------------------- */

/* A folder of subjects, and the variable that names it. */
static void make_place(char place[PATH_MAX])
{
    static const char *const NAMES[] = {"beta", "alpha", ".hidden"};
    char path[PATH_MAX + NAME_MAX];

    assert_true(folder_make("test", place));
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        snprintf(path, sizeof(path), "%s/%s", place, NAMES[i]);
        assert_int_equal(mkdir(path, 0755), 0);
        rig_write(path, "subject.yaml", HEAD PROFILES);
    }
    snprintf(path, sizeof(path), "%s/no-subject", place);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(setenv("RETRYPROOF_SUBJECTS", place, 1), 0);
}

static void remove_place(const char *place)
{
    unsetenv("RETRYPROOF_SUBJECTS");
    folder_remove(place);
}

static size_t index_of(const char *const *names, const char *name)
{
    size_t i = 0;

    while (names[i] != NULL && strcmp(names[i], name) != 0)
        i++;
    return i;
}

static void the_subjects_that_there_are_are_named_in_order(void **state)
{
    char place[PATH_MAX];
    size_t count;

    (void)state;
    make_place(place);
    const char *const *names = subject_file_names(&region, &count);
    assert_non_null(names);
    assert_true(index_of(names, "alpha") < index_of(names, "beta"));
    assert_true(index_of(names, "beta") < count);
    assert_int_equal(index_of(names, "no-subject"), count);
    assert_int_equal(index_of(names, ".hidden"), count);
    for (size_t i = 1; i < count; i++)
        assert_true(strcmp(names[i - 1], names[i]) < 0);
    remove_place(place);
}

static void a_subject_is_found_by_its_name_or_its_path(void **state)
{
    char place[PATH_MAX];
    char path[2 * PATH_MAX];
    char folder[PATH_MAX];
    char error[256];
    struct subject_file file;
    struct yaml_error mistake;

    (void)state;
    make_place(place);
    snprintf(path, sizeof(path), "%s/alpha", place);
    assert_true(subject_file_find("alpha", folder, error, sizeof(error)));
    assert_string_equal(folder, path);
    assert_true(subject_file_find(path, folder, error, sizeof(error)));
    assert_string_equal(folder, path);
    assert_true(subject_file_load(&file, folder, &region, &mistake));
    assert_string_equal(file.name, "alpha");
    assert_string_equal(file.folder, path);
    remove_place(place);
}

static void a_subject_that_is_nowhere_is_told_with_those_there_are(void **state)
{
    char place[PATH_MAX];
    char folder[PATH_MAX];
    char error[512];

    (void)state;
    make_place(place);
    assert_false(subject_file_find("alpah", folder, error, sizeof(error)));
    assert_non_null(strstr(error, "no subject 'alpah'; did you mean 'alpha'? Known are: alpha, "));
    assert_false(subject_file_find("no-subject", folder, error, sizeof(error)));
    assert_false(subject_file_find("", folder, error, sizeof(error)));
    assert_false(subject_file_find("..", folder, error, sizeof(error)));
    assert_false(subject_file_find("/no/such", folder, error, sizeof(error)));
    assert_string_equal(error, "no subject in '/no/such': it holds no subject.yaml");
    remove_place(place);
}

/* Those of this tree, wherever they are. */
static void every_subject_of_the_tree_loads(void **state)
{
    struct yaml_error mistake;
    struct subject_file file;
    char folder[PATH_MAX];
    char error[256];
    size_t count;

    (void)state;
    const char *const *names = subject_file_names(&region, &count);
    for (size_t i = 0; i < count; i++) {
        assert_true(subject_file_find(names[i], folder, error, sizeof(error)));
        if (!subject_file_load(&file, folder, &region, &mistake))
            fail_msg("%s", mistake.sentence);
        assert_non_null(subject_file_profile(&file, "most-retrying"));
        assert_non_null(subject_file_profile(&file, "at-most-once"));
        assert_true(file.install_count > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_says_all_that_there_is_to_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_file_does_not_say_has_its_default, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_case_is_refused_or_left_to_chance_by_the_proxy_or_by_its_profile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_mistake_is_told_where_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_there_may_be_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_region_is_told_and_not_passed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_subjects_that_there_are_are_named_in_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_subject_is_found_by_its_name_or_its_path, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_subject_that_is_nowhere_is_told_with_those_there_are,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_subject_of_the_tree_loads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
