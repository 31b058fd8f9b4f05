/*
 * The language of --filter and --tag: which cases are wanted.
 *
 *     post-write and not (method = GET or tag ~ slow)
 *
 * A comparison is `field = value`, `field != value` or `field ~ value` (contains); a word alone is compared with
 * the filter's own field. Values with spaces stand in double quotes. `not` binds tighter than `and`, that tighter
 * than `or`. A field with several values (tag) fits when one of them does; `!=` then means that none does.
 *
 * Ownership: a filter is a plain value that copies the text it was parsed from.
 * Limits: FILTER_TERMS_MAX and FILTER_BYTES_MAX below; the depth of parentheses is bounded by the terms.
 */
#ifndef HARNESS_SUITE_FILTER_H
#define HARNESS_SUITE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "world/base/check.h"

enum {
    FILTER_TERMS_MAX = 128,  /* comparisons and operators of one expression; people write ten */
    FILTER_BYTES_MAX = 4096, /* a list of ids pasted from a report still fits */
    FILTER_ERROR_BYTES = 256,
};

#define FILTER_FIELD_LIST(X) \
    X(ID, "id")              \
    X(NAME, "name")          \
    X(FILE, "file")          \
    X(STAGE, "stage")        \
    X(FAULT, "fault")        \
    X(METHOD, "method")      \
    X(LEVEL, "level")        \
    X(WORLD, "world")        \
    X(TAG, "tag")

enum filter_field {
#define FILTER_FIELD_ENUM(name, word) FILTER_##name,
    FILTER_FIELD_LIST(FILTER_FIELD_ENUM)
#undef FILTER_FIELD_ENUM
        FILTER_FIELD_COUNT
};

/* What a filter asks: one text per field, and the tags apart. No text is NULL. */
struct filter_subject {
    const char *text[FILTER_FIELD_COUNT]; /* FILTER_TAG is not used */
    const char *const *tags;
    size_t tag_count;
};

enum filter_operator {
    FILTER_AND,
    FILTER_OR,
    FILTER_NOT,
    FILTER_OPEN, /* a parenthesis; only while parsing */
    FILTER_EQUAL,
    FILTER_UNEQUAL,
    FILTER_CONTAINS,
};

struct filter_term {
    enum filter_operator relation;
    enum filter_field field;
    const char *value;
};

struct filter {
    struct filter_term terms[FILTER_TERMS_MAX]; /* operands before their operator */
    size_t count;                               /* 0: everything fits */
    char text[FILTER_BYTES_MAX];
};

/* What a word alone stands for: FILTER_ID with `~`, or FILTER_TAG with `=`. */
enum filter_kind { FILTER_OF_IDS, FILTER_OF_TAGS };

/* False and a sentence that shows the place when the text is no expression. An empty text fits everything. */
MUST_USE bool filter_parse(struct filter *filter, enum filter_kind kind, const char *text,
                           char error[FILTER_ERROR_BYTES]);
bool filter_fits(const struct filter *filter, const struct filter_subject *subject);

#endif
