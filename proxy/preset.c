#include "proxy/preset.h"

#include <string.h>

#include "proxy/preset_data.h"
#include "proxy/retry_keys.h"

enum {
    REGION_BYTES_MAX = 1024 * 1024, /* a data file as a tree; ours take a tenth */
};

/* One preset being read for a configuration. */
struct reading {
    struct region *region;
    const char *name;
    const struct yaml_node *root; /* the data file */
    struct preset_choice *out;
    size_t word_count;
    const char *alone; /* a word that stands alone was said */
    struct yaml_error *error;
};

/* ---- the data files ------------------------------------------------------------------------------ */

static const struct preset_data *find_data(const char *name)
{
    const struct preset_data *data = preset_data();

    while (data->name != NULL && strcmp(data->name, name) != 0)
        data++;
    check(data->name != NULL);
    return data;
}

static bool check_texts(const struct yaml_node *root, const char *key, struct yaml_error *error)
{
    const struct yaml_node *list = yaml_get(root, key);
    const char *text;

    if (list == NULL || list->kind != YAML_LIST)
        return yaml_fail(error, list != NULL ? list : root, "a preset has a list of %s", key);
    for (const struct yaml_node *item = list->first; item != NULL; item = item->next)
        if (!yaml_text(item, key, &text, error))
            return false;
    return true;
}

/* A word says what it retries, or why it cannot be honoured. */
static bool check_word(const struct yaml_node *word, struct yaml_error *error)
{
    static const char *const keys[] = {
        "retry_on", "retry_on_status", "retry_non_idempotent", "needs", "alone", "refused", NULL};
    static const char *const needs[] = {"retry_on_status", NULL};
    const struct yaml_node *refused;
    const struct yaml_node *need;
    const struct yaml_node *alone;
    struct retry_settings retry = {0};
    const char *text;
    bool truth;

    if (!yaml_check_keys(word, "a preset's word", keys, error))
        return false;
    refused = yaml_get(word, "refused");
    need = yaml_get(word, "needs");
    alone = yaml_get(word, "alone");
    if (word->count == 0 || (refused != NULL && word->count > 1))
        return yaml_fail(error, word, "a preset's word retries something or is refused, not both");
    return (refused == NULL || yaml_text(refused, "refused", &text, error)) &&
           (need == NULL || yaml_word(need, "needs", needs, error) >= 0) &&
           (alone == NULL || yaml_bool(alone, "alone", &truth, error)) &&
           retry_keys_read(word, &retry, error);
}

static bool check_words(const struct yaml_node *root, struct yaml_error *error)
{
    const struct yaml_node *words = yaml_get(root, "words");
    const struct yaml_node *defaults = yaml_get(root, "default_words");

    if ((words == NULL) != (defaults == NULL))
        return yaml_fail(error, root, "a preset has both words and default_words, or neither");
    if (words == NULL)
        return true;
    if (words->kind != YAML_MAP || words->count > PRESET_WORDS_MAX)
        return yaml_fail(error, words, "words is a map of at most %d words", PRESET_WORDS_MAX);
    for (const struct yaml_node *word = words->first; word != NULL; word = word->next)
        if (!check_word(word, error))
            return false;
    if (!check_texts(root, "default_words", error))
        return false;
    for (const struct yaml_node *word = defaults->first; word != NULL; word = word->next)
        if (yaml_get(words, word->text) == NULL)
            return yaml_fail(error, word, "default_words has no such word: '%s'", word->text);
    return true;
}

bool preset_check(const struct yaml_node *root, const char *name, struct yaml_error *error)
{
    static const char *const keys[] = {"name",  "stands_for",    "status",   "sources", "tries",
                                       "words", "default_words", "settings", "safer",   "differs",
                                       NULL};
    static const char *const texts[] = {"name", "stands_for", "status", NULL};
    static const char *const tries[] = {"each-upstream-once", NULL};
    const struct yaml_node *each;
    const struct yaml_node *settings;
    struct retry_settings retry = {0};
    const char *text;

    if (!yaml_check_keys(root, "a preset", keys, error))
        return false;
    for (size_t i = 0; texts[i] != NULL; i++) {
        const struct yaml_node *node = yaml_get(root, texts[i]);

        if (node == NULL)
            return yaml_fail(error, root, "a preset has a %s", texts[i]);
        if (!yaml_text(node, texts[i], &text, error))
            return false;
        if (i == 0 && strcmp(text, name) != 0)
            return yaml_fail(error, node, "a preset has the name of its file, '%s'", name);
    }
    each = yaml_get(root, "tries");
    settings = yaml_get(root, "settings");
    if (settings == NULL)
        return yaml_fail(error, root, "a preset has settings");
    return (each == NULL || yaml_word(each, "tries", tries, error) >= 0) &&
           yaml_check_keys(settings, "a preset's settings", retry_keys(), error) &&
           retry_keys_read(settings, &retry, error) && check_words(root, error) &&
           check_texts(root, "sources", error) && check_texts(root, "safer", error) &&
           check_texts(root, "differs", error);
}

struct yaml_node *preset_load(struct region *region, const char *name, struct yaml_error *error)
{
    const struct preset_data *data = find_data(name);
    struct yaml_node *root =
        yaml_parse(region, data->path, (const char *)data->text, data->size, error);

    return root != NULL && preset_check(root, name, error) ? root : NULL;
}

/* ---- the words that a configuration says ---------------------------------------------------------- */

/* The word's part of the data file; NULL, with the nearest known one in the sentence, if there is none. */
static const struct yaml_node *find_word(const struct reading *reading,
                                         const struct yaml_node *word)
{
    const struct yaml_node *words = yaml_get(reading->root, "words");
    const char *known[PRESET_WORDS_MAX + 1] = {NULL};
    char what[64]; /* a few words and the name of a preset */
    size_t count = 0;

    if (words == NULL) {
        yaml_fail(reading->error, word, "preset '%s' has no words", reading->name);
        return NULL;
    }
    for (const struct yaml_node *node = words->first; node != NULL; node = node->next)
        known[count++] = node->key->text;
    snprintf(what, sizeof(what), "a word of preset '%s'", reading->name);
    return yaml_word(word, what, known, reading->error) < 0 ? NULL : yaml_get(words, word->text);
}

static bool add_word(struct reading *reading, const struct yaml_node *word)
{
    const struct yaml_node *meaning = find_word(reading, word);
    struct retry_settings *retry = &reading->out->retry;
    struct retry_settings said = {0};
    const struct yaml_node *refused;
    const struct yaml_node *alone;

    if (meaning == NULL)
        return false;
    refused = yaml_get(meaning, "refused");
    alone = yaml_get(meaning, "alone");
    if (refused != NULL)
        return yaml_fail(reading->error, word, "'%s' of preset '%s' cannot be honoured: %s",
                         word->text, reading->name, refused->text);
    if (alone != NULL && strcmp(alone->text, "true") == 0)
        reading->alone = meaning->key->text;
    reading->word_count++;
    if (reading->alone != NULL && reading->word_count > 1)
        return yaml_fail(reading->error, word, "'%s' of preset '%s' stands alone", reading->alone,
                         reading->name);
    if (!retry_keys_read(meaning, &said, reading->error))
        return false;
    retry->conditions |= said.conditions;
    for (size_t i = 0; i < COUNT_OF(said.on_status.bits); i++)
        retry->on_status.bits[i] |= said.on_status.bits[i];
    retry->non_idempotent |= said.non_idempotent;
    reading->out->adds_statuses |= yaml_get(meaning, "needs") != NULL;
    return true;
}

/* Words of one scalar, apart by blanks or commas, as the systems' own configurations have them. */
static bool add_words_of(struct reading *reading, const struct yaml_node *scalar)
{
    static const char apart[] = " \t\r\n,";
    const char *rest;

    if (!yaml_text(scalar, "a preset's words", &rest, reading->error))
        return false;
    rest += strspn(rest, apart);
    while (rest[0] != '\0') {
        struct yaml_node word = *scalar;

        word.text_size = strcspn(rest, apart);
        word.text = region_copy_text(reading->region, rest, word.text_size);
        if (word.text == NULL)
            return yaml_fail(reading->error, scalar, "too many words");
        if (!add_word(reading, &word))
            return false;
        rest += word.text_size;
        rest += strspn(rest, apart);
    }
    return true;
}

static bool add_words(struct reading *reading, const struct yaml_node *said)
{
    if (said->kind == YAML_SCALAR)
        return add_words_of(reading, said);
    if (said->kind != YAML_LIST)
        return yaml_fail(reading->error, said, "a preset's words are a list, or text");
    for (const struct yaml_node *item = said->first; item != NULL; item = item->next)
        if (!add_words_of(reading, item))
            return false;
    return true;
}

static bool read_preset(struct reading *reading, const struct yaml_node *said,
                        const struct yaml_node *at)
{
    struct preset_choice *out = reading->out;
    const struct yaml_node *defaults;

    reading->root = preset_load(reading->region, reading->name, reading->error);
    if (reading->root == NULL)
        return false;
    out->retry.policy = RETRY_CONDITIONS;
    out->retry.conditions = 0;
    out->retry.on_status = (struct status_set){0};
    out->retry.on_reused = false;
    out->retry.non_idempotent = false;
    out->each_upstream_once = yaml_get(reading->root, "tries") != NULL;
    out->adds_statuses = false;
    if (!retry_keys_read(yaml_get(reading->root, "settings"), &out->retry, reading->error))
        return false;
    defaults = yaml_get(reading->root, "default_words");
    if (said == NULL)
        return defaults == NULL || add_words(reading, defaults);
    if (!add_words(reading, said))
        return false;
    return reading->word_count > 0 ||
           yaml_fail(reading->error, at, "preset '%s' is given without a word", reading->name);
}

bool preset_read(const struct yaml_node *node, struct preset_choice *out, struct yaml_error *error)
{
    const struct yaml_node *name = node;
    const struct yaml_node *said = NULL;
    struct reading reading = {.out = out, .error = error};
    struct region region;
    bool read;
    int index;

    if (node->kind == YAML_MAP && node->count == 1) {
        said = node->first;
        name = said->key;
    }
    if (name->kind != YAML_SCALAR)
        return yaml_fail(
            error, node,
            "preset is a name, or one name with its words: {nginx: error timeout}; within "
            "braces a comma would begin another key");
    index = yaml_word(name, "preset", preset_names(), error);
    if (index < 0)
        return false;
    region_init(&region, REGION_BYTES_MAX);
    reading.region = &region;
    reading.name = preset_names()[index];
    read = read_preset(&reading, said, node);
    region_release(&region);
    return read;
}

/* ---- telling people -------------------------------------------------------------------------------- */

/* One thing after another, apart by commas. */
struct listing {
    FILE *out;
    bool begun;
};

static void say(struct listing *listing, const char *before, const char *word)
{
    fprintf(listing->out, "%s%s%s", listing->begun ? ", " : "", before, word);
    listing->begun = true;
}

/* "status 503", or "status 500-599"; the last of them. */
static unsigned say_statuses(struct listing *listing, const struct status_set *set, unsigned first)
{
    char text[24]; /* two numbers and a hyphen */
    unsigned last = first;

    while (status_set_has(set, last + 1))
        last++;
    if (last == first)
        snprintf(text, sizeof(text), "%u", first);
    else
        snprintf(text, sizeof(text), "%u-%u", first, last);
    say(listing, "status ", text);
    return last;
}

/* What a word, or a preset without words, retries. */
static void list_retries(const struct yaml_node *map, FILE *out)
{
    struct retry_settings retry = {.policy = RETRY_CONDITIONS};
    struct listing listing = {.out = out};
    struct yaml_error error = {{0}};
    unsigned conditions;

    if (!retry_keys_read(map, &retry, &error))
        return;
    conditions = retry_conditions(&retry);
    for (enum retry_condition i = 0; i < RETRY_CONDITION_COUNT; i++)
        if ((conditions >> i & 1u) != 0)
            say(&listing, "", retry_condition_word(i));
    for (unsigned status = STATUS_SET_FIRST; status <= STATUS_SET_LAST; status++)
        if (status_set_has(&retry.on_status, status))
            status = say_statuses(&listing, &retry.on_status, status);
    if (yaml_get(map, "needs") != NULL)
        say(&listing, "the statuses of ", "retry_on_status beside the preset");
    if (retry.non_idempotent)
        say(&listing, "", "whatever the method");
    if (!listing.begun)
        say(&listing, "", "nothing");
}

static void list_preset(const struct yaml_node *root, FILE *out)
{
    const struct yaml_node *words = yaml_get(root, "words");
    const struct yaml_node *defaults = yaml_get(root, "default_words");

    fprintf(out, "%s: stands for %s\n", yaml_get(root, "name")->text,
            yaml_get(root, "stands_for")->text);
    if (words == NULL) {
        fprintf(out, "  ");
        list_retries(yaml_get(root, "settings"), out);
        fprintf(out, "\n");
        return;
    }
    fprintf(out, "  where no word is said:");
    for (const struct yaml_node *word = defaults->first; word != NULL; word = word->next)
        fprintf(out, " %s", word->text);
    fprintf(out, "%s\n", defaults->count == 0 ? " none" : "");
    for (const struct yaml_node *word = words->first; word != NULL; word = word->next) {
        fprintf(out, "  %-26s ", word->key->text);
        if (yaml_get(word, "refused") != NULL)
            fprintf(out, "refused: %s", yaml_get(word, "refused")->text);
        else
            list_retries(word, out);
        fprintf(out, "\n");
    }
}

void preset_list(FILE *out)
{
    const char *const *names = preset_names();
    struct yaml_error error;
    struct region region;

    for (size_t i = 0; names[i] != NULL; i++) {
        const struct yaml_node *root;

        region_init(&region, REGION_BYTES_MAX);
        root = preset_load(&region, names[i], &error);
        check(root != NULL); /* the data files are ours, and tested */
        list_preset(root, out);
        region_release(&region);
    }
}
