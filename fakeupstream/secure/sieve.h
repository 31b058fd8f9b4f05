/*
 * A world between TLS and the network that lets out only so much of what TLS writes: faults in the middle of a handshake,
 * and an end without close_notify, exact to the byte and without a switch in TLS.
 *
 * Knows only what TLS asks of a world: time, randomness, timers, accepting and connecting.
 *
 * A flight is what is written between two reads. Until a rule's place is reached everything passes both ways. There the rest
 * is withheld (TLS believes that it went), the rule's last bytes are sent, and on_spent() is called, at the end of an
 * upcall. From then on nothing is read either.
 *
 * Ownership: embedded in the scene; the world inside is not owned. A stream's node lives until the stream below is closed, which
 * may be later than its line has ended (TLS sends its last words behind a close), or until sieve_forget().
 */
#ifndef FAKEUPSTREAM_SECURE_SIEVE_H
#define FAKEUPSTREAM_SECURE_SIEVE_H

#include <stdbool.h>
#include <stdint.h>

#include "world/base/bytes.h"
#include "world/base/object.h"
#include "world/passing.h"

#define SIEVE_WHOLE_FLIGHT UINT64_MAX

struct sieve_stream;

struct sieve {
    struct passing passing; /* first: a struct world * of it is a struct sieve * */
    object_tag tag;
    struct sieve_stream *streams; /* the one made last first */
};

struct sieve_rule {
    unsigned flight;               /* which one, from 1 */
    uint64_t bytes;                /* of it that go out; 0: none, SIEVE_WHOLE_FLIGHT: all */
    struct bytes last;             /* sent in place of the rest; outlives the stream */
    void (*on_spent)(void *owner); /* the place was reached; the stream may be closed from within */
    void (*on_closed)(void *owner,
                      int error); /* behind it: the peer closed, with FIN (0) or a reset */
    void *owner;
};

void sieve_init(struct sieve *sieve, struct world *inner);
/* Forgets streams whose world was reset or destroyed under them. */
void sieve_forget(struct sieve *sieve);

/* The stream that was accepted or connected last. *handle is emptied when it is gone; one handle a stream. */
void sieve_hold(struct sieve *sieve, struct sieve_stream **handle);
/* Lets go of the handle; the rule's callbacks come no more. */
void sieve_let_go(struct sieve_stream **handle);
/* In place of closing where the world was reset or destroyed under the stream. Harmless on an empty handle. */
void sieve_abandon(struct sieve_stream **handle);
/* Before the stream has written anything. */
void sieve_set_rule(struct sieve_stream *at, const struct sieve_rule *rule);
/* FIN follows what went out; for a stream that is spent. False: the peer has closed already. */
bool sieve_shut(struct sieve_stream *at);
/* From here on nothing that TLS writes goes out. */
void sieve_cut(struct sieve_stream *at);

#endif
