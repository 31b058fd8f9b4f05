/*
 * Who sends what: the names that play time gives to messages and streams, and with them where a request goes.
 */
#ifndef FAKEUPSTREAM_ACTING_LABEL_H
#define FAKEUPSTREAM_ACTING_LABEL_H

#include "fakeupstream/acting/actor.h"

/* The prepared message begins on the actor's line: "client.3", "a.1.2". */
void label_message(struct actor *actor);
/* What this side sends from here on is no HTTP: "client.1.stream". Harmless where that is so already. */
void label_stream(struct actor *actor);
/* The actor has a new line, which is no HTTP from its first byte if the script says so. */
void label_line(struct actor *actor);

#endif
