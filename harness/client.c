#include "harness/client.h"

#include <errno.h>
#include <stdlib.h>

#include "fakeupstream/acting/handshake.h"
#include "world/base/check.h"

#define CLIENT_TAG OBJECT_TAG('C', 'L', 'N', 'T')

enum { LINES_FIRST = 4 };

static bool dial(struct actor *actor);
static void on_line_event(struct line *line);
static void forget_tls(struct client *client);

static const struct actor_ways WAYS = {.side = SCRIPT_CLIENT, .dial = dial};

void client_init(struct client *client, struct scene *scene)
{
    *client = (struct client){.tag = CLIENT_TAG, .scene = scene};
}

void client_release(struct client *client)
{
    for (size_t i = 0; i < client->line_slots; i++) {
        line_release(client->lines[i]);
        free(client->lines[i]);
    }
    free(client->lines);
    forget_tls(client);
    client->lines = NULL;
    client->tag = 0;
}

void client_start(struct client *client, const char *name, const struct script *script,
                  const struct address *target)
{
    char host[ADDRESS_TEXT_BYTES];
    struct actor_options options = {
        .ways = &WAYS,
        .scene = client->scene,
        .owner = client,
        .name = name,
        .script = script,
        .host = address_format(target, host),
    };

    check(!client->started);
    check(client->line_count == 0);
    client->target = *target;
    client->started = true;
    actor_init(&client->actor, &options);
    actor_start(&client->actor);
}

void client_stop(struct client *client)
{
    if (!client->started)
        return;
    client->started = false;
    actor_stop(&client->actor);
    for (size_t i = 0; i < client->line_count; i++)
        line_end(client->lines[i], STREAM_FIN);
    forget_tls(client);
}

bool client_leave(struct client *client, enum stream_end end)
{
    struct line *line = client->actor.line;

    if (!client->started || line == NULL || !line_is_held(line))
        return false;
    line_end(line, end);
    actor_wake(&client->actor);
    return true;
}

void client_abandon(struct client *client)
{
    if (client->started)
        actor_abandon(&client->actor);
    client->started = false;
    for (size_t i = 0; i < client->line_count; i++)
        line_abandon(client->lines[i]);
    forget_tls(client);
}

void client_reset(struct client *client)
{
    check(!client->started);
    for (size_t i = 0; i < client->line_count; i++)
        line_reset(client->lines[i]);
    client->line_count = 0;
}

bool client_is_over(const struct client *client)
{
    return actor_is_over(&client->actor);
}

size_t client_held(const struct client *client)
{
    size_t held = 0;

    for (size_t i = 0; i < client->line_count; i++)
        held += line_is_held(client->lines[i]);
    return held;
}

/* A line of an earlier case, or a new one. NULL: none to be had. */
static struct line *take_slot(struct client *client)
{
    struct line **grown;
    struct line *line;
    size_t capacity;

    if (client->line_count < client->line_slots)
        return client->lines[client->line_count];
    if (client->line_slots == CLIENT_LINES_MAX)
        return NULL;
    if (client->line_slots == client->line_capacity) {
        capacity = client->line_capacity == 0 ? LINES_FIRST : client->line_capacity * 2;
        grown = realloc(client->lines, capacity * sizeof(struct line *));
        if (grown == NULL)
            return NULL;
        client->lines = grown;
        client->line_capacity = capacity;
    }
    line = malloc(sizeof(*line));
    if (line == NULL)
        return NULL;
    line_init(line, client->scene);
    line->on_event = on_line_event;
    line->owner = client;
    client->lines[client->line_slots++] = line;
    return line;
}

static void forget_tls(struct client *client)
{
    tls_client_release(&client->tls);
    client->tls_draft = NULL;
}

/* Connections made since one word on TLS resume each other's sessions. False: memory ran out. */
static bool prepare_tls(struct client *client)
{
    const struct tls_draft *draft = client->actor.tls;

    if (client->tls_draft == draft)
        return client->tls != NULL;
    forget_tls(client);
    client->tls = handshake_client(client->scene, draft);
    client->tls_draft = draft;
    return client->tls != NULL;
}

static int connect_line(struct client *client, struct line *line)
{
    const struct tls_draft *draft = client->actor.tls;
    unsigned ordinal = (unsigned)client->line_count;
    struct line_security security;

    line->index = client->index;
    if (draft == NULL || !draft->on)
        return line_connect(line, &client->target, ordinal, NULL);
    if (!prepare_tls(client))
        return -ENOMEM;
    security = (struct line_security){
        .client = client->tls,
        .server_name = draft->sni != NULL ? draft->sni : CLIENT_SERVER_NAME,
        .fault = draft->fault,
    };
    return line_connect(line, &client->target, ordinal, &security);
}

/* A dial that cannot even begin is witnessed like one that failed. */
static bool dial(struct actor *actor)
{
    struct client *client = object_cast(actor->owner, CLIENT_TAG);
    struct line *line = take_slot(client);

    if (line == NULL)
        return false;
    client->line_count++;
    if (connect_line(client, line) < 0)
        return false;
    actor->line = line;
    return true;
}

/* Only one line is played on; the others linger until the peer closes them. */
static void on_line_event(struct line *line)
{
    struct client *client = object_cast(line->owner, CLIENT_TAG);

    if (line == client->actor.line)
        actor_on_line(&client->actor);
    else
        line_linger(line);
}
