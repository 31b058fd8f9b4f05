#include "harness/foreign/standing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "harness/keeper/keeper_rig.h"
#include "harness/keeper/machine.h"

#include <cmocka.h>

/* Addresses of this test alone, whatever block a run of the command takes: 127.200.0.0 is no slot. */
enum { SLOTS = 3, TEST_NET = 200 };

/* For those whose time is to run out. All others have a minute, and need moments of it. */
#define SHORT_NS (300 * NS_PER_MS)

/* ---- a subject: this program, called with its part and its configuration ------------------------ */

static void listen_at(const char *text)
{
    struct sockaddr_in there = {.sin_family = AF_INET};
    struct address address;
    int on = 1;
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);

    check(address_parse(text, 0, &address));
    memcpy(&there.sin_addr, address.bytes, 4);
    there.sin_port = htons(address.port);
    check(setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
    check(bind(descriptor, (struct sockaddr *)&there, sizeof(there)) == 0);
    check(listen(descriptor, 128) == 0);
}

/* The configuration is a list of addresses. */
static void listen_to(const char *config)
{
    FILE *file = fopen(config, "re");
    char line[128];

    check(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        listen_at(line);
    }
    fclose(file);
}

NORETURN static void wait_for_signals(void)
{
    for (;;)
        pause();
}

static void leave(int number)
{
    (void)number;
    _exit(0);
}

NORETURN static void act(const char *part, const char *config)
{
    if (strcmp(part, "fail") == 0) {
        fputs("reading the configuration\n[emerg] unknown directive \"x\"\nbye\n", stderr);
        exit(1);
    }
    if (strcmp(part, "leave") == 0)
        exit(0);
    if (strcmp(part, "deaf") == 0) {
        puts("this one listens nowhere");
        fflush(stdout);
        wait_for_signals();
    }
    if (strcmp(part, "stubborn") == 0)
        signal(SIGTERM, SIG_IGN);
    signal(SIGUSR1, leave);
    listen_to(config);
    if (strcmp(part, "daemon") == 0 && (fork() != 0 || setsid() < 0 || fork() != 0))
        _exit(0);
    if (strcmp(part, "late-daemon") == 0 && fork() != 0)
        wait_for_signals();
    if (strcmp(part, "helped") == 0 && fork() == 0) {
        if (fork() == 0)
            wait_for_signals();
        _exit(0);
    }
    if (strcmp(part, "worker") == 0 && fork() != 0)
        while (wait(NULL) < 0) /* goes on without its worker */
            continue;
    wait_for_signals();
}

/* ---- a subject's folder --------------------------------------------------------------------------- */

struct stand {
    char subject[PATH_MAX];
    struct region region;
    struct subject_file file;
    struct subject_slot slots[SLOTS];
    struct standing_plan plan;
    struct standing standing;
    char error[STANDING_ERROR_BYTES];
};

static const char LISTENERS[] = "while read -r name listen rest; do echo \"$listen\"; done\n";

/* Others than those of any test that runs beside this one: its process number is in the addresses and the ports. */
static void make_slots(struct stand *stand)
{
    pid_t own = getpid();

    slots_lay_out(stand->slots, SLOTS, SLOT_BY_LISTENER, 0);
    for (size_t i = 0; i < SLOTS; i++) {
        struct address *listen = &stand->slots[i].listen;

        listen->bytes[1] = TEST_NET;
        listen->bytes[2] = (uint8_t)(own >> 8);
        listen->bytes[3] = (uint8_t)own;
        listen->port = (uint16_t)(SLOT_LISTEN_PORT + SLOTS * (own >> 16) + (pid_t)i);
    }
}

/* part: what the subject is to do; configure: the script. */
static void set_up(struct stand *stand, const char *part, const char *configure)
{
    struct yaml_error error;
    char own[PATH_MAX];
    char text[2 * PATH_MAX];

    *stand = (struct stand){.standing = {.process_count = 0}};
    region_init(&stand->region, 1024 * 1024);
    assert_non_null(realpath("/proc/self/exe", own));
    assert_true(folder_make("test", stand->subject));
    snprintf(text, sizeof(text),
             "documentation: https://example.org/\n"
             "version: [sh, -c, echo fake/1.2.3 of today]\n"
             "start: [\"%s\", %s, \"${config}\"]\n"
             "ready: 60s\n"
             "stop: {within: 20ms}\n"
             "profiles: {default: {is: it is, source: x, settle: 0, settle_source: y}}\n",
             own, part);
    rig_write(stand->subject, "subject.yaml", text);
    rig_write(stand->subject, "configure", configure);
    if (!subject_file_load(&stand->file, stand->subject, &stand->region, &error))
        fail_msg("%s", error.sentence);
    make_slots(stand);
    stand->plan = (struct standing_plan){
        .file = &stand->file,
        .profile = stand->file.profiles,
        .slots = stand->slots,
        .slot_count = SLOTS,
    };
}

static void clear(struct stand *stand)
{
    folder_remove(stand->subject);
    region_release(&stand->region);
}

static bool start(struct stand *stand)
{
    return standing_start(&stand->standing, &stand->plan, stand->error);
}

static void assert_starts(struct stand *stand)
{
    if (!start(stand))
        fail_msg("%s", stand->error);
}

static void assert_refused(struct stand *stand, const char *part)
{
    assert_false(start(stand));
    if (strstr(stand->error, part) == NULL)
        fail_msg("'%s' does not hold '%s'", stand->error, part);
    assert_int_equal(stand->standing.keeper.pid, 0);
    assert_string_equal(stand->standing.folder, "");
    for (size_t i = 0; i < SLOTS; i++)
        assert_false(machine_accepts(&stand->slots[i].listen));
}

/* ---- tests ---------------------------------------------------------------------------------------- */

static void a_subject_stands_when_every_listener_accepts(void **state)
{
    struct stand stand;
    char folder[PATH_MAX];

    (void)state;
    set_up(&stand, "serve", LISTENERS);
    assert_starts(&stand);
    for (size_t i = 0; i < SLOTS; i++)
        assert_true(machine_accepts(&stand.slots[i].listen));
    assert_int_equal(stand.standing.process_count, 1);
    assert_true(standing_is_whole(&stand.standing, stand.error));
    snprintf(folder, sizeof(folder), "%s", stand.standing.folder);
    assert_true(rig_is_there(folder));
    standing_stop(&stand.standing);
    assert_false(rig_is_there(folder));
    for (size_t i = 0; i < SLOTS; i++)
        assert_false(machine_accepts(&stand.slots[i].listen));
    standing_stop(&stand.standing);
    clear(&stand);
}

static void its_folder_is_open_to_those_who_gave_up_their_rights(void **state)
{
    struct stand stand;
    struct stat status;
    char path[PATH_MAX + 16];

    (void)state;
    set_up(&stand, "serve", LISTENERS);
    assert_starts(&stand);
    assert_int_equal(stat(stand.standing.folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0755);
    snprintf(path, sizeof(path), "%s/output", stand.standing.folder);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0666);
    standing_stop(&stand.standing);
    clear(&stand);
}

static void further_files_stand_in_its_folder(void **state)
{
    struct stand stand;
    char text[4096];

    (void)state;
    set_up(&stand, "serve",
           "while read -r name listen rest; do echo \"$listen\"; done\n"
           "echo '==> other.conf <=='; echo \"$1\"; echo '==> last <=='; echo \"$2\"\n");
    assert_starts(&stand);
    assert_string_equal(rig_read(stand.standing.folder, "other.conf", text), "default\n");
    rig_read(stand.standing.folder, "last", text);
    assert_memory_equal(text, stand.standing.folder, strlen(stand.standing.folder));
    standing_stop(&stand.standing);
    clear(&stand);
}

static void a_daemon_stands_too(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand, "daemon", LISTENERS);
    assert_starts(&stand);
    assert_int_equal(stand.standing.process_count, 1);
    assert_true(standing_is_whole(&stand.standing, stand.error));
    pid_t daemon = stand.standing.processes[0];
    standing_stop(&stand.standing);
    assert_int_equal(kill(daemon, 0), -1);
    clear(&stand);
}

static void a_daemon_may_leave_its_start_later(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand, "late-daemon", LISTENERS);
    assert_starts(&stand);
    assert_int_equal(stand.standing.process_count, 2);
    kill(stand.standing.keeper.subject, SIGUSR1);
    assert_true(rig_await_end(stand.standing.keeper.subject));
    assert_true(standing_is_whole(&stand.standing, stand.error));
    assert_int_equal(stand.standing.keeper.left[0], stand.standing.keeper.subject);
    standing_stop(&stand.standing);
    clear(&stand);
}

/* Ends a subject's helper, which lost its parent, in a way; whether it is whole then. */
static bool is_whole_without_its_helper(int number)
{
    struct stand stand;

    set_up(&stand, "helped", LISTENERS);
    assert_starts(&stand);
    size_t count = stand.standing.process_count;
    for (size_t i = 0; i < count; i++) {
        pid_t pid = stand.standing.processes[i];

        if (pid != stand.standing.keeper.subject && count == 2) {
            kill(pid, number);
            assert_true(rig_await_end(pid));
        }
    }
    bool whole = standing_is_whole(&stand.standing, stand.error);
    assert_true(keeper_subject_runs(&stand.standing.keeper, 0));
    standing_stop(&stand.standing);
    clear(&stand);
    return whole;
}

static void what_helped_it_to_start_may_leave_in_peace_alone(void **state)
{
    (void)state;
    assert_true(is_whole_without_its_helper(SIGUSR1));
    assert_false(is_whole_without_its_helper(SIGKILL));
}

static void one_that_ignores_its_stop_signal_goes_too(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand, "stubborn", LISTENERS);
    assert_starts(&stand);
    standing_stop(&stand.standing);
    assert_false(machine_accepts(&stand.slots[0].listen));
    clear(&stand);
}

static void a_process_that_ended_is_told(void **state)
{
    struct stand stand;
    char sentence[128];

    (void)state;
    set_up(&stand, "worker", LISTENERS);
    assert_starts(&stand);
    assert_int_equal(stand.standing.process_count, 2);
    pid_t worker = stand.standing.processes[0] == stand.standing.keeper.subject
                       ? stand.standing.processes[1]
                       : stand.standing.processes[0];
    kill(worker, SIGKILL);
    assert_true(rig_await_end(worker));
    assert_false(standing_is_whole(&stand.standing, stand.error));
    snprintf(sentence, sizeof(sentence), "process %d of %s has ended", (int)worker,
             stand.file.name);
    assert_string_equal(stand.error, sentence);
    standing_stop(&stand.standing);
    clear(&stand);
}

static void a_subject_that_ended_is_told(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand, "serve", LISTENERS);
    assert_starts(&stand);
    kill(stand.standing.processes[0], SIGKILL);
    assert_true(rig_await_end(stand.standing.processes[0]));
    assert_false(standing_is_whole(&stand.standing, stand.error));
    assert_non_null(strstr(stand.error, "ended by signal 9 (Killed)"));
    standing_stop(&stand.standing);
    clear(&stand);
}

/* At once: nothing here waits out the minute that it has. */
static void one_that_fails_is_told_by_its_own_error_line(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand, "fail", LISTENERS);
    assert_refused(&stand, "(default) could not start: it ended with code 1: [emerg] unknown "
                           "directive \"x\"");
    clear(&stand);
}

static void one_that_leaves_in_peace_could_not_start_either(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand, "leave", LISTENERS);
    assert_refused(&stand, "could not start: it ended with code 0: it says nothing");
    clear(&stand);
}

static void one_that_listens_nowhere_is_told_when_its_time_is_up(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand, "deaf", LISTENERS);
    stand.file.ready_within_ns = SHORT_NS;
    assert_refused(&stand, "could not start: nobody accepts connections at 127.200.");
    assert_non_null(strstr(stand.error, "after 0.3 s: this one listens nowhere"));
    clear(&stand);
}

static void one_listener_too_few_is_told(void **state)
{
    struct stand stand;
    char text[ADDRESS_TEXT_BYTES];

    (void)state;
    set_up(&stand, "serve", "read -r name listen rest; echo \"$listen\"\n");
    stand.file.ready_within_ns = SHORT_NS;
    assert_refused(&stand, address_format(&stand.slots[1].listen, text));
    clear(&stand);
}

static void a_listener_of_somebody_else_is_not_taken_for_its_own(void **state)
{
    struct stand first;
    struct stand second;

    (void)state;
    set_up(&first, "serve", LISTENERS);
    set_up(&second, "serve", LISTENERS);
    assert_starts(&first);
    assert_false(start(&second));
    assert_non_null(strstr(second.error, "another program accepts connections at 127.200."));
    standing_stop(&first.standing);
    clear(&first);
    clear(&second);
}

static void a_program_that_is_not_here_is_told(void **state)
{
    static const char *const WORDS[] = {"no-such-proxy", NULL};
    struct stand stand;

    (void)state;
    set_up(&stand, "serve", LISTENERS);
    stand.file.start = WORDS;
    assert_refused(&stand, "is not here: no program 'no-such-proxy'");
    clear(&stand);
}

struct configure_row {
    const char *name;
    const char *script;
    const char *error;
    uint64_t within_ns; /* 0: as ever */
};

static const struct configure_row CONFIGURES[] = {
    {"a configure that fails is told by its own line",
     "echo 'cannot do that' >&2; echo more >&2; exit 3\n", "ended with code 3: cannot do that", 0},
    {"a configure that prints too much is ended", "exec yes 0123456789\n",
     "configure prints more than 4194304 bytes", 0},
    {"a configure that never ends is ended", "sleep 1000\n", "configure did not end within 0.3 s",
     SHORT_NS},
    {"a file outside of the folder is refused", "echo '==> ../x <=='\n",
     "configure prints a file '../x'", 0},
    {"a file that configure has made itself is not overwritten",
     "echo mine > \"$2/mine\"; echo '==> mine <=='\n",
     "configure prints a file 'mine', which cannot be written: File exists", 0},
};

static void configure_is_refused(void **state)
{
    const struct configure_row *row = *state;
    struct stand stand;

    set_up(&stand, "serve", row->script);
    if (row->within_ns != 0)
        stand.file.ready_within_ns = row->within_ns;
    assert_refused(&stand, row->error);
    clear(&stand);
}

struct version_row {
    const char *name;
    const char *output;
    const char *version; /* NULL: none */
};

static const struct version_row VERSIONS[] = {
    {"nginx tells its version", "nginx version: nginx/1.22.1", "1.22.1"},
    {"HAProxy tells its version", "HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://h.org/",
     "2.6.12-1+deb12u4"},
    {"lighttpd tells its version", "lighttpd/1.4.69 (ssl) - a light and fast webserver", "1.4.69"},
    {"Apache httpd tells its version", "Server version: Apache/2.4.71 (Debian)", "2.4.71"},
    {"Squid tells its version", "Squid Cache: Version 5.7", "5.7"},
    {"Traffic Server tells its version", "Traffic Server 9.2.9 Apr  4 2026", "9.2.9"},
    {"Caddy tells its version", "v2.6.2 h1:x", "2.6.2"},
    {"Varnish tells its version", "varnishd (varnish-7.1.1 revision 7cee1c58)", "7.1.1"},
    {"a comma is no part of a version", "fake 1.0, with a comma", "1.0"},
    {"words alone are no version", "no number in https://x/1 here", NULL},
};

static void version_is_told(void **state)
{
    const struct version_row *row = *state;
    const char *const words[] = {"sh", "-c", "echo \"$0\" >&2", row->output, NULL};
    char version[SUBJECT_VERSION_BYTES] = "";
    struct stand stand;

    set_up(&stand, "serve", LISTENERS);
    stand.file.version = words;
    assert_int_equal(standing_version(&stand.file, version, stand.error), row->version != NULL);
    if (row->version != NULL)
        assert_string_equal(version, row->version);
    else
        assert_non_null(strstr(stand.error, "does not tell its version: 'sh' prints no number"));
    clear(&stand);
}

static void a_missing_program_is_told_with_how_to_install_it(void **state)
{
    static const char *const WORDS[] = {"no-such-proxy", "-v", NULL};
    char version[SUBJECT_VERSION_BYTES];
    struct stand stand;

    (void)state;
    set_up(&stand, "serve", LISTENERS);
    stand.file.version = WORDS;
    assert_false(standing_version(&stand.file, version, stand.error));
    assert_non_null(strstr(stand.error, "is not here: no program 'no-such-proxy'"));
    clear(&stand);
}

static void a_killed_harness_leaves_neither_port_nor_folder(void **state)
{
    struct told {
        pid_t keeper;
        char folder[PATH_MAX];
    };
    static struct told told;
    struct stand stand;
    int line[2];

    (void)state;
    set_up(&stand, "stubborn", LISTENERS);
    assert_int_equal(pipe(line), 0);
    pid_t harness = fork();
    if (harness == 0) {
        if (!start(&stand))
            _exit(1);
        told.keeper = stand.standing.keeper.pid;
        memcpy(told.folder, stand.standing.folder, sizeof(told.folder));
        (void)!write(line[1], &told, sizeof(told));
        wait_for_signals();
    }
    close(line[1]);
    assert_int_equal(read(line[0], &told, sizeof(told)), sizeof(told));
    assert_true(machine_accepts(&stand.slots[0].listen));
    kill(harness, SIGKILL);
    assert_int_equal(waitpid(harness, NULL, 0), harness);
    assert_true(rig_await_end(told.keeper));
    assert_false(machine_accepts(&stand.slots[0].listen));
    assert_false(rig_is_there(told.folder));
    close(line[0]);
    clear(&stand);
}

int main(int count, char **arguments)
{
    if (count == 3)
        act(arguments[1], arguments[2]);
    static const struct CMUnitTest PLAIN[] = {
        cmocka_unit_test(a_subject_stands_when_every_listener_accepts),
        cmocka_unit_test(its_folder_is_open_to_those_who_gave_up_their_rights),
        cmocka_unit_test(further_files_stand_in_its_folder),
        cmocka_unit_test(a_daemon_stands_too),
        cmocka_unit_test(a_daemon_may_leave_its_start_later),
        cmocka_unit_test(what_helped_it_to_start_may_leave_in_peace_alone),
        cmocka_unit_test(one_that_ignores_its_stop_signal_goes_too),
        cmocka_unit_test(a_process_that_ended_is_told),
        cmocka_unit_test(a_subject_that_ended_is_told),
        cmocka_unit_test(one_that_fails_is_told_by_its_own_error_line),
        cmocka_unit_test(one_that_leaves_in_peace_could_not_start_either),
        cmocka_unit_test(one_that_listens_nowhere_is_told_when_its_time_is_up),
        cmocka_unit_test(one_listener_too_few_is_told),
        cmocka_unit_test(a_listener_of_somebody_else_is_not_taken_for_its_own),
        cmocka_unit_test(a_program_that_is_not_here_is_told),
        cmocka_unit_test(a_missing_program_is_told_with_how_to_install_it),
        cmocka_unit_test(a_killed_harness_leaves_neither_port_nor_folder),
    };
    struct CMUnitTest tests[COUNT_OF(PLAIN) + COUNT_OF(CONFIGURES) + COUNT_OF(VERSIONS)];
    size_t used = COUNT_OF(PLAIN);

    memcpy(tests, PLAIN, sizeof(PLAIN));
    for (size_t i = 0; i < COUNT_OF(CONFIGURES); i++)
        tests[used++] = (struct CMUnitTest){.name = CONFIGURES[i].name,
                                            .test_func = configure_is_refused,
                                            .initial_state = (void *)(uintptr_t)&CONFIGURES[i]};
    for (size_t i = 0; i < COUNT_OF(VERSIONS); i++)
        tests[used++] = (struct CMUnitTest){.name = VERSIONS[i].name,
                                            .test_func = version_is_told,
                                            .initial_state = (void *)(uintptr_t)&VERSIONS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
