/*
 * One connection of an actor: the stream, what is read on it, and its witness. Knows the rules of the
 * seam, so that an actor only says how far it wants to read or send.
 *
 * Ownership: embedded in its owner and at one address while in use. The witness stays readable after
 * the connection ended, until line_reset().
 */
#ifndef FAKEUPSTREAM_ACTING_LINE_H
#define FAKEUPSTREAM_ACTING_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/acting/line_fault.h"
#include "fakeupstream/acting/scene.h"
#include "fakeupstream/secure/tls_draft.h"
#include "fakeupstream/wire/message.h"
#include "fakeupstream/wire/transcript.h"
#include "fakeupstream/wire/witness.h"
#include "world/base/object.h"
#include "world/tls/tls.h"
#include "world/world.h"

#define LINE_TAG OBJECT_TAG('L', 'I', 'N', 'E')

enum { LINE_INPUT_BYTES = 32 * 1024 }; /* one read of a large body; a next message may wait here */

enum line_progress {
    LINE_DONE,  /* the position was reached */
    LINE_AGAIN, /* nothing more now: want the event and come back */
    LINE_ENDED, /* it can never be reached: the connection ended */
};

/* How a connection does TLS: an upstream's has a server, a client's a client and a name. */
struct line_security {
    struct tls_server *server;
    struct tls_client *client;
    const char *server_name;
    enum tls_fault fault;
};

struct line {
    object_tag tag;
    struct scene *scene;
    uint32_t index;   /* whose it is: which client or upstream of the case; its owner's to set */
    uint32_t dialled; /* a client's: which of all connections that clients have begun, from 1 */
    struct line_faults faults;
    struct stream stream;
    struct witness witness;
    struct transcript transcript;
    struct sieve_stream *wire; /* beneath TLS; NULL: there is none, or it is over */
    enum tls_fault fault;      /* of the handshake */
    bool opening;              /* the connect, or the handshake, has no outcome yet */
    bool read_ended;           /* the peer's FIN was read, or an error */
    bool write_ended;          /* half-closed by us, or the peer takes no more */
    bool closed_told;          /* STREAM_CLOSED comes once */
    bool stalled;              /* by `end: stall`: never read or written again */
    bool fading;        /* FIN was sent within a handshake: it is over when the peer closes */
    size_t input_first; /* bytes read and not yet taken: input_first to input_size */
    size_t input_size;
    void (*on_event)(struct line *line);
    void *owner;
    uint8_t input[LINE_INPUT_BYTES];
};

/* Once; then line_accept() or line_connect() for each connection, line_reset() between them. */
void line_init(struct line *line, struct scene *scene);
void line_release(struct line *line);
void line_reset(struct line *line);
/* The world was reset under it: the connection is forgotten without a word to the world. */
void line_abandon(struct line *line);

/* As world_accept(). kind of messages: requests. security NULL: no TLS. */
int line_accept(struct line *line, struct listener *listener, unsigned ordinal,
                const struct line_security *security);
/* As world_connect(). kind of messages: responses. */
int line_connect(struct line *line, const struct address *address, unsigned ordinal,
                 const struct line_security *security);

/* True while this side holds the connection, whatever the peer did. */
bool line_is_held(const struct line *line);

/* Reads to the goal. exact: leaves everything behind it in the socket. */
enum line_progress line_read(struct line *line, const struct transcript_goal *goal, bool exact);

/* Sends bytes in one write; *taken says how many were accepted, with any outcome. size > 0. */
enum line_progress line_send(struct line *line, const void *data, size_t size, size_t *taken);

/* True if another message can be sent and answered on it, as far as this side knows. */
bool line_is_usable(const struct line *line);

/* Says for which events to be called: reading and writing as wanted, the peer's close always. */
void line_want(struct line *line, bool reading, bool writing);

/* From here on this side's bytes are no HTTP. seed: of what `stream` steps send. */
void line_begin_stream(struct line *line, uint64_t seed);
/* A client goes on with HTTP inside a tunnel. */
void line_resume_http(struct line *line);

/* Nobody plays on this line any more: reads what still comes and closes when the peer does. */
void line_linger(struct line *line);
/* Reads and writes nothing any more, but holds the connection. */
void line_stall(struct line *line);
/* The FIN of a handshake's fault has gone below. Closing at once would answer what still comes with RST. */
void line_fade(struct line *line);
void line_half_close(struct line *line);
/*
 * FIN without a close_notify; where there is no TLS, or the goodbye was said by a half-close, FIN. False: first the bytes
 * under way must go, come back.
 */
bool line_cut(struct line *line);
/* Ends the connection; harmless when it is not held. */
void line_end(struct line *line, enum stream_end end);

#endif
