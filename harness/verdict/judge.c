#include "harness/verdict/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/schedule/fault_words.h"
#include "harness/suite/scenario_schedule.h"
#include "harness/verdict/attempts.h"
#include "harness/verdict/claim_judge.h"
#include "harness/verdict/message_judge.h"

/* What is found next is about that key of `expect`. */
static void judge_about(const struct evidence *evidence, enum expect_key key,
                        struct findings *findings)
{
    findings_about(findings, evidence->scenario->expect.lines[key]);
}

/* ---- numbers at upstreams ------------------------------------------------------------------- */

_Static_assert((int)EXPECT_RESUMED == (int)TALLY_RESUMED && (int)TALLY_RESUMED == TALLY_COUNT - 1,
               "the keys of tallies come first, in their order");

size_t judge_tally(const struct evidence *evidence, size_t upstream, enum expected_tally tally)
{
    const struct upstream_tally *seen = &evidence->tallies[upstream];
    switch (tally) {
    case TALLY_ATTEMPTS:
        return seen->attempts;
    case TALLY_DELIVERED:
        return seen->delivered;
    case TALLY_BEGUN:
        return seen->begun;
    case TALLY_CONNECTIONS:
        return seen->connections;
    case TALLY_OPEN:
        return evidence->open[upstream];
    case TALLY_HANDSHAKES:
        return seen->handshakes;
    case TALLY_RESUMED:
        return seen->resumed;
    case TALLY_COUNT:
        break;
    }
    check_refuse(__FILE__, __LINE__, "no such tally: %d", (int)tally);
}

/* "1 request", "2 requests"; the words count what `expect` counts. */
static void add_finding(const struct evidence *evidence, size_t upstream, enum expected_tally tally,
                        struct findings *findings)
{
    static const char *const COUNTED[] = {
        [TALLY_ATTEMPTS] = "attempts",
        [TALLY_DELIVERED] = "requests that reached it whole",
        [TALLY_BEGUN] = "requests that reached it at least in part",
        [TALLY_CONNECTIONS] = "connections accepted",
        [TALLY_OPEN] = "connections that the proxy keeps open",
        [TALLY_HANDSHAKES] = "handshakes completed",
        [TALLY_RESUMED] = "sessions resumed",
    };
    char rule[NUMBER_RULE_BYTES];
    struct phrase tale = {.used = 0};
    if (tally == TALLY_ATTEMPTS || tally == TALLY_CONNECTIONS || tally == TALLY_OPEN)
        evidence_tell_dials(evidence, upstream, &tale);
    evidence_tell_arrivals(evidence, upstream, &tale);
    findings_add(
        findings, "upstream %s: %s: %zu, expected %s%s%s",
        evidence->scenario->upstream_names[upstream], COUNTED[tally],
        judge_tally(evidence, upstream, tally),
        number_rule_words(&evidence->scenario->expect.upstreams[upstream].tallies[tally], rule),
        tale.used > 0 ? ": " : "", tale.used > 0 ? tale.text : "");
}

static void judge_upstream(const struct evidence *evidence, size_t upstream,
                           struct findings *findings)
{
    const struct expected_upstream *expected = &evidence->scenario->expect.upstreams[upstream];
    const char *name = evidence->scenario->upstream_names[upstream];
    const struct arrival_fact *last = NULL;
    char who[UPSTREAM_NAME_BYTES + 32];
    for (enum expected_tally tally = 0; tally < TALLY_COUNT; tally++) {
        judge_about(evidence, (enum expect_key)tally, findings);
        if (!number_rule_fits(&expected->tallies[tally], judge_tally(evidence, upstream, tally)))
            add_finding(evidence, upstream, tally, findings);
    }
    if (expected->received == NULL)
        return;
    judge_about(evidence, EXPECT_RECEIVED, findings);
    for (size_t i = 0; i < evidence->arrival_count; i++)
        if (evidence->arrivals[i].upstream == upstream &&
            (last == NULL || evidence->arrivals[i].message->begun_ns >= last->message->begun_ns))
            last = &evidence->arrivals[i];
    snprintf(who, sizeof(who), "the last request at %s", name);
    if (last == NULL)
        findings_add(findings, "upstream %s received no request, expected one", name);
    else
        message_judge_received(&(struct message_judge){evidence, who, findings}, last,
                               expected->received);
}

static void judge_attempts(const struct evidence *evidence, struct findings *findings)
{
    const struct number_rule *expected = &evidence->scenario->expect.attempts;
    char rule[NUMBER_RULE_BYTES];
    struct phrase tale = {.used = 0};
    if (number_rule_fits(expected, evidence->total.attempts))
        return;
    judge_about(evidence, EXPECT_ATTEMPTS, findings);
    evidence_tell_dials(evidence, UPSTREAMS_MAX, &tale);
    evidence_tell_arrivals(evidence, UPSTREAMS_MAX, &tale);
    findings_add(findings, "upstreams were tried %zu %s, expected %s%s%s", evidence->total.attempts,
                 times_word(evidence->total.attempts), number_rule_words(expected, rule),
                 tale.used > 0 ? ": " : "", tale.used > 0 ? tale.text : "");
}

/* ---- clients -------------------------------------------------------------------------------- */

static const struct outcome_fact *nth_outcome(const struct evidence *evidence, size_t client,
                                              size_t index)
{
    for (size_t i = 0; i < evidence->outcome_count; i++)
        if (evidence->outcomes[i].client == client && index-- == 0)
            return &evidence->outcomes[i];
    return NULL;
}

static size_t count_outcomes(const struct evidence *evidence, size_t client)
{
    size_t count = 0;
    for (size_t i = 0; i < evidence->outcome_count; i++)
        count += evidence->outcomes[i].client == client;
    return count;
}

static void judge_client(const struct evidence *evidence, size_t client, struct findings *findings)
{
    const unsigned *lines = evidence->scenario->expect.lines;
    const unsigned line = lines[EXPECT_CLIENT] > 0 ? lines[EXPECT_CLIENT] : lines[EXPECT_CLIENTS];
    const struct expected_client *expected = &evidence->scenario->expect.clients[client];
    const char *name = evidence->scenario->clients[client].name;
    bool only_one = strcmp(name, "client") == 0;
    size_t count = count_outcomes(evidence, client);
    if (expected->count == 0 && !expected->listed)
        return;
    findings_about(findings, line);
    if (expected->listed && count != expected->count)
        findings_add(findings, "%s%s got %zu responses, expected %zu",
                     only_one ? "the " : "client ", name, count, expected->count);
    for (size_t i = 0; i < expected->count; i++) {
        char who[ACTOR_NAME_BYTES + 64];
        size_t index = expected->listed || count == 0 ? i : count - 1;
        const struct outcome_fact *outcome = nth_outcome(evidence, client, index);
        /* One of several stands on a line of its own, below the key. */
        if (expected->listed || !only_one)
            findings_about(findings, expected->responses[i].line);
        snprintf(who, sizeof(who), "%s%s", only_one ? "the " : "client ", name);
        if (expected->listed && expected->count > 1)
            snprintf(who, sizeof(who), "%s%s, response %zu,", only_one ? "the " : "client ", name,
                     i + 1);
        if (outcome != NULL)
            message_judge_outcome(&(struct message_judge){evidence, who, findings}, outcome,
                                  &expected->responses[i]);
        else if (!expected->listed)
            findings_add(findings, "%s never had a connection", who);
    }
}

/* ---- names and TLS at upstreams ------------------------------------------------------------- */

/* The server name in every handshake there that came so far; none at all is no name, too. */
static void judge_sni(const struct evidence *evidence, size_t upstream, struct findings *findings)
{
    const char *expected = evidence->scenario->expect.upstreams[upstream].sni;
    const char *name = evidence->scenario->upstream_names[upstream];
    const struct fake_upstream *at = evidence->upstreams[upstream];
    size_t handshakes = 0;
    judge_about(evidence, EXPECT_SNI, findings);
    for (size_t i = 0; i < at->connection_count && expected != NULL; i++) {
        const struct witness_handshake *handshake = &fake_upstream_witness(at, i)->handshake;
        const char *sni =
            handshake->sni == NULL || handshake->sni[0] == '\0' ? "none" : handshake->sni;
        handshakes += handshake->tls;
        if (handshake->tls && strcmp(sni, expected) != 0)
            findings_add(findings, "connection %zu to %s asked for the server name %s, expected %s",
                         i + 1, name, sni, expected);
    }
    if (expected != NULL && handshakes == 0)
        findings_add(findings, "no connection to %s began with a handshake, expected the name %s",
                     name, expected);
}

static void judge_lookups(const struct evidence *evidence, struct findings *findings)
{
    char rule[NUMBER_RULE_BYTES];
    const struct expected_lookup *lookup = evidence->scenario->expect.lookups;
    judge_about(evidence, EXPECT_LOOKUPS, findings);
    for (; lookup != NULL && evidence->names != NULL; lookup = lookup->next) {
        unsigned count = name_server_lookups(evidence->names, lookup->name);
        if (!number_rule_fits(&lookup->count, count))
            findings_add(findings, "the name %s was looked up %u %s, expected %s", lookup->name,
                         count, times_word(count), number_rule_words(&lookup->count, rule));
    }
}

/* ---- tunnels -------------------------------------------------------------------------------- */

/* Whether all that one end sent came out at the other, and nothing else. */
static bool is_same(const struct witness *receiver, const struct witness *sender)
{
    return receiver->flow_in.bytes == sender->flow_out.bytes &&
           witness_flow_is_of(receiver, sender);
}

const struct attempt_fact *judge_last_tunnel(const struct evidence *evidence)
{
    const struct attempt_fact *last = NULL;
    for (size_t i = 0; i < evidence->attempt_count; i++)
        if (evidence->attempts[i].tunnel && evidence->attempts[i].request != NULL &&
            evidence->attempts[i].connection != NULL)
            last = &evidence->attempts[i];
    return last;
}

static void judge_tunnel(const struct evidence *evidence, struct findings *findings)
{
    char rule[NUMBER_RULE_BYTES];
    const struct expected_tunnel *expected = evidence->scenario->expect.tunnel;
    const struct attempt_fact *tunnel = expected != NULL ? judge_last_tunnel(evidence) : NULL;
    if (expected == NULL)
        return;
    judge_about(evidence, EXPECT_TUNNEL, findings);
    if (tunnel == NULL) {
        findings_add(findings, "there was no tunnel, expected one");
        return;
    }
    const struct witness *client = tunnel->request->connection;
    const struct witness *upstream = tunnel->connection;
    const char *name = evidence->scenario->upstream_names[tunnel->upstream];
    if (!number_rule_fits(&expected->up, upstream->flow_in.bytes))
        findings_add(findings, "%" PRIu64 " bytes of the tunnel reached %s, expected %s",
                     upstream->flow_in.bytes, name, number_rule_words(&expected->up, rule));
    if (!number_rule_fits(&expected->down, client->flow_in.bytes))
        findings_add(findings, "%" PRIu64 " bytes of the tunnel reached the client, expected %s",
                     client->flow_in.bytes, number_rule_words(&expected->down, rule));
    bool same = is_same(client, upstream) && is_same(upstream, client);
    if (expected->same_set && same != expected->same)
        findings_add(findings,
                     "the client sent %" PRIu64 " and got %" PRIu64 " bytes, %s sent %" PRIu64
                     " and got %" PRIu64 ": that is %sthe same, expected %s",
                     client->flow_out.bytes, client->flow_in.bytes, name, upstream->flow_out.bytes,
                     upstream->flow_in.bytes, same ? "" : "not ",
                     expected->same ? "that it is" : "that it is not");
}

/* ---- bounds --------------------------------------------------------------------------------- */

/* Bytes that the streams carry besides body bytes: heads, and the lines of chunks (RFC 9112 7.1). */
static uint64_t overhead(const struct witness_sent *sent)
{
    uint64_t body = sent->draft == NULL ? 0 : sent->draft->body_bytes;
    return sent->bytes_total > body ? sent->bytes_total - body : 0;
}

/*
 * Whether all that the clients sent went on to an upstream. What a proxy reads and drops the seam cannot tell from held. A
 * CONNECT goes to nobody, and is no more than a head.
 */
static bool all_went_up(const struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->request_count; i++)
        if (evidence->requests[i].delivered == 0 && !request_is_connect(&evidence->requests[i]))
            return false;
    return evidence->request_count > 0;
}

static void judge_held_direction(const struct evidence *evidence, bool up,
                                 struct findings *findings)
{
    const struct expectation *expect = &evidence->scenario->expect;
    uint64_t peak = up ? evidence->held.up_peak : evidence->held.down_peak;
    uint64_t beside = evidence_tls_beside(evidence, up);
    for (size_t i = 0; up && i < evidence->request_count; i++)
        beside += overhead(evidence->requests[i].sent);
    for (size_t i = 0; !up && i < evidence->arrival_count; i++)
        for (const struct witness_sent *sent = evidence->arrivals[i].connection->sent;
             sent != NULL && evidence->arrivals[i].message->number == 1; sent = sent->next)
            beside += overhead(sent);
    if (peak > expect->held_max + beside)
        findings_add(findings,
                     "the proxy held %" PRIu64 " bytes %s at one moment, expected at most %" PRIu64
                     " body bytes (and %" PRIu64 " of heads and framing)",
                     peak, up ? "of requests" : "of responses", expect->held_max, beside);
}

/* The seam is the witness; what only the proxy can know of itself, its record says: both directions added. */
static void judge_held(const struct evidence *evidence, struct findings *findings)
{
    const struct expectation *expect = &evidence->scenario->expect;
    if (expect->held_max == UINT64_MAX || evidence->trace == NULL)
        return;
    judge_about(evidence, EXPECT_HELD, findings);
    if (all_went_up(evidence))
        judge_held_direction(evidence, true, findings);
    judge_held_direction(evidence, false, findings);
    for (size_t i = 0; i < evidence->record_count; i++)
        if (evidence->records[i].held_bytes_peak > 2 * expect->held_max)
            findings_add(findings,
                         "the record says that %" PRIu64 " body bytes were held at one moment",
                         evidence->records[i].held_bytes_peak);
}

uint64_t judge_time_of_last(const struct evidence *evidence)
{
    uint64_t last = 0;
    for (size_t i = 0; i < evidence->outcome_count; i++)
        if (evidence->outcomes[i].ended_ns > last)
            last = evidence->outcomes[i].ended_ns;
    return last == 0 ? TIME_NEVER : last - evidence->began_ns;
}

static void judge_times(const struct evidence *evidence, struct findings *findings)
{
    const struct expectation *expect = &evidence->scenario->expect;
    char took_text[FINDING_DURATION_BYTES];
    char bound_text[FINDING_DURATION_BYTES];
    uint64_t tolerance = evidence->world == WORLD_SOCKETS ? JUDGE_TOLERANCE_NS : 0;
    if (expect->within_ns == TIME_NEVER && expect->after_ns == 0)
        return;
    uint64_t took = judge_time_of_last(evidence);
    judge_about(evidence, expect->within_ns != TIME_NEVER ? EXPECT_WITHIN : EXPECT_AFTER, findings);
    if (took == TIME_NEVER) {
        findings_add(findings, "no response and no connection ended, so there is no time to judge");
        return;
    }
    if (expect->within_ns != TIME_NEVER && took > expect->within_ns + tolerance)
        findings_add(findings, "the last response ended after %s, expected within %s",
                     duration_format(took, took_text),
                     duration_format(expect->within_ns, bound_text));
    judge_about(evidence, EXPECT_AFTER, findings);
    if (took < expect->after_ns)
        findings_add(findings, "the last response ended after %s, expected not before %s",
                     duration_format(took, took_text),
                     duration_format(expect->after_ns, bound_text));
}

static void judge_memory(const struct evidence *evidence, struct findings *findings)
{
    uint64_t allowed = evidence->scenario->expect.memory_growth_max;
    judge_about(evidence, EXPECT_MEMORY_GROWTH, findings);
    if (evidence->memory_growth > allowed)
        findings_add(findings,
                     "the subject's memory grew by %" PRIu64 " KiB, expected at most %" PRIu64
                     " KiB",
                     evidence->memory_growth / 1024, allowed / 1024);
}

/* Faults that found no such byte, or dial, are named: what comes of the others may not be what is meant. */
static void judge_faults(const struct evidence *evidence, struct findings *findings)
{
    const struct scenario *scenario = evidence->scenario;
    const char *clients[SCENARIO_CLIENTS_MAX + 1];
    const struct fault_map map = {.names = scenario_fault_names(scenario, clients)};
    char words[FAULT_WORDS_BYTES], rule[NUMBER_RULE_BYTES];
    struct phrase missed = {.used = 0};
    unsigned met = 0;
    for (size_t i = 0; i < scenario->fault_count; i++) {
        if ((evidence->faults_met >> i & 1) != 0)
            met++;
        else
            phrase_add(&missed, "%s\"%s\"", missed.used > 0 ? ", " : "; not: ",
                       fault_words(&scenario->faults[i], &map, words));
    }
    judge_about(evidence, EXPECT_FAULTS, findings);
    if (!number_rule_fits(&scenario->expect.faults, met))
        findings_add(findings, "%u of the faults took place, expected %s%s", met,
                     number_rule_words(&scenario->expect.faults, rule),
                     missed.used > 0 ? missed.text : "");
}

void judge_key(const struct evidence *evidence, enum judged_key key, struct findings *findings)
{
    typedef void judge_one(const struct evidence *evidence, struct findings *findings);
    static judge_one *const JUDGES[JUDGED_KEY_COUNT] = {
        [JUDGED_TUNNEL] = judge_tunnel,
        [JUDGED_HELD] = judge_held,
    };
    check(key < JUDGED_KEY_COUNT);
    JUDGES[key](evidence, findings);
}

void judge_expectations(const struct evidence *evidence, struct findings *findings)
{
    judge_attempts(evidence, findings);
    for (size_t i = 0; i < evidence->scenario->upstream_count; i++)
        judge_upstream(evidence, i, findings);
    for (size_t i = 0; i < evidence->scenario->client_count; i++)
        judge_client(evidence, i, findings);
    for (size_t i = 0; i < evidence->scenario->upstream_count; i++)
        judge_sni(evidence, i, findings);
    judge_lookups(evidence, findings);
    judge_tunnel(evidence, findings);
    judge_held(evidence, findings);
    judge_times(evidence, findings);
    judge_memory(evidence, findings);
    judge_faults(evidence, findings);
    claim_judge_expectations(evidence, findings);
    findings_about(findings, 0);
}
