#include <string.h>

#include "world/tls/state.h"

static bool is_of(const struct tls_remembered *at, const struct tls_peer *peer)
{
    return at->count > 0 && address_equal(&at->peer.address, &peer->address) &&
           strcmp(at->peer.name, peer->name) == 0;
}

static struct tls_remembered *find(struct tls_sessions *sessions, const struct tls_peer *peer)
{
    for (size_t i = 0; i < TLS_SESSIONS_MAX; i++)
        if (is_of(&sessions->peers[i], peer))
            return &sessions->peers[i];
    return NULL;
}

static void forget(struct tls_remembered *at)
{
    while (at->count > 0)
        SSL_SESSION_free(at->sessions[--at->count]);
}

/* A free place, or that of the peer that was looked at longest ago. */
static struct tls_remembered *make_room(struct tls_sessions *sessions)
{
    struct tls_remembered *oldest = &sessions->peers[0];

    for (size_t i = 0; i < TLS_SESSIONS_MAX; i++) {
        if (sessions->peers[i].count == 0)
            return &sessions->peers[i];
        if (sessions->peers[i].used < oldest->used)
            oldest = &sessions->peers[i];
    }
    forget(oldest);
    return oldest;
}

void tls_sessions_keep(struct tls_sessions *sessions, const struct tls_peer *peer,
                       SSL_SESSION *session)
{
    struct tls_remembered *at = find(sessions, peer);

    if (at == NULL) {
        at = make_room(sessions);
        at->peer = *peer;
    }
    at->used = ++sessions->turn;
    if (at->count == TLS_TICKETS_PER_PEER) {
        SSL_SESSION_free(at->sessions[0]);
        memmove(at->sessions, at->sessions + 1, sizeof(at->sessions) - sizeof(at->sessions[0]));
        at->count--;
    }
    at->sessions[at->count++] = session;
}

SSL_SESSION *tls_sessions_take(struct tls_sessions *sessions, const struct tls_peer *peer)
{
    struct tls_remembered *at = find(sessions, peer);

    if (at == NULL)
        return NULL;
    at->used = ++sessions->turn;
    return at->sessions[--at->count];
}

void tls_sessions_release(struct tls_sessions *sessions)
{
    for (size_t i = 0; i < TLS_SESSIONS_MAX; i++)
        forget(&sessions->peers[i]);
}
