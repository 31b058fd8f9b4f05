#include "harness/command/last_run.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/suite/suite.h"
#include "harness/terminal/console.h"

/* The file of this folder: its name follows from the folder's, so that projects do not mix. NULL if there is none. */
static const char *file_name(char *text, size_t size)
{
    char folder[PATH_MAX];
    char cache[PATH_MAX];
    if (getcwd(folder, sizeof(folder)) == NULL ||
        console_cache_folder(cache, sizeof(cache)) == NULL)
        return NULL;
    int used = snprintf(text, size, "%s/failed-%016" PRIx64, cache, suite_hash(folder));
    return used > 0 && (size_t)used < size ? text : NULL;
}

/* Every folder on the way to the file; one that is there already is as good. */
static void make_folders(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, S_IRWXU);
        *slash = '/';
    }
}

void last_run_remember(const struct run_result *result)
{
    char path[PATH_MAX];
    if (file_name(path, sizeof(path)) == NULL)
        return;
    make_folders(path);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return;
    for (size_t i = 0; i < result->case_count; i++) {
        const struct case_result *one = &result->cases[i];
        const struct suite_case_place place = {one->file, one->id, one->world};
        char key[SUITE_KEY_BYTES];
        if (case_fails_run(one))
            fprintf(file, "%s\n", suite_case_key(&place, key));
    }
    fclose(file);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Lines of the file into the array; counts them only where lines is NULL. */
static size_t read_lines(FILE *file, struct region *region, const char **lines, size_t max)
{
    char *line = NULL;
    size_t capacity = 0;
    size_t count = 0;
    ssize_t size;
    rewind(file);
    while (count < max && (size = getline(&line, &capacity, file)) > 0) {
        size -= line[size - 1] == '\n';
        if (lines != NULL && (lines[count] = region_copy_text(region, line, (size_t)size)) == NULL)
            break;
        count++;
    }
    free(line);
    return count;
}

const char *const *last_run_failed(struct region *region, size_t *count)
{
    char path[PATH_MAX];
    *count = 0;
    FILE *file = file_name(path, sizeof(path)) != NULL ? fopen(path, "re") : NULL;
    if (file == NULL)
        return NULL;
    size_t line_count = read_lines(file, region, NULL, SIZE_MAX);
    const char **lines = region_take(region, (line_count + 1) * sizeof(*lines));
    if (lines != NULL) {
        *count = read_lines(file, region, lines, line_count);
        qsort(lines, *count, sizeof(*lines), by_text);
    }
    fclose(file);
    return lines;
}
