#include "harness/cast/cast_faults.h"

#include <string.h>

#include "world/passing.h"

#include "harness/cast/parties.h"

enum { NO_RULE = -1 };

_Static_assert((int)UPSTREAMS_MAX <= (int)IMPAIR_UPSTREAMS_MAX, "each upstream can be named");

/* Clients' connections up to this one, as the proxy accepts them: those whose dial failed never came there. */
static uint32_t rank_of(const struct cast *cast, const struct line *line)
{
    uint32_t rank = 0;
    for (size_t c = 0; c < cast->scenario->client_count; c++) {
        const struct client *client = cast->clients[c];
        for (size_t i = 0; i < client->line_count; i++)
            rank += client->lines[i]->dialled > 0 && client->lines[i]->witness.dial_error == 0 &&
                    client->lines[i]->dialled <= line->dialled;
    }
    return rank;
}

static bool find_client(void *owner, uint32_t ordinal, uint32_t *client, uint32_t *connection)
{
    const struct cast *cast = owner;
    for (size_t c = 0; c < cast->scenario->client_count; c++)
        for (size_t i = 0; i < cast->clients[c]->line_count; i++) {
            const struct line *line = cast->clients[c]->lines[i];
            if (line->dialled > 0 && line->witness.dial_error == 0 &&
                rank_of(cast, line) == ordinal) {
                *client = (uint32_t)c;
                *connection = line->witness.connection;
                return true;
            }
        }
    return false;
}

/* The proxy's end of the connection. NULL: it is not known. */
static const struct trace_stream *find_stream(const struct cast *cast, const struct line *line)
{
    bool upstream = line->transcript.kind == TRANSCRIPT_REQUESTS;
    const struct address nobody = {0}; /* as the trace has clients */
    const struct address *address = upstream ? &cast->upstreams[line->index]->address : &nobody;
    enum trace_side side = upstream ? TRACE_CONNECTED : TRACE_ACCEPTED;
    uint32_t ordinal = upstream
                           ? impair_dial_of(cast->impair, line->index, line->witness.connection)
                           : rank_of(cast, line);
    const struct trace_stream *stream;
    for (size_t i = 0; (stream = trace_stream_at(cast->trace, i)) != NULL; i++)
        if (stream->side == side && stream->ordinal == ordinal &&
            address_equal(&stream->address, address))
            return stream;
    return NULL;
}

static bool proxy_has_read(const struct cast *cast, struct line *line)
{
    const struct trace_stream *stream = cast->proxy_seen ? find_stream(cast, line) : NULL;
    struct stream_info info;
    if (stream == NULL || !line_is_held(line))
        return false;
    stream_info(&line->stream, &info);
    return info.tx_pending == 0 && stream->rx >= info.tx;
}

static bool has_read(void *owner, struct line *line)
{
    const struct cast *cast = owner;
    bool read = proxy_has_read(cast, line);
    parties_tell(cast, read);
    return read;
}

static bool end_client(void *owner, enum stream_end end)
{
    const struct cast *cast = owner;
    return cast->scenario->client_count > 0 && client_leave(cast->clients[0], end);
}

static void note_met(struct cast *cast, size_t place)
{
    const struct world *recorded = cast_recorded(cast);
    struct fault_moment *moment = &cast->fault_moments[place];
    if (moment->met)
        return;
    *moment = (struct fault_moment){
        .met = true,
        .at_ns = world_now(cast->world),
        .seen = recorded != NULL ? trace_event_count(recorded) : 0,
    };
}

static void on_line_met(void *owner, size_t place)
{
    note_met(owner, place);
}

static void on_rule_met(void *owner, int rule)
{
    struct cast *cast = owner;
    for (size_t i = 0; i < cast->scene.faults.count; i++)
        if (cast->impaired[i] == rule)
            note_met(cast, i);
}

void cast_faults_start(struct cast *cast)
{
    const struct scenario *scenario = cast->scenario;
    check(scenario->fault_count <= WIRE_FAULTS_MAX);
    if (scenario->fault_count == 0)
        return;
    cast->scene.faults = (struct scene_faults){
        .list = scenario->faults,
        .count = scenario->fault_count,
        .has_read = has_read,
        .end_client = end_client,
        .on_met = on_line_met,
        .owner = cast,
    };
    for (size_t i = 0; i < scenario->upstream_count; i++)
        impair_name_upstream(cast->impair, (uint32_t)i, &cast->upstreams[i]->address);
    impair_find_clients(cast->impair, find_client, cast);
    impair_tell(cast->impair, on_rule_met, cast);
    for (size_t i = 0; i < scenario->fault_count; i++) {
        cast->impaired[i] = NO_RULE;
        if (!wire_fault_is_beneath_proxy(scenario->faults[i].kind))
            continue;
        cast->impaired[i] = impair_add(cast->impair, &scenario->faults[i]);
        check(cast->impaired[i] != NO_RULE);
        passing_stand_on(cast->trace, cast->impair);
    }
}

void cast_faults_forget(struct cast *cast)
{
    impair_reset(cast->impair);
    memset(cast->fault_moments, 0, sizeof(cast->fault_moments));
    passing_stand_on(cast->trace, cast->world);
}

unsigned cast_faults_met(const struct cast *cast)
{
    unsigned met = cast->scene.faults.met;
    for (size_t i = 0; i < cast->scene.faults.count; i++)
        if (cast->impaired[i] != NO_RULE && impair_met(cast->impair, cast->impaired[i]))
            met |= 1u << i;
    return met;
}
