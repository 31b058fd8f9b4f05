#include "harness/foreign/subject_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/keeper/machine.h"

static const char FILE_NAME[] = "subject.yaml";
static const char OWN_PROGRAM[] = "/proc/self/exe";

enum {
    PLACES_MAX = 4,
    NAMES_MAX = 512,         /* of subjects in all places; a list of more helps nobody */
    NAMES_BYTES_MAX = 65536, /* of them in a sentence */
};

/* The folders that hold subjects' folders, those that count more first. */
struct places {
    char paths[PLACES_MAX][PATH_MAX];
    size_t count;
};

static void add_place(struct places *places, const char *base, const char *tail)
{
    int size = snprintf(places->paths[places->count], PATH_MAX, "%s%s", base, tail);

    if (size > 0 && size < PATH_MAX)
        places->count++;
}

static void list_places(struct places *places)
{
    const char *own = machine_variable("RETRYPROOF_SUBJECTS");
    char program[PATH_MAX];
    ssize_t size = readlink(OWN_PROGRAM, program, sizeof(program) - 1);

    places->count = 0;
    if (own != NULL)
        add_place(places, own, "");
    add_place(places, "harness/subjects", "");
    program[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL)
        return;
    *slash = '\0';
    add_place(places, program, "/../../harness/subjects"); /* a build in build/PRESET */
    add_place(places, program, "/../share/retryproof/subjects");
}

static bool is_subject(const char *folder)
{
    char path[PATH_MAX];
    int size = snprintf(path, sizeof(path), "%s/%s", folder, FILE_NAME);

    return size > 0 && size < PATH_MAX && access(path, R_OK) == 0;
}

/* ---- names ------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* False when the region is full. */
static bool add_names(const char *place, const char **names, size_t *count, struct region *region)
{
    const struct dirent *entry;
    DIR *folder = opendir(place);
    bool fine = true;

    while (fine && folder != NULL && *count < NAMES_MAX && (entry = readdir(folder)) != NULL) {
        char path[PATH_MAX + NAME_MAX];

        snprintf(path, sizeof(path), "%s/%s", place, entry->d_name);
        if (entry->d_name[0] == '.' || !is_subject(path))
            continue;
        names[*count] = region_copy_text(region, entry->d_name, strlen(entry->d_name));
        fine = names[(*count)++] != NULL;
    }
    if (folder != NULL)
        closedir(folder);
    return fine;
}

const char *const *subject_file_names(struct region *region, size_t *count)
{
    const char **names = region_take(region, (NAMES_MAX + 1) * sizeof(*names));
    struct places places;
    size_t found = 0;

    *count = 0;
    list_places(&places);
    for (size_t i = 0; i < places.count; i++)
        if (names == NULL || !add_names(places.paths[i], names, &found, region))
            return NULL;
    qsort(names, found, sizeof(*names), by_text);
    for (size_t i = 0; i < found; i++)
        if (*count == 0 || strcmp(names[*count - 1], names[i]) != 0)
            names[(*count)++] = names[i];
    names[*count] = NULL;
    return names;
}

/* ---- finding ----------------------------------------------------------------------------------- */

static bool fail_unknown(const char *name, char *error, size_t error_bytes)
{
    struct region region;
    size_t count = 0;
    size_t used;

    region_init(&region, NAMES_BYTES_MAX);
    const char *const *names = subject_file_names(&region, &count);
    const char *nearest = names == NULL || count == 0 ? NULL : yaml_nearest(name, names);
    if (nearest != NULL)
        snprintf(error, error_bytes, "no subject '%.80s'; did you mean '%s'? Known are", name,
                 nearest);
    else
        snprintf(error, error_bytes, "no subject '%.80s'; known are", name);
    for (size_t i = 0; names != NULL && i < count; i++) {
        used = strlen(error);
        snprintf(error + used, error_bytes - used, "%s %s", i == 0 ? ":" : ",", names[i]);
    }
    if (count == 0)
        snprintf(error, error_bytes, "no subject '%.80s'; none was found at all", name);
    region_release(&region);
    return false;
}

bool subject_file_find(const char *name, char folder[PATH_MAX], char *error, size_t error_bytes)
{
    struct places places;

    if (strchr(name, '/') != NULL) {
        if (is_subject(name) && realpath(name, folder) != NULL)
            return true;
        snprintf(error, error_bytes, "no subject in '%.200s': it holds no %s", name, FILE_NAME);
        return false;
    }
    list_places(&places);
    for (size_t i = 0; i < places.count && name[0] != '\0' && name[0] != '.'; i++) {
        char path[PATH_MAX + NAME_MAX];
        int size = snprintf(path, sizeof(path), "%s/%s", places.paths[i], name);

        if (size > 0 && size < (int)sizeof(path) && is_subject(path) &&
            realpath(path, folder) != NULL)
            return true;
    }
    return fail_unknown(name, error, error_bytes);
}

/* ---- installing -------------------------------------------------------------------------------- */

static const char *install_for(const struct subject_file *file, struct bytes system)
{
    for (size_t i = 0; i < file->install_count; i++)
        if (bytes_equal_text(system, file->installs[i].system))
            return file->installs[i].command;
    return NULL;
}

/* The value of a line of os-release(5), `NAME=value` or `NAME="value"`; size 0 if it is another line. */
static struct bytes release_value(const char *line, const char *name)
{
    size_t size = strlen(name);

    if (strncmp(line, name, size) != 0 || line[size] != '=')
        return bytes_make(NULL, 0);
    line += size + 1;
    line += strspn(line, "\"'");
    return bytes_make(line, strcspn(line, "\"'\n"));
}

/* What ID names, or else a system that is like it, nearest first. */
static const char *install_by(const struct subject_file *file, FILE *release, const char *name)
{
    const char *command = NULL;
    char line[256];

    rewind(release);
    while (command == NULL && fgets(line, sizeof(line), release) != NULL) {
        struct bytes rest = release_value(line, name);

        while (command == NULL && rest.size > 0) {
            const uint8_t *space = memchr(rest.data, ' ', rest.size);
            size_t size = space == NULL ? rest.size : (size_t)(space - rest.data);

            command = install_for(file, bytes_make(rest.data, size));
            rest =
                bytes_make(rest.data + size + (space != NULL), rest.size - size - (space != NULL));
        }
    }
    return command;
}

const char *subject_file_install(const struct subject_file *file)
{
    FILE *release = fopen("/etc/os-release", "re");
    const char *command = NULL;

    if (release == NULL)
        return NULL;
    command = install_by(file, release, "ID");
    if (command == NULL)
        command = install_by(file, release, "ID_LIKE");
    fclose(release);
    return command;
}
