/*
 * A proxy that repeats any request where its policy allows idempotent ones (RFC 9110 9.2.2). Wraps method_is_idempotent():
 * every method is.
 */
#include "proxy/http/method.h"

bool __wrap_method_is_idempotent(struct bytes method);

bool __wrap_method_is_idempotent(struct bytes method)
{
    (void)method;
    return true;
}
