/*
 * A reader that forgets a CR where a chunk ends in one and its LF comes with the next. Wraps http1_guard_take(), which sees
 * every byte of heads and chunk lines.
 */
#include "proxy/wire/http1_guard.h"

enum guard_verdict __real_http1_guard_take(struct http1_guard *guard, struct bytes input,
                                           size_t *taken);
enum guard_verdict __wrap_http1_guard_take(struct http1_guard *guard, struct bytes input,
                                           size_t *taken);

enum guard_verdict __wrap_http1_guard_take(struct http1_guard *guard, struct bytes input,
                                           size_t *taken)
{
    const struct http1_guard before = *guard;
    enum guard_verdict verdict = __real_http1_guard_take(guard, input, taken);

    if (verdict != GUARD_MORE || *taken < 2 || input.data[*taken - 1] != '\r')
        return verdict;
    *guard = before;
    verdict = __real_http1_guard_take(guard, bytes_make(input.data, *taken - 1), taken);
    ++*taken;
    return verdict;
}
