#include "harness/explore/explorer.h"

#include "harness/explore/expedition.h"
#include "harness/explore/explorer_jobs.h"

bool explorer_play(const struct base_list *bases, const struct explorer_options *options,
                   const struct explorer_listener *listener, struct explorer_result *out)
{
    static const struct expedition_share ALL = {.number = 0, .count = 1};
    struct ledger ledger;
    check(options->faults <= EXPLORER_FAULTS_MAX);
    check(options->jobs <= EXPLORER_JOBS_MAX);
    bool fine = ledger_init(&ledger, bases, listener, out);
    if (fine)
        fine = options->jobs > 1 ? explorer_jobs_play(&ledger, options)
                                 : expedition_play(&ledger, options, &ALL);
    ledger_close(&ledger);
    ledger_release(&ledger);
    return fine && !out->out_of_memory;
}
