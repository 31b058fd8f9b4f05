/*
 * A proxy that tries another upstream although it was told to stay. Wraps selection_decide(): there is no staying.
 */
#include "proxy/policy/selection.h"

int __real_selection_decide(const struct selection_facts *facts);
int __wrap_selection_decide(const struct selection_facts *facts);

int __wrap_selection_decide(const struct selection_facts *facts)
{
    struct selection_facts seen = *facts;

    seen.stay = false;
    return __real_selection_decide(&seen);
}
