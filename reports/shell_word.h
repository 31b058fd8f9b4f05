/*
 * Text of any origin as a word of a POSIX shell, for commands that are there to be pasted.
 *
 * Ownership: what is returned lives in the region; NULL when that is full.
 */
#ifndef REPORTS_SHELL_WORD_H
#define REPORTS_SHELL_WORD_H

#include <stdbool.h>

#include "world/base/bytes.h"
#include "world/base/region.h"

/* As it is where nothing in it means anything to the shell, else between single quotes. */
const char *shell_word(const char *text, struct region *region);
/* The argument of --filter that one case alone passes: 'id = "ID"' */
const char *shell_word_case(const char *id, struct region *region);

/* Takes the first word off a command line, as it stands there, quotes and all. False where none is left. */
bool shell_word_take(struct bytes *line, struct bytes *word);

#endif
