#include "fakeupstream/secure/key_log.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TEXT_BYTES_FIRST = 2048 }; /* two connections of TLS 1.3 */

void key_log_init(struct key_log *log)
{
    *log = (struct key_log){.text = NULL};
}

void key_log_release(struct key_log *log)
{
    free(log->text);
    key_log_init(log);
}

void key_log_reset(struct key_log *log)
{
    log->size = 0;
}

static bool make_room(struct key_log *log, size_t size)
{
    size_t wanted = log->capacity == 0 ? TEXT_BYTES_FIRST : log->capacity;
    char *text;

    if (size > KEY_LOG_BYTES_MAX - log->size)
        return false;
    if (size <= log->capacity - log->size)
        return true;
    while (wanted < log->size + size)
        wanted *= 2;
    text = realloc(log->text, wanted);
    if (text == NULL)
        return false;
    log->text = text;
    log->capacity = wanted;
    return true;
}

/* EXPORTER_SECRET is of no use to whoever reads records (RFC 8446 7.5). */
void key_log_add(void *owner, const char *line)
{
    static const char UNUSED[] = "EXPORTER_SECRET ";
    struct key_log *log = owner;
    size_t size = strlen(line);

    if (strncmp(line, UNUSED, sizeof(UNUSED) - 1) == 0 || !make_room(log, size + 1))
        return;
    memcpy(log->text + log->size, line, size);
    log->text[log->size + size] = '\n';
    log->size += size + 1;
}

/* "LABEL RANDOM SECRET": the random in hexadecimal digits, of either case. */
static bool is_of(const char *line, size_t size, const char random[2 * KEY_LOG_RANDOM_BYTES])
{
    const char *space = memchr(line, ' ', size);
    size_t left = space == NULL ? 0 : size - (size_t)(space + 1 - line);

    return left >= (size_t)2 * KEY_LOG_RANDOM_BYTES &&
           strncasecmp(space + 1, random, (size_t)2 * KEY_LOG_RANDOM_BYTES) == 0;
}

const char *key_log_find(const struct key_log *log, const uint8_t random[KEY_LOG_RANDOM_BYTES],
                         struct region *region)
{
    static const char DIGITS[] = "0123456789abcdef";
    char wanted[2 * KEY_LOG_RANDOM_BYTES];
    char *found = region_take(region, log->size + 1);
    size_t used = 0;

    for (size_t i = 0; i < KEY_LOG_RANDOM_BYTES; i++) {
        wanted[2 * i] = DIGITS[random[i] >> 4];
        wanted[2 * i + 1] = DIGITS[random[i] & 15];
    }
    for (size_t at = 0; at < log->size && found != NULL;) {
        const char *line = log->text + at;
        const char *end = memchr(line, '\n', log->size - at);
        size_t size = (size_t)(end + 1 - line);

        if (is_of(line, size, wanted)) {
            memcpy(found + used, line, size);
            used += size;
        }
        at += size;
    }
    return used > 0 ? found : NULL;
}
