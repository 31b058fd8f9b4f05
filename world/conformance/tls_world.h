/*
 * A world whose every stream speaks TLS, over the streams of a world below: so the rows, which know nothing of TLS, try
 * it as they try any world.
 *
 * Ownership: it does not own the inner world. Certificates are its own.
 */
#ifndef WORLD_CONFORMANCE_TLS_WORLD_H
#define WORLD_CONFORMANCE_TLS_WORLD_H

#include "world/tls/tls.h"
#include "world/world.h"

/* NULL when memory runs out. */
struct world *tls_world_create(struct world *inner, enum tls_version version);
void tls_world_destroy(struct world **world);

/* Streams of TLS that are left. */
size_t tls_world_count(struct world *world);

#endif
