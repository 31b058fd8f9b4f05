#include "harness/subject/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/subject/program.h"

static const char OWN_PROGRAM[] = "/proc/self/exe";

static bool fail(char error[SUBJECT_ERROR_BYTES], const char *what)
{
    snprintf(error, SUBJECT_ERROR_BYTES, "%s: %s", what, strerror(errno));
    return false;
}

/* ---- starting ------------------------------------------------------------------------------- */

/* A file in memory that holds the configuration; -1 and errno. */
static int make_config(const struct proxy_settings *settings)
{
    int descriptor = memfd_create("retryproof.yaml", MFD_CLOEXEC);
    int copy = descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
    if (out != NULL) {
        subject_write_config(settings, out);
        if (fclose(out) == 0)
            return descriptor;
    }
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

/* What the child becomes. */
struct call {
    const char *path;
    char *const *arguments;
    int config; /* a descriptor that it keeps; -1: none */
};

/* In the child: only what exec needs, and nothing that could come back. */
NORETURN static void become_subject(const struct subject *subject, const struct call *call,
                                    int output, pid_t parent)
{
    setpgid(0, 0); /* the terminal's Ctrl-C is for the harness, which ends its subjects itself */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(subject->complaints, STDERR_FILENO) < 0 ||
        close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) != 0 ||
        (call->config >= 0 && fcntl(call->config, F_SETFD, 0) != 0))
        _exit(EXIT_FAILURE);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    execv(call->path, call->arguments);
    dprintf(STDERR_FILENO, "%s: %s", call->path, strerror(errno));
    _exit(EXIT_FAILURE);
}

/*
 * Until it is another program the child has a copy of each descriptor of ours, of listeners too: what another case closes
 * meanwhile would still be in use when it listens there again. The gate is the copy that tells: its end comes with exec.
 */
static void wait_for_exec(const int gate[2])
{
    char byte;
    close(gate[1]);
    while (read(gate[0], &byte, sizeof(byte)) < 0 && errno == EINTR)
        continue;
    close(gate[0]);
}

static bool spawn(struct subject *subject, const struct call *call, char error[SUBJECT_ERROR_BYTES])
{
    int ends[2];
    int gate[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return fail(error, "no pipe for the subject");
    if (pipe2(gate, O_CLOEXEC) != 0) {
        fail(error, "no pipe for the subject");
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    subject->complaints = memfd_create("retryproof.log", MFD_CLOEXEC);
    subject->pid = subject->complaints < 0 ? -1 : fork();
    if (subject->pid == 0)
        become_subject(subject, call, ends[1], parent);
    close(ends[1]);
    wait_for_exec(gate);
    subject->output = ends[0];
    if (subject->pid > 0)
        return true;
    fail(error, "no process for the subject");
    close(ends[0]);
    if (subject->complaints >= 0)
        close(subject->complaints);
    subject->pid = 0;
    return false;
}

static bool start_own(struct subject *subject, const struct proxy_settings *settings,
                      char error[SUBJECT_ERROR_BYTES])
{
    char name[] = "retryproof";
    char command[] = "proxy";
    char path[64];
    char *const arguments[] = {name, command, path, NULL};
    int config = make_config(settings);
    if (config < 0)
        return fail(error, "no configuration for the subject");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", config);
    bool started = spawn(subject, &(struct call){OWN_PROGRAM, arguments, config}, error);
    close(config);
    return started;
}

static bool start_program(struct subject *subject, const struct proxy_settings *settings,
                          const char *name, char error[SUBJECT_ERROR_BYTES])
{
    struct program program = {.path = ""};
    if (!program_find(&program, name, error))
        return false;
    program_set_arguments(&program, settings);
    return spawn(subject, &(struct call){program.path, program.arguments, -1}, error);
}

bool subject_start(struct subject *subject, const struct proxy_settings *settings,
                   const char *program, char error[SUBJECT_ERROR_BYTES])
{
    _Static_assert((int)PROGRAM_ERROR_BYTES <= (int)SUBJECT_ERROR_BYTES, "a sentence fits");
    *subject = (struct subject){0};
    return program == NULL ? start_own(subject, settings, error)
                           : start_program(subject, settings, program, error);
}

/* ---- looking -------------------------------------------------------------------------------- */

static void forget(struct subject *subject)
{
    close(subject->output);
    close(subject->complaints);
    subject->pid = 0;
}

/* The last line that it wrote on stderr, which says why it ended. */
static void read_complaint(const struct subject *subject, int status,
                           char error[SUBJECT_ERROR_BYTES])
{
    char text[SUBJECT_ERROR_BYTES / 2] = "";
    off_t end = lseek(subject->complaints, 0, SEEK_END);
    off_t from = end > (off_t)sizeof(text) - 1 ? end - (off_t)sizeof(text) + 1 : 0;
    ssize_t size = pread(subject->complaints, text, sizeof(text) - 1, from);
    text[size > 0 ? size : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (WIFSIGNALED(status))
        snprintf(error, SUBJECT_ERROR_BYTES, "the subject was ended by signal %d: %s",
                 WTERMSIG(status), text);
    else
        snprintf(error, SUBJECT_ERROR_BYTES, "the subject ended with code %d: %s",
                 WEXITSTATUS(status), text);
}

static bool read_address(struct subject *subject)
{
    static const char BEGINNING[] = "listening on ";
    ssize_t size = read(subject->output, subject->line + subject->line_size,
                        sizeof(subject->line) - 1 - subject->line_size);
    subject->line_size += size > 0 ? (size_t)size : 0;
    subject->line[subject->line_size] = '\0';
    char *end = strchr(subject->line, '\n');
    if (end == NULL)
        return false;
    *end = '\0';
    return strncmp(subject->line, BEGINNING, sizeof(BEGINNING) - 1) == 0 &&
           address_parse(subject->line + sizeof(BEGINNING) - 1, 0, &subject->address);
}

enum subject_state subject_look(struct subject *subject, char error[SUBJECT_ERROR_BYTES])
{
    int status;
    if (subject->pid == 0)
        return SUBJECT_ENDED;
    if (subject->address.family == 0 && !read_address(subject))
        subject->address.family = 0;
    if (waitpid(subject->pid, &status, WNOHANG) == subject->pid) {
        read_complaint(subject, status, error);
        forget(subject);
        return SUBJECT_ENDED;
    }
    return subject->address.family != 0 ? SUBJECT_LISTENS : SUBJECT_STARTING;
}

void subject_ask_to_end(struct subject *subject)
{
    if (subject->pid != 0)
        kill(subject->pid, SIGTERM);
}

void subject_kill(struct subject *subject)
{
    if (subject->pid == 0)
        return;
    kill(subject->pid, SIGKILL);
    kill(-subject->pid, SIGKILL); /* what it has started is in its group */
    while (waitpid(subject->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    forget(subject);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* "VmRSS:     1234 kB" of proc(5), in bytes. */
static uint64_t read_status(const struct subject *subject, const char *field)
{
    char path[64];
    char line[256];
    uint64_t bytes = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)subject->pid);
    FILE *file = subject->pid == 0 ? NULL : fopen(path, "re");
    if (file == NULL)
        return 0;
    size_t size = strlen(field);
    while (bytes == 0 && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, field, size) == 0)
            bytes = strtoull(line + size, NULL, 10) * 1024;
    fclose(file);
    return bytes;
}

uint64_t subject_memory(const struct subject *subject)
{
    return read_status(subject, "VmRSS:");
}

uint64_t subject_memory_peak(const struct subject *subject)
{
    return read_status(subject, "VmHWM:");
}

/* proc(5): "5" resets the peak. Where the kernel does not, the peak is only larger, never smaller. */
void subject_forget_peak(const struct subject *subject)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)subject->pid);
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    (void)!write(descriptor, "5", 1);
    close(descriptor);
}
