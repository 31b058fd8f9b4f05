/*
 * The person or the CI server that started the command: their terminal, environment, clock and signals. Nothing
 * here ever bears on a verdict.
 */
#ifndef HARNESS_TERMINAL_CONSOLE_H
#define HARNESS_TERMINAL_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum colour_choice { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

enum {
    CONSOLE_WIDTH_MAX = 10000, /* of COLUMNS; wider is a mistake */
    CONSOLE_WIDTH_DEFAULT = 100
}; /* columns where nobody says: what CI servers show without folding */

/* "auto", "always" or "never"; false if it is none of them. */
bool console_colour_choice(const char *text, enum colour_choice *out);
/* Whether to colour what goes to this stream; NO_COLOR and FORCE_COLOR count where the choice is auto. */
bool console_has_colour(FILE *stream, enum colour_choice choice);
/* Columns of the terminal behind the stream; where there is none, COLUMNS. */
unsigned console_width(FILE *stream);
/* Whether a person watches the stream. */
bool console_is_terminal(FILE *stream);

/* Where this user's commands may keep things between runs: "/home/me/.cache/retryproof"; NULL if nowhere. */
const char *console_cache_folder(char *text, size_t size);

/* A variable of the environment; NULL where it is empty or not set. It lives until that is changed. */
const char *console_variable(const char *name);

/* Processors that this process may use; at least 1. */
unsigned console_processors(void);

/* Monotonic nanoseconds, and seconds since 1970. */
uint64_t console_now_ns(void);
int64_t console_unix_time(void);

/*
 * From now on the first SIGINT or SIGTERM only makes console_is_interrupted() true; the second ends the process at once.
 */
void console_catch_signals(void);
bool console_is_interrupted(void);
/* What follows an interruption ends by itself: from now on only a second signal ends the process. */
void console_end_grace(void);

#endif
