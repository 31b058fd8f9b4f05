#include "harness/keeper/keeper.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/keeper/keeper_process.h"
#include "harness/keeper/machine.h"

static bool fail(char error[KEEPER_ERROR_BYTES], const char *what, int why)
{
    snprintf(error, KEEPER_ERROR_BYTES, "%s: %s", what, strerror(why));
    return false;
}

/* ---- the line ------------------------------------------------------------------------------- */

/* False when nothing came by then. A keeper that is gone tells nothing more, and killed its subject. */
static bool hear(struct keeper *keeper, uint64_t until_ns, struct keeper_message *message)
{
    for (;;) {
        ssize_t size = read(keeper->line, message, sizeof(*message));

        if (size == (ssize_t)sizeof(*message))
            return true;
        if (size >= 0 || (errno != EAGAIN && errno != EINTR)) {
            *message = (struct keeper_message){.news = KEEPER_ENDED, .value = SIGKILL};
            return true;
        }
        if (until_ns != TIME_NEVER && machine_now() >= until_ns)
            return false;
        struct pollfd watched = {.fd = keeper->line, .events = POLLIN};
        machine_wait(&watched, 1, until_ns);
    }
}

static bool fork_keeper(struct keeper *keeper, const struct keeper_order *order, int line)
{
    const struct keeper_post post = {.order = order, .line = line, .harness = getpid()};
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of ours may run in the child */
    keeper->pid = fork();
    if (keeper->pid == 0)
        keeper_process_serve(&post);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return keeper->pid > 0;
}

bool keeper_start(struct keeper *keeper, const struct keeper_order *order,
                  char error[KEEPER_ERROR_BYTES])
{
    struct keeper_message message;
    int ends[2];

    *keeper = (struct keeper){0};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return fail(error, "no line to a keeper", errno);
    keeper->line = ends[0];
    bool forked = fork_keeper(keeper, order, ends[1]);
    int why = errno;
    close(ends[1]);
    /* Until it guards it holds copies of our descriptors, of listeners too, which another case may close and open again. */
    if (forked && fcntl(keeper->line, F_SETFL, O_NONBLOCK) == 0 &&
        hear(keeper, TIME_NEVER, &message) && message.news == KEEPER_GUARDS)
        return true;
    if (!forked) {
        keeper->pid = 0;
        close(keeper->line);
        return fail(error, "no process for a keeper", why);
    }
    keeper_stop(keeper);
    snprintf(error, KEEPER_ERROR_BYTES, "the keeper of '%s' could not begin", order->folder);
    return false;
}

bool keeper_run(struct keeper *keeper, char error[KEEPER_ERROR_BYTES])
{
    static const char RUN = 'r';
    struct keeper_message message;

    check(keeper->pid > 0);
    check(keeper->subject == 0);
    if (write(keeper->line, &RUN, sizeof(RUN)) != sizeof(RUN))
        return fail(error, "no word to the keeper", errno);
    hear(keeper, TIME_NEVER, &message);
    if (message.news == KEEPER_RUNS) {
        keeper->subject = message.value;
        return true;
    }
    if (message.news == KEEPER_REFUSED)
        return fail(error, "it cannot be run", message.value);
    snprintf(error, KEEPER_ERROR_BYTES, "its keeper was ended by somebody");
    return false;
}

bool keeper_subject_runs(struct keeper *keeper, uint64_t until_ns)
{
    struct keeper_message message;

    while (!keeper->ended && hear(keeper, until_ns, &message)) {
        until_ns = 0; /* one piece of news is what was waited for */
        if (message.news == KEEPER_LEFT && keeper->left_count < KEEPER_LEFT_MAX)
            keeper->left[keeper->left_count++] = message.value;
        if (message.news == KEEPER_ENDED) {
            keeper->ended = true;
            keeper->status = message.value;
        }
    }
    return !keeper->ended;
}

void keeper_stop(struct keeper *keeper)
{
    if (keeper->pid == 0)
        return;
    shutdown(keeper->line, SHUT_WR);
    while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    close(keeper->line);
    *keeper = (struct keeper){0};
}

/* ---- processes -------------------------------------------------------------------------------- */

/* A list of processes that grows while its own entries are looked at. */
struct process_list {
    pid_t *pids;
    size_t count;
};

/* What proc(5) says of a process. */
struct process_state {
    bool has_ended; /* it is gone, or waits only to be buried */
    pid_t parent;   /* who is to bury it; 0 when it is gone */
};

/* The state is the letter behind the name in parentheses, the parent's number follows. */
static struct process_state look_at(pid_t pid)
{
    struct process_state state = {.has_ended = true};
    char path[64];
    char text[256];
    char letter;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return state;
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[size] = '\0';
    const char *behind = strrchr(text, ')');
    if (behind != NULL && sscanf(behind + 1, " %c %d", &letter, &state.parent) == 2)
        state.has_ended = letter == 'Z' || letter == 'X';
    return state;
}

static bool has_left(const struct keeper *keeper, pid_t pid)
{
    for (size_t i = 0; i < keeper->left_count; i++)
        if (keeper->left[i] == pid)
            return true;
    return false;
}

bool keeper_process_is_lost(struct keeper *keeper, pid_t pid)
{
    struct process_state state = look_at(pid);

    /* The keeper tells before it buries, so when one is gone that it had to bury, the news is on the line. */
    while (state.has_ended && state.parent == keeper->pid) {
        keeper_subject_runs(keeper, machine_now() + NS_PER_MS);
        state = look_at(pid);
    }
    keeper_subject_runs(keeper, 0);
    return state.has_ended && !has_left(keeper, pid);
}

static void add_children(struct process_list *list, const char *path)
{
    FILE *file = fopen(path, "re");
    int pid;

    while (file != NULL && list->count < KEEPER_PROCESSES_MAX && fscanf(file, "%d", &pid) == 1)
        list->pids[list->count++] = pid;
    if (file != NULL)
        fclose(file);
}

/* Each thread has a list of the children that it made. */
static void add_children_of(struct process_list *list, pid_t pid)
{
    char path[64 + NAME_MAX];
    const struct dirent *thread;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    while (threads != NULL && (thread = readdir(threads)) != NULL) {
        if (!isdigit((unsigned char)thread->d_name[0]))
            continue;
        snprintf(path, sizeof(path), "/proc/%d/task/%s/children", (int)pid, thread->d_name);
        add_children(list, path);
    }
    if (threads != NULL)
        closedir(threads);
}

size_t keeper_processes(const struct keeper *keeper, pid_t pids[KEEPER_PROCESSES_MAX])
{
    struct process_list list = {.pids = pids};
    size_t living = 0;

    if (keeper->pid == 0)
        return 0;
    add_children_of(&list, keeper->pid);
    for (size_t i = 0; i < list.count; i++)
        add_children_of(&list, pids[i]);
    for (size_t i = 0; i < list.count; i++)
        if (!look_at(pids[i]).has_ended)
            pids[living++] = pids[i];
    return living;
}
