#include "harness/keeper/keeper_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/keeper/folder.h"
#include "harness/keeper/machine.h"

enum {
    LINE = STDERR_FILENO + 1, /* where the line stands in the keeper */
    CHILDREN_BYTES = 4096,    /* of the kernel's list, read at a time */
    OUTPUT_MODE = 0666,       /* a proxy that gave up its rights may open /dev/stderr afresh */
};

/* How often those that do not end are killed again: what they forked meanwhile is found then. */
#define KILL_EVERY_NS (10 * NS_PER_MS)

struct keeper_process {
    const struct keeper_order *order;
    int signals; /* what has come of SIGCHLD and SIGTERM */
    int harness; /* becomes readable when it has ended; -1 where the kernel has no such thing */
    pid_t subject;
    bool subject_ended;
    int subject_status;
    int last_status; /* of whichever ended last */
    unsigned
        told_left; /* at most KEEPER_LEFT_MAX, so that the line has room though nobody may listen */
    bool told_ended;
};

/* ---- telling -------------------------------------------------------------------------------- */

/* The harness may be gone: then nobody is told, and its end is noticed elsewhere. */
static void tell(enum keeper_news news, int value)
{
    const struct keeper_message message = {.news = news, .value = value};

    (void)!write(LINE, &message, sizeof(message));
}

/* As waitpid(2) would tell it. */
static int status_of(const siginfo_t *end)
{
    return end->si_code == CLD_EXITED ? (end->si_status & 0xff) << 8 : end->si_status;
}

/* Buries those that have ended; true if any process of the subject is left. */
static bool bury(struct keeper_process *keeper)
{
    siginfo_t end = {.si_pid = 0};
    int found;

    while ((found = waitid(P_ALL, 0, &end, WEXITED | WNOHANG | WNOWAIT)) == 0 && end.si_pid != 0) {
        pid_t pid = end.si_pid;

        keeper->last_status = status_of(&end);
        if (pid == keeper->subject) {
            keeper->subject_ended = true;
            keeper->subject_status = keeper->last_status;
        }
        if (keeper->last_status == 0 && keeper->told_left++ < KEEPER_LEFT_MAX)
            tell(KEEPER_LEFT, pid);
        waitpid(pid, NULL, 0);
        end.si_pid = 0;
    }
    return found == 0;
}

static void tell_of_ends(struct keeper_process *keeper)
{
    bool any_left = bury(keeper);

    if (!keeper->subject_ended || keeper->told_ended || (keeper->subject_status == 0 && any_left))
        return;
    keeper->told_ended = true;
    tell(KEEPER_ENDED, keeper->subject_status != 0 ? keeper->subject_status : keeper->last_status);
}

/* ---- starting the subject --------------------------------------------------------------------- */

static void default_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

NORETURN static void become_subject(const struct keeper_order *order, int gate, pid_t keeper)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    default_signals();
    if (getppid() == keeper && chdir(order->folder) == 0)
        execve(order->program, order->arguments, order->variables);
    int why = errno;
    (void)!write(gate, &why, sizeof(why));
    _exit(EXIT_FAILURE);
}

static void start_subject(struct keeper_process *keeper)
{
    int gate[2]; /* ends with exec, or brings the errno for which there was none */
    int why = 0;
    pid_t own = getpid();

    if (pipe2(gate, O_CLOEXEC) != 0) {
        tell(KEEPER_REFUSED, errno);
        return;
    }
    keeper->subject = fork();
    if (keeper->subject == 0)
        become_subject(keeper->order, gate[1], own);
    if (keeper->subject < 0) {
        keeper->subject = 0;
        why = errno;
    } else {
        setpgid(keeper->subject, keeper->subject); /* so that it is there before its first signal */
    }
    close(gate[1]);
    if (why == 0 && read(gate[0], &why, sizeof(why)) != sizeof(why))
        why = 0;
    close(gate[0]);
    if (why == 0)
        tell(KEEPER_RUNS, keeper->subject);
    else
        tell(KEEPER_REFUSED, why);
}

/* ---- ending all that is left ------------------------------------------------------------------ */

/* To one child, unless it got it already as one of the subject's group. */
static void signal_child(const struct keeper_process *keeper, pid_t child, int number)
{
    if (number == SIGKILL || keeper->subject_ended || getpgid(child) != keeper->subject)
        kill(child, number);
}

/* To the children of the keeper, the subject and whatever lost its parent: none of their numbers can be another's yet. */
static void signal_children(const struct keeper_process *keeper, int number)
{
    char text[CHILDREN_BYTES];
    int list = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    pid_t child = 0;
    ssize_t size;

    while (list >= 0 && (size = read(list, text, sizeof(text))) > 0)
        for (ssize_t i = 0; i < size; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                child = 10 * child + (text[i] - '0');
            } else if (child != 0) {
                signal_child(keeper, child, number);
                child = 0;
            }
        }
    if (list >= 0)
        close(list);
}

/* The group's number is the subject's own as long as that is not buried. */
static void signal_all(const struct keeper_process *keeper, int number)
{
    if (!keeper->subject_ended)
        kill(-keeper->subject, number);
    signal_children(keeper, number);
}

/* Reads what came; true if it was asked to end by a signal. */
static bool take_signals(const struct keeper_process *keeper)
{
    struct signalfd_siginfo signal_come;
    bool asked = false;

    while (read(keeper->signals, &signal_come, sizeof(signal_come)) == sizeof(signal_come))
        asked = asked || signal_come.ssi_signo == SIGTERM;
    return asked;
}

/* False when none is left; true at the time. */
static bool any_left_at(struct keeper_process *keeper, uint64_t until_ns)
{
    while (bury(keeper)) {
        struct pollfd watched = {.fd = keeper->signals, .events = POLLIN};

        if (machine_now() >= until_ns)
            return true;
        machine_wait(&watched, 1, until_ns);
        take_signals(keeper);
    }
    return false;
}

static void end_subject(struct keeper_process *keeper)
{
    if (keeper->subject == 0)
        return;
    bury(keeper);
    signal_all(keeper, keeper->order->stop_signal);
    if (!any_left_at(keeper, machine_now() + keeper->order->stop_within_ns))
        return;
    do
        signal_all(keeper, SIGKILL);
    while (any_left_at(keeper, machine_now() + KILL_EVERY_NS));
}

/* ---- serving ---------------------------------------------------------------------------------- */

/* False when the harness wants the end. */
static bool take_order(struct keeper_process *keeper)
{
    char byte;

    if (read(LINE, &byte, sizeof(byte)) != sizeof(byte))
        return false;
    if (keeper->subject == 0)
        start_subject(keeper);
    return true;
}

static void serve_until_end(struct keeper_process *keeper)
{
    bool goes_on = true;

    while (goes_on) {
        struct pollfd watched[] = {
            {.fd = LINE, .events = POLLIN},
            {.fd = keeper->signals, .events = POLLIN},
            {.fd = keeper->harness, .events = POLLIN},
        };

        machine_wait(watched, COUNT_OF(watched), TIME_NEVER);
        goes_on = watched[2].revents == 0 && !take_signals(keeper);
        if (keeper->subject != 0)
            tell_of_ends(keeper);
        if (goes_on && watched[0].revents != 0)
            goes_on = take_order(keeper);
    }
}

/* Only the line stays open, and what the subject is to get; all are copies, so that none is in the way of another. */
static bool arrange_descriptors(const struct keeper_post *post)
{
    int line = fcntl(post->line, F_DUPFD, LINE + 1);
    int output = open(post->order->output, O_WRONLY | O_CREAT | O_APPEND, OUTPUT_MODE);
    int copy = fcntl(output, F_DUPFD, LINE + 1);
    int nothing = open("/dev/null", O_RDONLY);
    int nothing_copy = fcntl(nothing, F_DUPFD, LINE + 1);

    return line >= 0 && copy >= 0 && nothing_copy >= 0 && fchmod(copy, OUTPUT_MODE) == 0 &&
           dup2(line, LINE) >= 0 && dup2(nothing_copy, STDIN_FILENO) >= 0 &&
           dup2(copy, STDOUT_FILENO) >= 0 && dup2(copy, STDERR_FILENO) >= 0 &&
           fcntl(LINE, F_SETFD, FD_CLOEXEC) == 0 && close_range(LINE + 1, ~0u, 0) == 0;
}

void keeper_process_serve(const struct keeper_post *post)
{
    struct keeper_process keeper = {.order = post->order};
    sigset_t watched;

    setsid(); /* away from the terminal, whose Ctrl-C and hang-up are the harness's */
    if (!arrange_descriptors(post) || chdir("/") != 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        _exit(EXIT_FAILURE);
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGTERM);
    keeper.signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    /* Another process may hold a copy of the line's other end, so the harness itself is watched too. */
    keeper.harness = (int)syscall(SYS_pidfd_open, post->harness, 0);
    tell(KEEPER_GUARDS, 0);
    if (getppid() == post->harness)
        serve_until_end(&keeper);
    end_subject(&keeper);
    folder_remove(post->order->folder);
    _exit(EXIT_SUCCESS);
}
