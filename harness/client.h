/*
 * The scripted client: plays its list of steps against the subject, over as many connections as the
 * script opens, and keeps a witness of each.
 *
 * Ownership: lines are made once, kept over client_reset() and given out again. Witnesses can be read
 * until reset.
 * Limits: CLIENT_LINES_MAX connections per case.
 */
#ifndef HARNESS_CLIENT_H
#define HARNESS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/acting/actor.h"
#include "fakeupstream/acting/scene.h"
#include "fakeupstream/acting/script.h"
#include "world/base/object.h"
#include "world/world.h"

/* Whom a client means to speak to over TLS, unless its script says `sni`. */
#define CLIENT_SERVER_NAME "proxy.test"

enum { CLIENT_LINES_MAX = 4096 }; /* a script has at most SCRIPT_STEPS_MAX steps */

struct client {
    object_tag tag;
    struct scene *scene;
    struct actor actor;
    bool started;
    struct address target;
    uint32_t index;      /* which of the case's clients it is, for faults; its owner's to set */
    struct line **lines; /* the first line_count are of this case, in order of dialling */
    size_t line_count;
    size_t line_slots;
    size_t line_capacity;
    struct tls_client
        *tls; /* of connections made since the script's last word on TLS; NULL: none */
    const struct tls_draft *tls_draft; /* that word */
};

/* Once. */
void client_init(struct client *client, struct scene *scene);
void client_release(struct client *client);

/* Begins to play against the target. name ("client", or its key in `clients`) and script outlive the case. */
void client_start(struct client *client, const char *name, const struct script *script,
                  const struct address *target);
/* Ends every connection that is still held (with FIN). Witnesses stay. Harmless if not started. */
void client_stop(struct client *client);
/*
 * Ends the connection that it plays on as `end` would, from outside of its script, which goes on at the next turn. False: it
 * has none.
 */
bool client_leave(struct client *client, enum stream_end end);
/* In place of stop where the world was reset or destroyed under it, after a failed check. */
void client_abandon(struct client *client);
/* Forgets the case; after stop. */
void client_reset(struct client *client);

/* True when the script has been played, or stalled for good. Its connections may still be open. */
bool client_is_over(const struct client *client);
size_t client_held(const struct client *client);

/* The witness of connection `index` (from 0). Response k on a connection answers request k sent on it. */
static inline const struct witness *client_witness(const struct client *client, size_t index)
{
    check(index < client->line_count);
    return &client->lines[index]->witness;
}

#endif
