#include <errno.h>
#include <stdlib.h>

#include "world/sim/state.h"

/* Where Linux takes the ports of dialling sockets from. */
enum { EPHEMERAL_PORT_FIRST = 32768, EPHEMERAL_PORTS = 28232 };

static const struct stream_ops link_stream_ops;

/* ---- levels and upcalls ------------------------------------------------------------------------ */

/* A reader seldom asks whether it could write, so that what is not asked for is not found out. */
static unsigned levels_among(const struct sim_side *side, unsigned events)
{
    unsigned level = STREAM_OPEN;

    if (side->state == SIDE_CONNECTING)
        return 0;
    if (pipe_readable(&side->in) > 0 || side->in.end_arrived || side->error != 0)
        level |= STREAM_READ;
    if ((events & STREAM_WRITE) != 0 &&
        (side->error != 0 || side->shut ||
         pipe_writable(&side->peer->in, side->link->sim->options.sndbuf_bytes) > 0))
        level |= STREAM_WRITE;
    if (side->in.end_arrived || (side->state == SIDE_OPEN && side->error != 0))
        level |= STREAM_CLOSED;
    return level & events & ~side->told;
}

/* Asks for a turn if a level that is wanted holds. */
void sim_side_touch(struct sim_side *side)
{
    if (side->wanted == 0 || side->stream == NULL || side->item.next != NULL)
        return;
    if (levels_among(side, side->wanted) != 0)
        agenda_add(&side->link->sim->agenda, &side->item);
}

void sim_side_call(struct sim_side *side)
{
    struct sim *sim = side->link->sim;
    struct stream *stream = side->stream;
    unsigned events = levels_among(side, side->wanted);

    if (events == 0)
        return; /* it was dealt with while its turn came */
    check(stream->impl == side);
    check(stream->on_event != NULL);
    sim_upcall_begin(sim, NOTED_UPCALL_STREAM, side->ordinal, events);
    if ((events & (STREAM_OPEN | STREAM_CLOSED)) != 0)
        sim_stir(sim); /* they are told once */
    side->told |= events & (STREAM_OPEN | STREAM_CLOSED);
    stream->on_event(stream, events);
    sim_upcall_end(sim);
    sim_side_touch(side);
}

/* ---- links ------------------------------------------------------------------------------------- */

static void side_init(struct sim_side *side, struct sim_link *link, struct sim_side *peer)
{
    struct pipe in = side->in;

    pipe_reset(&in);
    *side = (struct sim_side){.item.kind = AGENDA_STREAM, .link = link, .peer = peer, .in = in};
}

/* NULL when memory runs out. */
struct sim_link *sim_link_take(struct sim *sim)
{
    struct sim_link *link = sim->links_free;

    if (link != NULL)
        sim->links_free = link->next;
    else
        link = calloc(1, sizeof(*link));
    if (link == NULL)
        return NULL;
    side_init(&link->sides[0], link, &link->sides[1]);
    side_init(&link->sides[1], link, &link->sides[0]);
    link->sides[1].state = SIDE_CLOSED; /* until somebody answers the dial */
    link->sim = sim;
    link->flights = 0;
    link->previous = NULL;
    link->next = sim->links_live;
    if (link->next != NULL)
        link->next->previous = link;
    sim->links_live = link;
    return link;
}

static void link_give(struct sim_link *link)
{
    struct sim *sim = link->sim;

    if (link->previous != NULL)
        link->previous->next = link->next;
    else
        sim->links_live = link->next;
    if (link->next != NULL)
        link->next->previous = link->previous;
    link->next = sim->links_free;
    sim->links_free = link;
}

void sim_link_give_if_done(struct sim_link *link)
{
    if (link->flights == 0 && link->sides[0].state == SIDE_CLOSED &&
        link->sides[1].state == SIDE_CLOSED)
        link_give(link);
}

void sim_link_forget_all(struct sim *sim)
{
    while (sim->links_live != NULL) {
        sim->links_live->sides[0].tag = 0;
        sim->links_live->sides[1].tag = 0;
        link_give(sim->links_live);
    }
}

void sim_link_release_free(struct sim *sim)
{
    while (sim->links_free != NULL) {
        struct sim_link *link = sim->links_free;

        sim->links_free = link->next;
        pipe_release(&link->sides[0].in);
        pipe_release(&link->sides[1].in);
        free(link);
    }
}

/* Makes stream the program's handle of this side. */
void sim_link_open(struct sim_side *side, struct stream *stream)
{
    struct sim *sim = side->link->sim;

    side->tag = SIM_SIDE_TAG;
    side->stream = stream;
    side->ordinal = sim_ordinal(sim);
    sim->stream_count++;
    stream->ops = &link_stream_ops;
    stream->impl = side;
}

/* ---- bytes ------------------------------------------------------------------------------------- */

/* Behind the last byte that was written, once that is on its way. */
static void send_end(struct sim_side *to)
{
    struct pipe *pipe = &to->in;

    if (pipe->end_asked && !pipe->end_sent && pipe->sent == pipe->written) {
        pipe->end_sent = true;
        sim_network_send(to, FLIGHT_FIN, 0);
    }
}

/*
 * The reader took bytes: what waited for room goes on its way. A reader that once took little would be sent little ever
 * after, 40 bytes at a time for half a gibibyte, if these did not join those that went before: the silly window of
 * RFC 9293 3.8.6.2.
 */
static void send_held_back(struct sim_side *to)
{
    uint64_t count = pipe_sendable(&to->in, to->link->sim->options.rcvbuf_bytes);

    if (count > 0) {
        to->in.sent += count;
        sim_network_send_held_back(to, count);
    }
    send_end(to);
}

/* Sends on their way the bytes that the reader has room for, and behind the last of them the FIN. */
void sim_side_send_bytes(struct sim_side *to)
{
    struct pipe *pipe = &to->in;
    uint64_t count = pipe_sendable(pipe, to->link->sim->options.rcvbuf_bytes);

    if (to->peer->state == SIDE_CONNECTING)
        return;
    if (count > 0) {
        pipe->sent += count;
        sim_network_send(to, FLIGHT_BYTES, count);
    }
    send_end(to);
}

/*
 * The peer's RST is here. After its FIN only writing fails, with EPIPE, and read still ends in 0; else
 * both fail, after the bytes that came before it.
 */
void sim_side_reset(struct sim_side *side)
{
    if (side->state == SIDE_CLOSED || side->error != 0)
        return;
    side->error = side->in.end_arrived ? EPIPE : ECONNRESET;
    sim_side_touch(side);
}

/* ---- stream_ops -------------------------------------------------------------------------------- */

static struct sim_side *side_of(struct stream *stream)
{
    struct sim_side *side = object_cast(stream->impl, SIM_SIDE_TAG);

    check(side->stream == stream);
    return side;
}

static int stream_status_now(struct stream *stream)
{
    struct sim_side *side = side_of(stream);
    int status = side->state == SIDE_CONNECTING ? -EINPROGRESS : -side->error;

    sim_note(side->link->sim, NOTED_STATUS, side->ordinal, status);
    return status;
}

/* True once per upcall and direction; outside of upcalls always. */
static bool use_up(const struct sim *sim, uint64_t *step)
{
    if (sim->in_upcall && *step == sim->steps)
        return false;
    *step = sim->steps;
    return true;
}

static ssize_t read_now(struct sim_side *side, void *data, size_t size)
{
    size_t part;

    if (pipe_readable(&side->in) == 0 && !side->in.end_arrived && side->error == 0)
        return -EAGAIN;
    if (!use_up(side->link->sim, &side->read_step))
        return -EAGAIN;
    sim_stir(side->link->sim);
    part = pipe_read(&side->in, data, size);
    if (part == 0)
        return side->in.end_arrived ? 0 : -side->error;
    side->rx += part;
    if (side->error == 0)
        send_held_back(side);
    return (ssize_t)part;
}

static ssize_t stream_read_now(struct stream *stream, void *data, size_t size)
{
    struct sim_side *side = side_of(stream);
    ssize_t result = read_now(side, data, size);

    sim_note(side->link->sim, NOTED_READ, side->ordinal, result);
    if (side->link->sim->history != NULL && result > 0)
        history_note_bytes(side->link->sim->history, side->ordinal, data, (size_t)result);
    return result;
}

static size_t size_of(const struct iovec *pieces, int count)
{
    size_t size = 0;

    for (int i = 0; i < count; i++)
        size += pieces[i].iov_len;
    return size;
}

static void note_bytes(struct sim *sim, const struct iovec *pieces, size_t size)
{
    for (; size > 0; pieces++) {
        size_t part = pieces->iov_len < size ? pieces->iov_len : size;

        sim->hash = fingerprint_bytes(sim->hash, pieces->iov_base, part);
        size -= part;
    }
}

/* How much of a write of that size is taken now: what fits, or by the seed less. */
static size_t share_of(struct sim_side *side, size_t size)
{
    struct sim *sim = side->link->sim;
    uint64_t room = pipe_writable(&side->peer->in, sim->options.sndbuf_bytes);
    size_t part = room < size ? (size_t)room : size;
    size_t most;

    if (sim->options.short_write_bytes == 0 || part == 0)
        return part;
    most = 1 + (size_t)(sim_draw(&sim->shape_state) % sim->options.short_write_bytes);
    return part < most ? part : most;
}

static ssize_t write_now(struct sim_side *side, const struct iovec *pieces, int count)
{
    struct sim *sim = side->link->sim;
    size_t size = size_of(pieces, count);

    if (levels_among(side, STREAM_WRITE) == 0 || !use_up(sim, &side->write_step))
        return -EAGAIN;
    sim_stir(sim);
    if (side->error != 0)
        return -side->error;
    if (side->shut)
        return -EPIPE;
    size = share_of(side, size);
    if (size == 0)
        return 0;
    if (!pipe_write(&side->peer->in, pieces, size))
        return -ENOMEM;
    note_bytes(sim, pieces, size);
    side->tx += size;
    sim_side_send_bytes(side->peer);
    return (ssize_t)size;
}

static ssize_t stream_write_now(struct stream *stream, const struct iovec *pieces, int count)
{
    struct sim_side *side = side_of(stream);
    ssize_t result = write_now(side, pieces, count);

    sim_note(side->link->sim, NOTED_WRITE, side->ordinal, result);
    return result;
}

static int stream_shut_now(struct stream *stream)
{
    struct sim_side *side = side_of(stream);

    sim_note(side->link->sim, NOTED_SHUT, side->ordinal, -side->error);
    if (side->error != 0)
        return -side->error;
    sim_stir(side->link->sim);
    side->shut = true;
    side->peer->in.end_asked = true;
    sim_side_send_bytes(side->peer);
    sim_side_touch(side);
    return 0;
}

/* The last the side does: what its peer will see of it. */
void sim_side_close(struct sim_side *side, enum stream_end end)
{
    bool was_open = side->state == SIDE_OPEN;

    side->state = SIDE_CLOSED;
    if (side->error != 0)
        return; /* the peer is gone, or there never was one */
    if (was_open && end == STREAM_FIN && pipe_readable(&side->in) == 0) {
        side->peer->in.end_asked = true;
        sim_side_send_bytes(side->peer);
        return;
    }
    side->reset_sent = true;
    sim_network_send(side->peer, FLIGHT_RST, 0);
}

static void stream_close_now(struct stream *stream, enum stream_end end)
{
    struct sim_side *side = side_of(stream);
    struct sim_link *link = side->link;
    struct sim *sim = link->sim;

    sim_note(sim, NOTED_CLOSE, side->ordinal, end);
    sim_stir(sim);
    agenda_remove(&sim->agenda, &side->item);
    sim_side_close(side, end);
    side->stream = NULL;
    side->tag = 0;
    stream->impl = NULL;
    sim->stream_count--;
    sim_link_give_if_done(link);
    sim_listener_feed_all(sim);
}

static void stream_want_now(struct stream *stream, unsigned events)
{
    struct sim_side *side = side_of(stream);

    sim_note(side->link->sim, NOTED_WANT, side->ordinal, events);
    if (events != side->wanted)
        sim_stir(side->link->sim);
    side->wanted = events;
    sim_side_touch(side);
}

/* The dialling side has no port of its own here; its ordinal stands in for one. */
static struct address peer_of(const struct sim_side *side)
{
    const struct sim_link *link = side->link;
    struct address peer = link->address;

    if (side == &link->sides[1])
        peer.port = (uint16_t)(EPHEMERAL_PORT_FIRST + side->ordinal % EPHEMERAL_PORTS);
    return peer;
}

static void stream_info_now(struct stream *stream, struct stream_info *out)
{
    struct sim_side *side = side_of(stream);

    *out = (struct stream_info){.tx = side->tx,
                                .rx = side->rx,
                                .tx_known = true,
                                .error = side->error,
                                .peer = peer_of(side)};
}

static const struct stream_ops link_stream_ops = {
    .status = stream_status_now,
    .read = stream_read_now,
    .write = stream_write_now,
    .shut = stream_shut_now,
    .close = stream_close_now,
    .want = stream_want_now,
    .info = stream_info_now,
};
