/*
 * JSON documents as reports write them and the command reads them back. The one place that touches
 * jansson.
 *
 * Ownership: a container owns what was put into it; the root belongs to its creator, who destroys it
 * with json_destroy(). Text is copied.
 * Errors: running out of memory while building is a failed check, since a report has no half.
 * Limits: numbers are at most JSON_NUMBER_MAX; hashes and other full 64 bit values go as text.
 */
#ifndef WORLD_DATA_JSON_H
#define WORLD_DATA_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "world/base/check.h"

#define JSON_NUMBER_MAX ((uint64_t)INT64_MAX) /* what jansson's integers hold */

enum { JSON_ERROR_BYTES = 512 };

struct json;

/* ---- building ---- */

MUST_USE struct json *json_map_create(void);
MUST_USE struct json *json_list_create(void);
/* The root and all that is in it; empties the caller's pointer; harmless on NULL. */
void json_destroy(struct json **json);

/* Each puts a value at a key of a map, replacing what was there. */
void json_set(struct json *map, const char *key, struct json *taken);
/* NULL text becomes null. Bytes that are not UTF-8 are written as U+FFFD, for peers send anything. */
void json_set_text(struct json *map, const char *key, const char *text);
void json_set_u64(struct json *map, const char *key, uint64_t value);
void json_set_bool(struct json *map, const char *key, bool value);

/* Each adds a value at the end of a list. */
void json_append(struct json *list, struct json *taken);
void json_append_text(struct json *list, const char *text);
void json_append_u64(struct json *list, uint64_t value);

/* ---- writing: keys sorted, two spaces of indent, a newline at the end ---- */

/* False if the stream refused bytes (errno says why). */
MUST_USE bool json_write(const struct json *json, FILE *out);
/* On one line, without spaces or newline; to be freed by the caller. */
MUST_USE char *json_format_line(const struct json *json);

/* ---- reading ---- */

/* NULL and "name:line:column: sentence" in error on any mistake. Duplicate keys are one. */
MUST_USE struct json *json_load(const char *path, char error[JSON_ERROR_BYTES]);
MUST_USE struct json *json_parse(const char *name, const char *text, size_t size,
                                 char error[JSON_ERROR_BYTES]);

/* The value at a key, still owned by the map; NULL if it is not there or this is not a map. */
struct json *json_get(const struct json *map, const char *key);
/* The number of elements of a list or map; 0 of anything else. */
size_t json_count(const struct json *json);
bool json_is_map(const struct json *json);
bool json_is_list(const struct json *json);
/*
 * The key that follows another one in a map, in the order of the file; NULL asks for the first and is the answer behind the
 * last. The key must be one that this gave for this map; it lives as long as the map.
 */
const char *json_key_after(const struct json *map, const char *key);
/* An element of a list, still owned by it; NULL past the end. */
struct json *json_at(const struct json *list, size_t index);
/* NULL unless it is text without a NUL in it; lives as long as the value. All that ask are harmless on NULL. */
const char *json_text(const struct json *json);
/* The same of any text, with the size in front of the NUL at its end. */
const char *json_text_sized(const struct json *json, size_t *size);
bool json_u64(const struct json *json, uint64_t *out);
bool json_bool(const struct json *json, bool *out);

#endif
