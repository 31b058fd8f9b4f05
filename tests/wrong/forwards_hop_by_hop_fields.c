/*
 * A proxy that passes on what was meant for itself (RFC 9110 7.6.1). Wraps forwarding_request_field(): what should be
 * dropped goes on.
 */
#include "proxy/http/forwarding.h"

enum field_fate __real_forwarding_request_field(struct bytes name, struct bytes connection_options);
enum field_fate __wrap_forwarding_request_field(struct bytes name, struct bytes connection_options);

enum field_fate __wrap_forwarding_request_field(struct bytes name, struct bytes connection_options)
{
    enum field_fate fate = __real_forwarding_request_field(name, connection_options);

    return fate == FIELD_DROPPED ? FIELD_FORWARDED : fate;
}
