/*
 * What went wrong, where, and on whose side: the one value from which the retry decision, the status
 * code, the log, the reports and the oracle all read.
 */
#ifndef WORLD_BASE_FAILURE_H
#define WORLD_BASE_FAILURE_H

#include <stdbool.h>

/* Where an attempt stands; defined by counters and never by errno. The words are those of reports. */
#define STAGE_LIST(X)           \
    X(ROUTE, "route")           \
    X(RESOLVE, "resolve")       \
    X(DIAL, "dial")             \
    X(HANDSHAKE, "handshake")   \
    X(PRE_WRITE, "pre-write")   \
    X(MID_WRITE, "mid-write")   \
    X(POST_WRITE, "post-write") \
    X(MID_HEAD, "mid-head")     \
    X(STATUS, "status")         \
    X(MID_COPY, "mid-copy")     \
    X(TUNNEL, "tunnel")

enum stage {
#define STAGE_ENUM(name, word) STAGE_##name,
    STAGE_LIST(STAGE_ENUM)
#undef STAGE_ENUM
        STAGE_COUNT
};

/*
 * Causes carry the names of RFC 9209 2.3 where it has one; the last column is the status that an
 * intermediary answers with for it (RFC 9110 15.6.3 to 15.6.5). Status 0: nobody is left to answer. Ours is
 * http_response_status: a whole response whose status is tried again; its client never gets to see the word.
 */
#define CAUSE_LIST(X)                                                              \
    X(NONE, "none", 0)                                                             \
    X(DNS_TIMEOUT, "dns_timeout", 504)                                             \
    X(DNS_ERROR, "dns_error", 502)                                                 \
    X(DESTINATION_NOT_FOUND, "destination_not_found", 404)                         \
    X(DESTINATION_UNAVAILABLE, "destination_unavailable", 503)                     \
    X(DESTINATION_IP_UNROUTABLE, "destination_ip_unroutable", 502)                 \
    X(DESTINATION_IP_PROHIBITED, "destination_ip_prohibited", 502)                 \
    X(CONNECTION_REFUSED, "connection_refused", 502)                               \
    X(CONNECTION_TERMINATED, "connection_terminated", 502)                         \
    X(CONNECTION_TIMEOUT, "connection_timeout", 504)                               \
    X(CONNECTION_READ_TIMEOUT, "connection_read_timeout", 504)                     \
    X(CONNECTION_WRITE_TIMEOUT, "connection_write_timeout", 504)                   \
    X(CONNECTION_LIMIT_REACHED, "connection_limit_reached", 503)                   \
    X(TLS_PROTOCOL_ERROR, "tls_protocol_error", 502)                               \
    X(TLS_CERTIFICATE_ERROR, "tls_certificate_error", 502)                         \
    X(TLS_ALERT_RECEIVED, "tls_alert_received", 502)                               \
    X(HTTP_REQUEST_ERROR, "http_request_error", 400)                               \
    X(HTTP_REQUEST_DENIED, "http_request_denied", 403)                             \
    X(HTTP_RESPONSE_INCOMPLETE, "http_response_incomplete", 502)                   \
    X(HTTP_RESPONSE_HEADER_SECTION_SIZE, "http_response_header_section_size", 502) \
    X(HTTP_RESPONSE_TRANSFER_CODING, "http_response_transfer_coding", 502)         \
    X(HTTP_RESPONSE_TIMEOUT, "http_response_timeout", 504)                         \
    X(HTTP_RESPONSE_STATUS, "http_response_status", 502)                           \
    X(HTTP_UPGRADE_FAILED, "http_upgrade_failed", 502)                             \
    X(HTTP_PROTOCOL_ERROR, "http_protocol_error", 502)                             \
    X(PROXY_INTERNAL_ERROR, "proxy_internal_error", 500)                           \
    X(CLIENT_CANCELLED, "client_cancelled", 0)                                     \
    X(CLIENT_TIMEOUT, "client_timeout", 408)

enum cause {
#define CAUSE_ENUM(name, word, status) CAUSE_##name,
    CAUSE_LIST(CAUSE_ENUM)
#undef CAUSE_ENUM
        CAUSE_COUNT
};

enum side { SIDE_NONE, SIDE_UPSTREAM, SIDE_DOWNSTREAM, SIDE_INTERNAL };

struct failure {
    enum side side;
    enum stage stage;
    enum cause cause;
    int os_error; /* errno as the operator asks for it, or 0; never decides anything */
};

/* The words of the lists above; never NULL. */
const char *stage_word(enum stage stage);
const char *cause_word(enum cause cause);
const char *side_word(enum side side);
/* False if there is no such word. */
bool stage_from_word(const char *word, enum stage *out);

/* The status an intermediary answers with for this cause; 0 when nobody is left to be answered. */
int cause_status(enum cause cause);

/* What a failed connect() means: ECONNREFUSED, unreachable, timed out, anything else. */
enum cause cause_of_dial_error(int os_error);

#endif
