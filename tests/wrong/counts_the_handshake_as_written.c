/*
 * A proxy that takes the bytes of TLS's handshake for bytes of the request, so that nothing over TLS counts as unsent. Wraps
 * adopt_link(), which takes the baseline.
 */
#include "proxy/exchange/actions.h"

void __real_adopt_link(struct exchange *exchange);
void __wrap_adopt_link(struct exchange *exchange);

void __wrap_adopt_link(struct exchange *exchange)
{
    __real_adopt_link(exchange);
    exchange->link->tx_before = 0;
}
