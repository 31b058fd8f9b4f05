/*
 * A proxy that passes on bodies of any size, whatever body_limit says. Wraps inlet_read_head(): there is no limit.
 */
#include "proxy/relay/inlet.h"

enum reader_step __real_inlet_read_head(struct inlet *inlet);
enum reader_step __wrap_inlet_read_head(struct inlet *inlet);

enum reader_step __wrap_inlet_read_head(struct inlet *inlet)
{
    inlet->reader.limits.body_bytes_max = UINT64_MAX;
    return __real_inlet_read_head(inlet);
}
