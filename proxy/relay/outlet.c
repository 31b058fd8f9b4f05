#include "proxy/relay/outlet.h"

#include <errno.h>
#include <string.h>

#include "proxy/http/forwarding.h"

enum { PIECES_MAX = 4 }; /* head, size line, body, what follows */

static const struct outlet_supply NOTHING = {.complete = true};

void outlet_start(struct outlet *outlet, const struct outlet_message *message)
{
    *outlet = (struct outlet){
        .head = message->head,
        .framing = message->framing,
        .content_length = message->content_length,
        .body_allowed = message->body_allowed,
        .tail_store = message->tail_store,
    };
}

/* The last chunk and the trailers, behind whatever ends the piece before them. RFC 9112 7.1, 7.1.2. */
static struct bytes make_tail(struct outlet *outlet, const char *before,
                              const struct head *trailers)
{
    size_t before_size = strlen(before);
    struct http1_writer writer;

    memcpy(outlet->tail_store, before, before_size);
    http1_writer_init(&writer, outlet->tail_store + before_size, OUTLET_TAIL_BYTES - before_size);
    for (size_t i = 0; trailers != NULL && i < trailers->field_count; i++)
        if (forwarding_trailer_allowed(trailers->fields[i].name))
            http1_write_field(&writer, trailers->fields[i].name, trailers->fields[i].value);
    http1_write_end_of_head(&writer);
    check(!writer.overflowed);
    outlet->tail_made = true;
    return bytes_make(outlet->tail_store, before_size + writer.size);
}

static void open_chunk(struct outlet *outlet, const struct outlet_supply *supply)
{
    size_t size = http1_chunk_prefix(supply->body.size, outlet->prefix_store);

    outlet->piece = supply->body.size;
    outlet->prefix = bytes_make(outlet->prefix_store, size);
    if (supply->complete)
        outlet->suffix = make_tail(outlet, "\r\n0\r\n", supply->trailers);
    else
        outlet->suffix = bytes_of("\r\n");
}

/* Body bytes that the declared length still asks for. */
static uint64_t length_left(const struct outlet *outlet)
{
    return outlet->content_length - outlet->body_accepted;
}

static bool is_mismatched(const struct outlet *outlet, const struct outlet_supply *supply)
{
    if (!outlet->body_allowed || outlet->framing != FRAMING_LENGTH)
        return false;
    return supply->body.size > length_left(outlet) ||
           (supply->complete && supply->body.size < length_left(outlet));
}

/* Of a body without chunks, what may go now: all of it, but for the last byte of a length that may yet be passed. */
static size_t size_to_send(const struct outlet *outlet, const struct outlet_supply *supply)
{
    size_t size = supply->body.size;

    if (outlet->framing == FRAMING_LENGTH && !supply->complete && size > 0 &&
        size >= length_left(outlet))
        return size - 1;
    return size;
}

/* Opens a piece over the body that waits, or the end of the message, if none is open. */
static void make_ready(struct outlet *outlet, const struct outlet_supply *supply)
{
    if (!outlet->body_allowed)
        return;
    if (outlet->framing != FRAMING_CHUNKED) {
        outlet->piece = size_to_send(outlet, supply);
        return;
    }
    if (outlet->piece > 0 || outlet->suffix.size > 0 || outlet->tail_made)
        return;
    if (supply->body.size > 0)
        open_chunk(outlet, supply);
    else if (supply->complete)
        outlet->suffix = make_tail(outlet, "0\r\n", supply->trailers);
}

static int add_piece(struct iovec *pieces, int count, struct bytes bytes)
{
    if (bytes.size == 0)
        return count;
    /* writev takes a pointer to non-const; it only reads. */
    memcpy(&pieces[count].iov_base, &bytes.data, sizeof(bytes.data));
    pieces[count].iov_len = bytes.size;
    return count + 1;
}

static size_t take_front(struct bytes *bytes, size_t accepted)
{
    size_t taken = accepted < bytes->size ? accepted : bytes->size;

    if (taken > 0)
        *bytes = bytes_make(bytes->data + taken, bytes->size - taken);
    return taken;
}

/* What of the supply is left when the stream has accepted so many bytes of all that was offered. */
static struct outlet_supply account(struct outlet *outlet, const struct outlet_supply *supply,
                                    size_t accepted)
{
    struct bytes piece = bytes_make(supply->body.data, outlet->piece);
    struct outlet_supply rest = *supply;
    size_t taken = take_front(&outlet->head, accepted);

    outlet->head_accepted += taken;
    accepted -= taken;
    accepted -= take_front(&outlet->prefix, accepted);
    taken = take_front(&piece, accepted);
    outlet->piece -= taken;
    outlet->body_accepted += taken;
    accepted -= taken;
    take_front(&rest.body, taken);
    accepted -= take_front(&outlet->suffix, accepted);
    check(accepted == 0);
    return rest;
}

static bool is_open(const struct outlet *outlet)
{
    return outlet->head.size + outlet->prefix.size + outlet->piece + outlet->suffix.size > 0;
}

static bool is_complete(const struct outlet *outlet, const struct outlet_supply *supply)
{
    if (is_open(outlet))
        return false;
    if (!outlet->body_allowed || outlet->tail_made)
        return true;
    return outlet->framing != FRAMING_CHUNKED && supply->complete && supply->body.size == 0;
}

static bool is_final(enum outlet_state state)
{
    return state == OUTLET_ENDED || state == OUTLET_BROKEN || state == OUTLET_MISMATCHED;
}

static enum outlet_state state_after(const struct outlet *outlet,
                                     const struct outlet_supply *supply)
{
    if (is_complete(outlet, supply))
        return OUTLET_ENDED;
    return outlet_has_pending(outlet, supply) ? OUTLET_BLOCKED : OUTLET_IDLE;
}

enum outlet_state outlet_write(struct outlet *outlet, const struct outlet_supply *supply,
                               struct stream *stream)
{
    struct outlet_supply rest = supply != NULL ? *supply : NOTHING;
    struct iovec pieces[PIECES_MAX];
    int count = 0;
    ssize_t accepted = 0;

    check(supply != NULL || !outlet->body_allowed);
    if (is_final(outlet->state))
        return outlet->state;
    if (is_mismatched(outlet, &rest)) {
        outlet->state = OUTLET_MISMATCHED;
        return outlet->state;
    }
    make_ready(outlet, &rest);
    check(outlet->piece <= rest.body.size);
    count = add_piece(pieces, count, outlet->head);
    count = add_piece(pieces, count, outlet->prefix);
    count = add_piece(pieces, count, bytes_make(rest.body.data, outlet->piece));
    count = add_piece(pieces, count, outlet->suffix);
    if (count > 0)
        accepted = stream_write(stream, pieces, count);
    if (accepted < 0 && accepted != -EAGAIN) {
        outlet->os_error = (int)-accepted;
        outlet->state = OUTLET_BROKEN;
        return outlet->state;
    }
    if (accepted > 0)
        rest = account(outlet, &rest, (size_t)accepted);
    outlet->state = state_after(outlet, &rest);
    return outlet->state;
}

bool outlet_has_pending(const struct outlet *outlet, const struct outlet_supply *supply)
{
    if (is_final(outlet->state))
        return false;
    if (is_open(outlet))
        return true;
    if (!outlet->body_allowed || outlet->tail_made)
        return false;
    if (outlet->framing == FRAMING_CHUNKED)
        return supply->body.size > 0 || supply->complete;
    return supply->complete || is_mismatched(outlet, supply) || size_to_send(outlet, supply) > 0;
}
