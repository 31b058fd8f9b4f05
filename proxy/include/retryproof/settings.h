/*
 * The settings of a proxy as a plain value. Start with proxy_settings_init(), or read a file.
 */
#ifndef RETRYPROOF_SETTINGS_H
#define RETRYPROOF_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "retryproof/limits.h"
#include "retryproof/policy.h"
#include "world/base/check.h"
#include "world/world.h"

struct exchange_record;
struct tls_shelf;

enum {
    UPSTREAM_NAME_BYTES = 64, /* a word in logs and in Via */
    HOST_BYTES = 256,         /* a DNS name has 253 at most */
    SETTINGS_ERROR_BYTES = 512,
};

/* In place of an index in the settings: an upstream that only a hook named. */
#define UPSTREAM_OTHER UINT32_MAX

struct upstream_settings {
    char name[UPSTREAM_NAME_BYTES];
    char host[HOST_BYTES]; /* an address or a name to look up */
    uint16_t port;
    bool tls;
    bool tls_unverified;          /* anybody's certificate is taken */
    char sni[HOST_BYTES];         /* whom the certificate must be for; empty: host */
    char ca[SETTINGS_PATH_BYTES]; /* whose certificates are trusted; empty: the system's */
    char
        certificate[SETTINGS_PATH_BYTES]; /* our own, for upstreams that ask for one; empty: none */
    char key[SETTINGS_PATH_BYTES];
};

/* What a route serves. */
enum proxy_mode {
    MODE_REVERSE, /* requests for this server: upstreams stand behind it */
    MODE_FORWARD, /* absolute-form and CONNECT: the upstream is what the request says (decision 17) */
};

/* Addresses of which the first `bits` bits are those of `address`, whose port does not matter. */
struct address_range {
    struct address address;
    unsigned bits;
};

/*
 * One route: which requests are its own, and how they are served. The route whose host is named stands over one for every
 * host, then the longer path over the shorter, then the earlier over the later.
 */
struct route_settings {
    char name[ROUTE_NAME_BYTES];
    char host[HOST_BYTES];       /* without port, compared without case; empty: any */
    char path[ROUTE_PATH_BYTES]; /* "/v1" has "/v1" and "/v1/x", not "/v10"; empty: any */
    enum proxy_mode mode;
    uint32_t upstreams; /* a bit for each of the settings' upstreams; MODE_REVERSE */
    enum selection_rule select;
    struct retry_settings retry;
    uint64_t
        users; /* a bit for each who may use it, by Basic proxy authentication; 0: everybody, without being asked */
    struct address_range allow[ROUTE_ALLOW_MAX]; /* where MODE_FORWARD may go */
    size_t allow_count;                          /* 0: 127.0.0.0/8 and ::1 alone (decision 17) */
};

struct user_settings {
    char name[USER_NAME_BYTES];
    char password[PASSWORD_BYTES];
};

/* A certificate of the listener, and the server name it is for; the first serves whoever names none. */
struct certificate_settings {
    char name[HOST_BYTES];
    char certificate[SETTINGS_PATH_BYTES];
    char key[SETTINGS_PATH_BYTES];
};

enum { CERTIFICATES_MAX = 8 }; /* names that one listener answers to */

/* Durations in nanoseconds; 0 switches a limit of time off. */
struct proxy_settings {
    struct address listen; /* port 0: any; proxy_address() tells */
    size_t upstream_count; /* 0: the hook upstream_peer must name one */
    /* Without routes there is one, "default", for all requests, and these are its own. */
    enum proxy_mode mode;
    enum selection_rule select;
    struct retry_settings retry;
    uint64_t users_required;
    struct address_range allow[ROUTE_ALLOW_MAX];
    size_t allow_count;
    size_t route_count;
    size_t user_count;
    char realm[UPSTREAM_NAME_BYTES]; /* what Proxy-Authenticate calls itself */
    unsigned auth_failed_status;     /* 403, or 407 as RFC 9110 11.7.1 would rather have it */
    size_t certificate_count;        /* of the listener; 0: it speaks no TLS */
    char client_ca
        [SETTINGS_PATH_BYTES]; /* clients must show a certificate of these; empty: are not asked */
    struct tls_shelf
        *tls_shelf; /* world/tls/tls.h: for whoever makes proxies again and again; NULL: none */
    struct address nameserver;     /* family 0: the system's */
    uint64_t connect_timeout_ns;   /* per address */
    uint64_t handshake_timeout_ns; /* TLS, on either side */
    uint64_t head_timeout_ns;      /* from the first byte of a request head to its end */
    uint64_t response_timeout_ns;  /* from the request handed over to the final head complete */
    uint64_t
        idle_timeout_ns; /* without progress: between requests, in a body either way, in a hook */
    size_t window_bytes;
    size_t pool_size;
    uint64_t pool_timeout_ns;
    size_t head_bytes_max;
    size_t uri_bytes_max;
    uint64_t body_bytes_max; /* UINT64_MAX: no limit */
    bool client_half_close_allowed;
    char via[UPSTREAM_NAME_BYTES]; /* pseudonym in Via and Proxy-Status */

    /* Told once per exchange, at its end; the record lives until the call returns. May be NULL. */
    void (*on_record)(void *owner, const struct exchange_record *record);
    /* A line for the operator about something that belongs to no exchange: a client's handshake that failed. May be NULL. */
    void (*on_notice)(void *owner, const char *sentence);
    void *owner;

    /* Of the program `retryproof proxy`; proxy_create() does not look at them. */
    struct address admin;          /* family 0: no admin listener */
    char log[SETTINGS_PATH_BYTES]; /* the request log; empty: none */
    uint64_t
        log_bytes_max; /* a log file that has grown so large is put aside and a new one begun; 0: never */

    /* As many as are counted above, in this order at the end of the structure: proxy_settings_copy() takes no more. */
    struct upstream_settings upstreams[UPSTREAMS_MAX];
    struct route_settings routes[ROUTES_MAX];
    struct user_settings users[USERS_MAX];
    struct certificate_settings certificates[CERTIFICATES_MAX];
};

/* Everything at its default, at-most-once with one retry, no upstream, listening on 127.0.0.1 port 0. */
void proxy_settings_init(struct proxy_settings *settings);

/* The same settings in another place, as `*to = *from` does, but without the room that nobody uses: most of the structure. */
void proxy_settings_copy(struct proxy_settings *to, const struct proxy_settings *from);
/* Whether one is a copy of the other. Settings that mean the same and were written one by one may be told apart. */
bool proxy_settings_equal(const struct proxy_settings *a, const struct proxy_settings *b);

/* Appends an upstream "host:port"; its name is that text. False when it is none, or UPSTREAMS_MAX are there. */
MUST_USE bool proxy_settings_add_upstream(struct proxy_settings *settings, const char *address);

/*
 * Whether the settings go together; if not, error is a sentence: an option that contradicts its policy, a value
 * outside of its limits. proxy_create() asks too.
 */
MUST_USE bool proxy_settings_check(const struct proxy_settings *settings,
                                   char error[SETTINGS_ERROR_BYTES]);

/*
 * The route at that index: routes[index], or made from the settings themselves where there are none. index is below
 * proxy_settings_route_count().
 */
void proxy_settings_route(const struct proxy_settings *settings, size_t index,
                          struct route_settings *out);
size_t proxy_settings_route_count(const struct proxy_settings *settings);

/*
 * Reads a configuration file, as `retryproof proxy` does (docs/proxy.md and docs/retries.md have the keys). False, and
 * error is "file:line:column: sentence".
 */
MUST_USE bool proxy_settings_load(struct proxy_settings *settings, const char *path,
                                  char error[SETTINGS_ERROR_BYTES]);

#endif
