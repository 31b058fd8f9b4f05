#include "harness/trial/outcome.h"

#include <string.h>

#include "harness/trial/hash_set.h"

/* Text that is hashed as it grows, also past its end. */
struct telling {
    struct outcome *out;
    uint64_t hash;
};

static void tell(struct telling *telling, struct bytes text)
{
    struct outcome *out = telling->out;
    size_t room = sizeof(out->text) - 1 - out->size;
    size_t kept = text.size < room ? text.size : room;
    telling->hash = hash_bytes(telling->hash, text.data, text.size);
    if (kept > 0)
        memcpy(out->text + out->size, text.data, kept);
    out->size += kept;
    out->text[out->size] = '\0';
}

static void tell_text(struct telling *telling, const char *text)
{
    tell(telling, bytes_of(text));
}

static void tell_number(struct telling *telling, uint64_t number)
{
    enum { DIGITS_MAX = 20 }; /* of 2^64 */
    char digits[DIGITS_MAX];
    size_t at = DIGITS_MAX;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    tell(telling, bytes_make(digits + at, DIGITS_MAX - at));
}

/* "client: 200 cut from b, fin; " */
static void tell_client(struct telling *telling, const struct evidence *evidence,
                        const struct outcome_fact *outcome)
{
    char word[OUTCOME_WORD_BYTES];
    tell_text(telling, evidence->scenario->clients[outcome->client].name);
    tell_text(telling, ": ");
    tell_text(telling, outcome_word(outcome, word));
    if (outcome->message != NULL && outcome->message->label.size > 0) {
        tell_text(telling, " from ");
        tell(telling, witness_message_maker(outcome->message));
    }
    tell_text(telling, ", ");
    tell_text(telling, witness_end_word(outcome->closing));
    tell_text(telling, "; ");
}

/* "a: 2 tried, 1 whole; " */
static void tell_upstream(struct telling *telling, const struct evidence *evidence, size_t upstream)
{
    const struct upstream_tally *tally = &evidence->tallies[upstream];
    tell_text(telling, evidence->scenario->upstream_names[upstream]);
    tell_text(telling, ": ");
    tell_number(telling, tally->attempts);
    tell_text(telling, " tried, ");
    tell_number(telling, tally->delivered);
    tell_text(telling, " whole; ");
}

/* "POST 502, post-write connection_terminated; " */
static void tell_record(struct telling *telling, const struct exchange_record *record)
{
    tell_text(telling, record->method);
    tell_text(telling, " ");
    tell_number(telling, record->status);
    for (unsigned i = 0; i < record->attempt_count && i < RECORD_ATTEMPTS_MAX; i++) {
        const struct failure *failure = &record->attempts[i].failure;
        if (failure->cause == CAUSE_NONE)
            continue;
        tell_text(telling, ", ");
        tell_text(telling, stage_word(failure->stage));
        tell_text(telling, " ");
        tell_text(telling, cause_word(failure->cause));
    }
    if (record->attempt_count == 0 && record->failure.cause != CAUSE_NONE) {
        tell_text(telling, ", ");
        tell_text(telling, cause_word(record->failure.cause));
    }
    tell_text(telling, "; ");
}

/* What parts the last thing from the next one parts nothing. */
static void end_text(struct outcome *out)
{
    const size_t size = strlen("; ");
    if (out->size < size || strcmp(out->text + out->size - size, "; ") != 0)
        return;
    out->size -= size;
    out->text[out->size] = '\0';
}

void outcome_describe(const struct evidence *evidence, struct outcome *out)
{
    struct telling telling = {.out = out, .hash = HASH_BEGIN};
    out->size = 0;
    for (size_t i = 0; i < evidence->outcome_count; i++)
        tell_client(&telling, evidence, &evidence->outcomes[i]);
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        tell_upstream(&telling, evidence, u);
    out->verdict = telling.hash;
    out->hash = telling.hash;
    for (size_t i = 0; i < evidence->record_count; i++) {
        telling.hash = HASH_BEGIN;
        tell_record(&telling, &evidence->records[i]);
        out->hash += hash_number(0, telling.hash);
    }
    end_text(out);
}
