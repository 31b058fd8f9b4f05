/*
 * What this machine's kernel does, on plain sockets: the twelve rows on which world.h was built. Where
 * one of them fails, the kernel is another than the one that world/sockets was written against.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    MESSAGE_BYTES = 10,
    AWAIT_MS = 10000,       /* for what must come; reached only by a failure */
    FLOOD_BYTES = 64 << 20, /* more than a kernel holds for one connection */
};

/* Ours is looked at, the peer acts. */
struct sockets {
    int listener, ours, peer;
    struct sockaddr_in address;
};

static int begin(void **state)
{
    struct sockets *at = calloc(1, sizeof(*at));
    socklen_t size = sizeof(at->address);

    assert_non_null(at);
    at->address.sin_family = AF_INET;
    at->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(at->listener, (struct sockaddr *)&at->address, size), 0);
    assert_int_equal(listen(at->listener, 1), 0);
    assert_int_equal(getsockname(at->listener, (struct sockaddr *)&at->address, &size), 0);
    at->ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(at->ours, (struct sockaddr *)&at->address, size), 0);
    at->peer = accept(at->listener, NULL, NULL);
    assert_true(at->peer >= 0);
    *state = at;
    return 0;
}

static int finish(void **state)
{
    struct sockets *at = *state;

    close(at->listener);
    close(at->ours);
    if (at->peer >= 0)
        close(at->peer);
    free(at);
    return 0;
}

static void await(int socket, short events)
{
    struct pollfd poller = {.fd = socket, .events = events};

    do
        assert_int_equal(poll(&poller, 1, AWAIT_MS), 1);
    while ((poller.revents & events) == 0);
}

static void peer_closes(struct sockets *at)
{
    close(at->peer);
    at->peer = -1;
}

static void peer_resets(struct sockets *at)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    assert_int_equal(setsockopt(at->peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    peer_closes(at);
}

static void peer_sends(struct sockets *at)
{
    assert_int_equal(send(at->peer, "0123456789", MESSAGE_BYTES, MSG_NOSIGNAL), MESSAGE_BYTES);
    await(at->ours, POLLIN);
}

/* The result, or -errno. */
static ssize_t receive(int socket)
{
    char data[4096];
    ssize_t size = recv(socket, data, sizeof(data), MSG_DONTWAIT);

    return size >= 0 ? size : -errno;
}

static ssize_t transmit(int socket, size_t bytes)
{
    static const char zeros[65536];
    ssize_t size = send(socket, zeros, bytes < sizeof(zeros) ? bytes : sizeof(zeros),
                        MSG_DONTWAIT | MSG_NOSIGNAL);

    return size >= 0 ? size : -errno;
}

static int socket_error(int socket)
{
    int error = 0;
    socklen_t size = sizeof(error);

    assert_int_equal(getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    return error;
}

/* ---- the rows ---------------------------------------------------------------------------------- */

static void reset_after_bytes(void **state)
{
    struct sockets *at = *state;

    peer_sends(at);
    peer_resets(at);
    await(at->ours, POLLERR);
    assert_int_equal(receive(at->ours), MESSAGE_BYTES);
    assert_int_equal(receive(at->ours), -ECONNRESET);
    assert_int_equal(receive(at->ours), 0);
}

static void fin_after_bytes(void **state)
{
    struct sockets *at = *state;

    peer_sends(at);
    peer_closes(at);
    await(at->ours, POLLRDHUP);
    assert_int_equal(receive(at->ours), MESSAGE_BYTES);
    assert_int_equal(receive(at->ours), 0);
    assert_int_equal(receive(at->ours), 0);
}

static void close_with_unread_input(void **state)
{
    struct sockets *at = *state;

    assert_int_equal(transmit(at->ours, MESSAGE_BYTES), MESSAGE_BYTES);
    await(at->peer, POLLIN);
    peer_closes(at);
    await(at->ours, POLLERR);
    assert_int_equal(receive(at->ours), -ECONNRESET);
}

static void send_to_closed(void **state)
{
    struct sockets *at = *state;

    peer_closes(at);
    await(at->ours, POLLRDHUP);
    assert_int_equal(transmit(at->ours, 5), 5);
    await(at->ours, POLLHUP);
    assert_int_equal(transmit(at->ours, 5), -EPIPE);
    assert_int_equal(receive(at->ours), 0);
}

static void half_close(void **state)
{
    struct sockets *at = *state;

    shutdown(at->peer, SHUT_WR);
    await(at->ours, POLLRDHUP);
    assert_int_equal(receive(at->ours), 0);
    assert_int_equal(transmit(at->ours, MESSAGE_BYTES), MESSAGE_BYTES);
    await(at->peer, POLLIN);
    assert_int_equal(receive(at->peer), MESSAGE_BYTES);
}

static void local_half_close(void **state)
{
    struct sockets *at = *state;

    shutdown(at->ours, SHUT_RD);
    peer_sends(at);
    assert_int_equal(receive(at->ours), MESSAGE_BYTES);
    assert_int_equal(receive(at->ours), 0);
}

static void send_meets_reset(void **state)
{
    struct sockets *at = *state;

    peer_sends(at);
    peer_resets(at);
    await(at->ours, POLLERR);
    assert_int_equal(transmit(at->ours, 5), -ECONNRESET);
    assert_int_equal(receive(at->ours), MESSAGE_BYTES);
    assert_int_equal(receive(at->ours), 0); /* the truncation is invisible: rule 4 of world.h */
}

static void error_is_asked_first(void **state)
{
    struct sockets *at = *state;

    peer_sends(at);
    peer_resets(at);
    await(at->ours, POLLERR);
    assert_int_equal(socket_error(at->ours), ECONNRESET);
    assert_int_equal(receive(at->ours), MESSAGE_BYTES);
    assert_int_equal(receive(at->ours), 0);
    assert_int_equal(transmit(at->ours, 5), -EPIPE);
}

/* Sends until nothing more is taken; returns how much was. */
static size_t flood(int socket)
{
    size_t sent = 0;

    while (sent < FLOOD_BYTES) {
        ssize_t size = transmit(socket, FLOOD_BYTES - sent);

        if (size == -EAGAIN)
            break;
        assert_true(size > 0);
        sent += (size_t)size;
    }
    return sent;
}

/* Receives to the end; returns how much came, and how it ended. */
static size_t drain(int socket, ssize_t *end)
{
    size_t got = 0;

    for (;;) {
        await(socket, POLLIN | POLLERR | POLLHUP);
        *end = receive(socket);
        if (*end <= 0 && *end != -EAGAIN)
            return got;
        if (*end > 0)
            got += (size_t)*end;
    }
}

static void flood_is_stopped(void **state)
{
    struct sockets *at = *state;
    size_t sent = flood(at->ours);

    assert_true(sent > 0);
    assert_true(sent < FLOOD_BYTES);
}

static void close_delivers(void **state)
{
    struct sockets *at = *state;
    size_t sent = flood(at->peer);
    ssize_t end;

    peer_closes(at);
    assert_int_equal(drain(at->ours, &end), sent);
    assert_int_equal(end, 0);
}

static void reset_cuts(void **state)
{
    struct sockets *at = *state;
    size_t sent = flood(at->peer);
    ssize_t end;

    peer_resets(at);
    assert_true(drain(at->ours, &end) < sent);
    assert_int_equal(end, -ECONNRESET);
}

static void closed_port(void **state)
{
    struct sockets *at = *state;
    int dialler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result;

    close(at->listener);
    result = connect(dialler, (struct sockaddr *)&at->address, sizeof(at->address));
    assert_true(result == -1 && (errno == EINPROGRESS || errno == ECONNREFUSED));
    if (errno == EINPROGRESS) {
        await(dialler, POLLERR);
        assert_int_equal(socket_error(dialler), ECONNREFUSED);
    }
    close(dialler);
    at->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int main(void)
{
    static const struct {
        const char *sentence;
        void (*run)(void **state);
    } rows[] = {
        {"1: bytes then RST are read as bytes, ECONNRESET once, then 0", reset_after_bytes},
        {"2: bytes then FIN are read as bytes, then 0", fin_after_bytes},
        {"3: a close with unread input is a reset", close_with_unread_input},
        {"4: a send to a closed peer is taken, the next is EPIPE, recv is 0", send_to_closed},
        {"5: after the peer's half close sending goes on", half_close},
        {"6: after a local half close for reading bytes still come", local_half_close},
        {"7: a send that meets the reset hides it from recv", send_meets_reset},
        {"8: SO_ERROR that meets the reset hides it from recv", error_is_asked_first},
        {"9: a peer that never reads stops the sender", flood_is_stopped},
        {"10: a close delivers what was sent", close_delivers},
        {"11: a reset cuts what was sent", reset_cuts},
        {"12: a connect to a closed port is refused", closed_port},
    };
    struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0])];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tests[i] = (struct CMUnitTest){rows[i].sentence, rows[i].run, begin, finish, NULL};
    return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
