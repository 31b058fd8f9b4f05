/*
 * What scripted hooks remember of one exchange: the memory that the proxy keeps for them.
 *
 * Ownership: the context is the proxy's memory, valid from an exchange's first hook until its logging, where
 * hook_context_end() takes timers and queries back. Errors: rules that the proxy breaks are noted in the scripted hooks.
 */
#ifndef HARNESS_HOOKS_HOOK_CONTEXT_H
#define HARNESS_HOOKS_HOOK_CONTEXT_H

#include "harness/hooks/scripted_hooks.h"
#include "world/world.h"

/* Where a hook stands that was told to wait. */
enum hook_patience { HOOK_NOT_ASKED, HOOK_WAITING, HOOK_DUE };

struct hook_slot {
    object_tag tag;
    enum hook_patience patience;
    struct exchange *exchange;
    struct timer timer;
    struct query query;
    struct signal_waiter waiter;
};

/* A body on its way through one filter. */
struct hook_flow {
    bool begun; /* its first piece was let on */
    bool ended; /* it was told of the end and took everything */
    uint64_t in;
    uint64_t out;
};

struct hook_context {
    uint64_t front;             /* a mark made of the exchange's id */
    struct hook_context *place; /* itself; NULL: no hook was called yet */
    uint64_t exchange;          /* exchange_record.id */
    unsigned attempt;           /* calls of upstream_peer so far */
    bool logged;
    uint32_t body_run; /* body filters called since the last other hook, a bit each */
    struct hook_flow flows[HOOK_NAME_COUNT];
    struct hook_slot slots[HOOK_NAME_COUNT];
    uint64_t back; /* a mark, too */
};

_Static_assert(sizeof(struct hook_context) <= CONTEXT_BYTES_MAX, "hooks may have so much memory");
_Static_assert(HOOK_NAME_COUNT <= 32, "a bit for each hook");

/* Begins every call: the context, looked over, and the call noted unless it only goes on after a wait. */
struct hook_context *hook_context_enter(struct exchange *exchange, enum hook_name hook);

/* False: the hook must wait, and the exchange will be resumed when it may go on. */
bool hook_context_wait(struct hook_context *context, struct exchange *exchange, enum hook_name hook,
                       const struct hook_action *action);

/* Nothing more comes of this exchange. */
void hook_context_end(struct hook_context *context, struct exchange *exchange);

/* Notes a rule that the proxy broke. */
void hook_fault(struct exchange *exchange, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
