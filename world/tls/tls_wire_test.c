/* What counts as accepted while the stream below takes little or nothing; and what is remembered of peers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world/tls/state.h"
#include "world/tls/tls_rig.h"

enum { QUEUE_BYTES = 1 << 17, RECORD_OVERHEAD_MAX = 64 };

/* A stream below that takes as many bytes as it is told to. */
struct below {
    uint8_t queue[QUEUE_BYTES]; /* what came from the peer */
    size_t queued;
    struct below *peer;
    size_t takes; /* bytes of the next write; 0: it answers -EAGAIN */
    int error;    /* what write answers instead, as a positive errno */
};

struct two {
    struct tls_server *server;
    struct tls_client *client;
    struct tls_peer peer;
    struct below below[2];
    struct tls_wire wires[2]; /* the client's, the server's */
    uint8_t message[3 * TLS_RECORD_BYTES];
};

static ssize_t read_queue(struct stream *stream, void *data, size_t size)
{
    struct below *at = stream->impl;
    size_t part = at->queued < size ? at->queued : size;

    if (part == 0)
        return -EAGAIN;
    memcpy(data, at->queue, part);
    memmove(at->queue, at->queue + part, at->queued - part);
    at->queued -= part;
    return (ssize_t)part;
}

static ssize_t write_queue(struct stream *stream, const struct iovec *pieces, int count)
{
    struct below *at = stream->impl;
    size_t part = pieces[0].iov_len < at->takes ? pieces[0].iov_len : at->takes;

    assert_int_equal(count, 1);
    if (at->error != 0)
        return -at->error;
    if (part == 0)
        return -EAGAIN;
    assert_in_range(at->peer->queued + part, 1, QUEUE_BYTES);
    memcpy(at->peer->queue + at->peer->queued, pieces[0].iov_base, part);
    at->peer->queued += part;
    return (ssize_t)part;
}

static const struct stream_ops BELOW_OPS = {.read = read_queue, .write = write_queue};

static void shake_hands(struct two *two)
{
    for (int turn = 0; turn < 10; turn++) {
        struct tls_wire *wire = &two->wires[turn % 2];

        SSL_do_handshake(wire->ssl);
        tls_wire_flush(wire);
        assert_int_equal(tls_wire_pending(wire), 0);
    }
    assert_true(SSL_is_init_finished(two->wires[0].ssl));
    assert_true(SSL_is_init_finished(two->wires[1].ssl));
}

static int begin(void **state)
{
    static struct two two;
    struct rig_identity host;
    struct tls_certificate certificate = {.name = NULL};
    struct tls_server_options server = {.certificates = &certificate, .certificate_count = 1};
    struct tls_client_options client = {.unverified = true};
    char error[TLS_ERROR_BYTES];

    memset(&two, 0, sizeof(two));
    rig_identity_init(&host, &(struct rig_wish){.subject = "host", .names = "DNS:host.test"});
    certificate.certificate_path = host.path;
    certificate.key_path = host.path;
    two.server = tls_server_create(&server, error);
    two.client = tls_client_create(&client, error);
    rig_identity_release(&host);
    assert_true(
        tls_wire_init(&two.wires[0], tls_client_begin(two.client, &two.peer), two.client->method));
    assert_true(tls_wire_init(&two.wires[1], tls_server_begin(two.server), two.server->method));
    for (size_t i = 0; i < 2; i++) {
        two.below[i].peer = &two.below[1 - i];
        two.below[i].takes = SIZE_MAX;
        two.wires[i].lower = (struct stream){.ops = &BELOW_OPS, .impl = &two.below[i]};
    }
    for (size_t i = 0; i < sizeof(two.message); i++)
        two.message[i] = (uint8_t)(i * 7 + i / 251);
    shake_hands(&two);
    two.wires[0].may_write = true;
    *state = &two;
    return 0;
}

static int finish(void **state)
{
    struct two *two = *state;

    tls_wire_release(&two->wires[0]);
    tls_wire_release(&two->wires[1]);
    tls_server_release(&two->server);
    tls_client_release(&two->client);
    return 0;
}

/* From that place of the message, in two pieces. */
static ssize_t send_from(struct two *two, size_t from, size_t size)
{
    struct iovec pieces[2] = {{two->message + from, size / 3},
                              {two->message + from + size / 3, size - size / 3}};

    return tls_wire_write(&two->wires[0], pieces, 2);
}

/* The server reads exactly the first so many bytes of the message, and no more. */
static void expect_read(struct two *two, size_t size)
{
    static uint8_t got[3 * TLS_RECORD_BYTES];
    size_t total = 0;

    while (total < size) {
        int part = SSL_read(two->wires[1].ssl, got + total, (int)(sizeof(got) - total));

        assert_true(part > 0);
        total += (size_t)part;
    }
    assert_int_equal(total, size);
    assert_memory_equal(got, two->message, size);
    assert_true(SSL_read(two->wires[1].ssl, got, sizeof(got)) <= 0);
}

/* ---- what counts as accepted ---------------------------------------------------------------------- */

static void one_record_at_most(void **state)
{
    struct two *two = *state;

    assert_int_equal(send_from(two, 0, sizeof(two->message)), TLS_RECORD_BYTES);
    assert_int_equal(send_from(two, TLS_RECORD_BYTES, 1), -EAGAIN);
    two->wires[0].may_write = true;
    assert_int_equal(send_from(two, TLS_RECORD_BYTES, 1), 1);
    expect_read(two, TLS_RECORD_BYTES + 1);
}

/* Nothing is encrypted while nobody said that a byte would be taken: so the caller may change its mind. */
static void nothing_is_taken_unasked(void **state)
{
    struct two *two = *state;

    two->wires[0].may_write = false;
    assert_int_equal(send_from(two, 500, 100), -EAGAIN);
    assert_int_equal(tls_wire_pending(&two->wires[0]), 0);
    two->wires[0].may_write = true;
    assert_int_equal(send_from(two, 0, 100), 100);
    expect_read(two, 100);
}

static void first_byte_below_decides(void **state)
{
    struct two *two = *state;
    struct tls_wire *wire = &two->wires[0];

    two->below[0].takes = 0;
    assert_int_equal(send_from(two, 0, 1000), -EAGAIN);
    assert_in_range(tls_wire_pending(wire), 1001, 1000 + RECORD_OVERHEAD_MAX);
    assert_int_equal(send_from(two, 0, 1000), -EAGAIN);
    two->below[0].takes = 1;
    assert_int_equal(send_from(two, 0, 1000), 1000);
    assert_true(tls_wire_pending(wire) >= 1000);
    assert_int_equal(send_from(two, 1000, 50), -EAGAIN);
    two->below[0].takes = SIZE_MAX;
    tls_wire_flush(wire);
    wire->may_write = true;
    assert_int_equal(send_from(two, 1000, 50), 50);
    expect_read(two, 1050);
}

/* What was encrypted behind an -EAGAIN is accepted in the sizes in which it is offered again. */
static void offered_again_in_other_sizes(void **state)
{
    struct two *two = *state;

    two->below[0].takes = 0;
    assert_int_equal(send_from(two, 0, 1000), -EAGAIN);
    two->below[0].takes = SIZE_MAX;
    assert_int_equal(send_from(two, 0, 300), 300);
    assert_int_equal(send_from(two, 300, 1700), 700);
    two->wires[0].may_write = true;
    assert_int_equal(send_from(two, 1000, 1000), 1000);
    expect_read(two, 2000);
}

/* RFC 8446 4.6.3: the answer to a KeyUpdate goes out before the record, and there is room for both. */
static void key_update_fits_beside(void **state)
{
    struct two *two = *state;
    uint8_t byte;

    assert_int_equal(SSL_key_update(two->wires[1].ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(two->wires[1].ssl), 1);
    tls_wire_flush(&two->wires[1]);
    assert_true(SSL_read(two->wires[0].ssl, &byte, 1) <= 0);
    tls_wire_flush(&two->wires[0]);
    two->wires[0].may_write = true;
    assert_int_equal(send_from(two, 0, TLS_RECORD_BYTES), TLS_RECORD_BYTES);
    expect_read(two, TLS_RECORD_BYTES);
}

static void errors_below_stay(void **state)
{
    struct two *two = *state;

    two->below[0].error = EPIPE;
    assert_int_equal(send_from(two, 0, 1000), -EPIPE);
    two->below[0].error = 0;
    assert_int_equal(send_from(two, 0, 1000), -EPIPE);
    assert_int_equal(two->below[1].queued, 0);
    assert_true(tls_wire_pending(&two->wires[0]) > 0);
}

/* ---- what is remembered of peers ------------------------------------------------------------------ */

static struct tls_peer peer_of(unsigned number)
{
    return (struct tls_peer){.name = "host.test", .address = address_loopback((uint16_t)number)};
}

static void keep(struct tls_sessions *sessions, unsigned number)
{
    struct tls_peer peer = peer_of(number);

    tls_sessions_keep(sessions, &peer, SSL_SESSION_new());
}

static bool take(struct tls_sessions *sessions, unsigned number)
{
    struct tls_peer peer = peer_of(number);
    SSL_SESSION *session = tls_sessions_take(sessions, &peer);

    SSL_SESSION_free(session);
    return session != NULL;
}

static void sessions_are_given_once(void **state)
{
    struct tls_sessions sessions = {.turn = 0};

    (void)state;
    for (unsigned i = 0; i < TLS_TICKETS_PER_PEER + 3; i++)
        keep(&sessions, 1);
    for (unsigned i = 0; i < TLS_TICKETS_PER_PEER; i++)
        assert_true(take(&sessions, 1));
    assert_false(take(&sessions, 1));
}

static void oldest_peer_is_forgotten(void **state)
{
    struct tls_sessions sessions = {.turn = 0};

    (void)state;
    for (unsigned i = 1; i <= TLS_SESSIONS_MAX; i++)
        keep(&sessions, i);
    keep(&sessions, 1);
    keep(&sessions, TLS_SESSIONS_MAX + 1);
    assert_true(take(&sessions, 1));
    assert_false(take(&sessions, 2));
    assert_true(take(&sessions, 3));
    assert_true(take(&sessions, TLS_SESSIONS_MAX + 1));
    tls_sessions_release(&sessions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_record_at_most, begin, finish),
        cmocka_unit_test_setup_teardown(nothing_is_taken_unasked, begin, finish),
        cmocka_unit_test_setup_teardown(first_byte_below_decides, begin, finish),
        cmocka_unit_test_setup_teardown(offered_again_in_other_sizes, begin, finish),
        cmocka_unit_test_setup_teardown(key_update_fits_beside, begin, finish),
        cmocka_unit_test_setup_teardown(errors_below_stay, begin, finish),
        cmocka_unit_test(sessions_are_given_once),
        cmocka_unit_test(oldest_peer_is_forgotten),
    };

    return cmocka_run_group_tests_name("tls_wire", tests, NULL, NULL);
}
