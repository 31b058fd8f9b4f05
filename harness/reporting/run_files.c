#include "harness/reporting/run_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct run_file *)a)->path, ((const struct run_file *)b)->path);
}

/* The paths, each once, sorted; their number. Cases of one file mostly follow each other. */
static size_t gather_paths(const struct run_result *run, struct run_file *files)
{
    size_t found = 0;
    size_t kept = 0;
    for (size_t i = 0; i < run->case_count; i++) {
        const struct case_result *result = &run->cases[i];
        if (result->recording != NULL &&
            (found == 0 || strcmp(files[found - 1].path, result->file) != 0))
            files[found++].path = result->file;
    }
    qsort(files, found, sizeof(*files), compare_paths);
    for (size_t i = 0; i < found; i++) {
        if (kept == 0 || compare_paths(&files[kept - 1], &files[i]) != 0)
            files[kept++] = files[i];
    }
    return kept;
}

/* False when the region is full. A file that cannot be read has no text. */
static bool read_text(struct run_file *file, char *buffer, struct region *region)
{
    FILE *in = fopen(file->path, "re");
    file->text = NULL;
    if (in == NULL)
        return true;
    const size_t size = fread(buffer, 1, RUN_FILE_BYTES_MAX, in);
    const bool fine = ferror(in) == 0;
    fclose(in);
    if (!fine)
        return true;
    file->text = region_copy_text(region, buffer, size);
    return file->text != NULL;
}

bool run_files_gather(struct run_result *run, struct region *region)
{
    struct run_file *files = region_take(region, (run->case_count + 1) * sizeof(*files));
    char *buffer = malloc(RUN_FILE_BYTES_MAX);
    bool fine = files != NULL && buffer != NULL;
    const size_t count = fine ? gather_paths(run, files) : 0;
    size_t kept = 0;
    for (size_t i = 0; i < count && fine; i++) {
        fine = read_text(&files[i], buffer, region);
        if (files[i].text != NULL)
            files[kept++] = files[i];
    }
    free(buffer);
    run->files = files;
    run->file_count = kept;
    return fine;
}
