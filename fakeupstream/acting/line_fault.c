#include "fakeupstream/acting/line_fault.h"

#include "fakeupstream/acting/line.h"
#include "world/base/check.h"

enum { NO_FAULT = -1 };

static const uint8_t GARBLED_BYTE = 0;

static void on_sent_time(struct timer *timer);
static void on_received_time(struct timer *timer);

/* ---- life -------------------------------------------------------------------------------------- */

void line_faults_init(struct line *line)
{
    line->faults = (struct line_faults){
        .sent = {.timer = {.on_time = on_sent_time, .owner = line}},
        .received = {.timer = {.on_time = on_received_time, .owner = line}},
    };
}

static bool is_bit(unsigned bits, size_t place)
{
    return (bits >> place & 1) != 0;
}

static bool is_of_handshake(enum wire_fault_kind kind)
{
    return kind >= WIRE_FAULT_TLS_ALERT && kind <= WIRE_FAULT_TLS_RST_AFTER;
}

/* Made here; all others are made beneath the proxy. */
static bool is_of_lines(const struct wire_fault *fault)
{
    return !wire_fault_is_beneath_proxy(fault->kind);
}

/* The next byte at which something is to be made in that direction. */
static uint64_t next_stop(const struct line *line, enum wire_direction direction)
{
    const struct scene_faults *faults = &line->scene->faults;
    uint64_t stop = UINT64_MAX;

    for (size_t i = 0; i < faults->count; i++) {
        const struct wire_fault *fault = &faults->list[i];

        if (is_bit(line->faults.left, i) && fault->direction == direction &&
            fault->kind != WIRE_FAULT_GARBAGE && fault->offset < stop)
            stop = fault->offset;
    }
    return stop;
}

static void find_stops(struct line *line)
{
    line->faults.sent.stop = next_stop(line, WIRE_SENT);
    line->faults.received.stop = next_stop(line, WIRE_RECEIVED);
}

void line_faults_arm(struct line *line)
{
    const struct scene_faults *faults = &line->scene->faults;
    enum wire_party party =
        line->transcript.kind == TRANSCRIPT_REQUESTS ? WIRE_UPSTREAM : WIRE_CLIENT;

    line->faults.left = 0;
    for (size_t i = 0; i < faults->count; i++)
        if (is_of_lines(&faults->list[i]) &&
            wire_fault_meets(&faults->list[i], party, line->index, line->witness.connection))
            line->faults.left |= 1u << i;
    line->faults.any = line->faults.left != 0;
    line->faults.struck = false;
    line->faults.cutting = false;
    line->faults.sent.held = false;
    line->faults.received.held = false;
    if (line->faults.any)
        find_stops(line);
}

void line_faults_arm_handshake(struct line *line)
{
    const struct scene_faults *faults = &line->scene->faults;

    for (size_t i = 0; i < faults->count; i++)
        if (is_bit(line->faults.left, i) && is_of_handshake(faults->list[i].kind))
            line->faults.struck = true;
}

static void stop_way(struct line *line, struct line_way *way)
{
    timer_stop(line->scene->world, &way->timer);
    way->held = false;
}

void line_faults_stop(struct line *line)
{
    if (!line->faults.any)
        return;
    line->faults.cutting = false;
    stop_way(line, &line->faults.sent);
    stop_way(line, &line->faults.received);
}

void line_faults_abandon(struct line *line)
{
    line->faults.sent.timer.index = 0;
    line->faults.received.timer.index = 0;
}

/* ---- what is made ------------------------------------------------------------------------------ */

static void note_met(struct line *line, size_t place)
{
    struct scene_faults *faults = &line->scene->faults;

    faults->met |= 1u << place;
    if (faults->on_met != NULL)
        faults->on_met(faults->owner, place);
}

static void strike(struct line *line, enum wire_fault_kind kind)
{
    line->faults.struck = true;
    if (kind == WIRE_FAULT_STALL)
        line_stall(line);
    else
        line_end(line, kind == WIRE_FAULT_FIN ? STREAM_FIN : STREAM_RST);
}

/* In the clear there is nothing to cut, nor behind a goodbye of its own. */
static void begin_cut(struct line *line, size_t place)
{
    if (line->wire == NULL || line->write_ended)
        return;
    line->faults.cutting = true;
    line->faults.cut = (unsigned)place;
    line_faults_cut(line);
}

void line_faults_cut(struct line *line)
{
    check(line->faults.cutting);
    if (!line_cut(line))
        return;
    note_met(line, line->faults.cut);
    line->faults.struck = true;
}

static void hold(struct line *line, struct line_way *way, uint64_t time_ns)
{
    struct world *world = line->scene->world;

    way->held = true;
    timer_set(world, &way->timer, world_now(world) + time_ns);
}

static void split(struct line *line, size_t place)
{
    struct line_way *way = &line->faults.sent;

    if (line->scene->faults.has_read == NULL)
        return;
    way->split = (int)place;
    way->looks = 0;
    hold(line, way, LINE_FAULT_LOOK_NS);
}

static void end_client(struct line *line, size_t place, enum stream_end end)
{
    const struct scene_faults *faults = &line->scene->faults;

    if (faults->end_client != NULL && faults->end_client(faults->owner, end))
        note_met(line, place);
}

static void make(struct line *line, size_t place)
{
    const struct wire_fault *fault = &line->scene->faults.list[place];
    struct line_way *way =
        fault->direction == WIRE_SENT ? &line->faults.sent : &line->faults.received;

    line->faults.left &= ~(1u << place);
    switch (fault->kind) {
    case WIRE_FAULT_FIN:
    case WIRE_FAULT_RST:
    case WIRE_FAULT_STALL:
        note_met(line, place);
        strike(line, fault->kind);
        break;
    case WIRE_FAULT_TLS_CUT:
        begin_cut(line, place);
        break;
    case WIRE_FAULT_HALF_CLOSE:
        note_met(line, place);
        line_half_close(line);
        break;
    case WIRE_FAULT_DELAY:
        note_met(line, place);
        way->split = NO_FAULT;
        hold(line, way, WIRE_DELAY_NS);
        break;
    case WIRE_FAULT_SPLIT:
        split(line, place);
        break;
    case WIRE_FAULT_CLIENT_FIN:
        end_client(line, place, STREAM_FIN);
        break;
    case WIRE_FAULT_CLIENT_RST:
        end_client(line, place, STREAM_RST);
        break;
    default:
        check_refuse(__FILE__, __LINE__, "no line makes the fault %s",
                     wire_fault_word(fault->kind));
    }
}

/* What lets nothing through also keeps back further faults at its byte. */
static bool is_due(const struct line *line, size_t place)
{
    const struct wire_fault *fault = &line->scene->faults.list[place];

    if (!is_bit(line->faults.left, place) || fault->kind == WIRE_FAULT_GARBAGE)
        return false;
    if (fault->direction == WIRE_SENT)
        return !line->faults.sent.held && fault->offset <= line->witness.out.bytes;
    return fault->direction == WIRE_RECEIVED && !line->faults.received.held &&
           fault->offset <= line->witness.in.bytes;
}

void line_faults_look(struct line *line)
{
    if (!line->faults.any || line->opening)
        return;
    for (size_t i = 0; i < line->scene->faults.count; i++) {
        if (!line_is_held(line) || line->stalled || line->faults.cutting)
            return;
        if (is_due(line, i))
            make(line, i);
    }
    find_stops(line);
}

/* ---- what is held back ------------------------------------------------------------------------- */

/* False: it has been looked often enough, or it was read. */
static bool waits_for_reader(struct line *line, struct line_way *way)
{
    const struct scene_faults *faults = &line->scene->faults;

    if (faults->has_read(faults->owner, line)) {
        note_met(line, (size_t)way->split);
        return false;
    }
    if (++way->looks == LINE_FAULT_LOOKS)
        return false;
    hold(line, way, LINE_FAULT_LOOK_NS << way->looks);
    return true;
}

static void let_go(struct line *line, struct line_way *way)
{
    check(way->held);
    if (way->split != NO_FAULT && waits_for_reader(line, way))
        return;
    way->held = false;
    line_faults_look(line);
    line->on_event(line);
}

static void on_sent_time(struct timer *timer)
{
    struct line *line = object_cast(timer->owner, LINE_TAG);

    let_go(line, &line->faults.sent);
}

static void on_received_time(struct timer *timer)
{
    struct line *line = object_cast(timer->owner, LINE_TAG);

    let_go(line, &line->faults.received);
}

/* ---- how far bytes may go ---------------------------------------------------------------------- */

size_t line_faults_readable(const struct line *line, size_t size)
{
    const struct line_way *way = &line->faults.received;
    uint64_t before = line->witness.in.bytes;

    if (way->held || line->faults.cutting)
        return 0;
    check(way->stop > before);
    return size < way->stop - before ? size : (size_t)(way->stop - before);
}

/* The first byte from there on that a fault makes another; UINT64_MAX: none. */
static uint64_t next_garbled(const struct line *line, uint64_t from)
{
    const struct scene_faults *faults = &line->scene->faults;
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < faults->count; i++) {
        const struct wire_fault *fault = &faults->list[i];

        if (is_bit(line->faults.left, i) && fault->kind == WIRE_FAULT_GARBAGE &&
            fault->offset >= from && fault->offset < next)
            next = fault->offset;
    }
    return next;
}

static size_t smaller(size_t size, uint64_t limit)
{
    return size < limit ? size : (size_t)limit;
}

int line_faults_writable(const struct line *line, struct bytes bytes,
                         struct iovec pieces[LINE_FAULT_PIECES])
{
    const struct line_way *way = &line->faults.sent;
    uint64_t before = line->witness.out.bytes;
    uint64_t garbled = next_garbled(line, before);
    uint8_t *data = (uint8_t *)(uintptr_t)bytes.data;
    size_t size, place;
    int count = 0;

    if (way->held || line->faults.cutting)
        return 0;
    check(way->stop > before);
    size = smaller(bytes.size, way->stop - before);
    place = smaller(size, garbled - before);
    if (place > 0)
        pieces[count++] = (struct iovec){data, place};
    if (place == size)
        return count;
    pieces[count++] = (struct iovec){(void *)(uintptr_t)&GARBLED_BYTE, 1};
    size = smaller(size, next_garbled(line, garbled + 1) - before);
    if (size > place + 1)
        pieces[count++] = (struct iovec){data + place + 1, size - place - 1};
    return count;
}

void line_faults_note_written(struct line *line, struct bytes bytes)
{
    const struct scene_faults *faults = &line->scene->faults;
    uint64_t before = line->witness.out.bytes;

    for (size_t i = 0; i < faults->count; i++) {
        const struct wire_fault *fault = &faults->list[i];

        if (!is_bit(line->faults.left, i) || fault->kind != WIRE_FAULT_GARBAGE ||
            fault->offset < before || fault->offset - before >= bytes.size)
            continue;
        line->faults.left &= ~(1u << i);
        note_met(line, i);
        if (bytes.data[fault->offset - before] != GARBLED_BYTE)
            witness_garbled(&line->witness, fault->offset);
    }
}

/* ---- handshakes -------------------------------------------------------------------------------- */

enum tls_fault line_faults_handshake(const struct scene *scene, uint32_t upstream,
                                     uint32_t connection)
{
    static const enum tls_fault HANDSHAKES[WIRE_FAULT_KIND_COUNT] = {
        [WIRE_FAULT_TLS_ALERT] = TLS_FAULT_ALERT,
        [WIRE_FAULT_TLS_CLOSE] = TLS_FAULT_CLOSE_MID_HANDSHAKE,
        [WIRE_FAULT_TLS_RESET] = TLS_FAULT_RESET_MID_HANDSHAKE,
        [WIRE_FAULT_TLS_STALL] = TLS_FAULT_STALL,
        [WIRE_FAULT_TLS_RST_AFTER] = TLS_FAULT_RST_AFTER_FINISHED,
    };

    for (size_t i = 0; i < scene->faults.count; i++)
        if (is_of_handshake(scene->faults.list[i].kind) &&
            wire_fault_meets(&scene->faults.list[i], WIRE_UPSTREAM, upstream, connection))
            return HANDSHAKES[scene->faults.list[i].kind];
    return TLS_FAULT_NONE;
}

void line_faults_note_handshake(struct line *line)
{
    const struct scene_faults *faults = &line->scene->faults;

    for (size_t i = 0; i < faults->count && line->faults.struck; i++)
        if (is_bit(line->faults.left, i) && is_of_handshake(faults->list[i].kind))
            note_met(line, i);
}
