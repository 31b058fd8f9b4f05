#include "harness/oracle/messages/tunnel_claims.h"

#include <inttypes.h>

#include "harness/oracle/attempts/inquiry.h"

/* One tunnel: what both its ends saw. */
struct tunnel {
    const struct evidence *evidence;
    const struct attempt_fact *attempt;
    const struct witness *client;
    const struct witness *upstream;
    const char *name; /* of the upstream */
};

static void check_further_attempts(const struct tunnel *tunnel, struct findings *findings)
{
    char name[EVIDENCE_NAME_BYTES];
    char began[FINDING_DURATION_BYTES];
    const struct evidence *evidence = tunnel->evidence;
    const struct attempt_fact *later = tunnel->attempt;
    while ((later = attempts_next(evidence, tunnel->attempt->request, later)) != NULL)
        if (attempts_follow(tunnel->attempt, later))
            findings_add(findings, "%s was tried again at %s on %s although its tunnel to %s stood",
                         request_name(later->request, name),
                         moment_format(later->begun_ns, evidence->began_ns, began),
                         evidence->scenario->upstream_names[later->upstream], tunnel->name);
}

/* What came out at one end went in at the other: also no error page of the proxy's own. */
static void check_bytes(const struct tunnel *tunnel, struct findings *findings)
{
    const struct witness *client = tunnel->client;
    const struct witness *upstream = tunnel->upstream;
    if (client->flow_in.bytes > upstream->out.bytes)
        findings_add(findings,
                     "the client got %" PRIu64
                     " bytes through the tunnel to %s, whose upstream sent %" PRIu64,
                     client->flow_in.bytes, tunnel->name, upstream->out.bytes);
    if (!client->streams || !upstream->streams || client->garbled || upstream->garbled)
        return; /* what was sent is no longer what the scripts say */
    if (!witness_flow_is_of(client, upstream))
        findings_add(findings, "what the client got through the tunnel to %s is not what was sent",
                     tunnel->name);
    if (!witness_flow_is_of(upstream, client))
        findings_add(findings, "what %s got through its tunnel is not what the client sent",
                     tunnel->name);
}

/* Whether one end got all that the other sent: an end comes behind it, and who leaves bytes unread does not get to it. */
static bool got_all(const struct tunnel *tunnel, const struct witness *from,
                    const struct witness *to)
{
    const struct request_fact *request = tunnel->attempt->request;
    if (from->streams && to->streams)
        return to->flow_in.bytes == from->flow_out.bytes;
    return to == tunnel->upstream && request_is_connect(request) &&
           to->in.bytes + request->sent->bytes_total == from->out.bytes;
}

/* Whether one end said FIN or RST, and the other heard of it only when the proxy was stopped, or not at all. */
static bool was_kept_from(const struct tunnel *tunnel, const struct witness *from,
                          const struct witness *to)
{
    uint64_t settled_ns = tunnel->evidence->settled_ns;
    uint64_t stopped_ns = settled_ns + attempts_latency_ns(tunnel->evidence);
    return tunnel->evidence->quiet && !to->stalled && from->own_end != WITNESS_OPEN &&
           from->own_end_ns < settled_ns && got_all(tunnel, from, to) &&
           to->peer_end_ns >= stopped_ns &&
           (to->own_end == WITNESS_OPEN || to->own_end_ns >= settled_ns);
}

static void check_ends(const struct tunnel *tunnel, struct findings *findings)
{
    const struct witness *client = tunnel->client;
    const struct witness *upstream = tunnel->upstream;
    if (was_kept_from(tunnel, client, upstream))
        findings_add(findings,
                     "the client ended its side of the tunnel (%s), which %s was not told",
                     witness_end_word(client->own_end), tunnel->name);
    if (was_kept_from(tunnel, upstream, client))
        findings_add(findings,
                     "%s ended its side of the tunnel (%s), which the client was not told",
                     tunnel->name, witness_end_word(upstream->own_end));
}

/* RFC 9110 9.3.6: what goes through a tunnel is nobody's to change; a proxy that reads it as HTTP says so in Via. */
enum claim_answer claim_tunnel_is_nobodys(const struct evidence *evidence,
                                          struct findings *findings)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    char name[EVIDENCE_NAME_BYTES];
    for (size_t i = 0; i < evidence->arrival_count; i++) {
        const struct arrival_fact *arrival = &evidence->arrivals[i];
        if (evidence_tunnel_of(evidence, arrival->request) == NULL)
            continue;
        inquiry.exercised = true;
        if (witness_message_field(arrival->message, "Via").data != NULL)
            findings_add(findings, "%s went through a tunnel to %s and has a Via",
                         request_name(arrival->request, name),
                         evidence->scenario->upstream_names[arrival->upstream]);
    }
    return inquiry_end(&inquiry);
}

typedef void check_tunnel(const struct tunnel *tunnel, struct findings *findings);

/* Each tunnel of which both ends are known. */
static enum claim_answer judge_tunnels(const struct evidence *evidence, struct findings *findings,
                                       check_tunnel *check_one)
{
    struct inquiry inquiry = inquiry_begin(evidence, findings);
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct attempt_fact *attempt = &evidence->attempts[i];
        if (!attempt->tunnel || attempt->request == NULL || attempt->connection == NULL)
            continue;
        const struct tunnel tunnel = {evidence, attempt, attempt->request->connection,
                                      attempt->connection, inquiry_upstream(evidence, attempt)};
        inquiry.exercised = true;
        check_one(&tunnel, findings);
    }
    return inquiry_end(&inquiry);
}

enum claim_answer claim_tunnel_is_not_tried_again(const struct evidence *evidence,
                                                  struct findings *findings)
{
    return judge_tunnels(evidence, findings, check_further_attempts);
}

enum claim_answer claim_tunnel_carries_bytes(const struct evidence *evidence,
                                             struct findings *findings)
{
    return judge_tunnels(evidence, findings, check_bytes);
}

enum claim_answer claim_tunnel_carries_ends(const struct evidence *evidence,
                                            struct findings *findings)
{
    return judge_tunnels(evidence, findings, check_ends);
}
