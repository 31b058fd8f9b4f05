/* How handshakes end: who is who, what fails and what each side is told, protocols by name, sessions, bad files. */
#include "world/tls/tls_pair_rig.h"

enum { ERA_MAX = 8 };

enum who { AUTHORITY, HOST, OTHER, EXPIRED, EARLY, UNKNOWN, SELF_SIGNED, VISITOR, WHO_COUNT };

static const struct rig_wish WISHES[WHO_COUNT] = {
    [AUTHORITY] = {.subject = "authority"},
    [HOST] = {.subject = "host",
              .names = "DNS:upstream.test,DNS:*.wild.test,IP:127.0.0.1",
              .authority = "authority"},
    [OTHER] = {.subject = "other", .names = "DNS:other.test", .authority = "authority"},
    [EXPIRED] = {.subject = "expired",
                 .names = "DNS:upstream.test",
                 .authority = "authority",
                 .until = "20210101000000Z"},
    [EARLY] = {.subject = "early",
               .names = "DNS:upstream.test",
               .authority = "authority",
               .from = "20900101000000Z"},
    [UNKNOWN] = {.subject = "unknown", .names = "DNS:upstream.test", .authority = "nobody"},
    [SELF_SIGNED] = {.subject = "self", .names = "DNS:upstream.test"},
    [VISITOR] = {.subject = "visitor", .names = "DNS:visitor.test", .authority = "authority"},
};

static struct rig_identity identities[WHO_COUNT];

static int make_identities(void **state)
{
    (void)state;
    for (size_t i = 0; i < WHO_COUNT; i++)
        rig_identity_init(&identities[i], &WISHES[i]);
    return 0;
}

static int release_identities(void **state)
{
    (void)state;
    for (size_t i = 0; i < WHO_COUNT; i++)
        rig_identity_release(&identities[i]);
    return 0;
}

/* What differs from a handshake that succeeds. */
struct plan {
    enum who host;
    const char *name; /* NULL: upstream.test */
    bool unverified;
    enum tls_version client_lowest, client_highest, server_lowest, server_highest;
    bool asks_client;
    enum who visitor; /* AUTHORITY: none */
    const char *client_alpn[2], *server_alpn[2];
    bool no_tickets;
};

static size_t count_of(const char *const names[2])
{
    return names[0] == NULL ? 0 : names[1] == NULL ? 1 : 2;
}

static struct tls_server *server_of(const struct plan *plan)
{
    const char *path = identities[plan->host != AUTHORITY ? plan->host : HOST].path;
    struct tls_certificate certificates[] = {
        {NULL, path, path},
        {"other.test", identities[OTHER].path, identities[OTHER].path},
        {"*.other.test", identities[OTHER].path, identities[OTHER].path},
    };
    struct tls_server_options options = {.certificates = certificates,
                                         .certificate_count = COUNT_OF(certificates),
                                         .alpn = plan->server_alpn,
                                         .alpn_count = count_of(plan->server_alpn),
                                         .client_ca_path =
                                             plan->asks_client ? identities[AUTHORITY].path : NULL,
                                         .lowest = plan->server_lowest,
                                         .highest = plan->server_highest,
                                         .no_tickets = plan->no_tickets};
    char error[TLS_ERROR_BYTES] = "";
    struct tls_server *server = tls_server_create(&options, error);

    assert_string_equal(error, "");
    return server;
}

static struct tls_client *client_of(const struct plan *plan)
{
    const char *path = plan->visitor != AUTHORITY ? identities[plan->visitor].path : NULL;
    struct tls_client_options options = {.ca_path = identities[AUTHORITY].path,
                                         .unverified = plan->unverified,
                                         .certificate_path = path,
                                         .key_path = path,
                                         .alpn = plan->client_alpn,
                                         .alpn_count = count_of(plan->client_alpn),
                                         .lowest = plan->client_lowest,
                                         .highest = plan->client_highest};
    char error[TLS_ERROR_BYTES] = "";
    struct tls_client *client = tls_client_create(&options, error);

    assert_string_equal(error, "");
    return client;
}

static void begin(struct pair *pair, const struct plan *plan)
{
    pair_init(pair, sim_create(&(struct sim_options){.latency_ns = NS_PER_MS}), server_of(plan),
              client_of(plan));
    if (plan->name != NULL)
        pair->name = plan->name;
}

static void end(struct pair *pair)
{
    pair_release(pair);
    sim_destroy(&pair->world);
}

/* ---- handshakes, and what each side is told ------------------------------------------------------- */

struct told {
    int status;
    enum tls_trouble trouble;
    const char *detail; /* NULL: none */
};

struct handshake {
    const char *name;
    struct plan plan;
    struct told client, server;
};

#define GOOD                    \
    {                           \
        0, TLS_NO_TROUBLE, NULL \
    }
#define REFUSES(detail)                  \
    {                                    \
        -EPROTO, TLS_CERTIFICATE, detail \
    }
#define IS_ALERTED(detail)         \
    {                              \
        -EPROTO, TLS_ALERT, detail \
    }
#define CANNOT_GO_ON(detail)          \
    {                                 \
        -EPROTO, TLS_PROTOCOL, detail \
    }
#define NAMED(server_name)  \
    {                       \
        .name = server_name \
    }
#define FROM(identity)   \
    {                    \
        .host = identity \
    }
#define ONLY(version) .client_lowest = version, .client_highest = version
#define CERTIFICATE_ON_DEMAND(version, identity)                \
    {                                                           \
        .asks_client = true, .visitor = identity, ONLY(version) \
    }

static const struct handshake HANDSHAKES[] = {
    {"a name that the certificate is for", NAMED("upstream.test"), GOOD, GOOD},
    {"a name below a wildcard", NAMED("a.wild.test"), GOOD, GOOD},
    {"a name is compared without case", NAMED("UPSTREAM.Test"), GOOD, GOOD},
    {"an address that the certificate is for", NAMED("127.0.0.1"), GOOD, GOOD},
    {"a certificate by name", NAMED("other.test"), GOOD, GOOD},
    {"a certificate that has expired", FROM(EXPIRED), REFUSES("certificate has expired"),
     IS_ALERTED("certificate expired")},
    {"a certificate that is not valid yet", FROM(EARLY), REFUSES("certificate is not yet valid"),
     IS_ALERTED("bad certificate")},
    {"a certificate for another name", NAMED("wrong.test"), REFUSES("hostname mismatch"),
     IS_ALERTED("bad certificate")},
    {"a wildcard stands for one label", NAMED("a.b.wild.test"), REFUSES("hostname mismatch"),
     IS_ALERTED("bad certificate")},
    {"a certificate for another address", NAMED("127.0.0.2"), REFUSES("IP address mismatch"),
     IS_ALERTED("bad certificate")},
    {"a certificate of an unknown authority", FROM(UNKNOWN),
     REFUSES("unable to get local issuer certificate"), IS_ALERTED("unknown CA")},
    {"a self-signed certificate", FROM(SELF_SIGNED), REFUSES("self-signed certificate"),
     IS_ALERTED("unknown CA")},
    {"anybody's certificate where none is verified",
     {.host = EXPIRED, .unverified = true},
     GOOD,
     GOOD},
    {"no version in common",
     {.client_highest = TLS_1_2, .server_lowest = TLS_1_3},
     IS_ALERTED("protocol version"),
     CANNOT_GO_ON("unsupported protocol")},
    {"a version that nobody speaks any more",
     {.server_lowest = TLS_1_1, .server_highest = TLS_1_1},
     IS_ALERTED("protocol version"),
     CANNOT_GO_ON("unsupported protocol")},
    {"a client's certificate, TLS 1.2", CERTIFICATE_ON_DEMAND(TLS_1_2, VISITOR), GOOD, GOOD},
    {"a client's certificate, TLS 1.3", CERTIFICATE_ON_DEMAND(TLS_1_3, VISITOR), GOOD, GOOD},
    {"a client without the certificate it is asked for, TLS 1.2",
     CERTIFICATE_ON_DEMAND(TLS_1_2, AUTHORITY), IS_ALERTED("handshake failure"),
     REFUSES("peer did not return a certificate")},
    {"a client's certificate of an unknown authority, TLS 1.2",
     CERTIFICATE_ON_DEMAND(TLS_1_2, UNKNOWN), IS_ALERTED("unknown CA"),
     REFUSES("unable to get local issuer certificate")},
    {"no application protocol in common",
     {.client_alpn = {"h2"}, .server_alpn = {"http/1.1"}},
     IS_ALERTED("no application protocol"),
     CANNOT_GO_ON("no application protocol")},
};

static void expect_told(const struct pair_end *end, const struct told *told)
{
    assert_int_equal(end->open_status, told->status);
    assert_int_equal(end->look.trouble, told->trouble);
    assert_int_equal(end->look.phase, told->status == 0 ? TLS_OPEN : TLS_HANDSHAKING);
    if (told->detail == NULL)
        assert_null(end->look.detail);
    else
        assert_string_equal(end->look.detail, told->detail);
}

static void handshake_ends(void **state)
{
    const struct handshake *row = *state;
    struct stream_info info;
    struct pair pair;
    uint8_t byte;

    begin(&pair, &row->plan);
    pair_shake_hands(&pair);
    expect_told(&pair.ends[0], &row->client);
    expect_told(&pair.ends[1], &row->server);
    for (size_t i = 0; i < 2; i++) {
        if (pair.ends[i].open_status == 0)
            continue;
        stream_info(&pair.ends[i].stream, &info);
        assert_int_equal(-info.error, pair.ends[i].open_status);
        assert_int_equal(stream_read(&pair.ends[i].stream, &byte, 1), pair.ends[i].open_status);
    }
    end(&pair);
}

/* In TLS 1.3 the server's last word about a client's certificate comes when the client's stream is open already. */
static void late_alert(void **state)
{
    static const struct plan plan = CERTIFICATE_ON_DEMAND(TLS_1_3, AUTHORITY);
    struct tls_look look;
    struct pair pair;

    (void)state;
    begin(&pair, &plan);
    pair_shake_hands(&pair);
    assert_int_equal(pair.ends[0].open_status, 0);
    expect_told(&pair.ends[1], &(struct told)REFUSES("peer did not return a certificate"));
    pair_await(&pair, &pair.ends[0].ends, 1);
    assert_int_equal(pair.ends[0].end_result, -EPROTO);
    assert_int_equal(stream_status(&pair.ends[0].stream), -EPROTO);
    tls_look(&pair.ends[0].stream, &look);
    assert_int_equal(look.phase, TLS_OPEN);
    assert_int_equal(look.trouble, TLS_ALERT);
    assert_string_equal(look.detail, "certificate required");
    end(&pair);
}

/* ---- peers that speak something else --------------------------------------------------------------- */

struct stranger {
    const char *name;
    const char *says;
    enum stream_end ends; /* once it has said it */
    struct told told;
};

static const struct stranger STRANGERS[] = {
    {"plain HTTP where TLS is expected",
     "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
     STREAM_FIN,
     {-EPROTO, TLS_PROTOCOL, "http request"}},
    {"garbage where TLS is expected",
     "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
     STREAM_FIN,
     {-EPROTO, TLS_PROTOCOL, "wrong version number"}},
    {"a FIN within the handshake",
     "\x16\x03\x01",
     STREAM_FIN,
     {-ECONNRESET, TLS_ENDED_EARLY, NULL}},
    {"a reset within the handshake",
     "\x16\x03\x01",
     STREAM_RST,
     {-ECONNRESET, TLS_NO_TROUBLE, NULL}},
};

static void say(struct stream *stream, unsigned events)
{
    const struct stranger *stranger = stream->owner;
    struct iovec piece = {(void *)(uintptr_t)stranger->says, strlen(stranger->says)};

    (void)events;
    if (stream_status(stream) == 0 && stream_write(stream, &piece, 1) > 0)
        stream_close(stream, stranger->ends);
    else
        stream_want(stream, STREAM_WRITE);
}

static void stranger_dials(void **state)
{
    const struct stranger *row = *state;
    struct stream stream = {.on_event = say, .owner = (void *)(uintptr_t)row};
    struct pair pair;

    begin(&pair, &(struct plan){.name = NULL});
    assert_int_equal(world_connect(pair.world, &stream, &pair.address), 0);
    pair_await(&pair, &pair.ends[1].opens, 1);
    expect_told(&pair.ends[1], &row->told);
    end(&pair);
}

static void hang_up(struct listener *listener)
{
    struct pair *pair = listener->owner;
    struct stream stream = {.impl = NULL};

    assert_int_equal(world_accept(pair->world, listener, &stream), 0);
    stream_close(&stream, STREAM_RST);
}

static void refused_dials_are_the_worlds(void **state)
{
    struct pair pair;

    (void)state;
    begin(&pair, &(struct plan){.name = NULL});
    world_unlisten(pair.world, &pair.listener);
    pair_dial(&pair);
    pair_await(&pair, &pair.ends[0].opens, 1);
    assert_int_equal(pair.ends[0].early_opens, 0);
    assert_int_equal(pair.ends[0].open_status, -ECONNREFUSED);
    assert_int_equal(pair.ends[0].look.phase, TLS_CONNECTING);
    assert_int_equal(pair.ends[0].look.trouble, TLS_NO_TROUBLE);
    stream_close(&pair.ends[0].stream, STREAM_FIN);
    assert_int_equal(world_listen(pair.world, &pair.listener, &pair.address, LISTEN_OPEN, 1), 0);
    pair.listener.on_acceptable = hang_up;
    pair_reset_ends(&pair);
    pair_dial(&pair);
    pair_await(&pair, &pair.ends[0].opens, 1);
    assert_int_equal(pair.ends[0].early_opens, 1);
    assert_int_equal(pair.ends[0].open_status, -ECONNRESET);
    assert_int_equal(pair.ends[0].look.phase, TLS_HANDSHAKING);
    end(&pair);
}

/* ---- what was agreed on ---------------------------------------------------------------------------- */

struct agreement {
    const char *name;
    struct plan plan;
    const char *version, *alpn, *server_name;
};

static const struct agreement AGREEMENTS[] = {
    {"the newest version of both", {.name = NULL}, "TLSv1.3", "", "upstream.test"},
    {"an older version of one", {.server_highest = TLS_1_2}, "TLSv1.2", "", "upstream.test"},
    {"an old version where both allow it",
     {.server_lowest = TLS_1_1, .client_lowest = TLS_1_1, .client_highest = TLS_1_2},
     "TLSv1.2",
     "",
     "upstream.test"},
    {"the protocol that the server wants most",
     {.client_alpn = {"http/1.0", "http/1.1"}, .server_alpn = {"http/1.1", "http/1.0"}},
     "TLSv1.3",
     "http/1.1",
     "upstream.test"},
    {"no protocol where the client offers none",
     {.server_alpn = {"http/1.1"}},
     "TLSv1.3",
     "",
     "upstream.test"},
    {"no protocol where the server looks at none",
     {.client_alpn = {"http/1.1"}},
     "TLSv1.3",
     "",
     "upstream.test"},
    {"an address is not sent as a name", NAMED("127.0.0.1"), "TLSv1.3", "", ""},
};

static void agreement_is_told(void **state)
{
    const struct agreement *row = *state;
    struct pair pair;

    begin(&pair, &row->plan);
    pair_shake_hands(&pair);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pair.ends[i].open_status, 0);
        assert_string_equal(pair.ends[i].look.version, row->version);
        assert_string_equal(pair.ends[i].look.alpn, row->alpn);
    }
    assert_null(pair.ends[0].early_look.version);
    assert_string_equal(pair.ends[0].look.name, "");
    assert_string_equal(pair.ends[1].look.name, row->server_name);
    end(&pair);
}

/* ---- sessions -------------------------------------------------------------------------------------- */

struct session_case {
    const char *name;
    struct plan plan;
    size_t connections;
    bool resumed[ERA_MAX]; /* by connection */
    const char *names[ERA_MAX];
};

static const struct session_case SESSIONS[] = {
    {"sessions of TLS 1.3 are resumed", {ONLY(TLS_1_3)}, 5, {false, true, true, true, true}, {0}},
    {"sessions of TLS 1.2 are resumed", {ONLY(TLS_1_2)}, 4, {false, true, true, true}, {0}},
    {"no session is resumed where there are no tickets", {.no_tickets = true}, 3, {false}, {0}},
    {"no session of TLS 1.2 is resumed where there are no tickets",
     {.no_tickets = true, ONLY(TLS_1_2)},
     3,
     {false},
     {0}},
    {"a session is for one name",
     {ONLY(TLS_1_3)},
     4,
     {false, false, true, true},
     {"upstream.test", "other.test", "upstream.test", "other.test"}},
    {"a client shows its certificate once per session",
     CERTIFICATE_ON_DEMAND(TLS_1_3, VISITOR),
     3,
     {false, true, true},
     {0}},
};

static void sessions_are_resumed(void **state)
{
    const struct session_case *row = *state;
    struct pair pair;

    begin(&pair, &row->plan);
    for (size_t i = 0; i < row->connections; i++) {
        if (row->names[i] != NULL)
            pair.name = row->names[i];
        pair_shake_hands(&pair);
        pair_send(&pair.ends[1], 10);
        pair_await(&pair, &pair.ends[0].got, 10);
        pair_run(&pair);
        assert_int_equal(pair.ends[0].look.resumed, row->resumed[i]);
        assert_int_equal(pair.ends[1].look.resumed, row->resumed[i]);
        pair_hang_up(&pair);
    }
    end(&pair);
}

/* The end of a connection says nothing about its session: RFC 8446 has no rule as RFC 2246 7.2.1 had. */
static void sessions_outlive_resets(void **state)
{
    struct pair pair;

    (void)state;
    for (enum tls_version version = TLS_1_2; version <= TLS_1_3; version++) {
        begin(&pair, &(struct plan){.client_highest = version});
        for (size_t i = 0; i < 3; i++) {
            pair_shake_hands(&pair);
            assert_int_equal(pair.ends[0].look.resumed, i > 0);
            pair_run(&pair);
            stream_close(&pair.ends[0].stream, STREAM_RST);
            stream_close(&pair.ends[1].stream, STREAM_RST);
            pair_hang_up(&pair);
        }
        end(&pair);
    }
}

/* A server that was made anew does not know the tickets of the old one; the handshake is a whole one then. */
static void forgotten_sessions_do_no_harm(void **state)
{
    static const struct plan plan = {.name = NULL};
    struct pair pair;

    (void)state;
    begin(&pair, &plan);
    pair_shake_hands(&pair);
    pair_run(&pair);
    pair_hang_up(&pair);
    tls_server_release(&pair.server);
    pair.server = server_of(&plan);
    pair_shake_hands(&pair);
    assert_int_equal(pair.ends[0].open_status, 0);
    assert_false(pair.ends[0].look.resumed);
    end(&pair);
}

/* ---- files ----------------------------------------------------------------------------------------- */

static void bad_files_are_named(void **state)
{
    struct tls_certificate certificate = {NULL, "/nowhere/a.pem", "/nowhere/a.pem"};
    struct tls_server_options options = {.certificates = &certificate, .certificate_count = 1};
    struct tls_client_options client = {.ca_path = "/nowhere/ca.pem"};
    char error[TLS_ERROR_BYTES];

    (void)state;
    assert_null(tls_server_create(&options, error));
    assert_string_equal(error, "/nowhere/a.pem: No such file or directory");
    certificate.certificate_path = "README.md";
    assert_null(tls_server_create(&options, error));
    assert_string_equal(error, "README.md: no start line");
    certificate.certificate_path = identities[HOST].path;
    assert_null(tls_server_create(&options, error));
    assert_string_equal(error, "/nowhere/a.pem: No such file or directory");
    certificate.key_path = identities[OTHER].path;
    assert_null(tls_server_create(&options, error));
    assert_non_null(strstr(error, ": key values mismatch"));
    certificate.key_path = NULL;
    assert_null(tls_server_create(&options, error));
    assert_non_null(strstr(error, ": a certificate without a key"));
    certificate.key_path = identities[HOST].path;
    options.lowest = TLS_1_3;
    options.highest = TLS_1_2;
    assert_null(tls_server_create(&options, error));
    assert_string_equal(error, "the lowest version of TLS is above the highest");
    assert_null(tls_client_create(&client, error));
    assert_string_equal(error, "/nowhere/ca.pem: No such file or directory");
    client.ca_path = "README.md";
    assert_null(tls_client_create(&client, error));
    assert_string_equal(error, "README.md: no certificate or crl found");
}

/* ---- all of them ----------------------------------------------------------------------------------- */

enum { TESTS_MAX = 64 };

struct list {
    struct CMUnitTest tests[TESTS_MAX];
    size_t count;
};

static void add(struct list *list, const char *name, CMUnitTestFunction test, const void *row)
{
    check(list->count < TESTS_MAX);
    list->tests[list->count++] = (struct CMUnitTest){
        .name = name, .test_func = test, .initial_state = (void *)(uintptr_t)row};
}

int main(void)
{
    static struct list list;

    for (size_t i = 0; i < COUNT_OF(HANDSHAKES); i++)
        add(&list, HANDSHAKES[i].name, handshake_ends, &HANDSHAKES[i]);
    for (size_t i = 0; i < COUNT_OF(STRANGERS); i++)
        add(&list, STRANGERS[i].name, stranger_dials, &STRANGERS[i]);
    for (size_t i = 0; i < COUNT_OF(AGREEMENTS); i++)
        add(&list, AGREEMENTS[i].name, agreement_is_told, &AGREEMENTS[i]);
    for (size_t i = 0; i < COUNT_OF(SESSIONS); i++)
        add(&list, SESSIONS[i].name, sessions_are_resumed, &SESSIONS[i]);
    add(&list, "an alert behind the handshake is an error of the open stream", late_alert, NULL);
    add(&list, "a refused or reset dial is the world's error", refused_dials_are_the_worlds, NULL);
    add(&list, "sessions outlive resets", sessions_outlive_resets, NULL);
    add(&list, "forgotten sessions do no harm", forgotten_sessions_do_no_harm, NULL);
    add(&list, "bad files are named", bad_files_are_named, NULL);
    return _cmocka_run_group_tests("tls_handshake", list.tests, list.count, make_identities,
                                   release_identities);
}
