/*
 * A proxy that takes the end of a connection for the end of a response, wherever that was. Wraps inlet_decode(): a response
 * that stopped before its end is complete.
 */
#include "proxy/relay/inlet.h"

bool __real_inlet_decode(struct inlet *inlet);
bool __wrap_inlet_decode(struct inlet *inlet);

bool __wrap_inlet_decode(struct inlet *inlet)
{
    bool accepted = __real_inlet_decode(inlet);

    if (accepted || inlet->reader.kind != READ_RESPONSE || !inlet->incomplete)
        return accepted;
    inlet->refused = false;
    inlet->incomplete = false;
    inlet->message_ended = true;
    return true;
}
