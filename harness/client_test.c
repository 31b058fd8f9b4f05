#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/fake_upstream.h"
#include "harness/client.h"
#include "world/base/region.h"
#include "world/sim/sim.h"

enum { REGION_BYTES = 1 << 20, STEPS_MAX = 100000 };

struct stand {
    struct world *world;
    struct scene scene;
    struct region region;
    struct script script;
    struct upstream_script upstream_script;
    struct fake_upstream upstream;
    struct client client;
};

static struct stand stand;

static struct yaml_node *parse(const char *text)
{
    struct yaml_error error = {.sentence = ""};
    struct yaml_node *node = yaml_parse(&stand.region, "c.yaml", text, strlen(text), &error);

    if (node == NULL)
        fail_msg("%s", error.sentence);
    return node;
}

static void run(void)
{
    assert_int_equal(world_run(stand.world, STEPS_MAX, TIME_NEVER), RUN_QUIESCENT);
}

static void play(const char *client, const char *upstream)
{
    const struct sim_options options = {.seed = 1};
    struct yaml_error error = {.sentence = ""};
    struct address address = address_loopback(0);

    stand.world = sim_create(&options);
    scene_init(&stand.scene, stand.world);
    region_init(&stand.region, REGION_BYTES);
    if (!client_script_parse(&stand.region, parse(client), &stand.script, &error) ||
        !upstream_script_parse(&stand.region, parse(upstream), &stand.upstream_script, &error))
        fail_msg("%s", error.sentence);
    fake_upstream_init(&stand.upstream, &stand.scene);
    client_init(&stand.client, &stand.scene);
    assert_int_equal(fake_upstream_start(&stand.upstream, "a", &stand.upstream_script, &address),
                     0);
    client_start(&stand.client, "client", &stand.script, &stand.upstream.address);
    run();
}

static void finish(void)
{
    struct sim_census census;

    client_stop(&stand.client);
    client_release(&stand.client);
    fake_upstream_stop(&stand.upstream);
    fake_upstream_release(&stand.upstream);
    sim_world_census(stand.world, &census);
    assert_int_equal(census.streams + census.listeners + census.timers, 0);
    sim_destroy(&stand.world);
    region_release(&stand.region);
}

static const struct witness_message *arrived(size_t connection)
{
    return fake_upstream_witness(&stand.upstream, connection)->received;
}

static void requests_carry_host_and_label(void **state)
{
    char host[ADDRESS_TEXT_BYTES];

    (void)state;
    play("[request: {}, request: {host: x.test}, request: {headers: {Host: y.test}}]", "[]");
    address_format(&stand.upstream.address, host);
    assert_true(bytes_equal_text(witness_message_field(arrived(0), "host"), host));
    assert_true(bytes_equal_text(witness_message_field(arrived(0), "x-request"), "client.1"));
    assert_true(bytes_equal_text(witness_message_field(arrived(0)->next, "host"), "x.test"));
    assert_true(bytes_equal_text(witness_message_field(arrived(0)->next->next, "host"), "y.test"));
    assert_true(
        bytes_equal_text(witness_message_field(arrived(0)->next->next, "x-request"), "client.3"));
    assert_int_equal(fake_upstream_witness(&stand.upstream, 0)->faults.count, 0);
    finish();
}

static void ordinals_count_over_all_connections(void **state)
{
    (void)state;
    play("[request: {}, request: {}]", "[[read: request, end: fin], [read: request, end: fin]]");
    assert_int_equal(stand.client.line_count, 2);
    assert_true(bytes_equal_text(arrived(0)->label, "client.1"));
    assert_true(bytes_equal_text(arrived(1)->label, "client.2"));
    assert_int_equal(client_witness(&stand.client, 1)->sent->number, 1);
    assert_true(bytes_equal_text(client_witness(&stand.client, 1)->sent->label, "client.2"));
    finish();
}

static void what_was_sent_is_witnessed_as_far_as_it_went(void **state)
{
    const struct witness_sent *sent;

    (void)state;
    play("[prepare: {method: POST, body: 100}, send: 40 of body, end: rst]", "[]");
    sent = client_witness(&stand.client, 0)->sent;
    assert_string_equal(sent->draft->method, "POST");
    assert_int_equal(sent->bytes_total - sent->bytes, 60);
    assert_int_not_equal(sent->begun_ns, 0);
    assert_int_equal(sent->complete_ns, 0);
    assert_int_equal(client_witness(&stand.client, 0)->out.bytes, sent->bytes);
    finish();
}

static void raw_bytes_are_witnessed_as_a_message_without_a_draft(void **state)
{
    const struct witness_sent *sent;

    (void)state;
    play("[raw: \"GET / HT\", drip: {bytes: 2, every: 1ms}, garbage: 5, end: fin]", "[]");
    sent = client_witness(&stand.client, 0)->sent;
    assert_null(sent->draft);
    assert_int_equal(sent->bytes, 8);
    assert_int_equal(sent->bytes_total, 8);
    assert_int_equal(sent->next->bytes, 5);
    assert_int_not_equal(sent->next->complete_ns, sent->next->begun_ns);
    assert_null(sent->next->next);
    finish();
}

static void a_client_that_is_over_still_notices_its_peer(void **state)
{
    (void)state;
    play("[request: {}]", "[[read: request, respond: 200, wait: x, end: fin]]");
    assert_true(client_is_over(&stand.client));
    assert_int_equal(client_held(&stand.client), 1);
    assert_int_equal(client_witness(&stand.client, 0)->peer_end, WITNESS_OPEN);
    assert_true(signals_raise(&stand.scene.signals, "x"));
    run();
    assert_int_equal(client_witness(&stand.client, 0)->peer_end, WITNESS_FIN);
    assert_int_equal(client_held(&stand.client), 0);
    finish();
}

static void bytes_after_the_last_response_are_noticed(void **state)
{
    const struct witness_message *second;

    (void)state;
    play("[request: {}]", "[[read: request, respond: 200, delay: 1ms, respond: {body: 3}]]");
    second = client_witness(&stand.client, 0)->received->next;
    assert_non_null(second);
    assert_true(second->unasked);
    assert_int_equal(second->body_bytes, 3);
    finish();
}

static void a_connection_that_will_close_lingers_beside_the_next(void **state)
{
    (void)state;
    play("[request: {}, request: {}]",
         "[[read: request, respond: {keep-alive: false}, wait: x, end: fin]]");
    assert_int_equal(stand.client.line_count, 2);
    assert_int_equal(client_held(&stand.client), 2);
    assert_true(signals_raise(&stand.scene.signals, "x"));
    run();
    assert_int_equal(client_held(&stand.client), 1);
    assert_int_equal(client_witness(&stand.client, 0)->peer_end, WITNESS_FIN);
    finish();
}

static void requests_one_behind_the_other_get_their_responses(void **state)
{
    const struct witness *witness;

    (void)state;
    play("[prepare: {path: /1}, send: rest, prepare: {method: HEAD, path: /2}, send: rest, "
         "request: {path: /3}]",
         "[[read: request, respond: {body: 1}, read: request, respond: {body: 2}, read: request, "
         "respond: {body: 3}]]");
    witness = client_witness(&stand.client, 0);
    assert_int_equal(stand.client.line_count, 1);
    assert_int_equal(witness->received->body_bytes, 1);
    assert_int_equal(witness->received->next->body_bytes, 0);
    assert_int_equal(witness->received->next->next->body_bytes, 3);
    assert_true(witness->received->next->next->complete);
    assert_int_equal(witness->faults.count, 0);
    finish();
}

static void a_stopped_client_leaves_nothing(void **state)
{
    (void)state;
    play("[drip: {bytes: 1, every: 1s}, prepare: {body: 1000}, send: 1, wait: never]", "[]");
    finish();
    play("[wait: never]", "[]");
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_carry_host_and_label),
        cmocka_unit_test(ordinals_count_over_all_connections),
        cmocka_unit_test(what_was_sent_is_witnessed_as_far_as_it_went),
        cmocka_unit_test(raw_bytes_are_witnessed_as_a_message_without_a_draft),
        cmocka_unit_test(a_client_that_is_over_still_notices_its_peer),
        cmocka_unit_test(bytes_after_the_last_response_are_noticed),
        cmocka_unit_test(a_connection_that_will_close_lingers_beside_the_next),
        cmocka_unit_test(requests_one_behind_the_other_get_their_responses),
        cmocka_unit_test(a_stopped_client_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
