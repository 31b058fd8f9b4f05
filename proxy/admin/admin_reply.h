/*
 * An answer of the admin listener, made whole in memory before any of it is written.
 *
 * Ownership: embedded; owns its text from admin_reply_init() to admin_reply_release(), and keeps the memory for the next.
 * Limits: ADMIN_ANSWER_BYTES_MAX. Errors: past it, or where memory runs out, the reply stays overflowed and takes no more.
 */
#ifndef PROXY_ADMIN_ADMIN_REPLY_H
#define PROXY_ADMIN_ADMIN_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "world/base/bytes.h"
#include "world/base/check.h"
#include "world/data/json.h"

enum {
    ADMIN_ANSWER_BYTES_MAX =
        4 * 1024 * 1024, /* a page of the log; one that is larger ends earlier */
};

struct admin_reply {
    unsigned status;
    const char *type;  /* Content-Type; static */
    const char *allow; /* Allow; static, or NULL: not said */
    char *text;
    size_t size;
    size_t capacity;
    bool overflowed;
};

void admin_reply_init(struct admin_reply *reply);
void admin_reply_release(struct admin_reply *reply);
/* Empty again, as after init: a 200 of JSON. */
void admin_reply_clear(struct admin_reply *reply);

/* Whether so many bytes more fit below the limit. */
bool admin_reply_has_room(const struct admin_reply *reply, size_t size);
void admin_reply_append(struct admin_reply *reply, struct bytes bytes);
void admin_reply_print(struct admin_reply *reply, const char *format, ...) PRINTF_LIKE(2, 3);
/* The value on one line, without a newline behind it. */
void admin_reply_append_json(struct admin_reply *reply, const struct json *json);

/* In place of all there was: {"error": "sentence"} with this status. */
void admin_reply_refuse(struct admin_reply *reply, unsigned status, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
