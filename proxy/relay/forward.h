/*
 * Heads on their way through: from the head that came to the bytes that go on.
 *
 * What is done to each field is decided in proxy/policy/forwarding.h; here it is written.
 * Limits: FORWARD_ADDED_BYTES more than the head that came; overflow is the return value false.
 */
#ifndef PROXY_RELAY_FORWARD_H
#define PROXY_RELAY_FORWARD_H

#include "proxy/wire/http1_reader.h"
#include "proxy/wire/http1_writer.h"
#include "world/world.h"

enum {
    FORWARD_ADDED_BYTES =
        4096, /* Via, Forwarded, X-Forwarded-For, framing; a colon and blank per field */
};

struct forward_request {
    const struct head *head;
    enum framing framing;
    uint64_t content_length;
    struct bytes target;       /* origin-form or "*" */
    struct bytes host;         /* what the client asked for; empty: it did not say */
    const char *upstream_host; /* stands in, with its port, where the client gave no Host */
    uint16_t upstream_port;
    const char *via;
    const struct address *client;
    const char *client_host; /* its address as text, without port and brackets */
    bool client_secure;      /* it speaks TLS with us */
    bool upgrade;            /* the client's wish for another protocol goes on. RFC 9110 7.8 */
    bool drop_expect;        /* a 100 went down before: the next attempt must not bring another */
    /* HTTP/1.0 knows no Expect, so that of such a client is never passed on. RFC 9110 10.1.1. */
};
MUST_USE bool forward_write_request(const struct forward_request *request,
                                    struct http1_writer *writer);

struct forward_response {
    const struct head *head;
    enum framing framing;      /* as it came */
    enum framing framing_down; /* as it goes on */
    uint64_t content_length;
    unsigned client_minor;
    bool
        length_varies; /* a filter changes it: what the head declares is not what a GET would bring */
    bool keep_alive;   /* towards the client */
    const char *via;
};
MUST_USE bool forward_write_response(const struct forward_response *response,
                                     struct http1_writer *writer);
/* A 1xx: no framing, no connection fields. RFC 9110 15.2. */
MUST_USE bool forward_write_interim(const struct head *head, const char *via,
                                    struct http1_writer *writer);

/* The 101 that opens a tunnel. RFC 9110 7.8, 15.2.2. */
MUST_USE bool forward_write_switch(const struct head *head, const char *via,
                                   struct http1_writer *writer);
/* The 200 to CONNECT, which is ours: no framing and nothing else. RFC 9110 9.3.6. */
MUST_USE bool forward_write_connected(struct http1_writer *writer);

/* How a body that came in one framing goes on to a client of that version. RFC 9112 6.3, 7. */
enum framing forward_framing_down(enum framing framing, unsigned client_minor);

#endif
