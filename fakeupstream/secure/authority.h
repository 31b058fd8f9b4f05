/*
 * A certificate authority for tests, in memory: certificates good and bad, each the same in every run.
 *
 * Keys are Ed25519 from fixed seeds, serials and dates are fixed, so equal certificates have equal bytes. They are for
 * tests alone: whoever reads this program has the keys.
 *
 * Ownership: the authority owns its files and the paths. A path names a file in memory of this process, which children may
 * read while it lives; it is good for whatever reads PEM files. Made when first asked for, and kept.
 * Errors: NULL when memory or descriptors ran out.
 */
#ifndef FAKEUPSTREAM_SECURE_AUTHORITY_H
#define FAKEUPSTREAM_SECURE_AUTHORITY_H

#include <stdbool.h>

#include "world/base/check.h"

enum { AUTHORITY_NAME_BYTES = 256 }; /* of a server's name or host; a DNS name has 253 at most */

/* What is right or wrong about a certificate. */
enum authority_kind {
    AUTHORITY_GOOD,
    AUTHORITY_EXPIRED,
    AUTHORITY_NOT_YET_VALID,
    AUTHORITY_WRONG_NAME,  /* it is for "wrong.test" alone */
    AUTHORITY_UNKNOWN_CA,  /* it is by another authority */
    AUTHORITY_SELF_SIGNED, /* it is by nobody else */
};

struct authority;

struct authority *authority_create(void);
void authority_destroy(struct authority **authority);

/* The certificate by which the others are verified. */
const char *authority_ca_path(struct authority *authority);

/*
 * A certificate and its key in one file, which serves as both paths. It is for "NAME.test", for host where that is not NULL, and for
 * localhost, 127.0.0.1 and ::1. Clients have one too.
 */
const char *authority_certificate_path(struct authority *authority, enum authority_kind kind,
                                       const char *name, const char *host);

/* Writes the authority's own certificate to a file. False: see errno. */
MUST_USE bool authority_write_ca(struct authority *authority, const char *path);

#endif
