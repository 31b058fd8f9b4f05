#include "fakeupstream/wire/witness.h"

#include <stdlib.h>
#include <string.h>

#include "fakeupstream/wire/pattern.h"
#include "world/base/check.h"

enum {
    STREAM_BYTES_FIRST = 1024, /* most exchanges fit */
    REPLAY_BYTES = 4096,       /* piece in which a pattern is made again for its digest */
};

static void note_head(struct witness *witness, struct witness_message *message,
                      const struct heading *head, uint64_t now_ns);
static void note_body(struct witness *witness, struct witness_message *message, struct bytes data);
static void settle_digest(struct witness *witness, struct witness_message *message);
static const struct message_field *copy_fields(struct witness *witness,
                                               const struct message_field *fields, size_t count);

const char *witness_end_word(enum witness_end end)
{
    static const char *const WORDS[] = {"open", "fin", "rst"};

    return WORDS[end];
}

void witness_init(struct witness *witness)
{
    *witness = (struct witness){.connection = 0};
    region_init(&witness->region, WITNESS_REGION_BYTES_MAX);
    digest_init(&witness->digest);
}

void witness_release(struct witness *witness)
{
    free(witness->in.data);
    free(witness->out.data);
    region_release(&witness->region);
    digest_release(&witness->digest);
    digest_release(&witness->flow_in.digest);
    digest_release(&witness->flow_out.digest);
    witness_init(witness);
}

static struct witness_stream emptied(struct witness_stream stream)
{
    return (struct witness_stream){.data = stream.data, .capacity = stream.capacity};
}

void witness_reset(struct witness *witness)
{
    struct witness kept = *witness;

    region_reset(&kept.region);
    digest_reset(&kept.digest);
    digest_reset(&kept.flow_in.digest);
    digest_reset(&kept.flow_out.digest);
    *witness = (struct witness){
        .in = emptied(kept.in),
        .out = emptied(kept.out),
        .flow_in = {.digest = kept.flow_in.digest},
        .flow_out = {.digest = kept.flow_out.digest},
        .region = kept.region,
        .digest = kept.digest,
    };
}

static void keep(struct witness *witness, struct witness_stream *stream, const void *data,
                 size_t size)
{
    size_t room = WITNESS_STREAM_BYTES_MAX - stream->size;

    stream->bytes += size;
    if (size > room)
        size = room;
    if (size == 0)
        return;
    if (stream->capacity - stream->size < size) {
        size_t capacity = stream->capacity == 0 ? STREAM_BYTES_FIRST : stream->capacity;
        uint8_t *grown;

        while (capacity - stream->size < size)
            capacity *= 2;
        grown = realloc(stream->data, capacity);
        if (grown == NULL) {
            witness->incomplete = true;
            return;
        }
        stream->data = grown;
        stream->capacity = capacity;
    }
    memcpy(stream->data + stream->size, data, size);
    stream->size += size;
}

void witness_bytes_in(struct witness *witness, const void *data, size_t size, uint64_t now_ns)
{
    if (size > 0 && witness->first_byte_ns == 0)
        witness->first_byte_ns = now_ns;
    keep(witness, &witness->in, data, size);
}

void witness_bytes_out(struct witness *witness, const void *data, size_t size)
{
    keep(witness, &witness->out, data, size);
}

void witness_garbled(struct witness *witness, uint64_t offset)
{
    struct witness_sent *sent = witness->sent_last;

    witness->garbled = true;
    if (sent == NULL || sent->garbled || sent->bytes == sent->bytes_total)
        return;
    check(offset >= witness->out.bytes);
    sent->garbled = true;
    sent->garbled_at = sent->bytes + (offset - witness->out.bytes);
}

/* The record of the message under way; made when its first byte came. NULL when memory ran out. */
static struct witness_message *current_message(struct witness *witness,
                                               const struct transcript *transcript, uint64_t now_ns)
{
    struct witness_message *last = witness->received_last;

    if (transcript->begun == 0)
        return NULL;
    if (last != NULL && last->number == transcript->begun)
        return last;
    last = region_take(&witness->region, sizeof(*last));
    if (last == NULL) {
        witness->incomplete = true;
        return NULL;
    }
    last->number = transcript->begun;
    last->begun_ns = now_ns;
    last->method = "";
    last->target = "";
    if (witness->received_last == NULL)
        witness->received = last;
    else
        witness->received_last->next = last;
    witness->received_last = last;
    digest_reset(&witness->digest);
    return last;
}

void witness_note(struct witness *witness, const struct transcript *transcript,
                  const struct transcript_piece *piece, uint64_t now_ns)
{
    struct witness_message *message = current_message(witness, transcript, now_ns);

    if (message == NULL)
        return;
    switch (piece->event) {
    case TRANSCRIPT_MORE:
    case TRANSCRIPT_RAW:
        break;
    case TRANSCRIPT_HEAD:
        note_head(witness, message, &transcript->head, now_ns);
        break;
    case TRANSCRIPT_BODY:
        note_body(witness, message, piece->data);
        break;
    case TRANSCRIPT_END:
        message->complete = true;
        message->complete_ns = now_ns;
        message->trailers =
            copy_fields(witness, transcript->head.trailers, transcript->head.trailer_count);
        message->trailer_count = message->trailers == NULL ? 0 : transcript->head.trailer_count;
        settle_digest(witness, message);
        break;
    }
}

void witness_settle(struct witness *witness, const struct transcript *transcript)
{
    witness->faults = transcript->faults;
    if (witness->received_last != NULL && !witness->received_last->complete)
        settle_digest(witness, witness->received_last);
}

/* The same bytes in a copy of the text that they stand in. */
static struct bytes moved(struct bytes bytes, struct bytes text, const uint8_t *copy)
{
    return bytes_make(copy + (bytes.data - text.data), bytes.size);
}

/* Copies fields and the text that they stand in, one behind the other; NULL for none, or when memory ran out. */
static const struct message_field *copy_fields(struct witness *witness,
                                               const struct message_field *fields, size_t count)
{
    struct message_field *copies;
    struct bytes text, last;
    uint8_t *copy;

    if (count == 0)
        return NULL;
    last = fields[count - 1].value;
    text = bytes_make(fields[0].name.data, (size_t)(last.data + last.size - fields[0].name.data));
    copies = region_take(&witness->region, count * sizeof(*fields) + text.size);
    if (copies == NULL) {
        witness->incomplete = true;
        return NULL;
    }
    copy = (uint8_t *)(copies + count);
    memcpy(copy, text.data, text.size);
    for (size_t i = 0; i < count; i++)
        copies[i] = (struct message_field){.name = moved(fields[i].name, text, copy),
                                           .value = moved(fields[i].value, text, copy)};
    return copies;
}

static const char *copy_text(struct witness *witness, struct bytes text)
{
    const char *copy = region_copy_text(&witness->region, (const char *)text.data, text.size);

    if (copy != NULL)
        return copy;
    witness->incomplete = true;
    return "";
}

static void note_head(struct witness *witness, struct witness_message *message,
                      const struct heading *head, uint64_t now_ns)
{
    bool is_request = head->status == 0;

    message->unasked = message->unasked || head->unasked;
    if (head->interim) {
        if (message->interim_count < WITNESS_INTERIMS_MAX)
            message->interims[message->interim_count] = head->status;
        message->interim_count++;
        return;
    }
    message->head_complete = true;
    message->head_ns = now_ns;
    message->status = head->status;
    message->version_minor = head->version_minor;
    message->framing = head->framing;
    message->declared = head->declared;
    if (is_request) {
        message->method = copy_text(witness, head->method);
        message->target = copy_text(witness, head->target);
    }
    message->fields = copy_fields(witness, head->fields, head->field_count);
    message->field_count = message->fields == NULL ? 0 : head->field_count;
    message->label = witness_message_field(message, is_request ? "X-Request" : "X-Attempt");
    message->seed_known = message->label.size > 0;
    if (message->seed_known)
        message->seed = pattern_seed(message->label);
}

/* Feeds the digest the pattern's bytes, as if they had been digested as they came. */
static void digest_pattern(struct digest *digest, uint64_t seed, uint64_t size)
{
    uint8_t piece[REPLAY_BYTES];

    for (uint64_t offset = 0; offset < size; offset += sizeof(piece)) {
        size_t part = size - offset < sizeof(piece) ? (size_t)(size - offset) : sizeof(piece);

        pattern_fill(seed, offset, piece, part);
        digest_update(digest, piece, part);
    }
}

/*
 * As long as a body follows its pattern its digest is a function of its length, so none is kept; from
 * the first byte that differs on it is, and the part before is made again.
 */
static void note_body(struct witness *witness, struct witness_message *message, struct bytes data)
{
    size_t matched = 0;

    if (message->seed_known && message->body_matched == message->body_bytes) {
        matched = pattern_match(message->seed, message->body_bytes, data.data, data.size);
        message->body_matched += matched;
        if (matched < data.size)
            digest_pattern(&witness->digest, message->seed, message->body_matched);
    }
    if (matched < data.size)
        digest_update(&witness->digest, data.data + matched, data.size - matched);
    message->body_bytes += data.size;
}

/* Nothing more comes of the message. */
static void settle_digest(struct witness *witness, struct witness_message *message)
{
    if (witness_message_intact(message) || message->digest_known)
        return;
    digest_finish(&witness->digest, message->digest);
    message->digest_known = true;
}

void witness_begin_flows(struct witness *witness, uint64_t seed)
{
    witness->streams = true;
    witness->flow_out.begins_at = witness->out.bytes;
    witness->flow_out.seed = seed;
}

/* Like a body: as long as it follows its pattern its digest is a function of its length. */
static void note_flow(struct witness_flow *flow, struct bytes bytes)
{
    size_t matched = 0;

    if (flow->patterned == flow->bytes) {
        matched = pattern_match(flow->seed, flow->bytes, bytes.data, bytes.size);
        flow->patterned += matched;
        if (matched < bytes.size)
            digest_pattern(&flow->digest, flow->seed, flow->patterned);
    }
    if (matched < bytes.size)
        digest_update(&flow->digest, bytes.data + matched, bytes.size - matched);
    flow->bytes += bytes.size;
}

void witness_flow_in(struct witness *witness, struct bytes bytes,
                     const struct witness_flow_start *start)
{
    if (witness->flow_in.bytes == 0) {
        witness->flow_in.begins_at = start->begins_at;
        witness->flow_in.seed = start->seed;
    }
    note_flow(&witness->flow_in, bytes);
}

void witness_flow_out(struct witness *witness, struct bytes bytes)
{
    note_flow(&witness->flow_out, bytes);
}

static void digest_of_pattern(uint64_t seed, uint64_t size, uint8_t out[DIGEST_BYTES])
{
    struct digest digest;

    digest_init(&digest);
    digest_pattern(&digest, seed, size);
    digest_peek(&digest, out);
    digest_release(&digest);
}

void witness_flow_digest(const struct witness_flow *flow, uint8_t out[DIGEST_BYTES])
{
    if (flow->bytes > 0 && flow->patterned == flow->bytes)
        digest_of_pattern(flow->seed, flow->bytes, out);
    else
        digest_peek(&flow->digest, out);
}

/* The bytes of a flow that are among those kept of its direction. */
static struct bytes kept_of(const struct witness_stream *stream, const struct witness_flow *flow)
{
    size_t size;

    if (flow->begins_at >= stream->size)
        return bytes_make(NULL, 0);
    size = stream->size - (size_t)flow->begins_at;
    return bytes_make(stream->data + flow->begins_at,
                      size < flow->bytes ? size : (size_t)flow->bytes);
}

bool witness_flow_is_of(const struct witness *receiver, const struct witness *sender)
{
    const struct witness_flow *came = &receiver->flow_in;
    const struct witness_flow *went = &sender->flow_out;
    struct bytes is = kept_of(&receiver->in, came);
    struct bytes was = kept_of(&sender->out, went);
    uint8_t digest_is[DIGEST_BYTES];
    uint8_t digest_was[DIGEST_BYTES];

    if (came->bytes == 0 || came->bytes > went->bytes)
        return came->bytes == 0;
    if (came->seed == went->seed && came->patterned == came->bytes &&
        came->bytes <= went->patterned)
        return true;
    witness_flow_digest(came, digest_is);
    if (came->bytes == went->bytes) {
        witness_flow_digest(went, digest_was);
    } else if (came->bytes <= went->patterned) {
        digest_of_pattern(went->seed, came->bytes, digest_was);
    } else {
        is.size = is.size < was.size ? is.size : was.size;
        return bytes_equal(is, bytes_make(was.data, is.size));
    }
    return memcmp(digest_is, digest_was, DIGEST_BYTES) == 0;
}

static const char *copy_or_null(struct witness *witness, const char *text)
{
    return text == NULL ? NULL : copy_text(witness, bytes_of(text));
}

void witness_secured(struct witness *witness, const struct witness_handshake *handshake)
{
    witness->handshake = *handshake;
    witness->handshake.failure = copy_or_null(witness, handshake->failure);
    witness->handshake.version = copy_or_null(witness, handshake->version);
    witness->handshake.alpn = copy_or_null(witness, handshake->alpn);
    witness->handshake.sni = copy_or_null(witness, handshake->sni);
}

struct witness_sent *witness_sending(struct witness *witness, const struct draft *draft,
                                     struct bytes label)
{
    struct witness_sent *sent = region_take(&witness->region, sizeof(*sent));

    if (sent == NULL) {
        witness->incomplete = true;
        return NULL;
    }
    sent->number = witness->sent_last == NULL ? 1 : witness->sent_last->number + 1;
    sent->draft = draft;
    sent->label = bytes_make(copy_text(witness, label), label.size);
    if (witness->sent_last == NULL)
        witness->sent = sent;
    else
        witness->sent_last->next = sent;
    witness->sent_last = sent;
    return sent;
}

void witness_forget_messages(struct witness *witness)
{
    region_reset(&witness->region);
    witness->handshake.failure = NULL;
    witness->handshake.version = NULL;
    witness->handshake.alpn = NULL;
    witness->handshake.sni = NULL;
    witness->received = NULL;
    witness->received_last = NULL;
    witness->sent = NULL;
    witness->sent_last = NULL;
}

/* A FIN that was only announced may turn out to be a reset before it is read; never the other way. */
void witness_peer_ended(struct witness *witness, enum witness_end end, uint64_t now_ns)
{
    if (witness->peer_end == WITNESS_OPEN)
        witness->peer_end_ns = now_ns;
    if (witness->peer_end != WITNESS_RST)
        witness->peer_end = end;
}

void witness_own_ended(struct witness *witness, enum witness_end end, uint64_t now_ns)
{
    if (witness->own_end == WITNESS_OPEN) {
        witness->own_end_ns = now_ns;
        witness->own_fin = end == WITNESS_FIN;
    }
    witness->own_end = end;
}

bool witness_message_intact(const struct witness_message *message)
{
    return message->body_matched == message->body_bytes;
}

void witness_message_digest(const struct witness_message *message, uint8_t out[DIGEST_BYTES])
{
    if (message->digest_known)
        memcpy(out, message->digest, DIGEST_BYTES);
    else
        digest_of_pattern(message->seed, message->body_bytes, out);
}

struct bytes witness_message_field(const struct witness_message *message, const char *name)
{
    for (size_t i = 0; i < message->field_count; i++)
        if (bytes_equal_text_nocase(message->fields[i].name, name))
            return message->fields[i].value;
    return bytes_make(NULL, 0);
}

static bool list_has_token(struct bytes list, const char *token)
{
    while (list.size > 0) {
        const uint8_t *comma = memchr(list.data, ',', list.size);
        size_t size = comma != NULL ? (size_t)(comma - list.data) : list.size;

        if (bytes_equal_text_nocase(bytes_trim(bytes_make(list.data, size)), token))
            return true;
        size += comma != NULL;
        list = bytes_make(list.data + size, list.size - size);
    }
    return false;
}

bool witness_message_has_token(const struct witness_message *message, const char *name,
                               const char *token)
{
    for (size_t i = 0; i < message->field_count; i++)
        if (bytes_equal_text_nocase(message->fields[i].name, name) &&
            list_has_token(message->fields[i].value, token))
            return true;
    return false;
}

struct bytes witness_message_maker(const struct witness_message *message)
{
    size_t size = 0;

    while (size < message->label.size && message->label.data[size] != '.')
        size++;
    return bytes_make(message->label.data, size);
}
