#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/upstream/configuration.h"
#include "world/sim/sim.h"
#include "world/tls/tls_rig.h"

enum { OTHER_PORT = 81 };

/* Origins, and settings to make configurations of. */
struct stand {
    struct world *world;
    struct origins origins;
    struct proxy_settings settings;
    struct rig_identity identity; /* a certificate, its key, and whom it is trusted by */
    char error[SETTINGS_ERROR_BYTES];
};

static void add_upstream(struct stand *stand, const char *address)
{
    assert_true(proxy_settings_add_upstream(&stand->settings, address));
}

static void set_up(struct stand *stand)
{
    static const struct rig_wish wish = {
        .subject = "everybody", .names = "DNS:a.test", .authority = NULL};
    const struct sim_options options = {.seed = 1};

    memset(stand, 0, sizeof(*stand));
    stand->world = sim_create(&options);
    assert_non_null(stand->world);
    rig_identity_init(&stand->identity, &wish);
    proxy_settings_init(&stand->settings);
    origins_init(&stand->origins, stand->world);
    add_upstream(stand, "a.test:80");
    add_upstream(stand, "b.test:80");
}

static void tear_down(struct stand *stand)
{
    origins_release(&stand->origins);
    rig_identity_release(&stand->identity);
    sim_destroy(&stand->world);
}

static struct configuration *make(struct stand *stand)
{
    struct configuration *configuration =
        configuration_create(&stand->origins, &stand->settings, stand->error);

    assert_non_null(configuration);
    return configuration;
}

/* An upstream speaks TLS; whom it trusts and who we are there, the files say. */
static void speak_tls_at(struct upstream_settings *upstream, const char *ca,
                         const char *certificate)
{
    upstream->tls = true;
    snprintf(upstream->ca, sizeof(upstream->ca), "%s", ca);
    snprintf(upstream->certificate, sizeof(upstream->certificate), "%s", certificate);
    snprintf(upstream->key, sizeof(upstream->key), "%s", certificate);
}

/* The second one does. */
static void speak_tls(struct stand *stand, const char *ca, const char *certificate)
{
    speak_tls_at(&stand->settings.upstreams[1], ca, certificate);
}

/* ---- holding -------------------------------------------------------------------------------------- */

static void lives_until_the_last_holder_lets_go(void **state)
{
    struct stand stand;

    (void)state;
    for (unsigned first = 0; first < 3; first++) {
        struct configuration *holders[3];

        set_up(&stand);
        holders[0] = make(&stand);
        holders[1] = configuration_hold(holders[0]);
        holders[2] = configuration_hold(holders[0]);
        for (unsigned i = 0; i < 3; i++) {
            struct configuration **holder = &holders[(first + i) % 3];

            assert_string_equal((*holder)->settings.upstreams[1].host, "b.test");
            assert_int_equal(stand.origins.first->named, 1);
            configuration_let_go(holder);
            assert_null(*holder);
        }
        assert_int_equal(stand.origins.first->named, 0);
        tear_down(&stand);
    }
}

static void has_a_copy_of_its_settings(void **state)
{
    struct configuration *configuration;
    struct stand stand;

    (void)state;
    set_up(&stand);
    configuration = make(&stand);
    stand.settings.upstreams[0].host[0] = 'x';
    stand.settings.upstream_count = 1;
    assert_string_equal(configuration->settings.upstreams[0].host, "a.test");
    assert_int_equal(configuration->settings.upstream_count, 2);
    assert_int_equal(configuration->route_count, 1);
    assert_string_equal(configuration->routes[0].name, "default");
    configuration_let_go(&configuration);
    tear_down(&stand);
}

/* ---- the same upstream in two configurations ------------------------------------------------------- */

static void an_upstream_of_two_is_one_origin(void **state)
{
    struct configuration *before;
    struct configuration *after;
    struct origin *a;
    struct origin *b;
    struct stand stand;

    (void)state;
    set_up(&stand);
    before = make(&stand);
    a = before->upstreams[0];
    b = before->upstreams[1];
    b->health.failures_in_row = 2;
    proxy_settings_init(&stand.settings);
    add_upstream(&stand, "c.test:80");
    add_upstream(&stand, "B.TEST:80");
    after = make(&stand);
    assert_ptr_equal(after->upstreams[1], b);
    assert_int_equal(b->named, 2);
    assert_int_equal(stand.origins.other_count, 0);
    configuration_let_go(&before);
    assert_int_equal(b->named, 1);
    assert_int_equal(b->health.failures_in_row, 2);
    assert_int_equal(a->named, 0);
    assert_int_equal(stand.origins.other_count, 1);
    assert_int_equal(configuration_index(after, b), 1);
    assert_int_equal(configuration_index(after, a), UPSTREAM_OTHER);
    configuration_let_go(&after);
    assert_int_equal(stand.origins.other_count, 3);
    tear_down(&stand);
}

/* What was known of it as another one is kept. */
static void another_one_may_be_named(void **state)
{
    const struct upstream_settings wanted = {.host = "A.test", .port = 80};
    struct configuration *configuration;
    struct origin *a;
    struct stand stand;

    (void)state;
    set_up(&stand);
    a = origins_find(&stand.origins, &wanted);
    assert_non_null(a);
    assert_int_equal(stand.origins.other_count, 1);
    a->health.failures_in_row = 2;
    configuration = make(&stand);
    assert_ptr_equal(configuration->upstreams[0], a);
    assert_int_equal(a->health.failures_in_row, 2);
    assert_int_equal(stand.origins.other_count, 0);
    configuration_let_go(&configuration);
    assert_int_equal(stand.origins.other_count, 2);
    tear_down(&stand);
}

/* It is known as one that a request named would be, and makes room like one. */
static void one_that_is_named_no_longer_is_an_ordinary_other(void **state)
{
    const struct upstream_settings wanted = {.host = "a.test", .port = 80};
    struct configuration *configuration;
    struct origin *a;
    struct stand stand;

    (void)state;
    set_up(&stand);
    configuration = make(&stand);
    a = configuration->upstreams[0];
    a->health.failures_in_row = 2;
    configuration_let_go(&configuration);
    assert_ptr_equal(origins_find(&stand.origins, &wanted), a);
    for (unsigned i = 0; i < 2 * UPSTREAMS_OTHER_MAX; i++) {
        struct upstream_settings other = {.port = OTHER_PORT};

        snprintf(other.host, sizeof(other.host), "other-%u.test", i);
        assert_non_null(origins_find(&stand.origins, &other));
        assert_true(stand.origins.other_count <= UPSTREAMS_OTHER_MAX);
    }
    assert_int_equal(origins_find(&stand.origins, &wanted)->health.failures_in_row, 0);
    tear_down(&stand);
}

/* All others are there already when upstreams are named no longer: the limit is kept all the same. */
static void the_limit_of_others_is_kept(void **state)
{
    struct configuration *configuration;
    struct stand stand;
    size_t known = 0;

    (void)state;
    set_up(&stand);
    configuration = make(&stand);
    for (unsigned i = 0; i < 3 * UPSTREAMS_OTHER_MAX; i++) {
        struct upstream_settings other = {.port = OTHER_PORT};

        snprintf(other.host, sizeof(other.host), "other-%u.test", i);
        assert_non_null(origins_find(&stand.origins, &other));
        if (i == UPSTREAMS_OTHER_MAX)
            configuration_let_go(&configuration);
    }
    for (const struct origin *origin = stand.origins.first; origin != NULL; origin = origin->next)
        known++;
    assert_int_equal(stand.origins.other_count, known);
    assert_true(known <= UPSTREAMS_OTHER_MAX);
    tear_down(&stand);
}

/* Spoken to otherwise, it is another one: neither health nor connections are shared. */
static void one_that_is_spoken_to_otherwise_is_another(void **state)
{
    struct configuration *before;
    struct configuration *after;
    struct stand stand;

    (void)state;
    set_up(&stand);
    before = make(&stand);
    speak_tls(&stand, stand.identity.path, "");
    after = make(&stand);
    assert_ptr_equal(after->upstreams[0], before->upstreams[0]);
    assert_ptr_not_equal(after->upstreams[1], before->upstreams[1]);
    assert_null(before->upstreams[1]->tls);
    assert_non_null(after->upstreams[1]->tls);
    configuration_let_go(&before);
    configuration_let_go(&after);
    tear_down(&stand);
}

/* The same place may be several servers, told apart by the name that is asked for. */
static void one_that_is_asked_for_by_another_name_is_another(void **state)
{
    struct configuration *configuration;
    struct stand stand;

    (void)state;
    set_up(&stand);
    add_upstream(&stand, "b.test:80");
    speak_tls(&stand, stand.identity.path, "");
    stand.settings.upstreams[2] = stand.settings.upstreams[1];
    memcpy(stand.settings.upstreams[2].sni, "inner.test", sizeof("inner.test"));
    configuration = make(&stand);
    assert_ptr_not_equal(configuration->upstreams[1], configuration->upstreams[2]);
    assert_string_equal(origin_server_name(configuration->upstreams[1]), "b.test");
    assert_string_equal(origin_server_name(configuration->upstreams[2]), "inner.test");
    configuration_let_go(&configuration);
    tear_down(&stand);
}

/* Its files are read again: later connections are made with what stands there now. */
static void certificates_are_read_again(void **state)
{
    struct configuration *before;
    struct configuration *after;
    struct origin *b;
    struct tls_client *old;
    struct stand stand;

    (void)state;
    set_up(&stand);
    speak_tls(&stand, stand.identity.path, "");
    before = make(&stand);
    b = before->upstreams[1];
    old = b->tls;
    after = make(&stand);
    assert_ptr_equal(after->upstreams[1], b);
    assert_ptr_not_equal(b->tls, old);
    configuration_let_go(&before);
    assert_non_null(b->tls);
    configuration_let_go(&after);
    tear_down(&stand);
}

/* What the system trusts takes a while to read, and nobody needs it where all is said. */
static void nothing_of_the_systems_is_read_for_it(void **state)
{
    const struct upstream_settings other = {.host = "c.test", .port = 443, .tls = true};
    struct configuration *configuration;
    struct stand stand;

    (void)state;
    set_up(&stand);
    speak_tls(&stand, stand.identity.path, "");
    configuration = make(&stand);
    assert_null(stand.origins.system_tls);
    assert_non_null(configuration->upstreams[1]->tls);
    assert_non_null(origins_find(&stand.origins, &other)->tls);
    assert_ptr_equal(origins_find(&stand.origins, &other)->tls, stand.origins.system_tls);
    configuration_let_go(&configuration);
    tear_down(&stand);
}

/* All others are in use, and a configuration still finds room for its own. */
static void others_in_use_keep_no_configuration_out(void **state)
{
    struct configuration *configuration;
    struct stand stand;

    (void)state;
    set_up(&stand);
    for (unsigned i = 0; i < UPSTREAMS_OTHER_MAX; i++) {
        struct upstream_settings other = {.port = OTHER_PORT};

        snprintf(other.host, sizeof(other.host), "other-%u.test", i);
        origins_find(&stand.origins, &other)->in_use = 1;
    }
    configuration = make(&stand);
    assert_int_equal(stand.origins.other_count, UPSTREAMS_OTHER_MAX);
    configuration_let_go(&configuration);
    for (struct origin *origin = stand.origins.first; origin != NULL; origin = origin->next)
        origin->in_use = 0;
    tear_down(&stand);
}

/* ---- refused --------------------------------------------------------------------------------------- */

static void expect_unchanged(struct stand *stand, const struct configuration *before,
                             struct tls_client *const tls[2])
{
    size_t origins = 0;

    for (const struct origin *origin = stand->origins.first; origin != NULL; origin = origin->next)
        origins += origin->named;
    assert_int_equal(origins, 2);
    assert_int_equal(before->upstreams[0]->named, 1);
    assert_int_equal(before->upstreams[1]->named, 1);
    assert_ptr_equal(before->upstreams[0]->tls, tls[0]);
    assert_ptr_equal(before->upstreams[1]->tls, tls[1]);
    assert_int_equal(before->holders, 1);
}

/* A file that cannot be read is named, and what runs goes on as it was. */
static void a_file_that_cannot_be_read_changes_nothing(void **state)
{
    static const char missing[] = "/nowhere/at/all.pem";
    struct stand stand;

    (void)state;
    for (unsigned which = 0; which < 3; which++) {
        struct certificate_settings *own = &stand.settings.certificates[0];
        struct configuration *before;
        struct tls_client *tls[2];

        set_up(&stand);
        speak_tls_at(&stand.settings.upstreams[0], stand.identity.path, "");
        speak_tls(&stand, stand.identity.path, "");
        before = make(&stand);
        tls[0] = before->upstreams[0]->tls;
        tls[1] = before->upstreams[1]->tls;
        if (which == 0)
            speak_tls(&stand, missing, "");
        else if (which == 1)
            speak_tls(&stand, stand.identity.path, missing);
        else
            stand.settings.certificate_count = 1;
        memcpy(own->certificate, missing, sizeof(missing));
        memcpy(own->key, missing, sizeof(missing));
        assert_null(configuration_create(&stand.origins, &stand.settings, stand.error));
        assert_non_null(strstr(stand.error, missing));
        expect_unchanged(&stand, before, tls);
        configuration_let_go(&before);
        tear_down(&stand);
    }
}

/* Without an owner yet, too: nothing is left of a first configuration that failed. */
static void a_first_one_that_fails_leaves_nothing(void **state)
{
    struct stand stand;

    (void)state;
    set_up(&stand);
    speak_tls(&stand, "/nowhere/at/all.pem", "");
    assert_null(configuration_create(&stand.origins, &stand.settings, stand.error));
    for (const struct origin *origin = stand.origins.first; origin != NULL; origin = origin->next)
        assert_int_equal(origin->named, 0);
    tear_down(&stand);
}

/* ---- finding --------------------------------------------------------------------------------------- */

struct wish {
    const char *name;
    struct upstream_settings wanted;
    int index; /* -1: none */
};

static const struct wish WISHES[] = {
    {"an upstream is found by its place", {.host = "a.test", .port = 80}, 0},
    {"names are compared without case", {.host = "A.Test", .port = 80}, 0},
    {"another port is another place", {.host = "a.test", .port = 81}, -1},
    {"another name is another place", {.host = "c.test", .port = 80}, -1},
    {"in the clear is not by TLS", {.host = "b.test", .port = 80}, -1},
    {"by TLS is by TLS", {.host = "b.test", .port = 80, .tls = true}, 1},
    {"by TLS is not in the clear", {.host = "a.test", .port = 80, .tls = true}, -1},
    {"a server name must be the same where one is given",
     {.host = "b.test", .port = 80, .tls = true, .sni = "else.test"},
     -1},
    {"and then it is found", {.host = "b.test", .port = 80, .tls = true, .sni = "inner.test"}, 1},
};

static void is_found(void **state)
{
    const struct wish *wish = *state;
    struct configuration *configuration;
    struct origin *found;
    struct stand stand;

    set_up(&stand);
    speak_tls(&stand, stand.identity.path, "");
    memcpy(stand.settings.upstreams[1].sni, "inner.test", sizeof("inner.test"));
    configuration = make(&stand);
    found = configuration_find(configuration, &wish->wanted);
    if (wish->index < 0)
        assert_null(found);
    else
        assert_int_equal(configuration_index(configuration, found), wish->index);
    configuration_let_go(&configuration);
    tear_down(&stand);
}

static const struct CMUnitTest TESTS[] = {
    {"it lives until the last holder lets go, whoever that is", lives_until_the_last_holder_lets_go,
     NULL, NULL, NULL},
    {"it has a copy of its settings, and a route", has_a_copy_of_its_settings, NULL, NULL, NULL},
    {"an upstream of two configurations is one, and its health is kept",
     an_upstream_of_two_is_one_origin, NULL, NULL, NULL},
    {"another one may be named, and what is known of it is kept", another_one_may_be_named, NULL,
     NULL, NULL},
    {"one that is named no longer is an ordinary other one",
     one_that_is_named_no_longer_is_an_ordinary_other, NULL, NULL, NULL},
    {"the limit of others is kept when upstreams become others", the_limit_of_others_is_kept, NULL,
     NULL, NULL},
    {"one that is spoken to otherwise is another one", one_that_is_spoken_to_otherwise_is_another,
     NULL, NULL, NULL},
    {"one that is asked for by another name is another one",
     one_that_is_asked_for_by_another_name_is_another, NULL, NULL, NULL},
    {"nothing of what the system trusts is read for it", nothing_of_the_systems_is_read_for_it,
     NULL, NULL, NULL},
    {"others in use keep no configuration out", others_in_use_keep_no_configuration_out, NULL, NULL,
     NULL},
    {"certificates are read again", certificates_are_read_again, NULL, NULL, NULL},
    {"a file that cannot be read is named and changes nothing",
     a_file_that_cannot_be_read_changes_nothing, NULL, NULL, NULL},
    {"a first configuration that fails leaves nothing", a_first_one_that_fails_leaves_nothing, NULL,
     NULL, NULL},
};

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(TESTS) + COUNT_OF(WISHES)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(TESTS); i++)
        tests[count++] = TESTS[i];
    for (size_t i = 0; i < COUNT_OF(WISHES); i++)
        tests[count++] = (struct CMUnitTest){.name = WISHES[i].name,
                                             .test_func = is_found,
                                             .initial_state = (void *)(uintptr_t)&WISHES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
