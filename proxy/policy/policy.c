#include "retryproof/policy.h"

#include "world/base/check.h"

/* ---- statuses ---------------------------------------------------------------------------------- */

bool status_set_add(struct status_set *set, unsigned status)
{
    unsigned place = status - STATUS_SET_FIRST;

    if (status < STATUS_SET_FIRST || status > STATUS_SET_LAST)
        return false;
    set->bits[place / 64] |= 1ull << place % 64;
    return true;
}

bool status_set_has(const struct status_set *set, unsigned status)
{
    unsigned place = status - STATUS_SET_FIRST;

    return status >= STATUS_SET_FIRST && status <= STATUS_SET_LAST &&
           (set->bits[place / 64] >> place % 64 & 1u) != 0;
}

bool status_set_is_empty(const struct status_set *set)
{
    return (set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]) == 0;
}

/* ---- conditions -------------------------------------------------------------------------------- */

/* The acceptance matrix, section 1: what each policy retries, method and body allowing. */
static unsigned policy_conditions(const struct retry_settings *settings)
{
    const unsigned at_most_once =
        RETRY_ON(CONNECT_FAILURE) | RETRY_ON(CONNECT_TIMEOUT) | RETRY_ON(UNSENT);

    switch (settings->policy) {
    case RETRY_AT_MOST_ONCE:
        return at_most_once;
    case RETRY_IDEMPOTENT:
        return at_most_once | RETRY_ON(RESET) | RETRY_ON(PARTIAL_HEAD) | RETRY_ON(INVALID_HEAD) |
               RETRY_ON(RESPONSE_TIMEOUT);
    case RETRY_CONDITIONS:
    default:
        return settings->conditions;
    }
}

unsigned retry_conditions(const struct retry_settings *settings)
{
    return policy_conditions(settings) | (settings->on_reused ? RETRY_ON(REUSED) : 0);
}

/* ---- words ------------------------------------------------------------------------------------- */

const char *retry_reason_sentence(enum retry_reason reason)
{
    static const char *const sentences[] = {
#define RETRY_REASON_SENTENCE(name, sentence) [RETRY_BECAUSE_##name] = sentence,
        RETRY_REASON_LIST(RETRY_REASON_SENTENCE)
#undef RETRY_REASON_SENTENCE
    };

    check(reason < RETRY_REASON_COUNT);
    return sentences[reason];
}

const char *retry_condition_word(enum retry_condition condition)
{
    static const char *const words[] = {
#define RETRY_CONDITION_WORD(name, word) [RETRY_ON_##name] = word,
        RETRY_CONDITION_LIST(RETRY_CONDITION_WORD)
#undef RETRY_CONDITION_WORD
    };

    check(condition < RETRY_CONDITION_COUNT);
    return words[condition];
}

const char *retry_policy_word(enum retry_policy policy)
{
    static const char *const words[] = {
        [RETRY_AT_MOST_ONCE] = "at-most-once",
        [RETRY_IDEMPOTENT] = "idempotent",
        [RETRY_CONDITIONS] = "conditions",
    };

    check(policy <= RETRY_CONDITIONS);
    return words[policy];
}
