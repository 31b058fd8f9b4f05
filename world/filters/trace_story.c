#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "world/filters/trace_state.h"

enum {
    WHO_BYTES = ADDRESS_TEXT_BYTES + 16, /* a name or an address, and "#" with an ordinal */
    WHAT_BYTES = WHO_BYTES + 60, /* what happened to whom, with the words of an errno or of TLS */
};

/* ---- questions --------------------------------------------------------------------------------- */

const struct trace_stream *trace_stream_at(const struct world *world, size_t index)
{
    const struct trace *trace = trace_of_const(world);

    return index < trace->record_count ? &trace->records[index] : NULL;
}

static const struct trace_place *place_at(const struct trace *trace, const struct address *address)
{
    for (size_t i = 0; i < trace->place_count; i++)
        if (address_equal(&trace->places[i].address, address))
            return &trace->places[i];
    return NULL;
}

size_t trace_dials(const struct world *world, const struct address *address)
{
    const struct trace *trace = trace_of_const(world);
    const struct trace_place *place;

    if (address == NULL)
        return trace->dial_count;
    place = place_at(trace, address);
    return place == NULL ? 0 : place->begun;
}

size_t trace_open_to(const struct world *world, const struct address *address)
{
    const struct trace *trace = trace_of_const(world);
    const struct trace_place *place;

    if (address == NULL)
        return trace->open[TRACE_CONNECTED];
    place = place_at(trace, address);
    return place == NULL ? 0 : place->open;
}

void trace_world_census(const struct world *world, struct trace_census *out)
{
    const struct trace *trace = trace_of_const(world);

    *out = (struct trace_census){.streams = trace->streams.live,
                                 .listeners = trace->listener_count,
                                 .timers = trace->timers.live,
                                 .queries = trace->queries.live};
}

void trace_world_held(const struct world *world, struct trace_held *out)
{
    *out = trace_of_const(world)->held;
}

void trace_world_conduct(const struct world *world, struct trace_conduct *out)
{
    *out = trace_of_const(world)->conduct;
}

size_t trace_event_count(const struct world *world)
{
    return trace_of_const(world)->event_count;
}

const struct trace_event *trace_event_at(const struct world *world, size_t index)
{
    const struct trace *trace = trace_of_const(world);

    return index < trace->event_count ? &trace->events[index] : NULL;
}

uint64_t trace_events_lost(const struct world *world)
{
    return trace_of_const(world)->events_lost;
}

bool trace_is_complete(const struct world *world)
{
    return !trace_of_const(world)->incomplete;
}

bool trace_name_address(struct world *world, const struct address *address, const char *name)
{
    struct trace *trace = trace_of(world);
    uint32_t place = trace_record_place(trace, address);

    if (place == TRACE_NOT_KEPT)
        return false;
    trace->places[place].name = name;
    return true;
}

/* ---- the story --------------------------------------------------------------------------------- */

static void write_who(const struct trace *trace, const struct trace_stream *stream,
                      char who[WHO_BYTES])
{
    const struct trace_place *place = place_at(trace, &stream->address);
    char address[ADDRESS_TEXT_BYTES];
    const char *name = place == NULL ? NULL : place->name;

    if (name == NULL && stream->side == TRACE_ACCEPTED)
        name = "client";
    if (name == NULL)
        name = address_format(&stream->address, address);
    snprintf(who, WHO_BYTES, "%.*s#%" PRIu32, ADDRESS_TEXT_BYTES, name, stream->ordinal);
}

static void write_dial(const struct trace_stream *stream, const char *who, int64_t result,
                       char what[WHAT_BYTES])
{
    char address[ADDRESS_TEXT_BYTES];

    if (result == 0)
        snprintf(what, WHAT_BYTES, "dial %s %s", who, address_format(&stream->address, address));
    else
        snprintf(what, WHAT_BYTES, "dial %s could not begin: %s", who, strerror((int)-result));
}

struct phrase {
    const char *verb, *preposition;
};

/* "read 120 B from a#1", "read from a#1: Connection reset by peer". */
static void write_bytes(const struct phrase *phrase, const char *who, int64_t result,
                        char what[WHAT_BYTES])
{
    const char *verb = phrase->verb;
    const char *preposition = phrase->preposition;

    if (result > 0)
        snprintf(what, WHAT_BYTES, "%s %" PRId64 " B %s %s", verb, result, preposition, who);
    else if (result == 0)
        snprintf(what, WHAT_BYTES, "%s the end %s %s", verb, preposition, who);
    else
        snprintf(what, WHAT_BYTES, "%s %s %s: %s", verb, preposition, who, strerror((int)-result));
}

/* " (TLS ClientHello)", or nothing. */
static void add_tls(enum trace_tls tls, char what[WHAT_BYTES])
{
    static const char *const words[] = {
        [TRACE_TLS_UNKNOWN] = "",
        [TRACE_TLS_CLIENT_HELLO] = " (TLS ClientHello)",
        [TRACE_TLS_SERVER_HELLO] = " (TLS ServerHello)",
        [TRACE_TLS_HANDSHAKE] = " (TLS handshake)",
        [TRACE_TLS_ALERT] = " (TLS alert)",
        [TRACE_TLS_DATA] = " (TLS data)",
    };
    size_t length = strlen(what);

    snprintf(what + length, WHAT_BYTES - length, "%s", words[tls]);
}

static void write_what(const struct trace_event *event, const struct trace_stream *stream,
                       const char *who, char what[WHAT_BYTES])
{
    switch (event->what) {
    case TRACE_DIAL:
        write_dial(stream, who, event->value, what);
        break;
    case TRACE_DIAL_ENDED:
        snprintf(what, WHAT_BYTES, "%s %s", who,
                 event->value == 0 ? "connected" : strerror((int)-event->value));
        break;
    case TRACE_ACCEPT:
        snprintf(what, WHAT_BYTES, "accepted %s", who);
        break;
    case TRACE_READ:
        write_bytes(&(struct phrase){"read", "from"}, who, event->value, what);
        break;
    case TRACE_WRITE:
        write_bytes(&(struct phrase){"wrote", "to"}, who, event->value, what);
        break;
    case TRACE_SHUT:
        snprintf(what, WHAT_BYTES, "sent FIN to %s", who);
        break;
    case TRACE_CLOSE:
        snprintf(what, WHAT_BYTES, "closed %s with %s", who,
                 event->value == STREAM_FIN ? "FIN" : "RST");
        break;
    case TRACE_PEER_CLOSED:
        snprintf(what, WHAT_BYTES, "%s closed", who);
        break;
    }
}

const char *trace_story_line(const struct world *world, const struct trace_event *event,
                             uint64_t origin_ns, char line[TRACE_LINE_BYTES])
{
    const struct trace *trace = trace_of_const(world);
    const struct trace_stream *stream = trace_stream_at(world, event->stream);
    char who[WHO_BYTES];
    char what[WHAT_BYTES];
    uint64_t since_us = event->at_ns > origin_ns ? (event->at_ns - origin_ns) / NS_PER_US : 0;

    check(stream != NULL);
    write_who(trace, stream, who);
    write_what(event, stream, who, what);
    add_tls(event->tls, what);
    snprintf(line, TRACE_LINE_BYTES, "+%" PRIu64 ".%03" PRIu64 " ms %s", since_us / 1000,
             since_us % 1000, what);
    return line;
}
