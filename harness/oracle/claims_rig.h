/*
 * Doctored evidence for tests: a case as short as a row of a table, with attempts that nobody made.
 *
 * Ownership: one rig per test, several kilobytes, on the stack; what it points at is within itself. Only for tests.
 */
#ifndef HARNESS_ORACLE_CLAIMS_RIG_H
#define HARNESS_ORACLE_CLAIMS_RIG_H

#include <string.h>

#include "harness/oracle/claims.h"
#include "harness/verdict/attempts.h"

enum { RIG_ATTEMPTS_MAX = 8, RIG_REQUESTS_MAX = 2, RIG_UPSTREAMS = 3 };

/* An attempt at a, b or c. Times in milliseconds since the case began; ended 0: at its begin; -1: never. */
struct rig_attempt {
    char upstream;
    int begun_ms;
    int ended_ms;
    unsigned written;
    bool seen;             /* its upstream saw a byte of it */
    bool reused;           /* on a connection used before */
    bool unseen_after;     /* more was written on its connection than was read */
    unsigned status;       /* of its upstream's response; 0: none */
    unsigned char request; /* index; the first one if not said */
    bool unknown;          /* of no known request */
};

struct rig {
    struct scenario scenario;
    struct evidence evidence;
    struct findings findings;
    struct region region;
    const char *names[RIG_UPSTREAMS + 1];
    struct upstream_script scripts[RIG_UPSTREAMS]; /* that listen, and say nothing else */
    struct draft draft;
    struct draft answer_drafts[RIG_ATTEMPTS_MAX];
    struct witness clients[RIG_REQUESTS_MAX];
    struct witness_sent sent[RIG_REQUESTS_MAX];
    struct witness_message responses[RIG_REQUESTS_MAX];
    struct request_fact requests[RIG_REQUESTS_MAX];
    struct attempt_fact attempts[RIG_ATTEMPTS_MAX];
    struct arrival_fact arrivals[RIG_ATTEMPTS_MAX];
    struct witness connections[RIG_ATTEMPTS_MAX];
    struct witness_message messages[RIG_ATTEMPTS_MAX];
    struct witness_sent answers[RIG_ATTEMPTS_MAX];
};

#define RIG_BEGAN_NS NS_PER_S

static inline uint64_t rig_ns(int ms)
{
    return ms < 0 ? TIME_NEVER : RIG_BEGAN_NS + (unsigned)ms * NS_PER_MS;
}

/* One or two requests of a method, begun when the case did, and three upstreams; nothing was tried. */
static inline void rig_init(struct rig *rig, const char *method, size_t requests)
{
    *rig = (struct rig){.names = {"a", "b", "c", NULL}};
    region_init(&rig->region, SCENARIO_BYTES_MAX);
    findings_init(&rig->findings, &rig->region);
    rig->draft =
        (struct draft){.method = method, .target = "/x", .start = bytes_of("GET / HTTP/1.1\r\n")};
    rig->scenario.upstream_names = rig->names;
    rig->scenario.upstreams = rig->scripts;
    rig->scenario.upstream_count = rig->scenario.proxy_upstream_count = RIG_UPSTREAMS;
    proxy_settings_init(&rig->scenario.proxy);
    rig->scenario.retry = rig->scenario.proxy.retry;
    rig->scenario.retry.retries_max = RIG_ATTEMPTS_MAX;
    for (size_t i = 0; i < RIG_UPSTREAMS; i++)
        rig->scenario.proxy_upstreams[i] = i;
    for (size_t i = 0; i < requests; i++) {
        rig->clients[i].connection = 1;
        rig->sent[i] = (struct witness_sent){
            .number = 1, .draft = &rig->draft, .begun_ns = RIG_BEGAN_NS, .bytes_total = 1};
        rig->requests[i] = (struct request_fact){
            .client = i, .connection = &rig->clients[i], .sent = &rig->sent[i]};
    }
    rig->evidence = (struct evidence){
        .scenario = &rig->scenario,
        .world = WORLD_SIM,
        .began_ns = RIG_BEGAN_NS,
        .ended_ns = RIG_BEGAN_NS + NS_PER_S,
        .quiet = true,
        .trace = (const struct world *)&rig->names, /* never asked: what it saw is doctored */
        .requests = rig->requests,
        .request_count = requests,
        .attempts = rig->attempts,
        .arrivals = rig->arrivals,
    };
}

static inline void rig_release(struct rig *rig)
{
    region_release(&rig->region);
}

static inline void rig_see(struct rig *rig, size_t at, const struct rig_attempt *row)
{
    struct attempt_fact *attempt = &rig->attempts[at];
    rig->messages[at] = (struct witness_message){.number = row->reused ? 2 : 1,
                                                 .method = rig->draft.method,
                                                 .target = rig->draft.target,
                                                 .head_complete = true,
                                                 .complete = true,
                                                 .begun_ns = attempt->begun_ns,
                                                 .complete_ns = attempt->begun_ns};
    attempt->message = &rig->messages[at];
    rig->arrivals[rig->evidence.arrival_count++] = (struct arrival_fact){
        attempt->upstream, attempt->connection, attempt->message, attempt->request};
    if (attempt->request != NULL) {
        attempt->request->begun++;
        attempt->request->delivered++;
    }
}

static inline void rig_add(struct rig *rig, const struct rig_attempt *row)
{
    size_t at = rig->evidence.attempt_count++;
    struct attempt_fact *attempt = &rig->attempts[at];
    uint64_t ended_ns = row->ended_ms == 0 ? rig_ns(row->begun_ms) : rig_ns(row->ended_ms);
    *attempt = (struct attempt_fact){
        .upstream = (size_t)(row->upstream - 'a'),
        .fresh = !row->reused,
        .unread = row->unseen_after,
        .begun_ns = rig_ns(row->begun_ms),
        .ended_ns = ended_ns,
        .closed_ns = ended_ns,
        .written = row->written,
        .request = row->unknown ? NULL : &rig->requests[row->request],
        .connection = &rig->connections[at],
    };
    if (attempt->request != NULL)
        attempt->number = ++attempt->request->attempts;
    rig->evidence.total.attempts++;
    rig->evidence.total.dials += attempt->fresh;
    if (row->seen)
        rig_see(rig, at, row);
    if (row->status == 0)
        return;
    rig->answer_drafts[at] = (struct draft){.kind = DRAFT_RESPONSE, .status = row->status};
    rig->answers[at] = (struct witness_sent){.draft = &rig->answer_drafts[at],
                                             .label = bytes_of("a.1.1"),
                                             .bytes = 1,
                                             .bytes_total = 1,
                                             .begun_ns = ended_ns,
                                             .complete_ns = ended_ns};
    rig->connections[at].out.bytes = 1;
    attempt->answer = &rig->answers[at];
}

/* Asks the claim of that number; what it says, and its sentences are added. */
static inline enum claim_answer rig_ask(struct rig *rig, unsigned number)
{
    const struct claim *claim = claims_at(number - 1);
    check(claim->number == number);
    check(claim->judge != NULL);
    evidence_link_outcomes(&rig->evidence);
    return claim->judge(&rig->evidence, &rig->findings);
}

/* Asks each of a list that ends with 0; whether one of them was broken. */
static inline bool rig_ask_all(struct rig *rig, const unsigned *numbers)
{
    bool broken = false;
    for (; *numbers != 0; numbers++)
        if (rig_ask(rig, *numbers) == CLAIM_BROKEN)
            broken = true;
    return broken;
}

/* Whether a sentence with these words was found; for NULL, whether there was none. */
static inline bool rig_found(struct rig *rig, const char *words)
{
    size_t count;
    const char *const *sentences = findings_all(&rig->findings, &count);
    for (size_t i = 0; words != NULL && i < count; i++)
        if (strstr(sentences[i], words) != NULL)
            return true;
    return words == NULL && count == 0;
}

#endif
