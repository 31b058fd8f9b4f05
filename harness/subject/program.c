#include "harness/subject/program.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char OWN_PROGRAM[] = "/proc/self/exe";

static bool is_program(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* The folder of the program that runs now, with a slash at its end; empty if the kernel does not tell. */
static void find_own_folder(char folder[PATH_MAX])
{
    ssize_t size = readlink(OWN_PROGRAM, folder, PATH_MAX - 1);
    char *slash;

    folder[size > 0 ? size : 0] = '\0';
    slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[1] = '\0';
}

bool program_find(struct program *program, const char *name, char error[PROGRAM_ERROR_BYTES])
{
    static const char *const places[] = {"", "../libexec/retryproof/"};
    char own[PATH_MAX];
    int size = snprintf(program->path, sizeof(program->path), "%s", name);

    if (size < PATH_MAX && is_program(program->path))
        return true;
    find_own_folder(own);
    for (size_t i = 0; i < COUNT_OF(places) && name[0] != '/' && own[0] != '\0'; i++) {
        size = snprintf(program->path, sizeof(program->path), "%s%s%s", own, places[i], name);
        if (size < PATH_MAX && is_program(program->path))
            return true;
    }
    snprintf(error, PROGRAM_ERROR_BYTES, "no program '%.80s' here, nor in %.80s", name, own);
    return false;
}

void program_set_arguments(struct program *program, const struct proxy_settings *settings)
{
    size_t count = 1;

    program->arguments[0] = program->path;
    address_format(&settings->listen, program->texts[count++]);
    for (size_t i = 0; i < settings->upstream_count; i++) {
        const struct upstream_settings *upstream = &settings->upstreams[i];
        bool is_ipv6 = strchr(upstream->host, ':') != NULL && upstream->host[0] != '[';

        snprintf(program->texts[count++], PROGRAM_ARGUMENT_BYTES, is_ipv6 ? "[%s]:%u" : "%s:%u",
                 upstream->host, upstream->port);
    }
    for (size_t i = 1; i < count; i++)
        program->arguments[i] = program->texts[i];
    program->arguments[count] = NULL;
}
