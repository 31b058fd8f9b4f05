#include "proxy/admin/metrics.h"

#include <inttypes.h>

/* ---- counting -------------------------------------------------------------------------------- */

static void note_failure(struct metrics *metrics, const struct failure *failure)
{
    if (failure->cause != CAUSE_NONE)
        metrics->failures[failure->stage][failure->cause]++;
}

/* A decision says something if the attempt failed, or if it is not all zero. */
static void note_attempt(struct metrics *metrics, const struct attempt_record *attempt)
{
    const struct retry_decision *decision = &attempt->decision;

    note_failure(metrics, &attempt->failure);
    if (decision->retry)
        metrics->retries[decision->reason]++;
    else if (attempt->failure.cause != CAUSE_NONE || decision->reason != 0)
        metrics->refusals[decision->reason]++;
}

static void raise_to(uint64_t *peak, uint64_t value)
{
    if (value > *peak)
        *peak = value;
}

void metrics_note(struct metrics *metrics, const struct exchange_record *record)
{
    unsigned count = record->attempt_count;

    metrics->exchanges[record->kind]++;
    metrics->statuses[record->status < METRICS_STATUSES ? record->status : 0]++;
    metrics->attempts += count;
    for (unsigned i = 0; i < count; i++)
        note_attempt(metrics, &record->attempts[i]);
    if (count == 0 || record->attempts[count - 1].failure.cause == CAUSE_NONE)
        note_failure(metrics, &record->failure);
    metrics->request_bytes += record->request_body_bytes + record->tunnel_up_bytes;
    metrics->response_bytes += record->response_body_bytes + record->tunnel_down_bytes;
    raise_to(&metrics->held_bytes_peak, record->held_bytes_peak);
    raise_to(&metrics->replay_bytes_peak, record->replay_bytes_peak);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void write_header(struct admin_reply *reply, const char *name, const char *type,
                         const char *help)
{
    admin_reply_print(reply, "# HELP retryproof_%s %s\n# TYPE retryproof_%s %s\n", name, help, name,
                      type);
}

/*
 * What has not been counted is not said: most of what can happen never does. Labels are words of ours, without anything
 * that would have to be escaped.
 */
static void write_exchanges(const struct metrics *metrics, struct admin_reply *reply)
{
    write_header(reply, "exchanges_total", "counter", "Exchanges that have ended, by kind.");
    for (enum exchange_kind kind = 0; kind < EXCHANGE_KIND_COUNT; kind++)
        if (metrics->exchanges[kind] > 0)
            admin_reply_print(reply, "retryproof_exchanges_total{kind=\"%s\"} %" PRIu64 "\n",
                              exchange_kind_word(kind), metrics->exchanges[kind]);
    write_header(reply, "responses_total", "counter",
                 "Exchanges by the status their client got, 0 where it got none.");
    for (unsigned status = 0; status < METRICS_STATUSES; status++)
        if (metrics->statuses[status] > 0)
            admin_reply_print(reply, "retryproof_responses_total{status=\"%u\"} %" PRIu64 "\n",
                              status, metrics->statuses[status]);
}

static void write_reasons(const uint64_t counts[RETRY_REASON_COUNT], const char *name,
                          struct admin_reply *reply)
{
    for (enum retry_reason reason = 0; reason < RETRY_REASON_COUNT; reason++)
        if (counts[reason] > 0)
            admin_reply_print(reply, "retryproof_%s{reason=\"%s\"} %" PRIu64 "\n", name,
                              retry_reason_sentence(reason), counts[reason]);
}

static void write_retries(const struct metrics *metrics, struct admin_reply *reply)
{
    write_header(reply, "retries_total", "counter",
                 "Failed attempts that were tried again, by why.");
    write_reasons(metrics->retries, "retries_total", reply);
    write_header(reply, "refused_retries_total", "counter",
                 "Failed attempts that were not tried again, by why.");
    write_reasons(metrics->refusals, "refused_retries_total", reply);
}

static void write_failures(const struct metrics *metrics, struct admin_reply *reply)
{
    write_header(reply, "failures_total", "counter",
                 "Failed attempts, and exchanges that failed without one, by stage and cause.");
    for (enum stage stage = 0; stage < STAGE_COUNT; stage++)
        for (enum cause cause = 0; cause < CAUSE_COUNT; cause++)
            if (metrics->failures[stage][cause] > 0)
                admin_reply_print(
                    reply, "retryproof_failures_total{stage=\"%s\",cause=\"%s\"} %" PRIu64 "\n",
                    stage_word(stage), cause_word(cause), metrics->failures[stage][cause]);
}

/* A family of one sample. */
struct single {
    const char *name;
    const char *type;
    const char *help;
    uint64_t value;
};

static void write_singles(const struct single *singles, size_t count, struct admin_reply *reply)
{
    for (size_t i = 0; i < count; i++) {
        write_header(reply, singles[i].name, singles[i].type, singles[i].help);
        admin_reply_print(reply, "retryproof_%s %" PRIu64 "\n", singles[i].name, singles[i].value);
    }
}

static void write_amounts(const struct metrics *metrics, struct admin_reply *reply)
{
    const struct single singles[] = {
        {"attempts_total", "counter", "Tries at upstreams.", metrics->attempts},
        {"request_bytes_total", "counter", "Bytes of bodies and tunnels from clients.",
         metrics->request_bytes},
        {"response_bytes_total", "counter", "Bytes of bodies and tunnels to clients.",
         metrics->response_bytes},
        {"held_bytes_peak", "gauge", "Most body bytes that one exchange held at one moment.",
         metrics->held_bytes_peak},
        {"replay_bytes_peak", "gauge", "Most body bytes that one exchange kept for a retry.",
         metrics->replay_bytes_peak},
    };

    write_singles(singles, COUNT_OF(singles), reply);
}

static void write_census(const struct proxy_census *census, struct admin_reply *reply)
{
    const struct single singles[] = {
        {"client_connections", "gauge", "Open connections of clients.", census->sessions},
        {"exchanges_active", "gauge", "Exchanges under way, tunnels among them.",
         census->exchanges},
        {"tunnels_active", "gauge", "Exchanges that are a tunnel by now.", census->tunnels},
        {"upstream_connections_active", "gauge",
         "Connections to upstreams in use or being dialled.", census->upstream_active},
        {"upstream_connections_idle", "gauge", "Connections to upstreams that wait in a pool.",
         census->upstream_idle},
        {"body_bytes_held", "gauge", "Body bytes held now, by all exchanges.",
         census->body_bytes_held},
        {"client_handshake_failures_total", "counter",
         "Clients whose TLS handshake failed, which are no exchanges.", census->handshake_failures},
    };

    write_singles(singles, COUNT_OF(singles), reply);
}

static void write_log(const struct request_log_counts *log, struct admin_reply *reply)
{
    const struct single singles[] = {
        {"log_rows_added_total", "counter", "Rows handed to the request log.", log->added},
        {"log_rows_written_total", "counter", "Rows that are in its file.", log->written},
        {"log_rows_overflowed_total", "counter", "Rows lost because too many waited.",
         log->overflowed},
        {"log_rows_failed_total", "counter", "Rows lost because the file could not take them.",
         log->failed},
        {"log_files_put_aside_total", "counter", "Log files that had grown to their limit.",
         log->put_aside},
    };

    write_singles(singles, COUNT_OF(singles), reply);
}

void metrics_write(const struct metrics_view *view, struct admin_reply *reply)
{
    write_exchanges(view->metrics, reply);
    write_retries(view->metrics, reply);
    write_failures(view->metrics, reply);
    write_amounts(view->metrics, reply);
    write_census(view->census, reply);
    if (view->log != NULL)
        write_log(view->log, reply);
}
