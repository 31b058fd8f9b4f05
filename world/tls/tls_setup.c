#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "world/tls/state.h"

enum { ALPN_NAME_BYTES_MAX = 255 }; /* RFC 7301 3.1: a length is one byte */

static int version_of(enum tls_version version, int otherwise)
{
    switch (version) {
    case TLS_1_1:
        return TLS1_1_VERSION;
    case TLS_1_2:
        return TLS1_2_VERSION;
    case TLS_1_3:
        return TLS1_3_VERSION;
    default:
        return otherwise;
    }
}

/* Nobody is there to be asked for the password of a key. */
static int refuse_password(char *data, int size, int for_writing, void *owner)
{
    (void)data;
    (void)size;
    (void)for_writing;
    (void)owner;
    return -1;
}

void tls_tell_file(char error[TLS_ERROR_BYTES], const char *path)
{
    unsigned long first = ERR_get_error();
    const char *reason =
        ERR_SYSTEM_ERROR(first) ? strerror(ERR_GET_REASON(first)) : ERR_reason_error_string(first);

    snprintf(error, TLS_ERROR_BYTES, "%s: %s", path, reason != NULL ? reason : "not readable");
    ERR_clear_error();
}

static bool speak_versions(SSL_CTX *context, const struct tls_setup *setup)
{
    int lowest = version_of(setup->lowest, TLS1_2_VERSION);
    int highest = version_of(setup->highest, TLS1_3_VERSION);

    /* TLS 1.1 signs with SHA-1, which OpenSSL 3 allows at no higher level. */
    if (lowest < TLS1_2_VERSION)
        SSL_CTX_set_security_level(context, 0);
    return lowest <= highest && SSL_CTX_set_min_proto_version(context, lowest) == 1 &&
           SSL_CTX_set_max_proto_version(context, highest) == 1;
}

static bool show_certificate(SSL_CTX *context, const struct tls_setup *setup,
                             char error[TLS_ERROR_BYTES])
{
    if (setup->certificate_path == NULL)
        return true;
    if (SSL_CTX_use_certificate_chain_file(context, setup->certificate_path) != 1) {
        tls_tell_file(error, setup->certificate_path);
        return false;
    }
    if (setup->key_path == NULL) {
        snprintf(error, TLS_ERROR_BYTES, "%s: a certificate without a key",
                 setup->certificate_path);
        return false;
    }
    if (SSL_CTX_use_PrivateKey_file(context, setup->key_path, SSL_FILETYPE_PEM) != 1) {
        tls_tell_file(error, setup->key_path);
        return false;
    }
    return true;
}

/* A server also names them to its clients: RFC 8446 4.2.4. */
static bool name_authorities(SSL_CTX *context, const char *path)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);

    if (names == NULL)
        return false;
    SSL_CTX_set_client_CA_list(context, names);
    return true;
}

static bool trust(SSL_CTX *context, const struct tls_setup *setup, char error[TLS_ERROR_BYTES])
{
    if (setup->trusts_system && SSL_CTX_set_default_verify_paths(context) != 1) {
        tls_tell_file(error, "the certificates that the system trusts");
        return false;
    }
    if (setup->ca_path == NULL)
        return true;
    if ((!setup->serves || name_authorities(context, setup->ca_path)) &&
        SSL_CTX_load_verify_file(context, setup->ca_path) == 1)
        return true;
    tls_tell_file(error, setup->ca_path);
    return false;
}

SSL_CTX *tls_setup_make(const struct tls_setup *setup, char error[TLS_ERROR_BYTES])
{
    SSL_CTX *context = SSL_CTX_new(setup->serves ? TLS_server_method() : TLS_client_method());

    if (context == NULL) {
        snprintf(error, TLS_ERROR_BYTES, "no memory for TLS");
        return NULL;
    }
    /* The CRIME attack, and renegotiation by whoever likes to keep a server busy. */
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1); /* one read below takes all that is there, not a header */
    SSL_CTX_set_default_passwd_cb(context, refuse_password);
    if (!speak_versions(context, setup))
        snprintf(error, TLS_ERROR_BYTES, "the lowest version of TLS is above the highest");
    else if (show_certificate(context, setup, error) && trust(context, setup, error))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

bool tls_alpn_make(struct tls_alpn *alpn, const char *const *names, size_t count)
{
    alpn->size = 0;
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(names[i]);

        if (size == 0 || size > ALPN_NAME_BYTES_MAX || alpn->size + 1 + size > TLS_ALPN_BYTES)
            return false;
        alpn->data[alpn->size++] = (uint8_t)size;
        memcpy(alpn->data + alpn->size, names[i], size);
        alpn->size += size;
    }
    return true;
}
