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

enum {
    EVENTS_BYTES = 16 * 1024,
    CHANGE_BYTES = PATH_MAX + NAME_MAX + 32, /* a path, and what became of it */
};

/* A folder, and which of its files count. */
struct watched {
    int number;                /* the kernel's */
    char *path;                /* as it was named */
    char name[NAME_MAX + 1];   /* of the one file; "": those that are wanted */
    file_watch_wanted *wanted; /* NULL: all */
};

struct file_watch {
    int descriptor;
    struct watched folders[FILE_WATCH_MAX];
    size_t count;
    char change[CHANGE_BYTES];
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
    if (*watch == NULL)
        return;
    close((*watch)->descriptor);
    for (size_t i = 0; i < (*watch)->count; i++)
        free((*watch)->folders[i].path);
    free(*watch);
    *watch = NULL;
}

size_t file_watch_count(const struct file_watch *watch)
{
    return watch->count;
}

static bool add_folder(struct file_watch *watch, const char *path, const struct watched *like)
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
    *folder = *like;
    folder->number = number;
    folder->path = strdup(path);
    return folder->path != NULL;
}

static bool add_tree(struct file_watch *watch, const char *path, const struct watched *like)
{
    char root[PATH_MAX];
    char *const roots[] = {root, NULL};
    bool fine = true;
    snprintf(root, sizeof(root), "%s", path);
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    if (tree == NULL)
        return false;
    for (FTSENT *entry = fts_read(tree); entry != NULL && fine; entry = fts_read(tree)) {
        if (entry->fts_info != FTS_D)
            continue;
        if (entry->fts_level > FTS_ROOTLEVEL && entry->fts_name[0] == '.')
            fts_set(tree, entry, FTS_SKIP);
        else
            fine = add_folder(watch, entry->fts_path, like);
    }
    fts_close(tree);
    return fine;
}

bool file_watch_add(struct file_watch *watch, const char *path, file_watch_wanted *wanted)
{
    struct watched like = {.wanted = wanted};
    struct stat status;
    char folder[PATH_MAX];
    if (stat(path, &status) != 0)
        return true;
    if (S_ISDIR(status.st_mode))
        return add_tree(watch, path, &like);
    const char *slash = strrchr(path, '/');
    snprintf(like.name, sizeof(like.name), "%s", slash != NULL ? slash + 1 : path);
    if (slash == NULL)
        return add_folder(watch, ".", &like);
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash == path ? 1 : slash - path), path);
    return add_folder(watch, folder, &like);
}

static bool is_wanted(const struct watched *folder, const char *name)
{
    if (folder->name[0] != '\0')
        return strcmp(folder->name, name) == 0;
    return folder->wanted == NULL || folder->wanted(name);
}

static const char *change_word(uint32_t mask)
{
    if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0)
        return "was removed";
    return (mask & IN_ISDIR) != 0 ? "was made" : "was saved";
}

/* The folder that the event is of; NULL: of more than the kernel could tell. */
static const struct watched *find_folder(const struct file_watch *watch,
                                         const struct inotify_event *event)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->folders[i].number == event->wd)
            return &watch->folders[i];
    }
    return NULL;
}

static void note_change(struct file_watch *watch, const struct inotify_event *event)
{
    const struct watched *folder = find_folder(watch, event);
    if (folder == NULL)
        snprintf(watch->change, sizeof(watch->change), "more was changed than can be told");
    else
        snprintf(watch->change, sizeof(watch->change), "%s%s%s %s",
                 strcmp(folder->path, ".") == 0 ? "" : folder->path,
                 strcmp(folder->path, ".") == 0 || folder->path[strlen(folder->path) - 1] == '/'
                     ? ""
                     : "/",
                 event->name, change_word(event->mask));
}

/* What editors keep beside a file is none of ours: ".x.swp", "x~", "#x#". */
static bool counts(const struct file_watch *watch, const struct inotify_event *event)
{
    if ((event->mask & IN_Q_OVERFLOW) != 0)
        return true;
    if (event->len == 0 || event->name[0] == '.' || event->name[0] == '#' ||
        event->name[strlen(event->name) - 1] == '~')
        return false;
    if ((event->mask & IN_ISDIR) != 0)
        return true;
    if ((event->mask & IN_CREATE) != 0)
        return false; /* the end of its writing follows */
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->folders[i].number == event->wd && is_wanted(&watch->folders[i], event->name))
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
            if (!counts(watch, event))
                continue;
            changed = true;
            note_change(watch, event);
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
    return changed && !console_is_interrupted();
}

const char *file_watch_change(const struct file_watch *watch)
{
    return watch->change;
}
