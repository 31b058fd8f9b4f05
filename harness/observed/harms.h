/*
 * Which harms of reports/subjects/harm.h were done in a case, each with the sentence that shows it. What only may be one is
 * none: a harm that is told of a proxy that did not do it is worse than one that nobody tells.
 *
 * Pure. Ownership: sentences live in the region.
 */
#ifndef HARNESS_OBSERVED_HARMS_H
#define HARNESS_OBSERVED_HARMS_H

#include "harness/observed/own_case.h"
#include "reports/subjects/harm.h"

/*
 * The client had its end so long ago that an exchange which its proxy still holds open upstream is left open. Less than the
 * time for which a case is watched, so that it can be told; more than a proxy needs to notice.
 */
#define HARM_LEFT_OPEN_NS NS_PER_S
/* An upstream that reads has not got what was handed over so long ago: it is not under way any more. */
#define HARM_NOT_UNDER_WAY_NS NS_PER_S

struct harms {
    const struct own_case *own;
    struct region *region;
    unsigned long bits; /* of enum harm */
    const char *sentences[HARM_COUNT];
    bool full; /* the region is */
};

/* False when the region is full. */
MUST_USE bool harms_find(struct harms *harms, const struct own_case *own, struct region *region);
/* The first sentence of a kind stays. */
void harms_add(struct harms *harms, enum harm harm, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
