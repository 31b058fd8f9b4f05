/*
 * TLS as a filter over a stream: the same seven operations, plaintext above, records below, in any world. The one
 * folder that touches OpenSSL's TLS.
 *
 * A stream from tls_accept() or tls_connect() is -EINPROGRESS until its handshake is over and its own last flight of it
 * has been taken by the layer below; STREAM_OPEN then tells the outcome. Before that STREAM_OPEN may come spuriously, and
 * does when the connection below is made and the handshake begins: tls_look() tells where it stands. The timer is the
 * caller's: a handshake that stalls is no event.
 *
 * Counters (rule 8 of the seam): info.tx and info.rx are those of the lowest layer, handshake included; a caller that
 * counts a request's bytes takes its baseline when the stream has opened. info.tx_pending is ciphertext that this filter
 * holds. stream_write() reports bytes as accepted only when at least one byte of their record was accepted below; while
 * it answers -EAGAIN nothing counts as accepted, and the next write begins with the same bytes. So what never left can
 * be handed out again by whoever wrote it; an end drops it, and the peer then sees one without a close_notify.
 *
 * Ends: a close_notify is the peer's FIN. The connection's end without one is a sticky -ECONNABORTED, after all bytes
 * that came: whoever takes the end of the connection for the end of a message learns that it is not. stream_shut() sends
 * what is pending, close_notify, then FIN. stream_close(FIN) does the same, in the background where need be, for TLS_LINGER_MS at
 * most. STREAM_CLOSED is told when the connection below is.
 *
 * Rules: TLS 1.2 and 1.3 (RFC 5246, 8446); no renegotiation, no compression, no early data; at most one record of
 * ciphertext pending beside the handshake's flight. Sessions are resumed: a server hands out tickets, a client offers each
 * ticket of TLS 1.3 once.
 *
 * Ownership: servers and clients are reference-counted by their streams: released by their maker, they end with the last
 * of these. Streams are embedded in their owner as everywhere. What lingers behind a close has no owner: whoever destroys
 * or resets a world calls tls_abandon_world(). Threads: a stream belongs to its world's.
 *
 * Memory: an idle stream holds about 16 KiB, nearly all of it OpenSSL's; one that moves holds up to 17 KiB more for what it
 * reads, for what it encrypts, and for what is pending below. A client holds 20 KiB and a session's 1 KiB for each ticket, a
 * server as much for each session that it remembers, 1024 at most. A context on a shelf takes 20 KiB.
 */
#ifndef WORLD_TLS_TLS_H
#define WORLD_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/world.h"

enum {
    TLS_ERROR_BYTES = 384,    /* a sentence with a path in it */
    TLS_CERTIFICATES_MAX = 8, /* names one listener answers to */
    TLS_NAME_BYTES = 256,     /* a DNS name has 253 at most */
    TLS_LINGER_MS = 1000,     /* for what is pending behind a close */
    TLS_SESSIONS_MAX = 64,    /* peers whose sessions a client remembers */
    TLS_SHELF_MAX = 64,       /* contexts that wait on one shelf: the suite has 67 kinds */
};

enum tls_version { TLS_DEFAULT_VERSION, TLS_1_1, TLS_1_2, TLS_1_3 };

/* Files in PEM: a certificate with its chain behind it, and its key. */
struct tls_certificate {
    const char *name; /* the server name (SNI) it is for, "*.example" too; NULL or "": everybody */
    const char *certificate_path;
    const char *key_path;
};

/*
 * Who is told the secrets of connections, for whoever reads what was recorded of them: each a line of the key log that such
 * readers know (draft-ietf-tls-keylogfile), without its end, while the handshake makes it. tell NULL: nobody. The owner outlives
 * the streams. For connections between actors of a test alone.
 */
struct tls_secrets {
    void (*tell)(void *owner, const char *line);
    void *owner;
};

/*
 * Where contexts of OpenSSL wait for the next server or client that is made with the same files and versions, since reading a
 * certificate and a key takes longer than a handshake. One context serves one server or client at a time, and each finds it as
 * new: no session and no ticket of those before is accepted, nothing that they were told is left, and randomness that follows
 * from a seed goes on as if it had just been made. Files are the same when they hold the same bytes.
 *
 * Ownership: its maker's; what was made from it may outlive it. Limits: TLS_SHELF_MAX contexts wait; past it the one that has
 * waited longest goes. Threads: it belongs to one, as what is made from it.
 */
struct tls_shelf;

struct tls_shelf_census {
    size_t made;    /* contexts, since the shelf was created */
    size_t waiting; /* on it, used by nobody */
};

/* NULL when memory runs out. */
MUST_USE struct tls_shelf *tls_shelf_create(void);
/* Harmless where there is none. */
void tls_shelf_release(struct tls_shelf **shelf);
void tls_shelf_census(const struct tls_shelf *shelf, struct tls_shelf_census *out);

struct tls_server_options {
    struct tls_shelf *shelf; /* NULL: all is made anew */
    const struct tls_certificate
        *certificates; /* the first one serves whoever names none of them */
    size_t certificate_count;
    const char *const
        *alpn; /* protocols, most wanted first; none: ALPN is not looked at (RFC 7301) */
    size_t alpn_count;
    const char *
        client_ca_path; /* client certificates are asked for and must be of these; NULL: not asked for */
    enum tls_version lowest;  /* TLS_DEFAULT_VERSION: 1.2 */
    enum tls_version highest; /* TLS_DEFAULT_VERSION: 1.3 */
    bool no_tickets;          /* sessions are not resumed */
    struct tls_secrets secrets;
};

struct tls_client_options {
    struct tls_shelf *shelf; /* NULL: all is made anew, as it is for those whom the system trusts */
    const char
        *ca_path; /* of whom the server's certificate must be; NULL: those that the system trusts */
    bool unverified;              /* anybody's certificate is taken */
    const char *certificate_path; /* the client's own; NULL: none */
    const char *key_path;
    const char *const *alpn;
    size_t alpn_count;
    enum tls_version lowest;
    enum tls_version highest;
    bool no_tickets;
    struct tls_secrets secrets;
};

struct tls_server;
struct tls_client;

/* NULL, and error is a sentence that names the file, when something cannot be read or does not go together. */
MUST_USE struct tls_server *tls_server_create(const struct tls_server_options *options,
                                              char error[TLS_ERROR_BYTES]);
void tls_server_release(struct tls_server **server);
MUST_USE struct tls_client *tls_client_create(const struct tls_client_options *options,
                                              char error[TLS_ERROR_BYTES]);
void tls_client_release(struct tls_client **client);

/* As world_accept(): 0 and a stream that is -EINPROGRESS; -EAGAIN; -EMFILE, -ENOMEM. stream->on_event and owner are set. */
MUST_USE int tls_accept(struct tls_server *server, struct world *world, struct listener *listener,
                        struct stream *stream);

/*
 * As world_connect(). server_name is sent (SNI, unless it is an address) and is whom the certificate must be for; it is copied.
 */
MUST_USE int tls_connect(struct tls_client *client, struct world *world, struct stream *stream,
                         const struct address *address, const char *server_name);

enum tls_phase {
    TLS_NONE,        /* the stream is none of TLS */
    TLS_CONNECTING,  /* the connection below is not made yet */
    TLS_HANDSHAKING, /* before the first byte of the application may go */
    TLS_OPEN,
};

/* What broke it, where TLS itself did. */
enum tls_trouble {
    TLS_NO_TROUBLE,  /* or the connection below failed: stream_status() says how */
    TLS_CERTIFICATE, /* the peer's certificate was refused by us */
    TLS_ALERT,       /* the peer sent a fatal alert */
    TLS_PROTOCOL,    /* what came is not TLS as we speak it */
    TLS_ENDED_EARLY, /* the connection ended within the handshake */
    TLS_TRUNCATED,   /* and behind it, without a close_notify */
};

struct tls_look {
    enum tls_phase phase; /* where it stands, or stood when it failed */
    enum tls_trouble trouble;
    const char
        *detail;  /* static: "certificate has expired", "handshake failure"; NULL: nothing to say */
    bool resumed; /* an earlier session was */
    const char *version; /* static: "TLSv1.3"; NULL before it is agreed */
    char alpn[16];       /* the protocol that was agreed on, or empty */
    char name
        [TLS_NAME_BYTES]; /* a server's stream: the server name the client asked for, or empty */
};

/* May be asked of any stream that is in use. */
void tls_look(const struct stream *stream, struct tls_look *out);
/* Only the phase and the trouble with its detail, without copying names. */
enum tls_phase tls_phase_of(const struct stream *stream);
/*
 * For filters beneath it: whether TLS writes on this stream, and what it writes now is its own, a handshake or a goodbye, and
 * none of the application's.
 */
bool tls_speaks_for_itself(const struct stream *lower);

/*
 * For a simulated world: all randomness of TLS in this thread follows from the seed from here on, so that equal runs send
 * equal bytes; until tls_randomness_restore(). Never for connections to anybody else's machine.
 */
void tls_randomness_seed(uint64_t seed);
void tls_randomness_restore(void);

/* Streams of TLS that are in use or hand over what is pending behind a close, of this thread; for tests that nothing is left. */
size_t tls_streams_in_use(void);

/*
 * The world was reset or destroyed under the stream: its memory is given back without a word to the world. Harmless for one
 * that is not of TLS.
 */
void tls_abandon(struct stream *stream);

/*
 * Ends at once what streams of this world still hand over behind a close: whoever made them is about to go, and will run
 * the world no more on their behalf.
 */
void tls_end_lingering(const struct world *world);

/*
 * The same for all streams of that world, also for those that were closed and still hand over what is pending behind the
 * close. To be called before or after the world is reset or destroyed; streams in use are forgotten and not touched, since
 * their owners may be gone.
 */
void tls_abandon_world(const struct world *world);

#endif
