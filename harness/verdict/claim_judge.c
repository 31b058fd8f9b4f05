#include "harness/verdict/claim_judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "world/data/json.h"

enum { WHO_BYTES = 96 }; /* "row 12 of the log, attempt 3" */

/* What is not there is told, and expected, as "none". */
static const char *or_none(const char *text)
{
    return text == NULL || text[0] == '\0' ? "none" : text;
}

bool claim_text_holds(const struct claim_text *text)
{
    return text->expected == NULL || strcmp(or_none(text->text), or_none(text->expected)) == 0;
}

static void judge_texts(const char *who, const struct claim_text *said, size_t count,
                        struct findings *findings)
{
    for (size_t i = 0; i < count; i++)
        if (!claim_text_holds(&said[i]))
            findings_add(findings, "%s says %s %s, expected %s", who, said[i].what,
                         or_none(said[i].text), said[i].expected);
}

static void judge_number(const char *who, const struct claim_number *counted,
                         struct findings *findings)
{
    char rule[NUMBER_RULE_BYTES];
    if (!number_rule_fits(counted->expected, counted->value))
        findings_add(findings, "%s says %s %" PRIu64 ", expected %s", who, counted->what,
                     counted->value, number_rule_words(counted->expected, rule));
}

static void judge_comparison(const char *who, const struct claim_comparison *comparison,
                             struct findings *findings)
{
    judge_texts(who, comparison->texts, comparison->text_count, findings);
    for (size_t i = 0; i < comparison->number_count; i++)
        judge_number(who, &comparison->numbers[i], findings);
}

/* ---- the record ----------------------------------------------------------------------------- */

/* Of the last attempt that failed, or whose response might have been tried again and was not; "none" without one. */
static const char *last_reason(const struct exchange_record *record)
{
    const char *sentence = "none";
    for (unsigned i = 0; i < record->attempt_count; i++) {
        const struct attempt_record *attempt = &record->attempts[i];
        if (attempt->failure.cause != CAUSE_NONE ||
            attempt->decision.reason != RETRY_BECAUSE_NOTHING_SENT)
            sentence = retry_reason_sentence(attempt->decision.reason);
    }
    return sentence;
}

static const char *last_phase(const struct exchange_record *record)
{
    return tunnel_phase_word(record->attempt_count == 0
                                 ? TUNNEL_NONE
                                 : record->attempts[record->attempt_count - 1].tunnel);
}

/* The last failed attempt says stage and cause; without one, the exchange's own end does. */
void claim_of_record(const struct exchange_record *record, const struct expected_record *expected,
                     struct claim_comparison *out)
{
    const struct attempt_record *last = NULL;
    for (unsigned i = 0; i < record->attempt_count; i++)
        if (record->attempts[i].failure.cause != CAUSE_NONE)
            last = &record->attempts[i];
    const struct failure *failure = last != NULL ? &last->failure : &record->failure;
    const struct claim_text texts[] = {
        {"stage", stage_word(failure->stage),
         expected->stage_set ? stage_word(expected->stage) : NULL},
        {"cause", cause_word(failure->cause), expected->cause},
        {"reason", last_reason(record), expected->reason},
        {"phase", last_phase(record), expected->phase},
        {"kind", exchange_kind_word(record->kind), expected->kind},
        {"route", record->route, expected->route},
        {"user", record->user, expected->user},
        {"detail", last != NULL ? last->detail : NULL, expected->detail},
        {"error", record->error_word, expected->error},
    };
    const struct claim_number numbers[] = {
        {"attempts", record->attempt_count, &expected->attempts},
        {"addresses", record->dial_count + record->dials_lost, &expected->addresses},
    };
    _Static_assert(COUNT_OF(texts) <= CLAIM_TEXTS_MAX, "a comparison has room");
    memcpy(out->texts, texts, sizeof(texts));
    memcpy(out->numbers, numbers, sizeof(numbers));
    out->text_count = COUNT_OF(texts);
    out->number_count = COUNT_OF(numbers);
}

static void judge_record(const struct evidence *evidence, struct findings *findings)
{
    const struct expected_record *expected = evidence->scenario->expect.record;
    struct claim_comparison comparison;
    if (expected == NULL || evidence->trace == NULL)
        return;
    if (evidence->record_count == 0) {
        findings_add(findings, "the proxy left no record of an exchange");
        return;
    }
    claim_of_record(&evidence->records[evidence->record_count - 1], expected, &comparison);
    judge_comparison("the record", &comparison, findings);
}

/* ---- the request log ------------------------------------------------------------------------ */

static void judge_log_attempt(const char *who, const struct json *attempt,
                              const struct expected_log_attempt *expected,
                              struct findings *findings)
{
    uint64_t status = 0;
    uint64_t tx = 0;
    bool retried = false;
    const struct claim_text said[] = {
        {"upstream", json_text(json_get(attempt, "upstream")), expected->upstream},
        {"stage", json_text(json_get(attempt, "stage")), expected->stage},
        {"cause", json_text(json_get(attempt, "cause")), expected->cause},
        {"message", json_text(json_get(attempt, "message")), expected->message},
        {"reason", json_text(json_get(attempt, "reason")), expected->reason},
    };
    judge_texts(who, said, COUNT_OF(said), findings);
    (void)json_u64(json_get(attempt, "status"), &status); /* no status came: 0 */
    judge_number(who, &(struct claim_number){"status", status, &expected->status}, findings);
    (void)json_u64(json_get(attempt, "tx"), &tx);
    judge_number(who, &(struct claim_number){"tx", tx, &expected->tx}, findings);
    (void)json_bool(json_get(attempt, "retried"), &retried); /* not said: it was not */
    if (expected->retried_set && retried != expected->retried)
        findings_add(findings, "%s says that it was %stried again, expected %s", who,
                     retried ? "" : "not ", expected->retried ? "that it was" : "that it was not");
}

void claim_judge_attempts(const char *who, const struct log_row *row,
                          const struct expected_log_row *expected, struct findings *findings)
{
    char error[JSON_ERROR_BYTES];
    if (!expected->attempts_set)
        return;
    struct json *details = json_parse(who, row->retry_details, strlen(row->retry_details), error);
    if (details == NULL) {
        findings_add(findings, "retry_details are no JSON: %s", error);
        return;
    }
    if (json_count(details) != expected->attempt_count)
        findings_add(findings, "%s tells of %zu attempts, expected %zu", who, json_count(details),
                     expected->attempt_count);
    for (size_t i = 0; i < expected->attempt_count && i < json_count(details); i++) {
        char attempt[WHO_BYTES];
        snprintf(attempt, sizeof(attempt), "%.40s, attempt %zu,", who, i + 1);
        judge_log_attempt(attempt, json_at(details, i), &expected->attempts[i], findings);
    }
    json_destroy(&details);
}

void claim_of_row(const struct log_row *row, const struct expected_log_row *expected,
                  struct claim_comparison *out)
{
    const struct claim_text texts[] = {
        {"kind", row->kind, expected->kind},          {"route", row->route, expected->route},
        {"user", row->user, expected->user},          {"method", row->method, expected->method},
        {"host", row->host, expected->host},          {"target", row->target, expected->target},
        {"error", row->error, expected->error},       {"stage", row->stage, expected->stage},
        {"cause", row->cause, expected->cause},       {"tunnel", row->tunnel, expected->tunnel},
        {"summary", row->summary, expected->summary},
    };
    const struct claim_number numbers[] = {
        {"status", row->status, &expected->status},
        {"request_bytes", row->request_bytes, &expected->request_bytes},
        {"response_bytes", row->response_bytes, &expected->response_bytes},
        {"retry_attempts", row->retry_attempts, &expected->retry_attempts},
    };
    _Static_assert(COUNT_OF(texts) <= CLAIM_TEXTS_MAX, "a comparison has room");
    _Static_assert(COUNT_OF(numbers) <= CLAIM_NUMBERS_MAX, "a comparison has room");
    memcpy(out->texts, texts, sizeof(texts));
    memcpy(out->numbers, numbers, sizeof(numbers));
    out->text_count = COUNT_OF(texts);
    out->number_count = COUNT_OF(numbers);
}

static void judge_log_row(const char *who, const struct log_row *row,
                          const struct expected_log_row *expected, struct findings *findings)
{
    struct claim_comparison comparison;
    claim_of_row(row, expected, &comparison);
    judge_comparison(who, &comparison, findings);
    claim_judge_attempts(who, row, expected, findings);
}

static void judge_log(const struct evidence *evidence, struct findings *findings)
{
    const struct expected_log *expected = evidence->scenario->expect.log;
    size_t count = evidence->log_row_count;
    if (expected == NULL)
        return;
    judge_number("the log", &(struct claim_number){"rows", count, &expected->rows}, findings);
    if (expected->listed && count != expected->count)
        findings_add(findings, "the log has %zu rows, expected %zu", count, expected->count);
    if (!expected->listed && count == 0)
        findings_add(findings, "the log has no row");
    for (size_t i = 0; i < expected->count && i < count; i++) {
        char who[WHO_BYTES];
        size_t index = expected->listed ? i : count - 1;
        snprintf(who, sizeof(who), "row %zu of the log", index + 1);
        judge_log_row(who, &evidence->log_rows[index], &expected->list[i], findings);
    }
}

void claim_judge_expectations(const struct evidence *evidence, struct findings *findings)
{
    const unsigned *lines = evidence->scenario->expect.lines;
    findings_about(findings, lines[EXPECT_RECORD]);
    judge_record(evidence, findings);
    findings_about(findings, lines[EXPECT_LOG]);
    judge_log(evidence, findings);
}
