/*
 * For tests: waiting for processes that are nobody's children, and small files.
 */
#ifndef HARNESS_KEEPER_KEEPER_RIG_H
#define HARNESS_KEEPER_KEEPER_RIG_H

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/keeper/folder.h"
#include "world/world.h"

/* Far above what anything here takes; only what hangs meets it. */
enum { RIG_PATIENCE_MS = 60000 };

/* True when the process has ended, or is already gone. */
static inline bool rig_await_end(pid_t pid)
{
    struct pollfd watched = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

    if (watched.fd < 0)
        return true;
    bool ended = poll(&watched, 1, RIG_PATIENCE_MS) == 1;
    close(watched.fd);
    return ended;
}

static inline bool rig_is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static inline void rig_write(const char *folder, const char *name, const char *text)
{
    char path[2 * PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    check(file != NULL);
    fputs(text, file);
    check(fclose(file) == 0);
}

/* What a file holds, empty where there is none; returns text. */
static inline const char *rig_read(const char *folder, const char *name, char text[4096])
{
    char path[2 * PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    size_t size = file == NULL ? 0 : fread(text, 1, 4095, file);
    text[size] = '\0';
    if (file != NULL)
        fclose(file);
    return text;
}

#endif
