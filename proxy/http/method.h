/*
 * What may be said of a method by its name alone. RFC 9110 9.2 and the IANA method registry.
 */
#ifndef PROXY_HTTP_METHOD_H
#define PROXY_HTTP_METHOD_H

#include <stdbool.h>

#include "world/base/bytes.h"

/*
 * RFC 9110 9.2.2 and the registry's "Idempotent: yes" column. An unknown method is not idempotent. Names are
 * case-sensitive (RFC 9110 9.1).
 */
bool method_is_idempotent(struct bytes method);
bool method_is_safe(struct bytes method);

#endif
