#include "harness/hooks/body_change.h"

#include "world/base/check.h"

enum { XOR_MASK = 0x5a }; /* any but 0: no byte stays what it is */

bool body_change_alters_length(const struct body_change *change)
{
    return change->kind == BODY_DROP || change->kind == BODY_EXPAND;
}

uint64_t body_change_size(const struct body_change *change, uint64_t size)
{
    if (change->kind == BODY_DROP)
        return size > change->count ? size - change->count : 0;
    return change->kind == BODY_EXPAND ? size * change->count : size;
}

uint64_t body_change_source(const struct body_change *change, uint64_t position)
{
    if (change->kind == BODY_DROP)
        return position + change->count;
    if (change->kind != BODY_EXPAND)
        return position;
    check(change->count > 0);
    return position / change->count;
}

uint8_t body_change_byte(const struct body_change *change, uint8_t byte)
{
    if (change->kind == BODY_UPPER && byte >= 'a' && byte <= 'z')
        return (uint8_t)(byte - 'a' + 'A');
    return change->kind == BODY_XOR ? (uint8_t)(byte ^ XOR_MASK) : byte;
}
