/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world/sockets/sockets.h"
#include "world/sockets/state.h"

/*
 * What is particular to the real world; what every world promises is tested in world/conformance. The
 * peers here are plain sockets that the test owns, so that every order of events is the test's.
 */

enum {
    PATIENCE_S = 20
}; /* a test that waits longer is broken; none waits in vain when it passes */

struct end {
    struct stream stream;
    unsigned events;  /* all that were told */
    unsigned upcalls; /* how many times */
    size_t read_size; /* 0: do not read from the upcall */
    char data[64];
    ssize_t reads[8];
    size_t read_count;
};

struct fixture {
    struct world *world;
    struct listener listener;
    struct address address;
    struct end accepted;
    size_t accepts;
    int accept_result;
    int peer; /* a plain socket */
};

static void on_event(struct stream *stream, unsigned events)
{
    struct end *end = stream->owner;

    end->events |= events;
    end->upcalls++;
    if ((events & STREAM_READ) != 0 && end->read_size > 0 && end->read_count < COUNT_OF(end->reads))
        end->reads[end->read_count++] = stream_read(stream, end->data, end->read_size);
}

static void on_acceptable(struct listener *listener)
{
    struct fixture *fixture = listener->owner;

    fixture->accepts++;
    if (!stream_in_use(&fixture->accepted.stream))
        fixture->accept_result = world_accept(fixture->world, listener, &fixture->accepted.stream);
}

static void end_init(struct end *end)
{
    *end = (struct end){.stream = {.on_event = on_event, .owner = end}};
}

static void connect_peer(struct fixture *fixture)
{
    struct sockaddr_storage at;
    socklen_t size = socket_address_write(&fixture->address, &at);

    fixture->peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fixture->peer, (struct sockaddr *)&at, size), 0);
}

static int set_up_with(void **state, const struct sockets_options *options)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->world = sockets_create(options);
    assert_non_null(fixture->world);
    end_init(&fixture->accepted);
    fixture->accept_result = 1;
    fixture->listener.owner = fixture;
    fixture->listener.on_acceptable = on_acceptable;
    fixture->address = address_loopback(0);
    assert_int_equal(
        world_listen(fixture->world, &fixture->listener, &fixture->address, LISTEN_OPEN, 8), 0);
    connect_peer(fixture);
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, &(struct sockets_options){.seed = 1});
}

static int set_up_with_room_for_one(void **state)
{
    return set_up_with(state, &(struct sockets_options){.seed = 1, .streams_max = 1});
}

static void close_peer(struct fixture *fixture)
{
    if (fixture->peer >= 0)
        close(fixture->peer);
    fixture->peer = -1;
}

static void reset_peer(struct fixture *fixture)
{
    struct linger reset = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fixture->peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close_peer(fixture);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    struct sockets_census census;

    if (stream_in_use(&fixture->accepted.stream))
        stream_close(&fixture->accepted.stream, STREAM_FIN);
    if (fixture->listener.impl != NULL)
        world_unlisten(fixture->world, &fixture->listener);
    sockets_count(fixture->world, &census);
    assert_int_equal(census.streams + census.listeners + census.timers + census.queries, 0);
    assert_int_equal(world_run(fixture->world, UINT64_MAX, TIME_NEVER), RUN_QUIESCENT);
    close_peer(fixture);
    sockets_destroy(&fixture->world);
    assert_null(fixture->world);
    free(fixture);
    return 0;
}

static enum run_end look_around(struct fixture *fixture)
{
    return world_run(fixture->world, UINT64_MAX, world_now(fixture->world));
}

/* Runs until the events were told, however long the machine takes for it. */
static void run_until_told(struct fixture *fixture, const struct end *end, unsigned events)
{
    uint64_t give_up = world_now(fixture->world) + PATIENCE_S * NS_PER_S;

    while ((end->events & events) != events) {
        assert_int_not_equal(world_run(fixture->world, 1, give_up), RUN_UNTIL);
        assert_true(world_now(fixture->world) < give_up);
    }
}

static void accept_peer(struct fixture *fixture)
{
    uint64_t give_up = world_now(fixture->world) + PATIENCE_S * NS_PER_S;

    while (fixture->accept_result != 0)
        assert_int_not_equal(world_run(fixture->world, 1, give_up), RUN_UNTIL);
}

static void peer_sends(struct fixture *fixture, const char *text)
{
    assert_int_equal(send(fixture->peer, text, strlen(text), 0), strlen(text));
}

static ssize_t write_text(struct stream *stream, const char *text)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};

    return stream_write(stream, &piece, 1);
}

/* ---- resets ----------------------------------------------------------------------------------- */

/* One edge tells of both; a read that took all the bytes must not make us deaf to the reset. */
static void a_reset_that_came_with_the_bytes_is_met_after_them(void **state)
{
    struct fixture *fixture = *state;
    struct end *end = &fixture->accepted;

    accept_peer(fixture);
    peer_sends(fixture, "0123456789");
    reset_peer(fixture);
    end->read_size = sizeof(end->data);
    stream_want(&end->stream, STREAM_READ | STREAM_CLOSED);
    run_until_told(fixture, end, STREAM_CLOSED);
    while (end->read_count < 3)
        world_run(fixture->world, 1, TIME_NEVER);
    assert_int_equal(end->reads[0], 10);
    assert_memory_equal(end->data, "0123456789", 10);
    assert_int_equal(end->reads[1], -ECONNRESET);
    assert_int_equal(end->reads[2], -ECONNRESET);
    assert_int_equal(stream_status(&end->stream), -ECONNRESET);
}

static void a_reset_is_told_while_nobody_reads(void **state)
{
    struct fixture *fixture = *state;
    struct end *end = &fixture->accepted;

    accept_peer(fixture);
    peer_sends(fixture, "unread");
    stream_want(&end->stream, STREAM_CLOSED);
    look_around(fixture);
    assert_int_equal(end->events, 0);
    reset_peer(fixture);
    run_until_told(fixture, end, STREAM_CLOSED);
    look_around(fixture);
    assert_int_equal(end->upcalls, 1); /* once */
}

static void an_error_that_write_met_first_is_not_masked_by_a_clean_end(void **state)
{
    struct fixture *fixture = *state;
    struct end *end = &fixture->accepted;

    accept_peer(fixture);
    peer_sends(fixture, "0123456789");
    reset_peer(fixture);
    stream_want(&end->stream, STREAM_CLOSED);
    run_until_told(fixture, end, STREAM_CLOSED);
    assert_int_equal(write_text(&end->stream, "x"), -ECONNRESET);
    assert_int_equal(stream_read(&end->stream, end->data, 4), 4);
    assert_int_equal(stream_read(&end->stream, end->data, 60), 6);
    assert_int_equal(stream_read(&end->stream, end->data, 60), -ECONNRESET);
    assert_int_equal(stream_read(&end->stream, end->data, 60), -ECONNRESET);
    assert_int_equal(write_text(&end->stream, "x"), -ECONNRESET);
}

static void a_broken_pipe_leaves_the_peers_clean_end_alone(void **state)
{
    struct fixture *fixture = *state;
    struct end *end = &fixture->accepted;
    ssize_t written = 1;

    accept_peer(fixture);
    peer_sends(fixture, "bye");
    close_peer(fixture);
    stream_want(&end->stream, STREAM_CLOSED);
    run_until_told(fixture, end, STREAM_CLOSED);
    while (written > 0 || written == -EAGAIN)
        written = write_text(&end->stream, "x"); /* the first is accepted and answered with RST */
    assert_int_equal(written, -EPIPE);
    assert_int_equal(stream_read(&end->stream, end->data, 60), 3);
    assert_int_equal(stream_read(&end->stream, end->data, 60), 0);
    assert_int_equal(write_text(&end->stream, "x"), -EPIPE);
    assert_int_equal(stream_read(&end->stream, end->data, 60), 0);
}

/* ---- dials ------------------------------------------------------------------------------------ */

static struct end *dial(struct fixture *fixture, const struct address *address)
{
    struct end *end = &fixture->accepted; /* free here, since these tests accept nobody */

    end_init(end);
    fixture->accept_result = 0;
    assert_int_equal(world_connect(fixture->world, &end->stream, address), 0);
    assert_int_equal(stream_status(&end->stream), -EINPROGRESS);
    return end;
}

static void a_refused_address_refuses_and_is_taken(void **state)
{
    struct fixture *fixture = *state;
    struct listener silent = {.on_acceptable = on_acceptable};
    struct listener second = {.on_acceptable = on_acceptable};
    struct address address = address_loopback(0);
    struct end *end;

    assert_int_equal(world_listen(fixture->world, &silent, &address, LISTEN_REFUSED, 1), 0);
    assert_int_equal(world_listen(fixture->world, &second, &address, LISTEN_OPEN, 1), -EADDRINUSE);
    end = dial(fixture, &address);
    run_until_told(fixture, end, STREAM_OPEN);
    assert_int_equal(stream_status(&end->stream), -ECONNREFUSED);
    stream_want(&end->stream, STREAM_READ);
    run_until_told(fixture, end, STREAM_READ);
    assert_int_equal(stream_read(&end->stream, end->data, 1), -ECONNREFUSED);
    world_unlisten(fixture->world, &silent);
}

static void a_black_hole_never_answers(void **state)
{
    struct fixture *fixture = *state;
    struct listener hole = {.on_acceptable = on_acceptable};
    struct address address = address_loopback(0);
    struct end *end;

    assert_int_equal(world_listen(fixture->world, &hole, &address, LISTEN_BLACKHOLE, 1), 0);
    end = dial(fixture, &address);
    /* Nothing to wait for, by intention: the kernel would have answered within microseconds. */
    world_run(fixture->world, UINT64_MAX, world_now(fixture->world) + 50 * NS_PER_MS);
    assert_int_equal(end->events, 0);
    assert_int_equal(stream_status(&end->stream), -EINPROGRESS);
    world_unlisten(fixture->world, &hole);
}

/* ---- running out ------------------------------------------------------------------------------ */

static void a_full_world_accepts_again_when_a_stream_is_closed(void **state)
{
    struct fixture *fixture = *state;
    struct end other;
    size_t accepts;

    accept_peer(fixture); /* the only slot */
    end_init(&other);
    assert_int_equal(world_connect(fixture->world, &other.stream, &fixture->address), -EMFILE);
    close_peer(fixture);
    connect_peer(fixture); /* a second one, while the slot is taken */
    accepts = fixture->accepts;
    while (fixture->accepts == accepts)
        world_run(fixture->world, 1, TIME_NEVER);
    end_init(&other);
    assert_int_equal(world_accept(fixture->world, &fixture->listener, &other.stream), -EMFILE);
    accepts = fixture->accepts;
    look_around(fixture);
    look_around(fixture);
    assert_int_equal(fixture->accepts, accepts); /* no spin */
    stream_close(&fixture->accepted.stream, STREAM_FIN);
    fixture->accept_result = 1;
    accept_peer(fixture);
}

static void a_process_without_descriptors_is_told_again_later(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before;
    struct rlimit none;
    size_t accepts;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    while (fixture->accept_result == 1)
        world_run(fixture->world, 1, TIME_NEVER);
    assert_int_equal(fixture->accept_result, -EMFILE);
    accepts = fixture->accepts;
    look_around(fixture);
    look_around(fixture);
    assert_int_equal(fixture->accepts, accepts);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    accept_peer(fixture); /* after the pause, for no stream was closed */
}

/* ---- sizes ------------------------------------------------------------------------------------ */

static int option_of(const struct stream *stream, int level, int name)
{
    const struct socket_stream *slot = stream->impl;
    int value = 0;
    socklen_t size = sizeof(value);

    assert_int_equal(getsockopt(slot->descriptor, level, name, &value, &size), 0);
    return value;
}

static void an_accepted_stream_sends_small_pieces_at_once(void **state)
{
    struct fixture *fixture = *state;

    accept_peer(fixture);
    assert_int_not_equal(option_of(&fixture->accepted.stream, IPPROTO_TCP, TCP_NODELAY), 0);
}

static void a_listeners_shape_is_that_of_both_ends(void **state)
{
    struct fixture *fixture = *state;
    struct end connected;

    accept_peer(fixture);
    stream_close(&fixture->accepted.stream, STREAM_FIN);
    sockets_shape_listener(fixture->world, &fixture->listener, 8192, 16384);
    end_init(&connected);
    fixture->accept_result = 1;
    assert_int_equal(world_connect(fixture->world, &connected.stream, &fixture->address), 0);
    accept_peer(fixture);
    /* The kernel doubles what it is asked for (socket(7)). */
    assert_int_equal(option_of(&connected.stream, SOL_SOCKET, SO_SNDBUF), 2 * 8192);
    assert_int_equal(option_of(&connected.stream, SOL_SOCKET, SO_RCVBUF), 2 * 16384);
    assert_int_equal(option_of(&fixture->accepted.stream, SOL_SOCKET, SO_SNDBUF), 2 * 8192);
    assert_int_equal(option_of(&fixture->accepted.stream, SOL_SOCKET, SO_RCVBUF), 2 * 16384);
    stream_close(&connected.stream, STREAM_FIN);
}

/* ---- the loop --------------------------------------------------------------------------------- */

static void a_wanted_level_goes_on_being_told(void **state)
{
    struct fixture *fixture = *state;
    struct end *end = &fixture->accepted;

    accept_peer(fixture);
    stream_want(&end->stream, STREAM_WRITE);
    assert_int_equal(world_run(fixture->world, 5, TIME_NEVER), RUN_STEPS);
    assert_int_equal(end->upcalls, 5);
    assert_int_equal(look_around(fixture), RUN_UNTIL);
}

static void bytes_left_in_the_socket_are_told_without_a_new_edge(void **state)
{
    struct fixture *fixture = *state;
    struct end *end = &fixture->accepted;

    accept_peer(fixture);
    peer_sends(fixture, "abcdef");
    end->read_size = 2;
    stream_want(&end->stream, STREAM_READ);
    while (end->read_count < 3)
        world_run(fixture->world, 1, TIME_NEVER);
    assert_int_equal(end->reads[0] + end->reads[1] + end->reads[2], 6);
    peer_sends(fixture, "g");
    while (end->reads[end->read_count - 1] != 1)
        world_run(fixture->world, 1, TIME_NEVER);
}

static void count_timer(struct timer *timer)
{
    ++*(int *)timer->owner;
}

static void a_run_until_now_looks_around_once(void **state)
{
    struct fixture *fixture = *state;
    int calls = 0;
    struct timer past = {.on_time = count_timer, .owner = &calls};
    struct timer future = {.on_time = count_timer, .owner = &calls};

    timer_set(fixture->world, &past, 0);
    timer_set(fixture->world, &future, world_now(fixture->world) + PATIENCE_S * NS_PER_S);
    assert_int_equal(look_around(fixture), RUN_UNTIL);
    assert_int_equal(calls, 1);
    assert_int_equal(fixture->accept_result, 0); /* the waiting peer was seen in the same round */
    timer_stop(fixture->world, &future);
}

/* Each of three sleeps must end in time: set anew, set nearer, and left as it was. */
static void a_sleep_ends_with_the_nearest_timer(void **state)
{
    static const uint64_t waits_ms[] = {20, 5, 1};
    struct fixture *fixture = *state;
    uint64_t far_ns = world_now(fixture->world) + PATIENCE_S * NS_PER_S;
    int far_calls = 0;
    int near_calls = 0;
    struct timer far = {.on_time = count_timer, .owner = &far_calls};
    struct timer near = {.on_time = count_timer, .owner = &near_calls};

    accept_peer(fixture);
    timer_set(fixture->world, &far, far_ns);
    assert_int_equal(world_run(fixture->world, UINT64_MAX, world_now(fixture->world) + NS_PER_MS),
                     RUN_UNTIL);
    for (size_t i = 0; i < COUNT_OF(waits_ms); i++) {
        uint64_t due_ns = world_now(fixture->world) + waits_ms[i] * NS_PER_MS;

        timer_set(fixture->world, &near, due_ns);
        assert_int_equal(world_run(fixture->world, 1, TIME_NEVER), RUN_STEPS);
        assert_int_equal(near_calls, i + 1);
        assert_true(world_now(fixture->world) >= due_ns);
    }
    assert_int_equal(far_calls, 0);
    timer_stop(fixture->world, &far);
}

static void nothing_to_wait_for_is_quiescence(void **state)
{
    struct fixture *fixture = *state;

    accept_peer(fixture);
    world_unlisten(fixture->world, &fixture->listener);
    /* The stream is open and wants nothing. */
    assert_int_equal(world_run(fixture->world, UINT64_MAX, TIME_NEVER), RUN_QUIESCENT);
    stream_want(&fixture->accepted.stream, STREAM_READ);
    assert_int_equal(look_around(fixture), RUN_UNTIL);
    stream_want(&fixture->accepted.stream, STREAM_CLOSED);
    close_peer(fixture);
    assert_int_equal(world_run(fixture->world, UINT64_MAX, TIME_NEVER), RUN_QUIESCENT);
    assert_int_equal(fixture->accepted.events, STREAM_CLOSED);
}

static void jump_out(struct timer *timer)
{
    longjmp(*(jmp_buf *)timer->owner, 1);
}

static void a_world_goes_on_after_an_upcall_was_left(void **state)
{
    struct fixture *fixture = *state;
    jmp_buf back;
    struct timer timer = {.on_time = jump_out, .owner = &back};

    timer_set(fixture->world, &timer, 0);
    if (setjmp(back) == 0)
        world_run(fixture->world, UINT64_MAX, TIME_NEVER);
    sockets_leave_upcall(fixture->world);
    accept_peer(fixture);
}

static void count_call(void *owner, int signal_number)
{
    (void)signal_number;
    ++*(int *)owner;
}

static void a_signal_is_told_from_the_loop(void **state)
{
    struct fixture *fixture = *state;
    int calls = 0;

    accept_peer(fixture);
    assert_int_equal(sockets_on_signal(fixture->world, SIGUSR1, count_call, &calls), 0);
    raise(SIGUSR1);
    assert_int_equal(calls, 0);
    assert_int_equal(world_run(fixture->world, 1, TIME_NEVER), RUN_STEPS);
    assert_int_equal(calls, 1);
    assert_int_equal(sockets_on_signal(fixture->world, SIGUSR1, NULL, NULL), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void a_machine_has_ipv6_where_one_can_listen_there(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener = {.on_acceptable = NULL};
    struct address address = {.family = 6, .bytes = {[15] = 1}};
    int outcome = world_listen(fixture->world, &listener, &address, LISTEN_REFUSED, 1);

    assert_int_equal(sockets_have_ipv6(), outcome == 0);
    if (outcome == 0)
        world_unlisten(fixture->world, &listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_reset_that_came_with_the_bytes_is_met_after_them),
        CASE(a_reset_is_told_while_nobody_reads),
        CASE(an_error_that_write_met_first_is_not_masked_by_a_clean_end),
        CASE(a_broken_pipe_leaves_the_peers_clean_end_alone),
        CASE(a_refused_address_refuses_and_is_taken),
        CASE(a_black_hole_never_answers),
        cmocka_unit_test_setup_teardown(a_full_world_accepts_again_when_a_stream_is_closed,
                                        set_up_with_room_for_one, tear_down),
        CASE(a_process_without_descriptors_is_told_again_later),
        CASE(an_accepted_stream_sends_small_pieces_at_once),
        CASE(a_listeners_shape_is_that_of_both_ends),
        CASE(a_wanted_level_goes_on_being_told),
        CASE(bytes_left_in_the_socket_are_told_without_a_new_edge),
        CASE(a_run_until_now_looks_around_once),
        CASE(a_sleep_ends_with_the_nearest_timer),
        CASE(nothing_to_wait_for_is_quiescence),
        CASE(a_world_goes_on_after_an_upcall_was_left),
        CASE(a_signal_is_told_from_the_loop),
        CASE(a_machine_has_ipv6_where_one_can_listen_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
