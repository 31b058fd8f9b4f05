/*
 * What the witnesses of one case saw, brought together: which request reached which upstream, and which
 * response answers which request. Verdicts are judged from this and nothing else.
 *
 * Ownership: refers to the actors, the trace and the scenario, which outlive it; its own arrays live in the region
 * that was given.
 * Pure: nothing here makes anything happen.
 */
#ifndef HARNESS_VERDICT_EVIDENCE_H
#define HARNESS_VERDICT_EVIDENCE_H

#include "fakeupstream/fake_upstream.h"
#include "fakeupstream/name_server.h"
#include "harness/client.h"
#include "harness/suite/scenario.h"
#include "harness/verdict/findings.h"
#include "proxy/log/log_reader.h"
#include "retryproof/record.h"
#include "world/filters/trace.h"

enum {
    EVIDENCE_RECORDS_MAX = 64, /* the last ones are kept; a case makes one to five */
    EVIDENCE_WAITS_MAX = 8,    /* actors that wait for ever and are named */
    EVIDENCE_HOOK_FAULTS_MAX = 8,
};

/* One request that a client began to send. */
struct request_fact {
    size_t client; /* index in the scenario */
    const struct witness *connection;
    const struct witness_sent *sent;
    const struct witness_message *response; /* NULL: not a byte of one */
    unsigned begun;                         /* times it reached an upstream, in part or whole */
    unsigned delivered;                     /* times it reached one whole */
    unsigned attempts;                      /* known ones, see attempts.h */
    uint64_t gone_ns; /* when the proxy was told that the client had left; 0: never, or not known */
    const struct trace_stream *accepted; /* the proxy's end of its connection; NULL: not known */
    uint64_t
        hung_up_ns; /* when the proxy ended that before it was told so; 0: never, or not known */
};

struct attempt_fact; /* attempts.h */

/* One request that an upstream saw, in part or whole. */
struct arrival_fact {
    size_t upstream; /* index in the scenario */
    const struct witness *connection;
    const struct witness_message *message;
    struct request_fact *request; /* NULL: none of those the clients sent */
};

/* What a client got: for each request its response, and responses that nobody asked for. */
struct outcome_fact {
    size_t client;
    const struct witness *connection;
    const struct witness_message *message; /* NULL: not a byte of a response */
    const struct request_fact *request;    /* NULL: raw bytes, or nothing was asked */
    /* As things stood when the case had settled; what stopping the subject brought is not its doing. */
    bool complete;
    enum witness_end closing;
    uint64_t ended_ns; /* end of the response, else of the connection; 0: neither ended */
    /* Found when all was over. */
    const struct witness_sent
        *source; /* the response that an upstream sent; NULL: none that is known */
    const struct attempt_fact *attempt; /* that got it; NULL: none is known to */
};

/* What one upstream saw, in numbers; attempts are those of the seam as well. */
struct upstream_tally {
    size_t dials; /* seen at the seam; equal to connections where there is no trace */
    size_t attempts;
    size_t delivered;
    size_t begun;
    size_t connections;
    size_t handshakes; /* of TLS, that were completed there */
    size_t resumed;    /* those among them that resumed a session */
};

/* When a fault of the scenario first took place. */
struct fault_moment {
    bool met;
    uint64_t at_ns;
    size_t seen; /* how many events of the trace that is recorded came before it */
};

/* What the runner knows of a case that a proxy which is not ours was asked. */
struct foreign_facts {
    bool hung;          /* the clients' patience ended before they had what they waited for */
    bool died;          /* a process of the proxy ended during the case */
    uint64_t settle_ns; /* how long further attempts were watched for when the clients were over */
    uint64_t patience_ns;
};

struct evidence {
    /* Given by the runner. */
    const struct scenario *scenario;
    enum world_kind world;
    uint64_t began_ns;
    uint64_t ended_ns;
    struct fake_upstream *const *upstreams; /* in the scenario's order */
    struct client *const *clients;
    const struct world *trace;             /* NULL: the subject is another process */
    const struct exchange_record *records; /* the last record_count, oldest first */
    size_t record_count;
    uint64_t record_total;
    size_t open[UPSTREAMS_MAX];             /* the proxy's connections when all was quiet */
    size_t pre_write_reused[UPSTREAMS_MAX]; /* faults that fired on a connection used before */
    struct trace_held held;
    struct trace_conduct conduct;
    struct trace_census left;              /* what the proxy left behind when it had been stopped */
    uint64_t settled_ns;                   /* when the runner began to end the case */
    bool quiet;                            /* nothing was under way then */
    struct trace_census at_settling;       /* what the proxy had set and opened then */
    uint64_t idle_steps;                   /* simulated upcalls about which nobody did anything */
    uint64_t memory_growth;                /* bytes; of a subject in its own process */
    const char *waits[EVIDENCE_WAITS_MAX]; /* actors that wait for ever, a sentence each */
    size_t wait_count;
    const struct hook_call *hook_calls; /* observed, in time; where the scenario has hooks */
    size_t hook_call_count;
    const struct name_server *names; /* NULL: the case needs none */
    const struct log_row
        *log_rows; /* of the request log, oldest first; where the case asks for one */
    size_t log_row_count;
    uint64_t hook_calls_lost;                          /* more than could be kept */
    const char *hook_faults[EVIDENCE_HOOK_FAULTS_MAX]; /* what hooks themselves found wrong */
    size_t hook_fault_count;
    unsigned faults_met; /* a bit for each of scenario->faults that took place */
    const struct fault_moment *fault_moments; /* of each of scenario->faults */
    const struct foreign_facts *foreign; /* NULL: the proxy is ours, or a program in its place */

    /* Found by evidence_settle(). */
    struct request_fact *requests; /* in the order in which they were begun */
    size_t request_count;
    struct outcome_fact *outcomes; /* by client, connection and number */
    size_t outcome_count;
    bool *stream_open; /* of each stream of the trace: the proxy held it then */
    size_t stream_count;

    /* Found by evidence_gather(). */
    struct arrival_fact *arrivals; /* by upstream, connection and number */
    size_t arrival_count;
    struct attempt_fact *attempts; /* by time */
    size_t attempt_count;
    struct upstream_tally tallies[UPSTREAMS_MAX];
    struct upstream_tally total;
};

/* What the clients have got, when the case has settled and before anything is ended. False when the region is full. */
MUST_USE bool evidence_settle(struct evidence *evidence, struct region *region);
/* What reached the upstreams, when all is over. After evidence_settle(). False when the region is full. */
MUST_USE bool evidence_gather(struct evidence *evidence, struct region *region);

/* Whose response each outcome is; a part of evidence_gather(). */
void evidence_link_outcomes(struct evidence *evidence);

/*
 * The CONNECT on the same connection behind whose 2xx a request was sent, so that it went through a tunnel; NULL if there
 * is none.
 */
struct request_fact *evidence_tunnel_of(const struct evidence *evidence,
                                        const struct request_fact *request);
/* Whether the proxy answered it with a tunnel: 2xx to CONNECT, or 101. */
bool request_made_tunnel(const struct request_fact *request);
bool request_is_connect(const struct request_fact *request);
/* Whether it says that it speaks that version, "HTTP/1.1". */
bool request_has_version(const struct request_fact *request, const char *version);
/* Whether it is of HTTP/1.0, whose clients get no 1xx. */
static inline bool request_is_of_old_client(const struct request_fact *request)
{
    return request_has_version(request, "HTTP/1.0");
}
/* How many addresses one attempt may dial at most, one after the other, by what the case's names lead to. */
unsigned evidence_addresses_most(const struct evidence *evidence);

/*
 * At the seam TLS shows as records and handshakes: how many bytes at most come to a direction of a case's connections beside
 * what their actors sent of themselves, upstream or (false) down from there. 0 where there is no TLS.
 */
enum {
    EVIDENCE_HANDSHAKE_BYTES =
        16 * 1024, /* both flights, a chain and tickets; ours take some 3 KiB */
    EVIDENCE_RECORD_BYTES =
        4096, /* no actor hands over less at a time, but for a drip, which is short */
    EVIDENCE_RECORD_OVERHEAD =
        32, /* header, explicit nonce, type and tag: RFC 8446 5.2, RFC 5246 6.2.3.3 */
    EVIDENCE_RECORD_PENDING =
        16 * 1024 + EVIDENCE_RECORD_OVERHEAD, /* one record of the largest size */
};
uint64_t evidence_tls_beside(const struct evidence *evidence, bool up);

/* "POST /pay"; of raw bytes, "a request". Returns text. */
enum { EVIDENCE_NAME_BYTES = 160 };
const char *request_name(const struct request_fact *request, char text[EVIDENCE_NAME_BYTES]);
/* RFC 9110 9.2.2 and the IANA registry, told apart from the proxy's own list on purpose. */
bool request_is_idempotent(const struct request_fact *request);
/* "200", "200 cut", "cut", "none", "reset". Returns text. */
enum { OUTCOME_WORD_BYTES = 16 };
const char *outcome_word(const struct outcome_fact *outcome, char text[OUTCOME_WORD_BYTES]);
/* What an upstream sent that carries the message's label; NULL if nobody did. */
const struct witness_sent *evidence_sent(const struct evidence *evidence,
                                         const struct witness_message *message);
/* The index of the upstream of that name; UPSTREAMS_MAX if there is none. */
size_t evidence_upstream(const struct evidence *evidence, struct bytes name);

/*
 * Adds "dialled a at +0.3 ms (Connection refused), dialled b at +0.6 ms (connected)", or "POST /pay at +0.7 ms on b
 * connection 1, 11 of 11 body bytes" for each request there. UPSTREAMS_MAX means all upstreams.
 */
void evidence_tell_dials(const struct evidence *evidence, size_t upstream, struct phrase *phrase);
void evidence_tell_arrivals(const struct evidence *evidence, size_t upstream,
                            struct phrase *phrase);

#endif
