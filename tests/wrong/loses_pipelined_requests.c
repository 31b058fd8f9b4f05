/*
 * A proxy that throws away what its client sent behind a request. Wraps inlet_next_message().
 */
#include "proxy/relay/inlet.h"

void __real_inlet_next_message(struct inlet *inlet);
void __wrap_inlet_next_message(struct inlet *inlet);

void __wrap_inlet_next_message(struct inlet *inlet)
{
    if (inlet->reader.kind == READ_REQUEST)
        inlet->raw_begin = inlet->raw_end;
    __real_inlet_next_message(inlet);
}
