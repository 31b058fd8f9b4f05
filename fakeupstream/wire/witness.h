/*
 * What one connection of an actor saw, byte for byte: verdicts rest on it.
 *
 * Ownership: embedded; what it keeps lives until witness_reset() or witness_release(), so it can be
 * judged after the connection is gone. Memory is kept over a reset.
 * Limits: the first WITNESS_STREAM_BYTES_MAX of each direction are kept, all are counted; a body is
 * never stored: it is compared with its pattern as it comes and digested where it differs.
 * Times are the world's absolute nanoseconds; 0: has not happened.
 */
#ifndef FAKEUPSTREAM_WIRE_WITNESS_H
#define FAKEUPSTREAM_WIRE_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/wire/transcript.h"
#include "world/base/bytes.h"
#include "world/base/region.h"
#include "world/data/digest.h"
#include "world/world.h"

enum {
    WITNESS_STREAM_BYTES_MAX = 64 * 1024,       /* decision 22: enough to show, not to store */
    WITNESS_REGION_BYTES_MAX = 4 * 1024 * 1024, /* heads of one connection */
    WITNESS_INTERIMS_MAX = 16,
};

/* How a side ended its direction of the connection. */
enum witness_end { WITNESS_OPEN, WITNESS_FIN, WITNESS_RST };

const char *witness_end_word(enum witness_end end); /* "open", "fin", "rst" */

struct witness_stream {
    uint64_t bytes; /* all that went this way */
    uint8_t *data;  /* the first of them */
    size_t size;
    size_t capacity;
};

/*
 * The bytes of one direction that were no HTTP, from where the connection became a stream: behind a 101, behind a 2xx to
 * CONNECT, or from its first byte. They are not stored but for what in and out keep of them.
 */
struct witness_flow {
    uint64_t begins_at; /* so many bytes of the direction came before */
    uint64_t bytes;
    uint64_t seed; /* of the pattern that `stream` steps send, or that what came seems to follow */
    uint64_t patterned;   /* how many from the start follow it; == bytes: all of them */
    struct digest digest; /* use witness_flow_digest() */
};

/* What TLS did on the connection. Texts are kept like messages. */
struct witness_handshake {
    bool tls; /* it was to begin with a handshake */
    bool completed;
    bool resumed;
    const char
        *failure; /* what broke it, or broke off later: "certificate has expired"; NULL: nothing */
    const char *version; /* "1.3"; NULL: none was agreed on */
    const char *alpn;    /* "": no protocol was agreed on */
    const char *sni;     /* upstreams: the name the peer asked for; "": none */
    uint64_t ended_ns;   /* completed, or failed */
    bool peer_cut;       /* the peer's FIN came without a close_notify */
    bool own_cut;        /* ours went without one */
};

/* A message this actor received. */
struct witness_message {
    struct witness_message *next;
    uint64_t number; /* on this connection, from 1 */
    bool head_complete;
    bool complete;
    bool unasked;       /* a response nobody asked for */
    const char *method; /* requests; "" else */
    const char *target; /* requests; "" else */
    unsigned status;    /* final; 0 until then, and for requests */
    unsigned version_minor;
    const struct message_field *fields;
    size_t field_count;
    const struct message_field *trailers;
    size_t trailer_count;
    enum message_framing framing;
    uint64_t declared;                       /* the Content-Length, where framing says so */
    unsigned interims[WITNESS_INTERIMS_MAX]; /* statuses of the 1xx before the head, in order */
    size_t interim_count;                    /* may be larger than the array */

    struct bytes label; /* value of X-Request or X-Attempt ("client.1", "a.1.2"); empty: none */
    bool seed_known;    /* there is a label, so the body can be compared with its pattern */
    uint64_t seed;
    uint64_t body_bytes; /* that came */
    uint64_t
        body_matched; /* how many from the start follow the pattern; == body_bytes: all of them */
    uint8_t digest[DIGEST_BYTES]; /* use witness_message_digest() */
    bool digest_known;

    uint64_t begun_ns; /* its first byte */
    uint64_t head_ns;  /* final head complete */
    uint64_t complete_ns;
};

/* A message this actor sent, or began to send. */
struct witness_sent {
    struct witness_sent *next;
    uint64_t number;           /* on this connection, from 1 */
    const struct draft *draft; /* what it was to be; NULL: raw bytes */
    struct bytes label;        /* "client.1", "a.1.2"; empty where raw */
    uint64_t bytes;            /* of it that the world accepted */
    uint64_t bytes_total;
    uint64_t begun_ns; /* first byte accepted */
    uint64_t complete_ns;
    bool garbled; /* a fault made a byte of it a NUL that is none: it is not what draft says */
    uint64_t garbled_at; /* the first such byte, from 0 */
};

struct witness {
    unsigned connection;       /* ordinal at this upstream or of this client, from 1 */
    uint64_t opened_ns;        /* accepted, or the connect succeeded */
    int dial_error;            /* a client's connect failed: a positive errno */
    uint64_t first_byte_ns;    /* first byte received */
    enum witness_end peer_end; /* how the peer ended it, as far as this side saw */
    uint64_t peer_end_ns;
    enum witness_end own_end; /* how this actor ended it; OPEN while it holds it */
    bool own_fin;             /* that began with a FIN, even if a reset came behind it */
    uint64_t own_end_ns;
    bool stalled; /* it reads nothing more, so it may not know of its peer's end */
    uint64_t stalled_ns;
    struct address peer; /* of an accepted connection of a recorded case: who dialled */
    struct witness_stream in;
    struct witness_stream out;
    struct witness_message *received; /* in order */
    struct witness_message *received_last;
    struct witness_sent *sent; /* in order */
    struct witness_sent *sent_last;
    struct transcript_faults faults; /* rules of HTTP the peer broke */
    struct witness_handshake handshake;
    bool garbled;                /* a byte of out is another than the script says */
    bool streams;                /* the connection became a stream of bytes that are no HTTP */
    struct witness_flow flow_in; /* both of no bytes where it did not */
    struct witness_flow flow_out;
    bool incomplete; /* memory ran out: what is here is true, but not all */

    /* Private. */
    struct region region;
    struct digest digest;
};

void witness_init(struct witness *witness);
void witness_release(struct witness *witness);
/* Forgets everything, keeps the memory. */
void witness_reset(struct witness *witness);

/* Notes bytes that came or went; the happenings among them follow with witness_note(). */
void witness_bytes_in(struct witness *witness, const void *data, size_t size, uint64_t now_ns);
void witness_bytes_out(struct witness *witness, const void *data, size_t size);
/* Of the bytes that go next, the one at that offset of the direction is another than the script says. */
void witness_garbled(struct witness *witness, uint64_t offset);
void witness_note(struct witness *witness, const struct transcript *transcript,
                  const struct transcript_piece *piece, uint64_t now_ns);
/* Takes over the faults and an unfinished message's state; call when the transcript is done with. */
void witness_settle(struct witness *witness, const struct transcript *transcript);

/* From the next byte on in each direction nothing is HTTP. seed: of what the actor will send. */
void witness_begin_flows(struct witness *witness, uint64_t seed);
/*
 * Bytes of the flows; witness_bytes_in() and witness_bytes_out() have been told of them before. start: where the first ones stand
 * in that direction, and the seed of the pattern they seem to follow.
 */
struct witness_flow_start {
    uint64_t begins_at;
    uint64_t seed;
};
void witness_flow_in(struct witness *witness, struct bytes bytes,
                     const struct witness_flow_start *start);
void witness_flow_out(struct witness *witness, struct bytes bytes);
void witness_flow_digest(const struct witness_flow *flow, uint8_t out[DIGEST_BYTES]);
/*
 * True if what came at one end is what the other end sent, or (where it is shorter) a beginning of it. Of a beginning that is
 * longer than what is kept, and was not sent by `stream` steps alone, only the kept part is compared.
 */
bool witness_flow_is_of(const struct witness *receiver, const struct witness *sender);

/* Takes over what a handshake came to; texts are copied. */
void witness_secured(struct witness *witness, const struct witness_handshake *handshake);

/* A message is about to be sent. NULL when memory ran out. label is copied. */
struct witness_sent *witness_sending(struct witness *witness, const struct draft *draft,
                                     struct bytes label);

/*
 * Drops the messages kept so far, for a connection that goes on for ever: only between messages, when
 * none is under way in either direction. Counters and streams stay.
 */
void witness_forget_messages(struct witness *witness);

void witness_peer_ended(struct witness *witness, enum witness_end end, uint64_t now_ns);
void witness_own_ended(struct witness *witness, enum witness_end end, uint64_t now_ns);

/* True if every byte of the body follows the pattern of its label (also: no body at all). */
bool witness_message_intact(const struct witness_message *message);
/* SHA-256 of the body bytes that came. A body that follows its pattern is digested only here. */
void witness_message_digest(const struct witness_message *message, uint8_t out[DIGEST_BYTES]);
/* The value of the first field with this name, NULL data if there is none. */
struct bytes witness_message_field(const struct witness_message *message, const char *name);
/* One of the words in the lists that fields of this name hold (RFC 9110 5.6.1), in any case. */
bool witness_message_has_token(const struct witness_message *message, const char *name,
                               const char *token);
/* "a" of "a.1.2": who made the message; empty if nobody says. */
struct bytes witness_message_maker(const struct witness_message *message);

#endif
