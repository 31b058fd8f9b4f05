/*
 * What the admin listener answers, apart from how it is asked: a request in, a whole answer out.
 */
#ifndef PROXY_ADMIN_ADMIN_API_H
#define PROXY_ADMIN_ADMIN_API_H

#include "proxy/admin/admin_reply.h"
#include "proxy/admin/metrics.h"
#include "proxy/log/log_reader.h"
#include "proxy/log/request_log.h"
#include "retryproof/head.h"
#include "retryproof/proxy.h"

/* What answers are made from. */
struct admin_sources {
    struct proxy *proxy;
    const struct metrics *metrics;
    struct request_log *log; /* NULL: there is none */
    char log_path[SETTINGS_PATH_BYTES];
    struct bytes page;         /* the document that people look at */
    struct log_reader *reader; /* opened when it is first asked; NULL until then */
    bool draining;
};

/* One request for one resource. */
struct admin_request {
    struct bytes
        name; /* what follows the resource's own path: a row's id, a route's name, escaped */
    struct bytes query; /* without its "?" */
    struct bytes body;
};

/* Answers a request that was read whole; the reply is empty before. */
void admin_api_answer(struct admin_sources *sources, const struct head *head, struct bytes body,
                      struct admin_reply *reply);

#endif
