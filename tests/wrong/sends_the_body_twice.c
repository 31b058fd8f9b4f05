/*
 * A proxy that sends a body a second time behind the first. Wraps inlet_decode(): when a request has come whole, what the
 * window holds of its body is there twice, if there is room for it. In chunks it goes on; past a declared length nothing does.
 */
#include <string.h>

#include "proxy/relay/inlet.h"

bool __real_inlet_decode(struct inlet *inlet);
bool __wrap_inlet_decode(struct inlet *inlet);

bool __wrap_inlet_decode(struct inlet *inlet)
{
    bool ended_before = inlet->message_ended;
    bool accepted = __real_inlet_decode(inlet);
    size_t size = inlet->body_end - inlet->body_begin;
    bool fits = inlet_raw(inlet) == 0 && inlet->window_bytes - inlet->body_end >= size;

    if (inlet->reader.kind != READ_REQUEST || ended_before || !inlet->message_ended || !fits)
        return accepted;
    memcpy(inlet->data + inlet->body_end, inlet->data + inlet->body_begin, size);
    inlet->body_end += size;
    inlet->raw_begin = inlet->raw_end = inlet->body_end;
    return accepted;
}
