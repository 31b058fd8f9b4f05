/*
 * What a body filter of a scenario does to a body, as a pure function of positions: so the hook that does it and the
 * judge who says what must come of it cannot differ.
 *
 * Byte i of what comes out is made of one byte of what went in; its position grows with i.
 */
#ifndef HARNESS_HOOKS_BODY_CHANGE_H
#define HARNESS_HOOKS_BODY_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

enum body_change_kind {
    BODY_KEEP,
    BODY_UPPER,  /* a to z become A to Z */
    BODY_XOR,    /* every byte is another */
    BODY_DROP,   /* the first `count` bytes are left out */
    BODY_EXPAND, /* each byte `count` times */
};

struct body_change {
    enum body_change_kind kind;
    uint64_t count; /* BODY_DROP; BODY_EXPAND: at least 1 */
};

/* Whether what comes out may be longer or shorter than what went in. */
bool body_change_alters_length(const struct body_change *change);
/* How many bytes come out when so many go in. */
uint64_t body_change_size(const struct body_change *change, uint64_t size);
/* The position in what goes in of the byte of which byte `position` of what comes out is made. */
uint64_t body_change_source(const struct body_change *change, uint64_t position);
/* What becomes of a byte. */
uint8_t body_change_byte(const struct body_change *change, uint8_t byte);

#endif
