/*
 * A proxy that takes the end of a TLS connection for the end of a message, though TLS did not say goodbye. Wraps
 * inlet_fill(), which reads.
 */
#include <errno.h>

#include "proxy/relay/inlet.h"

ssize_t __real_inlet_fill(struct inlet *inlet, struct stream *stream);
ssize_t __wrap_inlet_fill(struct inlet *inlet, struct stream *stream);

ssize_t __wrap_inlet_fill(struct inlet *inlet, struct stream *stream)
{
    ssize_t size = __real_inlet_fill(inlet, stream);

    if (size != -ECONNABORTED)
        return size;
    inlet->input_ended = true;
    return 0;
}
