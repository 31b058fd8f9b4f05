/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/oracle/claims_rig.h"

#include <string.h>

/* A CONNECT that a answered with a tunnel at 1 ms, in which both ends sent the same five bytes. */
struct tunnel_rig {
    struct rig rig;
    const char *came_up;
    const char *came_down;
};

static void take_flow(struct witness_flow *flow, const char *bytes)
{
    flow->bytes = strlen(bytes);
    digest_update(&flow->digest, bytes, strlen(bytes));
}

static void set_up(struct tunnel_rig *tunnel)
{
    struct rig *rig = &tunnel->rig;
    rig_init(rig, "CONNECT", 1);
    rig_add(rig, &(struct rig_attempt){.upstream = 'a', .begun_ms = 1, .ended_ms = -1});
    rig->attempts[0].tunnel = true;
    rig->evidence.settled_ns = rig_ns(100);
    rig->clients[0].streams = rig->connections[0].streams = true;
    rig->connections[0].out.bytes = 5;
    take_flow(&rig->clients[0].flow_out, "12345");
    take_flow(&rig->connections[0].flow_out, "54321");
    take_flow(&rig->clients[0].flow_in, tunnel->came_down);
    take_flow(&rig->connections[0].flow_in, tunnel->came_up);
}

static void stays_as_it_is(struct tunnel_rig *tunnel)
{
    (void)tunnel;
}

static void another_attempt(struct tunnel_rig *tunnel)
{
    rig_add(&tunnel->rig, &(struct rig_attempt){.upstream = 'b', .begun_ms = 5});
}

static void more_comes_down_than_was_sent(struct tunnel_rig *tunnel)
{
    tunnel->rig.clients[0].flow_in.bytes = 6;
    tunnel->rig.clients[0].streams = false;
}

/* A half-close at 10 ms, of which the other end hears at that time. */
static void half_close(struct witness *from, struct witness *to, int heard_ms)
{
    from->own_end = WITNESS_FIN;
    from->own_end_ns = rig_ns(10);
    to->peer_end = WITNESS_FIN;
    to->peer_end_ns = rig_ns(heard_ms);
}

static void client_ends_and_is_heard(struct tunnel_rig *tunnel)
{
    half_close(&tunnel->rig.clients[0], &tunnel->rig.connections[0], 11);
}

static void client_ends_unheard(struct tunnel_rig *tunnel)
{
    half_close(&tunnel->rig.clients[0], &tunnel->rig.connections[0], 100);
}

static void client_ends_before_one_that_stalls(struct tunnel_rig *tunnel)
{
    client_ends_unheard(tunnel);
    tunnel->rig.connections[0].stalled = true;
}

/* HTTP goes through the tunnel: its bytes are no stream. */
static void client_ends_behind_http(struct tunnel_rig *tunnel)
{
    client_ends_unheard(tunnel);
    tunnel->rig.clients[0].streams = tunnel->rig.connections[0].streams = false;
    tunnel->rig.connections[0].in.bytes = 5;
    tunnel->rig.clients[0].out.bytes = 5 + tunnel->rig.requests[0].sent->bytes_total;
}

static void client_ends_behind_unread_http(struct tunnel_rig *tunnel)
{
    client_ends_behind_http(tunnel);
    tunnel->rig.connections[0].in.bytes = 4;
}

static void upstream_ends_unheard(struct tunnel_rig *tunnel)
{
    half_close(&tunnel->rig.connections[0], &tunnel->rig.clients[0], 100);
}

static void client_ends_behind_what_did_not_come(struct tunnel_rig *tunnel)
{
    half_close(&tunnel->rig.clients[0], &tunnel->rig.connections[0], 100);
    tunnel->rig.connections[0].flow_in.bytes = 0;
}

static const struct row {
    const char *sentence;
    void (*change)(struct tunnel_rig *tunnel);
    const char *finding; /* NULL: none */
    const char *came_up; /* NULL: what was sent */
    const char *came_down;
} ROWS[] = {
    {"a tunnel that carries what is sent is fine", stays_as_it_is, NULL, NULL, NULL},
    {"a further attempt is found", another_attempt,
     "CONNECT /x was tried again at +5.000 ms on b although its tunnel to a stood", NULL, NULL},
    {"another byte at the client is found", stays_as_it_is,
     "what the client got through the tunnel to a is not what was sent", NULL, "5432X"},
    {"another byte at the upstream is found", stays_as_it_is,
     "what a got through its tunnel is not what the client sent", "1X345", NULL},
    {"bytes that nobody sent are found", more_comes_down_than_was_sent,
     "the client got 6 bytes through the tunnel to a, whose upstream sent 5", NULL, NULL},
    {"an end that is carried is fine", client_ends_and_is_heard, NULL, NULL, NULL},
    {"an end of the client that is not carried is found", client_ends_unheard,
     "the client ended its side of the tunnel (fin), which a was not told", NULL, NULL},
    {"who reads nothing more need not hear of an end", client_ends_before_one_that_stalls, NULL,
     NULL, NULL},
    {"an end behind HTTP in a tunnel that is not carried is found", client_ends_behind_http,
     "the client ended its side of the tunnel (fin), which a was not told", NULL, NULL},
    {"an end waits for the HTTP before it", client_ends_behind_unread_http, NULL, NULL, NULL},
    {"an end of the upstream that is not carried is found", upstream_ends_unheard,
     "a ended its side of the tunnel (fin), which the client was not told", NULL, NULL},
    {"an end waits for the bytes before it", client_ends_behind_what_did_not_come, NULL, NULL,
     NULL},
};

static const unsigned ABOUT_TUNNELS[] = {59, 60, 61, 62, 0};

static void break_the_rule(void **state)
{
    const struct row *row = *state;
    struct tunnel_rig tunnel;
    tunnel.came_up = row->came_up != NULL ? row->came_up : "12345";
    tunnel.came_down = row->came_down != NULL ? row->came_down : "54321";
    set_up(&tunnel);
    row->change(&tunnel);
    rig_ask_all(&tunnel.rig, ABOUT_TUNNELS);
    bool right = rig_found(&tunnel.rig, row->finding);
    for (size_t i = 0; i < tunnel.rig.findings.count && !right; i++)
        print_error("- %s\n", tunnel.rig.findings.sentences[i]);
    digest_release(&tunnel.rig.clients[0].flow_in.digest);
    digest_release(&tunnel.rig.clients[0].flow_out.digest);
    digest_release(&tunnel.rig.connections[0].flow_in.digest);
    digest_release(&tunnel.rig.connections[0].flow_out.digest);
    rig_release(&tunnel.rig);
    if (!right)
        fail_msg("expected %s", row->finding != NULL ? row->finding : "nothing");
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                       .test_func = break_the_rule,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
