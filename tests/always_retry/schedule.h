/*
 * A random schedule of faults, as the text of a scenario: settings, clients and upstreams that do whatever a seed says:
 * reverse and forward, with routes, users and names, tunnels and upgraded connections, and TLS on either side.
 *
 * It expects nothing but what holds always. Every schedule ends: the proxy has timeouts, and clients wait for nobody else.
 * The same seed makes the same text on every machine.
 */
#ifndef TESTS_ALWAYS_RETRY_SCHEDULE_H
#define TESTS_ALWAYS_RETRY_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

enum {
    SCHEDULE_BYTES_MAX = 16 * 1024, /* the longest there can be has about six */
    SCHEDULE_OF_POLICY_ALONE = 5,   /* every fifth seed makes one without hooks that retry */
    SCHEDULE_WITH_TLS = 12, /* every twelfth one with TLS: a handshake costs what a schedule does */
};

struct schedule {
    char text[SCHEDULE_BYTES_MAX]; /* YAML, NUL-terminated */
    size_t size;
};

void schedule_make(struct schedule *schedule, uint64_t seed);

#endif
