/*
 * The copy of what a stream has accepted of a message's body, so that another attempt can send it again.
 *
 * It begins with the message and is complete until it would pass its limit; then it is given up as a whole, for good, as
 * a copy that lacks bytes is no copy. With a limit of 0 the first byte does that.
 *
 * Ownership: embedded; the memory belongs to the caller. Errors: none; ask replay_is_complete() before relying on it.
 */
#ifndef PROXY_RELAY_REPLAY_H
#define PROXY_RELAY_REPLAY_H

#include "world/base/bytes.h"
#include "world/base/check.h"

struct replay {
    uint8_t *data;
    size_t limit;
    size_t size; /* stays what it was when the copy is lost */
    size_t sent; /* of it, in this attempt */
    bool lost;
};

/* A new message. memory of limit bytes at least; NULL when that is 0. */
void replay_start(struct replay *replay, uint8_t *memory, size_t limit);

/* A stream has accepted these bytes, the next ones of the message. Only when nothing is left to be sent again. */
void replay_append(struct replay *replay, struct bytes bytes);
bool replay_is_complete(const struct replay *replay);

/* Another attempt: from the first byte. Only while complete. */
void replay_restart(struct replay *replay);
/* What of the copy this attempt has not sent yet, and taking some of it off the front. */
struct bytes replay_rest(const struct replay *replay);
void replay_advance(struct replay *replay, size_t size);

#endif
