#include "fakeupstream/acting/line.h"

#include <errno.h>

#include "fakeupstream/acting/handshake.h"
#include "world/base/check.h"

static void on_stream_event(struct stream *stream, unsigned events);
static void take_input(struct line *line, const struct transcript_goal *goal);
static void note_read_end(struct line *line, ssize_t outcome);

void line_init(struct line *line, struct scene *scene)
{
    line->tag = LINE_TAG;
    line->scene = scene;
    line->index = 0;
    line->dialled = 0;
    line_faults_init(line);
    line->stream = (struct stream){.on_event = on_stream_event, .owner = line};
    line->on_event = NULL;
    line->owner = NULL;
    witness_init(&line->witness);
    transcript_init(&line->transcript, TRANSCRIPT_REQUESTS);
    line_reset(line);
}

void line_release(struct line *line)
{
    check(!line_is_held(line));
    witness_release(&line->witness);
    transcript_release(&line->transcript);
    line->tag = 0;
}

void line_reset(struct line *line)
{
    check(!line_is_held(line));
    witness_reset(&line->witness);
    line->wire = NULL;
    line->fault = TLS_FAULT_NONE;
    line->opening = false;
    line->read_ended = false;
    line->write_ended = false;
    line->closed_told = false;
    line->stalled = false;
    line->fading = false;
    line->input_first = 0;
    line->input_size = 0;
}

void line_abandon(struct line *line)
{
    if (line_is_held(line))
        tls_abandon(&line->stream);
    line_faults_abandon(line);
    sieve_abandon(&line->wire);
    line->stream.impl = NULL;
    line->stream.ops = NULL;
}

bool line_is_held(const struct line *line)
{
    return stream_in_use(&line->stream);
}

/* The stream beneath TLS was just made: the scene's sieve knows it. */
static void begin_handshake(struct line *line, const struct line_security *security)
{
    sieve_hold(&line->scene->sieve, &line->wire);
    line->opening = true;
    line->witness.handshake.tls = true;
    line_faults_arm_handshake(line);
    handshake_arm(line, security->fault);
}

static void note_peer(struct line *line)
{
    struct stream_info info;

    stream_info(&line->stream, &info);
    line->witness.peer = info.peer;
}

int line_accept(struct line *line, struct listener *listener, unsigned ordinal,
                const struct line_security *security)
{
    struct scene *scene = line->scene;
    int outcome = security == NULL ? world_accept(scene->world, listener, &line->stream)
                                   : tls_accept(security->server, &scene->sieve.passing.world,
                                                listener, &line->stream);

    if (outcome < 0)
        return outcome;
    transcript_reset(&line->transcript, TRANSCRIPT_REQUESTS);
    line->witness.connection = ordinal;
    line->witness.opened_ns = world_now(scene->world);
    if (scene->is_recorded)
        note_peer(line);
    line_faults_arm(line);
    if (security != NULL)
        begin_handshake(line, security);
    line_faults_look(line);
    return 0;
}

int line_connect(struct line *line, const struct address *address, unsigned ordinal,
                 const struct line_security *security)
{
    struct scene *scene = line->scene;
    int outcome;

    transcript_reset(&line->transcript, TRANSCRIPT_RESPONSES);
    line->witness.connection = ordinal;
    outcome = security == NULL ? world_connect(scene->world, &line->stream, address)
                               : tls_connect(security->client, &scene->sieve.passing.world,
                                             &line->stream, address, security->server_name);
    line_faults_arm(line);
    line->dialled = outcome == 0 ? ++scene->dialled : 0;
    line->opening = outcome == 0;
    line->read_ended = outcome != 0;
    line->write_ended = outcome != 0;
    line->witness.dial_error = outcome < 0 ? -outcome : 0;
    if (outcome == 0 && security != NULL)
        begin_handshake(line, security);
    return outcome;
}

bool line_is_usable(const struct line *line)
{
    const struct transcript *transcript = &line->transcript;

    return line_is_held(line) && !line->stalled && !line->closed_told && !line->write_ended &&
           transcript->state != TRANSCRIPT_BROKEN && transcript->state != TRANSCRIPT_TUNNEL &&
           (transcript->heads == 0 || transcript->head.keep_alive);
}

static void note_open(struct line *line)
{
    int status;

    if (line->witness.handshake.tls) {
        handshake_look(line);
        return;
    }
    status = stream_status(&line->stream);
    if (status == -EINPROGRESS)
        return;
    line->opening = false;
    if (status == 0) {
        line->witness.opened_ns = world_now(line->scene->world);
        return;
    }
    line->witness.dial_error = -status;
    line_end(line, STREAM_FIN);
}

/* Told even while nobody reads, so that a stalled actor sees its peer go. */
static void note_closed(struct line *line)
{
    struct stream_info info;

    line->closed_told = true;
    stream_info(&line->stream, &info);
    witness_peer_ended(&line->witness, info.error == 0 ? WITNESS_FIN : WITNESS_RST,
                       world_now(line->scene->world));
}

static void on_stream_event(struct stream *stream, unsigned events)
{
    struct line *line = object_cast(stream->owner, LINE_TAG);

    if (line->opening) {
        note_open(line);
        line_faults_look(line);
    }
    if ((events & STREAM_CLOSED) != 0 && line_is_held(line))
        note_closed(line);
    if (line->faults.cutting)
        line_faults_cut(line);
    line->on_event(line);
}

void line_want(struct line *line, bool reading, bool writing)
{
    unsigned events = 0;

    if (!line_is_held(line) || line->fading || (line->opening && line->stalled))
        return;
    if (line->opening) {
        stream_want(&line->stream, STREAM_OPEN);
        return;
    }
    if (line->faults.cutting)
        events |= STREAM_WRITE;
    else if (reading && !line->read_ended && !line->faults.received.held)
        events |= STREAM_READ;
    if (writing && !line->write_ended && !line->faults.sent.held)
        events |= STREAM_WRITE;
    if (!line->closed_told)
        events |= STREAM_CLOSED;
    stream_want(&line->stream, events);
}

enum line_progress line_read(struct line *line, const struct transcript_goal *goal, bool exact)
{
    for (;;) {
        size_t size = LINE_INPUT_BYTES;
        ssize_t got;

        take_input(line, goal);
        if (transcript_reached(&line->transcript, goal))
            return LINE_DONE;
        if (line->read_ended || line->stalled || !line_is_held(line))
            return LINE_ENDED;
        if (line->opening)
            return LINE_AGAIN;
        if (exact && transcript_wanted(&line->transcript, goal) < size)
            size = transcript_wanted(&line->transcript, goal);
        if (line->faults.any)
            size = line_faults_readable(line, size);
        if (size == 0)
            return LINE_AGAIN;
        got = stream_read(&line->stream, line->input, size);
        if (got == -EAGAIN)
            return LINE_AGAIN;
        if (got <= 0) {
            note_read_end(line, got);
            continue;
        }
        line->input_first = 0;
        line->input_size = (size_t)got;
        witness_bytes_in(&line->witness, line->input, (size_t)got, world_now(line->scene->world));
        if (line->faults.any) {
            take_input(line, goal); /* before a fault may end the line, which settles the witness */
            line_faults_look(line);
        }
    }
}

/* Whoever sends it within this scene has said so before: large streams need no digest then. */
static void take_stream(struct line *line, struct bytes bytes, uint64_t before)
{
    struct witness_flow_start start = {.begins_at = before};

    if (line->witness.flow_in.bytes == 0)
        start.seed = scene_find_stream(line->scene, bytes);
    witness_flow_in(&line->witness, bytes, &start);
}

static void take_one(struct line *line, size_t size)
{
    uint64_t before = line->witness.in.bytes - (line->input_size - line->input_first);
    struct transcript_piece piece;

    line->input_first +=
        transcript_next(&line->transcript, line->input + line->input_first, size, &piece);
    if (piece.event == TRANSCRIPT_RAW && line->transcript.state == TRANSCRIPT_TUNNEL)
        take_stream(line, piece.data, before);
    witness_note(&line->witness, &line->transcript, &piece, world_now(line->scene->world));
}

/* Takes what was read, up to the goal; then the end of a message that is due without a further byte. */
static void take_input(struct line *line, const struct transcript_goal *goal)
{
    while (line->input_first < line->input_size && !transcript_reached(&line->transcript, goal)) {
        size_t size = line->input_size - line->input_first;
        size_t room = transcript_room(&line->transcript, goal);

        take_one(line, size < room ? size : room);
    }
    if (line->transcript.state == TRANSCRIPT_AT_END)
        take_one(line, 0);
}

static void note_read_end(struct line *line, ssize_t outcome)
{
    uint64_t now_ns = world_now(line->scene->world);

    line->read_ended = true;
    line->closed_told = true;
    if (outcome < 0 && handshake_note_trouble(line)) {
        witness_peer_ended(&line->witness, WITNESS_FIN, now_ns);
        return;
    }
    if (outcome < 0) {
        line->write_ended = true;
        witness_peer_ended(&line->witness, WITNESS_RST, now_ns);
        return;
    }
    witness_peer_ended(&line->witness, WITNESS_FIN, now_ns);
    if (transcript_close(&line->transcript))
        take_one(line, 0);
}

void line_linger(struct line *line)
{
    static const struct transcript_goal NEVER = {.kind = GOAL_NEVER};

    if (line->stalled || line->fading || !line_is_held(line))
        return;
    if (line_read(line, &NEVER, false) == LINE_ENDED)
        line_end(line, STREAM_FIN);
    else
        line_want(line, true, false);
}

/* Tells the witness of what was taken of a write. */
static void note_sent(struct line *line, const struct iovec *pieces, size_t taken)
{
    for (; taken > 0; pieces++) {
        size_t part = pieces->iov_len < taken ? pieces->iov_len : taken;

        witness_bytes_out(&line->witness, pieces->iov_base, part);
        if (line->witness.streams)
            witness_flow_out(&line->witness, bytes_make(pieces->iov_base, part));
        taken -= part;
    }
}

enum line_progress line_send(struct line *line, const void *data, size_t size, size_t *taken)
{
    struct iovec pieces[LINE_FAULT_PIECES] = {{(void *)(uintptr_t)data, size}};
    int count = 1;
    ssize_t put;

    *taken = 0;
    if (line->write_ended || line->stalled || !line_is_held(line))
        return LINE_ENDED;
    if (line->opening)
        return LINE_AGAIN;
    if (line->faults.any)
        count = line_faults_writable(line, bytes_make(data, size), pieces);
    put = count == 0 ? -EAGAIN : stream_write(&line->stream, pieces, count);
    if (put == -EAGAIN)
        return LINE_AGAIN;
    if (put < 0) {
        line->write_ended = true;
        return LINE_ENDED;
    }
    *taken = (size_t)put;
    if (line->faults.any)
        line_faults_note_written(line, bytes_make(data, *taken));
    note_sent(line, pieces, *taken);
    line_faults_look(line);
    if (*taken < size && (line->write_ended || line->stalled))
        return LINE_ENDED;
    return *taken == size ? LINE_DONE : LINE_AGAIN;
}

void line_begin_stream(struct line *line, uint64_t seed)
{
    scene_add_stream(line->scene, seed);
    witness_begin_flows(&line->witness, seed);
}

void line_resume_http(struct line *line)
{
    transcript_resume(&line->transcript);
    line->witness.streams = false;
}

void line_stall(struct line *line)
{
    line->stalled = true;
    line->witness.stalled = true;
    line->witness.stalled_ns = world_now(line->scene->world);
    line_faults_stop(line);
    line_want(line, false, false);
}

void line_fade(struct line *line)
{
    line->fading = true;
    line->opening = false;
    line->read_ended = true;
    line->write_ended = true;
    witness_own_ended(&line->witness, WITNESS_FIN, world_now(line->scene->world));
}

void line_half_close(struct line *line)
{
    if (!line_is_held(line) || line->opening || line->write_ended)
        return;
    line->write_ended = true;
    (void)stream_shut(
        &line->stream); /* fails only where the connection is gone, which reading tells */
    witness_own_ended(&line->witness, WITNESS_FIN, world_now(line->scene->world));
}

bool line_cut(struct line *line)
{
    struct stream_info info;

    if (line->wire != NULL && line_is_held(line) && !line->opening && !line->write_ended) {
        stream_info(&line->stream, &info);
        if (info.tx_pending > 0 && info.error == 0)
            return false;
        sieve_cut(line->wire);
        line->witness.handshake.own_cut = true;
    }
    line_end(line, STREAM_FIN);
    return true;
}

void line_end(struct line *line, enum stream_end end)
{
    if (!line_is_held(line))
        return;
    line_faults_stop(line);
    witness_settle(&line->witness, &line->transcript);
    if (line->witness.opened_ns != 0)
        witness_own_ended(&line->witness, end == STREAM_FIN ? WITNESS_FIN : WITNESS_RST,
                          world_now(line->scene->world));
    line->opening = false;
    line->read_ended = true;
    line->write_ended = true;
    stream_close(&line->stream, end);
    sieve_let_go(&line->wire);
}
