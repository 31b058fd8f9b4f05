#include <inttypes.h>
#include <string.h>

#include "harness/recording/recorder_state.h"
#include "harness/verdict/attempts.h"

static void fill_from_record(struct recorder *recorder, const struct exchange_record *record,
                             struct recording_exchange *exchange);
static void fill_from_request(struct recorder *recorder, const struct request_fact *request,
                              struct recording_exchange *exchange);
static void note_exchange(struct recorder *recorder, const struct exchange_record *record,
                          const struct recording_exchange *exchange);

/* From what the proxy recorded; of one that records nothing for us, from what the witnesses saw. */
void exchange_list_fill(struct recorder *recorder)
{
    const struct evidence *evidence = recorder->evidence;
    bool recorded = recorder->input->from_proxy;
    size_t count = recorded ? evidence->record_count : evidence->request_count;
    struct recording_exchange *exchanges =
        recorder_take(recorder, (count + 1) * sizeof(*exchanges));
    if (exchanges == NULL)
        return;
    for (size_t i = 0; i < count && !recorder->full; i++) {
        if (!recorded) {
            fill_from_request(recorder, &evidence->requests[i], &exchanges[i]);
            continue;
        }
        fill_from_record(recorder, &evidence->records[i], &exchanges[i]);
        if (!recorder->full)
            note_exchange(recorder, &evidence->records[i], &exchanges[i]);
    }
    recorder->out.exchanges = exchanges;
    recorder->out.exchange_count = count;
}

/* ---- the connection of an attempt ------------------------------------------------------------ */

static bool is_dial_to(const struct recorded_line *line, const struct address *address)
{
    return line->stream->side == TRACE_CONNECTED &&
           (address->family == 0 || address_equal(&line->stream->address, address));
}

/* The next one that nobody claimed, within the attempt, and that was answered or not; then it is claimed. */
static size_t claim_dial(struct recorder *recorder, const struct attempt_record *attempt,
                         const struct address *address, bool answered)
{
    for (size_t i = 0; i < recorder->out.connection_count; i++) {
        struct recorded_line *line = &recorder->lines[i];
        if (line->claimed || !is_dial_to(line, address) ||
            line->stream->began_ns < attempt->begun_ns ||
            line->stream->began_ns > attempt->ended_ns || (line->stream->outcome == 0) != answered)
            continue;
        line->claimed = true;
        return i;
    }
    return RECORDING_NOWHERE;
}

/* Whether it came so far as to dial. */
static bool has_dialled(const struct attempt_record *attempt)
{
    return attempt->address.family != 0 ||
           (attempt->failure.stage > STAGE_RESOLVE &&
            attempt->failure.cause != CAUSE_DESTINATION_IP_PROHIBITED);
}

/* Addresses of its name may have failed before the one that counts: the record tells of each. */
static size_t find_dial(struct recorder *recorder, const struct exchange_record *record,
                        unsigned index)
{
    const struct attempt_record *attempt = &record->attempts[index];
    for (unsigned i = 0; i < record->dial_count; i++)
        if (record->dials[i].attempt == index + 1)
            (void)claim_dial(recorder, attempt, &record->dials[i].address, false);
    if (!has_dialled(attempt))
        return RECORDING_NOWHERE;
    return claim_dial(recorder, attempt, &attempt->address, attempt->address.family != 0);
}

/* By its upstream, which saw a request begin within the attempt; else the last one that stood open then. */
static size_t find_reused(const struct recorder *recorder, const struct attempt_record *attempt)
{
    const struct evidence *evidence = recorder->evidence;
    size_t found = RECORDING_NOWHERE;
    for (size_t i = 0; i < recorder->out.connection_count; i++) {
        const struct recorded_line *line = &recorder->lines[i];
        if (!is_dial_to(line, &attempt->address) || line->stream->outcome != 0 ||
            line->stream->began_ns > attempt->begun_ns ||
            line->stream->ended_ns < attempt->begun_ns)
            continue;
        found = i;
        for (size_t k = 0; k < evidence->attempt_count; k++)
            if (evidence->attempts[k].stream == line->stream && !evidence->attempts[k].fresh &&
                evidence->attempts[k].begun_ns >= attempt->begun_ns &&
                evidence->attempts[k].begun_ns <= attempt->ended_ns)
                return i;
    }
    return found;
}

/* ---- from a record --------------------------------------------------------------------------- */

static const char *upstream_name(struct recorder *recorder, const struct exchange_record *record,
                                 const struct attempt_record *attempt)
{
    const struct scenario *scenario = recorder->evidence->scenario;
    size_t upstream = attempt->upstream < scenario->proxy_upstream_count
                          ? scenario->proxy_upstreams[attempt->upstream]
                          : recorder_upstream_at(recorder, &attempt->address);
    if (upstream < scenario->upstream_count)
        return scenario->upstream_names[upstream];
    return attempt->address.family != 0 ? recorder_say_address(recorder, &attempt->address)
                                        : recorder_say(recorder, "%s", record->host);
}

/* More than the cause says: what the failing layer knows, otherwise what the system says. */
static const char *detail_of(struct recorder *recorder, const struct attempt_record *attempt)
{
    if (attempt->detail != NULL || attempt->failure.os_error == 0)
        return attempt->detail;
    return recorder_say(recorder, "%s", strerror(attempt->failure.os_error));
}

static void fill_attempt(struct recorder *recorder, const struct exchange_record *record,
                         unsigned index, struct recording_attempt *out)
{
    const struct attempt_record *attempt = &record->attempts[index];
    bool failed = attempt->failure.cause != CAUSE_NONE;
    /* The record says a decision's reason where there was something to decide. */
    bool decided = failed || attempt->decision.retry || attempt->decision.reason != 0;
    *out = (struct recording_attempt){
        .number = index + 1,
        .upstream = upstream_name(recorder, record, attempt),
        .connection =
            attempt->reused ? find_reused(recorder, attempt) : find_dial(recorder, record, index),
        .reused = attempt->reused,
        .tls = attempt->tls,
        .begun_ns = recorder_since(recorder, attempt->begun_ns),
        .ended_ns = recorder_since(recorder, attempt->ended_ns),
        .tx = attempt->tx,
        .rx = attempt->rx,
        .status = attempt->status,
        .stage = failed ? stage_word(attempt->failure.stage) : NULL,
        .cause = failed ? cause_word(attempt->failure.cause) : NULL,
        .detail = detail_of(recorder, attempt),
        .retried = attempt->decision.retry && index + 1 < record->attempt_count,
        .decision = decided ? retry_reason_sentence(attempt->decision.reason) : NULL,
        .backoff_ns = attempt->backoff_ns,
    };
    if (attempt->address.family != 0)
        out->address = recorder_say_address(recorder, &attempt->address);
}

/* The client whose connection the record says it was. */
static const char *client_of(const struct recorder *recorder, const struct exchange_record *record,
                             size_t *connection)
{
    *connection = RECORDING_NOWHERE;
    for (size_t i = 0; i < recorder->out.connection_count; i++) {
        const struct trace_kept kept = trace_kept_at(recorder->input->trace, i);
        if (recorder->lines[i].stream->side == TRACE_ACCEPTED &&
            address_equal(&kept.dialler, &record->client)) {
            *connection = i;
            return recorder->lanes[recorder->connections[i].lane].name;
        }
    }
    return "";
}

static void fill_from_record(struct recorder *recorder, const struct exchange_record *record,
                             struct recording_exchange *exchange)
{
    bool failed = record->failure.cause != CAUSE_NONE;
    size_t connection;
    struct recording_attempt *attempts =
        recorder_take(recorder, (record->attempt_count + 1) * sizeof(*attempts));
    *exchange = (struct recording_exchange){
        .client = client_of(recorder, record, &connection),
        .method = recorder_say(recorder, "%s", record->method),
        .target = recorder_say(recorder, "%s", record->target),
        .begun_ns = recorder_since(recorder, record->begun_ns),
        .ended_ns = recorder_since(recorder, record->ended_ns),
        .status = record->status,
        .stage = failed ? stage_word(record->failure.stage) : NULL,
        .cause = failed ? cause_word(record->failure.cause) : NULL,
        .error_word = record->error_word,
        .attempts = attempts,
    };
    for (unsigned i = 0; i < record->attempt_count && attempts != NULL; i++) {
        fill_attempt(recorder, record, i, &attempts[i]);
        exchange->attempt_count++;
    }
}

/* ---- from what the witnesses saw --------------------------------------------------------------- */

static size_t connection_of(const struct recorder *recorder, const struct witness *witness)
{
    for (size_t i = 0; i < recorder->out.connection_count; i++)
        if (recorder->lines[i].witness == witness && witness != NULL)
            return i;
    return RECORDING_NOWHERE;
}

/* Its end is at the latest when its upstream ended the connection, of which nobody saw what the proxy made. */
static uint64_t end_of_seen(const struct attempt_fact *attempt)
{
    const struct witness *witness = attempt->connection;
    bool ended = witness != NULL && witness->own_end != WITNESS_OPEN;
    return ended && witness->own_end_ns < attempt->ended_ns ? witness->own_end_ns
                                                            : attempt->ended_ns;
}

/* Of the first request on a connection, where no other followed, all that came is its own. */
static uint64_t bytes_of_seen(const struct attempt_fact *attempt)
{
    bool alone = attempt->connection != NULL && attempt->message != NULL &&
                 attempt->message->number == 1 && attempt->message->next == NULL;
    return alone ? attempt->connection->in.bytes : attempt->written;
}

static void fill_seen_attempt(struct recorder *recorder, const struct attempt_fact *attempt,
                              struct recording_attempt *out)
{
    const struct evidence *evidence = recorder->evidence;
    *out = (struct recording_attempt){
        .number = attempt->number,
        .upstream = evidence->scenario->upstream_names[attempt->upstream],
        .address = recorder_say_address(recorder, &evidence->upstreams[attempt->upstream]->address),
        .connection = connection_of(recorder, attempt->connection),
        .reused = !attempt->fresh,
        .tls = attempt->connection != NULL && attempt->connection->handshake.tls,
        .begun_ns = recorder_since(recorder, attempt->begun_ns),
        .ended_ns = recorder_since(recorder, end_of_seen(attempt)),
        .tx = bytes_of_seen(attempt),
        .rx = attempt->answer != NULL ? attempt->answer->bytes : 0,
        .status = attempt->answer != NULL && attempt->answer->draft != NULL
                      ? attempt->answer->draft->status
                      : 0,
    };
}

static void fill_from_request(struct recorder *recorder, const struct request_fact *request,
                              struct recording_exchange *exchange)
{
    const struct evidence *evidence = recorder->evidence;
    const struct witness_message *response = request->response;
    struct recording_attempt *attempts =
        recorder_take(recorder, (request->attempts + 1) * sizeof(*attempts));
    *exchange = (struct recording_exchange){
        .client = evidence->scenario->clients[request->client].name,
        .method = request->sent->draft->method,
        .target = request->sent->draft->target,
        .begun_ns = recorder_since(recorder, request->sent->begun_ns),
        .ended_ns = recorder_since(recorder, response != NULL && response->complete_ns != 0
                                                 ? response->complete_ns
                                                 : TIME_NEVER),
        .status = response != NULL ? response->status : 0,
        .attempts = attempts,
    };
    const struct attempt_fact *attempt = NULL;
    while (attempts != NULL && exchange->attempt_count < request->attempts &&
           (attempt = attempts_next(evidence, request, attempt)) != NULL) {
        fill_seen_attempt(recorder, attempt, &attempts[exchange->attempt_count]);
        if (exchange->attempt_count > 0)
            attempts[exchange->attempt_count - 1].retried = true;
        exchange->attempt_count++;
    }
}

/* ---- decisions, told ----------------------------------------------------------------------------- */

static void note_decision(struct recorder *recorder, uint64_t order,
                          const struct recording_event *event)
{
    struct recording_event decision = *event;
    decision.what = RECORDED_DECISION;
    recorder_note(recorder, order, &decision);
}

/* Where it goes, before the dial or the first write that it brings. */
static void note_beginning(struct recorder *recorder, const struct attempt_record *attempt,
                           const struct recording_attempt *shown, uint64_t order)
{
    note_decision(recorder, order,
                  &(struct recording_event){
                      .at_ns = attempt->begun_ns,
                      .connection = shown->connection,
                      .text = recorder_say(recorder, "attempt %u goes to %s%s", shown->number,
                                           shown->upstream,
                                           shown->reused ? ", on a connection used before" : "")});
}

/* How it failed, whether it is tried again, and why. */
static void note_outcome(struct recorder *recorder, const struct attempt_record *attempt,
                         const struct recording_attempt *shown, uint64_t order)
{
    struct phrase said = {.used = 0};
    char pause[FINDING_DURATION_BYTES];
    if (shown->decision == NULL)
        return;
    if (shown->cause != NULL)
        phrase_add(&said, "attempt %u failed: %s, %s", shown->number, shown->stage, shown->cause);
    else
        phrase_add(&said, "attempt %u got a %u", shown->number, shown->status);
    if (shown->detail != NULL)
        phrase_add(&said, " (%s)", shown->detail);
    phrase_add(&said, "; %s: %s", shown->retried ? "tried again" : "not tried again",
               shown->decision);
    if (shown->backoff_ns > 0)
        phrase_add(&said, ", after a pause of %s", duration_format(shown->backoff_ns, pause));
    note_decision(recorder, order,
                  &(struct recording_event){.at_ns = attempt->ended_ns,
                                            .connection = shown->connection,
                                            .text = recorder_say(recorder, "%s", said.text)});
}

/* Where the attempt's beginning belongs: its dial, or its first write on a connection used before. */
static uint64_t order_of_beginning(const struct recorder *recorder,
                                   const struct attempt_record *attempt,
                                   const struct recording_attempt *shown)
{
    if (shown->connection == RECORDING_NOWHERE)
        return recorder_behind(recorder, attempt->begun_ns);
    return recorder_before(recorder, shown->connection,
                           &(struct recorded_kinds){.dial = !shown->reused, .write = shown->reused},
                           attempt->begun_ns);
}

static void note_end(struct recorder *recorder, const struct exchange_record *record,
                     size_t connection, uint64_t order)
{
    if (record->error_word == NULL)
        return;
    note_decision(recorder, order,
                  &(struct recording_event){
                      .at_ns = record->ended_ns,
                      .connection = connection,
                      .way = WAY_DOWN,
                      .text = record->status != 0
                                  ? recorder_say(recorder, "the proxy answers %u by itself: %s",
                                                 record->status, record->error_word)
                                  : recorder_say(recorder, "the proxy gives the request up: %s",
                                                 record->error_word)});
}

/* Between two calls something came or went, or time passed. */
static bool is_later(const struct hook_call *call, const struct hook_call *before)
{
    return call->seen != before->seen || call->at_ns != before->at_ns;
}

static void note_calls(struct recorder *recorder, size_t connection, const struct hook_call *call,
                       const struct phrase *said)
{
    note_decision(recorder, 2 * (uint64_t)call->seen,
                  &(struct recording_event){.at_ns = call->at_ns,
                                            .connection = connection,
                                            .text = recorder_say(recorder, "%s", said->text)});
}

/* The calls of hooks in an exchange, when they came. Those between which nothing happened are told in one line, and those of one
   hook that follow each other there are one. */
static void note_hooks(struct recorder *recorder, const struct exchange_record *record,
                       size_t connection)
{
    const struct evidence *evidence = recorder->evidence;
    const struct hook_call *before = NULL;
    struct phrase said = {.used = 0};
    for (size_t i = 0; i < evidence->hook_call_count; i++) {
        const struct hook_call *call = &evidence->hook_calls[i];
        if (call->exchange != record->id)
            continue;
        if (before != NULL && is_later(call, before)) {
            note_calls(recorder, connection, before, &said);
            said.used = 0;
        }
        if (said.used == 0 || before->hook != call->hook)
            phrase_add(&said, "%s%s",
                       said.used > 0 ? ", " : "hooks called: ", hook_word(call->hook));
        before = call;
    }
    if (before != NULL)
        note_calls(recorder, connection, before, &said);
}

static void note_exchange(struct recorder *recorder, const struct exchange_record *record,
                          const struct recording_exchange *exchange)
{
    static const struct recorded_kinds ANSWER = {.write = true, .own_end = true};
    size_t client;
    (void)client_of(recorder, record, &client);
    uint64_t end = client == RECORDING_NOWHERE
                       ? recorder_behind(recorder, record->ended_ns)
                       : recorder_before(recorder, client, &ANSWER, record->ended_ns);
    note_hooks(recorder, record, client); /* ahead of what they have decided */
    for (size_t i = 0; i < exchange->attempt_count; i++) {
        const struct attempt_record *attempt = &record->attempts[i];
        const struct attempt_record *next = attempt + 1;
        bool has_next = i + 1 < exchange->attempt_count;
        uint64_t order = has_next && next->begun_ns == attempt->ended_ns
                             ? order_of_beginning(recorder, next, &exchange->attempts[i + 1])
                             : recorder_behind(recorder, attempt->ended_ns);
        if (!has_next && attempt->ended_ns == record->ended_ns)
            order = end;
        note_beginning(recorder, attempt, &exchange->attempts[i],
                       order_of_beginning(recorder, attempt, &exchange->attempts[i]));
        note_outcome(recorder, attempt, &exchange->attempts[i], order);
    }
    note_end(recorder, record, client, end);
}
