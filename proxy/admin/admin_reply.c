#include "proxy/admin/admin_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_BYTES = 4096, /* of memory; most answers fit into it */
    LINE_BYTES = 1024,  /* printed at once; what peers and files say goes by admin_reply_append() */
};

static const char TYPE_JSON[] = "application/json";

void admin_reply_init(struct admin_reply *reply)
{
    *reply = (struct admin_reply){.status = 200, .type = TYPE_JSON};
}

void admin_reply_release(struct admin_reply *reply)
{
    free(reply->text);
    admin_reply_init(reply);
}

void admin_reply_clear(struct admin_reply *reply)
{
    char *text = reply->text;
    size_t capacity = reply->capacity;

    *reply =
        (struct admin_reply){.status = 200, .type = TYPE_JSON, .text = text, .capacity = capacity};
}

/* ---- adding to it ---------------------------------------------------------------------------- */

bool admin_reply_has_room(const struct admin_reply *reply, size_t size)
{
    return !reply->overflowed && size <= ADMIN_ANSWER_BYTES_MAX - reply->size;
}

static bool make_room(struct admin_reply *reply, size_t size)
{
    size_t capacity = reply->capacity > 0 ? reply->capacity : FIRST_BYTES;
    char *text;

    if (!admin_reply_has_room(reply, size))
        return false;
    if (size <= reply->capacity - reply->size)
        return true;
    while (capacity - reply->size < size)
        capacity *= 2;
    text = realloc(reply->text, capacity);
    if (text == NULL)
        return false;
    reply->text = text;
    reply->capacity = capacity;
    return true;
}

void admin_reply_append(struct admin_reply *reply, struct bytes bytes)
{
    if (!make_room(reply, bytes.size)) {
        reply->overflowed = true;
        return;
    }
    if (bytes.size > 0)
        memcpy(reply->text + reply->size, bytes.data, bytes.size);
    reply->size += bytes.size;
}

void admin_reply_print(struct admin_reply *reply, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    check(size >= 0);
    check((size_t)size < sizeof(line));
    admin_reply_append(reply, bytes_make(line, (size_t)size));
}

void admin_reply_append_json(struct admin_reply *reply, const struct json *json)
{
    char *line = json_format_line(json);

    admin_reply_append(reply, bytes_of(line));
    free(line);
}

void admin_reply_refuse(struct admin_reply *reply, unsigned status, const char *format, ...)
{
    struct json *map = json_map_create();
    char sentence[LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    admin_reply_clear(reply);
    reply->status = status;
    json_set_text(map, "error", sentence);
    admin_reply_append_json(reply, map);
    admin_reply_append(reply, bytes_of("\n"));
    json_destroy(&map);
}
