/*
 * The life of an exchange as a table: which event leads from which state to which, and what is done on the way.
 *
 * Pure data. A pair without an action cannot come about; whoever meets one has found a bug.
 */
#ifndef PROXY_EXCHANGE_LIFE_H
#define PROXY_EXCHANGE_LIFE_H

#include "proxy/exchange/exchange.h"

typedef enum exchange_event exchange_action(struct exchange *exchange);

struct transition {
    enum exchange_state next;
    exchange_action *action; /* NULL: the pair cannot come about */
};

/* Never NULL; lives as long as the program. */
const struct transition *life_transition(enum exchange_state state, enum exchange_event event);

#endif
