#include "tests/always_retry/writing.h"

#include <stdarg.h>
#include <stdio.h>

void put(struct writing *to, const char *format, ...)
{
    size_t room = sizeof(to->schedule->text) - to->schedule->size;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(to->schedule->text + to->schedule->size, room, format, arguments);
    va_end(arguments);
    check(size >= 0 && (size_t)size < room);
    to->schedule->size += (size_t)size;
}

bool percent(struct writing *to, unsigned of_hundred)
{
    return chance_percent(&to->chance, of_hundred);
}

size_t below(struct writing *to, size_t count)
{
    return chance_below(&to->chance, count);
}

const char *upstream_name(size_t upstream)
{
    static const char *const NAMES[UPSTREAMS_OF_SCHEDULE_MAX] = {"a", "b", "c"};
    check(upstream < COUNT_OF(NAMES));
    return NAMES[upstream];
}

size_t any_size(struct writing *to)
{
    size_t near;
    switch (below(to, 5)) {
    case 0:
        return 1 + below(to, 20);
    case 1:
        near = to->replay_bytes;
        break;
    case 2:
        near = to->window_bytes;
        break;
    case 3:
        near = to->window_bytes + to->replay_bytes;
        break;
    default:
        return 1 + below(to, 3 * to->window_bytes);
    }
    size_t size = near + below(to, 3);
    return size > 1 ? size - 1 : 1;
}

const char *any_failure(struct writing *to)
{
    static const char *const FAILURES[] = {"fin", "rst", "stall"};
    return CHANCE_WORD(&to->chance, FAILURES);
}

const char *any_end(struct writing *to)
{
    bool secure = to->client_tls || to->upstream_tls;
    return secure && percent(to, 25) ? "cut" : any_failure(to);
}
