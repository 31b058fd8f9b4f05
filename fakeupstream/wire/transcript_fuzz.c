/* Aimed at transcript_next(), transcript_close(), transcript_wanted(), transcript_room() and what heading.c reads. */

#include <stdint.h>
#include <string.h>

#include "fakeupstream/wire/transcript.h"
#include "fakeupstream/wire/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must not depend on the pieces in which bytes come. */
struct summary {
    uint64_t raw;
    uint64_t heads;
    uint64_t interims;
    uint64_t messages;
    uint64_t body;
    size_t faults;
    enum transcript_state state;
};

/* piece 0: as much as is wanted for the next message; otherwise so many bytes at once. */
static struct summary read_in_pieces(const uint8_t *data, size_t size, size_t piece_size)
{
    struct transcript transcript;
    struct witness witness;
    struct transcript_piece piece;
    struct summary summary;
    uint64_t body = 0;
    size_t at = 1;

    transcript_init(&transcript, (data[0] & 1) != 0 ? TRANSCRIPT_RESPONSES : TRANSCRIPT_REQUESTS);
    witness_init(&witness);
    transcript_ask(&transcript, bytes_of((data[0] & 2) != 0 ? "HEAD" : "GET"));
    transcript_ask(&transcript, bytes_of((data[0] & 4) != 0 ? "CONNECT" : "GET"));
    while (at < size) {
        struct transcript_goal goal = {.kind = GOAL_MESSAGE, .message = transcript.messages + 1};
        size_t wanted = piece_size > 0 ? piece_size : transcript_wanted(&transcript, &goal);
        size_t end = wanted < size - at ? at + wanted : size;

        check(wanted > 0);
        while (at < end) {
            at += transcript_next(&transcript, data + at, end - at, &piece);
            witness_note(&witness, &transcript, &piece, at);
            body += piece.event == TRANSCRIPT_BODY ? piece.data.size : 0;
        }
        transcript_next(&transcript, NULL, 0, &piece);
        witness_note(&witness, &transcript, &piece, at);
        check(piece_size > 0 || transcript.messages <= goal.message);
    }
    if (transcript_close(&transcript)) {
        transcript_next(&transcript, NULL, 0, &piece);
        check(piece.event == TRANSCRIPT_END);
    }
    summary = (struct summary){
        transcript.raw_bytes,    transcript.heads, transcript.interims, transcript.messages, body,
        transcript.faults.count, transcript.state};
    witness_settle(&witness, &transcript);
    check(witness.received_last == NULL || witness.received_last->number == transcript.begun);
    witness_release(&witness);
    transcript_release(&transcript);
    return summary;
}

static void compare(const struct summary *a, const struct summary *b)
{
    check(a->raw == b->raw);
    check(a->heads == b->heads);
    check(a->interims == b->interims);
    check(a->messages == b->messages);
    check(a->body == b->body);
    check(a->faults == b->faults);
    check(a->state == b->state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t PIECES[] = {0, 1, 2, 7};
    struct summary whole;

    if (size < 2)
        return 0;
    whole = read_in_pieces(data, size, size);
    check(whole.raw == size - 1);
    for (size_t i = 0; i < COUNT_OF(PIECES); i++) {
        struct summary pieces = read_in_pieces(data, size, PIECES[i]);

        compare(&whole, &pieces);
    }
    return 0;
}
