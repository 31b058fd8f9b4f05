/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "world/sockets/sockets.h"
#include "world/sockets/state.h"

enum { ASKERS = 3 };

/* A server of ours that keeps what it got, and sends it back. */
struct server {
    struct world *world;
    struct datagram_socket socket;
    struct address address;
    size_t count;
    struct address from;
    uint8_t data[DATAGRAM_BYTES_MAX];
    size_t size;
    bool leaves; /* unbinds itself in its upcall */
};

static void on_datagram(struct datagram_socket *socket, const struct address *from,
                        struct bytes bytes)
{
    struct server *server = socket->owner;

    server->count++;
    server->from = *from;
    server->size = bytes.size;
    memcpy(server->data, bytes.data, bytes.size);
    if (server->leaves)
        sockets_unbind_datagrams(socket);
    else
        assert_int_equal(sockets_send_datagram(socket, from, bytes), 0);
}

static void server_start(struct server *server, const char *address)
{
    *server = (struct server){.world = sockets_create(&(struct sockets_options){.seed = 1})};
    assert_non_null(server->world);
    assert_true(address_parse(address, 0, &server->address));
    server->socket = (struct datagram_socket){.on_datagram = on_datagram, .owner = server};
    assert_int_equal(sockets_bind_datagrams(server->world, &server->socket, &server->address), 0);
    assert_int_not_equal(server->address.port, 0);
}

/* The other end is the kernel's own, so that nothing of ours is its own witness. */
static int asker_open(const struct server *server)
{
    struct sockaddr_storage at;
    socklen_t size = socket_address_write(&server->address, &at);
    int asker = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(asker >= 0);
    assert_int_equal(connect(asker, (struct sockaddr *)&at, size), 0);
    return asker;
}

static void await(struct server *server, size_t count)
{
    while (server->count < count)
        assert_int_equal(world_run(server->world, 1, TIME_NEVER), RUN_STEPS);
}

static void a_datagram_comes_whole_and_is_answered(void **state)
{
    static const char *const addresses[] = {"127.0.0.1:0", "127.1.2.3:0", "[::1]:0"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct server server;
        char answer[8];
        int asker;

        server_start(&server, addresses[i]);
        asker = asker_open(&server);
        assert_int_equal(send(asker, "hello", 5, 0), 5);
        assert_int_equal(send(asker, "", 0, 0), 0);
        await(&server, 1);
        assert_int_equal(server.size, 5);
        assert_memory_equal(server.data, "hello", 5);
        assert_int_equal(recv(asker, answer, sizeof(answer), 0), 5);
        assert_memory_equal(answer, "hello", 5);
        await(&server, 2);
        assert_int_equal(server.size, 0);
        close(asker);
        sockets_unbind_datagrams(&server.socket);
        assert_int_equal(world_run(server.world, 10, TIME_NEVER), RUN_QUIESCENT);
        sockets_destroy(&server.world);
    }
}

static void one_datagram_comes_per_upcall_and_all_of_them_come(void **state)
{
    struct server server;
    int askers[ASKERS];

    (void)state;
    server_start(&server, "127.0.0.1:0");
    for (size_t i = 0; i < ASKERS; i++) {
        askers[i] = asker_open(&server);
        assert_int_equal(send(askers[i], "first", 5, 0), 5);
        assert_int_equal(send(askers[i], "second", 6, 0), 6);
    }
    for (size_t i = 1; i <= (size_t)2 * ASKERS; i++) {
        assert_int_equal(world_run(server.world, 1, TIME_NEVER), RUN_STEPS);
        assert_int_equal(server.count, i);
    }
    for (size_t i = 0; i < ASKERS; i++)
        close(askers[i]);
    sockets_destroy(&server.world);
}

static void a_datagram_that_is_too_long_is_dropped(void **state)
{
    uint8_t data[DATAGRAM_BYTES_MAX + 1] = {0};
    struct server server;
    int asker;

    (void)state;
    server_start(&server, "127.0.0.1:0");
    asker = asker_open(&server);
    assert_int_equal(send(asker, data, sizeof(data), 0), sizeof(data));
    assert_int_equal(send(asker, data, sizeof(data) - 1, 0), sizeof(data) - 1);
    await(&server, 1);
    assert_int_equal(server.size, DATAGRAM_BYTES_MAX);
    close(asker);
    sockets_destroy(&server.world);
}

static void no_upcall_comes_behind_unbinding(void **state)
{
    struct server server;
    int asker;

    (void)state;
    server_start(&server, "127.0.0.1:0");
    asker = asker_open(&server);
    server.leaves = true;
    assert_int_equal(send(asker, "one", 3, 0), 3);
    assert_int_equal(send(asker, "two", 3, 0), 3);
    assert_int_equal(world_run(server.world, 10, TIME_NEVER), RUN_QUIESCENT);
    assert_int_equal(server.count, 1);
    assert_null(server.socket.impl);
    sockets_unbind_datagrams(&server.socket);
    assert_int_equal(sockets_bind_datagrams(server.world, &server.socket, &server.address), 0);
    assert_int_equal(send(asker, "three", 5, 0), 5);
    await(&server, 2);
    assert_int_equal(server.size, 5);
    close(asker);
    sockets_destroy(&server.world);
}

static void an_address_that_is_taken_is_refused(void **state)
{
    struct datagram_socket other = {.on_datagram = on_datagram};
    struct server server;

    (void)state;
    server_start(&server, "127.0.0.1:0");
    assert_int_equal(sockets_bind_datagrams(server.world, &other, &server.address), -EADDRINUSE);
    assert_null(other.impl);
    sockets_destroy(&server.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_comes_whole_and_is_answered),
        cmocka_unit_test(one_datagram_comes_per_upcall_and_all_of_them_come),
        cmocka_unit_test(a_datagram_that_is_too_long_is_dropped),
        cmocka_unit_test(no_upcall_comes_behind_unbinding),
        cmocka_unit_test(an_address_that_is_taken_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
