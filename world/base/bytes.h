/*
 * A slice of bytes that somebody else owns, and the few questions asked of one everywhere.
 */
#ifndef WORLD_BASE_BYTES_H
#define WORLD_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *data; /* may be NULL when size is 0 */
    size_t size;
};

static inline struct bytes bytes_make(const void *data, size_t size)
{
    return (struct bytes){.data = (const uint8_t *)data, .size = size};
}

/* A slice over a NUL-terminated string, without its NUL. In the header, so that a literal costs nothing. */
static inline struct bytes bytes_of(const char *text)
{
    return bytes_make(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b);
/* Of two slices of one size: see bytes_equal_nocase(). */
bool bytes_same_letters(const uint8_t *a, const uint8_t *b, size_t size);

/* ASCII case-insensitive: what RFC 9110 5.1 asks for field names. In the header, since most differ in their size. */
static inline bool bytes_equal_nocase(struct bytes a, struct bytes b)
{
    return a.size == b.size && bytes_same_letters(a.data, b.data, a.size);
}

/*
 * Whether one of the texts equals it, without case. They begin with letters: most differ from it in their first, so that
 * nothing else of them is looked at.
 */
bool bytes_equal_any_nocase(struct bytes a, const char *const *texts, size_t count);

static inline bool bytes_equal_text(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_of(text));
}

static inline bool bytes_equal_text_nocase(struct bytes a, const char *text)
{
    return bytes_equal_nocase(a, bytes_of(text));
}

/* Without leading and trailing SP and HTAB (OWS of RFC 9110 5.6.3). */
struct bytes bytes_trim(struct bytes a);

/*
 * The next element of a comma-separated list (RFC 9110 5.6.1), trimmed, empty elements passed over.
 * Takes it off the front of *list; false when none is left. Commas inside quoted strings count as
 * part of the element.
 */
bool bytes_take_list_element(struct bytes *list, struct bytes *element);

/* Decimal digits only, the whole slice, no sign, no space. False on anything else or past max. */
bool bytes_to_u64(struct bytes a, uint64_t max, uint64_t *out);

#endif
