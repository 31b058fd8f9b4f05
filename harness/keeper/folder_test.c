#include "harness/keeper/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "harness/keeper/keeper_rig.h"

#include <cmocka.h>

static void it_is_made_where_temporary_folders_are(void **state)
{
    char parent[PATH_MAX];
    char path[PATH_MAX];
    char beginning[2 * PATH_MAX];
    struct stat status;

    (void)state;
    assert_true(folder_make("outer", parent));
    assert_int_equal(setenv("TMPDIR", parent, 1), 0);
    assert_true(folder_make("inner", path));
    unsetenv("TMPDIR");
    snprintf(beginning, sizeof(beginning), "%s/retryproof-inner.", parent);
    assert_memory_equal(path, beginning, strlen(beginning));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0755);
    folder_remove(parent);
    assert_false(rig_is_there(parent));
}

static void where_none_can_be_made_there_is_none(void **state)
{
    char path[PATH_MAX];

    (void)state;
    assert_int_equal(setenv("TMPDIR", "/no/such/folder", 1), 0);
    assert_false(folder_make("x", path));
    assert_int_equal(errno, ENOENT);
    unsetenv("TMPDIR");
}

static void what_its_links_lead_to_stays(void **state)
{
    char outside[PATH_MAX];
    char path[PATH_MAX];
    char name[2 * PATH_MAX];
    char text[4096];

    (void)state;
    assert_true(folder_make("outside", outside));
    rig_write(outside, "file", "kept");
    assert_true(folder_make("inside", path));
    snprintf(name, sizeof(name), "%s/folder", path);
    assert_int_equal(symlink(outside, name), 0);
    snprintf(name, sizeof(name), "%s/file", path);
    snprintf(text, sizeof(text), "%.4000s/file", outside);
    assert_int_equal(symlink(text, name), 0);
    folder_remove(path);
    assert_false(rig_is_there(path));
    assert_string_equal(rig_read(outside, "file", text), "kept");
    folder_remove(outside);
}

static void a_link_in_its_place_is_not_followed(void **state)
{
    char outside[PATH_MAX];
    char link[PATH_MAX + 8];
    char text[4096];

    (void)state;
    assert_true(folder_make("outside", outside));
    rig_write(outside, "file", "kept");
    snprintf(link, sizeof(link), "%s.link", outside);
    assert_int_equal(symlink(outside, link), 0);
    folder_remove(link);
    assert_string_equal(rig_read(outside, "file", text), "kept");
    assert_int_equal(unlink(link), 0);
    folder_remove(outside);
}

/* Deeper than a path can be long. */
static void a_deep_folder_goes(void **state)
{
    enum { LEVELS = 3000 };
    char path[PATH_MAX];

    (void)state;
    assert_true(folder_make("deep", path));
    int at = open(path, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < LEVELS; i++) {
        assert_int_equal(mkdirat(at, "below", 0755), 0);
        int below = openat(at, "below", O_RDONLY | O_DIRECTORY);
        assert_true(below >= 0);
        close(at);
        at = below;
    }
    close(at);
    folder_remove(path);
    assert_false(rig_is_there(path));
}

/* More than the kernel lists at a time. */
static void a_wide_folder_goes(void **state)
{
    enum { FILES = 2000 };
    char path[PATH_MAX];
    char name[64];

    (void)state;
    assert_true(folder_make("wide", path));
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "a-name-that-takes-a-little-room-%d", i);
        rig_write(path, name, "x");
    }
    folder_remove(path);
    assert_false(rig_is_there(path));
}

static void a_folder_that_its_owner_may_not_write_goes(void **state)
{
    char path[PATH_MAX];
    char below[PATH_MAX + 8];

    (void)state;
    assert_true(folder_make("closed", path));
    snprintf(below, sizeof(below), "%s/below", path);
    assert_int_equal(mkdir(below, 0755), 0);
    rig_write(below, "file", "x");
    assert_int_equal(chmod(below, 0500), 0);
    folder_remove(path);
    assert_false(rig_is_there(path));
}

static void one_that_is_not_there_is_no_trouble(void **state)
{
    (void)state;
    folder_remove("/no/such/folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_made_where_temporary_folders_are),
        cmocka_unit_test(where_none_can_be_made_there_is_none),
        cmocka_unit_test(what_its_links_lead_to_stays),
        cmocka_unit_test(a_link_in_its_place_is_not_followed),
        cmocka_unit_test(a_deep_folder_goes),
        cmocka_unit_test(a_wide_folder_goes),
        cmocka_unit_test(a_folder_that_its_owner_may_not_write_goes),
        cmocka_unit_test(one_that_is_not_there_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
