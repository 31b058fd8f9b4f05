/*
 * What one direction of an exchange has to send: body bytes from its inlet, through at most two filters, and on the way
 * up from the replay copy first when an attempt is not the first.
 *
 *     up:    inlet -> request_body_filter -> what is offered -> (accepted by the stream: kept in the replay copy)
 *     down:  inlet -> upstream_response_body_filter -> response_body_filter -> what is offered
 *
 * Without filters nothing is copied: the inlet's window is what is offered. The replay copy is taken of what a stream has
 * accepted, so of bytes behind the filter; what was not accepted still waits in the window or in the filter. It begins
 * with the message and is complete until it would pass its limit; then it is given up as a whole.
 *
 * Ownership: embedded in the exchange; the memory of filters (FILTER_BYTES each) and of the copy (its limit) is taken at
 * feed_init() and kept, so that a warm proxy allocates none. Errors: see feed_pump().
 */
#ifndef PROXY_EXCHANGE_FEED_H
#define PROXY_EXCHANGE_FEED_H

#include "proxy/exchange/inlet.h"
#include "proxy/exchange/outlet.h"
#include "retryproof/hooks.h"

enum { FEED_FILTERS_MAX = 2 };

/* One hook with what it has written and nobody has taken. */
struct body_filter {
    body_hook *hook;
    uint8_t *out; /* FILTER_BYTES */
    size_t begin;
    size_t end;
    bool ended;        /* it was told of the end and has nothing more */
    bool waiting;      /* it answered HOOK_WAIT: not asked again before feed_resume() */
    uint64_t quiet_ns; /* throttled until then */
};

struct feed {
    struct exchange *exchange; /* whom the hooks are told of */
    struct inlet *inlet;
    struct body_filter filters[FEED_FILTERS_MAX];
    unsigned filter_count;

    uint8_t *copy; /* NULL: this feed keeps none */
    size_t copy_limit;
    size_t copy_size;
    bool copy_lost;  /* it would have passed its limit */
    size_t replayed; /* of the copy, in this attempt */
    uint64_t
        accepted; /* bytes accepted in all attempts but the replayed ones: how long the copy must be */
    size_t copy_peak;
};

struct feed_settings {
    struct exchange *exchange;
    struct inlet *inlet;
    body_hook *hooks[FEED_FILTERS_MAX]; /* in order; NULLs are left out */
    size_t copy_limit;                  /* 0: no replay copy */
};

/* False when memory has run out; nothing is held then. */
MUST_USE bool feed_init(struct feed *feed, const struct feed_settings *settings);
void feed_release(struct feed *feed);

/* A new message. Nothing is held. */
void feed_start(struct feed *feed);
/* The same message from its first byte, to another stream. Only while feed_can_restart(). */
void feed_restart(struct feed *feed);
/* Nothing was accepted yet, or the copy is complete. */
bool feed_can_restart(const struct feed *feed);

enum feed_state {
    FEED_FINE,
    FEED_WAITING, /* a hook waits or is throttled, and nothing is offered */
    FEED_FAILED,  /* a hook answered HOOK_FAILED (or what a body hook may not answer) */
    FEED_STUCK, /* a hook holds more than the window, or than there is at the end of the message */
};
/* Runs the filters over what has come, as far as there is room. Harmless to call at any time. */
enum feed_state feed_pump(struct feed *feed, uint64_t now_ns);
/* The hooks that wait are asked again by the next feed_pump(). */
void feed_resume(struct feed *feed);
/* When the throttle ends for which this feed waits; TIME_NEVER if there is none. */
uint64_t feed_due_ns(const struct feed *feed);

/* What can be sent now, and whether the message ends with it. Trailers count only when it does. */
struct outlet_supply feed_supply(const struct feed *feed);
/* The stream has accepted so many bytes off the front. */
void feed_consume(struct feed *feed, size_t size);

/* Body bytes in filters, not those in the inlet nor in the copy. */
size_t feed_held(const struct feed *feed);

#endif
