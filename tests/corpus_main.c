/*
 * Feeds the files of a corpus to a fuzz target, so that what fuzzing once found is an ordinary test
 * with any compiler. Each input lies in a block of exactly its size: a read beyond it is seen by the
 * address sanitizer.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world/base/check.h"

enum {
    INPUT_BYTES_MAX = 1 << 20, /* a corpus holds small files; a larger one is there by mistake */
    PATH_BYTES = 4096,         /* PATH_MAX on Linux */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(const uint8_t *bytes, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);

    check(exact != NULL);
    exact[0] = 0; /* an empty input has a place all the same */
    memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static bool feed_file(const char *path, uint8_t *buffer)
{
    FILE *file = fopen(path, "rb");
    size_t size;
    bool whole;

    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    size = fread(buffer, 1, INPUT_BYTES_MAX, file);
    whole = size < INPUT_BYTES_MAX && !ferror(file);
    fclose(file);
    if (!whole) {
        fprintf(stderr, "%s: not readable, or larger than %d bytes\n", path, INPUT_BYTES_MAX);
        return false;
    }
    feed(buffer, size);
    return true;
}

/* Returns the number of files fed, or -1. */
static int feed_folder(const char *folder, uint8_t *buffer)
{
    DIR *listing = opendir(folder);
    const struct dirent *entry;
    char path[PATH_BYTES];
    int count = 0;

    if (listing == NULL) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        return -1;
    }
    while (count >= 0 && (entry = readdir(listing)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        count = feed_file(path, buffer) ? count + 1 : -1;
    }
    closedir(listing);
    return count;
}

int main(int argc, char **argv)
{
    uint8_t *buffer;
    int count;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return EXIT_FAILURE;
    }
    buffer = calloc(1, INPUT_BYTES_MAX);
    check(buffer != NULL);
    feed(buffer, 0);
    count = feed_folder(argv[1], buffer);
    free(buffer);
    if (count == 0)
        fprintf(stderr, "%s: the corpus is empty\n", argv[1]);
    else if (count > 0)
        printf("%d inputs and the empty one\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
