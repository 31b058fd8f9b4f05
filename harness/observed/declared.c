#include "harness/observed/declared.h"

#include <string.h>

#include "harness/observed/message_rules.h"
#include "harness/observed/rules.h"

static const char *const WORDS[DECLARED_COUNT] = {
    [DECLARED_OBSERVE] = "observe",
    [DECLARED_AT_MOST_ONCE] = "at-most-once",
    [DECLARED_IDEMPOTENT] = "idempotent",
    [DECLARED_RFC9110] = "rfc9110",
};

const char *declared_word(enum declared declared)
{
    check(declared < DECLARED_COUNT);
    return WORDS[declared];
}

enum declared declared_find(const char *word)
{
    int found = 0;
    while (found < DECLARED_COUNT && strcmp(WORDS[found], word) != 0)
        found++;
    return (enum declared)found;
}

/* A harm that a rule has told of with as much weight is not told twice. */
static bool is_told(const struct breaches *breaches, enum harm harm)
{
    for (size_t i = 0; i < breaches->count; i++)
        if (breaches->list[i].rule.harm == harm &&
            (breaches->list[i].rule.level == LEVEL_MUST || harm_gravity(harm) < 2))
            return true;
    return false;
}

/* Nobody can want these, whatever they declared. */
static void add_grave_harms(struct breaches *breaches)
{
    for (int h = 0; h < HARM_COUNT; h++) {
        enum harm harm = (enum harm)h;
        const struct rule rule = {LEVEL_MUST, harm_title(harm), harm};
        if ((breaches->harms->bits & HARM_BIT(harm)) != 0 && harm_gravity(harm) == 2 &&
            !is_told(breaches, harm))
            breach_add(breaches, &rule, "%s", breaches->harms->sentences[harm]);
    }
}

/* Findings by level, as they were found within one; then the harms that none of them tells. */
static bool tell(const struct breaches *breaches, struct observation *out)
{
    size_t most = breaches->count + HARM_COUNT;
    const char **sentences = region_take(breaches->region, most * sizeof(*sentences));
    if (sentences == NULL)
        return false;
    for (int level = LEVEL_MUST; level < LEVEL_COUNT; level++)
        for (size_t i = 0; i < breaches->count; i++)
            if (breaches->list[i].rule.level == (enum level)level)
                sentences[out->sentence_count++] = breaches->list[i].sentence;
    for (int h = 0; h < HARM_COUNT; h++) {
        enum harm harm = (enum harm)h;
        if ((breaches->harms->bits & HARM_BIT(harm)) == 0 || is_told(breaches, harm))
            continue;
        const char *sentence = region_format(breaches->region, "%s: %s", harm_title(harm),
                                             breaches->harms->sentences[harm]);
        if (sentence == NULL)
            return false;
        sentences[out->sentence_count++] = sentence;
    }
    out->sentences = sentences;
    return true;
}

bool declared_judge(enum declared declared, const struct evidence *evidence, struct region *region,
                    struct observation *out)
{
    struct own_case own;
    struct harms harms;
    struct breaches breaches = {.own = &own, .harms = &harms, .region = region};
    out->verdict = VERDICT_PASS;
    out->level = LEVEL_INFO;
    out->sentences = NULL;
    out->sentence_count = 0;
    if (!own_case_gather(&own, evidence, region) || !harms_find(&harms, &own, region))
        return false;
    if (declared != DECLARED_OBSERVE)
        retry_rules_check(declared, &breaches);
    if (declared == DECLARED_RFC9110)
        message_rules_check(&breaches);
    if (declared != DECLARED_OBSERVE)
        add_grave_harms(&breaches);
    for (size_t i = 0; i < breaches.count; i++) {
        enum level level = breaches.list[i].rule.level;
        if (level < out->level)
            out->level = level;
        if (level != LEVEL_INFO)
            out->verdict = VERDICT_FAIL;
    }
    return !breaches.full && tell(&breaches, out);
}
