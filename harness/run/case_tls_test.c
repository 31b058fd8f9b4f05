/*
 * Cases with TLS one after the other in one place: what takes long to make is made once, and no case sees anything of the one
 * before.
 */

#include "harness/run/place_rig.h"

#include "harness/run/case_state.h"

enum { TURNS = 4 };

/*
 * All four ends of a TLS connection, each with tickets: of two handshakes on either side the second is resumed, and the first is
 * not, whatever was played before.
 */
#define TWO_HANDSHAKES                                                                     \
    "name: n\nstage: handshake\nproxy: {tls: true}\n"                                      \
    "client: [tls: {tickets: true}, request: {path: /1}, end: fin, request: {path: /2}]\n" \
    "upstreams:\n  a:\n    tls: {tickets: true}\n    connections:\n"                       \
    "      - [read: request, respond: {keep-alive: false, body: 20}, end: fin]\n"          \
    "      - [read: request, respond: {body: 20}]\n"                                       \
    "expect: {handshakes: {a: 2}, resumed: {a: 1}, client: [{status: 200, tls: {resumed: " \
    "false}}, "                                                                            \
    "{status: 200, tls: {resumed: true}}]}\n"

static struct place place;

static int set_up_place(void **state)
{
    (void)state;
    place_set_up(&place);
    return 0;
}

static int tear_down_place(void **state)
{
    (void)state;
    place_tear_down(&place);
    return 0;
}

/* As its file says; the hash of its trace. */
static uint64_t play(enum world_kind kind, const char *text)
{
    struct case_outcome outcome;
    uint64_t hash;
    place_read(&place, text);
    place_play(&place, kind);
    case_run_judge(place.runs[kind], &outcome);
    for (size_t i = 0; i < outcome.sentence_count; i++)
        print_error("- %s\n", outcome.sentences[i]);
    assert_int_equal(outcome.verdict, VERDICT_PASS);
    hash = outcome.trace_hash;
    place_forget(&place, kind);
    return hash;
}

static size_t contexts_made(enum world_kind kind)
{
    struct tls_shelf_census census;
    tls_shelf_census(scene_shelf(&place.runs[kind]->cast->scene), &census);
    return census.made;
}

static void the_next_case_makes_no_context(void **state)
{
    uint64_t hash = play(WORLD_SIM, TWO_HANDSHAKES);
    size_t made = contexts_made(WORLD_SIM);
    (void)state;
    assert_int_equal(made, 4); /* the client's, the proxy's two, the upstream's */
    for (size_t i = 1; i < TURNS; i++) {
        assert_true(play(WORLD_SIM, TWO_HANDSHAKES) == hash);
        assert_int_equal(contexts_made(WORLD_SIM), made);
    }
}

/* What the first of two equal cases makes the second finds, also where a third was between them. */
static void a_case_between_changes_nothing(void **state)
{
    static const char OTHER[] =
        "name: n\nstage: handshake\nproxy: {tls: {client-certificate: required}}\n"
        "client: [tls: {certificate: good, alpn: [http/1.1]}, request: {path: /1}]\n"
        "upstreams: {a: {tls: {versions: [1.2], alpn: [http/1.1]}, then: [read: request, respond: "
        "200]}}\nexpect: {client: {status: 200, tls: {resumed: false}}}\n";
    uint64_t hash = play(WORLD_SIM, TWO_HANDSHAKES);
    uint64_t other_hash = play(WORLD_SIM, OTHER);
    size_t made = contexts_made(WORLD_SIM);
    (void)state;
    for (size_t i = 1; i < TURNS; i++) {
        assert_true(play(WORLD_SIM, TWO_HANDSHAKES) == hash);
        assert_true(play(WORLD_SIM, OTHER) == other_hash);
    }
    assert_int_equal(contexts_made(WORLD_SIM), made);
}

static void no_session_crosses_on_sockets_either(void **state)
{
    (void)state;
    for (size_t i = 0; i < TURNS; i++)
        play(WORLD_SOCKETS, TWO_HANDSHAKES);
    assert_true(contexts_made(WORLD_SOCKETS) < 4 * TURNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_next_case_makes_no_context, set_up_place,
                                        tear_down_place),
        cmocka_unit_test_setup_teardown(a_case_between_changes_nothing, set_up_place,
                                        tear_down_place),
        cmocka_unit_test_setup_teardown(no_session_crosses_on_sockets_either, set_up_place,
                                        tear_down_place),
    };
    return cmocka_run_group_tests_name("case_tls", tests, NULL, NULL);
}
