#include "harness/keeper/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/keeper/machine.h"

enum {
    ENTRIES_BYTES = 8192,       /* of one getdents64(2); a name has at most 255 */
    EVERYBODY_MAY_ENTER = 0755, /* the owner alone may write */
};

bool folder_make(const char *name, char path[PATH_MAX])
{
    const char *parent = machine_variable("TMPDIR");
    char template[PATH_MAX];

    int size = snprintf(template, sizeof(template), "%s/retryproof-%s.XXXXXX",
                        parent != NULL ? parent : "/tmp", name);
    if (size < 0 || size >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (mkdtemp(template) == NULL)
        return false;
    if (chmod(template, EVERYBODY_MAY_ENTER) == 0 && realpath(template, path) != NULL)
        return true;
    int why = errno;
    rmdir(template);
    errno = why;
    return false;
}

/* As the kernel tells an entry (getdents64(2)). */
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

static bool is_own_or_parent(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/*
 * Removes what it can of an open folder: files, links, empty folders; how many. full becomes the name of a folder that has
 * something in it, or empty when there is none.
 */
static size_t remove_entries(int folder, char full[NAME_MAX + 1])
{
    _Alignas(struct entry) char buffer[ENTRIES_BYTES];
    size_t removed = 0;
    long size;

    full[0] = '\0';
    while ((size = syscall(SYS_getdents64, folder, buffer, sizeof(buffer))) > 0) {
        const struct entry *entry;

        for (long at = 0; at < size; at += entry->size) {
            entry = (const struct entry *)(const void *)(buffer + at);
            if (is_own_or_parent(entry->name))
                continue;
            if (unlinkat(folder, entry->name, 0) == 0 ||
                unlinkat(folder, entry->name, AT_REMOVEDIR) == 0)
                removed++;
            else if (errno == ENOTEMPTY || errno == EEXIST)
                memcpy(full, entry->name, strlen(entry->name) + 1);
        }
    }
    return removed;
}

static int open_folder(int parent, const char *name)
{
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (folder >= 0)
        (void)!fchmod(folder, S_IRWXU); /* its owner may have made it unwritable */
    return folder;
}

/*
 * Down into whatever is not empty, and up again when it is; neither memory nor a stack is needed, however deep it is. Nobody is
 * left who could move a folder meanwhile, so the way up is the way down. A folder of which nothing could be removed ends it.
 */
void folder_remove(const char *path)
{
    char full[NAME_MAX + 1];
    size_t depth = 0;

    for (int folder = open_folder(AT_FDCWD, path); folder >= 0;) {
        size_t removed = remove_entries(folder, full);
        int next = -1;

        if (full[0] != '\0') {
            next = open_folder(folder, full);
            depth++;
        } else if (removed > 0 && depth > 0) {
            next = open_folder(folder, "..");
            depth--;
        } else if (removed > 0) {
            next = open_folder(AT_FDCWD, path); /* until there is nothing to be found */
        }
        close(folder);
        folder = next;
    }
    rmdir(path);
}
