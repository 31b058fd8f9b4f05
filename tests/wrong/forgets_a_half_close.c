/*
 * A proxy that does not tell the upstream of a tunnel when its client has nothing more to send. Wraps outlet_write(): what goes
 * up without a head and without framing has no end.
 */
#include "proxy/relay/outlet.h"

enum outlet_state __real_outlet_write(struct outlet *outlet, const struct outlet_supply *supply,
                                      struct stream *to);
enum outlet_state __wrap_outlet_write(struct outlet *outlet, const struct outlet_supply *supply,
                                      struct stream *to);

enum outlet_state __wrap_outlet_write(struct outlet *outlet, const struct outlet_supply *supply,
                                      struct stream *to)
{
    struct outlet_supply endless;

    if (supply == NULL || outlet->framing != FRAMING_CLOSE || outlet->head.size > 0 ||
        outlet->head_accepted > 0)
        return __real_outlet_write(outlet, supply, to);
    endless = *supply;
    endless.complete = false;
    return __real_outlet_write(outlet, &endless, to);
}
