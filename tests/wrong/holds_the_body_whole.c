/*
 * A proxy that takes a request in as a whole before it passes it on. Wraps inlet_init(): windows are larger than most
 * bodies; and outlet_write(): nothing of a request goes up for as long as more of it can be taken in.
 */
#include "proxy/exchange/outlet.h"

enum {
    BODY_BYTES = 8 * 1024 * 1024
}; /* half of it is taken in at once: far past any window that is asked for */

bool __real_inlet_init(struct inlet *inlet, const struct inlet_settings *settings);
bool __wrap_inlet_init(struct inlet *inlet, const struct inlet_settings *settings);
enum outlet_state __real_outlet_write(struct outlet *outlet, struct inlet *inlet,
                                      struct stream *stream);
enum outlet_state __wrap_outlet_write(struct outlet *outlet, struct inlet *inlet,
                                      struct stream *stream);

bool __wrap_inlet_init(struct inlet *inlet, const struct inlet_settings *settings)
{
    struct inlet_settings larger = *settings;

    larger.window_bytes = BODY_BYTES;
    return __real_inlet_init(inlet, &larger);
}

enum outlet_state __wrap_outlet_write(struct outlet *outlet, struct inlet *inlet,
                                      struct stream *stream)
{
    if (inlet != NULL && inlet->reader.kind == READ_REQUEST && inlet_has_room(inlet))
        return outlet->state;
    return __real_outlet_write(outlet, inlet, stream);
}
