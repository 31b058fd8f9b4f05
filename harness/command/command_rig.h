/*
 * For tests: the command as a shell sees it, what it was given, its exit code, stdout and stderr. Each run is a child process
 * in a folder of its own.
 */
#ifndef HARNESS_COMMAND_COMMAND_RIG_H
#define HARNESS_COMMAND_COMMAND_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/command/command.h"
#include "world/base/check.h"

enum { ARGUMENTS_MAX = 12, TEXT_BYTES = 256 * 1024 };

struct fixture {
    char folder[64];
    char before[4096];
    char out[TEXT_BYTES];
    char err[TEXT_BYTES];
};

#define TOP    "name: n\nstage: dial\n"
#define ACTORS "client: [request: {path: /x}]\nupstreams: {a: [[read: request, respond: 200]]}\n"

static inline void write_bytes(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline void write_file(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

static inline int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/command_test.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    assert_non_null(getcwd(fixture->before, sizeof(fixture->before)));
    assert_int_equal(chdir(fixture->folder), 0);
    setenv("XDG_CACHE_HOME", fixture->folder, 1);
    setenv("NO_COLOR", "1", 1);
    /* What a command does by itself on GitHub is asked for by its own tests. */
    unsetenv("GITHUB_ACTIONS");
    unsetenv("GITHUB_STEP_SUMMARY");
    mkdir("s", S_IRWXU);
    write_file("s/pass.yaml", TOP ACTORS "tags: [base]\nexpect: {client: {status: 200}}\n");
    write_file("s/fail.yaml", TOP ACTORS "expect: {client: {status: 502}}\n");
    write_file("s/should.yaml", TOP "level: should\n" ACTORS "expect: {client: {status: 502}}\n");
    mkdir("empty", S_IRWXU);
    *state = fixture;
    return 0;
}

static inline int remove_one(const char *path, const struct stat *status, int kind,
                             struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline int tear_down(void **state)
{
    enum { DESCRIPTORS = 8 };
    struct fixture *fixture = *state;
    assert_int_equal(chdir(fixture->before), 0);
    assert_int_equal(nftw(fixture->folder, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS), 0);
    free(fixture);
    return 0;
}

static inline void read_back(const char *path, char text[TEXT_BYTES])
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t size = fread(text, 1, TEXT_BYTES - 1, file);
    text[size] = '\0';
    fclose(file);
}

static inline void point_at(int descriptor, const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0 || dup2(file, descriptor) < 0)
        _exit(EXIT_INTERNAL);
    close(file);
}

/* Starts `retryproof` with these words, joined by single spaces; 'a b' keeps its space. */
static inline pid_t start(const char *line)
{
    char text[1024];
    char *words[ARGUMENTS_MAX + 2] = {(char[]){"retryproof"}};
    int count = 1;
    write_file(".out", "");
    write_file(".err", "");
    pid_t child = fork();
    if (child != 0)
        return child;
    point_at(STDOUT_FILENO, ".out");
    point_at(STDERR_FILENO, ".err");
    snprintf(text, sizeof(text), "%s", line);
    for (char *rest = text; *rest != '\0' && count <= ARGUMENTS_MAX;) {
        char end = *rest == '\'' ? '\'' : ' ';
        words[count] = rest + (end == '\'');
        rest = strchr(words[count], end);
        count++;
        if (rest == NULL)
            break;
        *rest++ = '\0';
        rest += *rest == ' ' && end == '\'';
    }
    int code = command_main(count, words, "1.2.3");
    fflush(NULL);
    exit(code);
}

static inline int finish(struct fixture *fixture, pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    read_back(".out", fixture->out);
    read_back(".err", fixture->err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline int run(struct fixture *fixture, const char *line)
{
    return finish(fixture, start(line));
}

/* A line, the code it ends with, and parts of what it says; NULL: nothing is asked. */
struct command_row {
    const char *line;
    int code;
    const char *out;
    const char *err;
};

static inline void expect_row(struct fixture *fixture, const struct command_row *row)
{
    int code = run(fixture, row->line);
    bool said = (row->out == NULL || strstr(fixture->out, row->out) != NULL) &&
                (row->err == NULL || strstr(fixture->err, row->err) != NULL);
    if (code != row->code || !said)
        fail_msg("%s: %d, expected %d and '%s%s'\nout: %.2000s\nerr: %.2000s", row->line, code,
                 row->code, row->out != NULL ? row->out : "", row->err != NULL ? row->err : "",
                 fixture->out, fixture->err);
}

#endif
