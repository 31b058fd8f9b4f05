/*
 * For tests: text byte for byte as a golden file has it. With RETRYPROOF_UPDATE_GOLDEN=1 the files are written anew; read the
 * difference before committing it.
 */
#ifndef REPORTS_GOLDEN_RIG_H
#define REPORTS_GOLDEN_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* To be freed by the caller; NULL if the file cannot be read. */
static inline char *golden_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *copy = open_memstream(&text, &size);
    for (int byte = getc(file); byte != EOF; byte = getc(file))
        putc(byte, copy);
    fclose(copy);
    fclose(file);
    return text;
}

static inline void golden_compare(const char *path, const char *text)
{
    const char *update = getenv("RETRYPROOF_UPDATE_GOLDEN");
    if (update != NULL && strcmp(update, "1") == 0) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fputs(text, file);
        assert_int_equal(fclose(file), 0);
    }
    char *expected = golden_read(path);
    assert_non_null(expected);
    assert_string_equal(text, expected);
    free(expected);
}

#endif
