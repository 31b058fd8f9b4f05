#include "world/conformance/tls_world.h"

#include <stdlib.h>

#include "world/base/object.h"
#include "world/passing.h"
#include "world/tls/tls_rig.h"

#define TLS_WORLD_TAG OBJECT_TAG('t', 'l', 's', 'w')

struct tls_world {
    struct passing passing; /* first: a struct world * is a struct tls_world * */
    object_tag tag;
    struct tls_server *server;
    struct tls_client *client;
};

static const struct world_ops tls_world_ops;

static struct tls_world *tls_world_of(struct world *world)
{
    struct tls_world *at = (struct tls_world *)(void *)world;

    check(at->tag == TLS_WORLD_TAG);
    return at;
}

/* ---- life -------------------------------------------------------------------------------------- */

static void agree(struct tls_world *at, enum tls_version version)
{
    struct rig_identity authority, host;
    struct tls_certificate certificate = {.name = NULL};
    struct tls_server_options server = {
        .certificates = &certificate, .certificate_count = 1, .lowest = version};
    struct tls_client_options client = {.lowest = version, .highest = version};
    char error[TLS_ERROR_BYTES];

    rig_identity_init(&authority, &(struct rig_wish){.subject = "authority"});
    rig_identity_init(
        &host,
        &(struct rig_wish){.subject = "host", .names = "IP:127.0.0.1", .authority = "authority"});
    certificate.certificate_path = host.path;
    certificate.key_path = host.path;
    client.ca_path = authority.path;
    at->server = tls_server_create(&server, error);
    at->client = tls_client_create(&client, error);
    rig_identity_release(&authority);
    rig_identity_release(&host);
    check(at->server != NULL);
    check(at->client != NULL);
}

struct world *tls_world_create(struct world *inner, enum tls_version version)
{
    struct tls_world *at = calloc(1, sizeof(*at));

    if (at == NULL)
        return NULL;
    at->passing.world.ops = &tls_world_ops;
    at->tag = TLS_WORLD_TAG;
    passing_stand_on(&at->passing.world, inner);
    agree(at, version);
    return &at->passing.world;
}

void tls_world_destroy(struct world **world)
{
    struct tls_world *at = tls_world_of(*world);

    tls_server_release(&at->server);
    tls_client_release(&at->client);
    at->tag = 0;
    free(at);
    *world = NULL;
}

size_t tls_world_count(struct world *world)
{
    (void)world;
    return tls_streams_in_use();
}

/* ---- what speaks TLS --------------------------------------------------------------------------- */

static int accept_stream(struct world *world, struct listener *listener, struct stream *stream)
{
    struct tls_world *at = tls_world_of(world);

    return tls_accept(at->server, at->passing.inner, listener, stream);
}

static int connect_stream(struct world *world, struct stream *stream, const struct address *address)
{
    struct tls_world *at = tls_world_of(world);

    return tls_connect(at->client, at->passing.inner, stream, address, "127.0.0.1");
}

static const struct world_ops tls_world_ops = {
    .now = passing_now,
    .random = passing_random,
    .timer_set = passing_timer_set,
    .timer_stop = passing_timer_stop,
    .resolve = passing_resolve,
    .resolve_cancel = passing_resolve_cancel,
    .listen = passing_listen,
    .accept = accept_stream,
    .unlisten = passing_unlisten,
    .connect = connect_stream,
    .run = passing_run,
};
