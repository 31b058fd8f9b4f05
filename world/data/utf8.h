/*
 * Well-formed UTF-8 (RFC 3629), one character at a time.
 */
#ifndef WORLD_DATA_UTF8_H
#define WORLD_DATA_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of the character that text begins with, 1 to 4, and its code point; 0 if none begins there
 * (overlong, surrogate, cut short, past U+10FFFF). size > 0.
 */
size_t utf8_take(const char *text, size_t size, uint32_t *code_point);

#endif
