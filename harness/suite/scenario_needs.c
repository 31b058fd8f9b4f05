#include "harness/suite/scenario_needs.h"

#include "world/sockets/sockets.h"

/* ---- what its attempts are held to ---------------------------------------------------------- */

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Of two limits of time of which 0 is none. */
static uint64_t looser_limit(uint64_t a, uint64_t b)
{
    return a == 0 || b == 0 ? 0 : larger(a, b);
}

/* Whatever one of the two allows. Nobody but the proxy itself knows which route a request took. */
static void loosen(struct retry_settings *retry, const struct retry_settings *other)
{
    if (other->retries_max > retry->retries_max)
        retry->retries_max = other->retries_max;
    if (other->policy == RETRY_IDEMPOTENT || retry->policy == RETRY_AT_MOST_ONCE)
        retry->policy = other->policy;
    retry->conditions |= other->conditions;
    for (unsigned status = STATUS_SET_FIRST; status <= STATUS_SET_LAST; status++)
        if (status_set_has(&other->on_status, status))
            (void)status_set_add(&retry->on_status, status);
    retry->on_reused |= other->on_reused;
    retry->non_idempotent |= other->non_idempotent;
    retry->stay &= other->stay;
    if (other->replay_bytes > retry->replay_bytes)
        retry->replay_bytes = other->replay_bytes;
    retry->per_try_timeout_ns = looser_limit(retry->per_try_timeout_ns, other->per_try_timeout_ns);
    retry->deadline_ns = looser_limit(retry->deadline_ns, other->deadline_ns);
    retry->backoff.base_ns = larger(retry->backoff.base_ns, other->backoff.base_ns);
    retry->backoff.max_ns = larger(retry->backoff.max_ns, other->backoff.max_ns);
    retry->budget.limited &= other->budget.limited;
    if (other->budget.share_percent > retry->budget.share_percent)
        retry->budget.share_percent = other->budget.share_percent;
    if (other->budget.floor > retry->budget.floor)
        retry->budget.floor = other->budget.floor;
}

static void find_retries(struct scenario *scenario)
{
    for (size_t i = 0; i < proxy_settings_route_count(&scenario->proxy); i++) {
        struct route_settings route;
        proxy_settings_route(&scenario->proxy, i, &route);
        scenario->needs_nameserver |= route.mode == MODE_FORWARD;
        if (i == 0)
            scenario->retry = route.retry;
        else
            loosen(&scenario->retry, &route.retry);
    }
}

/* ---- what it needs beside its actors -------------------------------------------------------- */

/* Whether any connection that script makes or takes does TLS. */
static bool script_uses_tls(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        if (script->steps[i].word == STEP_TLS)
            return true;
    return false;
}

static bool upstream_uses_tls(const struct upstream_script *upstream)
{
    for (size_t i = 0; i < upstream->entry_count; i++)
        if (script_uses_tls(&upstream->entries[i].script))
            return true;
    return upstream->tls.on || script_uses_tls(&upstream->standing);
}

static void find_tls(struct scenario *scenario)
{
    scenario->uses_tls = scenario->tls.listener.on;
    for (size_t i = 0; i < scenario->upstream_count; i++)
        scenario->uses_tls |= upstream_uses_tls(&scenario->upstreams[i]);
    for (size_t i = 0; i < scenario->client_count; i++)
        scenario->uses_tls |= script_uses_tls(&scenario->clients[i].script);
}

/* ---- what cannot be done -------------------------------------------------------------------- */

/* A build that watches its own memory (-fsanitize=address) cannot tell how much the proxy needs. */
static bool is_memory_measurable(void)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    return false;
#else
    return true;
#endif
#elif defined(__SANITIZE_ADDRESS__)
    return false;
#else
    return true;
#endif
}

/* Whether one of its listeners is on ::1. */
static bool is_on_ipv6(const struct scenario *scenario)
{
    bool on_ipv6 = scenario->proxy_on_ipv6;
    for (size_t i = 0; i < scenario->upstream_count; i++)
        on_ipv6 |= scenario->upstreams[i].on_ipv6;
    return on_ipv6;
}

/* A fault that is made where only the proxy within this process can be reached. */
static bool has_inner_fault(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->fault_count; i++)
        if (wire_fault_is_beneath_proxy(scenario->faults[i].kind) ||
            scenario->faults[i].kind == WIRE_FAULT_SPLIT)
            return true;
    return false;
}

const char SCENARIO_ORDER_IS_SIMULATED[] =
    "which event comes next can be chosen in the simulation alone";

/* What a world cannot do although the file does not say so. */
static void find_unsupported(struct scenario *scenario)
{
    const char **sim = &scenario->unsupported[WORLD_SIM];
    const char **sockets = &scenario->unsupported[WORLD_SOCKETS];
    if (scenario->process_own && *sim == NULL)
        *sim = "a subject in a process of its own needs real sockets";
    if (scenario->expect.memory_growth_max != UINT64_MAX && !is_memory_measurable() &&
        *sockets == NULL)
        *sockets = "memory cannot be measured in a build with -fsanitize=address";
    if (scenario->order_count > 0 && *sockets == NULL)
        *sockets = SCENARIO_ORDER_IS_SIMULATED;
    if (scenario->process_own && has_inner_fault(scenario) && *sockets == NULL)
        *sockets = "a fault beneath the proxy needs the subject within this process";
    if (is_on_ipv6(scenario) && *sockets == NULL && !sockets_have_ipv6())
        *sockets = "this machine has no ::1";
    for (size_t i = 0; i < scenario->upstream_count && *sockets == NULL; i++) {
        if (scenario->upstreams[i].listen_times > 0)
            *sockets = "real sockets cannot refuse or drop the first dials only";
        else if (scenario->process_own && upstream_script_has_pre_write(&scenario->upstreams[i]))
            *sockets = "a pre-write fault needs the subject within this process";
    }
}

void scenario_find_needs(struct scenario *scenario)
{
    scenario->needs_nameserver =
        scenario->names.entry_count > 0 || hook_plan_asks_for_unknown(&scenario->hooks);
    find_retries(scenario);
    find_tls(scenario);
    find_unsupported(scenario);
}
