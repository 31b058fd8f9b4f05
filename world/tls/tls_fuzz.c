/* Aims at tls_accept() and tls_connect(): what a peer sends instead of a handshake never does harm, however it arrives. */
#include <errno.h>
#include <stdint.h>

#include "world/base/bytes.h"
#include "world/sim/sim.h"
#include "world/tls/tls.h"
#include "world/tls/tls_rig.h"

/*
 * The first byte of an input says who is tried, a server or a client, and in what pieces the rest of it arrives from a
 * peer that then closes.
 */
enum { TRIES_CLIENT = 1, SMALL_PIECES = 2, ENDS_WITH_RST = 4 };

struct trial {
    struct world *world;
    struct tls_server *server;
    struct tls_client *client;
    struct listener listener;
    struct stream peer, tried;
    struct bytes rest; /* what the peer has not said yet */
    bool tries_client;
    enum stream_end end;
};

static struct tls_server *make_server(void)
{
    struct rig_identity host;
    struct tls_certificate certificate = {.name = NULL};
    struct tls_server_options options = {.certificates = &certificate, .certificate_count = 1};
    char error[TLS_ERROR_BYTES];
    struct tls_server *server;

    rig_identity_init(&host, &(struct rig_wish){.subject = "host", .names = "DNS:host.test"});
    certificate.certificate_path = host.path;
    certificate.key_path = host.path;
    server = tls_server_create(&options, error);
    check(server != NULL);
    rig_identity_release(&host);
    return server;
}

static struct tls_client *make_client(void)
{
    struct tls_client_options options = {.unverified = true};
    char error[TLS_ERROR_BYTES];
    struct tls_client *client = tls_client_create(&options, error);

    check(client != NULL);
    return client;
}

static void on_peer(struct stream *stream, unsigned events)
{
    struct trial *trial = stream->owner;
    struct iovec piece = {(void *)(uintptr_t)trial->rest.data, trial->rest.size};
    uint8_t answer[512];
    ssize_t sent;

    if ((events & STREAM_READ) != 0) {
        sent = stream_read(stream, answer, sizeof(answer));
        if (sent <= 0 && sent != -EAGAIN) {
            stream_close(stream, STREAM_FIN);
            return;
        }
    }
    sent = trial->rest.size == 0 ? 0 : stream_write(stream, &piece, 1);
    if (sent > 0)
        trial->rest = bytes_make(trial->rest.data + sent, trial->rest.size - (size_t)sent);
    if (trial->rest.size > 0)
        stream_want(stream, STREAM_READ | STREAM_WRITE);
    else
        stream_close(stream, trial->end);
}

static void on_tried(struct stream *stream, unsigned events)
{
    uint8_t bytes[512];
    ssize_t got;

    (void)events;
    if (stream_status(stream) == -EINPROGRESS)
        return;
    stream_want(stream, STREAM_READ);
    got = stream_read(stream, bytes, sizeof(bytes));
    if (got <= 0 && got != -EAGAIN)
        stream_close(stream, STREAM_FIN);
}

static void on_acceptable(struct listener *listener)
{
    struct trial *trial = listener->owner;

    if (!trial->tries_client) {
        check(tls_accept(trial->server, trial->world, listener, &trial->tried) == 0);
        return;
    }
    check(world_accept(trial->world, listener, &trial->peer) == 0);
    stream_want(&trial->peer, STREAM_READ | STREAM_WRITE);
}

static void dial(struct trial *trial, const struct address *address)
{
    if (trial->tries_client)
        check(tls_connect(trial->client, trial->world, &trial->tried, address, "host.test") == 0);
    else
        check(world_connect(trial->world, &trial->peer, address) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trial trial; /* servers and clients are dear: they are made once */
    uint8_t how = size > 0 ? data[0] : 0;
    struct sim_options options = {.segment_bytes = (how & SMALL_PIECES) != 0 ? 3 : 0};
    struct address address = address_loopback(0);

    tls_randomness_seed(size);
    if (trial.world == NULL) {
        trial.world = sim_create(&options);
        trial.server = make_server();
        trial.client = make_client();
    }
    sim_configure(trial.world, &options);
    trial.rest = size > 0 ? bytes_make(data + 1, size - 1) : bytes_make(NULL, 0);
    trial.tries_client = (how & TRIES_CLIENT) != 0;
    trial.end = (how & ENDS_WITH_RST) != 0 ? STREAM_RST : STREAM_FIN;
    trial.listener = (struct listener){.on_acceptable = on_acceptable, .owner = &trial};
    trial.peer = (struct stream){.on_event = on_peer, .owner = &trial};
    trial.tried = (struct stream){.on_event = on_tried, .owner = &trial};
    check(world_listen(trial.world, &trial.listener, &address, LISTEN_OPEN, 1) == 0);
    dial(&trial, &address);
    world_run(trial.world, UINT64_MAX, world_now(trial.world) + 10 * NS_PER_S);
    check(!stream_in_use(&trial.tried)); /* whatever came, it was told how it ended */
    check(tls_streams_in_use() == 0);
    return 0;
}
