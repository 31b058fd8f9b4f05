/* For tests: whether a JSON document is as its schema in docs/ says, in the part of JSON Schema that ours use. */
#ifndef REPORTS_SCHEMA_RIG_H
#define REPORTS_SCHEMA_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "world/data/json.h"

static inline bool schema_type_fits(const struct json *value, const char *type)
{
    uint64_t number = 0;
    bool truth = false;
    if (strcmp(type, "object") == 0)
        return json_is_map(value);
    if (strcmp(type, "array") == 0)
        return json_is_list(value);
    if (strcmp(type, "string") == 0)
        return json_text(value) != NULL;
    if (strcmp(type, "integer") == 0)
        return json_u64(value, &number);
    if (strcmp(type, "boolean") == 0)
        return json_bool(value, &truth);
    assert_string_equal(type, "null");
    return !json_is_map(value) && !json_is_list(value) && json_text(value) == NULL &&
           !json_u64(value, &number) && !json_bool(value, &truth);
}

/* True if any of a list of texts or numbers is the value. */
static inline bool schema_has(const struct json *allowed, const struct json *value)
{
    uint64_t number = 0;
    uint64_t wanted = 0;
    for (size_t i = 0; i < json_count(allowed); i++) {
        const struct json *option = json_at(allowed, i);
        if (json_text(value) != NULL && strcmp(json_text(value), json_text(option)) == 0)
            return true;
        if (json_u64(value, &number) && json_u64(option, &wanted) && number == wanted)
            return true;
    }
    return false;
}

static inline void schema_check(const struct json *value, const struct json *schema);

/* No key but those that are told of, and none of those missing that are required. */
static inline void schema_check_map(const struct json *value, const struct json *schema)
{
    const struct json *required = json_get(schema, "required");
    const struct json *further = json_get(schema, "additionalProperties");
    for (size_t i = 0; i < json_count(required); i++)
        assert_non_null(json_get(value, json_text(json_at(required, i))));
    for (const char *key = json_key_after(value, NULL); key != NULL;
         key = json_key_after(value, key)) {
        const struct json *known = json_get(json_get(schema, "properties"), key);
        if (known == NULL && !json_is_map(further))
            print_error("the schema has no %s\n", key);
        assert_true(known != NULL || json_is_map(further));
        schema_check(json_get(value, key), known != NULL ? known : further);
    }
}

/* Its depth is that of our own schema. */
static inline void schema_check(const struct json *value, const struct json *schema)
{
    const struct json *type = json_get(schema, "type");
    const struct json *items = json_get(schema, "items");
    uint64_t count = 0;
    if (json_get(schema, "anyOf") != NULL)
        return; /* left to the whole validator, which tests/readers asks */
    if (json_text(type) != NULL)
        assert_true(schema_type_fits(value, json_text(type)));
    for (size_t i = 0; i < json_count(type); i++) {
        if (schema_type_fits(value, json_text(json_at(type, i))))
            break;
        assert_true(i + 1 < json_count(type));
    }
    if (json_get(schema, "enum") != NULL)
        assert_true(schema_has(json_get(schema, "enum"), value));
    if (json_get(schema, "const") != NULL)
        assert_string_equal(json_text(value), json_text(json_get(schema, "const")));
    if (json_u64(json_get(schema, "minItems"), &count))
        assert_true(json_count(value) >= count);
    if (json_u64(json_get(schema, "maxItems"), &count))
        assert_true(json_count(value) <= count);
    if (json_is_map(value))
        schema_check_map(value, schema);
    for (size_t i = 0; items != NULL && i < json_count(value); i++)
        schema_check(json_at(value, i), items);
}

#endif
