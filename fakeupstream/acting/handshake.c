#include "fakeupstream/acting/handshake.h"

#include <errno.h>
#include <string.h>

#include "world/base/check.h"

/* Of a server's first flight: behind its ServerHello, in the middle of its certificate. */
enum { FLIGHT_BYTES_UPSTREAM = 200 };
/* Of a client's second flight, which is its Finished. */
enum { FLIGHT_BYTES_CLIENT = 20 };

/* A fatal handshake_failure, in the clear (RFC 8446 6.2, 5.1). */
static const uint8_t ALERT[] = {21, 3, 3, 0, 2, 2, 40};
/* No record begins with such bytes. */
static const uint8_t GARBAGE[] = {0x80, 0xa5, 0xca, 0xef, 0x94, 0xb9, 0xde, 0x83,
                                  0xa8, 0xcd, 0xf2, 0x97, 0xbc, 0xe1, 0x86, 0xab};

/* Where in a handshake it happens, and what. flight 0: behind it. */
struct trap {
    unsigned flight;
    uint64_t bytes;
    struct bytes last;
    enum { TRAP_FIN, TRAP_RST, TRAP_STALL } end;
};

static const struct trap UPSTREAM_TRAPS[TLS_FAULT_COUNT] = {
    [TLS_FAULT_ALERT] = {1, 0, {ALERT, sizeof(ALERT)}, TRAP_FIN},
    [TLS_FAULT_CLOSE_AFTER_HELLO] = {1, 0, {NULL, 0}, TRAP_FIN},
    [TLS_FAULT_CLOSE_MID_HANDSHAKE] = {1, FLIGHT_BYTES_UPSTREAM, {NULL, 0}, TRAP_FIN},
    [TLS_FAULT_RESET_MID_HANDSHAKE] = {1, FLIGHT_BYTES_UPSTREAM, {NULL, 0}, TRAP_RST},
    [TLS_FAULT_STALL] = {1, 0, {NULL, 0}, TRAP_STALL},
};

static const struct trap CLIENT_TRAPS[TLS_FAULT_COUNT] = {
    [TLS_FAULT_ALERT] = {1, SIEVE_WHOLE_FLIGHT, {ALERT, sizeof(ALERT)}, TRAP_FIN},
    [TLS_FAULT_CLOSE_AFTER_HELLO] = {1, SIEVE_WHOLE_FLIGHT, {NULL, 0}, TRAP_FIN},
    [TLS_FAULT_CLOSE_MID_HANDSHAKE] = {2, FLIGHT_BYTES_CLIENT, {NULL, 0}, TRAP_FIN},
    [TLS_FAULT_RESET_MID_HANDSHAKE] = {2, FLIGHT_BYTES_CLIENT, {NULL, 0}, TRAP_RST},
    [TLS_FAULT_STALL] = {1, SIEVE_WHOLE_FLIGHT, {NULL, 0}, TRAP_STALL},
    [TLS_FAULT_GARBAGE] = {1, 0, {GARBAGE, sizeof(GARBAGE)}, TRAP_FIN},
};

static const struct trap *trap_of(const struct line *line)
{
    return line->transcript.kind == TRANSCRIPT_REQUESTS ? &UPSTREAM_TRAPS[line->fault]
                                                        : &CLIENT_TRAPS[line->fault];
}

struct tls_server *handshake_server(struct scene *scene, const struct tls_draft *draft,
                                    const char *name, const char *host)
{
    struct authority *authority = scene_authority(scene);
    char error[TLS_ERROR_BYTES];
    const char *path = authority == NULL
                           ? NULL
                           : authority_certificate_path(authority, draft->certificate, name, host);
    const struct tls_certificate certificate = {.certificate_path = path, .key_path = path};
    struct tls_server_options options = {
        .certificates = &certificate,
        .certificate_count = 1,
        .alpn = draft->alpn,
        .alpn_count = draft->alpn_count,
        .lowest = draft->lowest,
        .highest = draft->highest,
        .no_tickets = !draft->tickets,
        .secrets = scene_secrets(scene),
        .shelf = scene_shelf(scene),
    };

    if (path == NULL)
        return NULL;
    if (draft->asks_certificate)
        options.client_ca_path = authority_ca_path(authority);
    return tls_server_create(&options, error);
}

struct tls_client *handshake_client(struct scene *scene, const struct tls_draft *draft)
{
    char error[TLS_ERROR_BYTES];
    struct authority *authority = NULL;
    struct tls_client_options options = {
        .unverified = draft->unverified,
        .alpn = draft->alpn,
        .alpn_count = draft->alpn_count,
        .lowest = draft->lowest,
        .highest = draft->highest,
        .no_tickets = !draft->tickets,
        .secrets = scene_secrets(scene),
        .shelf = scene_shelf(scene),
    };

    if (draft == scene->manner.tls) {
        options.ca_path = scene->manner.ca_path;
        return tls_client_create(&options, error);
    }
    authority = scene_authority(scene);
    if (authority == NULL)
        return NULL;
    options.ca_path = authority_ca_path(authority);
    if (draft->own_certificate) {
        const char *path =
            authority_certificate_path(authority, draft->certificate, "client", NULL);

        if (path == NULL)
            return NULL;
        options.certificate_path = path;
        options.key_path = path;
    }
    return tls_client_create(&options, error);
}

/* ---- faults ------------------------------------------------------------------------------------ */

static void on_spent(void *owner)
{
    struct line *line = owner;
    const struct trap *trap = trap_of(line);

    line->witness.handshake.ended_ns = world_now(line->scene->world);
    line_faults_note_handshake(line);
    if (trap->end == TRAP_STALL)
        line_stall(line);
    else if (trap->end == TRAP_FIN && sieve_shut(line->wire))
        line_fade(line);
    else
        line_end(line, trap->end == TRAP_FIN ? STREAM_FIN : STREAM_RST);
    line->on_event(line);
}

static void on_closed(void *owner, int error)
{
    struct line *line = owner;

    line->closed_told = true;
    witness_peer_ended(&line->witness, error == 0 ? WITNESS_FIN : WITNESS_RST,
                       world_now(line->scene->world));
    if (line->fading)
        line_end(line, STREAM_FIN);
}

void handshake_arm(struct line *line, enum tls_fault fault)
{
    const struct trap *trap;

    line->fault = fault;
    trap = trap_of(line);
    if (trap->flight == 0)
        return;
    sieve_set_rule(line->wire, &(struct sieve_rule){.flight = trap->flight,
                                                    .bytes = trap->bytes,
                                                    .last = trap->last,
                                                    .on_spent = on_spent,
                                                    .on_closed = on_closed,
                                                    .owner = line});
}

/* ---- what came of it --------------------------------------------------------------------------- */

static const char *failure_of(const struct tls_look *look, int status)
{
    if (status == 0)
        return NULL;
    if (look->detail != NULL &&
        strcmp(look->detail, "unknown") != 0) /* an alert it has no name for */
        return look->detail;
    switch (look->trouble) {
    case TLS_CERTIFICATE:
        return "the peer's certificate was refused";
    case TLS_ALERT:
        return "the peer sent a fatal alert";
    case TLS_PROTOCOL:
        return "what came is not TLS";
    case TLS_ENDED_EARLY:
        return "the connection ended within the handshake";
    case TLS_TRUNCATED:
        return "the connection ended without a close_notify";
    case TLS_NO_TROUBLE:
        break;
    }
    return status == -ECONNRESET ? "the connection was reset" : "the connection failed";
}

/* "1.3" of "TLSv1.3". */
static const char *version_of(const struct tls_look *look)
{
    static const char PREFIX[] = "TLSv";

    if (look->version == NULL || strncmp(look->version, PREFIX, sizeof(PREFIX) - 1) != 0)
        return look->version;
    return look->version + sizeof(PREFIX) - 1;
}

static void note_outcome(struct line *line, const struct tls_look *look, int status)
{
    const struct witness_handshake facts = {
        .tls = true,
        .completed = status == 0,
        .resumed = status == 0 && look->resumed,
        .failure = failure_of(look, status),
        .version = version_of(look),
        .alpn = look->alpn,
        .sni = look->name,
        .ended_ns = world_now(line->scene->world),
    };

    witness_secured(&line->witness, &facts);
}

/* How the peer ended a handshake, where it did. */
static void note_peer_end(struct line *line, const struct tls_look *look, int status)
{
    uint64_t now_ns = world_now(line->scene->world);

    if (look->trouble == TLS_ENDED_EARLY)
        witness_peer_ended(&line->witness, WITNESS_FIN, now_ns);
    else if (look->trouble == TLS_NO_TROUBLE && status == -ECONNRESET)
        witness_peer_ended(&line->witness, WITNESS_RST, now_ns);
}

void handshake_look(struct line *line)
{
    int status = stream_status(&line->stream);
    struct tls_look look;

    tls_look(&line->stream, &look);
    if (look.phase != TLS_CONNECTING && line->witness.opened_ns == 0)
        line->witness.opened_ns = world_now(line->scene->world);
    if (status == -EINPROGRESS)
        return;
    line->opening = false;
    if (look.phase == TLS_CONNECTING) {
        line->witness.dial_error = -status;
    } else {
        note_outcome(line, &look, status);
        if (status != 0)
            note_peer_end(line, &look, status);
    }
    if (status != 0) {
        line_end(line, STREAM_FIN);
    } else if (line->fault == TLS_FAULT_RST_AFTER_FINISHED) {
        line_faults_note_handshake(line);
        line_end(line, STREAM_RST);
    }
}

bool handshake_note_trouble(struct line *line)
{
    struct tls_look look;

    if (!line->witness.handshake.tls)
        return false;
    tls_look(&line->stream, &look);
    if (look.trouble == TLS_NO_TROUBLE)
        return false;
    line->witness.handshake.peer_cut = look.trouble == TLS_TRUNCATED;
    if (look.trouble != TLS_TRUNCATED) {
        struct witness_handshake facts = line->witness.handshake;

        facts.failure = failure_of(&look, -EPROTO);
        witness_secured(&line->witness, &facts);
    }
    return true;
}
