#include "harness/terminal/file_watch.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/terminal/console.h"

enum { EVENTS_BYTES = 16 * 1024, NAME_BYTES = 256 };

/* A folder, and which of its files count. */
struct watched {
    int number;              /* the kernel's */
    char suffix[NAME_BYTES]; /* "": all */
};

struct file_watch {
    int descriptor;
    struct watched folders[FILE_WATCH_MAX];
    size_t count;
};

struct file_watch *file_watch_create(void)
{
    struct file_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL)
        return NULL;
    watch->descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->descriptor >= 0)
        return watch;
    free(watch);
    return NULL;
}

void file_watch_destroy(struct file_watch **watch)
{
    if (*watch != NULL)
        close((*watch)->descriptor);
    free(*watch);
    *watch = NULL;
}

size_t file_watch_count(const struct file_watch *watch)
{
    return watch->count;
}

static bool add_folder(struct file_watch *watch, const char *path, const char *suffix)
{
    if (watch->count == FILE_WATCH_MAX) {
        errno = ENOSPC;
        return false;
    }
    const int number =
        inotify_add_watch(watch->descriptor, path,
                          IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM);
    if (number < 0)
        return errno == ENOENT;
    struct watched *folder = &watch->folders[watch->count++];
    folder->number = number;
    snprintf(folder->suffix, sizeof(folder->suffix), "%s", suffix != NULL ? suffix : "");
    return true;
}

static bool add_tree(struct file_watch *watch, const char *path, const char *suffix)
{
    char root[PATH_MAX];
    char *const roots[] = {root, NULL};
    bool fine = true;
    snprintf(root, sizeof(root), "%s", path);
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (tree == NULL)
        return false;
    for (FTSENT *entry = fts_read(tree); entry != NULL && fine; entry = fts_read(tree))
        if (entry->fts_info == FTS_D)
            fine = add_folder(watch, entry->fts_path, suffix);
    fts_close(tree);
    return fine;
}

bool file_watch_add(struct file_watch *watch, const char *path, const char *suffix)
{
    struct stat status;
    char folder[PATH_MAX];
    if (stat(path, &status) != 0)
        return true;
    if (S_ISDIR(status.st_mode))
        return add_tree(watch, path, suffix);
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return add_folder(watch, ".", path);
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash == path ? 1 : slash - path), path);
    return add_folder(watch, folder, slash + 1);
}

static bool ends_with(const char *name, const char *suffix)
{
    const size_t size = strlen(name);
    const size_t wanted = strlen(suffix);
    return size >= wanted && strcmp(name + size - wanted, suffix) == 0;
}

/* What editors keep beside a file is none of ours: ".x.swp", "x~", "#x#". */
static bool counts(const struct file_watch *watch, const struct inotify_event *event)
{
    if ((event->mask & IN_Q_OVERFLOW) != 0)
        return true;
    if (event->len == 0 || event->name[0] == '.' || event->name[0] == '#' ||
        ends_with(event->name, "~"))
        return false;
    if ((event->mask & IN_ISDIR) != 0)
        return true;
    if ((event->mask & IN_CREATE) != 0)
        return false; /* the end of its writing follows */
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->folders[i].number == event->wd &&
            ends_with(event->name, watch->folders[i].suffix))
            return true;
    }
    return false;
}

/* Takes all that is there; true if any of it counts. */
static bool take_events(struct file_watch *watch)
{
    alignas(struct inotify_event) char events[EVENTS_BYTES];
    bool changed = false;
    ssize_t size;
    while ((size = read(watch->descriptor, events, sizeof(events))) > 0) {
        const struct inotify_event *event;
        for (const char *at = events; at < events + size; at += sizeof(*event) + event->len) {
            event = (const struct inotify_event *)(const void *)at;
            changed = counts(watch, event) || changed;
        }
    }
    return changed;
}

bool file_watch_wait(struct file_watch *watch)
{
    struct pollfd wanted = {.fd = watch->descriptor, .events = POLLIN};
    sigset_t ending;
    sigset_t before;
    bool changed = false;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    /* A signal between the question and the wait would be slept through, so they come within the wait alone. */
    sigprocmask(SIG_BLOCK, &ending, &before);
    while (!changed && !console_is_interrupted()) {
        if (ppoll(&wanted, 1, NULL, &before) > 0)
            changed = take_events(watch);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return changed;
}
