#include "proxy/story.h"

#include <string.h>

bool story_is_worth_telling(const struct exchange_record *record)
{
    enum cause cause = record->failure.cause;
    bool asked_for_password =
        record->error_word != NULL && strcmp(record->error_word, "AUTH_REQUIRED") == 0;

    return record->attempt_count > 1 ||
           (cause != CAUSE_NONE && cause != CAUSE_CLIENT_CANCELLED && !asked_for_password);
}

/* Whatever a client sends, it does not write lines of its own. */
static void put_foreign(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        fputc(*text >= ' ' && *text <= '~' ? *text : '?', out);
}

/* "GET /path", "CONNECT a.test:443"; "- -" of a request that never came as far as that. */
static void tell_request(FILE *out, const struct exchange_record *record)
{
    put_foreign(out, record->method[0] != '\0' ? record->method : "-");
    fputc(' ', out);
    put_foreign(out, record->target[0] != '\0' ? record->target : "-");
}

/* The upstream of an attempt; one that the settings do not know is the request's own target, or a hook's. */
static void tell_upstream(FILE *out, const struct exchange_record *record,
                          const struct attempt_record *attempt)
{
    char text[ADDRESS_TEXT_BYTES];

    if (attempt->upstream != UPSTREAM_OTHER)
        fputs(record->settings->upstreams[attempt->upstream].name, out);
    else if (record->kind != EXCHANGE_REVERSE && record->host[0] != '\0')
        put_foreign(out, record->host);
    else if (attempt->address.family != 0)
        fputs(address_format(&attempt->address, text), out);
    else
        fputs("an upstream of a hook", out);
}

/* "handshake, tls_certificate_error (certificate has expired)", "tunnel, connection_terminated (up)" */
static void tell_failure(FILE *out, const struct failure *failure, const char *detail,
                         enum tunnel_phase tunnel)
{
    fprintf(out, "%s, %s", stage_word(failure->stage), cause_word(failure->cause));
    if (detail != NULL)
        fprintf(out, " (%s)", detail);
    else if (failure->stage == STAGE_TUNNEL && tunnel != TUNNEL_NONE)
        fprintf(out, " (%s)", tunnel_phase_word(tunnel));
    else if (failure->os_error != 0)
        fprintf(out, " (%s)", strerror(failure->os_error));
}

/* "; a: dial, connection_refused, again: nothing of the request was sent" */
static void tell_attempt(FILE *out, const struct exchange_record *record,
                         const struct attempt_record *attempt)
{
    const struct retry_decision *decision = &attempt->decision;
    bool failed = attempt->failure.cause != CAUSE_NONE;

    fputs("; ", out);
    tell_upstream(out, record, attempt);
    fputs(": ", out);
    if (attempt->failure.stage == STAGE_STATUS || !failed)
        fprintf(out, "%u", attempt->status);
    else
        tell_failure(out, &attempt->failure, attempt->detail, attempt->tunnel);
    if (failed || decision->reason != RETRY_BECAUSE_NOTHING_SENT)
        fprintf(out, ", %s: %s", decision->retry ? "again" : "not again",
                retry_reason_sentence(decision->reason));
}

/* Whether it was not its last attempt that failed, but the client or the proxy itself. */
static bool failed_beside_attempts(const struct exchange_record *record)
{
    return record->failure.cause != CAUSE_NONE && record->attempt_count > 0 &&
           record->attempts[record->attempt_count - 1].failure.cause == CAUSE_NONE;
}

void story_tell(FILE *out, const struct exchange_record *record)
{
    tell_request(out, record);
    fprintf(out, ": %u", record->status);
    if (record->attempt_count == 0)
        fprintf(out, "; %s",
                record->error_word != NULL ? record->error_word
                                           : cause_word(record->failure.cause));
    for (unsigned i = 0; i < record->attempt_count; i++)
        tell_attempt(out, record, &record->attempts[i]);
    if (failed_beside_attempts(record)) {
        fputs("; ", out);
        tell_failure(out, &record->failure, NULL, TUNNEL_NONE);
    }
    if (record->summary[0] != '\0') {
        fputs("; ", out);
        put_foreign(out, record->summary);
    }
    fputc('\n', out);
}
