#include "harness/found/shrink.h"

#include <string.h>

/* A schedule on its way to the smallest one. */
struct shrinking {
    struct schedule *best;     /* it fails */
    struct schedule candidate; /* what is tried next */
    schedule_fails *fails;
    void *owner;
    unsigned runs;
};

static bool drop_faults(struct shrinking *shrinking);
static bool simplify_order(struct shrinking *shrinking);
static bool restore_network(struct shrinking *shrinking, const struct scenario_network *base);
static bool lower_faults(struct shrinking *shrinking);
static void trim_order(struct schedule *schedule);

unsigned shrink_schedule(struct schedule *schedule, const struct scenario_network *base,
                         schedule_fails *fails, void *owner)
{
    struct shrinking shrinking = {.best = schedule, .fails = fails, .owner = owner};
    bool smaller = true;

    check(schedule->fault_count <= WIRE_FAULTS_MAX);
    check(schedule->order_count <= SCHEDULE_ORDER_MAX);
    trim_order(schedule);
    while (smaller && shrinking.runs < SHRINK_RUNS_MAX) {
        smaller = drop_faults(&shrinking);
        smaller = simplify_order(&shrinking) || smaller;
        smaller = restore_network(&shrinking, base) || smaller;
        smaller = lower_faults(&shrinking) || smaller;
    }
    return shrinking.runs;
}

/* What follows the last choice is the default order, which is 0. */
static void trim_order(struct schedule *schedule)
{
    while (schedule->order_count > 0 && schedule->order[schedule->order_count - 1] == 0)
        schedule->order_count--;
}

static void begin_candidate(struct shrinking *shrinking)
{
    shrinking->candidate = *shrinking->best;
}

/* The candidate fails as well, and so is the best. */
static bool keep_candidate(struct shrinking *shrinking)
{
    trim_order(&shrinking->candidate);
    if (shrinking->runs == SHRINK_RUNS_MAX)
        return false;
    shrinking->runs++;
    if (!shrinking->fails(shrinking->owner, &shrinking->candidate))
        return false;
    *shrinking->best = shrinking->candidate;
    return true;
}

static bool drop_faults(struct shrinking *shrinking)
{
    bool smaller = false;

    for (size_t i = shrinking->best->fault_count; i-- > 0;) {
        begin_candidate(shrinking);
        struct schedule *candidate = &shrinking->candidate;
        candidate->fault_count--;
        memmove(&candidate->faults[i], &candidate->faults[i + 1],
                (candidate->fault_count - i) * sizeof(candidate->faults[0]));
        smaller = keep_candidate(shrinking) || smaller;
    }
    return smaller;
}

/* ---- order ---------------------------------------------------------------------------------- */

/* Cuts the tail: all of it, else half, a quarter, and so on down to one choice. */
static bool cut_tail(struct shrinking *shrinking)
{
    bool smaller = false;

    for (size_t cut = shrinking->best->order_count; cut > 0; cut /= 2) {
        if (cut > shrinking->best->order_count)
            continue;
        begin_candidate(shrinking);
        shrinking->candidate.order_count -= cut;
        smaller = keep_candidate(shrinking) || smaller;
    }
    return smaller;
}

static bool lower_choice(struct shrinking *shrinking, size_t at)
{
    for (uint32_t choice = 0; choice < shrinking->best->order[at]; choice++) {
        begin_candidate(shrinking);
        shrinking->candidate.order[at] = choice;
        if (keep_candidate(shrinking))
            return true;
    }
    return false;
}

static bool simplify_order(struct shrinking *shrinking)
{
    bool smaller = cut_tail(shrinking);

    for (size_t i = 0; i < shrinking->best->order_count; i++)
        smaller = lower_choice(shrinking, i) || smaller;
    return smaller;
}

/* ---- network -------------------------------------------------------------------------------- */

static bool restore(struct shrinking *shrinking, uint64_t *field, uint64_t value)
{
    if (*field == value)
        return false;
    *field = value;
    return keep_candidate(shrinking);
}

static bool restore_network(struct shrinking *shrinking, const struct scenario_network *base)
{
    struct scenario_network *network = &shrinking->candidate.network;
    bool smaller = false;

    begin_candidate(shrinking);
    smaller = restore(shrinking, &network->latency_ns, base->latency_ns);
    begin_candidate(shrinking);
    smaller = restore(shrinking, &network->segment_bytes, base->segment_bytes) || smaller;
    begin_candidate(shrinking);
    smaller = restore(shrinking, &network->sndbuf_bytes, base->sndbuf_bytes) || smaller;
    begin_candidate(shrinking);
    return restore(shrinking, &network->rcvbuf_bytes, base->rcvbuf_bytes) || smaller;
}

/* ---- one fault ------------------------------------------------------------------------------ */

/* What a fault is made of, as numbers, the weightiest first: by these faults are compared. */
enum part {
    PART_KIND,
    PART_LASTING,
    PART_PARTY,
    PART_INDEX,
    PART_CONNECTION,
    PART_DIRECTION,
    PART_OFFSET,
    PART_COUNT
};

static uint64_t part_of(const struct wire_fault *fault, enum part part)
{
    switch (part) {
    case PART_KIND:
        return fault->kind;
    case PART_LASTING:
        return fault->lasting;
    case PART_PARTY:
        return fault->party;
    case PART_INDEX:
        return fault->index;
    case PART_CONNECTION:
        return fault->connection;
    case PART_DIRECTION:
        return fault->direction;
    case PART_OFFSET:
    case PART_COUNT:
        break;
    }
    return fault->offset;
}

static void set_part(struct wire_fault *fault, enum part part, uint64_t value)
{
    switch (part) {
    case PART_KIND:
        fault->kind = (enum wire_fault_kind)value;
        break;
    case PART_LASTING:
        fault->lasting = value != 0;
        break;
    case PART_PARTY:
        fault->party = (enum wire_party)value;
        break;
    case PART_INDEX:
        fault->index = (uint32_t)value;
        break;
    case PART_CONNECTION:
        fault->connection = (uint32_t)value;
        break;
    case PART_DIRECTION:
        fault->direction = (enum wire_direction)value;
        break;
    case PART_OFFSET:
    case PART_COUNT:
        fault->offset = value;
        break;
    }
}

/* A fault that can be made, and a kind that belongs to no other number of bytes than its own. */
static bool is_sound(const struct wire_fault *fault)
{
    return wire_fault_fits(fault->kind, fault->party, fault->direction) &&
           (fault->direction != WIRE_DIAL || fault->offset == 0);
}

static bool try_part(struct shrinking *shrinking, size_t at, enum part part, uint64_t value)
{
    begin_candidate(shrinking);
    struct wire_fault *fault = &shrinking->candidate.faults[at];
    set_part(fault, part, value);
    return is_sound(fault) && keep_candidate(shrinking);
}

/* A part of few values: the lowest that still fails. */
static bool lower_word(struct shrinking *shrinking, size_t at, enum part part)
{
    const uint64_t now = part_of(&shrinking->best->faults[at], part);

    for (uint64_t value = 0; value < now; value++)
        if (try_part(shrinking, at, part, value))
            return true;
    return false;
}

/* A part of many values: as far down as it goes, else half as far, and so on. */
static bool lower_number(struct shrinking *shrinking, size_t at, enum part part)
{
    const uint64_t least = part == PART_CONNECTION ? 1 : 0;
    uint64_t now = part_of(&shrinking->best->faults[at], part);
    bool smaller = false;

    for (uint64_t step = now - least; step > 0; step /= 2) {
        if (step > now - least || !try_part(shrinking, at, part, now - step))
            continue;
        now -= step;
        smaller = true;
    }
    return smaller;
}

static bool lower_faults(struct shrinking *shrinking)
{
    bool smaller = false;

    for (size_t i = 0; i < shrinking->best->fault_count; i++) {
        for (enum part part = 0; part < PART_COUNT; part++) {
            bool many = part == PART_INDEX || part == PART_CONNECTION || part == PART_OFFSET;
            smaller = (many ? lower_number : lower_word)(shrinking, i, part) || smaller;
        }
    }
    return smaller;
}

/* ---- comparing ------------------------------------------------------------------------------ */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_faults(const struct wire_fault *a, const struct wire_fault *b)
{
    int order = 0;

    for (enum part part = 0; part < PART_COUNT && order == 0; part++)
        order = compare_numbers(part_of(a, part), part_of(b, part));
    return order;
}

static size_t choices_made(const struct schedule *schedule)
{
    size_t count = 0;

    for (size_t i = 0; i < schedule->order_count; i++)
        count += schedule->order[i] != 0;
    return count;
}

/* The choice at that place: the default one behind the last that was written down. */
static uint32_t choice_at(const struct schedule *schedule, size_t at)
{
    return at < schedule->order_count ? schedule->order[at] : 0;
}

int schedule_compare(const struct schedule *a, const struct schedule *b)
{
    const size_t longer = a->order_count > b->order_count ? a->order_count : b->order_count;
    int order = compare_numbers(a->fault_count, b->fault_count);

    if (order == 0)
        order = compare_numbers(choices_made(a), choices_made(b));
    for (size_t i = 0; i < a->fault_count && order == 0; i++)
        order = compare_faults(&a->faults[i], &b->faults[i]);
    for (size_t i = longer; i-- > 0 && order == 0;)
        order = compare_numbers(choice_at(a, i), choice_at(b, i));
    return order;
}
