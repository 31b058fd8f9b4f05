/*
 * What the actors of one case share: the world, the board of signals, where the upstreams are, the authority that makes
 * their certificates, the faults of their connections, and one buffer to make bytes in.
 *
 * Ownership: outlives its actors. Made once and reused for many cases by scene_reset(), when no actor
 * is playing. The authority and the shelf are made when first asked for, kept over resets, and go with scene_release().
 * Limits: SCENE_PLACES_MAX upstreams in one case.
 */
#ifndef FAKEUPSTREAM_ACTING_SCENE_H
#define FAKEUPSTREAM_ACTING_SCENE_H

#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/acting/signals.h"
#include "fakeupstream/secure/authority.h"
#include "fakeupstream/secure/key_log.h"
#include "fakeupstream/secure/sieve.h"
#include "fakeupstream/secure/tls_draft.h"
#include "fakeupstream/wire/message.h"
#include "world/base/bytes.h"
#include "world/wire_fault.h"
#include "world/world.h"

enum {
    SCENE_SCRATCH_BYTES = 32 * 1024, /* one piece of a large body: few calls, stays in cache */
    SCENE_STREAMS_MAX = 64,          /* whose patterns are known; the oldest are forgotten */
    SCENE_PLACES_MAX = 64,           /* upstreams of one case; scenarios have two or three */
    SCENE_AUTHORITY_BYTES = MESSAGE_PLACE_BYTES, /* "HOST:PORT" and a NUL */
    SCENE_HOST_BYTES = MESSAGE_PLACE_BYTES,
    SCENE_FIELDS_BYTES =
        1024, /* what people put on a command line; MESSAGE_MARK_BYTES has room for it */
};

/* Where an upstream is, for clients that ask a proxy for it. */
struct scene_place {
    const char *name;
    const char *host; /* NULL: by its address */
    struct address address;
};

/* How the clients of a case address the proxy, where it is one that others have set up. All NULL: by its address, in the clear. */
struct scene_manner {
    const char *host;   /* what Host says, at most SCENE_HOST_BYTES with its NUL */
    const char *prefix; /* stands before each path: "/app"; the same limit */
    const char *fields; /* further field lines, each with its CRLF, at most SCENE_FIELDS_BYTES */
    const struct tls_draft *tls; /* of every connection whose script says nothing of TLS */
    const char *ca_path; /* of whom its certificate must be; NULL: those whom the system trusts */
    unsigned
        turn; /* stands in the labels of requests, which a proxy may mix up with those of cases before; 0: none */
};

struct line;

/* The faults that a case's actors make on their own connections, and what they need for it from who has set up the case. */
struct scene_faults {
    const struct wire_fault *list; /* at most WIRE_FAULTS_MAX; outlives the case. All zero: none */
    size_t count;
    unsigned met; /* a bit for each that took place */
    /* Whether the proxy has read all that went out on this line. NULL: nobody can tell. */
    bool (*has_read)(void *owner, struct line *line);
    /* Ends the first client's present connection; its actor goes on at the next turn. False: it has none. NULL: nobody can. */
    bool (*end_client)(void *owner, enum stream_end end);
    /* One takes place now, perhaps not for the first time. NULL: nobody asks. */
    void (*on_met)(void *owner, size_t place);
    void *owner;
};

struct scene {
    struct world *world;
    struct signals signals;
    struct scene_faults faults;
    uint32_t
        dialled; /* connections that clients have begun: the proxy accepts them in this order */
    struct scene_manner manner; /* texts outlive the case */
    struct scene_place places[SCENE_PLACES_MAX];
    size_t place_count;
    uint64_t stream_seeds[SCENE_STREAMS_MAX];
    size_t stream_count;         /* begun so far */
    struct sieve sieve;          /* the world of lines with TLS */
    struct authority *authority; /* NULL: nobody asked; use scene_authority() */
    struct tls_shelf *shelf;     /* NULL: the same; use scene_shelf() */
    bool is_recorded;       /* addresses and secrets of connections are kept; kept over resets */
    struct key_log secrets; /* of TLS, where it is recorded */
    uint8_t scratch[SCENE_SCRATCH_BYTES]; /* used within one call, never kept */
};

void scene_init(struct scene *scene, struct world *world);
void scene_reset(struct scene *scene);
/* The world goes too, or was reset: what TLS still had to say behind a close is forgotten without a word to it. */
void scene_release(struct scene *scene);

/* Who makes certificates; NULL when memory or descriptors ran out. */
struct authority *scene_authority(struct scene *scene);

/* Where contexts of TLS wait for the next case; NULL when memory ran out: then each is made anew. */
struct tls_shelf *scene_shelf(struct scene *scene);

/* To whom servers and clients of TLS tell their secrets: to the key log where it is recorded, else to nobody. */
struct tls_secrets scene_secrets(struct scene *scene);
/*
 * From here on actors play in this world, a filter around the one before or that one again. Between cases; what TLS still had to
 * say behind a close ends at once.
 */
void scene_stand_in(struct scene *scene, struct world *world);

/* An upstream has begun to listen, or listens anew; fake_upstream_start() says so. Texts outlive the case. */
void scene_add_place(struct scene *scene, const struct scene_place *place);
/* "HOST:PORT" of an upstream, as a request's target names it; "nobody.invalid:1" (RFC 6761 6.4) where there is no such upstream. */
struct bytes scene_find(const struct scene *scene, const char *name,
                        char text[SCENE_AUTHORITY_BYTES]);

/* A stream begins that will follow the pattern of this seed. */
void scene_add_stream(struct scene *scene, uint64_t seed);
/* The seed of the stream that these first bytes of one seem to follow; any other where they follow none. */
uint64_t scene_find_stream(const struct scene *scene, struct bytes bytes);

#endif
