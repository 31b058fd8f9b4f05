/*
 * A proxy that tries the upstream again that has just failed, although another one is there. Wraps selection_decide(): it
 * stays where the last attempt was.
 */
#include "proxy/policy/selection.h"

int __real_selection_decide(const struct selection_facts *facts);
int __wrap_selection_decide(const struct selection_facts *facts);

int __wrap_selection_decide(const struct selection_facts *facts)
{
    struct selection_facts seen = *facts;

    seen.stay = seen.last < seen.count && seen.candidates[seen.last].tries > 0;
    return __real_selection_decide(&seen);
}
