/*
 * For tests: scripted hooks in the hands of a proxy that can be wrong. The functions of retryproof/hooks.h are those
 * below, and tests call the hooks as a proxy would, or as none may. Included by one file of a program.
 */
#ifndef HARNESS_HOOKS_HOOK_RIG_H
#define HARNESS_HOOKS_HOOK_RIG_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>
#include <string.h>

#include "harness/hooks/hook_context.h"
#include "harness/hooks/scripted_hooks.h"
#include "world/sim/sim.h"

enum {
    REGION_BYTES = 1024 * 1024,
    HEAD_BYTES = 4096,
    OUT_BYTES = 64,
};

/* ---- the proxy ------------------------------------------------------------------------------- */

struct exchange {
    struct scripted_hooks *hooks;
    struct world *world;
    void *context;
    struct exchange_record record;
    char target[64];
    unsigned resumes;
    unsigned answered; /* status */
    unsigned failed;   /* status; 1: as the proxy likes */
    bool can_respond;
    bool client_closed;
    bool request_length_changes;
    bool response_length_changes;
};

void *exchange_context(struct exchange *exchange)
{
    return exchange->context;
}

void *exchange_owner(struct exchange *exchange)
{
    return exchange->hooks;
}

struct world *exchange_world(struct exchange *exchange)
{
    return exchange->world;
}

const struct exchange_record *exchange_record_so_far(struct exchange *exchange)
{
    return &exchange->record;
}

void exchange_resume(struct exchange *exchange)
{
    exchange->resumes++;
}

bool exchange_set_target(struct exchange *exchange, struct bytes target)
{
    if (target.size >= sizeof(exchange->target))
        return false;
    memcpy(exchange->target, target.data, target.size);
    exchange->target[target.size] = '\0';
    return true;
}

void exchange_change_request_length(struct exchange *exchange)
{
    exchange->request_length_changes = true;
}

void exchange_change_response_length(struct exchange *exchange)
{
    exchange->response_length_changes = true;
}

enum hook_answer exchange_respond(struct exchange *exchange, const struct proxy_answer *answer)
{
    exchange->answered = answer->status;
    return HOOK_RESPONDED;
}

bool exchange_can_respond(const struct exchange *exchange)
{
    return exchange->can_respond;
}

void exchange_close_client(struct exchange *exchange)
{
    exchange->client_closed = true;
}

enum hook_answer exchange_fail(struct exchange *exchange, unsigned status)
{
    exchange->failed = status == 0 ? 1 : status;
    return HOOK_FAILED;
}

bool peer_set_upstream(struct exchange *exchange, struct proxy_peer *peer, unsigned upstream)
{
    (void)exchange;
    peer->upstream = upstream;
    return true;
}

bool peer_set_address(struct proxy_peer *peer, const char *host, uint16_t port)
{
    peer->upstream = UPSTREAM_OTHER;
    peer->port = port;
    memcpy(peer->host, host, strlen(host) + 1);
    return true;
}

/* ---- fixture --------------------------------------------------------------------------------- */

struct fixture {
    struct region region;
    struct hook_plan plan;
    struct signals signals;
    struct scripted_hooks hooks;
    const struct proxy_hooks *table;
    struct exchange exchange;
    uint8_t storage[HEAD_BYTES];
    struct head head;
};

static inline int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    region_init(&fixture->region, REGION_BYTES);
    signals_init(&fixture->signals);
    scripted_hooks_init(&fixture->hooks, &fixture->signals);
    head_init(&fixture->head, fixture->storage, sizeof(fixture->storage));
    fixture->exchange = (struct exchange){.hooks = &fixture->hooks,
                                          .world = sim_create(&(struct sim_options){0}),
                                          .context = calloc(1, sizeof(struct hook_context)),
                                          .record = {.id = 1},
                                          .can_respond = true};
    assert_non_null(fixture->exchange.world);
    assert_non_null(fixture->exchange.context);
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    sim_destroy(&fixture->exchange.world);
    free(fixture->exchange.context);
    scripted_hooks_release(&fixture->hooks);
    region_release(&fixture->region);
    free(fixture);
    return 0;
}

static inline void play(struct fixture *fixture, const char *text)
{
    static const char *const UPSTREAMS[] = {"a", "b", NULL};
    struct yaml_error error = {{0}};
    const struct yaml_node *root = yaml_parse(&fixture->region, "f", text, strlen(text), &error);
    if (root == NULL || !hook_plan_read(&fixture->region, root, UPSTREAMS, &fixture->plan, &error))
        fail_msg("%s", error.sentence);
    fixture->hooks.targets[0] = (struct hook_target){0, address_loopback(1001)};
    fixture->hooks.targets[1] = (struct hook_target){UPSTREAM_OTHER, address_loopback(1002)};
    fixture->table = scripted_hooks_start(&fixture->hooks, &fixture->plan);
    assert_non_null(fixture->table);
}

static inline void expect_fault(const struct fixture *fixture, const char *sentence)
{
    if (sentence == NULL && fixture->hooks.fault_count > 0)
        fail_msg("no rule was broken, but: %s", fixture->hooks.faults[0]);
    if (sentence != NULL)
        assert_int_equal(fixture->hooks.fault_count, 1);
    if (sentence != NULL)
        assert_string_equal(fixture->hooks.faults[0], sentence);
}

static inline void let_time_pass(struct fixture *fixture, uint64_t ns)
{
    world_run(fixture->exchange.world, UINT64_MAX, world_now(fixture->exchange.world) + ns);
}

static inline enum hook_answer early(struct fixture *fixture)
{
    return fixture->table->early_request_filter(&fixture->exchange, &fixture->head);
}

static inline enum hook_answer ask_peer(struct fixture *fixture, struct proxy_peer *peer)
{
    *peer = (struct proxy_peer){.upstream = 7};
    return fixture->table->upstream_peer(&fixture->exchange, peer);
}

static inline void log_end(struct fixture *fixture)
{
    fixture->table->logging(&fixture->exchange, &fixture->exchange.record);
}

#endif
