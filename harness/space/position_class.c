#include "harness/space/position_class.h"

size_t position_classes(const struct position *positions, const struct fault_span *span,
                        size_t *list, size_t *count)
{
    size_t classes = 0;
    for (size_t first = 0; first < span->count; classes++) {
        const uint64_t fingerprint = positions[span->first + first].fingerprint;
        size_t last = first;
        while (last + 1 < span->count &&
               positions[span->first + last + 1].fingerprint == fingerprint)
            last++;
        list[(*count)++] = span->first + first;
        if (last > first)
            list[(*count)++] = span->first + last;
        first = last + 1;
    }
    return classes;
}
