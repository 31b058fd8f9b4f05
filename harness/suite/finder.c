#include "harness/suite/finder.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char ROOT_NAME[] = "/scenarios/";
static const char ROOT_DEFAULT[] = "scenarios";

PRINTF_LIKE(2, 3) static bool fail(struct finder *finder, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finder->error, sizeof(finder->error), format, arguments);
    va_end(arguments);
    return false;
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool has_ending(const char *name, const char *ending)
{
    size_t size = strlen(name);
    size_t ending_size = strlen(ending);
    return size > ending_size && strcmp(name + size - ending_size, ending) == 0;
}

bool finder_is_scenario(const char *name)
{
    return has_ending(name, ".yaml") || has_ending(name, ".yml");
}

/* Whoever writes one of these means a path and not a part of an id. */
static bool looks_like_path(const char *argument)
{
    return argument[0] == '.' || argument[0] == '/' || finder_is_scenario(argument);
}

/* The id's beginning: what follows the innermost `scenarios` folder, else the root that was named. */
static const char *base_of(struct finder *finder, const char *real, size_t root_size)
{
    const char *begin = real + root_size;
    for (const char *next = strstr(real, ROOT_NAME); next != NULL;
         next = strstr(next + 1, ROOT_NAME))
        begin = next + sizeof(ROOT_NAME) - 1;
    begin += strspn(begin, "/");
    const char *dot = strrchr(begin, '.');
    size_t size = dot != NULL ? (size_t)(dot - begin) : strlen(begin);
    return region_copy_text(finder->region, begin, size);
}

/* ---- adding files --------------------------------------------------------------------------- */

/* What an argument named, while its files are added. */
struct root {
    const char *argument; /* without a line */
    char real[PATH_MAX];
    size_t root_size; /* bytes of real that are no part of an id */
    unsigned line;    /* 0: all of the file */
};

static struct found_file *grow(struct finder *finder)
{
    if (finder->count == finder->capacity) {
        size_t capacity = finder->capacity == 0 ? 64 : 2 * finder->capacity;
        struct found_file *files = realloc(finder->files, capacity * sizeof(*files));
        if (files == NULL)
            return NULL;
        finder->files = files;
        finder->capacity = capacity;
    }
    struct found_file *file = &finder->files[finder->count++];
    *file = (struct found_file){0};
    return file;
}

/* tail: the path below the root that was named, empty or beginning with a slash. */
static bool add_file(struct finder *finder, const struct root *root, const char *tail)
{
    struct found_file *file = grow(finder);
    if (file == NULL)
        return fail(finder, "out of memory");
    file->path = region_format(finder->region, "%s%s", root->argument, tail);
    file->real = region_format(finder->region, "%s%s", root->real, tail);
    if (file->path == NULL || file->real == NULL)
        return fail(finder, "out of memory");
    file->base = base_of(finder, file->real, root->root_size);
    /* Below a folder `scenarios` every way to the file gives the same id, so the file itself may be named. */
    file->argument = strstr(file->real, ROOT_NAME) != NULL ? file->path : root->argument;
    if (root->line != 0)
        file->lines[file->line_count++] = root->line;
    return file->base != NULL || fail(finder, "out of memory");
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool visit(struct finder *finder, const struct root *root, FTS *tree, FTSENT *entry)
{
    bool hidden = entry->fts_level > FTS_ROOTLEVEL && entry->fts_name[0] == '.';
    switch (entry->fts_info) {
    case FTS_D:
        if (hidden)
            fts_set(tree, entry, FTS_SKIP);
        return true;
    case FTS_F:
        if (hidden || !finder_is_scenario(entry->fts_name))
            return true;
        return add_file(finder, root, entry->fts_path + strlen(root->argument));
    case FTS_DNR:
    case FTS_ERR:
        return fail(finder, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
    case FTS_DC:
        return fail(finder, "%s: a folder that contains itself", entry->fts_path);
    default:
        return true;
    }
}

static bool walk(struct finder *finder, const struct root *root)
{
    char *const paths[] = {(char *)(uintptr_t)root->argument, NULL};
    FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (tree == NULL)
        return fail(finder, "%s: %s", root->argument, strerror(errno));
    bool fine = true;
    for (FTSENT *entry = fts_read(tree); fine && entry != NULL; entry = fts_read(tree))
        fine = visit(finder, root, tree, entry);
    fts_close(tree);
    return fine;
}

/* ---- arguments ------------------------------------------------------------------------------ */

static bool add_path(struct finder *finder, const char *path, unsigned line)
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    struct root root = {.argument = region_copy_text(finder->region, path, size), .line = line};
    struct stat status;
    if (root.argument == NULL)
        return fail(finder, "out of memory");
    if (realpath(path, root.real) == NULL || stat(path, &status) != 0)
        return fail(finder, "%s: %s", path, strerror(errno));
    root.root_size = strlen(root.real);
    if (S_ISDIR(status.st_mode))
        return walk(finder, &root);
    if (!finder_is_scenario(path))
        return fail(finder, "%s: a scenario file ends in .yaml", path);
    root.root_size = (size_t)(strrchr(root.real, '/') - root.real);
    if (!finder_is_scenario(root.real)) /* a symbolic link to another name keeps its own */
        snprintf(root.real + root.root_size, sizeof(root.real) - root.root_size, "/%s",
                 strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path);
    return add_file(finder, &root, "");
}

/* The path of `file.yaml:LINE` when it is one; NULL otherwise. */
static const char *split_line(struct finder *finder, const char *argument, unsigned *line)
{
    const char *colon = strrchr(argument, ':');
    char *end;
    if (colon == NULL || colon[1] < '1' || colon[1] > '9')
        return NULL;
    unsigned long number = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || number > UINT_MAX)
        return NULL;
    *line = (unsigned)number;
    return region_copy_text(finder->region, argument, (size_t)(colon - argument));
}

static bool add_argument(struct finder *finder, const char *argument, bool *is_path)
{
    struct stat status;
    *is_path = true;
    if (stat(argument, &status) == 0)
        return add_path(finder, argument, 0);
    int why = errno;
    unsigned line = 0;
    const char *path = split_line(finder, argument, &line);
    if (path != NULL && finder_is_scenario(path))
        return add_path(finder, path, line);
    if (why != ENOENT || looks_like_path(argument))
        return fail(finder, "%s: %s", argument, strerror(why));
    *is_path = false;
    if (finder->part_count == FINDER_PARTS_MAX)
        return fail(finder, "at most %d parts of ids can be named", FINDER_PARTS_MAX);
    finder->parts[finder->part_count++] = argument;
    return true;
}

static int by_base(const void *a, const void *b)
{
    const struct found_file *left = a;
    const struct found_file *right = b;
    int order = strcmp(left->base, right->base);
    return order != 0 ? order : strcmp(left->real, right->real);
}

/* One file named twice: the whole file if once it was named without a line. */
static void merge(struct found_file *into, const struct found_file *from)
{
    if (into->line_count == 0 || from->line_count == 0 ||
        into->line_count + from->line_count > FINDER_LINES_MAX) {
        into->line_count = 0;
        return;
    }
    memcpy(into->lines + into->line_count, from->lines, from->line_count * sizeof(*from->lines));
    into->line_count += from->line_count;
}

static bool drop_repeated(struct finder *finder)
{
    size_t kept = 0;
    for (size_t i = 0; i < finder->count; i++) {
        struct found_file *last = kept > 0 ? &finder->files[kept - 1] : NULL;
        if (last == NULL || strcmp(last->base, finder->files[i].base) != 0)
            finder->files[kept++] = finder->files[i];
        else if (strcmp(last->real, finder->files[i].real) == 0)
            merge(last, &finder->files[i]);
        else
            return fail(finder, "%s and %s both make cases called %s; name a folder above both",
                        last->path, finder->files[i].path, last->base);
    }
    finder->count = kept;
    return true;
}

bool finder_find(struct finder *finder, struct region *region, const char *const *arguments,
                 size_t count)
{
    *finder = (struct finder){.region = region};
    size_t path_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_path;
        if (!add_argument(finder, arguments[i], &is_path))
            return false;
        path_count += is_path;
    }
    if (path_count == 0 && !add_path(finder, ROOT_DEFAULT, 0)) {
        if (finder->part_count == 0)
            return fail(finder, "no path was named, and there is no folder ./%s", ROOT_DEFAULT);
        return fail(finder, "%s: no such file or folder, and no folder ./%s to look for it in",
                    finder->parts[0], ROOT_DEFAULT);
    }
    if (finder->count > 0)
        qsort(finder->files, finder->count, sizeof(*finder->files), by_base);
    return drop_repeated(finder);
}

void finder_release(struct finder *finder)
{
    free(finder->files);
    *finder = (struct finder){0};
}
