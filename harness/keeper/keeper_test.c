#include "harness/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "harness/keeper/keeper_rig.h"

#include <cmocka.h>

/* A shell as the subject. */
struct kept {
    char beside[PATH_MAX]; /* a folder of the test's own, for what is to outlive the subject */
    char folder[PATH_MAX];
    char output[PATH_MAX];
    struct keeper keeper;
};

static void make_folders(struct kept *kept)
{
    *kept = (struct kept){.keeper = {.pid = 0}};
    assert_true(folder_make("test", kept->beside));
    assert_true(folder_make("subject", kept->folder));
    snprintf(kept->output, sizeof(kept->output), "%.*s/output", PATH_MAX - 16, kept->folder);
    assert_int_equal(setenv("BESIDE", kept->beside, 1), 0);
}

static void guard(struct kept *kept, const char *script, uint64_t stop_within_ns)
{
    char error[KEEPER_ERROR_BYTES];
    char shell[] = "sh";
    char option[] = "-c";
    char *const arguments[] = {shell, option, strdup(script), NULL};
    const struct keeper_order order = {
        .program = "/bin/sh",
        .arguments = arguments,
        .variables = environ,
        .folder = kept->folder,
        .output = kept->output,
        .stop_signal = SIGTERM,
        .stop_within_ns = stop_within_ns,
    };

    assert_true(keeper_start(&kept->keeper, &order, error));
    free(arguments[2]);
}

static void begin(struct kept *kept, const char *script)
{
    char error[KEEPER_ERROR_BYTES];

    make_folders(kept);
    guard(kept, script, 60 * NS_PER_S);
    assert_true(keeper_run(&kept->keeper, error));
}

/* A subject says that it has come so far by ending a file in the test's folder with a newline. */
static void await_word(struct kept *kept, const char *name)
{
    char text[4096];

    while (strchr(rig_read(kept->beside, name, text), '\n') == NULL)
        poll(NULL, 0, 1);
}

static void finish(struct kept *kept)
{
    keeper_stop(&kept->keeper);
    assert_false(rig_is_there(kept->folder));
    folder_remove(kept->beside);
}

static void it_starts_a_subject_in_its_folder_and_ends_it(void **state)
{
    struct kept kept;
    char text[4096];

    (void)state;
    begin(&kept, "pwd > where; mkdir -p a/b/c; ln -s /etc a/b/link; touch a/b/c/file; "
                 "cp where $BESIDE/where; exec sleep 1000");
    await_word(&kept, "where");
    assert_memory_equal(rig_read(kept.beside, "where", text), kept.folder, strlen(kept.folder));
    pid_t subject = kept.keeper.subject;
    assert_true(keeper_subject_runs(&kept.keeper, 0));
    assert_int_equal(getpgid(subject), subject);
    assert_int_not_equal(getsid(subject), getsid(0)); /* a terminal's Ctrl-C does not come here */
    finish(&kept);
    assert_int_equal(kill(subject, 0), -1);
    assert_true(rig_is_there("/etc/passwd"));
}

static void what_it_says_is_kept_in_its_output(void **state)
{
    struct kept kept;
    char text[4096];

    (void)state;
    begin(&kept, "cat; echo to stdout; echo to stderr >&2; exit 3");
    assert_false(keeper_subject_runs(&kept.keeper, TIME_NEVER));
    assert_true(WIFEXITED(kept.keeper.status));
    assert_int_equal(WEXITSTATUS(kept.keeper.status), 3);
    assert_string_equal(rig_read(kept.folder, "output", text), "to stdout\nto stderr\n");
    finish(&kept);
}

static void a_signal_that_ends_it_is_told(void **state)
{
    struct kept kept;

    (void)state;
    begin(&kept, "kill -KILL $$");
    assert_false(keeper_subject_runs(&kept.keeper, TIME_NEVER));
    assert_true(WIFSIGNALED(kept.keeper.status));
    assert_int_equal(WTERMSIG(kept.keeper.status), SIGKILL);
    finish(&kept);
}

static void a_program_that_cannot_be_run_is_told(void **state)
{
    struct kept kept;
    char error[KEEPER_ERROR_BYTES];
    char name[] = "nothing";
    char *const arguments[] = {name, NULL};

    (void)state;
    make_folders(&kept);
    const struct keeper_order order = {
        .program = "/etc/passwd",
        .arguments = arguments,
        .variables = environ,
        .folder = kept.folder,
        .output = kept.output,
        .stop_signal = SIGTERM,
    };
    assert_true(keeper_start(&kept.keeper, &order, error));
    assert_false(keeper_run(&kept.keeper, error));
    assert_string_equal(error, "it cannot be run: Permission denied");
    finish(&kept);
}

static void what_the_stop_signal_brings_about_is_waited_for(void **state)
{
    struct kept kept;
    char text[4096];

    (void)state;
    begin(&kept, "trap 'echo asked >> $BESIDE/asked; kill $!; exit 0' TERM; sleep 1000 & "
                 "echo up > $BESIDE/up; wait");
    await_word(&kept, "up");
    keeper_stop(&kept.keeper);
    assert_string_equal(rig_read(kept.beside, "asked", text), "asked\n");
    finish(&kept);
}

static void one_that_ignores_its_stop_signal_is_killed(void **state)
{
    struct kept kept;
    char error[KEEPER_ERROR_BYTES];

    (void)state;
    make_folders(&kept);
    guard(&kept, "trap '' TERM; echo up > $BESIDE/up; while :; do sleep 1000; done", NS_PER_MS);
    assert_true(keeper_run(&kept.keeper, error));
    await_word(&kept, "up");
    pid_t subject = kept.keeper.subject;
    finish(&kept);
    assert_int_equal(kill(subject, 0), -1);
}

/* Two sessions away, and its parents are gone. */
static const char DAEMON[] = "setsid sh -c 'setsid sh -c \"echo \\$\\$ > $BESIDE/up; "
                             "exec sleep 1000\" & exit 0' & exit 0";

static void a_daemon_runs_as_long_as_what_it_left_behind(void **state)
{
    pid_t pids[KEEPER_PROCESSES_MAX];
    struct kept kept;

    (void)state;
    begin(&kept, DAEMON);
    await_word(&kept, "up");
    while (kept.keeper.left_count == 0)
        assert_true(keeper_subject_runs(&kept.keeper, 0));
    while (keeper_processes(&kept.keeper, pids) != 1) /* until those between have ended */
        poll(NULL, 0, 1);
    finish(&kept);
    assert_int_equal(kill(pids[0], 0), -1);
}

static void a_daemon_has_ended_when_its_last_process_has(void **state)
{
    struct kept kept;

    (void)state;
    begin(&kept, "mkfifo go; sh -c 'read line < go; exit 7' & echo up > $BESIDE/up; exit 0");
    while (kept.keeper.left_count == 0)
        assert_true(keeper_subject_runs(&kept.keeper, 0));
    rig_write(kept.folder, "go", "now\n");
    assert_false(keeper_subject_runs(&kept.keeper, TIME_NEVER));
    assert_int_equal(WEXITSTATUS(kept.keeper.status), 7);
    finish(&kept);
}

static void one_that_fails_has_ended_whatever_it_left_behind(void **state)
{
    pid_t pids[KEEPER_PROCESSES_MAX];
    struct kept kept;

    (void)state;
    begin(&kept, "sleep 1000 & exit 4");
    assert_false(keeper_subject_runs(&kept.keeper, TIME_NEVER));
    assert_int_equal(WEXITSTATUS(kept.keeper.status), 4);
    assert_int_equal(keeper_processes(&kept.keeper, pids), 1);
    finish(&kept);
    assert_int_equal(kill(pids[0], 0), -1);
}

static void all_of_its_processes_are_found(void **state)
{
    pid_t pids[KEEPER_PROCESSES_MAX];
    struct kept kept;

    (void)state;
    begin(&kept, "sh -c 'sleep 1000 & sleep 1000 & echo up > $BESIDE/up; wait' & wait");
    await_word(&kept, "up");
    assert_int_equal(keeper_processes(&kept.keeper, pids), 4);
    finish(&kept);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(kill(pids[i], 0), -1);
}

static void no_descriptor_of_the_harness_is_held_by_either(void **state)
{
    struct kept kept;
    char error[KEEPER_ERROR_BYTES];
    int before[2];
    int between[2];
    char byte;

    (void)state;
    assert_int_equal(pipe(before), 0);
    make_folders(&kept);
    guard(&kept, "exec sleep 1000", NS_PER_S);
    close(before[1]);
    assert_int_equal(read(before[0], &byte, 1), 0); /* its end, at once */
    assert_int_equal(pipe(between), 0);
    assert_true(keeper_run(&kept.keeper, error));
    close(between[1]);
    assert_int_equal(read(between[0], &byte, 1), 0);
    close(before[0]);
    close(between[0]);
    finish(&kept);
}

static void a_killed_keeper_takes_its_subject_with_it(void **state)
{
    struct kept kept;

    (void)state;
    begin(&kept, "exec sleep 1000");
    pid_t subject = kept.keeper.subject;
    kill(kept.keeper.pid, SIGKILL);
    assert_false(keeper_subject_runs(&kept.keeper, TIME_NEVER));
    assert_true(rig_await_end(subject));
    keeper_stop(&kept.keeper);
    folder_remove(kept.folder);
    finish(&kept);
}

/* What the harness of the tests below tells before it is killed. */
struct told {
    pid_t keeper;
    pid_t subject;
    pid_t worker; /* a process that has copies of all its descriptors, the line's too */
};

/* A harness in a process of its own, which never ends by itself. */
static pid_t start_harness(struct kept *kept, bool runs, struct told *told)
{
    int line[2];

    make_folders(kept);
    assert_int_equal(pipe2(line, O_CLOEXEC), 0);
    pid_t harness = fork();
    if (harness == 0) {
        char error[KEEPER_ERROR_BYTES];

        guard(kept, "trap '' TERM; setsid sleep 1000 & while :; do sleep 1000; done", NS_PER_MS);
        if (runs && !keeper_run(&kept->keeper, error))
            _exit(1);
        *told = (struct told){.keeper = kept->keeper.pid, .subject = kept->keeper.subject};
        told->worker = fork();
        while (told->worker == 0)
            pause();
        (void)!write(line[1], told, sizeof(*told));
        for (;;)
            pause();
    }
    assert_int_equal(read(line[0], told, sizeof(*told)), sizeof(*told));
    close(line[0]);
    close(line[1]);
    return harness;
}

static void end_by_sigkill(struct kept *kept, pid_t harness, const struct told *told)
{
    kill(harness, SIGKILL);
    assert_int_equal(waitpid(harness, NULL, 0), harness);
    assert_true(rig_await_end(told->keeper));
    assert_false(rig_is_there(kept->folder));
    kill(told->worker, SIGKILL);
    folder_remove(kept->beside);
}

static void a_killed_harness_leaves_nothing(void **state)
{
    struct told told;
    struct kept kept;

    (void)state;
    pid_t harness = start_harness(&kept, true, &told);
    end_by_sigkill(&kept, harness, &told);
    assert_int_equal(kill(told.subject, 0), -1);
}

static void a_harness_killed_before_the_subject_ran_leaves_no_folder(void **state)
{
    struct told told;
    struct kept kept;

    (void)state;
    pid_t harness = start_harness(&kept, false, &told);
    assert_int_equal(told.subject, 0);
    end_by_sigkill(&kept, harness, &told);
}

static void stopping_none_is_harmless(void **state)
{
    struct keeper keeper = {.pid = 0};
    pid_t pids[KEEPER_PROCESSES_MAX];

    (void)state;
    keeper_stop(&keeper);
    assert_int_equal(keeper_processes(&keeper, pids), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_starts_a_subject_in_its_folder_and_ends_it),
        cmocka_unit_test(what_it_says_is_kept_in_its_output),
        cmocka_unit_test(a_signal_that_ends_it_is_told),
        cmocka_unit_test(a_program_that_cannot_be_run_is_told),
        cmocka_unit_test(what_the_stop_signal_brings_about_is_waited_for),
        cmocka_unit_test(one_that_ignores_its_stop_signal_is_killed),
        cmocka_unit_test(a_daemon_runs_as_long_as_what_it_left_behind),
        cmocka_unit_test(a_daemon_has_ended_when_its_last_process_has),
        cmocka_unit_test(one_that_fails_has_ended_whatever_it_left_behind),
        cmocka_unit_test(all_of_its_processes_are_found),
        cmocka_unit_test(no_descriptor_of_the_harness_is_held_by_either),
        cmocka_unit_test(a_killed_keeper_takes_its_subject_with_it),
        cmocka_unit_test(a_killed_harness_leaves_nothing),
        cmocka_unit_test(a_harness_killed_before_the_subject_ran_leaves_no_folder),
        cmocka_unit_test(stopping_none_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
