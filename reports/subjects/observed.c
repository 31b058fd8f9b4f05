#include "reports/subjects/observed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/shell_word.h"
#include "world/base/bytes.h"

/* A user's proxy that was running already has no profile of ours. */
static const char ATTACHED[] = "attached";

static const struct size_unit {
    const char *word;
    uint64_t bytes;
} UNITS[] = {{"GiB", 1024 * 1024 * 1024}, {"MiB", 1024 * 1024}, {"KiB", 1024}, {"B", 1}};

const char *observed_body_word(enum observed_body body)
{
    static const char *const WORDS[OBSERVED_BODY_COUNT] = {
        [OBSERVED_BODY_NONE] = "none",
        [OBSERVED_BODY_SAME] = "same",
        [OBSERVED_BODY_PART] = "part",
        [OBSERVED_BODY_CHANGED] = "changed",
    };
    check(body < OBSERVED_BODY_COUNT);
    return WORDS[body];
}

/* How much a verdict weighs: larger is worse. A case that shows nothing is worse than one that holds. */
static unsigned verdict_weight(enum verdict verdict)
{
    static const unsigned WEIGHTS[VERDICT_COUNT] = {
        [VERDICT_PASS] = 0,         [VERDICT_SKIPPED] = 1, [VERDICT_UNSUPPORTED] = 2,
        [VERDICT_SETUP_FAILED] = 3, [VERDICT_ERROR] = 4,   [VERDICT_FAIL] = 5,
    };
    check(verdict < VERDICT_COUNT);
    return WEIGHTS[verdict];
}

/* The list of harms begins with the worst, so that of two masks the one with the lower lowest bit is worse. */
static bool harms_are_worse(unsigned long a, unsigned long b)
{
    for (enum harm harm = 0; harm < HARM_COUNT; harm++) {
        if (((a ^ b) & HARM_BIT(harm)) != 0)
            return (a & HARM_BIT(harm)) != 0;
    }
    return false;
}

static bool is_worse(const struct observation *a, const struct observation *b)
{
    if (a->verdict != b->verdict)
        return verdict_weight(a->verdict) > verdict_weight(b->verdict);
    if (a->level != b->level)
        return a->level < b->level;
    return harms_are_worse(a->harms, b->harms);
}

const struct observation *observed_worst(const struct observed_case *one)
{
    check(one->way_count >= 1);
    const struct observation *worst = &one->ways[0];
    for (size_t i = 1; i < one->way_count; i++) {
        if (is_worse(&one->ways[i], worst))
            worst = &one->ways[i];
    }
    return worst;
}

unsigned long observed_harms(const struct observed_case *one)
{
    unsigned long harms = 0;
    for (size_t i = 0; i < one->way_count; i++)
        harms |= one->ways[i].harms;
    return harms;
}

size_t observed_count_harm(const struct observed_run *run, enum harm harm,
                           const struct observed_case **first)
{
    size_t count = 0;
    if (first != NULL)
        *first = NULL;
    for (size_t i = 0; i < run->case_count; i++) {
        if ((observed_harms(&run->cases[i]) & HARM_BIT(harm)) == 0)
            continue;
        if (count++ == 0 && first != NULL)
            *first = &run->cases[i];
    }
    return count;
}

const struct observed_buffering *observed_find_buffering(const struct observed_run *run,
                                                         const struct observed_buffering *like)
{
    for (size_t i = 0; i < run->buffering_count; i++) {
        const struct observed_buffering *row = &run->buffering[i];
        if (row->exchanges == like->exchanges && strcmp(row->way, like->way) == 0)
            return row;
    }
    return NULL;
}

unsigned observed_gravity(unsigned long harms)
{
    unsigned gravity = 0;
    for (enum harm harm = 0; harm < HARM_COUNT; harm++) {
        if ((harms & HARM_BIT(harm)) != 0 && harm_gravity(harm) > gravity)
            gravity = harm_gravity(harm);
    }
    return gravity;
}

unsigned observation_attempts(const struct observation *way)
{
    unsigned attempts = 0;
    for (size_t i = 0; i < way->upstream_count; i++)
        attempts += way->upstreams[i].attempts;
    return attempts;
}

unsigned observation_delivered(const struct observation *way)
{
    unsigned delivered = 0;
    for (size_t i = 0; i < way->upstream_count; i++)
        delivered += way->upstreams[i].delivered;
    return delivered;
}

bool observation_has_outcome(const struct observation *way)
{
    return way->verdict == VERDICT_PASS || way->verdict == VERDICT_FAIL;
}

const char *observed_reproduction(const struct observed_run *run, const struct observed_case *one,
                                  struct region *region)
{
    const char *filter = shell_word_case(one->id, region);
    if (filter == NULL)
        return NULL;
    if (strcmp(run->profile, ATTACHED) == 0)
        return region_format(region, "%s --filter %s", run->reproduce, filter);
    const char *subject = shell_word(run->subject, region);
    const char *profile = shell_word(run->profile, region);
    const char *expect = shell_word(run->expect, region);
    const char *file = shell_word(one->file, region);
    if (subject == NULL || profile == NULL || expect == NULL || file == NULL)
        return NULL;
    return region_format(region,
                         "retryproof run --subject %s --profile %s --expect %s %s --filter %s",
                         subject, profile, expect, file, filter);
}

uint64_t observed_round(uint64_t bytes)
{
    if (bytes < OBSERVED_BYTES_ROUNDED_MIN / 2)
        return 0;
    uint64_t power = OBSERVED_BYTES_ROUNDED_MIN;
    /* The step to the next power is halfway between the two. */
    while (power <= UINT64_MAX / 4 && bytes >= power + power / 2)
        power *= 2;
    return power;
}

const char *observed_size(uint64_t bytes, char text[OBSERVED_SIZE_TEXT_BYTES])
{
    size_t unit = 0;
    while (bytes % UNITS[unit].bytes != 0)
        unit++;
    if (bytes == 0)
        snprintf(text, OBSERVED_SIZE_TEXT_BYTES, "0");
    else
        snprintf(text, OBSERVED_SIZE_TEXT_BYTES, "%" PRIu64 " %s", bytes / UNITS[unit].bytes,
                 UNITS[unit].word);
    return text;
}

bool observed_size_read(const char *text, uint64_t *bytes)
{
    *bytes = 0;
    if (strcmp(text, "0") == 0)
        return true;
    const char *space = strchr(text, ' ');
    for (size_t i = 0; space != NULL && i < COUNT_OF(UNITS); i++) {
        if (strcmp(space + 1, UNITS[i].word) != 0)
            continue;
        const struct bytes digits = bytes_make(text, (size_t)(space - text));
        if (!bytes_to_u64(digits, UINT64_MAX / UNITS[i].bytes, bytes))
            return false;
        *bytes *= UNITS[i].bytes;
        return true;
    }
    return false;
}
