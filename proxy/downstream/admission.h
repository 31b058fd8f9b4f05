/*
 * Whether a request head may begin an exchange: what it asks for, which route serves it, and who may come in. Pure.
 */
#ifndef PROXY_DOWNSTREAM_ADMISSION_H
#define PROXY_DOWNSTREAM_ADMISSION_H

#include "proxy/exchange/exchange.h"

/* Of the settings, what decides. */
struct admission_rules {
    const struct route_settings *routes;
    size_t route_count;
    const struct user_settings *users;
    const char *realm;
    unsigned auth_failed_status;
};

struct admission {
    bool admitted;
    struct exchange_request
        request; /* when admitted; slices of the head. Its kind, route and host also when not */
    enum cause cause; /* when not */
    struct apology apology;
};

/*
 * Origin-form, absolute-form for http, `*` for OPTIONS, and authority-form for CONNECT; Host as RFC 9112 3.2 asks; no
 * Max-Forwards of 0; a route that serves it; and credentials where the route asks for them. upgrade: the reader saw
 * that the client wishes for another protocol, and there is no body.
 */
struct admission admission_decide(const struct head *head, bool upgrade,
                                  const struct admission_rules *rules);

/* The same for bytes that the reader refused to take for a head. */
struct admission admission_refuse(const struct reader_refusal *refusal);

#endif
