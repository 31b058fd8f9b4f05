/*
 * How an actor's connections do TLS: a draft made into what world/tls asks for, and a fault of a handshake made on the line.
 *
 * Ownership: the caller releases what is made here.
 */
#ifndef FAKEUPSTREAM_ACTING_HANDSHAKE_H
#define FAKEUPSTREAM_ACTING_HANDSHAKE_H

#include "fakeupstream/acting/line.h"
#include "fakeupstream/acting/scene.h"
#include "fakeupstream/secure/tls_draft.h"
#include "world/tls/tls.h"

/* An upstream's side. name: the upstream's; host may be NULL. NULL when memory or descriptors ran out. */
MUST_USE struct tls_server *handshake_server(struct scene *scene, const struct tls_draft *draft,
                                             const char *name, const char *host);
/* A client's side. */
MUST_USE struct tls_client *handshake_client(struct scene *scene, const struct tls_draft *draft);

/* Sets the trap for the draft's fault: before the line's handshake has begun. */
void handshake_arm(struct line *line, enum tls_fault fault);

/* Takes note of how far the handshake is; line->opening is false when it has an outcome, and then a line whose handshake failed
 * is ended. */
void handshake_look(struct line *line);
/* Reading ended with an error: notes what TLS knows of it. False: nothing, it is the connection's own. */
bool handshake_note_trouble(struct line *line);

#endif
