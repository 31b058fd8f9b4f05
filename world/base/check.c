#include "world/base/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SENTENCE_BYTES = 512 }; /* a path, a function and a condition; longer ones are cut */

static check_handler *current_handler;
static void *current_owner;

void check_handle_with(check_handler *handler, void *owner)
{
    current_handler = handler;
    current_owner = owner;
}

NORETURN static void give_up(const char *sentence)
{
    check_handler *handler = current_handler;

    current_handler = NULL; /* a check that fails inside the handler must not come back here */
    if (handler != NULL)
        handler(current_owner, sentence);
    fprintf(stderr, "%s\n", sentence);
    abort();
}

void check_failed(const char *file, int line, const char *function, const char *condition)
{
    char sentence[SENTENCE_BYTES];

    snprintf(sentence, sizeof(sentence), "%s:%d: %s: check failed: %s", file, line, function,
             condition);
    give_up(sentence);
}

void check_refuse(const char *file, int line, const char *format, ...)
{
    char words[SENTENCE_BYTES / 2];
    char sentence[SENTENCE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    snprintf(sentence, sizeof(sentence), "%s:%d: %s", file, line, words);
    give_up(sentence);
}
