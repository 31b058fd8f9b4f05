/*
 * Whether a request head may begin an exchange, and where it points. Pure.
 */
#ifndef PROXY_DOWNSTREAM_ADMISSION_H
#define PROXY_DOWNSTREAM_ADMISSION_H

#include "proxy/exchange/exchange.h"

struct admission {
    bool admitted;
    struct exchange_request request; /* when admitted; slices of the head */
    struct apology apology;          /* when not */
};

/* A reverse proxy's rules: origin-form, absolute-form for http, `*` for OPTIONS; Host as RFC 9112 3.2 asks; no Max-Forwards of 0. */
struct admission admission_decide(const struct head *head);

/* The same for bytes that the reader refused to take for a head. */
struct admission admission_refuse(const struct reader_refusal *refusal);

#endif
