#include "fakeupstream/secure/authority.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "world/data/digest.h"

enum {
    PATH_BYTES = 48, /* "/proc/PID/fd/N" */
    NAMES_BYTES =
        2 * AUTHORITY_NAME_BYTES + 96, /* the names of a certificate, with those of this machine */
};

/* One file in memory: a certificate and its key. */
struct identity {
    struct identity *next;
    enum authority_kind kind;
    char name[AUTHORITY_NAME_BYTES];
    char host[AUTHORITY_NAME_BYTES]; /* empty: none */
    char path[PATH_BYTES];
    int file;
};

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
    char path[PATH_BYTES];
    int file; /* -1: not yet made */
    struct identity *identities;
};

/* What a certificate says. */
struct plan {
    const char *subject;
    const char
        *names; /* as OpenSSL writes them: "DNS:a.test,IP:127.0.0.1"; NULL: an authority's own */
    const char *from; /* YYYYMMDDHHMMSSZ */
    const char *until;
    EVP_PKEY *key;      /* its own */
    EVP_PKEY *sign_key; /* its maker's */
    const X509 *maker;  /* NULL: itself */
};

static const char LONG_AGO[] = "20200101000000Z";
static const char LONG_TO_COME[] = "21000101000000Z";

static X509 *make_certificate(const struct plan *plan);

/* The same seed gives the same key in each run: this is for tests, and no secret. */
static EVP_PKEY *make_key(const char *label)
{
    uint8_t seed[DIGEST_BYTES];
    struct digest digest;

    digest_init(&digest);
    digest_update(&digest, label, strlen(label));
    digest_finish(&digest, seed);
    digest_release(&digest);
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
}

static X509 *make_root(const char *subject, EVP_PKEY *key)
{
    return make_certificate(&(struct plan){
        .subject = subject, .from = LONG_AGO, .until = LONG_TO_COME, .key = key, .sign_key = key});
}

/* A file without a name, which other processes open through this one's descriptor. */
static int make_file(const X509 *certificate, EVP_PKEY *key, char path[PATH_BYTES])
{
    int number = memfd_create("certificate", MFD_CLOEXEC);
    FILE *file = number < 0 ? NULL : fdopen(dup(number), "w");
    bool written = file != NULL && PEM_write_X509(file, certificate) == 1 &&
                   (key == NULL || PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);

    if (file != NULL)
        written = fclose(file) == 0 && written;
    snprintf(path, PATH_BYTES, "/proc/%ld/fd/%d", (long)getpid(), number);
    if (written)
        return number;
    if (number >= 0)
        close(number);
    return -1;
}

struct authority *authority_create(void)
{
    struct authority *authority = calloc(1, sizeof(*authority));

    if (authority == NULL)
        return NULL;
    authority->file = -1;
    authority->key = make_key("authority");
    if (authority->key != NULL)
        authority->certificate = make_root("retryproof tests", authority->key);
    if (authority->certificate != NULL)
        authority->file = make_file(authority->certificate, NULL, authority->path);
    if (authority->file < 0)
        authority_destroy(&authority);
    return authority;
}

void authority_destroy(struct authority **authority)
{
    struct authority *gone = *authority;

    *authority = NULL;
    if (gone == NULL)
        return;
    while (gone->identities != NULL) {
        struct identity *identity = gone->identities;

        gone->identities = identity->next;
        close(identity->file);
        free(identity);
    }
    if (gone->file >= 0)
        close(gone->file);
    X509_free(gone->certificate);
    EVP_PKEY_free(gone->key);
    free(gone);
}

const char *authority_ca_path(struct authority *authority)
{
    return authority->path;
}

bool authority_write_ca(struct authority *authority, const char *path)
{
    FILE *file = fopen(path, "w");
    bool written;

    if (file == NULL)
        return false;
    written = PEM_write_X509(file, authority->certificate) == 1;
    return fclose(file) == 0 && written;
}

/* ---- one identity ------------------------------------------------------------------------------ */

/* Whose signature a kind has, and the key it is made with. */
struct maker {
    X509 *certificate; /* NULL: its own */
    EVP_PKEY *key;     /* NULL: its own */
};

static X509 *sign_identity(const struct identity *identity, EVP_PKEY *key,
                           const struct maker *maker)
{
    char names[NAMES_BYTES];
    bool has_host = identity->host[0] != '\0';
    const struct plan plan = {
        .subject = identity->name,
        .names = names,
        .from = identity->kind == AUTHORITY_NOT_YET_VALID ? "20990101000000Z" : LONG_AGO,
        .until = identity->kind == AUTHORITY_EXPIRED ? "20210101000000Z" : LONG_TO_COME,
        .key = key,
        .sign_key = maker->key != NULL ? maker->key : key,
        .maker = maker->certificate,
    };

    if (identity->kind == AUTHORITY_WRONG_NAME)
        snprintf(names, sizeof(names), "DNS:wrong.test");
    else
        snprintf(names, sizeof(names), "DNS:%s.test%s%s,DNS:localhost,IP:127.0.0.1,IP:::1",
                 identity->name, has_host ? ",DNS:" : "", identity->host);
    return make_certificate(&plan);
}

static bool make_identity(const struct authority *authority, struct identity *identity)
{
    EVP_PKEY *key = make_key(identity->name);
    bool unknown = identity->kind == AUTHORITY_UNKNOWN_CA;
    EVP_PKEY *other_key = unknown ? make_key("another authority") : NULL;
    X509 *other = other_key != NULL ? make_root("nobody knows this authority", other_key) : NULL;
    struct maker maker = {authority->certificate, authority->key};
    X509 *certificate = NULL;

    if (unknown)
        maker = (struct maker){other, other_key};
    else if (identity->kind == AUTHORITY_SELF_SIGNED)
        maker = (struct maker){NULL, NULL};
    if (key != NULL && (!unknown || other != NULL))
        certificate = sign_identity(identity, key, &maker);
    identity->file = certificate != NULL ? make_file(certificate, key, identity->path) : -1;
    X509_free(certificate);
    X509_free(other);
    EVP_PKEY_free(other_key);
    EVP_PKEY_free(key);
    return identity->file >= 0;
}

const char *authority_certificate_path(struct authority *authority, enum authority_kind kind,
                                       const char *name, const char *host)
{
    struct identity *identity;

    host = host == NULL ? "" : host;
    for (identity = authority->identities; identity != NULL; identity = identity->next)
        if (identity->kind == kind && strcmp(identity->name, name) == 0 &&
            strcmp(identity->host, host) == 0)
            return identity->path;
    identity = calloc(1, sizeof(*identity));
    if (identity == NULL)
        return NULL;
    identity->kind = kind;
    snprintf(identity->name, sizeof(identity->name), "%s", name);
    snprintf(identity->host, sizeof(identity->host), "%s", host);
    if (!make_identity(authority, identity)) {
        free(identity);
        return NULL;
    }
    identity->next = authority->identities;
    authority->identities = identity;
    return identity->path;
}

/* ---- one certificate --------------------------------------------------------------------------- */

static bool add_extension(X509 *certificate, int what, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, what, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;

    X509_EXTENSION_free(extension);
    return added;
}

static bool fill_names(X509 *certificate, const struct plan *plan)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    int length = (int)strnlen(plan->subject, 64); /* RFC 5280 A.1: ub-common-name */

    return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                      (const unsigned char *)plan->subject, length, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, plan->maker == NULL
                                                 ? subject
                                                 : X509_get_subject_name(plan->maker)) == 1 &&
           (plan->names != NULL
                ? add_extension(certificate, NID_subject_alt_name, plan->names)
                : add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
                      add_extension(certificate, NID_key_usage, "critical,keyCertSign"));
}

static X509 *make_certificate(const struct plan *plan)
{
    X509 *certificate = X509_new();

    if (certificate == NULL)
        return NULL;
    if (X509_set_version(certificate, X509_VERSION_3) == 1 &&
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), plan->names == NULL ? 1 : 2) == 1 &&
        ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), plan->from) == 1 &&
        ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), plan->until) == 1 &&
        X509_set_pubkey(certificate, plan->key) == 1 && fill_names(certificate, plan) &&
        X509_sign(certificate, plan->sign_key, NULL) > 0)
        return certificate;
    X509_free(certificate);
    return NULL;
}
