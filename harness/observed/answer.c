#include "harness/observed/answer.h"

#include <string.h>

/* ---- the bytes of an answer ------------------------------------------------------------------ */

/* Of the connection's bytes that are kept, those behind the answers to earlier requests on it. */
static struct bytes bytes_for(const struct own_attempt *attempt)
{
    const struct witness *connection = attempt->fact->connection;
    uint64_t before = 0;
    for (const struct witness_sent *sent = connection->sent; sent != NULL; sent = sent->next) {
        if (sent == attempt->fact->answer)
            break;
        before += sent->bytes;
    }
    if (before >= connection->out.size)
        return bytes_make(NULL, 0);
    return bytes_make(connection->out.data + before, connection->out.size - (size_t)before);
}

/* RFC 9112 4: "HTTP/1.1 200 ", or what there is of it. */
static bool begins_like_response(struct bytes bytes)
{
    static const char SHAPE[] = "HTTP/d.d ddd";
    for (size_t i = 0; i < bytes.size && i < sizeof(SHAPE) - 1; i++) {
        bool fits = SHAPE[i] == 'd' ? bytes.data[i] >= '0' && bytes.data[i] <= '9'
                                    : bytes.data[i] == (uint8_t)SHAPE[i];
        if (!fits)
            return false;
    }
    return true;
}

/* Takes a 1xx head off the front; 0 where none is there, else its status. */
static unsigned take_interim(struct bytes *bytes)
{
    enum { STATUS_AT = 9, STATUS_DIGITS = 3 };
    uint64_t status;
    const uint8_t *end = bytes->size == 0 ? NULL : memmem(bytes->data, bytes->size, "\r\n\r\n", 4);
    if (end == NULL || bytes->size < STATUS_AT + STATUS_DIGITS || !begins_like_response(*bytes) ||
        !bytes_to_u64(bytes_make(bytes->data + STATUS_AT, STATUS_DIGITS), UINT64_MAX, &status) ||
        status / 100 != 1 || status == 101)
        return 0; /* RFC 9110 15.2.2: a 101 is final */
    size_t used = (size_t)(end - bytes->data) + 4;
    *bytes = bytes_make(bytes->data + used, bytes->size - used);
    return (unsigned)status;
}

size_t answer_interims(const struct own_attempt *attempt, unsigned *statuses, size_t max)
{
    struct bytes rest = bytes_for(attempt);
    size_t count = 0;
    unsigned status;
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
        if (own_draft_length(sent->draft, &declared) && declared > sent->draft->body_bytes)
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
        answer = ANSWER_GARBAGE;
    transcript_release(&transcript);
    return answer;
}

enum answer answer_of(const struct own_attempt *attempt)
{
    const struct witness_sent *sent = attempt->fact->answer;
    const struct witness *connection = attempt->fact->connection;
    if (connection == NULL)
        return ANSWER_NONE;
    struct bytes bytes = bytes_for(attempt);
    while (take_interim(&bytes) != 0)
        ;
    if (bytes.size > 0 && !begins_like_response(bytes))
        return ANSWER_GARBAGE;
    if (sent != NULL && sent->bytes > 0)
        return is_whole(attempt, sent) ? ANSWER_WHOLE : ANSWER_CUT;
    if (bytes.size == 0)
        return ANSWER_NONE;
    return connection->out.size == connection->out.bytes ? read_raw(attempt, bytes)
                                                         : ANSWER_UNKNOWN;
}
