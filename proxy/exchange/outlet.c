#include "proxy/exchange/outlet.h"

#include <errno.h>
#include <string.h>

#include "proxy/policy/forwarding.h"

enum { PIECES_MAX = 4 }; /* head, size line, body, what follows */

void outlet_start(struct outlet *outlet, const struct outlet_message *message)
{
    *outlet = (struct outlet){
        .head = message->head,
        .framing = message->framing,
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
    for (size_t i = 0; i < trailers->field_count; i++)
        if (forwarding_trailer_allowed(trailers->fields[i].name))
            http1_write_field(&writer, trailers->fields[i].name, trailers->fields[i].value);
    http1_write_end_of_head(&writer);
    check(!writer.overflowed);
    outlet->tail_made = true;
    return bytes_make(outlet->tail_store, before_size + writer.size);
}

static void open_chunk(struct outlet *outlet, const struct inlet *inlet)
{
    size_t size = http1_chunk_prefix(outlet->piece, outlet->prefix_store);

    outlet->prefix = bytes_make(outlet->prefix_store, size);
    if (inlet->message_ended)
        outlet->suffix = make_tail(outlet, "\r\n0\r\n", &inlet->trailers);
    else
        outlet->suffix = bytes_of("\r\n");
}

/* Opens a piece over the body that waits, or the end of the message, if none is open. */
static void make_ready(struct outlet *outlet, const struct inlet *inlet)
{
    if (!outlet->body_allowed)
        return;
    if (outlet->framing != FRAMING_CHUNKED) {
        outlet->piece = inlet_body(inlet).size;
        return;
    }
    if (outlet->piece > 0 || outlet->suffix.size > 0 || outlet->tail_made)
        return;
    outlet->piece = inlet_body(inlet).size;
    if (outlet->piece > 0)
        open_chunk(outlet, inlet);
    else if (inlet->message_ended)
        outlet->suffix = make_tail(outlet, "0\r\n", &inlet->trailers);
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

static void account(struct outlet *outlet, struct inlet *inlet, size_t accepted)
{
    size_t taken = take_front(&outlet->head, accepted);

    outlet->head_accepted += taken;
    accepted -= taken;
    accepted -= take_front(&outlet->prefix, accepted);
    taken = accepted < outlet->piece ? accepted : outlet->piece;
    if (taken > 0) {
        inlet_consume(inlet, taken);
        outlet->piece -= taken;
        outlet->body_accepted += taken;
        accepted -= taken;
    }
    accepted -= take_front(&outlet->suffix, accepted);
    check(accepted == 0);
}

static bool is_complete(const struct outlet *outlet, const struct inlet *inlet)
{
    if (outlet->head.size + outlet->prefix.size + outlet->piece + outlet->suffix.size > 0)
        return false;
    if (!outlet->body_allowed || outlet->tail_made)
        return true;
    return outlet->framing != FRAMING_CHUNKED && inlet->message_ended &&
           inlet_body(inlet).size == 0;
}

enum outlet_state outlet_write(struct outlet *outlet, struct inlet *inlet, struct stream *stream)
{
    struct iovec pieces[PIECES_MAX];
    int count = 0;
    ssize_t accepted;

    if (outlet->state == OUTLET_BROKEN || outlet->state == OUTLET_ENDED)
        return outlet->state;
    make_ready(outlet, inlet);
    count = add_piece(pieces, count, outlet->head);
    count = add_piece(pieces, count, outlet->prefix);
    if (outlet->piece > 0)
        count = add_piece(pieces, count, bytes_make(inlet_body(inlet).data, outlet->piece));
    count = add_piece(pieces, count, outlet->suffix);
    outlet->state = OUTLET_IDLE;
    if (count > 0) {
        accepted = stream_write(stream, pieces, count);
        if (accepted == -EAGAIN) {
            outlet->state = OUTLET_BLOCKED;
            return outlet->state;
        }
        if (accepted < 0) {
            outlet->os_error = (int)-accepted;
            outlet->state = OUTLET_BROKEN;
            return outlet->state;
        }
        account(outlet, inlet, (size_t)accepted);
    }
    if (is_complete(outlet, inlet))
        outlet->state = OUTLET_ENDED;
    else if (outlet_has_pending(outlet, inlet))
        outlet->state = OUTLET_BLOCKED;
    return outlet->state;
}

bool outlet_has_pending(const struct outlet *outlet, const struct inlet *inlet)
{
    if (outlet->state == OUTLET_ENDED || outlet->state == OUTLET_BROKEN)
        return false;
    if (outlet->head.size + outlet->prefix.size + outlet->piece + outlet->suffix.size > 0)
        return true;
    return outlet->body_allowed && !outlet->tail_made &&
           (inlet_body(inlet).size > 0 ||
            (inlet->message_ended && outlet->framing == FRAMING_CHUNKED));
}
