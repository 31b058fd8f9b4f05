#include "harness/cast/cast.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/cast/cast_faults.h"
#include "harness/cast/credentials.h"
#include "harness/cast/parties.h"
#include "reports/recording/recording.h"
#include "world/sim/sim.h"
#include "world/sockets/sockets.h"

static void keep_record(void *owner, const struct exchange_record *record);

static bool make_upstream(struct cast *cast, size_t index)
{
    if (cast->upstreams[index] != NULL)
        return true;
    cast->upstreams[index] = calloc(1, sizeof(*cast->upstreams[index]));
    if (cast->upstreams[index] == NULL)
        return false;
    fake_upstream_init(cast->upstreams[index], &cast->scene);
    cast->upstreams[index]->index = (uint32_t)index;
    return true;
}

static bool make_client(struct cast *cast, size_t index)
{
    if (cast->clients[index] != NULL)
        return true;
    cast->clients[index] = calloc(1, sizeof(*cast->clients[index]));
    if (cast->clients[index] == NULL)
        return false;
    client_init(cast->clients[index], &cast->scene);
    cast->clients[index]->index = (uint32_t)index;
    return true;
}

/* ---- upstreams ------------------------------------------------------------------------------ */

/* The first dials to an open listener fail, then it answers: only the simulation can do that. */
static void fail_first_dials(struct fake_upstream *upstream)
{
    const struct upstream_script *script = upstream->script;
    if (script->listen_times > 0)
        sim_listener_fail_first(&upstream->listener, (uint32_t)script->listen_times,
                                script->listen == LISTEN_REFUSED ? SIM_DIAL_REFUSED
                                                                 : SIM_DIAL_DROPPED);
}

enum { ADDRESS_LAST_MAX = 254 }; /* neither a network's own address nor its broadcast */

/*
 * Where the listeners of a case are. On real sockets each case has an address of its own within 127.0.0.0/8: thousands of
 * connections of earlier cases linger in TIME_WAIT, and looking for a port that none of them holds would be most of the
 * work of a case.
 */
static struct address choose_address(const struct cast *cast)
{
    struct address address = address_loopback(0);
    if (cast->kind == WORLD_SIM)
        return address;
    uint64_t chance = world_random(cast->world) ^ (uint64_t)getpid()
                                                      << 16; /* several may run at once */
    address.bytes[1] = (uint8_t)(1 + chance % ADDRESS_LAST_MAX);
    address.bytes[2] = (uint8_t)(chance >> 16);
    address.bytes[3] = (uint8_t)(1 + (chance >> 32) % ADDRESS_LAST_MAX);
    return address;
}

/*
 * Where an upstream listens. A name leads to an address and to any port, so where there are names upstreams differ by their
 * address and have one port, as servers of one name have.
 */
static struct address choose_upstream_address(const struct cast *cast, size_t index, uint16_t port)
{
    struct address address = cast->address;
    address.port = port;
    if (cast->scenario->upstreams[index].on_ipv6)
        address = (struct address){.family = 6, .bytes = {[15] = 1}, .port = port};
    else if (cast->scenario->needs_nameserver)
        address.bytes[3] = (uint8_t)(1 + (address.bytes[3] - 1u + index) % ADDRESS_LAST_MAX);
    return address;
}

static bool start_upstream(struct cast *cast, size_t index, struct address address,
                           char error[CAST_ERROR_BYTES])
{
    const struct scenario_network *network = &cast->scenario->network;
    const char *name = cast->scenario->upstream_names[index];
    if (!make_upstream(cast, index)) {
        snprintf(error, CAST_ERROR_BYTES, "out of memory");
        return false;
    }
    struct fake_upstream *upstream = cast->upstreams[index];
    parties_set_upstream(cast, index);
    int outcome = fake_upstream_start(upstream, name, &cast->scenario->upstreams[index], &address);
    if (outcome != 0) {
        char where[ADDRESS_TEXT_BYTES];
        snprintf(error, CAST_ERROR_BYTES, "upstream %s could not listen at %s: %s", name,
                 address_format(&address, where), strerror(-outcome));
        return false;
    }
    parties_part_connections(cast, index);
    if (cast->kind == WORLD_SIM)
        fail_first_dials(upstream);
    else if (upstream->listening && network->sndbuf_bytes + network->rcvbuf_bytes > 0)
        sockets_shape_listener(cast->world, &upstream->listener, (int)network->sndbuf_bytes,
                               (int)network->rcvbuf_bytes);
    (void)!trace_name_address(cast->trace, &upstream->address, name); /* a story without names */
    return true;
}

static bool add_rule(struct cast *cast, size_t upstream, uint32_t connection,
                     const struct pre_write_fault *fault)
{
    static const enum fault_kind KINDS[] = {
        [STEP_END_FIN] = FAULT_FIN, [STEP_END_RST] = FAULT_RST, [STEP_END_STALL] = FAULT_STALL};
    const struct fault_rule rule = {.address = cast->upstreams[upstream]->address,
                                    .connection = connection,
                                    .turn = fault->turn,
                                    .kind = KINDS[fault->kind]};
    int index = fault_add_rule(cast->fault, &rule);
    if (index < 0)
        return false;
    cast->rules[cast->rule_count++] = (struct cast_rule){upstream, fault->turn, index};
    return true;
}

/* The connections of the lists one by one, and as many of those after them as attempts can meet. */
static bool add_rules(struct cast *cast, size_t upstream)
{
    const struct upstream_script *script = &cast->scenario->upstreams[upstream];
    struct pre_write_fault fault;
    if (!upstream_script_has_pre_write(script))
        return true;
    if (script->connection_count == 0)
        return upstream_script_pre_write(script, 1, &fault) && add_rule(cast, upstream, 0, &fault);
    unsigned last = script->connection_count + cast->scenario->retry.retries_max + 1;
    for (unsigned connection = 1; connection <= last; connection++)
        if (upstream_script_pre_write(script, connection, &fault) &&
            !add_rule(cast, upstream, connection, &fault))
            return false;
    return true;
}

static void set_text(char *to, size_t room, const char *from)
{
    size_t size = strlen(from);
    check(size < room);
    memcpy(to, from, size + 1);
}

/* As settings spell it: an IPv6 address in brackets. */
static void write_host(const struct address *address, char host[HOST_BYTES])
{
    char text[ADDRESS_TEXT_BYTES];
    if (address->family == 6)
        snprintf(host, HOST_BYTES, "[%s]", address_format_host(address, text));
    else
        set_text(host, HOST_BYTES, address_format_host(address, text));
}

static bool fill_settings(struct cast *cast, char error[CAST_ERROR_BYTES])
{
    const struct scenario *scenario = cast->scenario;
    _Static_assert(sizeof(cast->settings.upstreams[0].host) >= ADDRESS_TEXT_BYTES,
                   "an address is written where a host name fits");
    proxy_settings_copy(&cast->settings, &scenario->proxy);
    check(cast->settings.upstream_count == scenario->proxy_upstream_count);
    for (size_t i = 0; i < scenario->proxy_upstream_count; i++) {
        size_t index = scenario->proxy_upstreams[i];
        struct upstream_settings *settings = &cast->settings.upstreams[i];
        const char *host = scenario->upstreams[index].host;
        write_host(&cast->upstreams[index]->address, settings->host);
        if (host != NULL)
            set_text(settings->host, sizeof(settings->host), host);
        settings->port = cast->upstreams[index]->address.port;
    }
    cast->settings.listen = cast->address;
    if (scenario->proxy_on_ipv6)
        cast->settings.listen = (struct address){.family = 6, .bytes = {[15] = 1}};
    if (scenario->needs_nameserver && cast->kind == WORLD_SOCKETS)
        cast->settings.nameserver = cast->names.address;
    cast->settings.on_record = keep_record;
    cast->settings.owner = cast;
    if (!scenario->uses_tls || credentials_fill(scenario, &cast->scene, &cast->settings))
        return true;
    snprintf(error, CAST_ERROR_BYTES, "the test authority's certificates could not be made");
    return false;
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool find_upstream(void *owner, const char *name, struct address *out)
{
    const struct cast *cast = owner;
    for (size_t i = 0; i < cast->scenario->upstream_count; i++)
        if (strcmp(cast->scenario->upstream_names[i], name) == 0) {
            *out = cast->upstreams[i]->address;
            return true;
        }
    return false;
}

/* port: where it was in the case before, if that is to be the same; 0: any. */
static bool start_names(struct cast *cast, uint16_t port, char error[CAST_ERROR_BYTES])
{
    const struct name_server_options options = {
        .script = &cast->scenario->names, .find = find_upstream, .owner = cast};
    struct address address = cast->address;
    if (!cast->scenario->needs_nameserver)
        return true;
    address.port = port;
    name_server_init(&cast->names, &options);
    if (cast->kind == WORLD_SIM) {
        sim_on_resolve(cast->world, name_server_look_up, &cast->names);
        return true;
    }
    int outcome = name_server_listen(&cast->names, cast->world, &address);
    if (outcome != 0)
        snprintf(error, CAST_ERROR_BYTES, "the nameserver could not listen: %s",
                 strerror(-outcome));
    return outcome == 0;
}

/* ---- all who are there before the proxy ----------------------------------------------------- */

/* Where nothing is seen at the proxy's seam, the actors' own is watched. */
static bool watch_actors(struct cast *cast, char error[CAST_ERROR_BYTES])
{
    const struct trace_options options = {.events_max = CAST_EVENTS_MAX};
    if (cast->watch == NULL) {
        cast->watch = trace_create(cast->world, &options);
        if (cast->watch == NULL) {
            snprintf(error, CAST_ERROR_BYTES, "out of memory");
            return false;
        }
        trace_keep_bytes(cast->watch, RECORDING_STREAM_BYTES_MAX);
    }
    scene_stand_in(&cast->scene, cast->watch);
    return true;
}

/* Those on ::1 come first: they share it with everybody, and where the port is to be one they choose it. */
static bool start_listeners(struct cast *cast, bool on_ipv6, uint16_t *port,
                            char error[CAST_ERROR_BYTES])
{
    const struct scenario *scenario = cast->scenario;
    for (size_t i = 0; i < scenario->upstream_count; i++) {
        if (scenario->upstreams[i].on_ipv6 != on_ipv6)
            continue;
        if (!start_upstream(cast, i, choose_upstream_address(cast, i, on_ipv6 ? 0 : *port), error))
            return false;
        if (*port == 0 && scenario->needs_nameserver)
            *port = cast->upstreams[i]->address.port;
    }
    return true;
}

/* Where the upstreams of the case before were. */
static bool start_listeners_at(struct cast *cast, const uint16_t *ports,
                               char error[CAST_ERROR_BYTES])
{
    for (size_t i = 0; i < cast->scenario->upstream_count; i++)
        if (!start_upstream(cast, i, choose_upstream_address(cast, i, ports[i]), error))
            return false;
    return true;
}

bool cast_start_upstreams(struct cast *cast, const struct scenario *scenario, const uint16_t *ports,
                          char error[CAST_ERROR_BYTES])
{
    uint16_t port = 0;
    check(cast->scenario == NULL);
    cast->scenario = scenario;
    if (cast->is_recorded && scenario->process_own && !watch_actors(cast, error))
        return false;
    if (ports == NULL)
        cast->address = choose_address(cast);
    if (ports != NULL ? !start_listeners_at(cast, ports, error)
                      : !start_listeners(cast, true, &port, error) ||
                            !start_listeners(cast, false, &port, error))
        return false;
    for (size_t i = 0; i < scenario->upstream_count; i++)
        if (!add_rules(cast, i)) {
            snprintf(error, CAST_ERROR_BYTES, "more than %d pre-write faults", FAULT_RULES_MAX);
            return false;
        }
    cast_faults_start(cast);
    parties_set_proxy(cast);
    return start_names(cast, ports != NULL ? cast->names.address.port : 0, error) &&
           fill_settings(cast, error);
}

bool cast_start_upstreams_at(struct cast *cast, const struct scenario *scenario,
                             const struct cast_place *place, char error[CAST_ERROR_BYTES])
{
    cast->scenario = scenario;
    if (cast->is_recorded && !watch_actors(cast, error))
        return false;
    cast->scene.manner = place->manner;
    for (size_t i = 0; i < scenario->upstream_count; i++) {
        size_t index = 0;
        while (place->names[index] != NULL &&
               strcmp(place->names[index], scenario->upstream_names[i]) != 0)
            index++;
        check(place->names[index] != NULL);
        if (!start_upstream(cast, i, place->upstreams[index], error))
            return false;
    }
    return true;
}

/* ---- the proxy and its clients -------------------------------------------------------------- */

/* Upstreams that the proxy is not given are known to hooks by their address alone. */
static void fill_hook_targets(struct cast *cast)
{
    const struct scenario *scenario = cast->scenario;
    for (size_t i = 0; i < scenario->upstream_count; i++)
        cast->hooks.targets[i] = (struct hook_target){UPSTREAM_OTHER, cast->upstreams[i]->address};
    for (unsigned i = 0; i < scenario->proxy_upstream_count; i++)
        cast->hooks.targets[scenario->proxy_upstreams[i]].upstream = i;
}

/* A proxy of a former case with the same settings and hooks. NULL: there is none. */
static struct proxy *take_kept(struct cast *cast, int *os_error)
{
    struct proxy *kept = cast->kept;
    if (kept == NULL || cast->kept_hooked != cast->scenario->hooks.installed ||
        !proxy_settings_equal(proxy_settings_now(kept), &cast->settings) ||
        !proxy_restart(kept, os_error))
        return NULL;
    cast->kept = NULL;
    return kept;
}

bool cast_start_proxy(struct cast *cast, char error[CAST_ERROR_BYTES])
{
    const struct proxy_hooks *hooks;
    int os_error;
    _Static_assert((int)CAST_ERROR_BYTES >= (int)SETTINGS_ERROR_BYTES, "a sentence fits");
    if (cast->scenario->expect.log != NULL &&
        !case_log_open(&cast->log, cast->kind == WORLD_SIM, error))
        return false;
    fill_hook_targets(cast);
    hooks = scripted_hooks_start(&cast->hooks, &cast->scenario->hooks);
    cast->proxy = take_kept(cast, &os_error);
    if (cast->proxy == NULL)
        cast->proxy = proxy_create(cast->fault, &cast->settings, hooks, &os_error);
    if (cast->proxy == NULL && proxy_settings_check(&cast->settings, error))
        snprintf(error, CAST_ERROR_BYTES, "the proxy could not listen: %s", strerror(os_error));
    cast->proxy_seen = cast->proxy != NULL;
    return cast->proxy_seen;
}

static bool speaks_tls(const struct proxy_settings *settings)
{
    bool tls = settings->certificate_count > 0;
    for (size_t i = 0; i < settings->upstream_count; i++)
        tls = tls || settings->upstreams[i].tls;
    return tls;
}

/*
 * In the simulation one case follows another by the hundred thousand, most of them with the same settings: the proxy is kept
 * for the next. Sessions of TLS would be remembered, so that one is made anew.
 */
void cast_end_proxy(struct cast *cast)
{
    if (cast->kind != WORLD_SIM || speaks_tls(&cast->settings)) {
        proxy_destroy(&cast->proxy);
        return;
    }
    proxy_stop(cast->proxy);
    if (cast->kept != NULL)
        proxy_destroy(&cast->kept);
    cast->kept = cast->proxy;
    cast->kept_hooked = cast->scenario->hooks.installed;
    cast->proxy = NULL;
}

void cast_start_clients(struct cast *cast, const struct address *subject)
{
    const struct scenario *scenario = cast->scenario;
    for (size_t i = 0; i < scenario->client_count; i++) {
        bool made = make_client(cast, i);
        check(made);
        parties_set_client(cast, i);
        client_start(cast->clients[i], scenario->clients[i].name, &scenario->clients[i].script,
                     subject);
    }
    parties_set_proxy(cast);
}

/* Where the next record goes: behind the others, or in the place of the oldest. NULL when memory runs out. */
static struct exchange_record *next_record(struct cast *cast)
{
    if (cast->record_count == EVIDENCE_RECORDS_MAX)
        return &cast->records[(cast->record_total - 1) % EVIDENCE_RECORDS_MAX];
    if (cast->record_count == cast->record_capacity) {
        size_t capacity = cast->record_capacity == 0 ? 4 : 2 * cast->record_capacity;
        struct exchange_record *records = realloc(cast->records, capacity * sizeof(*cast->records));
        if (records == NULL)
            return NULL;
        cast->records = records;
        cast->record_capacity = capacity;
    }
    return &cast->records[cast->record_count++];
}

/* A record has room for a hundred attempts and for many dials that failed, and hardly ever more than two of either. */
static void copy_record(struct exchange_record *to, const struct exchange_record *from)
{
    const size_t counts_at = offsetof(struct exchange_record, dial_count);
    const size_t attempts_at = offsetof(struct exchange_record, attempts);
    memcpy(to, from,
           offsetof(struct exchange_record, dials) + from->dial_count * sizeof(from->dials[0]));
    memcpy((char *)to + counts_at, (const char *)from + counts_at,
           attempts_at - counts_at + from->attempt_count * sizeof(from->attempts[0]));
}

static void keep_record(void *owner, const struct exchange_record *record)
{
    struct cast *cast = owner;
    cast->record_total++;
    if (case_log_is_open(&cast->log))
        request_log_add(cast->log.log, record, &cast->settings, world_now(cast->world));
    struct exchange_record *kept = next_record(cast);
    if (kept == NULL)
        return; /* record_total tells that it is missing */
    copy_record(kept, record);
}
