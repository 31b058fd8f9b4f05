/*
 * The head of a message that came: its start line, its fields, and what they say of framing. The pure part
 * of the transcript. Strict, yet it goes on where it can: each broken rule is noted.
 *
 * Ownership: slices point into the text given; fields live in the store, which grows and is kept.
 * Limits: HEADING_FIELDS_MAX; further fields are noted and left out.
 */
#ifndef FAKEUPSTREAM_WIRE_HEADING_H
#define FAKEUPSTREAM_WIRE_HEADING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/wire/draft.h"
#include "world/base/bytes.h"

enum {
    HEADING_FIELDS_MAX = 1024, /* far past every limit a proxy keeps; a head or a trailer section */
    TRANSCRIPT_FAULTS_MAX = 16, /* the first ones tell the story */
};

/* A rule of HTTP that the peer broke. */
struct transcript_fault {
    uint64_t message;     /* the number of the message it was found in, from 1 */
    const char *sentence; /* static */
};

struct transcript_faults {
    struct transcript_fault list[TRANSCRIPT_FAULTS_MAX];
    size_t count;     /* may be larger than the list: all were counted */
    uint64_t message; /* the message being read */
};

struct field_store {
    struct message_field *fields;
    size_t count;
    size_t capacity;
};

/* Text and fields are there when the head is told, trailers when the end is told. */
struct heading {
    bool interim;      /* a 1xx other than 101 */
    bool unasked;      /* a response that no request asked for */
    bool asks_no_body; /* a request whose answer has no body: HEAD */
    bool asks_tunnel;  /* a request whose 2xx opens a tunnel: CONNECT */
    struct bytes method;
    struct bytes target;
    struct bytes reason;
    unsigned status;
    unsigned version_minor; /* HTTP/1.x */
    const struct message_field *fields;
    size_t field_count;
    const struct message_field *trailers;
    size_t trailer_count;
    enum message_framing framing;
    uint64_t declared; /* MESSAGE_LENGTH: the Content-Length */
    bool keep_alive;   /* RFC 9112 9.3: the sender does not mean to close */
};

/* What the fields say of framing and of the connection. */
struct framing_facts {
    bool coded;        /* a Transfer-Encoding is there */
    bool chunked_last; /* and its last coding is chunked */
    bool length_known; /* a Content-Length that is a number is there */
    bool length_wrong; /* one that is none, or one that differs, is there too */
    uint64_t length;
    unsigned hosts;
    bool close;
    bool keep_alive;
};

void transcript_fault(struct transcript_faults *faults, const char *sentence);

/* The start line, without its end. False if it is none. */
bool heading_read_request_line(struct heading *heading, struct bytes line);
bool heading_read_status_line(struct heading *heading, struct bytes line,
                              struct transcript_faults *faults);
/* Field lines with their ends, up to and with the empty line; replaces what the store held. */
void heading_read_fields(struct bytes text, struct field_store *store,
                         struct transcript_faults *faults);
struct framing_facts heading_read_facts(const struct heading *heading,
                                        struct transcript_faults *faults);

/* The line at the front of text, without CRLF or LF; *text is moved behind it. text holds an LF. */
struct bytes heading_take_line(struct bytes *text);

#endif
