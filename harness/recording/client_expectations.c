#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/recording/expectation_rows.h"
#include "harness/verdict/message_judge.h"

enum { VALUE_BYTES_MAX = 120 }; /* of a field in a row */

/* What a client got, and one thing that is asked of it: the judge is asked about that alone. */
struct asked {
    struct expectation_rows *rows;
    const struct outcome_fact *outcome; /* NULL: it had no connection, or fewer responses */
};

/* ---- fields ------------------------------------------------------------------------------------ */

static const char *say_bytes(struct recorder *recorder, struct bytes value)
{
    size_t size = value.size < VALUE_BYTES_MAX ? value.size : VALUE_BYTES_MAX;
    return value.data == NULL ? "none"
                              : recorder_say(recorder, "%.*s", (int)size, (const char *)value.data);
}

static const char *say_field(struct recorder *recorder, const struct witness_message *message,
                             const char *name)
{
    return message == NULL ? "-" : say_bytes(recorder, witness_message_field(message, name));
}

/* ---- responses ----------------------------------------------------------------------------------- */

static bool outcome_holds(const struct asked *asked, const struct expected_response *expected)
{
    struct recorder *recorder = asked->rows->recorder;
    struct findings findings;
    if (asked->outcome == NULL)
        return false;
    findings_init(&findings, recorder->region);
    message_judge_outcome(&(struct message_judge){recorder->evidence, "the client", &findings},
                          asked->outcome, expected);
    return findings.count == 0;
}

/* A row about that one thing, which expected holds and nothing else. */
static void ask(const struct asked *asked, const char *what, const char *words,
                const struct expected_response *expected)
{
    expectation_rows_add(
        asked->rows, &(struct recording_expectation){
                         .what = what, .expected = words, .holds = outcome_holds(asked, expected)});
}

/* What was seen of it; the row is the last one. */
static void answer(const struct asked *asked, const char *seen)
{
    asked->rows->list[asked->rows->count - 1].observed = seen;
}

static void add_status(const struct asked *asked, const struct expected_response *expected)
{
    struct recorder *recorder = asked->rows->recorder;
    char words[NUMBER_RULE_BYTES];
    char word[OUTCOME_WORD_BYTES];
    if (!expected->status_none && !expected->status_gateway &&
        expected->status.comparison == NUMBER_ANY)
        return;
    ask(asked, "status",
        expected->status_none ? "none"
        : expected->status_gateway
            ? "gateway-error"
            : recorder_say(recorder, "%s", number_rule_words(&expected->status, words)),
        &(struct expected_response){.status_none = expected->status_none,
                                    .status_gateway = expected->status_gateway,
                                    .status = expected->status});
    answer(asked, asked->outcome == NULL
                      ? "-"
                      : recorder_say(recorder, "%s", outcome_word(asked->outcome, word)));
}

static void add_ending(const struct asked *asked, const struct expected_response *expected)
{
    static const char *const ENDS[] = {
        [CLOSING_FIN] = "fin", [CLOSING_RST] = "rst", [CLOSING_OPEN] = "open"};
    if (expected->complete_set) {
        ask(asked, "response is complete", expected->complete ? "true" : "false",
            &(struct expected_response){.complete_set = true, .complete = expected->complete});
        answer(asked, asked->outcome == NULL ? "-" : asked->outcome->complete ? "true" : "false");
    }
    if (expected->closed != CLOSING_ANY) {
        ask(asked, "connection is closed", ENDS[expected->closed],
            &(struct expected_response){.closed = expected->closed});
        answer(asked, asked->outcome == NULL ? "-" : witness_end_word(asked->outcome->closing));
    }
}

/* The 1xx that came, "103, 103"; "none". */
static const char *say_interims(struct recorder *recorder, const struct witness_message *message)
{
    struct phrase said = {.used = 0};
    for (size_t i = 0; message != NULL && i < message->interim_count && i < WITNESS_INTERIMS_MAX;
         i++)
        phrase_add(&said, "%s%u", i > 0 ? ", " : "", message->interims[i]);
    return said.used > 0 ? recorder_say(recorder, "%s", said.text) : "none";
}

static void add_interims(const struct asked *asked, const struct expected_response *expected,
                         const struct witness_message *message)
{
    struct recorder *recorder = asked->rows->recorder;
    char words[NUMBER_RULE_BYTES];
    struct phrase rules = {.used = 0};
    if (expected->interim == NULL)
        return;
    for (size_t i = 0; i < expected->interim_count; i++)
        phrase_add(&rules, "%s%s", i > 0 ? ", " : "",
                   number_rule_words(&expected->interim[i], words));
    ask(asked, "1xx responses", rules.used > 0 ? recorder_say(recorder, "%s", rules.text) : "none",
        &(struct expected_response){.interim = expected->interim,
                                    .interim_count = expected->interim_count});
    answer(asked, say_interims(recorder, message));
}

static void add_fields(const struct asked *asked, const struct expected_response *expected,
                       const struct witness_message *message)
{
    struct recorder *recorder = asked->rows->recorder;
    for (const struct expected_header *field = expected->headers; field != NULL;
         field = field->next) {
        const struct expected_header alone = {field->name, field->value, NULL};
        ask(asked, recorder_say(recorder, "field %s", field->name),
            field->value != NULL ? field->value : "none",
            &(struct expected_response){.headers = &alone});
        answer(asked, say_field(recorder, message, field->name));
    }
    if (!expected->trailers_set)
        return;
    struct phrase trailers = {.used = 0};
    struct phrase seen = {.used = 0};
    for (const struct expected_header *field = expected->trailers; field != NULL;
         field = field->next)
        phrase_add(&trailers, "%s%s: %s", trailers.used > 0 ? ", " : "", field->name, field->value);
    for (size_t i = 0; message != NULL && i < message->trailer_count; i++)
        phrase_add(
            &seen, "%s%.*s: %.*s", seen.used > 0 ? ", " : "", (int)message->trailers[i].name.size,
            (const char *)message->trailers[i].name.data, (int)message->trailers[i].value.size,
            (const char *)message->trailers[i].value.data);
    ask(asked, "trailers", trailers.used > 0 ? recorder_say(recorder, "%s", trailers.text) : "none",
        &(struct expected_response){.trailers_set = true, .trailers = expected->trailers});
    answer(asked, seen.used > 0 ? recorder_say(recorder, "%s", seen.text) : "none");
}

static void add_message(const struct asked *asked, const struct expected_response *expected)
{
    struct recorder *recorder = asked->rows->recorder;
    const struct witness_message *message = asked->outcome != NULL ? asked->outcome->message : NULL;
    char words[NUMBER_RULE_BYTES];
    if (expected->body.comparison != NUMBER_ANY) {
        ask(asked, "body bytes",
            recorder_say(recorder, "%s", number_rule_words(&expected->body, words)),
            &(struct expected_response){.body = expected->body});
        answer(asked,
               message == NULL ? "-" : recorder_say(recorder, "%" PRIu64, message->body_bytes));
    }
    if (expected->from != NULL) {
        struct bytes maker = {NULL, 0};
        if (message != NULL)
            maker = witness_message_maker(message);
        ask(asked, "response is made by", expected->from,
            &(struct expected_response){.from = expected->from});
        answer(asked, message == NULL   ? "-"
                      : maker.size == 0 ? "the proxy"
                                        : say_bytes(recorder, maker));
    }
    if (expected->error != NULL) {
        ask(asked, "error", expected->error, &(struct expected_response){.error = expected->error});
        answer(asked, message == NULL
                          ? "-"
                          : say_bytes(recorder, message_proxy_status(message, "details")));
    }
    if (expected->cause != NULL) {
        ask(asked, "cause", expected->cause, &(struct expected_response){.cause = expected->cause});
        answer(asked,
               message == NULL ? "-" : say_bytes(recorder, message_proxy_status(message, "error")));
    }
    add_fields(asked, expected, message);
    add_interims(asked, expected, message);
}

static void add_tls(const struct asked *asked, const struct expected_tls *expected)
{
    struct expectation_rows *rows = asked->rows;
    if (expected == NULL || asked->outcome == NULL)
        return;
    const struct witness_handshake *handshake = &asked->outcome->connection->handshake;
    expectation_rows_text(rows, "TLS version", expected->version, handshake->version);
    expectation_rows_text(rows, "TLS protocol", expected->alpn, handshake->alpn);
    expectation_rows_text(rows, "TLS failure", expected->detail, handshake->failure);
    if (expected->failed_set)
        expectation_rows_truth(rows, "handshake failed", expected->failed, !handshake->completed);
    if (expected->resumed_set)
        expectation_rows_truth(rows, "session was resumed", expected->resumed, handshake->resumed);
}

/* ---- clients ------------------------------------------------------------------------------------- */

static const struct outcome_fact *nth_outcome(const struct evidence *evidence, size_t client,
                                              size_t index)
{
    for (size_t i = 0; i < evidence->outcome_count; i++)
        if (evidence->outcomes[i].client == client && index-- == 0)
            return &evidence->outcomes[i];
    return NULL;
}

/* As the judge goes through them: a map speaks of the last response, a list of each. */
static void add_client(struct expectation_rows *rows, size_t client)
{
    const struct evidence *evidence = rows->recorder->evidence;
    const struct expected_client *expected = &evidence->scenario->expect.clients[client];
    const char *name = evidence->scenario->clients[client].name;
    const char *article = strcmp(name, "client") == 0 ? "the" : "client";
    size_t count = 0;
    for (size_t i = 0; i < evidence->outcome_count; i++)
        count += evidence->outcomes[i].client == client;
    rows->who = recorder_say(rows->recorder, "%s %s's", article, name);
    if (expected->listed)
        expectation_rows_number(rows, "responses",
                                &(struct number_rule){NUMBER_ONE_OF, {expected->count}, 1}, count);
    for (size_t i = 0; i < expected->count; i++) {
        size_t index = expected->listed || count == 0 ? i : count - 1;
        const struct asked asked = {rows, nth_outcome(evidence, client, index)};
        if (expected->listed && expected->count > 1)
            rows->who = recorder_say(rows->recorder, "%s %s's response %zu:", article, name, i + 1);
        add_status(&asked, &expected->responses[i]);
        add_ending(&asked, &expected->responses[i]);
        add_message(&asked, &expected->responses[i]);
        add_tls(&asked, expected->responses[i].tls);
    }
}

/* ---- the last request at an upstream --------------------------------------------------------------- */

static const struct arrival_fact *last_arrival(const struct evidence *evidence, size_t upstream)
{
    const struct arrival_fact *last = NULL;
    for (size_t i = 0; i < evidence->arrival_count; i++)
        if (evidence->arrivals[i].upstream == upstream &&
            (last == NULL || evidence->arrivals[i].message->begun_ns >= last->message->begun_ns))
            last = &evidence->arrivals[i];
    return last;
}

static bool request_holds(const struct expectation_rows *rows, const struct arrival_fact *arrival,
                          const struct expected_request *expected)
{
    struct findings findings;
    findings_init(&findings, rows->recorder->region);
    message_judge_received(
        &(struct message_judge){rows->recorder->evidence, "the request", &findings}, arrival,
        expected);
    return findings.count == 0;
}

static void add_received_fields(struct expectation_rows *rows, const struct arrival_fact *arrival,
                                const struct expected_request *expected)
{
    struct recorder *recorder = rows->recorder;
    for (const struct expected_header *field = expected->headers; field != NULL;
         field = field->next) {
        const struct expected_header alone = {field->name, field->value, NULL};
        expectation_rows_add(
            rows, &(struct recording_expectation){
                      .what = recorder_say(recorder, "field %s", field->name),
                      .expected = field->value != NULL ? field->value : "none",
                      .observed = say_field(recorder, arrival->message, field->name),
                      .holds = request_holds(rows, arrival,
                                             &(struct expected_request){.headers = &alone})});
    }
}

static void add_received(struct expectation_rows *rows, size_t upstream,
                         const struct expected_request *expected)
{
    const struct evidence *evidence = rows->recorder->evidence;
    const struct arrival_fact *last = last_arrival(evidence, upstream);
    rows->who = recorder_say(
        rows->recorder, "the last request at %s:", evidence->scenario->upstream_names[upstream]);
    if (last == NULL) {
        expectation_rows_truth(rows, "came", true, false);
        return;
    }
    expectation_rows_text(rows, "method", expected->method, last->message->method);
    expectation_rows_text(rows, "target", expected->target, last->message->target);
    expectation_rows_text(rows, "framing", expected->framing,
                          message_framing_word(last->message->framing));
    expectation_rows_number(rows, "body bytes", &expected->body, last->message->body_bytes);
    if (expected->body_same)
        expectation_rows_add(
            rows,
            &(struct recording_expectation){
                .what = "body",
                .expected = "same",
                .observed =
                    recorder_say(rows->recorder, "%" PRIu64 " bytes", last->message->body_bytes),
                .holds = request_holds(rows, last, &(struct expected_request){.body_same = true})});
    add_received_fields(rows, last, expected);
}

void client_expectations_add(struct expectation_rows *rows)
{
    const struct evidence *evidence = rows->recorder->evidence;
    for (size_t u = 0; u < evidence->scenario->upstream_count; u++)
        if (evidence->scenario->expect.upstreams[u].received != NULL)
            add_received(rows, u, evidence->scenario->expect.upstreams[u].received);
    for (size_t c = 0; c < evidence->scenario->client_count; c++)
        add_client(rows, c);
}
