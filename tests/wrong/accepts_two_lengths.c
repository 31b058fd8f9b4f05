/*
 * A proxy that takes a request with Content-Length and Transfer-Encoding for a chunked one (RFC 9112 6.3 and 11.2). Wraps
 * framing_decide(): where both stand, there is no Content-Length.
 */
#include "proxy/http/framing.h"

struct framing_decision __real_framing_decide(const struct framing_facts *facts);
struct framing_decision __wrap_framing_decide(const struct framing_facts *facts);

struct framing_decision __wrap_framing_decide(const struct framing_facts *facts)
{
    struct framing_facts seen = *facts;

    if (seen.transfer_encoding_fields > 0)
        seen.content_length_fields = 0;
    return __real_framing_decide(&seen);
}
