#include "proxy/exchange/talk_rig.h"
#include "world/tls/tls_rig.h"

#define GET_1 "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

enum {
    RECORD_ADDS_MAX =
        64, /* a record's header, tag and content type, with room; a handshake is ten times that */
    ATTEMPTS_MAX = 2,
};

static const struct sim_options ORDINARY = {.seed = 1};

/* A proxy with TLS on one side, or on both. */
struct stand {
    struct talk talk;
    struct rig_identity authority;
    struct rig_identity proxy;
    struct rig_identity upstream;
};

static void make_certificates(struct stand *stand)
{
    static const struct rig_wish authority = {.subject = "ca"};
    static const struct rig_wish proxy = {
        .subject = "proxy", .names = "DNS:proxy.test", .authority = "ca"};
    static const struct rig_wish upstream = {
        .subject = "upstream", .names = "IP:127.0.0.1", .authority = "ca"};

    rig_identity_init(&stand->authority, &authority);
    rig_identity_init(&stand->proxy, &proxy);
    rig_identity_init(&stand->upstream, &upstream);
}

static void set_up(struct stand *stand)
{
    talk_init(&stand->talk, &ORDINARY, MODE_REVERSE);
    make_certificates(stand);
    tls_randomness_seed(1);
}

static void tear_down(struct stand *stand)
{
    talk_release(&stand->talk);
    tls_randomness_restore();
    rig_identity_release(&stand->authority);
    rig_identity_release(&stand->proxy);
    rig_identity_release(&stand->upstream);
}

static void secure_upstream(struct stand *stand)
{
    const struct tls_certificate certificate = {.certificate_path = stand->upstream.path,
                                                .key_path = stand->upstream.path};
    const struct tls_server_options options = {.certificates = &certificate,
                                               .certificate_count = 1};
    struct upstream_settings *upstream = &stand->talk.settings.upstreams[0];
    char error[TLS_ERROR_BYTES];

    stand->talk.upstream_tls = tls_server_create(&options, error);
    assert_non_null(stand->talk.upstream_tls);
    upstream->tls = true;
    snprintf(upstream->ca, sizeof(upstream->ca), "%s", stand->authority.path);
}

static void secure_listener(struct stand *stand)
{
    struct certificate_settings *certificate = &stand->talk.settings.certificates[0];

    stand->talk.settings.certificate_count = 1;
    snprintf(certificate->certificate, sizeof(certificate->certificate), "%s", stand->proxy.path);
    snprintf(certificate->key, sizeof(certificate->key), "%s", stand->proxy.path);
}

static void secure_client(struct stand *stand, const char *ca_path)
{
    const struct tls_client_options options = {.ca_path = ca_path};
    char error[TLS_ERROR_BYTES];

    stand->talk.client_tls = tls_client_create(&options, error);
    assert_non_null(stand->talk.client_tls);
}

/* Asks, and has it answered by the peer of that number. */
static void exchange_once(struct talk *talk, size_t peer)
{
    unsigned before = talk->records;

    party_forget(&talk->client);
    party_say(&talk->client, GET_1);
    talk_settle(talk);
    assert_int_equal(talk->peer_count, peer + 1);
    party_say(&talk->peers[peer], OK);
    talk_settle(talk);
    assert_int_equal(strncmp(talk->client.heard, "HTTP/1.1 200 ", 13), 0);
    assert_int_equal(talk->records, before + 1);
    assert_int_equal(talk->record.failure.cause, CAUSE_NONE);
}

/* ---- clients --------------------------------------------------------------------------------------- */

static void a_client_keeps_its_connection(void **state)
{
    static struct stand stand;

    (void)state;
    set_up(&stand);
    secure_listener(&stand);
    secure_client(&stand, stand.authority.path);
    talk_start(&stand.talk);
    exchange_once(&stand.talk, 0);
    exchange_once(&stand.talk, 0);
    assert_non_null(strstr(stand.talk.peers[0].heard, "proto=https"));
    assert_int_equal(talk_census(&stand.talk).sessions, 1);
    assert_int_equal(talk_census(&stand.talk).handshake_failures, 0);
    assert_int_equal(stand.talk.notices, 0);
    assert_false(stand.talk.record.attempts[0].tls);
    tear_down(&stand);
}

static void a_client_in_the_clear_is_told_of(void **state)
{
    static struct stand stand;

    (void)state;
    set_up(&stand);
    secure_listener(&stand);
    talk_start(&stand.talk);
    party_say(&stand.talk.client, GET_1);
    talk_settle(&stand.talk);
    assert_int_equal(talk_census(&stand.talk).sessions, 0);
    assert_int_equal(talk_census(&stand.talk).handshake_failures, 1);
    assert_int_equal(stand.talk.notices, 1);
    assert_non_null(
        strstr(stand.talk.notice, "the handshake of client 127.0.0.1 failed: http request"));
    assert_int_equal(stand.talk.records, 0);
    tear_down(&stand);
}

static void a_client_that_refuses_our_certificate_is_told_of(void **state)
{
    static struct stand stand;

    (void)state;
    set_up(&stand);
    secure_listener(&stand);
    secure_client(&stand, stand.upstream.path);
    talk_start(&stand.talk);
    talk_settle(&stand.talk);
    assert_int_equal(talk_census(&stand.talk).sessions, 0);
    assert_int_equal(talk_census(&stand.talk).handshake_failures, 1);
    assert_non_null(strstr(stand.talk.notice, "the handshake of client 127.0.0.1 failed: "));
    assert_non_null(strstr(stand.talk.notice, "unknown CA"));
    assert_int_equal(stand.talk.records, 0);
    tear_down(&stand);
}

static void a_client_that_leaves_within_its_handshake_is_told_of(void **state)
{
    static const enum stream_end ends[] = {STREAM_FIN, STREAM_RST};
    static struct stand stand;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        set_up(&stand);
        secure_listener(&stand);
        talk_start(&stand.talk);
        party_say(&stand.talk.client, "\x16\x03\x01");
        talk_settle(&stand.talk);
        assert_int_equal(talk_census(&stand.talk).sessions, 1);
        assert_int_equal(talk_census(&stand.talk).handshake_failures, 0);
        party_close(&stand.talk.client, ends[i]);
        talk_settle(&stand.talk);
        assert_int_equal(talk_census(&stand.talk).sessions, 0);
        assert_int_equal(talk_census(&stand.talk).handshake_failures, 1);
        assert_non_null(strstr(stand.talk.notice, "Connection reset by peer"));
        tear_down(&stand);
    }
}

static void a_client_that_stalls_is_given_up(void **state)
{
    static struct stand stand;

    (void)state;
    set_up(&stand);
    secure_listener(&stand);
    stand.talk.settings.handshake_timeout_ns = NS_PER_S;
    talk_start(&stand.talk);
    talk_run(&stand.talk, NS_PER_S - 1);
    assert_int_equal(talk_census(&stand.talk).sessions, 1);
    assert_int_equal(stand.talk.notices, 0);
    talk_run(&stand.talk, TALK_MOMENT_NS);
    assert_int_equal(talk_census(&stand.talk).sessions, 0);
    assert_int_equal(talk_census(&stand.talk).handshake_failures, 1);
    assert_string_equal(stand.talk.notice,
                        "the handshake of client 127.0.0.1 failed: it took too long");
    assert_true(stand.talk.client.ended);
    tear_down(&stand);
}

static void on_drained(void *owner)
{
    (*(unsigned *)owner)++;
}

static void a_drain_waits_for_no_handshake(void **state)
{
    static struct stand stand;
    unsigned drained = 0;

    (void)state;
    set_up(&stand);
    secure_listener(&stand);
    talk_start(&stand.talk);
    talk_settle(&stand.talk);
    assert_int_equal(talk_census(&stand.talk).sessions, 1);
    proxy_drain(stand.talk.proxy, on_drained, &drained);
    talk_settle(&stand.talk);
    assert_int_equal(drained, 1);
    tear_down(&stand);
}

/* ---- upstreams ------------------------------------------------------------------------------------- */

static void a_connection_is_used_again(void **state)
{
    static struct stand stand;
    const struct attempt_record *attempt = &stand.talk.record.attempts[0];

    (void)state;
    set_up(&stand);
    secure_upstream(&stand);
    talk_start(&stand.talk);
    exchange_once(&stand.talk, 0);
    assert_true(attempt->tls);
    assert_false(attempt->reused);
    assert_false(attempt->tls_resumed);
    talk_run(&stand.talk, NS_PER_S);
    assert_int_equal(talk_census(&stand.talk).upstream_idle, 1);
    exchange_once(&stand.talk, 0);
    assert_true(attempt->reused);
    assert_true(attempt->tls);
    tear_down(&stand);
}

static void a_later_connection_resumes(void **state)
{
    static struct stand stand;

    (void)state;
    set_up(&stand);
    secure_upstream(&stand);
    stand.talk.settings.pool_size = 0;
    talk_start(&stand.talk);
    exchange_once(&stand.talk, 0);
    exchange_once(&stand.talk, 1);
    assert_false(stand.talk.record.attempts[0].reused);
    assert_true(stand.talk.record.attempts[0].tls_resumed);
    tear_down(&stand);
}

/* What went to and fro before the request is none of it: by these counters it is decided what may be sent again. */
static void a_handshake_is_no_part_of_the_request(void **state)
{
    static struct stand stand;
    const struct attempt_record *attempt = &stand.talk.record.attempts[0];
    size_t before = 0;

    (void)state;
    set_up(&stand);
    secure_upstream(&stand);
    talk_start(&stand.talk);
    for (unsigned i = 0; i < 2; i++) {
        exchange_once(&stand.talk, 0);
        assert_in_range(attempt->tx, stand.talk.peers[0].heard_size - before + 1,
                        stand.talk.peers[0].heard_size - before + RECORD_ADDS_MAX);
        assert_in_range(attempt->rx, sizeof(OK) - 1, sizeof(OK) - 1 + RECORD_ADDS_MAX);
        before = stand.talk.peers[0].heard_size;
    }
    tear_down(&stand);
}

/* Tickets of TLS 1.3 come behind the handshake, and are no response. */
static void an_upstream_that_never_answers_has_said_nothing(void **state)
{
    static const enum stream_end ends[] = {STREAM_FIN, STREAM_RST};
    static struct stand stand;
    const struct attempt_record *attempt = &stand.talk.record.attempts[0];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        set_up(&stand);
        secure_upstream(&stand);
        talk_start(&stand.talk);
        party_say(&stand.talk.client, GET_1);
        talk_settle(&stand.talk);
        assert_non_null(strstr(stand.talk.peers[0].heard, "GET /1 "));
        party_close(&stand.talk.peers[0], ends[i]);
        talk_settle(&stand.talk);
        assert_int_equal(strncmp(stand.talk.client.heard, "HTTP/1.1 502 ", 13), 0);
        assert_string_equal(stage_word(attempt->failure.stage), stage_word(STAGE_POST_WRITE));
        assert_string_equal(cause_word(attempt->failure.cause), "connection_terminated");
        assert_int_equal(attempt->rx, 0);
        assert_int_equal(attempt->decision.reason, RETRY_BECAUSE_WRITTEN);
        tear_down(&stand);
    }
}

/* ---- an upstream whose last words do not come -------------------------------------------------------- */

/* A world between an upstream's TLS and the network, in which nothing goes out any more once it is silent. */
struct muffle {
    struct world world; /* first */
    struct world *inner;
    const struct stream_ops *inner_ops;
    struct stream_ops ops;
};

/* The stream knows nothing of its world, so there is one muffle. */
static struct muffle muffle;
static bool muffle_is_silent;

static ssize_t muffle_write(struct stream *stream, const struct iovec *pieces, int count)
{
    ssize_t size = 0;

    if (!muffle_is_silent)
        return muffle.inner_ops->write(stream, pieces, count);
    for (int i = 0; i < count; i++)
        size += (ssize_t)pieces[i].iov_len;
    return size;
}

static int muffle_accept(struct world *world, struct listener *listener, struct stream *stream)
{
    int result = world_accept(muffle.inner, listener, stream);

    (void)world;
    if (result != 0)
        return result;
    muffle.inner_ops = stream->ops;
    muffle.ops = *stream->ops;
    muffle.ops.write = muffle_write;
    stream->ops = &muffle.ops;
    return 0;
}

static uint64_t muffle_now(struct world *world)
{
    (void)world;
    return world_now(muffle.inner);
}

static uint64_t muffle_random(struct world *world)
{
    (void)world;
    return world_random(muffle.inner);
}

static void muffle_timer_set(struct world *world, struct timer *timer, uint64_t at_ns)
{
    (void)world;
    timer_set(muffle.inner, timer, at_ns);
}

static void muffle_timer_stop(struct world *world, struct timer *timer)
{
    (void)world;
    timer_stop(muffle.inner, timer);
}

static void muffle_upstream(struct stand *stand)
{
    static const struct world_ops ops = {.now = muffle_now,
                                         .random = muffle_random,
                                         .timer_set = muffle_timer_set,
                                         .timer_stop = muffle_timer_stop,
                                         .accept = muffle_accept};

    muffle = (struct muffle){.world = {.ops = &ops}, .inner = stand->talk.world};
    muffle_is_silent = false;
    stand->talk.upstream_world = &muffle.world;
}

/* RFC 9112 9.8: without a close_notify, nobody knows whether that was all. */
static void an_end_without_close_notify_is_a_cut(void **state)
{
    static struct stand stand;
    struct party *peer = &stand.talk.peers[0];

    (void)state;
    for (unsigned silent = 0; silent < 2; silent++) {
        set_up(&stand);
        secure_upstream(&stand);
        muffle_upstream(&stand);
        talk_start(&stand.talk);
        party_say(&stand.talk.client, GET_1);
        talk_settle(&stand.talk);
        party_say(peer, "HTTP/1.1 200 OK\r\n\r\nhalf of it");
        talk_settle(&stand.talk);
        muffle_is_silent = silent;
        party_close(peer, STREAM_FIN);
        talk_settle(&stand.talk);
        assert_non_null(strstr(stand.talk.client.heard, "half of it\r\n"));
        assert_int_equal(strstr(stand.talk.client.heard, "\r\n0\r\n\r\n") == NULL, silent);
        assert_true(!silent || stand.talk.client.ended);
        assert_int_equal(stand.talk.record.failure.cause,
                         silent ? CAUSE_HTTP_RESPONSE_INCOMPLETE : CAUSE_NONE);
        assert_int_equal(stand.talk.record.failure.os_error, silent ? ECONNABORTED : 0);
        tear_down(&stand);
    }
}

/* What says by itself where it ends needs no close_notify. */
static void a_whole_response_needs_no_close_notify(void **state)
{
    static struct stand stand;

    (void)state;
    set_up(&stand);
    secure_upstream(&stand);
    muffle_upstream(&stand);
    talk_start(&stand.talk);
    party_say(&stand.talk.client, GET_1);
    talk_settle(&stand.talk);
    party_say(&stand.talk.peers[0], OK);
    talk_settle(&stand.talk);
    muffle_is_silent = true;
    party_close(&stand.talk.peers[0], STREAM_FIN);
    talk_settle(&stand.talk);
    assert_int_equal(stand.talk.record.failure.cause, CAUSE_NONE);
    assert_int_equal(talk_census(&stand.talk).upstream_idle, 0);
    tear_down(&stand);
}

static void a_bad_certificate_is_told_and_tried_again(void **state)
{
    static struct stand stand;
    const struct attempt_record *attempts = stand.talk.record.attempts;

    (void)state;
    set_up(&stand);
    secure_upstream(&stand);
    snprintf(stand.talk.settings.upstreams[0].sni, HOST_BYTES, "else.test");
    talk_start(&stand.talk);
    party_say(&stand.talk.client, GET_1);
    talk_settle(&stand.talk);
    assert_int_equal(strncmp(stand.talk.client.heard, "HTTP/1.1 502 ", 13), 0);
    assert_non_null(strstr(stand.talk.client.heard, "error=tls_certificate_error"));
    assert_int_equal(stand.talk.record.attempt_count, ATTEMPTS_MAX);
    for (unsigned i = 0; i < ATTEMPTS_MAX; i++) {
        assert_int_equal(attempts[i].failure.stage, STAGE_HANDSHAKE);
        assert_int_equal(attempts[i].failure.cause, CAUSE_TLS_CERTIFICATE_ERROR);
        assert_non_null(strstr(attempts[i].detail, "mismatch"));
        assert_int_equal(attempts[i].tx, 0);
        assert_int_equal(attempts[i].rx, 0);
    }
    assert_true(attempts[0].decision.retry);
    tear_down(&stand);
}

/* ---- both sides ------------------------------------------------------------------------------------ */

static void a_tunnel_goes_through_both(void **state)
{
    static struct stand stand;
    struct talk *talk = &stand.talk;

    (void)state;
    set_up(&stand);
    secure_upstream(&stand);
    secure_listener(&stand);
    secure_client(&stand, stand.authority.path);
    talk_start(talk);
    party_say(&talk->client,
              "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nup");
    talk_settle(talk);
    party_say(&talk->peers[0], "HTTP/1.1 101 OK\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\ndown");
    talk_settle(talk);
    party_say(&talk->client, " and up");
    party_shut(&talk->client);
    talk_settle(talk);
    assert_true(talk->peers[0].ended);
    assert_false(talk->client.ended);
    party_say(&talk->peers[0], " and down");
    party_shut(&talk->peers[0]);
    talk_settle(talk);
    assert_non_null(strstr(talk->peers[0].heard, "\r\n\r\nup and up"));
    assert_non_null(strstr(talk->client.heard, "\r\n\r\ndown and down"));
    assert_true(talk->client.ended);
    assert_int_equal(talk->record.failure.cause, CAUSE_NONE);
    assert_int_equal(talk->record.tunnel_up_bytes, 9);
    assert_int_equal(talk->record.tunnel_down_bytes, 13);
    tear_down(&stand);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        {"a client keeps its connection over two requests", a_client_keeps_its_connection, NULL,
         NULL, NULL},
        {"a client that speaks in the clear is told of to the operator",
         a_client_in_the_clear_is_told_of, NULL, NULL, NULL},
        {"a client that refuses our certificate is told of",
         a_client_that_refuses_our_certificate_is_told_of, NULL, NULL, NULL},
        {"a client that leaves within its handshake is told of",
         a_client_that_leaves_within_its_handshake_is_told_of, NULL, NULL, NULL},
        {"a client that stalls is given up when the time of a handshake is over",
         a_client_that_stalls_is_given_up, NULL, NULL, NULL},
        {"a drain waits for no handshake", a_drain_waits_for_no_handshake, NULL, NULL, NULL},
        {"a connection to an upstream is used again", a_connection_is_used_again, NULL, NULL, NULL},
        {"a later connection resumes the session of the first", a_later_connection_resumes, NULL,
         NULL, NULL},
        {"no byte of a handshake counts as one of the request",
         a_handshake_is_no_part_of_the_request, NULL, NULL, NULL},
        {"an upstream that never answers has said nothing",
         an_upstream_that_never_answers_has_said_nothing, NULL, NULL, NULL},
        {"a body that lasts until the end is cut where no close_notify comes",
         an_end_without_close_notify_is_a_cut, NULL, NULL, NULL},
        {"a response that says where it ends needs no close_notify",
         a_whole_response_needs_no_close_notify, NULL, NULL, NULL},
        {"a certificate that is refused is told, and tried again",
         a_bad_certificate_is_told_and_tried_again, NULL, NULL, NULL},
        {"a tunnel goes through TLS on both sides", a_tunnel_goes_through_both, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
