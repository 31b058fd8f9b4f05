#include "harness/foreign/usage.h"

#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FILES_FIRST = 64,  /* doubled from there */
    BLOCK_BYTES = 512, /* the unit of st_blocks, see inode(7) */
    STATE_LISTEN = 10, /* of /proc/net/tcp: its queues count connections and not bytes */
};

/* ---- files -------------------------------------------------------------------------------------- */

struct used_file {
    dev_t device;
    ino_t inode;
    uint64_t bytes;
};

struct used_files {
    struct used_file *all;
    size_t count;
    size_t capacity;
};

static void add_file(struct used_files *files, const struct stat *status)
{
    if (!S_ISREG(status->st_mode))
        return;
    if (files->count == files->capacity) {
        size_t capacity = files->capacity == 0 ? FILES_FIRST : 2 * files->capacity;
        struct used_file *all = realloc(files->all, capacity * sizeof(*all));

        if (all == NULL)
            return;
        files->all = all;
        files->capacity = capacity;
    }
    files->all[files->count++] = (struct used_file){
        .device = status->st_dev,
        .inode = status->st_ino,
        .bytes = (uint64_t)status->st_blocks * BLOCK_BYTES,
    };
}

/* Below a folder. With follow its entries are links, as those in /proc/PID/fd, which lead to files deleted long ago too. */
static void add_folder(struct used_files *files, const char *folder, bool follow)
{
    char path[PATH_MAX];
    struct stat status;

    snprintf(path, sizeof(path), "%s", folder);
    char *const paths[] = {path, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
    if (tree == NULL)
        return;
    for (const FTSENT *entry = fts_read(tree); entry != NULL; entry = fts_read(tree)) {
        if ((follow ? stat : lstat)(entry->fts_accpath, &status) == 0)
            add_file(files, &status);
    }
    fts_close(tree);
}

static int by_inode(const void *a, const void *b)
{
    const struct used_file *left = a;
    const struct used_file *right = b;

    if (left->device != right->device)
        return left->device < right->device ? -1 : 1;
    return (left->inode > right->inode) - (left->inode < right->inode);
}

static uint64_t sum_files(struct used_files *files)
{
    uint64_t bytes = 0;

    if (files->count > 0)
        qsort(files->all, files->count, sizeof(*files->all), by_inode);
    for (size_t i = 0; i < files->count; i++)
        if (i == 0 || by_inode(&files->all[i - 1], &files->all[i]) != 0)
            bytes += files->all[i].bytes;
    return bytes;
}

/* ---- memory ------------------------------------------------------------------------------------- */

/* Lines such as "Private_Dirty:       1234 kB". */
static uint64_t private_memory(pid_t pid)
{
    static const char FIELD[] = "Private_";
    uint64_t bytes = 0;
    char path[64];
    char line[256];

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        const char *value = strchr(line, ':');

        if (value != NULL && strncmp(line, FIELD, strlen(FIELD)) == 0)
            bytes += strtoull(value + 1, NULL, 10) * 1024;
    }
    if (file != NULL)
        fclose(file);
    return bytes;
}

struct usage usage_of(const pid_t *pids, size_t count, const char *folder)
{
    struct usage usage = {.memory = 0};
    struct used_files files = {.all = NULL};
    char path[64];

    for (size_t i = 0; i < count; i++) {
        usage.memory += private_memory(pids[i]);
        snprintf(path, sizeof(path), "/proc/%d/fd", (int)pids[i]);
        add_folder(&files, path, true);
    }
    if (folder != NULL)
        add_folder(&files, folder, false);
    usage.files = sum_files(&files);
    free(files.all);
    return usage;
}

/* ---- queues in the kernel ----------------------------------------------------------------------- */

/* "0100007F:1F90": each four bytes of the address as a number of this machine's order, then the port. */
static bool read_end(const char *text, struct address *out)
{
    const char *colon = strchr(text, ':');
    size_t digits = colon == NULL ? 0 : (size_t)(colon - text);

    *out = (struct address){.family = digits == 32 ? 6 : 4};
    if (digits != 8 && digits != 32)
        return false;
    for (size_t i = 0; i < digits / 8; i++) {
        char word[9] = "";

        memcpy(word, text + 8 * i, 8);
        uint32_t number = (uint32_t)strtoul(word, NULL, 16);
        memcpy(out->bytes + 4 * i, &number, sizeof(number));
    }
    out->port = (uint16_t)strtoul(colon + 1, NULL, 16);
    return true;
}

/* A socket of both families tells IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). */
static void unmap(struct address *address)
{
    static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};

    if (address->family != 6 || memcmp(address->bytes, MAPPED, sizeof(MAPPED)) != 0)
        return;
    struct address four = {.family = 4, .port = address->port};
    memcpy(four.bytes, address->bytes + sizeof(MAPPED), 4);
    *address = four;
}

static bool is_among(const struct address *one, const struct address *addresses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (one->family == addresses[i].family &&
            (addresses[i].port == 0 || addresses[i].port == one->port) &&
            memcmp(one->bytes, addresses[i].bytes, one->family == 4 ? 4 : 16) == 0)
            return true;
    return false;
}

static uint64_t queued(const char *table, const struct address *addresses, size_t count)
{
    FILE *file = fopen(table, "re");
    uint64_t bytes = 0;
    char line[512];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        struct address here;
        struct address there;
        char local[64];
        char remote[64];
        unsigned state;
        unsigned sending;
        unsigned receiving;

        if (sscanf(line, " %*d: %63s %63s %x %x:%x", local, remote, &state, &sending, &receiving) !=
                5 ||
            state == STATE_LISTEN || !read_end(local, &here) || !read_end(remote, &there))
            continue;
        unmap(&here);
        unmap(&there);
        if (is_among(&here, addresses, count) || is_among(&there, addresses, count))
            bytes += (uint64_t)sending + receiving;
    }
    if (file != NULL)
        fclose(file);
    return bytes;
}

uint64_t usage_in_kernel(const struct address *addresses, size_t count)
{
    return queued("/proc/net/tcp", addresses, count) + queued("/proc/net/tcp6", addresses, count);
}
