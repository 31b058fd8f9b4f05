#include "fakeupstream/fake_upstream.h"

#include <errno.h>
#include <stdlib.h>

#include "fakeupstream/acting/handshake.h"
#include "world/base/check.h"

#define FAKE_UPSTREAM_TAG OBJECT_TAG('F', 'A', 'K', 'E')

enum { CONNECTIONS_FIRST = 8 };

static void on_acceptable(struct listener *listener);
static void on_actor_over(struct actor *actor);
static void on_line_event(struct line *line);

static const struct actor_ways WAYS = {.side = SCRIPT_UPSTREAM, .on_over = on_actor_over};

void fake_upstream_init(struct fake_upstream *upstream, struct scene *scene)
{
    *upstream = (struct fake_upstream){
        .tag = FAKE_UPSTREAM_TAG,
        .scene = scene,
        .listener = {.on_acceptable = on_acceptable, .owner = upstream},
    };
}

void fake_upstream_release(struct fake_upstream *upstream)
{
    check(!upstream->listening);
    for (size_t i = 0; i < upstream->connection_slots; i++) {
        line_release(&upstream->connections[i]->line);
        free(upstream->connections[i]);
    }
    free(upstream->connections);
    tls_server_release(&upstream->tls);
    upstream->connections = NULL;
    upstream->tag = 0;
}

int fake_upstream_start(struct fake_upstream *upstream, const char *name,
                        const struct upstream_script *script, const struct address *address)
{
    enum listen_mode mode = script->listen_times > 0 ? LISTEN_OPEN : script->listen;
    int outcome;

    check(!upstream->listening);
    check(upstream->connection_count == 0);
    upstream->name = name;
    upstream->script = script;
    upstream->address = *address;
    if (script->tls.on) {
        upstream->tls = handshake_server(upstream->scene, &script->tls, name, script->host);
        if (upstream->tls == NULL)
            return -ENOMEM;
    }
    outcome = world_listen(upstream->scene->world, &upstream->listener, &upstream->address, mode,
                           FAKE_UPSTREAM_BACKLOG);
    upstream->listening = outcome == 0;
    if (outcome == 0)
        scene_add_place(upstream->scene, &(struct scene_place){.name = name,
                                                               .host = script->host,
                                                               .address = upstream->address});
    return outcome;
}

void fake_upstream_stop(struct fake_upstream *upstream)
{
    if (upstream->listening)
        world_unlisten(upstream->scene->world, &upstream->listener);
    upstream->listening = false;
    for (size_t i = 0; i < upstream->connection_count; i++) {
        actor_stop(&upstream->connections[i]->actor);
        line_end(&upstream->connections[i]->line, STREAM_FIN);
    }
    tls_server_release(&upstream->tls);
}

void fake_upstream_abandon(struct fake_upstream *upstream)
{
    upstream->listening = false;
    upstream->listener.impl = NULL;
    for (size_t i = 0; i < upstream->connection_count; i++) {
        actor_abandon(&upstream->connections[i]->actor);
        line_abandon(&upstream->connections[i]->line);
    }
    tls_server_release(&upstream->tls);
}

void fake_upstream_reset(struct fake_upstream *upstream)
{
    check(!upstream->listening);
    for (size_t i = 0; i < upstream->connection_count; i++)
        line_reset(&upstream->connections[i]->line);
    upstream->connection_count = 0;
    upstream->accepted = 0;
    upstream->refused_for_memory = 0;
}

static struct fake_connection *make_connection(struct fake_upstream *upstream)
{
    struct fake_connection *connection = malloc(sizeof(*connection));

    if (connection == NULL)
        return NULL;
    connection->upstream = upstream;
    line_init(&connection->line, upstream->scene);
    connection->line.on_event = on_line_event;
    connection->line.owner = connection;
    return connection;
}

/* A slot that is not in use: one given back, one of an earlier case, or a new one. NULL: none to be had. */
static struct fake_connection *take_slot(struct fake_upstream *upstream)
{
    struct fake_connection **grown;
    size_t capacity;

    if (upstream->connection_count < upstream->connection_slots)
        return upstream->connections[upstream->connection_count];
    if (upstream->connection_slots == FAKE_UPSTREAM_CONNECTIONS_MAX)
        return NULL;
    if (upstream->connection_slots == upstream->connection_capacity) {
        capacity = upstream->connection_capacity == 0 ? CONNECTIONS_FIRST
                                                      : upstream->connection_capacity * 2;
        grown = realloc(upstream->connections, capacity * sizeof(struct fake_connection *));
        if (grown == NULL)
            return NULL;
        upstream->connections = grown;
        upstream->connection_capacity = capacity;
    }
    upstream->connections[upstream->connection_slots] = make_connection(upstream);
    if (upstream->connections[upstream->connection_slots] == NULL)
        return NULL;
    return upstream->connections[upstream->connection_slots++];
}

/* A slot is missing, or what its TLS needs: nobody is accepted any more, and it is counted. */
static void give_up_listening(struct fake_upstream *upstream)
{
    upstream->refused_for_memory++;
    world_unlisten(upstream->scene->world, &upstream->listener);
    upstream->listening = false;
}

/* Accepts with the TLS that the connection's own script asks for, where it asks for another than the upstream's. */
static int accept_line(struct fake_upstream *upstream, struct line *line, unsigned ordinal)
{
    const struct tls_draft draft = upstream_script_tls(upstream->script, ordinal);
    enum tls_fault fault = line_faults_handshake(upstream->scene, upstream->index, ordinal);
    struct line_security security = {.server = upstream->tls, .fault = draft.fault};
    struct tls_server *own = NULL;
    int outcome;

    line->index = upstream->index;
    if (!draft.on)
        return line_accept(line, &upstream->listener, ordinal, NULL);
    if (draft.fault_set) {
        own = handshake_server(upstream->scene, &draft, upstream->name, upstream->script->host);
        if (own == NULL)
            return -ENOMEM;
        security.server = own;
    }
    if (fault != TLS_FAULT_NONE)
        security.fault = fault;
    outcome = line_accept(line, &upstream->listener, ordinal, &security);
    tls_server_release(&own);
    return outcome;
}

/* One connection per upcall: the listener calls again as long as others wait. */
static void on_acceptable(struct listener *listener)
{
    struct fake_upstream *upstream = object_cast(listener->owner, FAKE_UPSTREAM_TAG);
    struct fake_connection *connection = take_slot(upstream);
    unsigned ordinal = upstream->accepted + 1;
    struct actor_options options;
    int outcome = connection == NULL ? -ENOMEM : accept_line(upstream, &connection->line, ordinal);

    if (outcome == -ENOMEM)
        give_up_listening(upstream);
    if (outcome < 0)
        return;
    upstream->accepted = ordinal;
    upstream->connection_count++;
    options = (struct actor_options){
        .ways = &WAYS,
        .scene = upstream->scene,
        .owner = connection,
        .name = upstream->name,
        .script = upstream_script_of(upstream->script, ordinal),
        .standing = &upstream->script->standing,
        .line = &connection->line,
    };
    actor_init(&connection->actor, &options);
    actor_start(&connection->actor);
}

static void on_line_event(struct line *line)
{
    struct fake_connection *connection = line->owner;

    actor_on_line(&connection->actor);
}

static void on_actor_over(struct actor *actor)
{
    struct fake_connection *connection = actor->owner;
    struct fake_upstream *upstream = connection->upstream;

    if (upstream->on_over != NULL)
        upstream->on_over(upstream, connection);
}

size_t fake_upstream_held(const struct fake_upstream *upstream)
{
    size_t held = 0;

    for (size_t i = 0; i < upstream->connection_count; i++)
        held += line_is_held(&upstream->connections[i]->line);
    return held;
}

bool fake_upstream_is_over(const struct fake_upstream *upstream)
{
    for (size_t i = 0; i < upstream->connection_count; i++)
        if (!actor_is_over(&upstream->connections[i]->actor))
            return false;
    return true;
}

void fake_upstream_forget(struct fake_upstream *upstream, size_t index)
{
    struct fake_connection *connection = upstream->connections[index];

    check(index < upstream->connection_count);
    actor_stop(&connection->actor);
    line_reset(&connection->line);
    upstream->connection_count--;
    for (size_t i = index; i < upstream->connection_count; i++)
        upstream->connections[i] = upstream->connections[i + 1];
    upstream->connections[upstream->connection_count] = connection;
}
