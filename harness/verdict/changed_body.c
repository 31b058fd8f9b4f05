#include "harness/verdict/changed_body.h"

#include <string.h>

#include "fakeupstream/wire/pattern.h"
#include "world/data/digest.h"

enum { WINDOW_BYTES = 4096 }; /* of the body as it was sent, made anew piece by piece */

/* The body as it was sent: text, or its pattern from a seed. */
struct original {
    struct bytes text; /* data NULL: the pattern */
    uint64_t seed;
    uint64_t from; /* where the window stands */
    size_t filled;
    uint8_t window[WINDOW_BYTES];
};

/* Positions only grow, so that each window is made once. */
static uint8_t byte_at(struct original *original, uint64_t position)
{
    if (original->text.data != NULL)
        return original->text.data[position];
    if (position - original->from >= original->filled || position < original->from) {
        original->from = position;
        original->filled = sizeof(original->window);
        pattern_fill(original->seed, position, original->window, original->filled);
    }
    return original->window[position - original->from];
}

/* The digest of the first `size` bytes of what comes out. */
static void digest_changed(struct original *original, const struct hook_body_changes *changes,
                           uint64_t size, uint8_t out[DIGEST_BYTES])
{
    struct digest digest = {0};
    uint8_t piece[WINDOW_BYTES];
    for (uint64_t done = 0; done < size;) {
        size_t count = size - done < sizeof(piece) ? (size_t)(size - done) : sizeof(piece);
        for (size_t i = 0; i < count; i++) {
            uint64_t source = hook_body_changes_source(changes, done + i);
            piece[i] = hook_body_changes_byte(changes, byte_at(original, source));
        }
        digest_update(&digest, piece, count);
        done += count;
    }
    digest_finish(&digest, out);
    digest_release(&digest);
}

bool changed_body_fits(const struct witness_message *received, const struct draft *sent,
                       const struct hook_body_changes *changes)
{
    struct original original = {.text = sent->text, .seed = received->seed};
    uint64_t size = hook_body_changes_size(changes, sent->body_bytes);
    uint8_t was[DIGEST_BYTES];
    uint8_t is[DIGEST_BYTES];
    if (sent->text.data == NULL && !received->seed_known)
        return true;
    if (received->framing == MESSAGE_NO_BODY)
        return true; /* the answer to a HEAD, say */
    if (received->body_bytes > size || (received->complete && received->body_bytes != size))
        return false;
    digest_changed(&original, changes, received->body_bytes, was);
    witness_message_digest(received, is);
    return memcmp(was, is, sizeof(was)) == 0;
}
