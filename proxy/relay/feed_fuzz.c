/* Aimed at feed_pump(), feed_supply(), feed_consume(), feed_restart(), body_filter_call(), replay_append(). */
#include <stdint.h>

#include "proxy/relay/feed_rig.h"

enum {
    SETTINGS_BYTES = 6,
    BODY_BYTES_MAX = 1023, /* a tail fills the room behind a filter, so the body need not */
    STRING_BYTES_MAX = 96, /* every order of a few things; longer ones are only slower */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t number_at(const uint8_t *data)
{
    return (size_t)(data[0] << 8 | data[1]);
}

/* The first bytes: filters and framing, body size, limit of the copy; the others are what happens. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig rig;
    struct rig_settings settings = {.framing = FRAMING_LENGTH, .chunk_bytes = RIG_BODY_BYTES_MAX};

    if (size < SETTINGS_BYTES)
        return 0;
    settings.filters[0] = (enum rig_filter)(data[0] % RIG_FILTER_COUNT);
    settings.filters[1] = (enum rig_filter)(data[1] % RIG_FILTER_COUNT);
    if (data[1] >= 128) {
        settings.framing = FRAMING_CHUNKED;
        settings.chunk_bytes = RIG_CHUNK_BYTES_MIN + data[0];
    }
    settings.body_bytes = number_at(data + 2) % (BODY_BYTES_MAX + 1);
    settings.copy_limit = number_at(data + 4) % (2 * BODY_BYTES_MAX);
    size = rig_smaller(size - SETTINGS_BYTES, STRING_BYTES_MAX);
    rig_play(&rig, &settings, bytes_make(data + SETTINGS_BYTES, size));
    return 0;
}
