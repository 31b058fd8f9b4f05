#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>

#include "world/tls/state.h"

/* Sessions are for this program; OpenSSL wants a word for it where clients show certificates. */
static const unsigned char SESSION_CONTEXT[] = "retryproof";

/* ---- by name ------------------------------------------------------------------------------------- */

/* "*.x" stands for one label before ".x": RFC 9525 6.3. */
static bool names_match(const char *pattern, const char *name)
{
    if (strncmp(pattern, "*.", 2) == 0) {
        const char *rest = strchr(name, '.');

        return rest != NULL && rest != name && strcasecmp(pattern + 1, rest) == 0;
    }
    return strcasecmp(pattern, name) == 0;
}

/* An exact name before "*.x"; 0, the first one, for whoever names none of them. */
static size_t choose(const struct tls_server *server, const char *name)
{
    for (size_t i = 0; i < server->count; i++)
        if (strcasecmp(server->names[i], name) == 0)
            return i;
    for (size_t i = 0; i < server->count; i++)
        if (names_match(server->names[i], name))
            return i;
    return 0;
}

static int on_server_name(SSL *ssl, int *alert, void *owner)
{
    const struct tls_server *server = owner;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    if (name == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_set_SSL_CTX(ssl, server->contexts[choose(server, name)]->ssl);
    return SSL_TLSEXT_ERR_OK;
}

/* ---- ALPN ---------------------------------------------------------------------------------------- */

/* RFC 7301 3.2: the server's preference decides, and no overlap is fatal. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                   const unsigned char *offered, unsigned offered_size, void *owner)
{
    const struct tls_server *server = owner;
    unsigned char *chosen;

    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_size, server->alpn.data, (unsigned)server->alpn.size,
                              offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void on_secret(const SSL *ssl, const char *line)
{
    const struct tls_server *server = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    server->secrets.tell(server->secrets.owner, line);
}

/* ---- life ---------------------------------------------------------------------------------------- */

/*
 * What a ticket stands for is kept here and the ticket is a random name of it: a ticket that carried its state would
 * carry the time of day too, and equal runs of a simulated world would send different bytes.
 */
static void remember_sessions(SSL_CTX *context, bool wanted)
{
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_id_context(context, SESSION_CONTEXT, sizeof(SESSION_CONTEXT) - 1);
    SSL_CTX_set_session_cache_mode(context, wanted ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
    SSL_CTX_sess_set_cache_size(context, TLS_SERVER_SESSIONS);
    SSL_CTX_set_num_tickets(context, wanted ? TLS_TICKETS_PER_PEER : 0);
}

/* All that a server asks of a context which may have been another's. */
static void dress(struct tls_server *server, const struct tls_server_options *options,
                  SSL_CTX *context)
{
    const int asked = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;

    remember_sessions(context, !options->no_tickets);
    SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(context, server);
    SSL_CTX_set_alpn_select_cb(context, server->alpn.size > 0 ? on_alpn : NULL, server);
    SSL_CTX_set_app_data(context, server);
    SSL_CTX_set_keylog_callback(context, server->secrets.tell != NULL ? on_secret : NULL);
    SSL_CTX_set_verify(context, options->client_ca_path != NULL ? asked : SSL_VERIFY_NONE, NULL);
}

static bool add_certificate(struct tls_server *server, const struct tls_server_options *options,
                            char error[TLS_ERROR_BYTES])
{
    const struct tls_certificate *certificate = &options->certificates[server->count];
    const struct tls_setup setup = {.serves = true,
                                    .lowest = options->lowest,
                                    .highest = options->highest,
                                    .certificate_path = certificate->certificate_path,
                                    .key_path = certificate->key_path,
                                    .ca_path = options->client_ca_path};
    const char *name = certificate->name != NULL ? certificate->name : "";
    struct tls_context *context;

    if (strlen(name) >= TLS_NAME_BYTES) {
        snprintf(error, TLS_ERROR_BYTES, "a server name of more than %d bytes", TLS_NAME_BYTES - 1);
        return false;
    }
    context = tls_context_take(options->shelf, &setup, error);
    if (context == NULL)
        return false;
    memcpy(server->names[server->count], name, strlen(name) + 1);
    server->contexts[server->count++] = context;
    dress(server, options, context->ssl);
    return true;
}

static bool set_up(struct tls_server *server, const struct tls_server_options *options,
                   char error[TLS_ERROR_BYTES])
{
    server->method = tls_wire_method_create();
    if (server->method == NULL) {
        snprintf(error, TLS_ERROR_BYTES, "no memory for TLS");
        return false;
    }
    if (!tls_alpn_make(&server->alpn, options->alpn, options->alpn_count)) {
        snprintf(error, TLS_ERROR_BYTES, "the ALPN protocols are no names, or too many");
        return false;
    }
    while (server->count < options->certificate_count)
        if (!add_certificate(server, options, error))
            return false;
    return true;
}

struct tls_server *tls_server_create(const struct tls_server_options *options,
                                     char error[TLS_ERROR_BYTES])
{
    struct tls_server *server;

    if (options->certificate_count == 0 || options->certificate_count > TLS_CERTIFICATES_MAX) {
        snprintf(error, TLS_ERROR_BYTES, "a TLS server has 1 to %d certificates",
                 TLS_CERTIFICATES_MAX);
        return NULL;
    }
    server = calloc(1, sizeof(*server));
    if (server == NULL) {
        snprintf(error, TLS_ERROR_BYTES, "no memory for TLS");
        return NULL;
    }
    server->references = 1;
    server->secrets = options->secrets;
    ERR_clear_error();
    if (!set_up(server, options, error))
        tls_server_release(&server);
    return server;
}

void tls_server_drop(struct tls_server *server)
{
    check(server->references > 0);
    if (--server->references > 0)
        return;
    for (size_t i = 0; i < server->count; i++)
        tls_context_give_back(&server->contexts[i]);
    BIO_meth_free(server->method);
    free(server);
}

void tls_server_release(struct tls_server **server)
{
    if (*server != NULL)
        tls_server_drop(*server);
    *server = NULL;
}

SSL *tls_server_begin(struct tls_server *server)
{
    SSL *ssl = SSL_new(server->contexts[0]->ssl);

    if (ssl != NULL)
        SSL_set_accept_state(ssl);
    return ssl;
}
