/*
 * What the parts of TLS share. Nobody outside this folder includes it.
 *
 *     tls_stream.c      the stream above: phases, upcalls, closing in the background
 *     tls_handshake.c   how it opens, and what its failures are called
 *     tls_wire.c        records: OpenSSL on one side, the stream below on the other
 *     tls_server.c      certificates by name, ALPN, the sessions that a server remembers
 *     tls_client.c      whom a client trusts and what it shows
 *     tls_sessions.c    the tickets that a client was given, by peer
 *     tls_setup.c       what servers and clients set up alike, and how OpenSSL's errors are told
 *     tls_shelf.c       contexts that wait to be used again
 *     tls_randomness.c  randomness that follows from a seed
 */
#ifndef WORLD_TLS_STATE_H
#define WORLD_TLS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "world/base/object.h"
#include "world/tls/tls.h"
#include "world/world.h"

/* ---- what was agreed on before any connection --------------------------------------------------- */

enum {
    TLS_ALPN_BYTES = 256,       /* all protocols of one side, as they are sent */
    TLS_TICKETS_PER_PEER = 2,   /* as many as OpenSSL's servers hand out at once */
    TLS_SERVER_SESSIONS = 1024, /* that a server remembers; past it the oldest are forgotten */
};

/* Protocol names, each behind its length: RFC 7301 3.1. */
struct tls_alpn {
    uint8_t data[TLS_ALPN_BYTES];
    size_t size;
};

struct tls_server {
    unsigned references; /* its maker and its streams */
    BIO_METHOD *method;
    struct tls_context *contexts[TLS_CERTIFICATES_MAX]; /* the first one begins every connection */
    char names[TLS_CERTIFICATES_MAX][TLS_NAME_BYTES];
    size_t count;
    struct tls_alpn alpn;
    struct tls_secrets secrets;
};

/* A peer is a server name at an address: what one session is for must not be offered to another. */
struct tls_peer {
    char name[TLS_NAME_BYTES];
    struct address address;
};

struct tls_remembered {
    struct tls_peer peer;
    uint64_t used; /* when it was last looked at, in turns of the cache */
    SSL_SESSION *sessions[TLS_TICKETS_PER_PEER];
    size_t count; /* 0: the place is free */
};

struct tls_sessions {
    struct tls_remembered peers[TLS_SESSIONS_MAX];
    uint64_t turn;
};

struct tls_client {
    unsigned references;
    BIO_METHOD *method;
    struct tls_context *context;
    bool unverified;
    bool no_tickets;
    struct tls_secrets secrets;
    struct tls_sessions sessions;
};

/* NULL when memory runs out. */
SSL *tls_server_begin(struct tls_server *server);
/*
 * The peer's name is sent and verified, and a session of it offered. The peer must stay where it is as long as the SSL:
 * tickets that come later are kept under it. NULL when memory runs out.
 */
SSL *tls_client_begin(struct tls_client *client, struct tls_peer *peer);
/* To be called once the handshake is over. */
void tls_client_opened(struct tls_client *client, SSL *ssl);
/* The last reference takes it away. */
void tls_server_drop(struct tls_server *server);
void tls_client_drop(struct tls_client *client);

/* ---- sessions: of a client, by peer -------------------------------------------------------------- */

/* Takes ownership of session. */
void tls_sessions_keep(struct tls_sessions *sessions, const struct tls_peer *peer,
                       SSL_SESSION *session);
/* The newest one, which is forgotten thereby; NULL when there is none. */
SSL_SESSION *tls_sessions_take(struct tls_sessions *sessions, const struct tls_peer *peer);
void tls_sessions_release(struct tls_sessions *sessions);

bool tls_randomness_is_seeded(void);
/* What is made between these two draws nothing from the seed, if there is one. */
void tls_randomness_set_aside(void);
void tls_randomness_take_up(void);

/* ---- setting up, and OpenSSL's errors ------------------------------------------------------------ */

/* What takes long to make. All else of a context is cheap, and set by each server and client, whatever it was before. */
struct tls_setup {
    bool serves; /* a server's; else a client's */
    bool trusts_system;
    enum tls_version lowest, highest;
    const char *certificate_path, *key_path; /* both or none */
    const char *ca_path;                     /* of whom peers' certificates must be; NULL: none */
};

/* A context that speaks the versions, shows the certificate and trusts the authority; NULL and a sentence when it cannot. */
SSL_CTX *tls_setup_make(const struct tls_setup *setup, char error[TLS_ERROR_BYTES]);

enum {
    TLS_FILE_NAME_BYTES = 32,                             /* SHA-256 of what a file holds */
    TLS_CONTEXT_NAME_BYTES = 3 + 3 * TLS_FILE_NAME_BYTES, /* side, versions, files */
};

struct tls_context {
    SSL_CTX *ssl;
    struct tls_shelf *shelf;              /* NULL: it is freed when it is given back */
    struct tls_context *next;             /* on the shelf: the one that has waited longer */
    uint8_t name[TLS_CONTEXT_NAME_BYTES]; /* of what it was made of */
};

/* One that waited on the shelf, or a new one; shelf may be NULL. NULL and a sentence when it cannot be made. */
MUST_USE struct tls_context *tls_context_take(struct tls_shelf *shelf,
                                              const struct tls_setup *setup,
                                              char error[TLS_ERROR_BYTES]);
/* To the shelf, without its sessions. Nobody uses it any more. */
void tls_context_give_back(struct tls_context **context);
/* False when the names do not fit, or one of them is empty or longer than 255 bytes. */
MUST_USE bool tls_alpn_make(struct tls_alpn *alpn, const char *const *names, size_t count);
/* "PATH: why OpenSSL refused it", from what it said first. */
void tls_tell_file(char error[TLS_ERROR_BYTES], const char *path);

/* ---- the wire: records over the stream below ----------------------------------------------------- */

enum {
    TLS_RECORD_BYTES = 16384, /* the most plaintext of one record: RFC 8446 5.1 */
    TLS_OUT_BYTES =
        TLS_RECORD_BYTES + 1024, /* its ciphertext, and a KeyUpdate or an alert beside it */
};

struct tls_wire {
    SSL *ssl;
    struct stream lower;
    uint8_t *out; /* ciphertext that the layer below has not taken; NULL while there is none */
    size_t out_begin, out_end;
    size_t unclaimed; /* plaintext of the record in out that nobody was told was accepted */
    bool record_left; /* a byte of that record was taken below */
    bool may_write;   /* the layer below said that it would take a byte, and was given none since */
    bool starved;     /* all that came is decrypted, but for a part of a record */
    bool
        choked; /* when it was last read: OpenSSL reads on only when an answer of its own is taken */
    bool input_ended; /* the layer below has told how: input_result is 0 or -errno */
    int input_result;
    int write_error; /* positive errno: nothing can be written below any more */
};

/* Takes ownership of ssl. False when memory runs out; the wire may be released all the same. */
MUST_USE bool tls_wire_init(struct tls_wire *wire, SSL *ssl, const BIO_METHOD *method);
/* Gives back all but the stream below. */
void tls_wire_release(struct tls_wire *wire);

/* NULL when memory runs out: what goes between a connection's SSL and its wire. */
BIO_METHOD *tls_wire_method_create(void);

/* Hands what is pending to the layer below: at most one write. */
void tls_wire_flush(struct tls_wire *wire);

/*
 * To be called before an end: a record that nobody was told was accepted must not leave behind it, for whoever wrote it may
 * send it elsewhere. Records are numbered, so nothing can be sent in its place. False if there is none such.
 */
bool tls_wire_withdraw(struct tls_wire *wire);

/* Sends a record's worth at most. As stream_write(); -ENOMEM or -EPROTO, for ever, when OpenSSL cannot. */
ssize_t tls_wire_write(struct tls_wire *wire, const struct iovec *pieces, int count);

static inline size_t tls_wire_pending(const struct tls_wire *wire)
{
    return wire->out_end - wire->out_begin;
}

/* Nothing can be read before what is pending is taken: to try it would keep us busy for as long as a peer takes nothing. */
static inline bool tls_wire_is_choked(const struct tls_wire *wire)
{
    return wire->choked && wire->write_error == 0 && tls_wire_pending(wire) > 0;
}

/* ---- a stream ----------------------------------------------------------------------------------- */

#define TLS_STREAM_TAG OBJECT_TAG('t', 'l', 's', 's')

struct tls_stream {
    object_tag tag;
    struct tls_stream *previous, *next; /* of this thread */
    struct world *world;
    struct stream *outer;      /* NULL once it is closed */
    struct tls_server *server; /* one of these two */
    struct tls_client *client;
    struct tls_peer peer; /* a client's */
    struct tls_wire wire;
    enum tls_phase phase;
    enum tls_trouble trouble;
    const char *detail;
    int error;       /* the sticky one that is TLS's own or of the time before it opened */
    bool handshaken; /* OpenSSL is done; the last flight may be pending */
    bool open_told;
    bool shut_asked, shut_done;
    bool read_used;  /* this upcall's one read took effect */
    bool ended;      /* read gives end_result for ever */
    int end_result;  /* 0 after a close_notify, or the error of the stream below */
    unsigned wanted; /* above, and below */
    unsigned lower_wanted;
    struct timer turn_timer;   /* brings upcalls that the stream below has no reason for */
    struct timer linger_timer; /* ends what is pending behind a close */
};

/* tls_handshake.c: phase becomes TLS_OPEN, or error is set, or it waits for the stream below. */
void tls_handshake_go_on(struct tls_stream *at);

void tls_stream_fail(struct tls_stream *at, int error, enum tls_trouble trouble);
/* OpenSSL refused what came; its alert, if there is one, is pending on the wire. */
void tls_stream_fail_by_openssl(struct tls_stream *at);
/* All that came is read, and nothing more will come. */
void tls_stream_meet_end(struct tls_stream *at);

#endif
