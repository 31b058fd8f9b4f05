#include "proxy/relay/lingering.h"

#include <errno.h>

#include "retryproof/limits.h"

enum { READ_BYTES = 4096 }; /* read and forgotten, a page at a time */

bool lingering_read(struct lingering *lingering, struct stream *stream)
{
    uint8_t rest[READ_BYTES];
    ssize_t size = stream_read(stream, rest, sizeof(rest));

    if (size == -EAGAIN)
        return true;
    if (size <= 0)
        return false;
    lingering->bytes += (size_t)size;
    return lingering->bytes <= LINGER_BYTES_MAX;
}
