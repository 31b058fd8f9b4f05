/*
 * For tests: an admin listener beside a proxy, in either world, and clients that send bytes and keep what comes back.
 *
 * Ownership: embedded in a test; admin_rig_release() ends everything and, in the simulation, fails the test if anything
 * outlives it.
 */
#ifndef PROXY_ADMIN_ADMIN_RIG_H
#define PROXY_ADMIN_ADMIN_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/admin/admin.h"
#include "proxy/admin/admin_session.h"
#include "world/sim/sim.h"
#include "world/sockets/sockets.h"

enum {
    ADMIN_RIG_ANSWER_BYTES = 8 * 1024 * 1024, /* twice the largest answer */
    ADMIN_RIG_STEPS_MAX = 2000000,            /* whoever needs them spins */
};

/* Far longer than anything takes, in virtual time or on a busy machine. */
#define ADMIN_RIG_LONG_NS (60 * NS_PER_S)

struct admin_rig {
    bool on_sockets;
    struct world *world;
    struct proxy_settings settings;
    struct proxy *proxy;
    struct metrics metrics;
    struct admin_options options;
    struct admin *admin;
};

struct admin_client {
    struct stream stream;
    struct bytes left; /* to be sent */
    bool paused;       /* reads nothing */
    size_t bytes_max;  /* reads no more than so many in all; 0: everything */
    bool ended;        /* by the other side */
    int error;         /* what it ended with; 0: FIN */
    char *answer;      /* with a NUL behind it */
    size_t size;
};

/* ---- clients ------------------------------------------------------------------------------------- */

static inline bool admin_client_reads(const struct admin_client *client)
{
    return !client->paused && (client->bytes_max == 0 || client->size < client->bytes_max);
}

static inline void admin_client_want(struct admin_client *client)
{
    stream_want(&client->stream, (admin_client_reads(client) ? STREAM_READ : 0u) |
                                     (client->left.size > 0 ? STREAM_WRITE : 0u));
}

static inline void admin_client_end(struct admin_client *client, int error)
{
    client->ended = true;
    client->error = error;
    stream_close(&client->stream, STREAM_FIN);
}

static inline void admin_client_send(struct admin_client *client)
{
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)client->left.data,
                                .iov_len = client->left.size};
    ssize_t size = client->left.size > 0 ? stream_write(&client->stream, &piece, 1) : 0;

    if (size > 0)
        client->left = bytes_make(client->left.data + size, client->left.size - (size_t)size);
    else if (size != 0 && size != -EAGAIN)
        client->left.size = 0; /* what came before the other side left is still read */
}

static inline void admin_client_event(struct stream *stream, unsigned events)
{
    struct admin_client *client = stream->owner;
    ssize_t size;

    (void)events;
    if (stream_status(stream) == -EINPROGRESS)
        return;
    admin_client_send(client);
    if (admin_client_reads(client)) {
        size = stream_read(stream, client->answer + client->size,
                           ADMIN_RIG_ANSWER_BYTES - client->size);
        if (size == 0 || (size < 0 && size != -EAGAIN)) {
            admin_client_end(client, (int)-size);
            return;
        }
        client->size += size > 0 ? (size_t)size : 0;
        client->answer[client->size] = '\0';
    }
    admin_client_want(client);
}

/* Connects, and sends these bytes as soon as it can; they stay with the caller. */
static inline void admin_client_start(struct admin_client *client, struct admin_rig *rig,
                                      struct bytes says)
{
    struct address address = admin_address(rig->admin);

    *client = (struct admin_client){
        .stream = {.on_event = admin_client_event, .owner = client},
        .left = says,
        .answer = calloc(ADMIN_RIG_ANSWER_BYTES + 1, 1),
    };
    assert_non_null(client->answer);
    assert_int_equal(world_connect(rig->world, &client->stream, &address), 0);
}

static inline void admin_client_release(struct admin_client *client)
{
    if (stream_in_use(&client->stream))
        stream_close(&client->stream, STREAM_FIN);
    free(client->answer);
    client->answer = NULL;
}

/* ---- the listener -------------------------------------------------------------------------------- */

/* Nothing listens yet: settings and options may be changed until admin_rig_start(). */
static inline void admin_rig_init(struct admin_rig *rig, bool on_sockets,
                                  const struct sim_options *options)
{
    *rig = (struct admin_rig){.on_sockets = on_sockets};
    rig->world = on_sockets ? sockets_create(&(struct sockets_options){0}) : sim_create(options);
    assert_non_null(rig->world);
    proxy_settings_init(&rig->settings);
    assert_true(proxy_settings_add_upstream(&rig->settings, "127.0.0.1:1"));
    assert_true(proxy_settings_add_upstream(&rig->settings, "127.0.0.1:2"));
    rig->options.listen = address_loopback(0);
}

static inline void admin_rig_start(struct admin_rig *rig)
{
    int os_error;

    rig->proxy = proxy_create(rig->world, &rig->settings, NULL, &os_error);
    assert_non_null(rig->proxy);
    rig->options.proxy = rig->proxy;
    rig->options.metrics = &rig->metrics;
    rig->admin = admin_create(rig->world, &rig->options, &os_error);
    assert_non_null(rig->admin);
}

/* Until the client was ended by the other side. */
static inline void admin_rig_run_to_end(struct admin_rig *rig, const struct admin_client *client)
{
    uint64_t until = world_now(rig->world) + ADMIN_RIG_LONG_NS;

    for (unsigned steps = 0; !client->ended; steps++) {
        if (steps == ADMIN_RIG_STEPS_MAX || world_run(rig->world, 1, until) != RUN_STEPS)
            fail_msg("the connection was not ended; so far it got: %.200s", client->answer);
    }
}

/* Until the client has got a text that ends like that. */
static inline void admin_rig_run_to(struct admin_rig *rig, const struct admin_client *client,
                                    const char *text)
{
    uint64_t until = world_now(rig->world) + ADMIN_RIG_LONG_NS;
    size_t size = strlen(text);

    for (unsigned steps = 0;
         client->size < size || strcmp(client->answer + client->size - size, text) != 0; steps++) {
        if (steps == ADMIN_RIG_STEPS_MAX || world_run(rig->world, 1, until) != RUN_STEPS)
            fail_msg("no '%s' came, but: %.200s", text, client->answer);
    }
}

/* Sends all of it on a connection of its own, which the text asks to close; the answer is the caller's to free. */
static inline char *admin_rig_ask_bytes(struct admin_rig *rig, struct bytes says)
{
    struct admin_client client;
    char *answer;

    admin_client_start(&client, rig, says);
    admin_rig_run_to_end(rig, &client);
    answer = client.answer;
    client.answer = NULL;
    admin_client_release(&client);
    return answer;
}

/* A request for a path, with a body where there is one. */
static inline char *admin_rig_ask(struct admin_rig *rig, const char *method, const char *path,
                                  const char *body)
{
    size_t size = strlen(path) + (body != NULL ? strlen(body) : 0) + 256;
    char *text = malloc(size);
    char *answer;

    assert_non_null(text);
    snprintf(text, size,
             "%s %s HTTP/1.1\r\nHost: admin\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
             method, path, body != NULL ? strlen(body) : 0, body != NULL ? body : "");
    answer = admin_rig_ask_bytes(rig, bytes_of(text));
    free(text);
    return answer;
}

/* What follows the head; fails the test where its Content-Length says something else. */
static inline const char *admin_rig_body(const char *answer)
{
    const char *length = strstr(answer, "Content-Length: ");
    const char *end = strstr(answer, "\r\n\r\n");
    uint64_t size;

    assert_non_null(length);
    assert_non_null(end);
    length += strlen("Content-Length: ");
    assert_true(bytes_to_u64(bytes_make(length, strcspn(length, "\r")), UINT64_MAX, &size));
    assert_int_equal(strlen(end + 4), size);
    return end + 4;
}

static inline void admin_rig_release(struct admin_rig *rig)
{
    struct sim_census census;

    if (rig->admin != NULL)
        admin_destroy(&rig->admin);
    if (rig->proxy != NULL)
        proxy_destroy(&rig->proxy);
    if (rig->on_sockets) {
        sockets_destroy(&rig->world);
        return;
    }
    /* The other side hears of the end. */
    (void)world_run(rig->world, ADMIN_RIG_STEPS_MAX, world_now(rig->world) + ADMIN_RIG_LONG_NS);
    sim_world_census(rig->world, &census);
    assert_int_equal(census.streams + census.timers + census.listeners + census.queries, 0);
    sim_destroy(&rig->world);
}

#endif
