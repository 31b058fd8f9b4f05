/*
 * Certificates for tests: an authority, and what it signs, in files that are in memory alone. Keys and dates follow from
 * the names, so that equal tests send equal bytes.
 */
#ifndef WORLD_TLS_TLS_RIG_H
#define WORLD_TLS_TLS_RIG_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "world/base/check.h"

enum { RIG_KEY_BYTES = 32, RIG_PATH_BYTES = 32 };

/* A certificate, and its key in the same file. */
struct rig_identity {
    int descriptor;
    char path[RIG_PATH_BYTES];
};

struct rig_wish {
    const char *subject;
    const char *names;     /* "DNS:a.test,IP:127.0.0.1"; NULL for an authority */
    const char *authority; /* who signs; NULL: it signs itself */
    const char *until;     /* "20200101000000Z"; NULL: for long */
    const char *from;      /* NULL: since long */
};

static inline EVP_PKEY *rig_key(const char *name)
{
    uint8_t seed[RIG_KEY_BYTES] = {0};
    size_t size = strlen(name);
    EVP_PKEY *key;

    memcpy(seed, name, size < sizeof(seed) ? size : sizeof(seed));
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
    check(key != NULL);
    return key;
}

static inline void rig_extend(X509 *certificate, int what, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, what, value);

    check(extension != NULL);
    check(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static inline void rig_name(X509_NAME *name, const char *text)
{
    check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1,
                                     0) == 1);
}

static inline X509 *rig_certificate(const struct rig_wish *wish, EVP_PKEY *key)
{
    const char *signer = wish->authority != NULL ? wish->authority : wish->subject;
    const char *from = wish->from != NULL ? wish->from : "20200101000000Z";
    const char *until = wish->until != NULL ? wish->until : "20991231235959Z";
    EVP_PKEY *sign_key = rig_key(signer);
    X509 *certificate = X509_new();

    check(certificate != NULL);
    check(X509_set_version(certificate, X509_VERSION_3) == 1);
    check(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7) == 1);
    check(ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), from) == 1);
    check(ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), until) == 1);
    rig_name(X509_get_subject_name(certificate), wish->subject);
    rig_name(X509_get_issuer_name(certificate), signer);
    check(X509_set_pubkey(certificate, key) == 1);
    if (wish->names != NULL)
        rig_extend(certificate, NID_subject_alt_name, wish->names);
    else
        rig_extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
    check(X509_sign(certificate, sign_key, NULL) > 0);
    EVP_PKEY_free(sign_key);
    return certificate;
}

static inline void rig_identity_init(struct rig_identity *identity, const struct rig_wish *wish)
{
    EVP_PKEY *key = rig_key(wish->subject);
    X509 *certificate = rig_certificate(wish, key);
    FILE *file;

    identity->descriptor = memfd_create("certificate", MFD_CLOEXEC);
    check(identity->descriptor >= 0);
    snprintf(identity->path, sizeof(identity->path), "/proc/self/fd/%d", identity->descriptor);
    file = fopen(identity->path, "w");
    check(file != NULL);
    check(PEM_write_X509(file, certificate) == 1);
    check(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    check(fclose(file) == 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static inline void rig_identity_release(struct rig_identity *identity)
{
    close(identity->descriptor);
}

#endif
