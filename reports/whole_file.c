#include "reports/whole_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- where it is written -------------------------------------------------------------------- */

/* Copies the path; false if it is too long. */
static bool take_path(struct whole_file *file, const char *path)
{
    const int size = snprintf(file->path, sizeof(file->path), "%s", path);
    if (size >= 0 && (size_t)size < sizeof(file->path))
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* A file of its own can take the place of a file alone, and of a link's target instead of the link. */
static bool find_place(struct whole_file *file, const char *path)
{
    _Static_assert((int)WHOLE_FILE_PATH_BYTES >= PATH_MAX, "realpath() must have room");
    struct stat status;
    if (stat(path, &status) == 0)
        return S_ISREG(status.st_mode) && realpath(path, file->path) != NULL;
    return lstat(path, &status) != 0;
}

/* Whoever ends the program waits until one file or the other stands: a part of one would stay under a name of its own. */
static void hold_signals(sigset_t *before)
{
    static const int ENDING[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM};
    sigset_t held;
    sigemptyset(&held);
    for (size_t i = 0; i < COUNT_OF(ENDING); i++)
        sigaddset(&held, ENDING[i]);
    sigprocmask(SIG_BLOCK, &held, before);
}

static void open_beside(struct whole_file *file)
{
    struct stat old;
    snprintf(file->temporary, sizeof(file->temporary), "%s.%ld", file->path, (long)getpid());
    hold_signals(&file->before);
    file->out = fopen(file->temporary, "wbe");
    file->in_place = file->out == NULL;
    if (file->in_place) {
        const int reason = errno;
        sigprocmask(SIG_SETMASK, &file->before, NULL);
        errno = reason;
        return;
    }
    /* Whoever made the old file readable for nobody else means the new one, too. */
    if (stat(file->path, &old) == 0)
        (void)fchmod(fileno(file->out), old.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO));
}

bool whole_file_open(struct whole_file *file, const char *path)
{
    file->out = NULL;
    file->buffer = NULL;
    file->in_place = true;
    if (!take_path(file, path))
        return false;
    if (find_place(file, path)) {
        open_beside(file);
        const bool is_refused = errno == EACCES || errno == EROFS || errno == ENAMETOOLONG;
        if (file->in_place && !is_refused)
            return false;
    }
    if (file->in_place)
        file->out = fopen(path, "wbe");
    if (file->out == NULL)
        return false;
    file->buffer = malloc(WHOLE_FILE_BUFFER_BYTES);
    if (file->buffer != NULL)
        setvbuf(file->out, file->buffer, _IOFBF, WHOLE_FILE_BUFFER_BYTES);
    return true;
}

/* ---- its end ---------------------------------------------------------------------------------- */

/* All that was put into it has gone to the system. */
static bool close_stream(struct whole_file *file)
{
    const bool refused = ferror(file->out) != 0;
    const bool closed = fclose(file->out) == 0;
    free(file->buffer);
    file->buffer = NULL;
    file->out = NULL;
    return closed && !refused;
}

static void take_back(const struct whole_file *file)
{
    const int reason = errno;
    unlink(file->temporary);
    errno = reason;
}

bool whole_file_close(struct whole_file *file)
{
    check(file->out != NULL);
    bool whole = close_stream(file);
    if (file->in_place)
        return whole;
    whole = whole && rename(file->temporary, file->path) == 0;
    if (!whole)
        take_back(file);
    const int reason = errno;
    sigprocmask(SIG_SETMASK, &file->before, NULL);
    errno = reason;
    return whole;
}

void whole_file_drop(struct whole_file *file)
{
    check(file->out != NULL);
    (void)close_stream(file);
    if (file->in_place)
        return;
    take_back(file);
    sigprocmask(SIG_SETMASK, &file->before, NULL);
}
