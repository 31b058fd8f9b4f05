/*
 * One body hook with what it has written and nobody has taken: when it is called, and what its answers mean.
 *
 * A hook is called when there is something new for it and room for what it writes. "New" is a byte that it has not been
 * offered, the end, what it left although it could go on (it took or wrote something, or asked for a pause), what it
 * still has to write, and a resume. A call that takes nothing and writes nothing holds: the next one brings more, or the end.
 *
 * Ownership: embedded; the memory it writes to belongs to the caller. Limits: what it wrote is FILTER_BYTES at most, and
 * a call has room for BODY_FILTER_ROOM_MIN at least. Errors: see enum body_filter_state.
 */
#ifndef PROXY_RELAY_BODY_FILTER_H
#define PROXY_RELAY_BODY_FILTER_H

#include "retryproof/hooks.h"

/* A hook that makes more of what it gets can rely on this much room in every call. */
enum { BODY_FILTER_ROOM_MIN = FILTER_BYTES / 2 };

enum body_filter_state {
    BODY_FILTER_OPEN,
    BODY_FILTER_WAITING, /* it answered HOOK_WAIT; not called before body_filter_resume() */
    BODY_FILTER_ENDED,   /* it took the end and has nothing more to write */
    BODY_FILTER_FAILED,  /* it answered HOOK_FAILED, or what a body hook may not answer */
    BODY_FILTER_STUCK, /* it takes nothing and writes nothing although nothing more can come, or it said more */
};

struct body_filter {
    body_hook *hook;
    uint8_t *out; /* FILTER_BYTES */
    size_t begin; /* of what it has written and nobody has taken */
    size_t end;
    enum body_filter_state state;
    size_t held;       /* bytes it was offered and left */
    bool unfinished;   /* it is to be called again, whatever comes */
    uint64_t quiet_ns; /* throttled until then */
};

/* What waits for a hook. */
struct body_source {
    struct bytes waiting;
    bool end;  /* nothing comes behind it */
    bool full; /* nothing can come behind it before some of it is taken */
};

void body_filter_init(struct body_filter *filter, body_hook *hook, uint8_t *out);
/* A new message. */
void body_filter_start(struct body_filter *filter);

/* When the hook is to be called: TIME_NEVER if there is no reason to, 0 or a time that has passed: now. */
uint64_t body_filter_due_ns(const struct body_filter *filter, const struct body_source *source);
/* Calls the hook once; only when due. Returns how much of the source it took: 0 unless it answered HOOK_CONTINUE. */
size_t body_filter_call(struct body_filter *filter, struct exchange *exchange,
                        const struct body_source *source, uint64_t now_ns);
/* What it waits for may be there. */
void body_filter_resume(struct body_filter *filter);

/* Whether what nobody has taken leaves the room that a call needs. */
bool body_filter_has_room(const struct body_filter *filter);

/* What it has written, and taking some of it off the front. */
struct bytes body_filter_output(const struct body_filter *filter);
void body_filter_consume(struct body_filter *filter, size_t size);

#endif
