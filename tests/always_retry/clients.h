/*
 * The lines of one client of a schedule: requests, tunnels, pauses, and where it has enough.
 */
#ifndef TESTS_ALWAYS_RETRY_CLIENTS_H
#define TESTS_ALWAYS_RETRY_CLIENTS_H

#include "tests/always_retry/writing.h"

/* client: 1 or more. It waits for nobody but the proxy. */
void put_client(struct writing *to, size_t client);

#endif
