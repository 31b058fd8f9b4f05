/*
 * The secrets of a case's TLS connections, as lines of the key log by which whoever reads a capture decrypts it.
 *
 * Ownership: embedded; memory is kept over a reset. Limits: KEY_LOG_BYTES_MAX; lines past it, and those that memory has no room
 * for, are left out.
 */
#ifndef FAKEUPSTREAM_SECURE_KEY_LOG_H
#define FAKEUPSTREAM_SECURE_KEY_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "world/base/region.h"

enum {
    KEY_LOG_BYTES_MAX = 64 * 1024, /* some 60 handshakes; a case makes one to five */
    KEY_LOG_RANDOM_BYTES = 32,     /* of a ClientHello: RFC 8446 4.1.2 */
};

struct key_log {
    char *text; /* each line with its end */
    size_t size, capacity;
};

void key_log_init(struct key_log *log);
void key_log_release(struct key_log *log);
void key_log_reset(struct key_log *log);

/* A line without its end; owner is the log. As tls_secrets.tell. */
void key_log_add(void *owner, const char *line);

/* The lines of the connection whose ClientHello had this random; NULL if there are none, or the region is full. */
const char *key_log_find(const struct key_log *log, const uint8_t random[KEY_LOG_RANDOM_BYTES],
                         struct region *region);

#endif
