/*
 * That TLS as a filter gives the same plaintext and counts the same bytes in whatever segments its records come and leave, by
 * induction: of an open connection for chunks that begin and end anywhere; of a whole one, each of which costs a handshake, for
 * those that do so at the edges of records and beside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world/tls/tls_segments_rig.h"

enum { RECORD_HEADER_BYTES = 5, RECORDS_MAX = 32 };

/* What comes: of which connection, and where its records begin. */
struct recording {
    struct segments_tls tls;
    uint8_t bytes[SEGMENTS_WIRE_BYTES];
    size_t size;
    size_t records[RECORDS_MAX];
    size_t record_count;
};

static const struct version {
    const char *name;
    enum tls_version version;
} VERSIONS[] = {{"TLS 1.2", TLS_1_2}, {"TLS 1.3", TLS_1_3}};

static void expect_alike(const struct segments_subject *subject, struct bytes message)
{
    static struct segments_result result;

    if (!segments_agree(subject, message, &result))
        fail_msg("%s", result.difference);
    print_message("%zu pairs\n", result.pairs);
}

/* ---- the whole of a connection ------------------------------------------------------------------ */

static void note_records(struct recording *recording)
{
    for (size_t at = 0; at < recording->size;) {
        const uint8_t *header = recording->bytes + at;

        assert_true(recording->record_count < RECORDS_MAX);
        recording->records[recording->record_count++] = at;
        at += RECORD_HEADER_BYTES + (size_t)(header[3] << 8 | header[4]);
    }
}

static void hear(struct recording *recording, size_t size)
{
    recording->size += size;
    assert_true(recording->size < sizeof(recording->bytes) / 2);
    recording->tls.wire.given = recording->size;
    segments_wire_run(&recording->tls.wire);
}

/* A handshake, a record and a goodbye, as the client hears them. */
static void record(struct recording *recording)
{
    struct segments_tls *tls = &recording->tls;
    size_t heard = 0;

    segments_tls_dial(tls);
    segments_tls_begin_peer(tls);
    tls->wire.in = recording->bytes;
    while (tls->opens == 0 || !SSL_is_init_finished(tls->peer)) {
        size_t left = tls->wire.left;

        hear(recording, segments_tls_answer(tls, heard, recording->bytes + recording->size));
        heard = left;
    }
    assert_int_equal(SSL_write(tls->peer, "hello", 5), 5);
    SSL_shutdown(tls->peer);
    hear(recording, segments_tls_answer(tls, tls->wire.left, recording->bytes + recording->size));
    assert_int_equal(tls->got_size, 5);
    assert_true(tls->ended);
    note_records(recording);
}

static void dial_again(void *owner)
{
    struct recording *recording = owner;

    segments_tls_dial(&recording->tls);
    recording->tls.wire.in = recording->bytes;
}

static void hear_again(void *owner, struct bytes chunk)
{
    struct recording *recording = owner;

    recording->tls.wire.given += chunk.size;
    segments_wire_run(&recording->tls.wire);
}

static void tell_recording(void *owner, struct segments_account *account)
{
    struct recording *recording = owner;

    segments_tls_tell(&recording->tls, account);
    segments_say_bytes(account, "out",
                       bytes_make(recording->tls.wire.out, recording->tls.wire.left));
}

static bool is_at_an_edge(void *owner, size_t place)
{
    const struct recording *recording = owner;

    for (size_t i = 0; i < recording->record_count; i++)
        if (place + 1 >= recording->records[i] && place <= recording->records[i] + 1)
            return true;
    return false;
}

static void a_connection_opens_says_and_ends_alike(void **state)
{
    static struct recording recording;
    const struct version *version = *state;
    const struct segments_subject subject = {.owner = &recording,
                                             .begin = dial_again,
                                             .feed = hear_again,
                                             .tell = tell_recording,
                                             .may_cut = is_at_an_edge};

    recording = (struct recording){.size = 0};
    segments_tls_init(&recording.tls, version->version);
    record(&recording);
    expect_alike(&subject, bytes_make(recording.bytes, recording.size));
    segments_tls_release(&recording.tls);
}

/* ---- records of an open connection -------------------------------------------------------------- */

static const char *const SAID[] = {"hello", "", "0123456789abcdefghij", "x"};

static void open_connection(struct recording *recording, enum tls_version version)
{
    *recording = (struct recording){.size = 0};
    segments_tls_init(&recording->tls, version);
    segments_tls_dial(&recording->tls);
    segments_tls_begin_peer(&recording->tls);
    recording->tls.wire.in = recording->bytes;
    for (size_t heard = 0;
         recording->tls.opens == 0 || !SSL_is_init_finished(recording->tls.peer);) {
        size_t left = recording->tls.wire.left;

        hear(recording,
             segments_tls_answer(&recording->tls, heard, recording->bytes + recording->size));
        heard = left;
    }
}

/* The server says the same again, in records that are as long and have other numbers. All that it said was heard. */
static void say_again(void *owner)
{
    struct recording *recording = owner;
    struct segments_tls *tls = &recording->tls;

    assert_int_equal(tls->wire.read, tls->wire.given);
    for (size_t i = 0; i < COUNT_OF(SAID); i++)
        if (SAID[i][0] != '\0')
            assert_true(SSL_write(tls->peer, SAID[i], (int)strlen(SAID[i])) > 0);
    recording->size = segments_tls_answer(tls, tls->wire.left, recording->bytes);
    tls->wire.given = tls->wire.read = 0;
    tls->got_size = 0;
}

static void records_are_heard_alike(void **state)
{
    static struct recording recording;
    const struct version *version = *state;
    const struct segments_subject subject = {
        .owner = &recording, .begin = say_again, .feed = hear_again, .tell = tell_recording};

    open_connection(&recording, version->version);
    say_again(&recording);
    hear_again(&recording, bytes_make(recording.bytes, recording.size));
    assert_int_equal(recording.tls.got_size, strlen("hello0123456789abcdefghijx"));
    expect_alike(&subject, bytes_make(recording.bytes, recording.size));
    segments_tls_release(&recording.tls);
}

enum { PLAIN_BYTES = 27, PIECE_BYTES = 11 };

/* The client sends the same again; the server has heard all that left. */
static void send_again(void *owner)
{
    struct recording *recording = owner;
    struct segments_tls *tls = &recording->tls;

    tls->wire.left = tls->wire.allowed = tls->got_size = 0;
    tls->sent = 0;
    tls->to_send = PLAIN_BYTES;
    tls->piece_bytes = PIECE_BYTES;
    segments_tls_want(tls, STREAM_READ | STREAM_WRITE);
    segments_wire_run(&tls->wire);
}

static void let_leave(void *owner, struct bytes chunk)
{
    struct recording *recording = owner;

    recording->tls.wire.allowed = chunk.size;
    segments_wire_run(&recording->tls.wire);
}

/* All has left, and the server hears it; the connection would take more. */
static void hear_it(void *owner)
{
    struct recording *recording = owner;
    struct segments_tls *tls = &recording->tls;
    int size = 0;

    check(BIO_write(SSL_get_rbio(tls->peer), tls->wire.out, (int)tls->wire.left) >= 0);
    for (int part = 1; part > 0; size += part > 0 ? part : 0)
        part = SSL_read(tls->peer, tls->got + size, (int)sizeof(tls->got) - size);
    tls->got_size = (size_t)size;
    tls->wire.allowed = 1;
    segments_wire_run(&tls->wire);
}

static void tell_leaving(void *owner, struct segments_account *account)
{
    struct recording *recording = owner;

    segments_tls_tell(&recording->tls, account);
    segments_say_number(account, "allowed", recording->tls.wire.allowed);
}

static void records_leave_alike(void **state)
{
    static struct recording recording;
    const struct version *version = *state;
    const struct segments_subject subject = {.owner = &recording,
                                             .begin = send_again,
                                             .feed = let_leave,
                                             .end = hear_it,
                                             .tell = tell_leaving};

    open_connection(&recording, version->version);
    send_again(&recording);
    let_leave(&recording, bytes_make(NULL, sizeof(recording.bytes)));
    recording.size = recording.tls.wire.left;
    hear_it(&recording);
    expect_alike(&subject, bytes_make(recording.bytes, recording.size));
    assert_int_equal(recording.tls.got_size, PLAIN_BYTES);
    assert_memory_equal(recording.tls.got, recording.tls.plain, PLAIN_BYTES);
    segments_tls_release(&recording.tls);
}

/* ---- all ---------------------------------------------------------------------------------------- */

int main(void)
{
    static const CMUnitTestFunction functions[] = {a_connection_opens_says_and_ends_alike,
                                                   records_are_heard_alike, records_leave_alike};
    struct CMUnitTest tests[COUNT_OF(VERSIONS) * COUNT_OF(functions)];

    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tests[i] = (struct CMUnitTest){.name = VERSIONS[i % COUNT_OF(VERSIONS)].name,
                                       .test_func = functions[i / COUNT_OF(VERSIONS)],
                                       .initial_state =
                                           (void *)(uintptr_t)&VERSIONS[i % COUNT_OF(VERSIONS)]};
    return cmocka_run_group_tests_name("tls_segments", tests, NULL, NULL);
}
