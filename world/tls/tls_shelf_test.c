/* Contexts that wait for the next server or client: how many are made, and that nothing of those before is left in them. */
#include "world/tls/tls_pair_rig.h"

#include <stdio.h>
#include <unistd.h>

#include "world/tls/state.h"

enum { CONNECTIONS = 3, PATH_BYTES = 64 };

static struct rig_identity authority, host, other;

static int make_identities(void **state)
{
    (void)state;
    rig_identity_init(&authority, &(struct rig_wish){.subject = "authority"});
    rig_identity_init(&host, &(struct rig_wish){.subject = "host",
                                                .names = "DNS:upstream.test",
                                                .authority = "authority"});
    rig_identity_init(&other, &(struct rig_wish){.subject = "other",
                                                 .names = "DNS:other.test",
                                                 .authority = "authority"});
    return 0;
}

static int release_identities(void **state)
{
    (void)state;
    rig_identity_release(&authority);
    rig_identity_release(&host);
    rig_identity_release(&other);
    return 0;
}

/* ---- servers and clients of one shelf ---------------------------------------------------------------- */

static struct tls_shelf *shelf_of(void)
{
    struct tls_shelf *shelf = tls_shelf_create();

    assert_non_null(shelf);
    return shelf;
}

static size_t made(const struct tls_shelf *shelf)
{
    struct tls_shelf_census census;

    tls_shelf_census(shelf, &census);
    return census.made;
}

static size_t waiting(const struct tls_shelf *shelf)
{
    struct tls_shelf_census census;

    tls_shelf_census(shelf, &census);
    return census.waiting;
}

/* With what is not said: the host's certificate. */
static struct tls_server *serve(struct tls_shelf *shelf, struct tls_server_options options)
{
    struct tls_certificate certificate = {NULL, host.path, host.path};
    char error[TLS_ERROR_BYTES] = "";
    struct tls_server *server;

    options.shelf = shelf;
    if (options.certificates == NULL) {
        options.certificates = &certificate;
        options.certificate_count = 1;
    }
    server = tls_server_create(&options, error);
    assert_string_equal(error, "");
    return server;
}

static struct tls_client *visit(struct tls_shelf *shelf, struct tls_client_options options)
{
    char error[TLS_ERROR_BYTES] = "";
    struct tls_client *client;

    options.shelf = shelf;
    if (options.ca_path == NULL)
        options.ca_path = authority.path;
    client = tls_client_create(&options, error);
    assert_string_equal(error, "");
    return client;
}

static struct tls_server *serve_plainly(struct tls_shelf *shelf)
{
    return serve(shelf, (struct tls_server_options){.certificates = NULL});
}

static struct tls_client *visit_plainly(struct tls_shelf *shelf)
{
    return visit(shelf, (struct tls_client_options){.ca_path = NULL});
}

/* ---- how many are made ------------------------------------------------------------------------------- */

static void equal_ones_share_a_context(void **state)
{
    struct tls_shelf *shelf = shelf_of();

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct tls_server *server = serve_plainly(shelf);
        struct tls_client *client = visit_plainly(shelf);

        assert_int_equal(waiting(shelf), 0);
        tls_server_release(&server);
        tls_client_release(&client);
        assert_int_equal(made(shelf), 2);
        assert_int_equal(waiting(shelf), 2);
    }
    tls_shelf_release(&shelf);
    assert_null(shelf);
    tls_shelf_release(&shelf);
}

static void one_context_serves_one_at_a_time(void **state)
{
    struct tls_shelf *shelf = shelf_of();
    struct tls_server *first = serve_plainly(shelf);
    struct tls_server *second;

    (void)state;
    tls_server_release(&first);
    first = serve_plainly(shelf);
    assert_int_equal(made(shelf), 1);
    second = serve_plainly(shelf);
    assert_int_equal(made(shelf), 2);
    tls_server_release(&first);
    tls_server_release(&second);
    assert_int_equal(waiting(shelf), 2);
    tls_shelf_release(&shelf);
}

/* Each differs from the host with all versions and nobody asked in one thing. */
static void another_kind_is_another_context(void **state)
{
    struct tls_certificate others = {NULL, other.path, other.path};
    const struct tls_server_options kinds[] = {
        {.certificates = NULL},
        {.certificates = &others, .certificate_count = 1},
        {.client_ca_path = authority.path},
        {.client_ca_path = other.path},
        {.lowest = TLS_1_3},
        {.highest = TLS_1_2},
    };
    struct tls_shelf *shelf = shelf_of();

    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(kinds); i++) {
        struct tls_server *server = serve(shelf, kinds[i % COUNT_OF(kinds)]);

        tls_server_release(&server);
        assert_int_equal(made(shelf), i < COUNT_OF(kinds) ? i + 1 : COUNT_OF(kinds));
    }
    tls_shelf_release(&shelf);
}

/* A path is only where a file is: who reads its configuration again may find another one there. */
static void a_file_that_changed_is_another(void **state)
{
    struct tls_shelf *shelf = shelf_of();
    char path[] = "/tmp/tls_shelf_testXXXXXX";
    struct tls_certificate certificate = {NULL, path, path};
    const struct tls_server_options options = {.certificates = &certificate,
                                               .certificate_count = 1};
    const struct rig_identity *const files[] = {&host, &other, &host};
    int place = mkstemp(path);

    (void)state;
    assert_true(place >= 0);
    close(place);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct tls_server *server;

        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink(files[i]->path, path), 0);
        server = serve(shelf, options);
        tls_server_release(&server);
        assert_int_equal(made(shelf), i == 0 ? 1 : 2);
    }
    assert_int_equal(unlink(path), 0);
    tls_shelf_release(&shelf);
}

static void a_file_that_is_not_there_is_told(void **state)
{
    struct tls_shelf *shelf = shelf_of();
    struct tls_certificate certificate = {NULL, "/nowhere/at/all.pem", "/nowhere/at/all.pem"};
    const struct tls_server_options options = {
        .shelf = shelf, .certificates = &certificate, .certificate_count = 1};
    char error[TLS_ERROR_BYTES] = "";

    (void)state;
    assert_null(tls_server_create(&options, error));
    assert_string_equal(error, "/nowhere/at/all.pem: No such file or directory");
    assert_int_equal(made(shelf), 0);
    tls_shelf_release(&shelf);
}

/* The one that has waited longest goes, so the first is made again and the last is not. */
static void no_more_wait_than_that(void **state)
{
    enum { KINDS = TLS_SHELF_MAX + 2 };
    struct tls_shelf *shelf = shelf_of();

    (void)state;
    for (size_t i = 0; i < KINDS + 2; i++) {
        const size_t turns[] = {KINDS - 1, 0}; /* behind them all */
        size_t kind = i < KINDS ? i : turns[i - KINDS];
        char subject[PATH_BYTES];
        struct rig_identity identity;
        struct tls_certificate certificate = {NULL, identity.path, identity.path};
        struct tls_server *server;

        snprintf(subject, sizeof(subject), "host %zu", kind);
        rig_identity_init(&identity,
                          &(struct rig_wish){.subject = subject, .names = "DNS:upstream.test"});
        server = serve(shelf, (struct tls_server_options){.certificates = &certificate,
                                                          .certificate_count = 1});
        tls_server_release(&server);
        rig_identity_release(&identity);
        assert_int_equal(waiting(shelf), i < TLS_SHELF_MAX ? i + 1 : TLS_SHELF_MAX);
        assert_int_equal(made(shelf), i < KINDS ? i + 1 : i == KINDS ? KINDS : KINDS + 1);
    }
    tls_shelf_release(&shelf);
}

/* ---- nothing is left of those before ----------------------------------------------------------------- */

static void begin(struct pair *pair, struct tls_server *server, struct tls_client *client)
{
    pair_init(pair, sim_create(&(struct sim_options){.seed = 1, .latency_ns = NS_PER_MS}), server,
              client);
}

static void end(struct pair *pair)
{
    pair_release(pair);
    sim_destroy(&pair->world);
}

/* Long enough that tickets come. */
static bool connect_once(struct pair *pair)
{
    bool resumed;

    pair_shake_hands(pair);
    pair_send(&pair->ends[1], 10);
    pair_await(pair, &pair->ends[0].got, 10);
    pair_run(pair);
    resumed = pair->ends[0].look.resumed;
    assert_int_equal(pair->ends[1].look.resumed, resumed);
    pair_hang_up(pair);
    return resumed;
}

struct successor {
    const char *name;
    enum tls_version version;
    bool is_client; /* the client is made anew, else the server */
};

static const struct successor SUCCESSORS[] = {
    {"a server takes no ticket of the one before, TLS 1.3", TLS_1_3, false},
    {"a server takes no session of the one before, TLS 1.2", TLS_1_2, false},
    {"a client offers no ticket of the one before, TLS 1.3", TLS_1_3, true},
    {"a client offers no session of the one before, TLS 1.2", TLS_1_2, true},
};

static void sessions_end_with_their_owner(void **state)
{
    const struct successor *row = *state;
    const struct tls_server_options options = {.highest = row->version};
    struct tls_shelf *shelf = shelf_of();
    struct pair pair;

    begin(&pair, serve(shelf, options), visit_plainly(shelf));
    assert_false(connect_once(&pair));
    assert_true(connect_once(&pair));
    if (row->is_client) {
        tls_client_release(&pair.client);
        pair.client = visit_plainly(shelf);
    } else {
        tls_server_release(&pair.server);
        pair.server = serve(shelf, options);
    }
    assert_int_equal(made(shelf), 2);
    assert_false(connect_once(&pair));
    assert_true(connect_once(&pair));
    end(&pair);
    tls_shelf_release(&shelf);
}

static void count_secret(void *owner, const char *line)
{
    size_t *count = owner;

    (void)line;
    *count += 1;
}

/* What two ends are told to do beside their files. */
struct manner {
    bool server_speaks, client_speaks; /* a protocol, by ALPN */
    bool no_tickets, tells;
};

#define BOTH_SPEAK .server_speaks = true, .client_speaks = true

struct change {
    const char *name;
    struct manner first, second;
};

static const struct change CHANGES[] = {
    {"a server does not look at protocols because the one before did",
     {BOTH_SPEAK},
     {.client_speaks = true}},
    {"a client does not offer a protocol because the one before did",
     {BOTH_SPEAK},
     {.server_speaks = true}},
    {"a protocol is spoken where the one before spoke none", {false}, {BOTH_SPEAK}},
    {"tickets are not given because the one before gave them", {false}, {.no_tickets = true}},
    {"tickets are given though the one before gave none", {.no_tickets = true}, {false}},
    {"secrets are not told to whom the one before told them", {.tells = true}, {false}},
    {"secrets are told though the one before told none", {false}, {.tells = true}},
};

static void play_in_manner(struct tls_shelf *shelf, const struct manner *manner)
{
    static const char *const PROTOCOLS[] = {"http/1.1"};
    const char *alpn = manner->server_speaks && manner->client_speaks ? PROTOCOLS[0] : "";
    size_t told = 0;
    const struct tls_secrets secrets = {manner->tells ? count_secret : NULL, &told};
    struct pair pair;

    begin(&pair,
          serve(shelf, (struct tls_server_options){.alpn = PROTOCOLS,
                                                   .alpn_count = manner->server_speaks ? 1 : 0,
                                                   .no_tickets = manner->no_tickets,
                                                   .secrets = secrets}),
          visit(shelf, (struct tls_client_options){.alpn = PROTOCOLS,
                                                   .alpn_count = manner->client_speaks ? 1 : 0,
                                                   .no_tickets = manner->no_tickets,
                                                   .secrets = secrets}));
    for (size_t i = 0; i < CONNECTIONS; i++)
        assert_int_equal(connect_once(&pair), i > 0 && !manner->no_tickets);
    pair_shake_hands(&pair);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(pair.ends[i].look.alpn, alpn);
    assert_int_equal(told > 0, manner->tells);
    end(&pair);
}

static void manners_end_with_their_owner(void **state)
{
    const struct change *row = *state;
    struct tls_shelf *shelf = shelf_of();

    play_in_manner(shelf, &row->first);
    play_in_manner(shelf, &row->second);
    assert_int_equal(made(shelf), 2);
    tls_shelf_release(&shelf);
}

/* Our servers seal nothing with them; what OpenSSL seals some day would be worthless to the next all the same. */
static void keys_of_tickets_are_new(void **state)
{
    enum { TICKET_KEYS_BYTES = 80 };
    const struct tls_setup setup = {
        .serves = true, .certificate_path = host.path, .key_path = host.path};
    struct tls_shelf *shelf = shelf_of();
    uint8_t keys[3][TICKET_KEYS_BYTES];
    char error[TLS_ERROR_BYTES];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct tls_context *context = tls_context_take(shelf, &setup, error);

        assert_non_null(context);
        assert_int_equal(SSL_CTX_get_tlsext_ticket_keys(context->ssl, keys[i], TICKET_KEYS_BYTES),
                         1);
        tls_context_give_back(&context);
    }
    assert_int_equal(made(shelf), 1);
    assert_memory_not_equal(keys[0], keys[1], TICKET_KEYS_BYTES);
    assert_memory_not_equal(keys[1], keys[2], TICKET_KEYS_BYTES);
    tls_shelf_release(&shelf);
}

/* ---- seeds, and who ends first ----------------------------------------------------------------------- */

static uint64_t hash_of_run(struct tls_shelf *shelf)
{
    struct pair pair;
    uint64_t hash;

    tls_randomness_seed(7);
    begin(&pair, serve_plainly(shelf), visit_plainly(shelf));
    for (size_t i = 0; i < CONNECTIONS; i++)
        assert_int_equal(connect_once(&pair), i > 0);
    hash = sim_trace_hash(pair.world);
    end(&pair);
    tls_randomness_restore();
    return hash;
}

/* Without a shelf, with an empty one, and with one where both contexts wait. */
static void equal_seeds_give_equal_bytes(void **state)
{
    struct tls_shelf *shelf = shelf_of();
    uint64_t hash = hash_of_run(NULL);

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_true(hash_of_run(shelf) == hash);
    assert_int_equal(made(shelf), 2);
    tls_shelf_release(&shelf);
}

static void what_was_made_outlives_its_shelf(void **state)
{
    struct tls_shelf *shelf = shelf_of();
    struct pair pair;

    (void)state;
    begin(&pair, serve_plainly(shelf), visit_plainly(shelf));
    tls_shelf_release(&shelf);
    assert_false(connect_once(&pair));
    assert_true(connect_once(&pair));
    end(&pair);
}

int main(void)
{
    struct CMUnitTest tests[9 + COUNT_OF(SUCCESSORS) + COUNT_OF(CHANGES)] = {
        cmocka_unit_test(equal_ones_share_a_context),
        cmocka_unit_test(one_context_serves_one_at_a_time),
        cmocka_unit_test(another_kind_is_another_context),
        cmocka_unit_test(a_file_that_changed_is_another),
        cmocka_unit_test(a_file_that_is_not_there_is_told),
        cmocka_unit_test(no_more_wait_than_that),
        cmocka_unit_test(keys_of_tickets_are_new),
        cmocka_unit_test(equal_seeds_give_equal_bytes),
        cmocka_unit_test(what_was_made_outlives_its_shelf),
    };
    size_t count = 9;

    for (size_t i = 0; i < COUNT_OF(SUCCESSORS); i++)
        tests[count++] = (struct CMUnitTest){.name = SUCCESSORS[i].name,
                                             .test_func = sessions_end_with_their_owner,
                                             .initial_state = (void *)(uintptr_t)&SUCCESSORS[i]};
    for (size_t i = 0; i < COUNT_OF(CHANGES); i++)
        tests[count++] = (struct CMUnitTest){.name = CHANGES[i].name,
                                             .test_func = manners_end_with_their_owner,
                                             .initial_state = (void *)(uintptr_t)&CHANGES[i]};
    return _cmocka_run_group_tests("tls_shelf", tests, count, make_identities, release_identities);
}
