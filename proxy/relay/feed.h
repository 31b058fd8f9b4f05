/*
 * What one direction of an exchange has to send: body bytes from its inlet, through at most two filters, and on the way
 * up from the replay copy first when an attempt is not the first.
 *
 *     up:    inlet -> request_body_filter -> what is offered -> (accepted by the stream: kept in the replay copy)
 *     down:  inlet -> upstream_response_body_filter -> response_body_filter -> what is offered
 *
 * Without filters nothing is copied: the inlet's window is what is offered. The replay copy is taken of what a stream has
 * accepted, so of bytes behind the filters; what was not accepted still waits in the window or in a filter, and no filter
 * ever meets a byte twice.
 *
 * Ownership: embedded in the exchange; the memory of filters (FILTER_BYTES each) is taken at feed_init(), that of the copy
 * (its limit) by the first message that asks for so much; both are kept, so that a warm proxy allocates none. Limits: a hook can hold back half of the window, or, behind
 * another hook, half of FILTER_BYTES. Errors: see feed_pump().
 */
#ifndef PROXY_RELAY_FEED_H
#define PROXY_RELAY_FEED_H

#include "proxy/relay/body_filter.h"
#include "proxy/relay/inlet.h"
#include "proxy/relay/outlet.h"
#include "proxy/relay/replay.h"

enum { FEED_FILTERS_MAX = 2 };

struct feed {
    struct exchange *exchange; /* whom the hooks are told of */
    struct inlet *inlet;
    uint8_t *memory; /* of the filters, in one piece */
    struct body_filter filters[FEED_FILTERS_MAX];
    unsigned filter_count;
    unsigned filters_used; /* of them, by the present message: all, or none where it has no body */
    struct replay replay;
    uint8_t *copy; /* memory of the copy, taken when first needed */
    size_t copy_room;
};

struct feed_settings {
    struct exchange *exchange;
    struct inlet *inlet;
    body_hook *hooks[FEED_FILTERS_MAX]; /* in order; NULLs are left out */
};

/* False when memory has run out; nothing is held then. */
MUST_USE bool feed_init(struct feed *feed, const struct feed_settings *settings);
/* Harmless when nothing is held. */
void feed_release(struct feed *feed);

/*
 * A new message. Nothing is held. One without body framing meets no filter, not even its end. copy_limit: how much of it is
 * kept for another attempt, 0: nothing; none either where there is no memory for so much.
 */
void feed_start(struct feed *feed, bool has_body, size_t copy_limit);
/* The message has ended or is given up: no hook is called, waits or is due until the next one starts. */
void feed_stop(struct feed *feed);
/* The same message from its first byte, to another stream. Only while feed_can_restart(). */
void feed_restart(struct feed *feed);
/* Nothing was accepted yet, or the copy is complete. */
bool feed_can_restart(const struct feed *feed);

enum feed_state {
    FEED_FINE,
    FEED_WAITING, /* nothing is offered, and a hook waits, is throttled or has had its turn: see feed_due_ns() */
    FEED_FAILED, /* a hook answered HOOK_FAILED, or what a body hook may not answer */
    FEED_STUCK,  /* a hook holds more than it can, or than there is at the end of the message */
};
/*
 * Runs the filters over what has come, as far as there is room. Harmless to call at any time; to be called when something
 * has come, and after feed_consume(), which makes room. Failures are final for this message.
 */
enum feed_state feed_pump(struct feed *feed, uint64_t now_ns);
/* The hooks that wait are asked again by the next feed_pump(). */
void feed_resume(struct feed *feed);
/* Whether nothing is offered because a hook waits, for feed_resume() and not for a time. */
bool feed_waits(const struct feed *feed);
/*
 * When a hook is to be called by the next feed_pump() though nothing comes: the end of a throttle, or a time that has
 * passed where a hook would go on but has had its turn. TIME_NEVER if there is none.
 */
uint64_t feed_due_ns(const struct feed *feed);

/*
 * What can be sent now, and whether the message ends with it. Trailers count only when it does. The slice lives until the
 * inlet is filled or the feed is pumped; what is left of it is then the front of the next one.
 */
struct outlet_supply feed_supply(const struct feed *feed);
/* The stream has accepted so many bytes off the front. */
void feed_consume(struct feed *feed, size_t size);

/* Body bytes in filters, not those in the inlet nor in the copy. */
size_t feed_held(const struct feed *feed);
/* Most bytes the copy had of this message. */
size_t feed_copy_peak(const struct feed *feed);

#endif
