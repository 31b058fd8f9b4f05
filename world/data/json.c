#include "world/data/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "world/data/utf8.h"

enum {
    REPLACED_BYTES = 3, /* U+FFFD in UTF-8 */
    READING = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
};

/* A struct json is jansson's value under a name of ours; nobody else sees the other one. */
static json_t *inner(const struct json *json)
{
    return (json_t *)(uintptr_t)json;
}

static struct json *outer(json_t *value)
{
    return (struct json *)value;
}

static json_t *must(json_t *value)
{
    check(value != NULL);
    return value;
}

struct json *json_map_create(void)
{
    return outer(must(json_object()));
}

struct json *json_list_create(void)
{
    return outer(must(json_array()));
}

void json_destroy(struct json **json)
{
    json_decref(inner(*json));
    *json = NULL;
}

/* ---- building ---- */

/* The text with every byte that begins no character replaced; to be freed. */
static char *replace_bad_bytes(const char *text, size_t size)
{
    char *good = malloc(size * REPLACED_BYTES + 1);
    size_t used = 0;
    size_t i = 0;

    check(good != NULL);
    while (i < size) {
        uint32_t code_point;
        size_t length = utf8_take(text + i, size - i, &code_point);

        if (length == 0) {
            memcpy(good + used, "\xEF\xBF\xBD", REPLACED_BYTES);
            used += REPLACED_BYTES;
            i++;
            continue;
        }
        memcpy(good + used, text + i, length);
        used += length;
        i += length;
    }
    good[used] = '\0';
    return good;
}

static json_t *make_text(const char *text)
{
    json_t *value;
    char *good;

    if (text == NULL)
        return json_null();
    value = json_string(text);
    if (value != NULL)
        return value;
    good = replace_bad_bytes(text, strlen(text));
    value = must(json_string(good));
    free(good);
    return value;
}

static json_t *make_u64(uint64_t value)
{
    check(value <= JSON_NUMBER_MAX);
    return must(json_integer((json_int_t)value));
}

static void set(struct json *map, const char *key, json_t *taken)
{
    int result;

    check(json_is_object(inner(map)));
    result = json_object_set_new(inner(map), key, taken);
    check(result == 0);
}

static void append(struct json *list, json_t *taken)
{
    int result;

    check(json_is_array(inner(list)));
    result = json_array_append_new(inner(list), taken);
    check(result == 0);
}

void json_set(struct json *map, const char *key, struct json *taken)
{
    set(map, key, inner(taken));
}

void json_set_text(struct json *map, const char *key, const char *text)
{
    set(map, key, make_text(text));
}

void json_set_u64(struct json *map, const char *key, uint64_t value)
{
    set(map, key, make_u64(value));
}

void json_set_bool(struct json *map, const char *key, bool value)
{
    set(map, key, json_boolean(value));
}

void json_append(struct json *list, struct json *taken)
{
    append(list, inner(taken));
}

void json_append_text(struct json *list, const char *text)
{
    append(list, make_text(text));
}

void json_append_u64(struct json *list, uint64_t value)
{
    append(list, make_u64(value));
}

/* ---- writing ---- */

bool json_write(const struct json *json, FILE *out)
{
    return json_dumpf(inner(json), out, JSON_INDENT(2) | JSON_SORT_KEYS) == 0 &&
           fputc('\n', out) != EOF;
}

char *json_format_line(const struct json *json)
{
    char *line = json_dumps(inner(json), JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    check(line != NULL);
    return line;
}

/* ---- reading ---- */

static struct json *finish_reading(json_t *value, const char *name, const json_error_t *why,
                                   char error[JSON_ERROR_BYTES])
{
    if (value != NULL)
        return outer(value);
    snprintf(error, JSON_ERROR_BYTES, "%s:%d:%d: %s", name, why->line, why->column, why->text);
    return NULL;
}

struct json *json_load(const char *path, char error[JSON_ERROR_BYTES])
{
    FILE *file = fopen(path, "re");
    json_error_t why;
    json_t *value;
    int reason;

    if (file == NULL) {
        snprintf(error, JSON_ERROR_BYTES, "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    value = json_loadf(file, READING, &why);
    reason = ferror(file) ? errno : 0;
    fclose(file);
    if (value == NULL && reason != 0) {
        snprintf(error, JSON_ERROR_BYTES, "%s: cannot be read: %s", path, strerror(reason));
        return NULL;
    }
    return finish_reading(value, path, &why, error);
}

struct json *json_parse(const char *name, const char *text, size_t size,
                        char error[JSON_ERROR_BYTES])
{
    json_error_t why;
    json_t *value = json_loadb(text, size, READING, &why);

    return finish_reading(value, name, &why, error);
}

struct json *json_get(const struct json *map, const char *key)
{
    return outer(json_object_get(inner(map), key));
}

size_t json_count(const struct json *json)
{
    const json_t *value = inner(json);

    return json_is_object(value) ? json_object_size(value) : json_array_size(value);
}

bool json_is_map(const struct json *json)
{
    return json_is_object(inner(json));
}

bool json_is_list(const struct json *json)
{
    return json_is_array(inner(json));
}

const char *json_key_after(const struct json *map, const char *key)
{
    json_t *value = inner(map);
    void *at = key == NULL ? json_object_iter(value)
                           : json_object_iter_next(value, json_object_key_to_iter(key));

    return at != NULL ? json_object_iter_key(at) : NULL;
}

struct json *json_at(const struct json *list, size_t index)
{
    return outer(json_array_get(inner(list), index));
}

const char *json_text_sized(const struct json *json, size_t *size)
{
    *size = json_string_length(inner(json));
    return json_string_value(inner(json));
}

/* Whoever asks for no size would see the front of it alone. */
const char *json_text(const struct json *json)
{
    size_t size;
    const char *text = json_text_sized(json, &size);

    return text != NULL && memchr(text, '\0', size) == NULL ? text : NULL;
}

bool json_u64(const struct json *json, uint64_t *out)
{
    const json_t *value = inner(json);

    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

bool json_bool(const struct json *json, bool *out)
{
    const json_t *value = inner(json);

    if (!json_is_boolean(value))
        return false;
    *out = json_is_true(value);
    return true;
}
