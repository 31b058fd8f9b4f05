#include "proxy/relay/replay.h"

#include <string.h>

void replay_start(struct replay *replay, uint8_t *memory, size_t limit)
{
    check(memory != NULL || limit == 0);
    *replay = (struct replay){.data = memory, .limit = limit};
}

void replay_append(struct replay *replay, struct bytes bytes)
{
    check(replay->sent == replay->size);
    if (bytes.size > replay->limit - replay->size)
        replay->lost = true;
    if (replay->lost || bytes.size == 0)
        return;
    memcpy(replay->data + replay->size, bytes.data, bytes.size);
    replay->size += bytes.size;
    replay->sent = replay->size;
}

bool replay_is_complete(const struct replay *replay)
{
    return !replay->lost;
}

void replay_restart(struct replay *replay)
{
    check(replay_is_complete(replay));
    replay->sent = 0;
}

struct bytes replay_rest(const struct replay *replay)
{
    if (replay->sent == replay->size)
        return bytes_make(NULL, 0);
    return bytes_make(replay->data + replay->sent, replay->size - replay->sent);
}

void replay_advance(struct replay *replay, size_t size)
{
    check(size <= replay->size - replay->sent);
    replay->sent += size;
}
