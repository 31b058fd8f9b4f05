#include "fakeupstream/acting/outbox.h"

#include "fakeupstream/wire/pattern.h"
#include "world/base/check.h"

void outbox_init(struct outbox *outbox)
{
    outbox->message.draft = NULL;
    outbox->position = 0;
    outbox->begun = false;
    outbox->sent = NULL;
    outbox->raw_sent = 0;
    outbox->raw = NULL;
    outbox->piece_bytes = SCENE_SCRATCH_BYTES;
    outbox->drip_bytes = 0;
    outbox->drip_every_ns = 0;
    outbox->next_ns = 0;
}

void outbox_prepare(struct outbox *outbox, const struct draft *draft)
{
    outbox->message.draft = draft;
    outbox->position = 0;
    outbox->begun = false;
    outbox->sent = NULL;
}

void outbox_forget(struct outbox *outbox)
{
    outbox->sent = NULL;
    outbox->raw = NULL;
}

void outbox_begin_raw(struct outbox *outbox, struct line *line, size_t size)
{
    outbox->raw = witness_sending(&line->witness, NULL, bytes_of(""));
    if (outbox->raw != NULL)
        outbox->raw->bytes_total = size;
}

void outbox_begin(struct outbox *outbox, struct line *line, const struct outbox_mark *mark)
{
    const struct transcript *transcript = &line->transcript;

    check(!outbox->begun);
    check(outbox->message.draft != NULL);
    message_init(&outbox->message, outbox->message.draft, mark->fields, pattern_seed(mark->label));
    if (mark->place.size > 0)
        message_set_place(&outbox->message, mark->place);
    if (transcript->kind == TRANSCRIPT_REQUESTS && transcript->head.asks_no_body)
        outbox->message.bodiless = true; /* RFC 9110 9.3.2 */
    outbox->begun = true;
    outbox->sent = witness_sending(&line->witness, outbox->message.draft, mark->label);
    if (outbox->sent != NULL)
        outbox->sent->bytes_total = message_end(&outbox->message);
}

void outbox_drip(struct outbox *outbox, uint64_t bytes, uint64_t every_ns)
{
    outbox->drip_bytes = bytes;
    outbox->drip_every_ns = every_ns;
    outbox->next_ns = 0;
}

bool outbox_is_all_sent(const struct outbox *outbox)
{
    return outbox->begun && outbox->position == message_end(&outbox->message);
}

/* One write at the pace of the drip; *taken says how much of it was accepted. */
static enum outbox_progress send_piece(struct outbox *outbox, struct line *line, struct bytes piece,
                                       size_t *taken)
{
    uint64_t now_ns = world_now(line->scene->world);
    enum line_progress progress;

    *taken = 0;
    if (outbox->drip_bytes > 0 && now_ns < outbox->next_ns)
        return OUTBOX_LATER;
    progress = line_send(line, piece.data, piece.size, taken);
    if (*taken > 0 && outbox->drip_bytes > 0)
        outbox->next_ns = now_ns + outbox->drip_every_ns;
    if (progress == LINE_ENDED)
        return OUTBOX_ENDED;
    return progress == LINE_AGAIN ? OUTBOX_AGAIN : OUTBOX_DONE;
}

size_t outbox_next_piece(size_t piece, size_t made, size_t taken)
{
    size_t twice = 2 * (taken < made ? taken : piece);

    if (taken == 0 || (taken == made && made < piece))
        return piece;
    if (twice < OUTBOX_PIECE_BYTES_MIN)
        return OUTBOX_PIECE_BYTES_MIN;
    return twice < SCENE_SCRATCH_BYTES ? twice : SCENE_SCRATCH_BYTES;
}

static size_t piece_size(const struct outbox *outbox, uint64_t left)
{
    uint64_t size = left < outbox->piece_bytes ? left : outbox->piece_bytes;

    if (outbox->drip_bytes > 0 && outbox->drip_bytes < size)
        size = outbox->drip_bytes;
    return (size_t)size;
}

/* A piece that was made for this write: what of it is not taken will be made again. */
static enum outbox_progress send_made(struct outbox *outbox, struct line *line, struct bytes piece,
                                      size_t *taken)
{
    enum outbox_progress progress = send_piece(outbox, line, piece, taken);

    outbox->piece_bytes = outbox_next_piece(outbox->piece_bytes, piece.size, *taken);
    return progress;
}

static void note_sent(struct witness_sent *sent, struct line *line, size_t taken)
{
    uint64_t now_ns = world_now(line->scene->world);

    if (sent == NULL || taken == 0)
        return;
    if (sent->bytes == 0)
        sent->begun_ns = now_ns;
    sent->bytes += taken;
    if (sent->bytes == sent->bytes_total)
        sent->complete_ns = now_ns;
}

/* One piece a call: a line takes one write an upcall, and making a second piece would be half of all the work. */
enum outbox_progress outbox_send(struct outbox *outbox, struct line *line, uint64_t limit)
{
    uint8_t *scratch = line->scene->scratch;
    enum outbox_progress progress;
    size_t size;
    size_t taken;

    check(outbox->begun);
    if (outbox->position >= limit)
        return OUTBOX_DONE;
    size = piece_size(outbox, limit - outbox->position);
    size = message_fill(&outbox->message, outbox->position, scratch, size);
    check(size > 0);
    progress = send_made(outbox, line, bytes_make(scratch, size), &taken);
    outbox->position += taken;
    note_sent(outbox->sent, line, taken);
    if (progress != OUTBOX_DONE || outbox->position >= limit)
        return progress;
    return outbox->drip_bytes > 0 ? OUTBOX_LATER : OUTBOX_AGAIN;
}

enum outbox_progress outbox_send_raw(struct outbox *outbox, struct line *line, struct bytes bytes)
{
    bool ended;

    while (outbox->raw_sent < bytes.size) {
        size_t size = piece_size(outbox, bytes.size - outbox->raw_sent);
        enum outbox_progress progress;
        size_t taken;

        progress =
            send_piece(outbox, line, bytes_make(bytes.data + outbox->raw_sent, size), &taken);
        outbox->raw_sent += taken;
        note_sent(outbox->raw, line, taken);
        if (progress == OUTBOX_AGAIN || progress == OUTBOX_LATER)
            return progress;
        if (progress == OUTBOX_ENDED)
            break;
    }
    ended = outbox->raw_sent < bytes.size;
    outbox->raw_sent = 0;
    outbox->raw = NULL;
    return ended ? OUTBOX_ENDED : OUTBOX_DONE;
}

/* One piece a call, as a message is sent. */
enum outbox_progress outbox_send_stream(struct outbox *outbox, struct line *line, uint64_t until)
{
    const struct witness_flow *flow = &line->witness.flow_out;
    uint8_t *scratch = line->scene->scratch;
    enum outbox_progress progress;
    size_t size;
    size_t taken;

    if (flow->bytes >= until)
        return OUTBOX_DONE;
    size = piece_size(outbox, until - flow->bytes);
    pattern_fill(flow->seed, flow->bytes, scratch, size);
    progress = send_made(outbox, line, bytes_make(scratch, size), &taken);
    if (progress != OUTBOX_DONE || flow->bytes >= until)
        return progress;
    return outbox->drip_bytes > 0 ? OUTBOX_LATER : OUTBOX_AGAIN;
}
