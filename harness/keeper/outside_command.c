#include "harness/keeper/outside_command.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/keeper/machine.h"

/* Where proxies are installed, and people who are not root have no PATH to. */
static const char ADMINISTRATORS_FOLDERS[] = "/usr/local/sbin:/usr/sbin:/sbin";

enum {
    READ_BYTES_FIRST = 16 * 1024, /* doubled from there */
    COMPLAINT_BYTES_MAX = 16384,  /* kept of what a command writes on stderr */
};

static const char *fail(char error[OUTSIDE_COMMAND_ERROR_BYTES], const char *what)
{
    snprintf(error, OUTSIDE_COMMAND_ERROR_BYTES, "%s: %s", what, strerror(errno));
    return NULL;
}

/* ---- finding -------------------------------------------------------------------------------- */

static const char *search_path(void)
{
    const char *path = machine_variable("PATH");

    return path != NULL ? path : "/usr/local/bin:/usr/bin:/bin";
}

static bool is_program(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

static bool find_in(const char *folders, const char *name, char path[PATH_MAX])
{
    for (const char *next = folders; *next != '\0';) {
        size_t size = strcspn(next, ":");
        int written = snprintf(path, PATH_MAX, "%.*s/%s", (int)size, next, name);

        if (size > 0 && written > 0 && written < PATH_MAX && is_program(path))
            return true;
        next += size + (next[size] == ':');
    }
    return false;
}

bool outside_command_find(const char *name, char path[PATH_MAX])
{
    if (strchr(name, '/') != NULL)
        return realpath(name, path) != NULL && is_program(path);
    return name[0] != '\0' &&
           (find_in(search_path(), name, path) || find_in(ADMINISTRATORS_FOLDERS, name, path));
}

char *const *outside_command_variables(struct region *region)
{
    size_t count = 0;

    while (environ[count] != NULL)
        count++;
    char **variables = region_take(region, (count + 2) * sizeof(*variables));
    char *path = region_format(region, "PATH=%s:%s", search_path(), ADMINISTRATORS_FOLDERS);
    if (variables == NULL || path == NULL)
        return NULL;
    size_t kept = 0;
    variables[kept++] = path;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "PATH=", strlen("PATH=")) != 0)
            variables[kept++] = environ[i];
    return variables;
}

/* ---- saying why ----------------------------------------------------------------------------- */

static bool holds_word(const char *line, size_t size, const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i + length <= size; i++)
        if (strncasecmp(line + i, word, length) == 0)
            return true;
    return false;
}

static bool speaks_of_error(const char *line, size_t size)
{
    static const char *const words[] = {"emerg", "alert",  "error",  "fatal",
                                        "fail",  "cannot", "invalid"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (holds_word(line, size, words[i]))
            return true;
    return false;
}

const char *outside_command_complaint(const char *output, char line[OUTSIDE_COMMAND_LINE_BYTES])
{
    const char *best = output;
    size_t best_size = 0;
    bool found = false;

    for (const char *next = output; *next != '\0' && !found;) {
        size_t size = strcspn(next, "\n");

        found = speaks_of_error(next, size);
        if (found || strspn(next, " \t\r") < size) {
            best = next;
            best_size = size;
        }
        next += size + (next[size] == '\n');
    }
    snprintf(line, OUTSIDE_COMMAND_LINE_BYTES, "%.*s",
             (int)(best_size < INT_MAX ? best_size : INT_MAX), best);
    for (char *at = line; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            *at = '?';
    return line;
}

const char *outside_command_end(int status, char text[OUTSIDE_COMMAND_LINE_BYTES])
{
    if (WIFSIGNALED(status))
        snprintf(text, OUTSIDE_COMMAND_LINE_BYTES, "by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(text, OUTSIDE_COMMAND_LINE_BYTES, "with code %d", WEXITSTATUS(status));
    return text;
}

/* ---- running -------------------------------------------------------------------------------- */

/* What comes out of one of the command's descriptors. */
struct outlet {
    int descriptor; /* -1: its end has come */
    char *text;
    size_t size;
    size_t capacity;
    size_t size_max; /* what is more is read and thrown away */
    bool overflowed;
};

struct running_command {
    const struct outside_command *command;
    char path[PATH_MAX];
    char *const *variables;
    pid_t pid;
    struct outlet output;
    struct outlet complaints;
    int status;
    bool late;
};

NORETURN static void become_command(const struct running_command *running, int output,
                                    int complaints, pid_t parent)
{
    int input = running->command->input;
    sigset_t none;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (input < 0)
        input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (getppid() != parent || dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(complaints, STDERR_FILENO) < 0 ||
        close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) != 0)
        _exit(EXIT_FAILURE);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(running->path, running->command->arguments, running->variables);
    dprintf(STDERR_FILENO, "%s: %s\n", running->path, strerror(errno));
    _exit(EXIT_FAILURE);
}

/* Room for more, at the most one byte beyond the limit, which tells that it was passed. */
static bool grow(struct outlet *outlet)
{
    size_t capacity = outlet->capacity == 0 ? READ_BYTES_FIRST : 2 * outlet->capacity;

    if (capacity > outlet->size_max + 1)
        capacity = outlet->size_max + 1;
    char *text = realloc(outlet->text, capacity);
    if (text == NULL)
        return false;
    outlet->text = text;
    outlet->capacity = capacity;
    return true;
}

/* Takes what is there now. */
static void drain(struct outlet *outlet)
{
    char rest[512] = "";

    while (outlet->descriptor >= 0) {
        bool has_room = outlet->size < outlet->size_max &&
                        (outlet->size + 1 < outlet->capacity || grow(outlet));
        char *to = has_room ? outlet->text + outlet->size : rest;
        size_t room = has_room ? outlet->capacity - outlet->size - 1 : sizeof(rest);
        ssize_t size = read(outlet->descriptor, to, room);

        if (size < 0 && errno == EAGAIN)
            return;
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0) {
            close(outlet->descriptor);
            outlet->descriptor = -1;
        } else if (has_room) {
            outlet->size += (size_t)size;
        } else {
            outlet->overflowed = true;
        }
    }
}

static void close_outlet(struct outlet *outlet)
{
    if (outlet->descriptor >= 0)
        close(outlet->descriptor);
    outlet->descriptor = -1;
}

/* Until it has ended, has said too much, or its time is up; then its whole group is ended. */
static void await_end(struct running_command *running)
{
    uint64_t until = machine_now() + running->command->within_ns;
    int process = (int)syscall(SYS_pidfd_open, running->pid, 0);
    bool ended = false;

    while (!ended && !running->output.overflowed && !running->late) {
        struct pollfd watched[] = {
            {.fd = process, .events = POLLIN},
            {.fd = running->output.descriptor, .events = POLLIN},
            {.fd = running->complaints.descriptor, .events = POLLIN},
        };

        machine_wait(watched, COUNT_OF(watched), until);
        ended = watched[0].revents != 0;
        drain(&running->output);
        drain(&running->complaints);
        running->late = !ended && machine_now() >= until;
    }
    kill(running->pid, SIGKILL);
    kill(-running->pid, SIGKILL);
    while (waitpid(running->pid, &running->status, 0) < 0 && errno == EINTR)
        continue;
    if (process >= 0)
        close(process);
}

static bool begin(struct running_command *running, char error[OUTSIDE_COMMAND_ERROR_BYTES])
{
    int output[2];
    int complaints[2];
    pid_t parent = getpid();

    if (pipe2(output, O_CLOEXEC) != 0) {
        fail(error, "no pipe");
        return false;
    }
    if (pipe2(complaints, O_CLOEXEC) != 0) {
        fail(error, "no pipe");
        close(output[0]);
        close(output[1]);
        return false;
    }
    running->pid = fork();
    if (running->pid == 0)
        become_command(running, output[1], running->command->joined ? output[1] : complaints[1],
                       parent);
    if (running->pid < 0)
        fail(error, "no process");
    close(output[1]);
    close(complaints[1]);
    running->output.descriptor = output[0];
    running->complaints.descriptor = complaints[0];
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    fcntl(complaints[0], F_SETFL, O_NONBLOCK);
    return running->pid > 0;
}

/* Its output when all went well. */
static const char *judge(struct running_command *running, struct region *region,
                         char error[OUTSIDE_COMMAND_ERROR_BYTES])
{
    const struct outlet *said =
        running->complaints.size > 0 ? &running->complaints : &running->output;
    char end[OUTSIDE_COMMAND_LINE_BYTES];
    char line[OUTSIDE_COMMAND_LINE_BYTES];

    if (running->output.overflowed) {
        snprintf(error, OUTSIDE_COMMAND_ERROR_BYTES, "prints more than %zu bytes",
                 running->command->output_max);
        return NULL;
    }
    if (running->late) {
        snprintf(error, OUTSIDE_COMMAND_ERROR_BYTES, "did not end within %.1f s",
                 (double)running->command->within_ns / (double)NS_PER_S);
        return NULL;
    }
    if (running->status != 0) {
        if (said->text != NULL)
            said->text[said->size] = '\0';
        snprintf(error, OUTSIDE_COMMAND_ERROR_BYTES, "ended %s: %s",
                 outside_command_end(running->status, end),
                 outside_command_complaint(said->text != NULL ? said->text : "", line));
        return NULL;
    }
    const char *text = region_copy_text(
        region, running->output.text != NULL ? running->output.text : "", running->output.size);
    if (text == NULL)
        snprintf(error, OUTSIDE_COMMAND_ERROR_BYTES, "out of memory");
    return text;
}

const char *outside_command_run(const struct outside_command *command, struct region *region,
                                char error[OUTSIDE_COMMAND_ERROR_BYTES])
{
    struct running_command running = {
        .command = command,
        .variables = outside_command_variables(region),
        .output = {.descriptor = -1, .size_max = command->output_max},
        .complaints = {.descriptor = -1, .size_max = COMPLAINT_BYTES_MAX},
    };
    const char *text = NULL;

    if (running.variables == NULL || !outside_command_find(command->arguments[0], running.path)) {
        snprintf(error, OUTSIDE_COMMAND_ERROR_BYTES, "no program '%.80s'", command->arguments[0]);
        return NULL;
    }
    if (begin(&running, error)) {
        await_end(&running);
        text = judge(&running, region, error);
    }
    close_outlet(&running.output);
    close_outlet(&running.complaints);
    free(running.output.text);
    free(running.complaints.text);
    return text;
}
