#include "reports/pcapng/pcapng.h"

#include <string.h>

#include "reports/pcapng/capture_block.h"
#include "reports/pcapng/tcp_head.h"

enum {
    SEGMENT_BYTES_MAX = 32 * 1024, /* of payload, about as loopback carries them */
    PORT_CLIENT = 40000,           /* and those above it, where a recording does not know */
    PORT_SERVER = 80,
    COMMENTS_MAX = 16, /* beside one packet; nobody reads more there */
};

#define SEQUENCE_STEP UINT32_C(16777216) /* between the first numbers of connections */

/* One side of a connection. */
struct speaker {
    struct address address;
    uint32_t first; /* the number of its SYN */
    uint32_t next;  /* of what it sends next */
    bool finished;
};

struct talk {
    const struct recording_connection *connection;
    struct speaker by_way[WAY_COUNT]; /* who sends that way: up is whoever dialled */
    bool asked;                       /* the SYN is out */
    bool opened;
};

struct comments {
    const char *texts[COMMENTS_MAX];
    size_t count;
};

/* The last packet, kept back because a comment may still belong to it. */
struct held_packet {
    bool is_there;
    uint8_t head[TCP_HEAD_BYTES_MAX];
    struct capture_packet packet;
    struct comments comments;
};

struct capture {
    const struct case_recording *recording;
    const struct pcapng_case *about;
    struct region *region;
    FILE *out;
    struct talk *talks; /* of each connection */
    uint64_t at_ns;     /* since 1970, of the event under way */
    struct comments next;
    struct held_packet held;
    bool short_of_memory;
};

/* ---- comments --------------------------------------------------------------------------------- */

static void comment_on(struct capture *capture, const char *text)
{
    if (text == NULL)
        capture->short_of_memory = true;
    else if (capture->next.count < COMMENTS_MAX)
        capture->next.texts[capture->next.count++] = text;
}

static void comment_on_case(struct capture *capture)
{
    const struct pcapng_case *about = capture->about;
    comment_on(capture, region_format(capture->region, "%s: %s (%s)", about->id, about->name,
                                      about->verdict));
    if (capture->recording->events_lost > 0)
        comment_on(capture, "more happened than was recorded: bytes are missing here");
}

static const char *attempt_text(struct region *region, const struct recording_exchange *exchange,
                                const struct recording_attempt *attempt)
{
    const bool failed = attempt->stage != NULL;
    return region_format(
        region, "%s %s: attempt %u at %s%s%s%s%s%s%s%s", exchange->method, exchange->target,
        attempt->number, attempt->upstream, attempt->reused ? ", on a connection used before" : "",
        failed ? ", fails at " : "", failed ? attempt->stage : "",
        attempt->cause != NULL ? ": " : "", attempt->cause != NULL ? attempt->cause : "",
        attempt->decision != NULL ? "; " : "", attempt->decision != NULL ? attempt->decision : "");
}

/* An attempt begins with the first that happens on its connection; on one that was used before, with its first bytes. */
static bool begins_with(const struct recording_attempt *attempt,
                        const struct recording_event *event)
{
    return attempt->reused ? event->what == RECORDED_BYTES && event->way == WAY_UP
                           : event->what == RECORDED_DIAL;
}

static const struct recording_event *attempt_beginning(const struct case_recording *recording,
                                                       const struct recording_attempt *attempt)
{
    for (size_t i = 0; i < recording->event_count; i++) {
        const struct recording_event *event = &recording->events[i];
        if (event->connection == attempt->connection && event->at_ns >= attempt->begun_ns &&
            begins_with(attempt, event))
            return event;
    }
    return NULL;
}

static void comment_on_attempts(struct capture *capture, const struct recording_event *event)
{
    const struct case_recording *recording = capture->recording;
    for (size_t i = 0; i < recording->exchange_count; i++) {
        const struct recording_exchange *exchange = &recording->exchanges[i];
        for (size_t k = 0; k < exchange->attempt_count; k++)
            if (exchange->attempts[k].connection == event->connection &&
                attempt_beginning(recording, &exchange->attempts[k]) == event)
                comment_on(capture,
                           attempt_text(capture->region, exchange, &exchange->attempts[k]));
    }
}

/* ---- packets ---------------------------------------------------------------------------------- */

static void release_held(struct capture *capture)
{
    struct held_packet *held = &capture->held;
    if (!held->is_there)
        return;
    held->packet.head = held->head;
    held->packet.comments = held->comments.texts;
    held->packet.comment_count = held->comments.count;
    capture_block_packet(&held->packet, capture->out);
    held->is_there = false;
}

/* What was said behind the last packet is about that one. */
static void end_packets(struct capture *capture)
{
    struct comments *last = &capture->held.comments;
    for (size_t i = 0; i < capture->next.count && last->count < COMMENTS_MAX; i++)
        last->texts[last->count++] = capture->next.texts[i];
    release_held(capture);
}

/* What one side sends. */
struct utterance {
    enum recording_way way;
    unsigned flags;
    const uint8_t *data;
    size_t size;    /* of it that was kept */
    size_t missing; /* and that was not */
};

static void put_segment(struct capture *capture, struct talk *talk, const struct utterance *said)
{
    struct speaker *from = &talk->by_way[said->way];
    const struct speaker *to = &talk->by_way[said->way == WAY_UP ? WAY_DOWN : WAY_UP];
    const struct tcp_segment segment = {.from = from->address,
                                        .to = to->address,
                                        .sequence = from->next,
                                        .acknowledged = to->next,
                                        .flags = said->flags,
                                        .data = said->data,
                                        .data_size = said->size,
                                        .missing = said->missing};
    release_held(capture);
    capture->held = (struct held_packet){.is_there = true,
                                         .packet = {.at_ns = capture->at_ns,
                                                    .data = said->data,
                                                    .data_size = said->size,
                                                    .missing = said->missing},
                                         .comments = capture->next};
    capture->held.packet.head_size = tcp_head_write(&segment, capture->held.head);
    capture->next.count = 0;
    from->next += (uint32_t)(said->size + said->missing);
    from->next += (said->flags & (TCP_SYN | TCP_FIN)) != 0;
}

static void put_flags(struct capture *capture, struct talk *talk, enum recording_way way,
                      unsigned flags)
{
    put_segment(capture, talk, &(const struct utterance){.way = way, .flags = flags});
}

static void ask(struct capture *capture, struct talk *talk)
{
    if (!talk->asked)
        put_flags(capture, talk, WAY_UP, TCP_SYN);
    talk->asked = true;
}

static void open(struct capture *capture, struct talk *talk)
{
    ask(capture, talk);
    if (!talk->opened) {
        put_flags(capture, talk, WAY_DOWN, TCP_SYN | TCP_ACK);
        put_flags(capture, talk, WAY_UP, TCP_ACK);
    }
    talk->opened = true;
}

/* A refusal is a packet only where it came as one; what was never answered shows by that. */
static void refuse(struct capture *capture, struct talk *talk, const struct recording_event *event)
{
    static const char REFUSED[] = "Connection refused"; /* as strerror() has it */
    ask(capture, talk);
    if (event->text != NULL)
        comment_on(capture, event->text);
    if (event->text != NULL && strcmp(event->text, REFUSED) == 0)
        put_flags(capture, talk, WAY_DOWN, TCP_RST | TCP_ACK);
}

static void put_bytes(struct capture *capture, struct talk *talk,
                      const struct recording_event *event)
{
    const struct recording_stream *stream = &talk->connection->streams[event->way];
    struct speaker *from = &talk->by_way[event->way];
    uint64_t size = event->size < PCAPNG_EVENT_BYTES_MAX ? event->size : PCAPNG_EVENT_BYTES_MAX;
    open(capture, talk);
    from->next = from->first + 1 + (uint32_t)event->offset;
    for (uint64_t at = event->offset, end = at + size; at < end;) {
        const uint64_t part = end - at < SEGMENT_BYTES_MAX ? end - at : SEGMENT_BYTES_MAX;
        const uint64_t kept = at < stream->size ? stream->size - at : 0;
        struct utterance said = {.way = event->way,
                                 .flags = TCP_ACK | TCP_PSH,
                                 .size = (size_t)(kept < part ? kept : part)};
        said.data = said.size > 0 ? stream->data + at : NULL;
        said.missing = (size_t)part - said.size;
        put_segment(capture, talk, &said);
        at += part;
    }
    from->next = from->first + 1 + (uint32_t)(event->offset + event->size);
}

static void finish(struct capture *capture, struct talk *talk, enum recording_way way)
{
    open(capture, talk);
    if (talk->by_way[way].finished)
        return;
    put_flags(capture, talk, way, TCP_FIN | TCP_ACK);
    talk->by_way[way].finished = true;
    put_flags(capture, talk, way == WAY_UP ? WAY_DOWN : WAY_UP, TCP_ACK);
}

static void reset(struct capture *capture, struct talk *talk, enum recording_way way)
{
    ask(capture, talk);
    if (talk->by_way[WAY_UP].finished && talk->by_way[WAY_DOWN].finished)
        return;
    put_flags(capture, talk, way, TCP_RST | TCP_ACK);
    talk->by_way[WAY_UP].finished = talk->by_way[WAY_DOWN].finished = true;
}

/* ---- a case ----------------------------------------------------------------------------------- */

static void put_event(struct capture *capture, const struct recording_event *event)
{
    struct talk *talk = event->connection < capture->recording->connection_count
                            ? &capture->talks[event->connection]
                            : NULL;
    capture->at_ns = capture->about->began_ns + event->at_ns;
    if (talk == NULL || event->what >= RECORDED_DECISION) {
        if (event->text != NULL)
            comment_on(capture, event->text);
        return;
    }
    comment_on_attempts(capture, event);
    switch (event->what) {
    case RECORDED_DIAL:
        ask(capture, talk);
        break;
    case RECORDED_OPEN:
        open(capture, talk);
        break;
    case RECORDED_REFUSED:
        refuse(capture, talk, event);
        break;
    case RECORDED_BYTES:
        put_bytes(capture, talk, event);
        break;
    case RECORDED_FIN:
        finish(capture, talk, event->way);
        break;
    default:
        reset(capture, talk, event->way);
        break;
    }
}

/* An address that is not known is made up, of the family of the other side. */
static void read_addresses(struct talk *talk, size_t index)
{
    struct address *client = &talk->by_way[WAY_UP].address;
    struct address *server = &talk->by_way[WAY_DOWN].address;
    const bool client_known = address_parse(talk->connection->client_address, 0, client);
    const bool server_known = address_parse(talk->connection->server_address, 0, server);
    if (!server_known && client_known)
        *server = *client;
    if (!server_known && !client_known)
        *server = address_loopback(PORT_SERVER);
    if (!server_known)
        server->port = PORT_SERVER;
    if (client_known && client->family == server->family)
        return;
    *client = *server;
    client->port = (uint16_t)(PORT_CLIENT + index % (UINT16_MAX - PORT_CLIENT));
}

static void begin_talk(struct talk *talk, const struct recording_connection *connection,
                       size_t index)
{
    talk->connection = connection;
    read_addresses(talk, index);
    for (enum recording_way way = 0; way < WAY_COUNT; way++) {
        struct speaker *speaker = &talk->by_way[way];
        speaker->first = (uint32_t)(2 * index + way + 1) * SEQUENCE_STEP;
        speaker->next = speaker->first;
    }
}

void pcapng_begin(const char *application, FILE *out)
{
    capture_block_begin(application, out);
}

bool pcapng_put_case(const struct case_recording *recording, const struct pcapng_case *about,
                     struct region *region, FILE *out)
{
    struct capture capture = {.recording = recording, .about = about, .region = region, .out = out};
    capture.talks = region_take(region, (recording->connection_count + 1) * sizeof(*capture.talks));
    if (capture.talks == NULL)
        return false;
    for (size_t i = 0; i < recording->connection_count; i++) {
        const struct recording_connection *connection = &recording->connections[i];
        begin_talk(&capture.talks[i], connection, i);
        if (connection->secrets != NULL)
            capture_block_secrets(connection->secrets, out);
    }
    comment_on_case(&capture);
    for (size_t i = 0; i < recording->event_count; i++)
        put_event(&capture, &recording->events[i]);
    end_packets(&capture);
    return !capture.short_of_memory;
}

uint64_t pcapng_case_ns(const struct case_recording *recording)
{
    return recording->event_count == 0 ? 0 : recording->events[recording->event_count - 1].at_ns;
}
