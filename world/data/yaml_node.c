#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "world/base/bytes.h"
#include "world/data/utf8.h"
#include "world/data/yaml.h"

enum {
    NEAREST_BYTES_MAX = 40, /* a longer word is no misspelling of ours */
    WORD_LIST_BYTES = 256,  /* the known words in a sentence; cut at a word */
};

/* ---- sentences ---- */

/* A file's own bytes stand in sentences; none of them may steer a terminal or be half a character. */
static void make_printable(char *sentence)
{
    size_t size = strlen(sentence);
    size_t i = 0;

    while (i < size) {
        uint32_t code_point;
        size_t length = utf8_take(sentence + i, size - i, &code_point);

        if (length == 0 || code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0)) {
            sentence[i] = '?';
            length = 1;
        }
        i += length;
    }
}

bool yaml_fail(struct yaml_error *error, const struct yaml_node *at, const char *format, ...)
{
    char *out = error->sentence;
    size_t room = sizeof(error->sentence);
    va_list arguments;
    int size = 0;

    if (out[0] != '\0')
        return false;
    if (at != NULL)
        size = snprintf(out, room, "%s:%u:%u: ", at->file, at->line, at->column);
    check(size >= 0);
    if ((size_t)size < room) {
        va_start(arguments, format);
        vsnprintf(out + size, room - (size_t)size, format, arguments);
        va_end(arguments);
    }
    make_printable(out);
    return false;
}

/* ---- words ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, changes and swaps of neighbours that turn one word into the other. */
static size_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][NEAREST_BYTES_MAX + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];

    check(b_size <= NEAREST_BYTES_MAX);
    memset(rows, 0, sizeof(rows));
    for (size_t j = 0; j <= b_size; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *recycled = before;

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t changed = last[j - 1] + (a[i - 1] != b[j - 1]);

            row[j] = least(changed, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
        row = recycled;
    }
    return last[b_size];
}

const char *yaml_nearest(const char *text, const char *const *words)
{
    size_t size = strlen(text);
    const char *nearest = NULL;
    size_t nearest_distance = size / 3 + 1; /* more than a third wrong is another word */

    if (size > NEAREST_BYTES_MAX)
        return NULL;
    for (; *words != NULL; words++) {
        size_t word_size = strlen(*words);
        size_t distance;

        if (word_size > NEAREST_BYTES_MAX)
            continue;
        distance = edit_distance(text, size, *words, word_size);
        if (distance < nearest_distance || (nearest == NULL && distance == nearest_distance)) {
            nearest = *words;
            nearest_distance = distance;
        }
    }
    return nearest;
}

/* Reading a suite is mostly this comparison, and most words differ in their first byte already. */
static bool is_word(const struct yaml_node *node, const char *word)
{
    return node->text[0] == word[0] &&
           bytes_equal_text(bytes_make(node->text, node->text_size), word);
}

static int word_index(const struct yaml_node *node, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++)
        if (is_word(node, words[i]))
            return i;
    return -1;
}

/* "first, round-robin, least-connections" */
static const char *list_words(const char *const *words, char text[WORD_LIST_BYTES])
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; words[i] != NULL; i++) {
        const char *comma = i == 0 ? "" : ", ";

        if (used + strlen(comma) + strlen(words[i]) + sizeof(", …") > WORD_LIST_BYTES) {
            snprintf(text + used, WORD_LIST_BYTES - used, ", …");
            break;
        }
        used += (size_t)snprintf(text + used, WORD_LIST_BYTES - used, "%s%s", comma, words[i]);
    }
    return text;
}

/* Says an unknown word with its nearest neighbour, or with all there are. */
static bool fail_unknown(struct yaml_error *error, const struct yaml_node *at,
                         const char *complaint, const char *const *words)
{
    const char *nearest = yaml_nearest(at->text, words);
    char known[WORD_LIST_BYTES];

    if (nearest != NULL)
        return yaml_fail(error, at, "%s '%s'; did you mean '%s'?", complaint, at->text, nearest);
    return yaml_fail(error, at, "%s '%s'; known are: %s", complaint, at->text,
                     list_words(words, known));
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    check(map->kind == YAML_MAP);
    for (struct yaml_node *value = map->first; value != NULL; value = value->next)
        if (value->key->text[0] == key[0] && strcmp(value->key->text, key) == 0)
            return value;
    return NULL;
}

bool yaml_check_keys(const struct yaml_node *map, const char *what, const char *const *known,
                     struct yaml_error *error)
{
    char complaint[96]; /* `what` is a few words of ours */

    if (map->kind != YAML_MAP)
        return yaml_fail(error, map, "%s must be a map, key: value", what);
    for (const struct yaml_node *value = map->first; value != NULL; value = value->next) {
        if (word_index(value->key, known) >= 0)
            continue;
        snprintf(complaint, sizeof(complaint), "%s has no key", what);
        return fail_unknown(error, value->key, complaint, known);
    }
    return true;
}

int yaml_word(const struct yaml_node *node, const char *what, const char *const *words,
              struct yaml_error *error)
{
    char complaint[96];
    char known[WORD_LIST_BYTES];
    int index;

    if (node->kind != YAML_SCALAR) {
        yaml_fail(error, node, "%s must be one of: %s", what, list_words(words, known));
        return -1;
    }
    index = word_index(node, words);
    if (index >= 0)
        return index;
    snprintf(complaint, sizeof(complaint), "%s cannot be", what);
    fail_unknown(error, node, complaint, words);
    return -1;
}

/* ---- numbers, with and without a unit ---- */

struct unit {
    const char *word;
    uint64_t factor;
};

static size_t digit_count(const struct yaml_node *node)
{
    size_t count = 0;

    while (count < node->text_size && node->text[count] >= '0' && node->text[count] <= '9')
        count++;
    return count;
}

/* The factor of the unit that follows the digits; 0 if there is no such unit. */
static uint64_t unit_factor(struct bytes word, const struct unit *units, size_t unit_count)
{
    for (size_t i = 0; i < unit_count; i++)
        if (bytes_equal_text(word, units[i].word))
            return units[i].factor;
    return 0;
}

bool yaml_u64(const struct yaml_node *node, const char *what, uint64_t min, uint64_t max,
              uint64_t *out, struct yaml_error *error)
{
    uint64_t value;

    if (node->kind != YAML_SCALAR)
        return yaml_fail(error, node, "%s must be a number", what);
    if (node->quoted)
        return yaml_fail(error, node, "%s must be a number; between quotes it is text", what);
    if (node->text_size == 0 || digit_count(node) != node->text_size)
        return yaml_fail(error, node, "%s must be a whole number, not '%s'", what, node->text);
    if (!bytes_to_u64(bytes_make(node->text, node->text_size), max, &value) || value < min)
        return yaml_fail(error, node, "%s must be between %llu and %llu, not %s", what,
                         (unsigned long long)min, (unsigned long long)max, node->text);
    *out = value;
    return true;
}

bool yaml_bool(const struct yaml_node *node, const char *what, bool *out, struct yaml_error *error)
{
    static const char *const words[] = {"false", "true", NULL};
    int index = node->kind == YAML_SCALAR && !node->quoted ? word_index(node, words) : -1;

    if (index < 0)
        return yaml_fail(error, node, "%s must be true or false", what);
    *out = index == 1;
    return true;
}

bool yaml_duration(const struct yaml_node *node, const char *what, uint64_t *out_ns,
                   struct yaml_error *error)
{
    static const struct unit units[] = {
        {"ns", 1},
        {"us", 1000},
        {"ms", 1000000},
        {"s", 1000000000ull},
        {"m", 60000000000ull},
        {"h", 3600000000000ull},
    };
    size_t digits = node->kind == YAML_SCALAR ? digit_count(node) : 0;
    struct bytes unit;
    uint64_t factor;
    uint64_t value;

    if (digits == 0)
        return yaml_fail(error, node, "%s must be a whole number with a unit, such as 250ms or 2s",
                         what);
    unit = bytes_make(node->text + digits, node->text_size - digits);
    factor = unit_factor(unit, units, COUNT_OF(units));
    if (factor == 0 && unit.size == 0 && strspn(node->text, "0") == digits)
        factor = 1; /* nothing is the same in every unit */
    if (factor == 0 && unit.size == 0)
        return yaml_fail(error, node, "%s needs a unit: %sms or %ss?", what, node->text,
                         node->text);
    if (factor == 0)
        return yaml_fail(error, node, "%s has no such unit: '%s'; known are ns, us, ms, s, m, h",
                         what, node->text);
    if (!bytes_to_u64(bytes_make(node->text, digits), YAML_DURATION_MAX_NS / factor, &value))
        return yaml_fail(error, node, "%s must be at most 8760h (a year), not %s", what,
                         node->text);
    *out_ns = value * factor;
    return true;
}

bool yaml_size(const struct yaml_node *node, const char *what, uint64_t max, uint64_t *out,
               struct yaml_error *error)
{
    static const struct unit units[] = {
        {"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024},
    };
    size_t digits = node->kind == YAML_SCALAR ? digit_count(node) : 0;
    uint64_t factor;
    uint64_t value;

    if (digits == 0)
        return yaml_fail(error, node, "%s must be a number of bytes, such as 65536 or 64KiB", what);
    factor = unit_factor(bytes_make(node->text + digits, node->text_size - digits), units,
                         COUNT_OF(units));
    if (factor == 0)
        return yaml_fail(error, node, "%s has no such unit: '%s'; known are B, KiB, MiB, GiB", what,
                         node->text);
    if (!bytes_to_u64(bytes_make(node->text, digits), max / factor, &value))
        return yaml_fail(error, node, "%s must be at most %llu bytes, not %s", what,
                         (unsigned long long)max, node->text);
    *out = value * factor;
    return true;
}

bool yaml_text(const struct yaml_node *node, const char *what, const char **out,
               struct yaml_error *error)
{
    if (node->kind != YAML_SCALAR)
        return yaml_fail(error, node, "%s must be text, not a %s", what,
                         node->kind == YAML_LIST ? "list" : "map");
    if (memchr(node->text, '\0', node->text_size) != NULL)
        return yaml_fail(error, node, "%s must not hold a NUL", what);
    *out = node->text;
    return true;
}
