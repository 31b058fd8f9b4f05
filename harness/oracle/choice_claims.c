#include "harness/oracle/choice_claims.h"

#include "harness/verdict/attempts.h"

static const char *upstream_name(const struct evidence *evidence,
                                 const struct attempt_fact *attempt)
{
    return evidence->scenario->upstream_names[attempt->upstream];
}

/* An attempt that its client ended: it says nothing about the upstream. */
static bool is_cancelled(const struct evidence *evidence, const struct attempt_fact *attempt)
{
    return !evidence->scenario->proxy.client_half_close_allowed && attempt->request != NULL &&
           attempt->request->gone_ns != 0 && attempt->request->gone_ns <= attempt->closed_ns &&
           attempt->answer == NULL &&
           (attempt->connection == NULL || attempt->connection->own_end == WITNESS_OPEN);
}

/* Whether so many attempts at it can have failed before that time that the proxy may pass it over (decision 13). */
static bool may_be_ejected(const struct evidence *evidence, size_t upstream, uint64_t at_ns)
{
    size_t failed = attempts_unseen(evidence, upstream);
    for (size_t i = 0; i < evidence->attempt_count; i++)
        failed += evidence->attempts[i].upstream == upstream &&
                  evidence->attempts[i].begun_ns <= at_ns &&
                  !is_cancelled(evidence, &evidence->attempts[i]);
    return failed >= EJECT_AFTER_FAILURES;
}

static bool was_tried_before(const struct evidence *evidence, const struct attempt_fact *before,
                             size_t upstream)
{
    for (const struct attempt_fact *a = evidence->attempts; a < before; a++)
        if (a->request == before->request && a->upstream == upstream)
            return true;
    return false;
}

/* Decision 8 of the design: upstreams not yet tried come first. */
static void check_other_upstream(const struct evidence *evidence,
                                 const struct attempt_fact *attempt, struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    const struct scenario *scenario = evidence->scenario;
    if (!was_tried_before(evidence, attempt, attempt->upstream))
        return;
    for (size_t i = 0; i < scenario->proxy_upstream_count; i++) {
        size_t other = scenario->proxy_upstreams[i];
        if (was_tried_before(evidence, attempt, other) || attempts_unseen(evidence, other) > 0 ||
            may_be_ejected(evidence, other, attempt->begun_ns))
            continue;
        findings_add(findings, "%s was tried on %s again, at %s, although %s had not been tried",
                     request_name(attempt->request, name), upstream_name(evidence, attempt),
                     moment_format(attempt->begun_ns, evidence->began_ns, began),
                     scenario->upstream_names[other]);
        return;
    }
}

static void check_next_choice(const struct evidence *evidence, const struct attempt_fact *before,
                              const struct attempt_fact *attempt, struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    moment_format(attempt->begun_ns, evidence->began_ns, began);
    if (!attempts_follow(before, attempt))
        return;
    if (!evidence->scenario->retry.stay)
        check_other_upstream(evidence, attempt, findings);
    else if (before->upstream != attempt->upstream)
        findings_add(findings,
                     "%s was tried on %s at %s after %s, although retry_other_upstream is false",
                     request_name(attempt->request, name), upstream_name(evidence, attempt), began,
                     upstream_name(evidence, before));
    if (!before->fresh && !attempt->fresh && before->answer == NULL)
        findings_add(findings,
                     "%s was tried on a connection to %s used before, at %s, although the attempt "
                     "before failed on one",
                     request_name(attempt->request, name), upstream_name(evidence, attempt), began);
}

/* The first upstream that is not out takes the first attempt; a client's cancel puts none out. */
static void check_first_choice(const struct evidence *evidence, const struct attempt_fact *first,
                               struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    const struct scenario *scenario = evidence->scenario;
    for (size_t i = 0;
         scenario->proxy.select == SELECT_FIRST && i < scenario->proxy_upstream_count &&
         scenario->proxy_upstreams[i] != first->upstream;
         i++) {
        if (may_be_ejected(evidence, scenario->proxy_upstreams[i], first->begun_ns))
            continue;
        findings_add(findings,
                     "%s went to %s at %s although %s comes first and had not failed %d times",
                     request_name(first->request, name), upstream_name(evidence, first),
                     moment_format(first->begun_ns, evidence->began_ns, began),
                     scenario->upstream_names[scenario->proxy_upstreams[i]], EJECT_AFTER_FAILURES);
        return;
    }
}

/*
 * A hook, a route's own list, the request's target or a nameserver says where an attempt goes; and one that ended while its
 * name was looked up nobody has seen.
 */
static bool is_chosen_elsewhere(const struct evidence *evidence)
{
    const struct scenario *scenario = evidence->scenario;
    return scenario->hooks.actions[HOOK_UPSTREAM_PEER] != NULL || scenario->proxy.route_count > 0 ||
           scenario->proxy.mode == MODE_FORWARD || scenario->names_are_scripted ||
           (scenario->needs_nameserver && scenario->retry.per_try_timeout_ns > 0);
}

static void check_choices(const struct evidence *evidence, const struct request_fact *request,
                          struct findings *findings)
{
    const struct attempt_fact *before = NULL;
    const struct attempt_fact *attempt = NULL;
    if (is_chosen_elsewhere(evidence))
        return;
    for (; (attempt = attempts_next(evidence, request, attempt)) != NULL; before = attempt)
        if (!attempts_are_known(evidence, request, attempt->begun_ns))
            return;
        else if (before != NULL)
            check_next_choice(evidence, before, attempt, findings);
        else if (attempts_are_all_seen(evidence))
            check_first_choice(evidence, attempt, findings);
}

void choice_claims_check(const struct evidence *evidence, struct findings *findings)
{
    for (size_t i = 0; i < evidence->request_count; i++)
        check_choices(evidence, &evidence->requests[i], findings);
}
