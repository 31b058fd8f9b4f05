#include "harness/space/orders.h"

#include <stdlib.h>
#include <string.h>

#include "harness/trial/hash_set.h"

static int by_value(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;

    return (*left > *right) - (*left < *right);
}

/* The members in rising order, which are the caller's from here on; the set is empty. */
static uint64_t *take_sorted(struct hash_set *set, size_t *count)
{
    uint64_t *list = set->slots;
    size_t found = 0;

    for (size_t i = 0; i < set->capacity; i++)
        if (list[i] != 0)
            list[found++] = list[i];
    if (found > 0)
        qsort(list, found, sizeof(*list), by_value);
    *count = found;
    *set = (struct hash_set){0};
    return list;
}

/* ---- one run ----------------------------------------------------------------------------------- */

struct search {
    const struct orders_subject *subject;
    const struct orders_options *options;
    struct orders_result *result;
    struct hash_set states;
    struct hash_set outcomes;
    /* The run under way: its first choices are those that were planned, all others are the default. */
    size_t planned;
    size_t made;
    size_t open;   /* choices that may be raised in runs to come: all that were noted */
    bool is_known; /* it has come to a state that was met before */
    bool is_cut;   /* a limit was met: not all that may come of it will be played */
    uint32_t choices[ORDERS_CHOICES_MAX];
    uint32_t counts[ORDERS_CHOICES_MAX]; /* of what was ready then */
};

/*
 * A state is looked up where a run comes to it by a choice that was not made before, and never where it is only passed again on
 * the way to such a choice: its own first visit would make it known, and all but its default choices would be lost.
 */
static bool is_known_state(struct search *search)
{
    return !search->options->naive &&
           !hash_set_add(&search->states, search->subject->state(search->subject->owner));
}

static size_t choose(void *owner, size_t count)
{
    struct search *search = owner;
    size_t at = search->made++;

    if (at < search->planned) {
        check(count == search->counts[at]);
        return search->choices[at];
    }
    if (search->is_known || search->is_cut)
        return 0;
    search->is_cut = at == ORDERS_CHOICES_MAX || search->states.count == ORDERS_STATES_MAX;
    if (search->is_cut)
        return 0;
    search->is_known = is_known_state(search);
    if (search->is_known)
        return 0;
    search->choices[at] = 0;
    search->counts[at] = (uint32_t)count;
    search->open = at + 1;
    return 0;
}

static void play_once(struct search *search, struct orders_outcome *outcome)
{
    struct orders_result *result = search->result;

    search->made = 0;
    search->open = search->planned;
    search->is_known = false;
    search->is_cut = false;
    *outcome = (struct orders_outcome){0};
    search->subject->play(search->subject->owner, choose, search, outcome);
    /* What breaks off before the choices that led a run further is decided by something else, too: no order repeats it. */
    if (search->made < search->planned) {
        search->planned = search->open = search->made;
        search->is_cut = true;
    }
    result->runs++;
    result->pruned += search->is_known;
    result->failed += outcome->failed;
    if (search->made > result->choices)
        result->choices = search->made;
    if (search->is_cut)
        result->complete = false;
}

/* ---- what came of it --------------------------------------------------------------------------- */

static size_t raised(const uint32_t *choices, size_t count)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += choices[i] != 0;
    return sum;
}

static bool is_smaller(const struct search *search, size_t count)
{
    const struct orders_result *result = search->result;
    size_t mine = raised(search->choices, count);
    size_t best = raised(result->order, result->order_count);

    if (result->order == NULL)
        return true;
    return mine != best ? mine < best : count < result->order_count;
}

/* The run that was just played failed. */
static void keep_failure(struct search *search)
{
    struct orders_result *result = search->result;
    size_t count = search->planned;
    uint32_t *order;

    while (count > 0 && search->choices[count - 1] == 0)
        count--;
    if (!is_smaller(search, count))
        return;
    order = realloc(result->order, (count + 1) * sizeof(*order));
    if (order == NULL) {
        result->out_of_memory = true;
        return;
    }
    memcpy(order, search->choices, count * sizeof(*order));
    result->order = order;
    result->order_count = count;
}

static void keep_outcome(struct search *search, const struct orders_outcome *outcome)
{
    if (search->outcomes.count < ORDERS_OUTCOMES_MAX)
        hash_set_add(&search->outcomes, outcome->hash);
    else if (!hash_set_has(&search->outcomes, outcome->hash))
        search->result->complete = false;
    if (outcome->failed)
        keep_failure(search);
}

/* ---- all runs ---------------------------------------------------------------------------------- */

/* The rightmost choice that can be raised is; false when none can. */
static bool plan_next(struct search *search)
{
    while (search->open > 0 &&
           search->choices[search->open - 1] + 1 == search->counts[search->open - 1])
        search->open--;
    search->planned = search->open;
    if (search->open == 0)
        return false;
    search->choices[search->open - 1]++;
    return true;
}

static bool is_enough(const struct search *search, bool failed)
{
    const struct orders_options *options = search->options;

    if (search->result->out_of_memory || (options->until_failed && failed))
        return true;
    if (options->runs_max != 0 && search->result->runs >= options->runs_max)
        return true;
    return search->subject->is_interrupted != NULL &&
           search->subject->is_interrupted(search->subject->owner);
}

void orders_explore(const struct orders_subject *subject, const struct orders_options *options,
                    struct orders_result *out)
{
    struct search *search = calloc(1, sizeof(*search));
    struct orders_outcome outcome;
    bool enough = false;

    *out = (struct orders_result){.complete = true};
    if (search == NULL) {
        *out = (struct orders_result){.out_of_memory = true};
        return;
    }
    search->subject = subject;
    search->options = options;
    search->result = out;
    do {
        if (enough) {
            out->complete = false;
            break;
        }
        play_once(search, &outcome);
        keep_outcome(search, &outcome);
        enough = is_enough(search, outcome.failed);
    } while (plan_next(search));
    out->states = search->states.count;
    out->outcomes = take_sorted(&search->outcomes, &out->outcome_count);
    hash_set_release(&search->states);
    free(search);
}

void orders_release(struct orders_result *result)
{
    free(result->outcomes);
    free(result->order);
    *result = (struct orders_result){0};
}
