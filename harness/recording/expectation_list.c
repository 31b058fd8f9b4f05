#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/recording/expectation_rows.h"
#include "harness/verdict/attempts.h"
#include "harness/verdict/hook_judge.h"
#include "harness/verdict/judge.h"

static void add_upstreams(struct expectation_rows *rows);
static void add_names(struct expectation_rows *rows);
static void add_tunnel(struct expectation_rows *rows);
static void add_bounds(struct expectation_rows *rows);
static void add_claims(struct expectation_rows *rows);
static void add_hooks(struct expectation_rows *rows);

void expectation_list_fill(struct recorder *recorder)
{
    const struct evidence *evidence = recorder->evidence;
    struct expectation_rows rows = {
        .recorder = recorder,
        .list = recorder_take_raw(recorder, EXPECTATION_ROWS_MAX * sizeof(*rows.list)),
        .who = ""};
    if (rows.list == NULL || evidence->foreign != NULL)
        return; /* another proxy is judged by a policy */
    expectation_rows_number(&rows, "attempts", &evidence->scenario->expect.attempts,
                            evidence->total.attempts);
    add_upstreams(&rows);
    client_expectations_add(&rows);
    rows.who = "";
    add_names(&rows);
    add_tunnel(&rows);
    add_bounds(&rows);
    add_claims(&rows);
    add_hooks(&rows);
    recorder->out.expectations = rows.list;
    recorder->out.expectation_count = rows.count;
}

/* ---- rows ------------------------------------------------------------------------------------ */

void expectation_rows_add(struct expectation_rows *rows,
                          const struct recording_expectation *expectation)
{
    if (rows->count == EXPECTATION_ROWS_MAX)
        return;
    rows->list[rows->count] = *expectation;
    if (rows->who[0] != '\0')
        rows->list[rows->count].what =
            recorder_say(rows->recorder, "%s %s", rows->who, expectation->what);
    rows->count++;
}

void expectation_rows_number(struct expectation_rows *rows, const char *what,
                             const struct number_rule *rule, uint64_t seen)
{
    char words[NUMBER_RULE_BYTES];
    if (rule->comparison == NUMBER_ANY)
        return;
    expectation_rows_add(
        rows, &(struct recording_expectation){
                  .what = what,
                  .expected = recorder_say(rows->recorder, "%s", number_rule_words(rule, words)),
                  .observed = recorder_say(rows->recorder, "%" PRIu64, seen),
                  .holds = number_rule_fits(rule, seen)});
}

static const char *or_none(const char *text)
{
    return text == NULL || text[0] == '\0' ? "none" : text;
}

void expectation_rows_text(struct expectation_rows *rows, const char *what, const char *expected,
                           const char *seen)
{
    const struct claim_text text = {what, seen, expected};
    if (expected == NULL)
        return;
    expectation_rows_add(rows, &(struct recording_expectation){.what = what,
                                                               .expected = or_none(expected),
                                                               .observed = or_none(seen),
                                                               .holds = claim_text_holds(&text)});
}

void expectation_rows_truth(struct expectation_rows *rows, const char *what, bool expected,
                            bool seen)
{
    expectation_rows_add(rows,
                         &(struct recording_expectation){.what = what,
                                                         .expected = expected ? "true" : "false",
                                                         .observed = seen ? "true" : "false",
                                                         .holds = expected == seen});
}

/* ---- upstreams and names ----------------------------------------------------------------------- */

static void add_upstreams(struct expectation_rows *rows)
{
    static const char *const WHAT[TALLY_COUNT] = {[TALLY_ATTEMPTS] = "attempts at",
                                                  [TALLY_DELIVERED] = "delivered to",
                                                  [TALLY_BEGUN] = "begun at",
                                                  [TALLY_CONNECTIONS] = "connections to",
                                                  [TALLY_OPEN] = "left open to",
                                                  [TALLY_HANDSHAKES] = "handshakes at",
                                                  [TALLY_RESUMED] = "sessions resumed at"};
    const struct evidence *evidence = rows->recorder->evidence;
    const struct scenario *scenario = evidence->scenario;
    for (size_t u = 0; u < scenario->upstream_count; u++)
        for (enum expected_tally tally = 0; tally < TALLY_COUNT; tally++) {
            const struct number_rule *rule = &scenario->expect.upstreams[u].tallies[tally];
            if (rule->comparison != NUMBER_ANY)
                expectation_rows_number(
                    rows,
                    recorder_say(rows->recorder, "%s %s", WHAT[tally], scenario->upstream_names[u]),
                    rule, judge_tally(evidence, u, tally));
        }
}

/* The server names that handshakes there asked for: each must be the one expected. */
static void add_server_name(struct expectation_rows *rows, size_t upstream, const char *expected)
{
    const struct evidence *evidence = rows->recorder->evidence;
    const struct fake_upstream *at = evidence->upstreams[upstream];
    struct phrase seen = {.used = 0};
    bool holds = true;
    for (size_t i = 0; i < at->connection_count; i++) {
        const struct witness_handshake *handshake = &fake_upstream_witness(at, i)->handshake;
        if (!handshake->tls)
            continue;
        phrase_add(&seen, "%s%s", seen.used > 0 ? ", " : "", or_none(handshake->sni));
        holds = holds && strcmp(or_none(handshake->sni), expected) == 0;
    }
    expectation_rows_add(
        rows, &(struct recording_expectation){
                  .what = recorder_say(rows->recorder, "server names at %s",
                                       evidence->scenario->upstream_names[upstream]),
                  .expected = expected,
                  .observed = seen.used > 0 ? recorder_say(rows->recorder, "%s", seen.text) : "-",
                  .holds = holds && seen.used > 0});
}

static void add_names(struct expectation_rows *rows)
{
    const struct evidence *evidence = rows->recorder->evidence;
    const struct expectation *expect = &evidence->scenario->expect;
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        if (expect->upstreams[u].sni != NULL)
            add_server_name(rows, u, expect->upstreams[u].sni);
    for (const struct expected_lookup *lookup = expect->lookups;
         lookup != NULL && evidence->names != NULL; lookup = lookup->next)
        expectation_rows_number(rows, recorder_say(rows->recorder, "lookups of %s", lookup->name),
                                &lookup->count, name_server_lookups(evidence->names, lookup->name));
}

/* ---- what takes more than two values to judge ---------------------------------------------------- */

static bool key_holds(const struct expectation_rows *rows, enum judged_key key)
{
    struct findings findings;
    findings_init(&findings, rows->recorder->region);
    judge_key(rows->recorder->evidence, key, &findings);
    return findings.count == 0;
}

static void add_tunnel(struct expectation_rows *rows)
{
    const struct evidence *evidence = rows->recorder->evidence;
    const struct expected_tunnel *expected = evidence->scenario->expect.tunnel;
    const struct attempt_fact *tunnel = expected != NULL ? judge_last_tunnel(evidence) : NULL;
    char up[NUMBER_RULE_BYTES];
    char down[NUMBER_RULE_BYTES];
    if (expected == NULL)
        return;
    expectation_rows_add(
        rows, &(struct recording_expectation){
                  .what = "the tunnel",
                  .expected = recorder_say(rows->recorder, "up %s, down %s%s",
                                           expected->up.comparison == NUMBER_ANY
                                               ? "any"
                                               : number_rule_words(&expected->up, up),
                                           expected->down.comparison == NUMBER_ANY
                                               ? "any"
                                               : number_rule_words(&expected->down, down),
                                           !expected->same_set ? ""
                                           : expected->same    ? ", what was sent"
                                                               : ", other than was sent"),
                  .observed = tunnel == NULL
                                  ? "none"
                                  : recorder_say(rows->recorder, "up %" PRIu64 ", down %" PRIu64,
                                                 tunnel->connection->flow_in.bytes,
                                                 tunnel->request->connection->flow_in.bytes),
                  .holds = key_holds(rows, JUDGED_TUNNEL)});
}

static void add_held(struct expectation_rows *rows)
{
    const struct evidence *evidence = rows->recorder->evidence;
    uint64_t most = evidence->scenario->expect.held_max;
    if (most == UINT64_MAX || evidence->trace == NULL)
        return;
    expectation_rows_add(
        rows, &(struct recording_expectation){
                  .what = "body bytes held",
                  .expected = recorder_say(rows->recorder, "at most %" PRIu64, most),
                  .observed = recorder_say(
                      rows->recorder, "up %" PRIu64 ", down %" PRIu64 ", heads and framing too",
                      evidence->held.up_peak, evidence->held.down_peak),
                  .holds = key_holds(rows, JUDGED_HELD)});
}

/* ---- bounds ------------------------------------------------------------------------------------ */

static void add_time(struct expectation_rows *rows, const char *what, uint64_t bound_ns, bool holds)
{
    char text[FINDING_DURATION_BYTES];
    uint64_t took = judge_time_of_last(rows->recorder->evidence);
    const char *expected = recorder_say(rows->recorder, "%s", duration_format(bound_ns, text));
    const char *seen =
        took == TIME_NEVER ? "-" : recorder_say(rows->recorder, "%s", duration_format(took, text));
    expectation_rows_add(rows, &(struct recording_expectation){what, expected, seen, holds});
}

static void add_times(struct expectation_rows *rows)
{
    const struct evidence *evidence = rows->recorder->evidence;
    const struct expectation *expect = &evidence->scenario->expect;
    uint64_t took = judge_time_of_last(evidence);
    uint64_t tolerance = evidence->world == WORLD_SOCKETS ? JUDGE_TOLERANCE_NS : 0;
    if (expect->within_ns != TIME_NEVER)
        add_time(rows, "over within", expect->within_ns,
                 took != TIME_NEVER && took <= expect->within_ns + tolerance);
    if (expect->after_ns != 0)
        add_time(rows, "over not before", expect->after_ns,
                 took != TIME_NEVER && took >= expect->after_ns);
}

static void add_bounds(struct expectation_rows *rows)
{
    const struct evidence *evidence = rows->recorder->evidence;
    const struct expectation *expect = &evidence->scenario->expect;
    unsigned met = 0;
    for (size_t i = 0; i < evidence->scenario->fault_count; i++)
        met += evidence->faults_met >> i & 1;
    add_held(rows);
    add_times(rows);
    if (expect->memory_growth_max != UINT64_MAX)
        expectation_rows_number(
            rows, "bytes that its memory grew by",
            &(struct number_rule){NUMBER_AT_MOST, {expect->memory_growth_max}, 1},
            evidence->memory_growth);
    expectation_rows_number(rows, "faults that took place", &expect->faults, met);
}

/* ---- what the proxy says of itself ---------------------------------------------------------------- */

static void add_comparison(struct expectation_rows *rows, const struct claim_comparison *comparison)
{
    for (size_t i = 0; i < comparison->text_count; i++)
        expectation_rows_text(rows, comparison->texts[i].what, comparison->texts[i].expected,
                              comparison->texts[i].text);
    for (size_t i = 0; i < comparison->number_count; i++)
        expectation_rows_number(rows, comparison->numbers[i].what, comparison->numbers[i].expected,
                                comparison->numbers[i].value);
}

static void add_row(struct expectation_rows *rows, size_t index,
                    const struct expected_log_row *expected)
{
    const struct log_row *row = &rows->recorder->evidence->log_rows[index];
    struct claim_comparison comparison;
    struct findings findings;
    rows->who = recorder_say(rows->recorder, "row %zu of the log:", index + 1);
    claim_of_row(row, expected, &comparison);
    add_comparison(rows, &comparison);
    if (!expected->attempts_set)
        return;
    findings_init(&findings, rows->recorder->region);
    claim_judge_attempts("the row", row, expected, &findings);
    expectation_rows_add(
        rows, &(struct recording_expectation){
                  .what = "attempts",
                  .expected = recorder_say(rows->recorder, "%zu", expected->attempt_count),
                  .observed = recorder_say(rows->recorder, "%s", row->retry_details),
                  .holds = findings.count == 0});
}

static void add_claims(struct expectation_rows *rows)
{
    const struct evidence *evidence = rows->recorder->evidence;
    const struct expectation *expect = &evidence->scenario->expect;
    struct claim_comparison comparison;
    if (expect->record != NULL && evidence->record_count > 0) {
        rows->who = "the record's";
        claim_of_record(&evidence->records[evidence->record_count - 1], expect->record,
                        &comparison);
        add_comparison(rows, &comparison);
    }
    rows->who = "";
    if (expect->log == NULL)
        return;
    expectation_rows_number(rows, "rows of the log", &expect->log->rows, evidence->log_row_count);
    if (expect->log->listed)
        expectation_rows_number(rows, "rows of the log",
                                &(struct number_rule){NUMBER_ONE_OF, {expect->log->count}, 1},
                                evidence->log_row_count);
    for (size_t i = 0; i < expect->log->count && i < evidence->log_row_count; i++)
        add_row(rows, expect->log->listed ? i : evidence->log_row_count - 1, &expect->log->list[i]);
    rows->who = "";
}

/* ---- hooks --------------------------------------------------------------------------------------- */

/* Calls of one hook that follow each other are one. */
static const char *say_calls(struct recorder *recorder)
{
    const struct evidence *evidence = recorder->evidence;
    struct phrase said = {.used = 0};
    for (size_t i = 0; i < evidence->hook_call_count; i++)
        if (i == 0 || evidence->hook_calls[i].hook != evidence->hook_calls[i - 1].hook)
            phrase_add(&said, "%s%s", said.used > 0 ? ", " : "",
                       hook_word(evidence->hook_calls[i].hook));
    return said.used > 0 ? recorder_say(recorder, "%s", said.text) : "none";
}

static const char *say_names(struct recorder *recorder, const enum hook_name *names, size_t count)
{
    struct phrase said = {.used = 0};
    for (size_t i = 0; i < count; i++)
        phrase_add(&said, "%s%s", i > 0 ? ", " : "", hook_word(names[i]));
    return said.used > 0 ? recorder_say(recorder, "%s", said.text) : "none";
}

static void add_hooks(struct expectation_rows *rows)
{
    const struct evidence *evidence = rows->recorder->evidence;
    const struct expectation *expect = &evidence->scenario->expect;
    const struct expected_hooks *hooks = &expect->hooks;
    const struct exchange_record *record =
        evidence->record_count > 0 ? &evidence->records[evidence->record_count - 1] : NULL;
    struct findings findings;
    if (hooks->whole_set || hooks->within_count > 0) {
        findings_init(&findings, rows->recorder->region);
        hook_judge_calls(evidence, &findings);
        expectation_rows_add(
            rows,
            &(struct recording_expectation){
                .what = hooks->whole_set ? "hooks called" : "hooks called among others",
                .expected = hooks->whole_set
                                ? say_names(rows->recorder, hooks->whole, hooks->whole_count)
                                : say_names(rows->recorder, hooks->within, hooks->within_count),
                .observed = say_calls(rows->recorder),
                .holds = findings.count == 0});
    }
    if (record == NULL)
        return;
    expectation_rows_text(rows, "the record's summary", expect->summary, record->summary);
    if (expect->suppressed_set)
        expectation_rows_truth(rows, "the error is not to be logged", expect->suppressed,
                               record->error_suppressed);
}
