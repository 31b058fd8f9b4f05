#include "harness/cast/parties.h"

#include "world/sim/sim.h"

enum party {
    PARTY_PROXY = SIM_PARTY_FIRST,
    PARTY_ACTORS, /* where they are one */
    PARTY_CLIENTS,
    PARTY_UPSTREAMS = PARTY_CLIENTS + SCENARIO_CLIENTS_MAX,
};

/* Who are parties of their own. */
enum parting {
    PART_NOBODY, /* all are one */
    PART_PROXY,  /* and the actors are one */
    PART_ALL,
};

/* A step by which actors know of each other; a stream is found again by what all actors have begun to send. */
static bool meets(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        if (script->steps[i].word == STEP_SIGNAL || script->steps[i].word == STEP_WAIT ||
            script->steps[i].word == STEP_STREAM)
            return true;
    return false;
}

static bool upstream_meets(const struct upstream_script *upstream)
{
    for (size_t i = 0; i < upstream->entry_count; i++)
        if (meets(&upstream->entries[i].script))
            return true;
    return meets(&upstream->standing);
}

static bool actors_meet(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->client_count; i++)
        if (meets(&scenario->clients[i].script))
            return true;
    for (size_t i = 0; i < scenario->upstream_count; i++)
        if (upstream_meets(&scenario->upstreams[i]))
            return true;
    return false;
}

static bool hooks_meet_actors(const struct hook_plan *plan)
{
    for (size_t i = 0; i < HOOK_NAME_COUNT; i++)
        for (const struct hook_action *action = plan->actions[i]; action != NULL;
             action = action->next)
            if (action->signal != NULL || action->wait == HOOK_WAIT_SIGNAL)
                return true;
    return false;
}

/* What a fault makes actors, or the proxy's side of the network, know of each other. */
static enum parting parting_of_fault(const struct wire_fault *fault)
{
    if (fault->kind == WIRE_FAULT_CLIENT_FIN || fault->kind == WIRE_FAULT_CLIENT_RST)
        return PART_PROXY;
    if (fault->party != WIRE_CLIENT)
        return PART_ALL;
    if (fault->kind == WIRE_FAULT_SHORT_WRITE || fault->kind == WIRE_FAULT_NO_DESCRIPTORS)
        return PART_NOBODY; /* the filter looks for the connection among those of all clients */
    return fault->kind == WIRE_FAULT_SPLIT ? PART_PROXY : PART_ALL;
}

static enum parting parting_of(const struct scenario *scenario)
{
    enum parting parting = actors_meet(scenario) ? PART_PROXY : PART_ALL;

    if (scenario->uses_tls || hooks_meet_actors(&scenario->hooks))
        return PART_NOBODY;
    for (size_t i = 0; i < scenario->fault_count; i++)
        if (parting_of_fault(&scenario->faults[i]) < parting)
            parting = parting_of_fault(&scenario->faults[i]);
    return parting;
}

static bool is_explored(const struct cast *cast)
{
    return cast->kind == WORLD_SIM && sim_is_ordered(cast->world);
}

void parties_set_proxy(struct cast *cast)
{
    if (is_explored(cast))
        sim_set_party(cast->world, PARTY_PROXY);
}

void parties_tell(const struct cast *cast, uint64_t word)
{
    if (is_explored(cast))
        sim_tell_party(cast->world, word);
}

static void set_actor(struct cast *cast, uint32_t party)
{
    static const uint32_t SHARED[] = {[PART_NOBODY] = PARTY_PROXY, [PART_PROXY] = PARTY_ACTORS};
    enum parting parting;

    if (!is_explored(cast))
        return;
    parting = parting_of(cast->scenario);
    sim_set_party(cast->world, parting == PART_ALL ? party : SHARED[parting]);
}

void parties_set_client(struct cast *cast, size_t client)
{
    set_actor(cast, PARTY_CLIENTS + (uint32_t)client);
}

void parties_set_upstream(struct cast *cast, size_t upstream)
{
    set_actor(cast, PARTY_UPSTREAMS + (uint32_t)upstream);
}

void parties_part_connections(struct cast *cast, size_t upstream)
{
    if (is_explored(cast) && parting_of(cast->scenario) == PART_ALL)
        sim_part_accepted(&cast->upstreams[upstream]->listener);
}
