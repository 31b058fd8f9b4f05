#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "world/tls/state.h"

/* ---- sessions ------------------------------------------------------------------------------------ */

/* A ticket came: at once or, in TLS 1.3, at any time behind the handshake. 1: the session is ours now. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_client *client = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const struct tls_peer *peer = SSL_get_app_data(ssl);

    tls_sessions_keep(&client->sessions, peer, session);
    return 1;
}

/*
 * In TLS 1.3 a client says how old its ticket is, by the clock of the machine. Where equal runs must send equal bytes it is
 * always as young as one that has just been made.
 */
static void rejuvenate(SSL_SESSION *session)
{
    SSL_SESSION *young = SSL_SESSION_new();

    if (young != NULL)
        SSL_SESSION_set_time(session, SSL_SESSION_get_time(young));
    SSL_SESSION_free(young);
}

static void offer_session(struct tls_client *client, SSL *ssl, const struct tls_peer *peer)
{
    SSL_SESSION *session = tls_sessions_take(&client->sessions, peer);

    if (session == NULL)
        return;
    if (tls_randomness_is_seeded())
        rejuvenate(session);
    SSL_set_session(ssl, session); /* one that does not fit is not offered */
    SSL_SESSION_free(session);
}

/* A session of TLS 1.2 is good again after it was resumed; OpenSSL tells of new ones alone. */
void tls_client_opened(struct tls_client *client, SSL *ssl)
{
    SSL_SESSION *session;

    if (client->no_tickets || SSL_session_reused(ssl) == 0 || SSL_version(ssl) > TLS1_2_VERSION)
        return;
    session = SSL_get1_session(ssl);
    if (session != NULL)
        tls_sessions_keep(&client->sessions, SSL_get_app_data(ssl), session);
}

/* ---- one connection ------------------------------------------------------------------------------ */

/* RFC 6066 3: an address is not sent as a server name. RFC 9525 6.3: no "w*.example" in a certificate. */
static bool name_peer(const struct tls_client *client, SSL *ssl, struct tls_peer *peer)
{
    bool is_address = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), peer->name) == 1;

    if (is_address)
        return true;
    if (peer->name[0] != '\0' && SSL_set_tlsext_host_name(ssl, peer->name) != 1)
        return false;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return client->unverified || SSL_set1_host(ssl, peer->name) == 1;
}

SSL *tls_client_begin(struct tls_client *client, struct tls_peer *peer)
{
    SSL *ssl = SSL_new(client->context->ssl);

    if (ssl == NULL)
        return NULL;
    if (!name_peer(client, ssl, peer)) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_app_data(ssl, peer);
    SSL_set_connect_state(ssl);
    offer_session(client, ssl, peer);
    return ssl;
}

static void on_secret(const SSL *ssl, const char *line)
{
    const struct tls_client *client = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    client->secrets.tell(client->secrets.owner, line);
}

/* ---- life ---------------------------------------------------------------------------------------- */

/* Without protocols it forgets those that another has offered. */
static bool offer_protocols(SSL_CTX *context, const struct tls_client_options *options,
                            char error[TLS_ERROR_BYTES])
{
    struct tls_alpn alpn;

    /* It returns 0 when all is well. */
    if (tls_alpn_make(&alpn, options->alpn, options->alpn_count) &&
        SSL_CTX_set_alpn_protos(context, alpn.data, (unsigned)alpn.size) == 0)
        return true;
    snprintf(error, TLS_ERROR_BYTES, "the ALPN protocols are no names, or too many");
    return false;
}

static void remember_sessions(SSL_CTX *context, bool wanted)
{
    if (wanted)
        SSL_CTX_clear_options(context, SSL_OP_NO_TICKET);
    else
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(
        context, wanted ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
    SSL_CTX_sess_set_new_cb(context, wanted ? on_session : NULL);
}

/* All that a client asks of a context which may have been another's. */
static bool dress(struct tls_client *client, const struct tls_client_options *options,
                  char error[TLS_ERROR_BYTES])
{
    SSL_CTX *context = client->context->ssl;

    SSL_CTX_set_app_data(context, client);
    SSL_CTX_set_keylog_callback(context, client->secrets.tell != NULL ? on_secret : NULL);
    SSL_CTX_set_verify(context, options->unverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    remember_sessions(context, !options->no_tickets);
    return offer_protocols(context, options, error);
}

static bool set_up(struct tls_client *client, const struct tls_client_options *options,
                   char error[TLS_ERROR_BYTES])
{
    const struct tls_setup setup = {.lowest = options->lowest,
                                    .highest = options->highest,
                                    .certificate_path = options->certificate_path,
                                    .key_path = options->key_path,
                                    .ca_path = options->unverified ? NULL : options->ca_path,
                                    .trusts_system =
                                        !options->unverified && options->ca_path == NULL};

    client->unverified = options->unverified;
    client->no_tickets = options->no_tickets;
    client->method = tls_wire_method_create();
    if (client->method == NULL) {
        snprintf(error, TLS_ERROR_BYTES, "no memory for TLS");
        return false;
    }
    client->context = tls_context_take(options->shelf, &setup, error);
    if (client->context == NULL)
        return false;
    client->secrets = options->secrets;
    return dress(client, options, error);
}

struct tls_client *tls_client_create(const struct tls_client_options *options,
                                     char error[TLS_ERROR_BYTES])
{
    struct tls_client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        snprintf(error, TLS_ERROR_BYTES, "no memory for TLS");
        return NULL;
    }
    client->references = 1;
    ERR_clear_error();
    if (!set_up(client, options, error))
        tls_client_release(&client);
    return client;
}

void tls_client_drop(struct tls_client *client)
{
    check(client->references > 0);
    if (--client->references > 0)
        return;
    tls_sessions_release(&client->sessions);
    tls_context_give_back(&client->context);
    BIO_meth_free(client->method);
    free(client);
}

void tls_client_release(struct tls_client **client)
{
    if (*client != NULL)
        tls_client_drop(*client);
    *client = NULL;
}
