/*
 * A proxy that takes a request in as a whole before it passes its body on. Wraps inlet_init(): windows are larger than
 * most bodies; and inlet_body(): nothing of a request's body waits for as long as more of it can be taken in.
 */
#include "proxy/relay/inlet.h"

enum {
    BODY_BYTES = 8 * 1024 * 1024
}; /* half of it is taken in at once: far past any window that is asked for */

bool __real_inlet_init(struct inlet *inlet, const struct inlet_settings *settings);
bool __wrap_inlet_init(struct inlet *inlet, const struct inlet_settings *settings);
struct bytes __real_inlet_body(const struct inlet *inlet);
struct bytes __wrap_inlet_body(const struct inlet *inlet);

bool __wrap_inlet_init(struct inlet *inlet, const struct inlet_settings *settings)
{
    struct inlet_settings larger = *settings;

    larger.window_bytes = BODY_BYTES;
    return __real_inlet_init(inlet, &larger);
}

struct bytes __wrap_inlet_body(const struct inlet *inlet)
{
    if (inlet->reader.kind == READ_REQUEST && inlet_has_room(inlet))
        return bytes_make(NULL, 0);
    return __real_inlet_body(inlet);
}
