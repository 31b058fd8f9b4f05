/*
 * A proxy that says "bad gateway" of an upstream that was merely too slow. Wraps apology_for().
 */
#include "proxy/wire/apology.h"

struct apology __real_apology_for(const struct failure *failure);
struct apology __wrap_apology_for(const struct failure *failure);

struct apology __wrap_apology_for(const struct failure *failure)
{
    struct apology apology = __real_apology_for(failure);

    if (apology.status == 504)
        apology = (struct apology){.status = 502, .word = "UPSTREAM_REQUEST_FAILED"};
    return apology;
}
