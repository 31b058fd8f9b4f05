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

#include "fakeupstream/acting/scene.h"
#include "fakeupstream/wire/message.h"
#include "fakeupstream/wire/transcript.h"
#include "fakeupstream/wire/witness.h"
#include "world/base/object.h"
#include "world/world.h"

enum { LINE_INPUT_BYTES = 32 * 1024 }; /* one read of a large body; a next message may wait here */

enum line_progress {
    LINE_DONE,  /* the position was reached */
    LINE_AGAIN, /* nothing more now: want the event and come back */
    LINE_ENDED, /* it can never be reached: the connection ended */
};

struct line {
    object_tag tag;
    struct scene *scene;
    struct stream stream;
    struct witness witness;
    struct transcript transcript;
    bool opening;       /* the connect has no outcome yet */
    bool read_ended;    /* the peer's FIN was read, or an error */
    bool write_ended;   /* half-closed by us, or the peer takes no more */
    bool closed_told;   /* STREAM_CLOSED comes once */
    bool stalled;       /* by `end: stall`: never read or written again */
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

/* As world_accept(). kind of messages: requests. */
int line_accept(struct line *line, struct listener *listener, unsigned ordinal);
/* As world_connect(). kind of messages: responses. */
int line_connect(struct line *line, const struct address *address, unsigned ordinal);

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

/* Nobody plays on this line any more: reads what still comes and closes when the peer does. */
void line_linger(struct line *line);
/* Reads and writes nothing any more, but holds the connection. */
void line_stall(struct line *line);
void line_half_close(struct line *line);
/* Ends the connection; harmless when it is not held. */
void line_end(struct line *line, enum stream_end end);

#endif
