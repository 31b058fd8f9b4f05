/*
 * A proxy that ends every chunked body with an empty trailer section. Wraps forwarding_trailer_allowed(): no field may stand
 * there.
 */
#include "proxy/http/forwarding.h"

bool __wrap_forwarding_trailer_allowed(struct bytes name);

bool __wrap_forwarding_trailer_allowed(struct bytes name)
{
    (void)name;
    return false;
}
