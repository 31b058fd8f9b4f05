/*
 * Basic proxy authentication: RFC 9110 11.7, RFC 7617. Pure.
 *
 * A password is compared with those of all users that may come in, whole and padded, so that the time it takes tells
 * neither a user's name nor how much of a password was right. Nothing here keeps or prints one.
 */
#ifndef PROXY_ROUTES_CREDENTIALS_H
#define PROXY_ROUTES_CREDENTIALS_H

#include <stddef.h>
#include <stdint.h>

#include "retryproof/settings.h"
#include "world/base/bytes.h"

enum credentials_verdict {
    CREDENTIALS_FINE,
    CREDENTIALS_MISSING, /* no field, or another scheme than Basic: AUTH_REQUIRED */
    CREDENTIALS_WRONG, /* AUTH_FAILED; also what is not base64, has no colon, or a name or password that is too long */
};

/*
 * Judges the value of Proxy-Authorization (data NULL: there is none) against the users whose bits are set in allowed;
 * *user is the index of the one who comes in.
 */
enum credentials_verdict credentials_check(struct bytes value, const struct user_settings *users,
                                           uint64_t allowed, size_t *user);

#endif
