/*
 * What the simulator itself costs: clean exchanges of 200 bytes up and 300 bytes down from a client
 * through a forwarder to a server, four streams each, a reset world each time, nothing parsed.
 *
 *     cmake --build build --target sim_bench && build/sim_bench [exchanges]
 *
 * Prints what one exchange took. Build it optimised; it is no test and fails nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "world/sim/sim.h"

enum {
    REQUEST_BYTES = 200,
    RESPONSE_BYTES = 300,
    EXCHANGES_DEFAULT = 500000,
};

struct party {
    struct world *world;
    struct listener front, back;            /* of the forwarder, of the server */
    struct stream client, down, up, server; /* down and up are the forwarder's */
    struct address front_at, back_at;
    size_t client_got;
    uint8_t bytes[REQUEST_BYTES + RESPONSE_BYTES];
};

static void write_to(struct party *party, struct stream *stream, size_t size)
{
    struct iovec piece = {party->bytes, size};

    check(stream_write(stream, &piece, 1) == (ssize_t)size);
}

static size_t read_from(struct party *party, struct stream *stream)
{
    ssize_t size = stream_read(stream, party->bytes, sizeof(party->bytes));

    check(size > 0);
    return (size_t)size;
}

static void on_client(struct stream *stream, unsigned events)
{
    struct party *party = stream->owner;

    if ((events & STREAM_OPEN) != 0) {
        write_to(party, stream, REQUEST_BYTES);
        stream_want(stream, STREAM_READ);
        return;
    }
    party->client_got += read_from(party, stream);
    if (party->client_got == RESPONSE_BYTES)
        stream_close(stream, STREAM_FIN);
}

static void on_down(struct stream *stream, unsigned events)
{
    struct party *party = stream->owner;

    if ((events & STREAM_CLOSED) != 0) {
        stream_close(stream, STREAM_FIN);
        stream_close(&party->up, STREAM_FIN);
        return;
    }
    check(read_from(party, stream) == REQUEST_BYTES);
    check(world_connect(party->world, &party->up, &party->back_at) == 0);
    stream_want(stream, STREAM_CLOSED);
}

static void on_up(struct stream *stream, unsigned events)
{
    struct party *party = stream->owner;

    if ((events & STREAM_OPEN) != 0) {
        write_to(party, stream, REQUEST_BYTES);
        stream_want(stream, STREAM_READ);
        return;
    }
    write_to(party, &party->down, read_from(party, stream));
    stream_want(stream, 0);
}

static void on_server(struct stream *stream, unsigned events)
{
    struct party *party = stream->owner;

    if ((events & STREAM_CLOSED) != 0) {
        stream_close(stream, STREAM_FIN);
        return;
    }
    check(read_from(party, stream) == REQUEST_BYTES);
    write_to(party, stream, RESPONSE_BYTES);
    stream_want(stream, STREAM_CLOSED);
}

static void on_front(struct listener *listener)
{
    struct party *party = listener->owner;

    check(world_accept(party->world, listener, &party->down) == 0);
    stream_want(&party->down, STREAM_READ | STREAM_CLOSED);
}

static void on_back(struct listener *listener)
{
    struct party *party = listener->owner;

    check(world_accept(party->world, listener, &party->server) == 0);
    stream_want(&party->server, STREAM_READ | STREAM_CLOSED);
}

static uint64_t exchange(struct party *party, uint64_t seed)
{
    struct world *world = party->world;

    sim_reset(world, seed);
    party->front = (struct listener){.on_acceptable = on_front, .owner = party};
    party->back = (struct listener){.on_acceptable = on_back, .owner = party};
    party->client = (struct stream){.on_event = on_client, .owner = party};
    party->down = (struct stream){.on_event = on_down, .owner = party};
    party->up = (struct stream){.on_event = on_up, .owner = party};
    party->server = (struct stream){.on_event = on_server, .owner = party};
    party->front_at = address_loopback(8080);
    party->back_at = address_loopback(9001);
    party->client_got = 0;
    check(world_listen(world, &party->front, &party->front_at, LISTEN_OPEN, 16) == 0);
    check(world_listen(world, &party->back, &party->back_at, LISTEN_OPEN, 16) == 0);
    check(world_connect(world, &party->client, &party->front_at) == 0);
    check(world_run(world, 1000, TIME_NEVER) == RUN_QUIESCENT);
    check(party->client_got == RESPONSE_BYTES);
    check(!stream_in_use(&party->server));
    return sim_steps(world);
}

/* Of this process: other work on the machine is not the simulator's cost. */
static uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

int main(int count_of_arguments, char **arguments)
{
    static struct party party;
    uint64_t exchanges =
        count_of_arguments > 1 ? strtoull(arguments[1], NULL, 10) : EXCHANGES_DEFAULT;
    uint64_t upcalls = 0, begun_ns, took_ns;

    party.world = sim_create(&(struct sim_options){0});
    check(party.world != NULL);
    begun_ns = clock_ns();
    for (uint64_t i = 0; i < exchanges; i++)
        upcalls += exchange(&party, i);
    took_ns = clock_ns() - begun_ns;
    printf("%" PRIu64 " exchanges, %.1f upcalls and %.0f ns each, trace %016" PRIx64 "\n",
           exchanges, (double)upcalls / (double)exchanges, (double)took_ns / (double)exchanges,
           sim_trace_hash(party.world));
    sim_destroy(&party.world);
    return 0;
}
