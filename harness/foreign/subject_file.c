#include "harness/foreign/subject_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char FILE_NAME[] = "subject.yaml";

/* What a file says nothing of. */
enum { SLOTS_MOST_DEFAULT = 1000 };
#define READY_DEFAULT_NS    (5 * NS_PER_S)
#define STOP_DEFAULT_NS     (2 * NS_PER_S)
#define PATIENCE_DEFAULT_NS (8 * NS_PER_S)

/* Who waits longer than that for one subject has another trouble; it also bounds how long a run can hang. */
#define WAIT_MAX_NS (60 * NS_PER_S)

struct reading {
    struct subject_file *file;
    struct region *region;
    struct yaml_error *error;
};

/* ---- what stands where --------------------------------------------------------------------------- */

static bool fail_memory(const struct reading *reading, const struct yaml_node *at)
{
    return yaml_fail(reading->error, at, "there is no memory left to read further");
}

static void *take(const struct reading *reading, const struct yaml_node *at, size_t size)
{
    void *memory = region_take(reading->region, size);

    if (memory == NULL)
        fail_memory(reading, at);
    return memory;
}

/* The value of a key that must be there; NULL and an error. */
static const struct yaml_node *need(const struct reading *reading, const struct yaml_node *map,
                                    const char *key)
{
    const struct yaml_node *node = yaml_get(map, key);

    if (node == NULL)
        yaml_fail(reading->error, map, "'%s' is missing", key);
    return node;
}

/* Text with something in it. */
static bool read_text(const struct reading *reading, const struct yaml_node *node, const char **out)
{
    char what[64];

    snprintf(what, sizeof(what), "'%.48s'", node->key != NULL ? node->key->text : "a word");
    return yaml_text(node, what, out, reading->error) &&
           ((*out)[0] != '\0' || yaml_fail(reading->error, node, "%s must not be empty", what));
}

static bool need_text(const struct reading *reading, const struct yaml_node *map, const char *key,
                      const char **out)
{
    const struct yaml_node *node = need(reading, map, key);

    return node != NULL && read_text(reading, node, out);
}

/* A time to wait, left as it is where nothing stands. */
static bool read_wait(const struct reading *reading, const struct yaml_node *map, const char *key,
                      uint64_t *out_ns)
{
    const struct yaml_node *node = yaml_get(map, key);
    char what[64];

    snprintf(what, sizeof(what), "'%.48s'", key);
    return node == NULL ||
           (yaml_duration(node, what, out_ns, reading->error) &&
            (*out_ns <= WAIT_MAX_NS ||
             yaml_fail(reading->error, node, "%s must be at most 60s, not %s", what, node->text)));
}

/* ---- commands ------------------------------------------------------------------------------------ */

/* Each ${name} in a word of a command must be one that has a value there. */
static bool check_variables(const struct reading *reading, const struct yaml_node *node,
                            const char *const *known)
{
    for (const char *at = strstr(node->text, "${"); at != NULL; at = strstr(at + 1, "${")) {
        char name[64];
        bool is_known = false;

        snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 2, "}"), at + 2);
        for (size_t i = 0; known[i] != NULL; i++)
            is_known = is_known || strcmp(name, known[i]) == 0;
        if (is_known && at[2 + strlen(name)] == '}')
            continue;
        const char *nearest = yaml_nearest(name, known);
        return yaml_fail(reading->error, node,
                         "nothing is called '${%s}' here; did you mean '${%s}'?", name,
                         nearest != NULL ? nearest : known[0]);
    }
    return true;
}

static bool read_command(const struct reading *reading, const struct yaml_node *node,
                         const char *const *known, const char *const **out)
{
    if (node->kind != YAML_LIST || node->count == 0)
        return yaml_fail(reading->error, node, "'%s' must be a list: a program and its arguments",
                         node->key->text);
    if (node->count > SUBJECT_WORDS_MAX)
        return yaml_fail(reading->error, node, "'%s' has more than %d words", node->key->text,
                         SUBJECT_WORDS_MAX);
    const char **words = take(reading, node, (node->count + 1) * sizeof(*words));
    size_t count = 0;
    if (words == NULL)
        return false;
    for (const struct yaml_node *word = node->first; word != NULL; word = word->next)
        if (!yaml_text(word, "a word of a command", &words[count++], reading->error) ||
            !check_variables(reading, word, known))
            return false;
    if (words[0][0] == '\0')
        return yaml_fail(reading->error, node->first, "a program must have a name");
    *out = words;
    return true;
}

static bool read_commands(const struct reading *reading, const struct yaml_node *map)
{
    static const char *const FOR_VERSION[] = {"subject", NULL};
    static const char *const FOR_START[] = {"config", "folder", "subject", "profile", NULL};
    const struct yaml_node *version = need(reading, map, "version");
    const struct yaml_node *start = version == NULL ? NULL : need(reading, map, "start");

    return start != NULL && read_command(reading, version, FOR_VERSION, &reading->file->version) &&
           read_command(reading, start, FOR_START, &reading->file->start);
}

/* ---- what is said of some cases ------------------------------------------------------------------ */

static bool read_rule(const struct reading *reading, const struct yaml_node *map,
                      struct subject_rule *out)
{
    static const char *const KEYS[] = {"when", "why", NULL};
    char sentence[FILTER_ERROR_BYTES];
    const char *when;

    if (!yaml_check_keys(map, "a rule about cases", KEYS, reading->error) ||
        !need_text(reading, map, "when", &when) || !need_text(reading, map, "why", &out->why))
        return false;
    return filter_parse(&out->when, FILTER_OF_IDS, when, sentence) ||
           yaml_fail(reading->error, yaml_get(map, "when"), "'when': %s", sentence);
}

static bool read_rules(const struct reading *reading, const struct yaml_node *map, const char *key,
                       struct subject_rules *out)
{
    const struct yaml_node *node = yaml_get(map, key);

    if (node == NULL)
        return true;
    if (node->kind != YAML_LIST)
        return yaml_fail(reading->error, node, "'%s' must be a list of {when: …, why: …}", key);
    if (node->count > SUBJECT_RULES_MAX)
        return yaml_fail(reading->error, node, "'%s' has more than %d entries", key,
                         SUBJECT_RULES_MAX);
    struct subject_rule *all = take(reading, node, (node->count + 1) * sizeof(*all));
    if (all == NULL)
        return false;
    out->list = all;
    for (const struct yaml_node *one = node->first; one != NULL; one = one->next)
        if (!read_rule(reading, one, &all[out->count++]))
            return false;
    return true;
}

/* ---- profiles ------------------------------------------------------------------------------------ */

static bool read_profile(const struct reading *reading, const struct yaml_node *map,
                         struct subject_profile *out)
{
    static const char *const KEYS[] = {"is",       "source", "settle", "settle_source",
                                       "patience", "cannot", "chance", NULL};

    *out = (struct subject_profile){.name = map->key->text, .patience_ns = PATIENCE_DEFAULT_NS};
    return yaml_check_keys(map, "a profile", KEYS, reading->error) &&
           need_text(reading, map, "is", &out->meaning) &&
           need_text(reading, map, "source", &out->source) &&
           need(reading, map, "settle") != NULL &&
           read_wait(reading, map, "settle", &out->settle_ns) &&
           need_text(reading, map, "settle_source", &out->settle_source) &&
           read_wait(reading, map, "patience", &out->patience_ns) &&
           read_rules(reading, map, "cannot", &out->cannot) &&
           read_rules(reading, map, "chance", &out->chance);
}

static bool read_profiles(const struct reading *reading, const struct yaml_node *map)
{
    struct subject_file *file = reading->file;
    const struct yaml_node *node = need(reading, map, "profiles");

    if (node == NULL)
        return false;
    if (node->kind != YAML_MAP || yaml_get(node, "default") == NULL)
        return yaml_fail(reading->error, node,
                         "'profiles' must be a map, name: settings, and one of them 'default'");
    if (node->count > SUBJECT_PROFILES_MAX)
        return yaml_fail(reading->error, node, "there are more than %d profiles",
                         SUBJECT_PROFILES_MAX);
    struct subject_profile *profiles = take(reading, node, node->count * sizeof(*profiles));
    if (profiles == NULL)
        return false;
    for (const struct yaml_node *one = node->first; one != NULL; one = one->next)
        if (!read_profile(reading, one, &profiles[file->profile_count++]))
            return false;
    file->profiles = profiles;
    return true;
}

/* ---- the rest ------------------------------------------------------------------------------------ */

static bool read_installs(const struct reading *reading, const struct yaml_node *map)
{
    struct subject_file *file = reading->file;
    const struct yaml_node *node = yaml_get(map, "install");

    if (node == NULL)
        return true;
    if (node->kind != YAML_MAP)
        return yaml_fail(reading->error, node, "'install' must be a map, system: command");
    struct subject_install *installs = take(reading, node, (node->count + 1) * sizeof(*installs));
    if (installs == NULL)
        return false;
    for (const struct yaml_node *one = node->first; one != NULL; one = one->next) {
        struct subject_install *install = &installs[file->install_count++];

        install->system = one->key->text;
        if (!read_text(reading, one, &install->command))
            return false;
    }
    file->installs = installs;
    return true;
}

static bool read_stop(const struct reading *reading, const struct yaml_node *map)
{
    static const char *const KEYS[] = {"signal", "within", NULL};
    static const char *const WORDS[] = {"TERM", "QUIT", "INT",   "HUP",
                                        "USR1", "USR2", "WINCH", NULL};
    static const int NUMBERS[] = {SIGTERM, SIGQUIT, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH};
    struct subject_file *file = reading->file;
    const struct yaml_node *node = yaml_get(map, "stop");

    if (node == NULL)
        return true;
    if (!yaml_check_keys(node, "'stop'", KEYS, reading->error) ||
        !read_wait(reading, node, "within", &file->stop_within_ns))
        return false;
    const struct yaml_node *number = yaml_get(node, "signal");
    int index = number == NULL ? 0 : yaml_word(number, "a signal", WORDS, reading->error);
    if (number != NULL && index >= 0)
        file->stop_signal = NUMBERS[index];
    return index >= 0;
}

static bool read_serving(const struct reading *reading, const struct yaml_node *map)
{
    static const char *const WORDS[] = {
        [SLOT_BY_LISTENER] = "listener", [SLOT_BY_HOST] = "host", NULL};
    struct subject_file *file = reading->file;
    const struct yaml_node *slots = yaml_get(map, "slots");
    const struct yaml_node *most = yaml_get(map, "most_slots");
    int kind = slots == NULL ? 0 : yaml_word(slots, "'slots'", WORDS, reading->error);
    uint64_t number = SLOTS_MOST_DEFAULT;

    if (kind < 0 ||
        (most != NULL && !yaml_u64(most, "'most_slots'", 1, SLOTS_MAX, &number, reading->error)))
        return false;
    file->slots = (enum slot_kind)kind;
    file->slots_most = (size_t)number;
    return read_wait(reading, map, "ready", &file->ready_within_ns);
}

static bool read_file(const struct reading *reading, const struct yaml_node *map)
{
    static const char *const KEYS[] = {
        "title", "documentation", "version", "start",  "slots",    "most_slots", "ready",
        "stop",  "install",       "cannot",  "chance", "profiles", NULL};
    struct subject_file *file = reading->file;

    if (!yaml_check_keys(map, "a subject", KEYS, reading->error))
        return false;
    const struct yaml_node *title = yaml_get(map, "title");
    return (title == NULL || read_text(reading, title, &file->title)) &&
           need_text(reading, map, "documentation", &file->documentation) &&
           read_commands(reading, map) && read_serving(reading, map) && read_stop(reading, map) &&
           read_installs(reading, map) && read_rules(reading, map, "cannot", &file->cannot) &&
           read_rules(reading, map, "chance", &file->chance) && read_profiles(reading, map);
}

/* ---- loading ------------------------------------------------------------------------------------- */

static bool begin(const struct reading *reading, const char *folder)
{
    struct subject_file *file = reading->file;
    size_t size = strlen(folder);

    while (size > 1 && folder[size - 1] == '/')
        size--;
    *file = (struct subject_file){
        .folder = region_copy_text(reading->region, folder, size),
        .ready_within_ns = READY_DEFAULT_NS,
        .stop_signal = SIGTERM,
        .stop_within_ns = STOP_DEFAULT_NS,
    };
    if (file->folder == NULL)
        return fail_memory(reading, NULL);
    const char *slash = strrchr(file->folder, '/');
    file->name = slash != NULL ? slash + 1 : file->folder;
    file->title = file->name;
    return true;
}

bool subject_file_parse(struct subject_file *file, struct bytes text, const char *folder,
                        struct region *region, struct yaml_error *error)
{
    const struct reading reading = {.file = file, .region = region, .error = error};
    const struct yaml_node *root =
        yaml_parse(region, FILE_NAME, (const char *)text.data, text.size, error);

    return root != NULL && begin(&reading, folder) && read_file(&reading, root);
}

bool subject_file_load(struct subject_file *file, const char *folder, struct region *region,
                       struct yaml_error *error)
{
    const struct reading reading = {.file = file, .region = region, .error = error};
    char real[PATH_MAX];
    const char *path = region_format(region, "%s/%s", folder, FILE_NAME);

    error->sentence[0] = '\0';
    if (path == NULL)
        return fail_memory(&reading, NULL);
    const struct yaml_node *root = yaml_load(region, path, error);
    /* The subject runs in a folder of its own, from where only a whole path leads back. */
    return root != NULL && begin(&reading, realpath(folder, real) != NULL ? real : folder) &&
           read_file(&reading, root);
}

/* ---- questions ----------------------------------------------------------------------------------- */

const struct subject_profile *subject_file_profile(const struct subject_file *file,
                                                   const char *name)
{
    for (size_t i = 0; i < file->profile_count; i++)
        if (strcmp(file->profiles[i].name, name) == 0)
            return &file->profiles[i];
    return NULL;
}

static const char *why_among(const struct subject_rules *rules, const struct filter_subject *one)
{
    for (size_t i = 0; i < rules->count; i++)
        if (filter_fits(&rules->list[i].when, one))
            return rules->list[i].why;
    return NULL;
}

const char *subject_file_refusal(const struct subject_file *file,
                                 const struct subject_profile *profile,
                                 const struct filter_subject *one)
{
    const char *why = why_among(&file->cannot, one);

    return why != NULL ? why : why_among(&profile->cannot, one);
}

const char *subject_file_chance(const struct subject_file *file,
                                const struct subject_profile *profile,
                                const struct filter_subject *one)
{
    const char *why = why_among(&file->chance, one);

    return why != NULL ? why : why_among(&profile->chance, one);
}
