/*
 * What an actor has to send: one prepared message and how far it went, or bytes as they are; in pieces
 * and at the pace of a drip, if the script asks for one.
 *
 * Ownership: embedded in an actor; refers to drafts of the script.
 */
#ifndef FAKEUPSTREAM_ACTING_OUTBOX_H
#define FAKEUPSTREAM_ACTING_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/acting/line.h"
#include "fakeupstream/wire/message.h"

enum { OUTBOX_PIECE_BYTES_MIN = 1024 }; /* making less costs no less than the call */

struct outbox {
    struct message message;    /* draft NULL: none */
    uint64_t position;         /* of it that was sent */
    bool begun;                /* its mark was made, and the witness knows of it */
    struct witness_sent *sent; /* NULL: not begun, or memory ran out */
    size_t raw_sent;           /* of the raw bytes under way */
    struct witness_sent *raw;  /* the witness's record of them; NULL: none */
    size_t piece_bytes;        /* made for the next write at most */
    uint64_t drip_bytes;       /* 0: no drip */
    uint64_t drip_every_ns;
    uint64_t next_ns; /* the next piece may not go before */
};

enum outbox_progress {
    OUTBOX_DONE,
    OUTBOX_AGAIN, /* want to write, and come back */
    OUTBOX_LATER, /* nothing before next_ns */
    OUTBOX_ENDED, /* the line takes no more */
};

void outbox_init(struct outbox *outbox);
/* Makes a message ready; nothing is sent. The former one is forgotten. */
void outbox_prepare(struct outbox *outbox, const struct draft *draft);
/* The witness dropped its messages. */
void outbox_forget(struct outbox *outbox);
/* What play time knows of a message. */
struct outbox_mark {
    struct bytes place; /* where the upstream is that the request names; of size 0: none */
    struct bytes fields;
    struct bytes label;
};

/* The message begins; the witness is told of it. */
void outbox_begin(struct outbox *outbox, struct line *line, const struct outbox_mark *mark);
void outbox_drip(struct outbox *outbox, uint64_t bytes, uint64_t every_ns);

/*
 * How much is made for the next write, after one for which at most `piece` bytes were asked, `made` were made and `taken`
 * were taken: work stays in proportion to what is taken, also where writes are short. OUTBOX_PIECE_BYTES_MIN to
 * SCENE_SCRATCH_BYTES.
 */
size_t outbox_next_piece(size_t piece, size_t made, size_t taken);

/* Sends the begun message up to a position. */
enum outbox_progress outbox_send(struct outbox *outbox, struct line *line, uint64_t limit);
/* Raw bytes follow that the witness is to know of, as a message without a draft. */
void outbox_begin_raw(struct outbox *outbox, struct line *line, size_t size);
/* Sends bytes; after OUTBOX_DONE or OUTBOX_ENDED the next call begins anew. */
enum outbox_progress outbox_send_raw(struct outbox *outbox, struct line *line, struct bytes bytes);

/* Sends the line's own pattern until so many bytes of its stream went; the line is a stream. */
enum outbox_progress outbox_send_stream(struct outbox *outbox, struct line *line, uint64_t until);

/* True if a message was begun and all of it was accepted. */
bool outbox_is_all_sent(const struct outbox *outbox);

#endif
