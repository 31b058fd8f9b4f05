/*
 * What the rows of the conformance suite stand on: a world of some kind, a listener in it, and two ends
 * that do what a row tells them. A row is written once and runs on every kind of world.
 *
 * Bytes are position-coded, so that a loss, a shift or a repetition fails the row that sees it.
 */
#ifndef WORLD_CONFORMANCE_BENCH_H
#define WORLD_CONFORMANCE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/world.h"

enum {
    BENCH_STREAMS_MAX = 24,       /* of every world here, so that running out is quickly reached */
    BENCH_SETTLE_MS = 15,         /* how long a row waits for what must not happen */
    BENCH_AWAIT_S = 10,           /* how long it waits for what must; reached only by a failure */
    BENCH_PIECE_BYTES = 64 << 10, /* most that an end reads or writes in one upcall */
    BENCH_PATTERN_BYTES = 65521,  /* a prime, so that no power of two of bytes goes unnoticed */
    BENCH_LAYERS_MAX = 3,
};

struct bench;

/* One end of a connection. The counts grow; a row waits for them with bench_await(). */
struct end {
    struct stream stream;
    struct bench *bench;
    void (*act)(struct end *end, unsigned events); /* replaces what the end does in its upcall */
    unsigned wanted;
    size_t upcalls, opens, closes; /* upcalls of any kind, with OPEN, with CLOSED */
    int open_status;
    size_t got;  /* bytes read, each as expected */
    size_t ends; /* reads that ended the stream, and how the last did: 0 or -errno */
    int end_result;
    size_t to_send, sent;
    size_t failures; /* writes that failed, and how the last did */
    int failure_result;
    size_t read_most; /* bytes per read */
};

/* A world, and how to end it. */
struct layer {
    struct world *world;
    void (*destroy)(struct world **world);
    size_t (*count)(struct world *world); /* what is live in it; NULL if it cannot tell */
};

struct bench {
    const struct world_kind *kind;
    const struct row *row;
    struct layer layers[BENCH_LAYERS_MAX]; /* the lowest first */
    size_t layer_count;
    struct world *world; /* the topmost: the rows use this one */
    bool in_downcall;    /* a row sets it around downcalls: no upcall may come */
    struct listener listener;
    struct address address;
    size_t acceptables; /* upcalls of the listener */
    bool accepts;       /* the listener's upcall accepts the server end */
    struct end client, server;
    struct timer extra_timer;
    uint8_t pattern[BENCH_PATTERN_BYTES +
                    BENCH_PIECE_BYTES]; /* what every end sends, again and again */
    uint8_t buffer[BENCH_PIECE_BYTES];
};

struct world_kind {
    const char *name;
    void (*create)(struct bench *bench); /* fills in the layers */
};

struct row {
    const char *sentence;
    void (*run)(struct bench *bench);
};

/* The kinds of world, and the rows by subject; each list ends with an empty entry. */
extern const struct world_kind WORLD_KINDS[];
extern const struct world_kind TLS_WORLD_KINDS[]; /* whose streams speak TLS */
extern const struct row STREAM_ROWS[];
extern const struct row ENDING_ROWS[];
extern const struct row TURN_ROWS[];
extern const struct row LISTENER_ROWS[];
extern const struct row TIMER_ROWS[];
/* What TLS cannot hold: counts to the byte, and dials that end well before anybody accepts. */
extern const struct row PLAIN_STREAM_ROWS[];
extern const struct row PLAIN_LISTENER_ROWS[];
extern const struct row NAME_ROWS[];

void bench_begin(struct bench *bench, const struct world_kind *kind);
/* Also fails the row if anything is live in a layer that the row left behind. */
void bench_finish(struct bench *bench);

/* Listens, connects client to it and accepts server; both want nothing afterwards. */
void bench_connect(struct bench *bench);
void bench_listen(struct bench *bench, enum listen_mode mode);
void bench_dial(struct bench *bench);

/* Runs the world until *count has reached at_least; fails the row if that does not happen. */
void bench_await(struct bench *bench, const size_t *count, size_t at_least);
/* Runs the world for BENCH_SETTLE_MS, or until nothing can happen any more. */
void bench_settle(struct bench *bench);

void end_init(struct end *end, struct bench *bench);
void end_want(struct end *end, unsigned events);
/* Sends so many bytes more; the end wants WRITE until that is done. */
void end_send(struct end *end, size_t bytes);
/* Reads on until the stream ends. */
void end_read(struct end *end);
/* What the end does in its upcall when act is NULL. */
void end_act(struct end *end, unsigned events);
ssize_t end_read_once(struct end *end);
ssize_t end_write_once(struct end *end, size_t bytes);

#endif
