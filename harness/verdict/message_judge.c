#include "harness/verdict/message_judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/verdict/changed_body.h"
#include "world/data/digest.h"

enum { SHOWN_BYTES_MAX = 60 }; /* of a field value in a sentence */

static int shown(struct bytes value)
{
    return value.size < SHOWN_BYTES_MAX ? (int)value.size : SHOWN_BYTES_MAX;
}

/* ---- fields --------------------------------------------------------------------------------- */

static bool has_field(const struct message_field *fields, size_t count,
                      const struct message_field *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_nocase(fields[i].name, wanted->name) &&
            bytes_equal(fields[i].value, wanted->value))
            return true;
    return false;
}

static void judge_headers(const struct witness_message *message,
                          const struct expected_header *expected, const struct message_judge *by)
{
    for (; expected != NULL; expected = expected->next) {
        struct bytes found = witness_message_field(message, expected->name);
        if (expected->value == NULL && found.data != NULL)
            findings_add(by->findings, "%s has the field '%s: %.*s', expected none of that name",
                         by->who, expected->name, shown(found), (const char *)found.data);
        if (expected->value == NULL ||
            has_field(message->fields, message->field_count,
                      &(struct message_field){bytes_of(expected->name), bytes_of(expected->value)}))
            continue;
        if (found.data == NULL)
            findings_add(by->findings, "%s has no field '%s', expected '%s'", by->who,
                         expected->name, expected->value);
        else
            findings_add(by->findings, "%s has the field '%s: %.*s', expected '%s'", by->who,
                         expected->name, shown(found), (const char *)found.data, expected->value);
    }
}

/* All trailers of a response, and no others. */
static void judge_trailers(const struct witness_message *message,
                           const struct expected_response *expected, const struct message_judge *by)
{
    size_t count = 0;
    if (!expected->trailers_set)
        return;
    for (const struct expected_header *trailer = expected->trailers; trailer != NULL;
         trailer = trailer->next) {
        const struct message_field wanted = {bytes_of(trailer->name), bytes_of(trailer->value)};
        if (!has_field(message->trailers, message->trailer_count, &wanted))
            findings_add(by->findings, "%s has no trailer '%s: %s'", by->who, trailer->name,
                         trailer->value);
        count++;
    }
    if (message->trailer_count != count)
        findings_add(by->findings, "%s has %zu trailers, expected %zu", by->who,
                     message->trailer_count, count);
}

/* A parameter of `Proxy-Status: name; error=word; details="WORD"` (RFC 9209 2.1). Empty if it is not there. */
struct bytes message_proxy_status(const struct witness_message *message, const char *name)
{
    struct bytes rest = witness_message_field(message, "Proxy-Status");
    size_t name_size = strlen(name);
    while (rest.size > 0) {
        const uint8_t *semicolon = memchr(rest.data, ';', rest.size);
        size_t size = semicolon != NULL ? (size_t)(semicolon - rest.data) : rest.size;
        struct bytes part = bytes_trim(bytes_make(rest.data, size));
        if (part.size > name_size && memcmp(part.data, name, name_size) == 0 &&
            part.data[name_size] == '=') {
            struct bytes value = bytes_make(part.data + name_size + 1, part.size - name_size - 1);
            if (value.size >= 2 && value.data[0] == '"')
                value = bytes_make(value.data + 1, value.size - 2);
            return value;
        }
        size = semicolon != NULL ? size + 1 : size;
        rest = bytes_make(rest.data + size, rest.size - size);
    }
    return bytes_make(NULL, 0);
}

static void judge_proxy_status(const struct witness_message *message, const char *parameter,
                               const char *expected, const struct message_judge *by)
{
    if (expected == NULL)
        return;
    struct bytes value = message_proxy_status(message, parameter);
    if (!bytes_equal_text(value, expected))
        findings_add(by->findings, "Proxy-Status says %s='%.*s', expected '%s'", parameter,
                     shown(value), value.size > 0 ? (const char *)value.data : "", expected);
}

/* ---- is it what was sent? ------------------------------------------------------------------- */

/* RFC 9110 7.6.1, and what a proxy writes anew: these may differ between what was sent and what came. */
static bool is_forwarded_field(const struct draft *sent, struct bytes name)
{
    static const char *const OWN[] = {"connection",
                                      "keep-alive",
                                      "proxy-connection",
                                      "te",
                                      "trailer",
                                      "transfer-encoding",
                                      "upgrade",
                                      "content-length",
                                      "via",
                                      "host",
                                      "x-forwarded-for",
                                      "forwarded",
                                      "expect",
                                      "max-forwards",
                                      "proxy-status",
                                      "date",
                                      "proxy-authenticate",
                                      "proxy-authorization"};
    if (bytes_equal_any_nocase(name, OWN, COUNT_OF(OWN)))
        return false;
    for (size_t i = 0; i < sent->field_count; i++) {
        struct bytes options = sent->fields[i].value;
        struct bytes option;
        if (!bytes_equal_text_nocase(sent->fields[i].name, "connection"))
            continue;
        while (bytes_take_list_element(&options, &option))
            if (bytes_equal_nocase(option, name))
                return false;
    }
    return true;
}

static enum hook_side side_of(const struct draft *sent)
{
    return sent->kind == DRAFT_REQUEST ? HOOK_SIDE_REQUEST : HOOK_SIDE_RESPONSE;
}

static bool body_differs(const struct witness_message *received, const struct draft *sent,
                         const struct hook_plan *hooks, struct phrase *phrase)
{
    struct hook_body_changes changes;
    hook_plan_body_changes(hooks, side_of(sent), &changes);
    if (changes.count > 0) {
        if (!changed_body_fits(received, sent, &changes))
            phrase_add(phrase, "its body is not what the hooks make of what was sent");
    } else if (sent->text.data == NULL) {
        if (received->seed_known && !witness_message_intact(received))
            phrase_add(phrase, "from body byte %" PRIu64 " on it is not what was sent",
                       received->body_matched);
    } else if (received->complete && received->body_bytes == sent->text.size) {
        struct digest digest = {0};
        uint8_t was[DIGEST_BYTES];
        uint8_t is[DIGEST_BYTES];
        digest_update(&digest, sent->text.data, sent->text.size);
        digest_finish(&digest, was);
        digest_release(&digest);
        witness_message_digest(received, is);
        if (memcmp(was, is, sizeof(was)) != 0)
            phrase_add(phrase, "its body is another than was sent");
    }
    return phrase->used > 0;
}

/* What hooks set or remove is judged by what the case expects of it. */
static bool head_differs(const struct witness_message *received, const struct draft *sent,
                         const struct hook_plan *hooks, struct phrase *phrase)
{
    bool same_target = hook_plan_sets_target(hooks) || sent->kind != DRAFT_REQUEST ||
                       sent->target[0] != '/' || strcmp(received->target, sent->target) == 0;
    if (sent->kind == DRAFT_REQUEST && strcmp(received->method, sent->method) != 0)
        phrase_add(phrase, "its method is %.24s and not %.24s", received->method, sent->method);
    else if (!same_target)
        phrase_add(phrase, "its target is '%.60s' and not '%.60s'", received->target, sent->target);
    else if (sent->kind == DRAFT_RESPONSE && received->status != sent->status)
        phrase_add(phrase, "its status is %u and not %u", received->status, sent->status);
    for (size_t i = 0; i < sent->field_count && phrase->used == 0; i++) {
        const struct message_field *field = &sent->fields[i];
        if (is_forwarded_field(sent, field->name) &&
            !hook_plan_edits(hooks, side_of(sent), field->name) &&
            !has_field(received->fields, received->field_count, field))
            phrase_add(phrase, "its field '%.*s: %.*s' is missing or changed", shown(field->name),
                       (const char *)field->name.data, shown(field->value),
                       (const char *)field->value.data);
    }
    return phrase->used > 0;
}

/* A body that stayed chunked keeps its trailers, but for fields that no trailer may be (RFC 9110 6.5.1). */
static bool trailers_differ(const struct witness_message *received, const struct draft *sent,
                            const struct hook_plan *hooks, struct phrase *phrase)
{
    size_t expected = 0;
    if (!received->complete || received->framing != MESSAGE_CHUNKED ||
        sent->framing != MESSAGE_CHUNKED)
        return false;
    for (size_t i = 0; i < sent->trailer_count && phrase->used == 0; i++) {
        const struct message_field *trailer = &sent->trailers[i];
        if (!is_forwarded_field(sent, trailer->name))
            continue;
        expected++;
        if (!hook_plan_edits(hooks, side_of(sent), trailer->name) &&
            !has_field(received->trailers, received->trailer_count, trailer))
            phrase_add(phrase, "its trailer '%.*s: %.*s' is missing or changed",
                       shown(trailer->name), (const char *)trailer->name.data,
                       shown(trailer->value), (const char *)trailer->value.data);
    }
    if (phrase->used == 0 && received->trailer_count > expected && !hook_plan_adds_trailers(hooks))
        phrase_add(phrase, "it has %zu trailers and not %zu", received->trailer_count, expected);
    return phrase->used > 0;
}

const char *message_part_difference(const struct message_comparison *what, enum message_part part,
                                    struct phrase *phrase)
{
    typedef bool part_differs(const struct witness_message *received, const struct draft *sent,
                              const struct hook_plan *hooks, struct phrase *phrase);
    static part_differs *const PARTS[] = {[MESSAGE_HEAD] = head_differs,
                                          [MESSAGE_BODY] = body_differs,
                                          [MESSAGE_TRAILERS] = trailers_differ};
    phrase->used = 0;
    phrase->text[0] = '\0';
    bool differs = what->received->head_complete &&
                   PARTS[part](what->received, what->sent, what->hooks, phrase);
    return differs ? phrase->text : NULL;
}

const char *message_difference(const struct witness_message *received, const struct draft *sent,
                               const struct hook_plan *hooks, struct phrase *phrase)
{
    const struct message_comparison what = {received, sent, hooks};
    const char *difference = NULL;
    for (int part = MESSAGE_HEAD; part <= MESSAGE_TRAILERS && difference == NULL; part++)
        difference = message_part_difference(&what, (enum message_part)part, phrase);
    return difference;
}

/* ---- requests ------------------------------------------------------------------------------- */

static void judge_received_body(const struct arrival_fact *arrival,
                                const struct expected_request *expected,
                                const struct message_judge *by)
{
    char words[NUMBER_RULE_BYTES];
    struct phrase difference = {.used = 0};
    const struct witness_message *message = arrival->message;
    if (!number_rule_fits(&expected->body, message->body_bytes))
        findings_add(by->findings, "%s has %" PRIu64 " body bytes, expected %s", by->who,
                     message->body_bytes, number_rule_words(&expected->body, words));
    if (!expected->body_same)
        return;
    if (arrival->request == NULL) {
        findings_add(by->findings, "%s is none that the client is known to have sent", by->who);
        return;
    }
    const struct draft *sent = arrival->request->sent->draft;
    const struct hook_plan *hooks = &by->evidence->scenario->hooks;
    struct hook_body_changes changes;
    hook_plan_body_changes(hooks, HOOK_SIDE_REQUEST, &changes);
    uint64_t size = hook_body_changes_size(&changes, sent->body_bytes);
    if (!message->complete || message->body_bytes != size)
        findings_add(by->findings, "%s has %" PRIu64 " of the client's %" PRIu64 " body bytes",
                     by->who, message->body_bytes, size);
    else if (body_differs(message, sent, hooks, &difference))
        findings_add(by->findings, "%s: %s", by->who, difference.text);
}

void message_judge_received(const struct message_judge *by, const struct arrival_fact *arrival,
                            const struct expected_request *expected)
{
    const struct witness_message *message = arrival->message;
    if (expected->method != NULL && strcmp(message->method, expected->method) != 0)
        findings_add(by->findings, "%s has the method '%s', expected '%s'", by->who,
                     message->method, expected->method);
    if (expected->target != NULL && strcmp(message->target, expected->target) != 0)
        findings_add(by->findings, "%s has the target '%s', expected '%s'", by->who,
                     message->target, expected->target);
    const char *framing = message_framing_word(message->framing);
    if (expected->framing != NULL && strcmp(framing, expected->framing) != 0)
        findings_add(by->findings, "%s has the framing %s, expected %s", by->who, framing,
                     expected->framing);
    judge_headers(message, expected->headers, by);
    judge_received_body(arrival, expected, by);
}

/* ---- responses ------------------------------------------------------------------------------ */

static bool status_fits(const struct expected_response *expected, unsigned status)
{
    if (expected->status_gateway)
        return status == 502 || status == 503 || status == 504;
    return number_rule_fits(&expected->status, status);
}

static const char *expected_status_words(const struct expected_response *expected,
                                         char text[NUMBER_RULE_BYTES])
{
    if (expected->status_none)
        return "no byte of a response";
    if (expected->status_gateway)
        return "502, 503 or 504";
    return number_rule_words(&expected->status, text);
}

static void judge_status(const struct outcome_fact *outcome,
                         const struct expected_response *expected, const struct message_judge *by)
{
    char word[OUTCOME_WORD_BYTES];
    char rule[NUMBER_RULE_BYTES];
    bool asked = expected->status_none || expected->status_gateway ||
                 expected->status.comparison != NUMBER_ANY;
    bool got = outcome->message != NULL;
    bool fits =
        expected->status_none ? !got : got && status_fits(expected, outcome->message->status);
    if (asked && !fits)
        findings_add(by->findings, "%s got %s, expected %s", by->who, outcome_word(outcome, word),
                     expected_status_words(expected, rule));
}

static void judge_closing(const struct outcome_fact *outcome, enum expected_closing expected,
                          const struct message_judge *by)
{
    static const enum witness_end ENDS[] = {
        [CLOSING_FIN] = WITNESS_FIN, [CLOSING_RST] = WITNESS_RST, [CLOSING_OPEN] = WITNESS_OPEN};
    if (expected != CLOSING_ANY && outcome->closing != ENDS[expected])
        findings_add(by->findings, "%s saw its connection %s, expected %s", by->who,
                     witness_end_word(outcome->closing), witness_end_word(ENDS[expected]));
}

static void judge_interim(const struct witness_message *message,
                          const struct expected_response *expected, const struct message_judge *by)
{
    char rule[NUMBER_RULE_BYTES];
    if (expected->interim == NULL)
        return;
    if (message->interim_count != expected->interim_count)
        findings_add(by->findings, "%s got %zu responses of 1xx, expected %zu", by->who,
                     message->interim_count, expected->interim_count);
    for (size_t i = 0;
         i < expected->interim_count && i < message->interim_count && i < WITNESS_INTERIMS_MAX; i++)
        if (!number_rule_fits(&expected->interim[i], message->interims[i]))
            findings_add(by->findings, "%s got %u as 1xx response %zu, expected %s", by->who,
                         message->interims[i], i + 1,
                         number_rule_words(&expected->interim[i], rule));
}

static void judge_maker(const struct witness_message *message, const char *from,
                        const struct message_judge *by)
{
    struct phrase difference;
    struct bytes maker = witness_message_maker(message);
    if (from == NULL)
        return;
    if (!bytes_equal_text(maker, from)) {
        findings_add(by->findings, "%s got a response made by %.*s, expected by %s", by->who,
                     maker.size > 0 ? shown(maker) : (int)strlen("the proxy"),
                     maker.size > 0 ? (const char *)maker.data : "the proxy", from);
        return;
    }
    const struct witness_sent *sent = evidence_sent(by->evidence, message);
    if (sent != NULL && sent->draft != NULL &&
        message_difference(message, sent->draft, &by->evidence->scenario->hooks, &difference) !=
            NULL)
        findings_add(by->findings, "%s got a response that is not %s's: %s", by->who, from,
                     difference.text);
}

static void judge_message(const struct outcome_fact *outcome,
                          const struct expected_response *expected, const struct message_judge *by)
{
    char rule[NUMBER_RULE_BYTES];
    const struct witness_message *message = outcome->message;
    if (!number_rule_fits(&expected->body, message->body_bytes))
        findings_add(by->findings, "%s got %" PRIu64 " body bytes, expected %s", by->who,
                     message->body_bytes, number_rule_words(&expected->body, rule));
    judge_maker(message, expected->from, by);
    judge_headers(message, expected->headers, by);
    judge_trailers(message, expected, by);
    judge_interim(message, expected, by);
    judge_proxy_status(message, "details", expected->error, by);
    judge_proxy_status(message, "error", expected->cause, by);
}

/* ---- TLS of the connection ------------------------------------------------------------------ */

static void judge_word(const char *what, const char *seen, const char *expected,
                       const struct message_judge *by)
{
    const char *word = seen == NULL || seen[0] == '\0' ? "none" : seen;
    if (expected != NULL && strcmp(word, expected) != 0)
        findings_add(by->findings, "%s had the TLS %s %s, expected %s", by->who, what, word,
                     expected);
}

static void judge_tls(const struct outcome_fact *outcome, const struct expected_tls *expected,
                      const struct message_judge *by)
{
    const struct witness_handshake *handshake = &outcome->connection->handshake;
    if (expected == NULL)
        return;
    judge_word("version", handshake->version, expected->version, by);
    judge_word("protocol", handshake->alpn, expected->alpn, by);
    judge_word("failure", handshake->failure, expected->detail, by);
    if (expected->failed_set && handshake->completed == expected->failed)
        findings_add(by->findings, "%s %s its handshake, expected that it %s", by->who,
                     handshake->completed ? "completed" : "did not complete",
                     expected->failed ? "fails" : "does not fail");
    if (expected->resumed_set && handshake->resumed != expected->resumed)
        findings_add(by->findings, "%s %s a session, expected that it %s", by->who,
                     handshake->resumed ? "resumed" : "did not resume",
                     expected->resumed ? "does" : "does not");
}

void message_judge_outcome(const struct message_judge *by, const struct outcome_fact *outcome,
                           const struct expected_response *expected)
{
    judge_status(outcome, expected, by);
    judge_closing(outcome, expected->closed, by);
    judge_tls(outcome, expected->tls, by);
    if (expected->complete_set && outcome->complete != expected->complete)
        findings_add(by->findings, "%s got %s response, expected %s", by->who,
                     outcome->complete ? "a complete" : "no complete",
                     expected->complete ? "a complete one" : "one that is cut");
    bool asks_message = expected->from != NULL || expected->headers != NULL ||
                        expected->trailers_set || expected->interim != NULL ||
                        expected->error != NULL || expected->cause != NULL ||
                        expected->body.comparison != NUMBER_ANY;
    if (outcome->message != NULL)
        judge_message(outcome, expected, by);
    else if (asks_message)
        findings_add(by->findings, "%s got no response to compare with what was expected", by->who);
}
