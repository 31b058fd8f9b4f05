/*
 * Every limit of the proxy core, with its unit and the reason for its value. A limit that a user may
 * move is the default of a setting; the others are fixed here.
 */
#ifndef RETRYPROOF_LIMITS_H
#define RETRYPROOF_LIMITS_H

enum {
    HEAD_BYTES_DEFAULT = 16 * 1024, /* request or response head; cookies of a large site fit */
    HEAD_BYTES_MIN = 256,
    HEAD_BYTES_MAX = 48 * 1024,   /* three times the default; a session keeps room for several */
    HEAD_FIELDS_MAX = 100,        /* fields of one head; what servers of the field allow */
    URI_BYTES_DEFAULT = 8 * 1024, /* RFC 9110 4.1 asks for 8000 at least */
    TRAILER_BYTES_MAX = 8 * 1024, /* a trailer section; held whole, so it is small */
    CHUNK_LINE_BYTES_MAX = 256,   /* chunk size, extensions and CRLF; nobody's use is longer */

    WINDOW_BYTES_DEFAULT = 64 * 1024, /* body bytes held per direction; a socket buffer's worth */
    WINDOW_BYTES_MIN = 1024,
    WINDOW_BYTES_MAX = 1024 * 1024,

    UPSTREAMS_MAX = 32, /* upstreams of one route; each exchange counts its attempts at every one */
    ROUTES_MAX = 32,    /* looked through for each request */
    ROUTE_NAME_BYTES = 64,  /* a word in logs and in the paths of the admin listener */
    ROUTE_PATH_BYTES = 128, /* a path prefix */
    ROUTE_ALLOW_MAX = 16,   /* ranges of addresses that a forward route may go to */
    USERS_MAX = 64,         /* a bit each */
    USER_NAME_BYTES = 64,
    PASSWORD_BYTES = 128,
    SETTINGS_PATH_BYTES = 256, /* of a file named in a configuration */
    RETRIES_MAX = 100,         /* max_retries; past it the setting is surely a mistake */
    RETRIES_DEFAULT = 1,
    INTERIM_MAX = 16,       /* 1xx heads before one final head; an endless row is an attack */
    POOL_IDLE_DEFAULT = 32, /* idle connections kept per upstream */
    POOL_IDLE_MAX = 65536,  /* one address has no more ports */
    LINGER_BYTES_MAX =
        64 * 1024, /* unread input drained before a close, so the answer is not lost */

    EJECT_AFTER_FAILURES = 3,

    REPLAY_BYTES_DEFAULT = 64 * 1024, /* body kept for a retry; what Pingora keeps */
    REPLAY_BYTES_MAX =
        1024 * 1024, /* memory of every exchange, so no more than a window may have */
    BUDGET_PERCENT_MAX = 100,

    CONTEXT_BYTES_MAX = 64 * 1024, /* hooks' own memory per client connection */
    HOOK_HEAD_BYTES = 4 * 1024,    /* room in a head for what hooks add to it */
    FILTER_BYTES = 16 * 1024,      /* room for what a body filter has written and nobody took */
    ANSWER_BYTES_MAX = 16 * 1024,  /* fields and body of an answer that a hook writes */
    SUMMARY_BYTES = 256,           /* a hook's own words about an exchange */
    UPSTREAMS_OTHER_MAX = 256,     /* upstreams known only from hooks, at one time */
};

/* Durations in milliseconds; decisions 13, 15 and 16 of the design. */
enum {
    CONNECT_MS_DEFAULT = 1000,
    HANDSHAKE_MS_DEFAULT = 5 * 1000,
    CLIENT_HEAD_MS_DEFAULT = 10 * 1000,
    RESPONSE_MS_DEFAULT = 30 * 1000,
    IDLE_MS_DEFAULT = 30 * 1000,
    POOL_IDLE_MS_DEFAULT = 30 * 1000,
    LINGER_MS = 1000,
    EJECT_MS = 10 * 1000,
    BACKOFF_MAX_MS_DEFAULT = 250, /* ten times a base of 25 ms, as Envoy has it */
};

#endif
