/* OpenSSL 3.4 would rather be asked to flush sessions in a way that 3.0 does not know. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "world/tls/state.h"

enum {
    TICKET_KEY_BYTES =
        80, /* a name, and keys to seal and to sign: SSL_CTX_set_tlsext_ticket_keys() */
    COOKIE_KEY_BYTES = 32,
    FILE_PIECE_BYTES = 4096, /* a certificate and its key have two thirds of it at most */
};

/* Held by its maker, and by each context that is to come back. */
struct tls_shelf {
    unsigned references;
    bool is_closed;            /* its maker has released it */
    struct tls_context *first; /* given back last */
    size_t waiting;
    size_t made;
};

/* ---- names ----------------------------------------------------------------------------------------- */

static bool digest_file(EVP_MD_CTX *digest, BIO *file, uint8_t name[TLS_FILE_NAME_BYTES])
{
    uint8_t piece[FILE_PIECE_BYTES];
    bool fine = EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
    int got = 0;

    while (fine && (got = BIO_read(file, piece, sizeof(piece))) > 0)
        fine = EVP_DigestUpdate(digest, piece, (size_t)got) == 1;
    return fine && got == 0 && EVP_DigestFinal_ex(digest, name, NULL) == 1;
}

/* No file: all zero. */
static bool name_file(const char *path, uint8_t name[TLS_FILE_NAME_BYTES])
{
    EVP_MD_CTX *digest;
    BIO *file;
    bool named;

    memset(name, 0, TLS_FILE_NAME_BYTES);
    if (path == NULL)
        return true;
    digest = EVP_MD_CTX_new();
    file = BIO_new_file(path, "rb");
    named = digest != NULL && file != NULL && digest_file(digest, file, name);
    BIO_free(file);
    EVP_MD_CTX_free(digest);
    return named;
}

/* Who may use the one context may use any other of that name. False: a file cannot be read; making it will tell why. */
static bool find_name(const struct tls_setup *setup, uint8_t name[TLS_CONTEXT_NAME_BYTES])
{
    const char *const paths[] = {setup->certificate_path, setup->key_path, setup->ca_path};
    const uint8_t kind[] = {setup->serves, (uint8_t)setup->lowest, (uint8_t)setup->highest};
    bool named = true;

    _Static_assert(sizeof(kind) + COUNT_OF(paths) * TLS_FILE_NAME_BYTES == TLS_CONTEXT_NAME_BYTES,
                   "all of it is in the name");
    memcpy(name, kind, sizeof(kind));
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        named = named && name_file(paths[i], name + sizeof(kind) + i * TLS_FILE_NAME_BYTES);
    ERR_clear_error();
    return named;
}

/* ---- contexts -------------------------------------------------------------------------------------- */

static void destroy(struct tls_context *context)
{
    SSL_CTX_free(context->ssl);
    free(context);
}

/* What OpenSSL draws here is not drawn from a seed, since a context from the shelf draws nothing. */
static struct tls_context *make(const struct tls_setup *setup, char error[TLS_ERROR_BYTES])
{
    struct tls_context *context = calloc(1, sizeof(*context));

    if (context == NULL) {
        snprintf(error, TLS_ERROR_BYTES, "no memory for TLS");
        return NULL;
    }
    tls_randomness_set_aside();
    context->ssl = tls_setup_make(setup, error);
    tls_randomness_take_up();
    if (context->ssl != NULL)
        return context;
    free(context);
    return NULL;
}

static struct tls_context *find(struct tls_shelf *shelf, const uint8_t name[TLS_CONTEXT_NAME_BYTES])
{
    for (struct tls_context **at = &shelf->first; *at != NULL; at = &(*at)->next)
        if (memcmp((*at)->name, name, TLS_CONTEXT_NAME_BYTES) == 0) {
            struct tls_context *found = *at;

            *at = found->next;
            shelf->waiting--;
            return found;
        }
    return NULL;
}

static struct tls_context *find_or_make(struct tls_shelf *shelf, const struct tls_setup *setup,
                                        char error[TLS_ERROR_BYTES])
{
    uint8_t name[TLS_CONTEXT_NAME_BYTES];
    struct tls_context *context;

    if (shelf == NULL || setup->trusts_system || !find_name(setup, name))
        return make(setup, error);
    context = find(shelf, name);
    if (context == NULL) {
        context = make(setup, error);
        if (context == NULL)
            return NULL;
        memcpy(context->name, name, sizeof(name));
        shelf->made++;
    }
    context->shelf = shelf;
    shelf->references++;
    return context;
}

/*
 * Whatever was sealed with the keys before is worthless from here on. OpenSSL draws as much for a context that it makes, and for
 * its cookies, which nobody uses here: drawing it again leaves the bytes of equal seeds as they always were.
 */
static bool renew(SSL_CTX *context)
{
    uint8_t keys[TICKET_KEY_BYTES + COOKIE_KEY_BYTES];
    bool renewed = RAND_bytes(keys, sizeof(keys)) == 1 &&
                   SSL_CTX_set_tlsext_ticket_keys(context, keys, TICKET_KEY_BYTES) == 1;

    OPENSSL_cleanse(keys, sizeof(keys));
    return renewed;
}

struct tls_context *tls_context_take(struct tls_shelf *shelf, const struct tls_setup *setup,
                                     char error[TLS_ERROR_BYTES])
{
    struct tls_context *context = find_or_make(shelf, setup, error);

    if (context == NULL || renew(context->ssl))
        return context;
    snprintf(error, TLS_ERROR_BYTES, "no random keys for TLS");
    tls_context_give_back(&context);
    return NULL;
}

/* ---- the shelf ------------------------------------------------------------------------------------- */

static void let_go(struct tls_shelf *shelf)
{
    check(shelf->references > 0);
    if (--shelf->references == 0)
        free(shelf);
}

static void drop_oldest(struct tls_shelf *shelf)
{
    struct tls_context **at = &shelf->first;

    while ((*at)->next != NULL)
        at = &(*at)->next;
    destroy(*at);
    *at = NULL;
    shelf->waiting--;
}

void tls_context_give_back(struct tls_context **context)
{
    struct tls_context *back = *context;
    struct tls_shelf *shelf;

    *context = NULL;
    if (back == NULL)
        return;
    shelf = back->shelf;
    if (shelf == NULL || shelf->is_closed) {
        destroy(back);
    } else {
        SSL_CTX_flush_sessions(back->ssl, 0); /* 0: all of them, not only those of that age */
        back->next = shelf->first;
        shelf->first = back;
        if (++shelf->waiting > TLS_SHELF_MAX)
            drop_oldest(shelf);
    }
    if (shelf != NULL)
        let_go(shelf);
}

struct tls_shelf *tls_shelf_create(void)
{
    struct tls_shelf *shelf = calloc(1, sizeof(*shelf));

    if (shelf != NULL)
        shelf->references = 1;
    return shelf;
}

void tls_shelf_release(struct tls_shelf **shelf)
{
    struct tls_shelf *gone = *shelf;

    *shelf = NULL;
    if (gone == NULL)
        return;
    gone->is_closed = true;
    while (gone->waiting > 0)
        drop_oldest(gone);
    let_go(gone);
}

void tls_shelf_census(const struct tls_shelf *shelf, struct tls_shelf_census *out)
{
    *out = (struct tls_shelf_census){.made = shelf->made, .waiting = shelf->waiting};
}
