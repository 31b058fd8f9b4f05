#include "harness/observed/answer.h"

#include <string.h>

/* ---- the bytes of an answer ------------------------------------------------------------------ */

/*
 * Where the answer to the message with that number begins among the kept bytes of its connection, 1xx included: behind the end
 * of the answers before it, read as their requests ask for. False where that cannot be told.
 */
static bool find_beginning(const struct witness *connection, uint64_t number, size_t *out)
{
    struct transcript transcript;
    struct transcript_piece piece;
    size_t used = 0;
    transcript_init(&transcript, TRANSCRIPT_RESPONSES);
    for (const struct witness_message *m = connection->received; m != NULL && m->number < number;
         m = m->next)
        transcript_ask(&transcript, bytes_of(m->method));
    while (transcript.messages + 1 < number &&
           (used < connection->out.size || transcript.state == TRANSCRIPT_AT_END))
        used += transcript_next(&transcript, connection->out.data + used,
                                connection->out.size - used, &piece);
    bool found = transcript.messages + 1 == number;
    transcript_release(&transcript);
    *out = used;
    return found;
}

/* What was sent in answer, as far as it is kept; false where that cannot be told. */
static bool bytes_for(const struct own_attempt *attempt, struct bytes *out)
{
    const struct witness *connection = attempt->fact->connection;
    const struct witness_message *message = attempt->fact->message;
    size_t begins_at = 0;
    *out = bytes_make(NULL, 0);
    if (message != NULL && message->number > 1 &&
        !find_beginning(connection, message->number, &begins_at))
        return false;
    if (begins_at < connection->out.size)
        *out = bytes_make(connection->out.data + begins_at, connection->out.size - begins_at);
    return true;
}

bool answer_begins_well(struct bytes bytes)
{
    static const char SHAPE[] = "HTTP/d.d ddd";
    size_t size = sizeof(SHAPE) - 1;
    for (size_t i = 0; i < bytes.size && i < size; i++) {
        bool fits = SHAPE[i] == 'd' ? bytes.data[i] >= '0' && bytes.data[i] <= '9'
                                    : bytes.data[i] == (uint8_t)SHAPE[i];
        if (!fits)
            return false;
    }
    return bytes.size <= size || memchr(" \r\n", bytes.data[size], 3) != NULL;
}

/* Takes a 1xx head off the front; 0 where none is there, else its status. */
static unsigned take_interim(struct bytes *bytes)
{
    enum { STATUS_AT = 9, STATUS_DIGITS = 3 };
    uint64_t status;
    const uint8_t *end = bytes->size == 0 ? NULL : memmem(bytes->data, bytes->size, "\r\n\r\n", 4);
    if (end == NULL || bytes->size < STATUS_AT + STATUS_DIGITS || !answer_begins_well(*bytes) ||
        !bytes_to_u64(bytes_make(bytes->data + STATUS_AT, STATUS_DIGITS), UINT64_MAX, &status) ||
        status / 100 != 1 || status == 101)
        return 0; /* RFC 9110 15.2.2: a 101 is final */
    size_t used = (size_t)(end - bytes->data) + 4;
    *bytes = bytes_make(bytes->data + used, bytes->size - used);
    return (unsigned)status;
}

size_t answer_interims(const struct own_attempt *attempt, unsigned *statuses, size_t max)
{
    struct bytes rest;
    size_t count = 0;
    unsigned status;
    (void)bytes_for(attempt, &rest);
    while ((status = take_interim(&rest)) != 0) {
        if (status != 100 && count < max)
            statuses[count] = status;
        count += status != 100;
    }
    return count;
}

/* ---- how it ended ---------------------------------------------------------------------------- */

bool answer_has_no_body(const struct own_request *request, unsigned status)
{
    return status == 204 || status == 304 ||
           (request != NULL && strcmp(request->draft->method, "HEAD") == 0);
}

/* RFC 9112 6.3: what is ended by closing is whole when a FIN came behind its head. */
static bool is_whole_when_closed(const struct witness *connection, const struct witness_sent *sent)
{
    uint64_t head_bytes = sent->bytes_total - sent->draft->body_bytes;
    return sent->bytes >= head_bytes && connection->own_end == WITNESS_FIN;
}

static bool is_whole(const struct own_attempt *attempt, const struct witness_sent *sent)
{
    uint64_t declared;
    if (!answer_has_no_body(attempt->request, sent->draft->status)) {
        if (sent->draft->framing == MESSAGE_CLOSE)
            return is_whole_when_closed(attempt->fact->connection, sent);
        if (draft_declares(sent->draft, &declared) && declared > sent->draft->body_bytes)
            return false;
    }
    return sent->bytes == sent->bytes_total;
}

/* Bytes that the script wrote by hand, read as a client reads them. */
static enum answer read_raw(const struct own_attempt *attempt, struct bytes bytes)
{
    const struct witness *connection = attempt->fact->connection;
    struct transcript transcript;
    struct transcript_piece piece;
    transcript_init(&transcript, TRANSCRIPT_RESPONSES);
    transcript_ask(&transcript,
                   bytes_of(attempt->request != NULL ? attempt->request->draft->method : "GET"));
    for (size_t used = 0; used < bytes.size && transcript.messages == 0;)
        used += transcript_next(&transcript, bytes.data + used, bytes.size - used, &piece);
    if (transcript.state == TRANSCRIPT_AT_END ||
        (connection->own_end == WITNESS_FIN && transcript_close(&transcript)))
        (void)transcript_next(&transcript, NULL, 0, &piece);
    enum answer answer = transcript.messages > 0 ? ANSWER_WHOLE : ANSWER_CUT;
    if (transcript.heads == 0 && transcript.state == TRANSCRIPT_BROKEN)
        answer = ANSWER_UNKNOWN; /* a version that we do not know, say */
    transcript_release(&transcript);
    return answer;
}

enum answer answer_of(const struct own_attempt *attempt)
{
    const struct witness_sent *sent = attempt->fact->answer;
    const struct witness *connection = attempt->fact->connection;
    struct bytes bytes;
    if (connection == NULL)
        return ANSWER_NONE;
    bool known = bytes_for(attempt, &bytes);
    while (take_interim(&bytes) != 0)
        ;
    if (bytes.size > 0 && !answer_begins_well(bytes))
        return ANSWER_GARBAGE;
    if (sent != NULL && sent->bytes > 0)
        return is_whole(attempt, sent) ? ANSWER_WHOLE : ANSWER_CUT;
    if (!known || connection->out.size < connection->out.bytes)
        return ANSWER_UNKNOWN;
    return bytes.size == 0 ? ANSWER_NONE : read_raw(attempt, bytes);
}
