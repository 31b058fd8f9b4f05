/*
 * `retryproof run --watch`: each time that a file is saved the run is played again, and Ctrl-C ends it. What it says is read from a pipe, so
 * that nothing here waits for a time.
 */
#include "harness/command/command_rig.h"

#include <signal.h>
#include <sys/prctl.h>

enum { LINE_BYTES_MAX = 4096 };

/* A run that is watching. */
struct watching {
    pid_t child;
    FILE *words; /* its stdout and stderr, as they come */
};

static void begin(struct watching *watching, const char *const *words, int count)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    watching->child = fork();
    assert_true(watching->child >= 0);
    if (watching->child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
        char *argv[ARGUMENTS_MAX + 2] = {(char[]){"retryproof"}};
        for (int i = 0; i < count; i++)
            argv[i + 1] = strdup(words[i]);
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        int code = command_main(count + 1, argv, "1.2.3");
        fflush(NULL);
        _exit(code);
    }
    close(ends[1]);
    watching->words = fdopen(ends[0], "r");
    assert_non_null(watching->words);
}

/* Reads on until a line has this part; fails where the command ends before. */
static void await(struct watching *watching, const char *part)
{
    char line[LINE_BYTES_MAX];
    while (fgets(line, sizeof(line), watching->words) != NULL) {
        if (strstr(line, part) != NULL)
            return;
    }
    fail_msg("it ended before it said: %s", part);
}

static void end(struct watching *watching)
{
    int status;
    char line[LINE_BYTES_MAX];
    assert_int_equal(kill(watching->child, SIGINT), 0);
    while (fgets(line, sizeof(line), watching->words) != NULL)
        continue;
    fclose(watching->words);
    assert_int_equal(waitpid(watching->child, &status, 0), watching->child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_INTERRUPTED);
}

static const char *const WORDS[] = {"run", "--world", "sim", "--watch", "--quiet", "s"};

static void a_saved_scenario_is_played_again(void **state)
{
    struct watching watching;
    (void)state;
    begin(&watching, WORDS, COUNT_OF(WORDS));
    await(&watching, "3 cases: 1 pass, 1 fail");
    await(&watching, "watching 1 folder; Ctrl-C ends\n");
    write_file("s/fail.yaml", TOP ACTORS "expect: {client: {status: 200}}\n");
    await(&watching, "retryproof: s/fail.yaml was saved: round 2\n");
    await(&watching, "3 cases: 2 pass");
    await(&watching, "watching 1 folder");
    /* One that is new, and as most editors save it: written elsewhere, then put into its place. */
    write_file("new", TOP ACTORS "expect: {}\n");
    assert_int_equal(rename("new", "s/new.yaml"), 0);
    await(&watching, "retryproof: s/new.yaml was saved: round 3\n");
    await(&watching, "4 cases: 3 pass");
    await(&watching, "watching 1 folder");
    assert_int_equal(remove("s/new.yaml"), 0);
    await(&watching, "retryproof: s/new.yaml was removed: round 4\n");
    await(&watching, "3 cases: 2 pass");
    await(&watching, "watching 1 folder");
    end(&watching);
}

static void a_mistake_is_told_and_waited_for(void **state)
{
    struct watching watching;
    (void)state;
    write_file("s/pass.yaml", TOP ACTORS "expct: {}\n");
    begin(&watching, WORDS, COUNT_OF(WORDS));
    await(&watching, "s/pass.yaml:5:1: ");
    await(&watching, "watching 1 folder");
    write_file("s/pass.yaml", TOP ACTORS "expect: {}\n");
    await(&watching, "3 cases: 1 pass");
    await(&watching, "watching 1 folder");
    end(&watching);
}

/* What is no scenario does not count, so a report beside the scenarios does not begin a run without end. */
static void reports_are_made_anew_and_begin_nothing(void **state)
{
    static const char *const REPORTS[] = {"run",      "--world",       "sim",
                                          "--watch",  "--report",      "html=s",
                                          "--report", "tap=s/out.tap", "s/pass.yaml"};
    struct watching watching;
    struct stat before;
    struct stat after;
    (void)state;
    begin(&watching, REPORTS, COUNT_OF(REPORTS));
    await(&watching, "watching 1 folder; Ctrl-C ends; reload the page to see this run\n");
    assert_int_equal(stat("s/index.html", &before), 0);
    write_file("s/.pass.yaml.swp", "an editor's own");
    write_file("s/pass.yaml", TOP ACTORS "expect: {client: {status: 503}}\n");
    await(&watching, "1 case: 0 pass, 1 fail");
    await(&watching, "watching 1 folder");
    assert_int_equal(stat("s/index.html", &after), 0);
    assert_true(before.st_ino != after.st_ino || before.st_size != after.st_size);
    end(&watching);
}

/* The run reads scenarios of either ending, follows links, and passes over what is hidden: so does the watch. */
static void what_the_run_reads_is_what_is_watched(void **state)
{
    static const char *const LINKED[] = {"run", "--world", "sim", "--watch", "--quiet", "link"};
    struct watching watching;
    (void)state;
    assert_int_equal(symlink("s", "link"), 0);
    assert_int_equal(mkdir("s/.git", S_IRWXU), 0);
    begin(&watching, LINKED, COUNT_OF(LINKED));
    await(&watching, "watching 1 folder; Ctrl-C ends\n");
    write_file("s/new.yml", TOP ACTORS "expect: {}\n");
    await(&watching, "4 cases: 2 pass");
    await(&watching, "watching 1 folder");
    end(&watching);
}

/* No other name in its folder counts, also none that ends like it. */
static void one_file_is_watched_alone(void **state)
{
    static const char *const ONE[] = {"run", "--world", "sim", "--watch", "s/pass.yaml"};
    struct watching watching;
    (void)state;
    begin(&watching, ONE, COUNT_OF(ONE));
    await(&watching, "watching 1 folder; Ctrl-C ends\n");
    write_file("s/by-pass.yaml", TOP ACTORS "expect: {}\n");
    write_file("s/pass.yaml", TOP ACTORS "expect: {client: {status: 503}}\n");
    await(&watching, "1 case: 0 pass, 1 fail");
    await(&watching, "watching 1 folder");
    end(&watching);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_saved_scenario_is_played_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_mistake_is_told_and_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reports_are_made_anew_and_begin_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_run_reads_is_what_is_watched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_file_is_watched_alone, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
