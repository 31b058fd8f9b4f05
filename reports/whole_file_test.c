/* A file is there whole or as it was: also when the program is ended, or killed, in the midst of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports/golden_rig.h"
#include "reports/whole_file.h"

enum { PATH_BYTES = 96 };

struct place {
    char folder[64];
    char path[PATH_BYTES]; /* of the file, in the folder */
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    snprintf(place->folder, sizeof(place->folder), "/tmp/retryproof-file.XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof(place->path), "%s/report", place->folder);
    *state = place;
    return 0;
}

/* Nothing else may have been left behind. */
static int tear_down(void **state)
{
    struct place *place = *state;
    unlink(place->path);
    const int left = rmdir(place->folder);
    free(place);
    return left;
}

static void write_plainly(const char *path, const char *text)
{
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void assert_text(const char *path, const char *expected)
{
    char *text = golden_read(path);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void the_old_file_stands_until_the_new_one_is_whole(void **state)
{
    const struct place *place = *state;
    struct whole_file file;
    write_plainly(place->path, "old");
    assert_true(whole_file_open(&file, place->path));
    fputs("new", file.out);
    fflush(file.out);
    assert_text(place->path, "old");
    assert_true(whole_file_close(&file));
    assert_text(place->path, "new");
}

static void the_new_file_is_for_those_that_the_old_one_was_for(void **state)
{
    const struct place *place = *state;
    struct whole_file file;
    struct stat status;
    write_plainly(place->path, "old");
    assert_int_equal(chmod(place->path, S_IRUSR | S_IWUSR), 0);
    assert_true(whole_file_open(&file, place->path));
    assert_true(whole_file_close(&file));
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO), S_IRUSR | S_IWUSR);
}

static void a_file_that_is_dropped_leaves_the_old_one(void **state)
{
    const struct place *place = *state;
    struct whole_file file;
    write_plainly(place->path, "old");
    assert_true(whole_file_open(&file, place->path));
    fputs("new", file.out);
    whole_file_drop(&file);
    assert_text(place->path, "old");
}

/* A link stays one: the file that it leads to is replaced. */
static void a_link_leads_to_the_new_file(void **state)
{
    const struct place *place = *state;
    char target[PATH_BYTES];
    struct whole_file file;
    struct stat status;
    snprintf(target, sizeof(target), "%s/target", place->folder);
    assert_int_equal(symlink("target", place->path), 0);
    for (int round = 0; round < 2; round++) { /* first it leads nowhere */
        assert_true(whole_file_open(&file, place->path));
        fputs("new", file.out);
        assert_true(whole_file_close(&file));
        assert_int_equal(lstat(place->path, &status), 0);
        assert_true(S_ISLNK(status.st_mode));
        assert_text(target, "new");
    }
    assert_int_equal(unlink(target), 0);
}

/* As `--report json=/dev/stdout` does it: a pipe is no file that could be replaced. */
static void what_is_no_file_is_written_where_it_is(void **state)
{
    (void)state;
    char path[PATH_BYTES];
    char bytes[8] = "";
    struct whole_file file;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
    assert_true(whole_file_open(&file, path));
    fputs("new", file.out);
    assert_true(whole_file_close(&file));
    assert_int_equal(read(ends[0], bytes, sizeof(bytes)), 3);
    assert_string_equal(bytes, "new");
    close(ends[0]);
    close(ends[1]);
}

static void what_cannot_be_written_is_told(void **state)
{
    const struct place *place = *state;
    char path[2 * WHOLE_FILE_PATH_BYTES];
    struct whole_file file;
    assert_false(whole_file_open(&file, place->folder));
    assert_int_equal(errno, EISDIR);
    snprintf(path, sizeof(path), "%s/not/there", place->folder);
    assert_false(whole_file_open(&file, path));
    assert_int_equal(errno, ENOENT);
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_false(whole_file_open(&file, path));
    assert_int_equal(errno, ENAMETOOLONG);
}

/* A name that has no room for more is a name all the same. */
static void a_long_name_is_written_where_it_is(void **state)
{
    const struct place *place = *state;
    char path[512];
    struct whole_file file;
    snprintf(path, sizeof(path), "%s/%0250d", place->folder, 0);
    assert_true(whole_file_open(&file, path));
    fputs("new", file.out);
    assert_true(whole_file_close(&file));
    assert_text(path, "new");
    assert_int_equal(unlink(path), 0);
}

/* Writes a half, says so, and goes on when it is told to. */
static void write_slowly(const char *path, int ready, int go)
{
    struct whole_file file;
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
    if (!whole_file_open(&file, path))
        _exit(1);
    fputs("half", file.out);
    fflush(file.out);
    if (write(ready, "", 1) != 1 || read(go, &byte, 1) != 1)
        _exit(1);
    fputs(", whole", file.out);
    _exit(whole_file_close(&file) ? 0 : 1);
}

static void the_program_is_ended_in_the_midst_of_a_file(const struct place *place,
                                                        int signal_number, const char *expected)
{
    char temporary[PATH_BYTES + 32];
    char byte;
    int ready[2];
    int go[2];
    int status;
    write_plainly(place->path, "old");
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        write_slowly(place->path, ready[1], go[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_text(place->path, "old");
    assert_int_equal(kill(child, signal_number), 0);
    assert_int_equal(write(go[1], "", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signal_number);
    assert_text(place->path, expected);
    snprintf(temporary, sizeof(temporary), "%s.%ld", place->path, (long)child);
    assert_int_equal(unlink(temporary) == 0, signal_number == SIGKILL);
    for (size_t i = 0; i < COUNT_OF(ready); i++) {
        close(ready[i]);
        close(go[i]);
    }
}

static void a_signal_waits_until_the_file_is_whole(void **state)
{
    the_program_is_ended_in_the_midst_of_a_file(*state, SIGTERM, "half, whole");
}

static void a_program_that_is_killed_leaves_the_old_file(void **state)
{
    the_program_is_ended_in_the_midst_of_a_file(*state, SIGKILL, "old");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_old_file_stands_until_the_new_one_is_whole),
        cmocka_unit_test(the_new_file_is_for_those_that_the_old_one_was_for),
        cmocka_unit_test(a_file_that_is_dropped_leaves_the_old_one),
        cmocka_unit_test(a_link_leads_to_the_new_file),
        cmocka_unit_test(what_is_no_file_is_written_where_it_is),
        cmocka_unit_test(what_cannot_be_written_is_told),
        cmocka_unit_test(a_long_name_is_written_where_it_is),
        cmocka_unit_test(a_signal_waits_until_the_file_is_whole),
        cmocka_unit_test(a_program_that_is_killed_leaves_the_old_file),
    };
    struct CMUnitTest placed[COUNT_OF(tests)];
    for (size_t i = 0; i < COUNT_OF(tests); i++) {
        placed[i] = tests[i];
        placed[i].setup_func = set_up;
        placed[i].teardown_func = tear_down;
    }
    return cmocka_run_group_tests(placed, NULL, NULL);
}
