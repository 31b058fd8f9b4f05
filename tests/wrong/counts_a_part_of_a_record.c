/*
 * A filter of TLS that says of a record that left in part that only so much of its plaintext is accepted, though all of it is
 * on its way. Wraps tls_wire_write(), which counts.
 */
#include "world/tls/state.h"

enum { SAID_AT_MOST = 3 };

ssize_t __real_tls_wire_write(struct tls_wire *wire, const struct iovec *pieces, int count);
ssize_t __wrap_tls_wire_write(struct tls_wire *wire, const struct iovec *pieces, int count);

ssize_t __wrap_tls_wire_write(struct tls_wire *wire, const struct iovec *pieces, int count)
{
    ssize_t accepted = __real_tls_wire_write(wire, pieces, count);

    if (accepted > SAID_AT_MOST && tls_wire_pending(wire) > 0)
        return SAID_AT_MOST;
    return accepted;
}
