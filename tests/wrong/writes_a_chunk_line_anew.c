/*
 * A relay that begins the line of a chunk's size anew when only a part of it left. Wraps outlet_write(), which remembers what
 * is left of it.
 */
#include "proxy/relay/outlet.h"

enum outlet_state __real_outlet_write(struct outlet *outlet, const struct outlet_supply *supply,
                                      struct stream *stream);
enum outlet_state __wrap_outlet_write(struct outlet *outlet, const struct outlet_supply *supply,
                                      struct stream *stream);

enum outlet_state __wrap_outlet_write(struct outlet *outlet, const struct outlet_supply *supply,
                                      struct stream *stream)
{
    enum outlet_state state = __real_outlet_write(outlet, supply, stream);
    size_t left = outlet->prefix.size;

    if (left > 0)
        outlet->prefix = bytes_make(outlet->prefix_store,
                                    left + (size_t)(outlet->prefix.data - outlet->prefix_store));
    return state;
}
