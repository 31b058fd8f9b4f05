/*
 * The faults of one connection, made by its actor's own line exactly at their byte: the line hands nothing over beyond the next
 * one, and reads nothing beyond it, so that what the witness says of the connection is what took place.
 *
 * FIN, RST, TLS_CUT and STALL end an upstream's script there, as its `end` would; a client plays on with its next step, as
 * behind its own `end`. A fault at byte 0 is made as soon as the connection is open.
 *
 * Kinds made here: those of WIRE_SENT and WIRE_RECEIVED but for SHORT_WRITE, and all TLS_*; see world/wire_fault.h.
 *
 * Ownership: a part of the line; the faults are the scene's, which is told which of them took place.
 */
#ifndef FAKEUPSTREAM_ACTING_LINE_FAULT_H
#define FAKEUPSTREAM_ACTING_LINE_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/secure/tls_draft.h"
#include "world/base/bytes.h"
#include "world/wire_fault.h"
#include "world/world.h"

struct line;
struct scene;

enum {
    LINE_FAULT_PIECES = 3, /* of a write with one byte that is not the script's */
    /*
     * How often it is looked whether the proxy has read what was sent, before it is not waited for any longer. The time between
     * two looks doubles, so that they are spread over a tenth of a second: far below every timeout of a proxy, and each look
     * is a turn of the world in which the proxy could have read, however busy the machine is.
     */
    LINE_FAULT_LOOKS = 11,
};
#define LINE_FAULT_LOOK_NS (50 * NS_PER_US)

/* One direction of the connection. */
struct line_way {
    uint64_t
        stop; /* no byte goes beyond this one before a fault is made; UINT64_MAX: none is to come */
    bool held; /* a DELAY or a SPLIT lets nothing through */
    int split; /* the fault that waits for the proxy to read; -1: none */
    unsigned looks;
    struct timer timer;
};

struct line_faults {
    bool any;     /* there was one for this connection; where not, nothing else here is looked at */
    bool struck;  /* one has ended the actor's part in this connection */
    bool cutting; /* a TLS_CUT waits until the record that holds its last byte is out */
    unsigned cut; /* which one */
    unsigned left; /* a bit for each of the scene's that is still to be made */
    struct line_way sent;
    struct line_way received;
};

/* Once; then line_faults_arm() for each connection, when its witness knows which one it is. */
void line_faults_init(struct line *line);
void line_faults_arm(struct line *line);
/* It begins with a handshake: one that is to fail is all that the actor has of this connection. */
void line_faults_arm_handshake(struct line *line);
/* The connection is over, or (abandon) its world is. */
void line_faults_stop(struct line *line);
void line_faults_abandon(struct line *line);

/* Makes those whose byte has come. Not before the connection is open; may end it. */
void line_faults_look(struct line *line);

/* Goes on with a TLS_CUT that waits; to be called when the connection takes bytes again. May end it. */
void line_faults_cut(struct line *line);

/* How many bytes may be read now; 0: none, for the time being. */
size_t line_faults_readable(const struct line *line, size_t size);
/*
 * The beginning of these bytes that may go now, with the byte that a fault makes another: writes pieces, returns how many.
 * 0: none, for the time being.
 */
int line_faults_writable(const struct line *line, struct bytes bytes,
                         struct iovec pieces[LINE_FAULT_PIECES]);
/* Before the witness counts them: so many of those bytes went. */
void line_faults_note_written(struct line *line, struct bytes bytes);

/* The handshake's fault of that connection of an upstream (both from the case's view); TLS_FAULT_NONE: there is none. */
enum tls_fault line_faults_handshake(const struct scene *scene, uint32_t upstream,
                                     uint32_t connection);
/* A handshake's fault has happened on this line. */
void line_faults_note_handshake(struct line *line);

#endif
