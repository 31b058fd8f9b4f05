#include "harness/verdict/hook_judge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- the calls, exchange after exchange ----------------------------------------------------- */

struct sequence {
    struct hook_call *calls; /* by exchange, then as they came */
    size_t count;
};

/* A stable sort by insertion: exchanges hardly ever overlap, so that next to nothing is moved. */
static bool put_in_order(const struct evidence *evidence, struct region *region,
                         struct sequence *out)
{
    out->count = 0;
    out->calls = region_take(region, (evidence->hook_call_count + 1) * sizeof(*out->calls));
    for (size_t i = 0; i < evidence->hook_call_count && out->calls != NULL; i++) {
        size_t place = out->count++;
        for (; place > 0 && out->calls[place - 1].exchange > evidence->hook_calls[i].exchange;
             place--)
            out->calls[place] = out->calls[place - 1];
        out->calls[place] = evidence->hook_calls[i];
    }
    return out->calls != NULL;
}

/* ---- what is expected ----------------------------------------------------------------------- */

static void tell_seen(const struct sequence *seen, struct findings *findings)
{
    struct phrase phrase = {.used = 0};
    for (size_t i = 0; i < seen->count; i++)
        phrase_add(&phrase, "%s%s", i == 0 ? "" : ", ", hook_word(seen->calls[i].hook));
    findings_add(findings, "hooks seen: %s", seen->count == 0 ? "none" : phrase.text);
}

static void tell_expected(const enum hook_name *hooks, size_t count, struct findings *findings)
{
    struct phrase phrase = {.used = 0};
    for (size_t i = 0; i < count; i++)
        phrase_add(&phrase, "%s%s", i == 0 ? "" : ", ", hook_word(hooks[i]));
    findings_add(findings, "hooks expected: %s", count == 0 ? "none" : phrase.text);
}

static void judge_whole(const struct expected_hooks *expected, const struct sequence *seen,
                        struct findings *findings)
{
    size_t same = 0;
    while (same < seen->count && same < expected->whole_count &&
           seen->calls[same].hook == expected->whole[same])
        same++;
    if (same == seen->count && same == expected->whole_count)
        return;
    findings_add(findings, "call %zu of a hook was %s, expected %s", same + 1,
                 same < seen->count ? hook_word(seen->calls[same].hook) : "not made",
                 same < expected->whole_count ? hook_word(expected->whole[same]) : "none");
    tell_expected(expected->whole, expected->whole_count, findings);
    tell_seen(seen, findings);
}

/* Each name is looked for behind the one before it. */
static void judge_within(const struct expected_hooks *expected, const struct sequence *seen,
                         struct findings *findings)
{
    size_t place = 0;
    for (size_t i = 0; i < expected->within_count; i++) {
        while (place < seen->count && seen->calls[place].hook != expected->within[i])
            place++;
        if (place++ < seen->count)
            continue;
        findings_add(findings, "hook %s was not called%s%s, expected as number %zu of hooks_within",
                     hook_word(expected->within[i]), i > 0 ? " behind " : "",
                     i > 0 ? hook_word(expected->within[i - 1]) : "", i + 1);
        tell_expected(expected->within, expected->within_count, findings);
        tell_seen(seen, findings);
        return;
    }
}

static void judge_record(const struct evidence *evidence, struct findings *findings)
{
    const struct expectation *expect = &evidence->scenario->expect;
    const struct exchange_record *record =
        evidence->record_count > 0 ? &evidence->records[evidence->record_count - 1] : NULL;
    if (expect->summary == NULL && !expect->suppressed_set)
        return;
    findings_about(findings,
                   expect->lines[expect->summary != NULL ? EXPECT_SUMMARY : EXPECT_SUPPRESSED]);
    if (record == NULL) {
        findings_add(findings, "the proxy left no record, so there is no summary to judge");
        return;
    }
    findings_about(findings, expect->lines[EXPECT_SUMMARY]);
    if (expect->summary != NULL && strcmp(record->summary, expect->summary) != 0)
        findings_add(findings, "the record's summary is '%s', expected '%s'", record->summary,
                     expect->summary);
    findings_about(findings, expect->lines[EXPECT_SUPPRESSED]);
    if (expect->suppressed_set && record->error_suppressed != expect->suppressed)
        findings_add(findings,
                     "the record says that the error is %sto be logged, expected the "
                     "opposite",
                     record->error_suppressed ? "not " : "");
}

void hook_judge_calls(const struct evidence *evidence, struct findings *findings)
{
    const struct expectation *expect = &evidence->scenario->expect;
    struct sequence seen;
    if (!put_in_order(evidence, findings->region, &seen))
        return;
    findings_about(findings, expect->lines[EXPECT_HOOKS]);
    if (expect->hooks.whole_set)
        judge_whole(&expect->hooks, &seen, findings);
    findings_about(findings, expect->lines[EXPECT_HOOKS_WITHIN]);
    judge_within(&expect->hooks, &seen, findings);
}

void hook_judge_expectations(const struct evidence *evidence, struct findings *findings)
{
    if (!evidence->scenario->hooks.installed)
        return;
    hook_judge_calls(evidence, findings);
    judge_record(evidence, findings);
    findings_about(findings, 0);
}

/* ---- what must hold in any case ------------------------------------------------------------- */

/* One exchange, call by call. */
struct progress {
    struct findings *findings;
    uint64_t exchange;
    bool switched; /* to another protocol: a 1xx is the answer, and none that is decided about */
    unsigned total[HOOK_NAME_COUNT];
    unsigned in_attempt[HOOK_NAME_COUNT]; /* since the last upstream_peer, that one included */
};

/* Hooks that come once at most, in an exchange or in an attempt of it. */
static const struct {
    enum hook_name hook;
    bool per_attempt;
} ONCE[] = {
    {HOOK_EARLY_REQUEST_FILTER, false},
    {HOOK_REQUEST_FILTER, false},
    {HOOK_PROXY_UPSTREAM_FILTER, false},
    {HOOK_FAIL_TO_PROXY, false},
    {HOOK_SUPPRESS_ERROR_LOG, false},
    {HOOK_REQUEST_SUMMARY, false},
    {HOOK_LOGGING, false},
    {HOOK_FAIL_TO_CONNECT, true},
    {HOOK_CONNECTED_TO_UPSTREAM, true},
    {HOOK_UPSTREAM_REQUEST_FILTER, true},
    {HOOK_UPSTREAM_RESPONSE_FILTER, true},
    {HOOK_UPSTREAM_RESPONSE_DECISION, true},
    {HOOK_RESPONSE_FILTER, true},
    {HOOK_UPSTREAM_RESPONSE_TRAILER_FILTER, true},
    {HOOK_RESPONSE_TRAILER_FILTER, true},
    {HOOK_ERROR_WHILE_PROXY, true},
};

/* Hooks that come only behind another one in the same attempt. */
static const struct {
    enum hook_name hook;
    enum hook_name behind;
} BEHIND[] = {
    {HOOK_FAIL_TO_CONNECT, HOOK_UPSTREAM_PEER},
    {HOOK_CONNECTED_TO_UPSTREAM, HOOK_UPSTREAM_PEER},
    {HOOK_UPSTREAM_REQUEST_FILTER, HOOK_CONNECTED_TO_UPSTREAM},
    {HOOK_UPSTREAM_RESPONSE_FILTER, HOOK_UPSTREAM_REQUEST_FILTER},
    {HOOK_UPSTREAM_RESPONSE_DECISION, HOOK_UPSTREAM_RESPONSE_FILTER},
    {HOOK_RESPONSE_FILTER, HOOK_UPSTREAM_RESPONSE_DECISION},
    {HOOK_UPSTREAM_RESPONSE_BODY_FILTER, HOOK_RESPONSE_FILTER},
    {HOOK_RESPONSE_BODY_FILTER, HOOK_RESPONSE_FILTER},
    {HOOK_UPSTREAM_RESPONSE_TRAILER_FILTER, HOOK_RESPONSE_FILTER},
    {HOOK_RESPONSE_TRAILER_FILTER, HOOK_RESPONSE_FILTER},
    {HOOK_ERROR_WHILE_PROXY, HOOK_CONNECTED_TO_UPSTREAM},
};

/* Hooks that do not come any more in an attempt in which another one came. */
static const struct {
    enum hook_name hook;
    enum hook_name after;
} NEVER_AFTER[] = {
    {HOOK_FAIL_TO_CONNECT, HOOK_CONNECTED_TO_UPSTREAM},
    {HOOK_CONNECTED_TO_UPSTREAM, HOOK_FAIL_TO_CONNECT},
    {HOOK_UPSTREAM_RESPONSE_BODY_FILTER, HOOK_UPSTREAM_RESPONSE_TRAILER_FILTER},
    {HOOK_RESPONSE_BODY_FILTER, HOOK_RESPONSE_TRAILER_FILTER},
    {HOOK_REQUEST_BODY_FILTER, HOOK_ERROR_WHILE_PROXY},
    {HOOK_RESPONSE_FILTER, HOOK_ERROR_WHILE_PROXY},
    {HOOK_EARLY_REQUEST_FILTER, HOOK_REQUEST_FILTER},
    {HOOK_REQUEST_FILTER, HOOK_PROXY_UPSTREAM_FILTER},
    {HOOK_PROXY_UPSTREAM_FILTER, HOOK_UPSTREAM_PEER},
};

static void check_order(const struct progress *progress, enum hook_name hook)
{
    for (size_t i = 0; i < COUNT_OF(ONCE); i++)
        if (ONCE[i].hook == hook &&
            (ONCE[i].per_attempt ? progress->in_attempt : progress->total)[hook] > 0)
            findings_add(progress->findings, "exchange %" PRIu64 ": %s was called twice in %s",
                         progress->exchange, hook_word(hook),
                         ONCE[i].per_attempt ? "one attempt" : "it");
    for (size_t i = 0; i < COUNT_OF(BEHIND); i++)
        if (BEHIND[i].hook == hook && progress->in_attempt[BEHIND[i].behind] == 0 &&
            !(hook == HOOK_RESPONSE_FILTER && progress->switched))
            findings_add(progress->findings,
                         "exchange %" PRIu64 ": %s was called without %s before it in its attempt",
                         progress->exchange, hook_word(hook), hook_word(BEHIND[i].behind));
    for (size_t i = 0; i < COUNT_OF(NEVER_AFTER); i++)
        if (NEVER_AFTER[i].hook == hook && progress->in_attempt[NEVER_AFTER[i].after] > 0)
            findings_add(progress->findings, "exchange %" PRIu64 ": %s was called after %s",
                         progress->exchange, hook_word(hook), hook_word(NEVER_AFTER[i].after));
}

/* An exchange that has failed for good only ends; one that has ended does nothing. */
static void check_over(const struct progress *progress, enum hook_name hook)
{
    if (progress->total[HOOK_LOGGING] > 0)
        findings_add(progress->findings, "exchange %" PRIu64 ": %s was called after logging",
                     progress->exchange, hook_word(hook));
    else if (progress->total[HOOK_FAIL_TO_PROXY] > 0 && hook < HOOK_FAIL_TO_PROXY)
        findings_add(progress->findings, "exchange %" PRIu64 ": %s was called after fail_to_proxy",
                     progress->exchange, hook_word(hook));
}

static void advance(struct progress *progress, enum hook_name hook)
{
    check_over(progress, hook);
    if (hook == HOOK_UPSTREAM_PEER)
        memset(progress->in_attempt, 0, sizeof(progress->in_attempt));
    else
        check_order(progress, hook);
    progress->total[hook]++;
    progress->in_attempt[hook]++;
}

static const struct exchange_record *record_of(const struct evidence *evidence, uint64_t exchange)
{
    for (size_t i = 0; i < evidence->record_count; i++)
        if (evidence->records[i].id == exchange)
            return &evidence->records[i];
    return NULL;
}

/* At the end of an exchange: what its record says of it. */
static void check_exchange(const struct evidence *evidence, const struct progress *progress)
{
    const struct exchange_record *record = record_of(evidence, progress->exchange);
    unsigned heads = 0;
    if (progress->total[HOOK_LOGGING] == 0)
        findings_add(progress->findings, "exchange %" PRIu64 " ended without logging",
                     progress->exchange);
    if (record == NULL)
        return;
    for (unsigned i = 0; i < record->attempt_count; i++)
        heads += record->attempts[i].status != 0;
    if (progress->total[HOOK_UPSTREAM_RESPONSE_DECISION] > heads)
        findings_add(progress->findings,
                     "exchange %" PRIu64 ": upstream_response_decision was called %u %s, the "
                     "record tells of %u final heads",
                     progress->exchange, progress->total[HOOK_UPSTREAM_RESPONSE_DECISION],
                     times_word(progress->total[HOOK_UPSTREAM_RESPONSE_DECISION]), heads);
}

void hook_judge_claims(const struct evidence *evidence, struct findings *findings)
{
    struct sequence seen;
    uint64_t loggings = 0;
    if (!evidence->scenario->hooks.installed || !put_in_order(evidence, findings->region, &seen))
        return;
    for (size_t i = 0; i < evidence->hook_fault_count; i++)
        findings_add(findings, "%s", evidence->hook_faults[i]);
    if (evidence->hook_calls_lost > 0)
        return; /* nobody can tell from a part */
    for (size_t i = 0; i < seen.count;) {
        const struct exchange_record *record = record_of(evidence, seen.calls[i].exchange);
        struct progress progress = {.findings = findings,
                                    .exchange = seen.calls[i].exchange,
                                    .switched = record != NULL && record->status == 101};
        while (i < seen.count && seen.calls[i].exchange == progress.exchange)
            advance(&progress, seen.calls[i++].hook);
        check_exchange(evidence, &progress);
        loggings += progress.total[HOOK_LOGGING];
    }
    if (loggings != evidence->record_total)
        findings_add(findings,
                     "logging was called %" PRIu64 " %s, the proxy left %" PRIu64 " records",
                     loggings, times_word(loggings), evidence->record_total);
}
