/*
 * The head of one message: its start line and its fields, in the order they came.
 *
 * Ownership: a head copies everything into its own storage; slices point into it and live until
 * head_clear(). What http1_reader reads stands there as it came, start line and all. Limits: bytes_max of storage (given at init) and HEAD_FIELDS_MAX fields; passing one is
 * the return value false, never a cut field.
 */
#ifndef RETRYPROOF_HEAD_H
#define RETRYPROOF_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "retryproof/limits.h"
#include "world/base/bytes.h"
#include "world/base/check.h"

struct field {
    struct bytes name;
    struct bytes value; /* without leading and trailing white space */
};

struct head {
    struct bytes method; /* requests */
    struct bytes target; /* requests, as it came */
    unsigned status;     /* responses */
    struct bytes reason; /* responses; may be empty */
    unsigned minor;      /* HTTP/1.minor: 0 or 1 */
    struct field fields[HEAD_FIELDS_MAX];
    size_t field_count;

    uint8_t *storage;
    size_t storage_used;
    size_t storage_max;
};

/* storage of storage_max bytes belongs to the caller and outlives the head. */
void head_init(struct head *head, uint8_t *storage, size_t storage_max);
/* Empties the head; its storage is used again. */
void head_clear(struct head *head);

/* Copies text into the storage; false when it is full. */
MUST_USE bool head_store(struct head *head, struct bytes text, struct bytes *out);
/* Copies and appends a field; false when a limit would be passed. */
MUST_USE bool head_add(struct head *head, struct bytes name, struct bytes value);

/* Appends a field that stands in the storage already, trimmed; false when HEAD_FIELDS_MAX would be passed. */
MUST_USE bool head_append(struct head *head, struct bytes name, struct bytes value);

/* The first field of that name (case-insensitive), or NULL. */
const struct field *head_find(const struct head *head, const char *name);
/* Whether a comma-separated list field has the element, over all fields of that name; case-insensitive. */
bool head_list_has(const struct head *head, const char *name, const char *element);
size_t head_count(const struct head *head, const char *name);

/* A name that is a token and a value without a byte that no field may hold. RFC 9110 5.1, 5.5. */
bool head_field_is_valid(struct bytes name, struct bytes value);
/*
 * One field of that name with that value, in the place of all there were, as that name was spelled; at the end if there
 * was none. The value is trimmed. False, and nothing is changed, when a limit would be passed, or the
 * field is not valid.
 */
MUST_USE bool head_set(struct head *head, const char *name, const char *value);
/* Removes all fields of that name; how many there were. */
size_t head_remove(struct head *head, const char *name);
/* The same fields and start line in another head's storage; false, and the copy is empty, when they do not fit. */
MUST_USE bool head_copy(struct head *copy, const struct head *head);

#endif
