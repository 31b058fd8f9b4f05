#include "harness/foreign/usage.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "harness/keeper/keeper_rig.h"

#include <cmocka.h>

enum {
    TEST_NET = 201, /* 127.201.0.0 is no slot, and no other test's */
    BIG_BYTES = 16 * 1024 * 1024,
    FILE_BYTES = 256 * 1024,
};

/* ---- memory and files ----------------------------------------------------------------------------- */

/* A process that holds memory and, with a path, a file open that it has removed. */
static pid_t start_holder(size_t bytes, const char *path)
{
    int line[2];
    char byte;

    assert_int_equal(pipe(line), 0);
    pid_t pid = fork();
    if (pid == 0) {
        volatile char *memory = malloc(bytes + 1);

        for (size_t i = 0; i < bytes; i += 1024)
            memory[i] = 1;
        if (path != NULL && (open(path, O_RDONLY) < 0 || unlink(path) != 0))
            _exit(1);
        (void)!write(line[1], "", 1);
        for (;;)
            pause();
    }
    assert_int_equal(read(line[0], &byte, 1), 1);
    close(line[0]);
    close(line[1]);
    return pid;
}

static void end_holder(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void memory_is_what_processes_have_for_themselves(void **state)
{
    (void)state;
    pid_t pids[] = {start_holder(0, NULL), start_holder(BIG_BYTES, NULL)};
    uint64_t small = usage_of(pids, 1, NULL).memory;
    uint64_t big = usage_of(pids + 1, 1, NULL).memory;
    assert_true(small > 0);
    assert_true(big >= small + BIG_BYTES / 2 && big < small + 2 * BIG_BYTES);
    uint64_t both = usage_of(pids, 2, NULL).memory;
    assert_true(both >= big && both >= small + BIG_BYTES / 2);
    end_holder(pids[0]);
    end_holder(pids[1]);
    assert_int_equal(usage_of(pids, 2, NULL).memory, 0);
    assert_int_equal(usage_of(pids, 2, NULL).files, 0);
}

static void make_file(const char *path)
{
    static char bytes[FILE_BYTES];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

    memset(bytes, 'x', sizeof(bytes)); /* a file of nothing but zeros might take no room */
    assert_int_equal(write(file, bytes, sizeof(bytes)), sizeof(bytes));
    assert_int_equal(fsync(file), 0); /* some file systems find the room for it only then */
    close(file);
}

static void files_are_those_in_the_folder_and_those_held_open_each_once(void **state)
{
    char folder[PATH_MAX];
    char removed[PATH_MAX + 16];
    char kept[PATH_MAX + 16];
    char other[PATH_MAX + 32];

    (void)state;
    assert_true(folder_make("test", folder));
    snprintf(removed, sizeof(removed), "%s/removed", folder);
    snprintf(kept, sizeof(kept), "%s/kept", folder);
    make_file(removed);
    pid_t pids[] = {start_holder(0, NULL), start_holder(0, removed)};
    uint64_t without = usage_of(pids, 1, folder).files;
    uint64_t with_removed = usage_of(pids, 2, folder).files;
    assert_true(with_removed >= without + FILE_BYTES);
    assert_true(with_removed < without + 2 * FILE_BYTES);
    make_file(kept);
    snprintf(other, sizeof(other), "%s/folder", folder);
    assert_int_equal(mkdir(other, 0700), 0);
    snprintf(other, sizeof(other), "%s/folder/link", folder);
    assert_int_equal(link(kept, other), 0); /* one file with two names */
    snprintf(other, sizeof(other), "%s/symbolic", folder);
    assert_int_equal(symlink("/proc/self/exe", other), 0);
    uint64_t all = usage_of(pids, 2, folder).files;
    assert_true(all >= with_removed + FILE_BYTES && all < with_removed + 2 * FILE_BYTES);
    end_holder(pids[0]);
    end_holder(pids[1]);
    folder_remove(folder);
}

/* ---- queues --------------------------------------------------------------------------------------- */

static struct address own_address(uint8_t family)
{
    struct address address = {.family = family};

    address.bytes[15] = 1;
    if (family == 4) {
        const uint8_t bytes[] = {127, TEST_NET, (uint8_t)(getpid() >> 8), (uint8_t)getpid()};

        memcpy(address.bytes, bytes, sizeof(bytes));
        address.bytes[15] = 0;
    }
    return address;
}

/* A connection to that address; its port is written back. mapped: the listener takes IPv4 as IPv6 addresses. */
static void make_connection(struct address *address, bool mapped, int ends[2])
{
    struct sockaddr_storage there = {.ss_family = address->family == 4 ? AF_INET : AF_INET6};
    socklen_t size = sizeof(there);
    int listener = socket(mapped ? AF_INET6 : there.ss_family, SOCK_STREAM, 0);

    if (there.ss_family == AF_INET)
        memcpy(&((struct sockaddr_in *)&there)->sin_addr, address->bytes, 4);
    else
        memcpy(&((struct sockaddr_in6 *)&there)->sin6_addr, address->bytes, 16);
    if (mapped) {
        struct sockaddr_in6 any = {.sin6_family = AF_INET6};
        struct sockaddr_in6 bound;

        assert_int_equal(bind(listener, (struct sockaddr *)&any, sizeof(any)), 0);
        size = sizeof(bound);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&bound, &size), 0);
        ((struct sockaddr_in *)&there)->sin_port = bound.sin6_port;
        size = sizeof(there);
    } else {
        assert_int_equal(bind(listener, (struct sockaddr *)&there, sizeof(there)), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&there, &size), 0);
    }
    assert_int_equal(listen(listener, 1), 0);
    ends[0] = socket(there.ss_family, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&there, sizeof(there)), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= 0);
    close(listener);
    address->port = ntohs(((struct sockaddr_in *)&there)->sin_port); /* both kinds have it there */
}

/* Writes until nothing more is taken; how much was. */
static uint64_t fill(int descriptor)
{
    static const char bytes[65536];
    uint64_t total = 0;
    ssize_t size;

    assert_int_equal(fcntl(descriptor, F_SETFL, O_NONBLOCK), 0);
    while ((size = write(descriptor, bytes, sizeof(bytes))) > 0)
        total += (uint64_t)size;
    return total;
}

/* Bytes received and not acknowledged yet count twice for a moment. */
static void await_counted(const struct address *addresses, size_t count, uint64_t expected)
{
    for (int i = 0; usage_in_kernel(addresses, count) != expected; i++) {
        assert_true(i < RIG_PATIENCE_MS);
        poll(NULL, 0, 1);
    }
}

static void await_queued(const struct address *address, uint64_t expected)
{
    await_counted(address, 1, expected);
}

static void queues_hold_what_was_written_and_not_read(void **state)
{
    struct address address = own_address(4);
    int ends[2];

    (void)state;
    make_connection(&address, false, ends);
    await_queued(&address, 0);
    uint64_t written = fill(ends[0]);
    assert_true(written > 0);
    await_queued(&address, written);
    written += fill(ends[1]);
    await_queued(&address, written);
    char bytes[1000];
    assert_int_equal(read(ends[1], bytes, sizeof(bytes)), sizeof(bytes));
    await_queued(&address, written - sizeof(bytes));
    close(ends[0]);
    close(ends[1]);
}

static void queues_of_other_addresses_are_left_out(void **state)
{
    struct address address = own_address(4);
    int ends[2];

    (void)state;
    make_connection(&address, false, ends);
    uint64_t written = fill(ends[0]);
    struct address asked[] = {address, address, address};
    await_queued(&address, written);
    asked[0].port++;
    asked[1].bytes[1]++;
    asked[2].family = 6;
    assert_int_equal(usage_in_kernel(asked, 3), 0);
    assert_int_equal(usage_in_kernel(asked, 0), 0);
    asked[0] = address;
    asked[1] = address;
    asked[1].port = 0; /* any port; still each queue once */
    await_counted(asked, 2, written);
    close(ends[0]);
    close(ends[1]);
}

static void queues_of_ipv6_are_counted_too(void **state)
{
    struct address address = own_address(6);
    int ends[2];

    (void)state;
    make_connection(&address, false, ends);
    await_queued(&address, fill(ends[0]));
    close(ends[0]);
    close(ends[1]);
}

static void queues_of_a_socket_for_both_families_are_those_of_its_ipv4_address(void **state)
{
    struct address address = own_address(4);
    int ends[2];

    (void)state;
    make_connection(&address, true, ends);
    await_queued(&address, fill(ends[0]));
    close(ends[0]);
    close(ends[1]);
}

static void connections_that_wait_at_a_listener_are_no_bytes(void **state)
{
    struct address address = own_address(4);
    struct sockaddr_in there = {.sin_family = AF_INET};
    socklen_t size = sizeof(there);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    memcpy(&there.sin_addr, address.bytes, 4);
    assert_int_equal(bind(listener, (struct sockaddr *)&there, sizeof(there)), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&there, &size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&there, sizeof(there)), 0);
    address.port = ntohs(there.sin_port);
    await_queued(&address, 0);
    close(client);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_what_processes_have_for_themselves),
        cmocka_unit_test(files_are_those_in_the_folder_and_those_held_open_each_once),
        cmocka_unit_test(queues_hold_what_was_written_and_not_read),
        cmocka_unit_test(queues_of_other_addresses_are_left_out),
        cmocka_unit_test(queues_of_ipv6_are_counted_too),
        cmocka_unit_test(queues_of_a_socket_for_both_families_are_those_of_its_ipv4_address),
        cmocka_unit_test(connections_that_wait_at_a_listener_are_no_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
