/*
 * The admin listener: what operators and programs ask a running proxy, over HTTP/1.1 on an address of its own.
 *
 *   GET /                            the page that shows all of this to people, and changes max_retries
 *   GET /healthz                     200 "ok"; 503 "draining" once the proxy drains
 *   GET /metrics                     Prometheus text, version 0.0.4
 *   GET /api/requests?status=502&stage=dial&cause=…&route=…&retried=true&before=ID&limit=50    newest first
 *   GET /api/requests/{id}           one row, with retry_details per attempt
 *   GET /api/routes                  names
 *   GET /api/routes/{name}           its settings, as the configuration file spells them
 *   PUT /api/routes/{name}           a JSON object of some of them: the others stay; applies to later exchanges
 * Everything else is a 404 or a 405 with Allow; a mistake is a 400 with {"error": "sentence"}. Passwords are never told.
 * docs/admin.md tells it at length.
 *
 * Runs in the proxy's world, by its upcalls, so a slow reader holds nobody up. Whoever can connect may do all of it, but
 * that another's page in a browser may change nothing: it listens where it is told to, and the program's default is not at all.
 *
 * Ownership: the creator destroys it before the proxy and the log. Limits: ADMIN_*.
 */
#ifndef PROXY_ADMIN_ADMIN_H
#define PROXY_ADMIN_ADMIN_H

#include "proxy/admin/metrics.h"
#include "proxy/log/request_log.h"
#include "retryproof/proxy.h"

enum {
    ADMIN_SESSIONS_MAX = 64, /* connections at one time; further ones are reset */
};

struct admin_options {
    struct address listen; /* port 0: any; admin_address() tells */
    struct proxy *proxy;
    const struct metrics *metrics; /* fed by whoever gets the records */
    struct request_log *log;       /* NULL: /api/requests is a 404 that says so */
    const char *log_path;          /* copied; shorter than SETTINGS_PATH_BYTES */
};

struct admin;

/* NULL and *os_error set (a positive errno) when it cannot listen. */
MUST_USE struct admin *admin_create(struct world *world, const struct admin_options *options,
                                    int *os_error);
struct address admin_address(const struct admin *admin);
/* The proxy drains: /healthz says so from now on. */
void admin_note_draining(struct admin *admin);
void admin_destroy(struct admin **admin);

#endif
