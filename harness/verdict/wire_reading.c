#include "harness/verdict/wire_reading.h"

#include <string.h>

/* ---- with the strict parser ----------------------------------------------------------------- */

struct reader {
    const struct wire_question *question;
    struct region *region;
    struct wire_reading *out;
    uint8_t *body;
    size_t head_at; /* where the head under way begins */
    bool is_full;
};

static void ask(struct transcript *transcript, const struct witness *asked_by)
{
    if (asked_by == NULL)
        return;
    for (const struct witness_sent *sent = asked_by->sent; sent != NULL; sent = sent->next)
        if (sent->draft != NULL && sent->draft->kind == DRAFT_REQUEST)
            transcript_ask(transcript, bytes_of(sent->draft->method));
    for (const struct witness_message *m = asked_by->received; m != NULL; m = m->next)
        if (m->method[0] != '\0')
            transcript_ask(transcript, bytes_of(m->method));
}

static struct bytes keep(struct reader *reader, struct bytes text)
{
    char *copy = region_copy_text(reader->region, (const char *)text.data, text.size);
    reader->is_full = reader->is_full || copy == NULL;
    return copy != NULL ? bytes_make(copy, text.size) : bytes_make(NULL, 0);
}

static const struct message_field *keep_fields(struct reader *reader,
                                               const struct message_field *fields, size_t count)
{
    struct message_field *kept = region_take(reader->region, (count + 1) * sizeof(*kept));
    reader->is_full = reader->is_full || kept == NULL;
    for (size_t i = 0; i < count && kept != NULL; i++)
        kept[i] =
            (struct message_field){keep(reader, fields[i].name), keep(reader, fields[i].value)};
    return kept;
}

static void take_head(struct reader *reader, const struct heading *head, size_t at)
{
    struct draft *draft = &reader->out->draft;
    bool asks = reader->question->kind == TRANSCRIPT_REQUESTS;
    draft->kind = asks ? DRAFT_REQUEST : DRAFT_RESPONSE;
    draft->method = asks ? (const char *)keep(reader, head->method).data : NULL;
    draft->target = asks ? (const char *)keep(reader, head->target).data : NULL;
    draft->status = head->status;
    draft->fields = keep_fields(reader, head->fields, head->field_count);
    draft->field_count = head->field_count;
    draft->framing = head->framing;
    reader->out->head_complete = true;
    reader->out->head_bytes = at - reader->head_at;
    reader->body = region_take(reader->region, reader->question->wire.size + 1);
    reader->is_full = reader->is_full || reader->body == NULL;
}

static void take_piece(struct reader *reader, const struct transcript *transcript,
                       const struct transcript_piece *piece, size_t at)
{
    struct wire_reading *out = reader->out;
    bool mine = transcript->heads == reader->question->number && !reader->is_full;
    if (piece->event == TRANSCRIPT_HEAD && !transcript->head.interim && mine)
        take_head(reader, &transcript->head, at);
    if (piece->event == TRANSCRIPT_HEAD || piece->event == TRANSCRIPT_END)
        reader->head_at = at;
    if (piece->event == TRANSCRIPT_BODY && mine && out->head_complete && reader->body != NULL) {
        memcpy(reader->body + out->draft.body_bytes, piece->data.data, piece->data.size);
        out->draft.body_bytes += piece->data.size;
    }
    if (piece->event == TRANSCRIPT_END && mine && out->head_complete) {
        out->complete = true;
        out->draft.trailers =
            keep_fields(reader, transcript->head.trailers, transcript->head.trailer_count);
        out->draft.trailer_count = transcript->head.trailer_count;
    }
}

static void read_all(struct reader *reader, struct transcript *transcript)
{
    struct bytes wire = reader->question->wire;
    struct transcript_piece piece = {.event = TRANSCRIPT_END};
    size_t at = 0;
    bool closed = false;
    while (!reader->out->complete && !reader->is_full &&
           (piece.event != TRANSCRIPT_MORE || at < wire.size)) {
        at += transcript_next(transcript, wire.data + at, wire.size - at, &piece);
        take_piece(reader, transcript, &piece, at);
        if (piece.event == TRANSCRIPT_MORE && reader->question->closed && !closed) {
            closed = true;
            if (transcript_close(transcript))
                piece.event = TRANSCRIPT_END; /* which is due: once more */
        }
    }
}

bool wire_reading_make(const struct wire_question *question, struct region *region,
                       struct wire_reading *out)
{
    struct transcript transcript;
    struct reader reader = {.question = question, .region = region, .out = out};
    *out = (struct wire_reading){0};
    if (question->bytes > question->wire.size)
        return false;
    transcript_init(&transcript, question->kind);
    if (question->kind == TRANSCRIPT_RESPONSES)
        ask(&transcript, question->asked_by);
    read_all(&reader, &transcript);
    for (size_t i = 0; i < transcript.faults.count && i < TRANSCRIPT_FAULTS_MAX; i++)
        out->faulty = out->faulty || transcript.faults.list[i].message <= question->number;
    out->faulty = out->faulty || transcript.state == TRANSCRIPT_BROKEN;
    out->draft.text = bytes_make(reader.body, (size_t)out->draft.body_bytes);
    bool begun = transcript.begun >= question->number;
    transcript_release(&transcript);
    return begun && !reader.is_full;
}

/* ---- by their beginnings alone -------------------------------------------------------------- */

static const char INTERIM_START[] = "HTTP/1.1 1";
static const char HEAD_END[] = "\r\n\r\n";

size_t wire_reading_take_interims(struct bytes *wire, unsigned *statuses, size_t max)
{
    enum { STATUS_AT = 9, STATUS_DIGITS = 3 };
    size_t count = 0;
    uint64_t status;
    while (wire->size > STATUS_AT + STATUS_DIGITS &&
           memcmp(wire->data, INTERIM_START, strlen(INTERIM_START)) == 0 &&
           bytes_to_u64(bytes_make(wire->data + STATUS_AT, STATUS_DIGITS), UINT64_MAX, &status)) {
        size_t end = wire_reading_behind_heads(*wire, 0, 1);
        if (end == SIZE_MAX || status == 101)
            return count; /* RFC 9110 15.2.2: behind a 101 comes another protocol */
        if (count < max)
            statuses[count] = (unsigned)status;
        count++;
        *wire = bytes_make(wire->data + end, wire->size - end);
    }
    return count;
}

bool wire_reading_may_be_interim(struct bytes wire)
{
    size_t known = strlen(INTERIM_START);
    if (wire.size < known)
        known = wire.size;
    return known > 0 && memcmp(wire.data, INTERIM_START, known) == 0;
}

size_t wire_reading_behind_heads(struct bytes wire, size_t at, size_t heads)
{
    for (size_t i = 0; i < heads; i++) {
        const uint8_t *end =
            at < wire.size ? memmem(wire.data + at, wire.size - at, HEAD_END, strlen(HEAD_END))
                           : NULL;
        if (end == NULL)
            return SIZE_MAX;
        at = (size_t)(end - wire.data) + strlen(HEAD_END);
    }
    return at;
}
