#include "proxy/admin/admin_session.h"

#include <errno.h>
#include <stdlib.h>

#include "proxy/wire/apology.h"

enum {
    /* A body is held whole, and half of a window must be free for it to be read on. */
    WINDOW_BYTES = 2 * ADMIN_BODY_BYTES_MAX,
};

static void on_client_event(struct stream *stream, unsigned events);
static void on_time(struct timer *timer);

/* ---- life ------------------------------------------------------------------------------------ */

struct admin_session *admin_session_create(struct world *world, struct admin_sources *sources)
{
    const struct inlet_settings request = {
        .kind = READ_REQUEST,
        .window_bytes = WINDOW_BYTES,
        .limits = {.head_bytes_max = ADMIN_HEAD_BYTES_MAX,
                   .uri_bytes_max = ADMIN_URI_BYTES_MAX,
                   .body_bytes_max = ADMIN_BODY_BYTES_MAX},
    };
    struct admin_session *session = calloc(1, sizeof(*session));

    if (session == NULL)
        return NULL;
    if (!inlet_init(&session->request, &request)) {
        free(session);
        return NULL;
    }
    session->tag = ADMIN_SESSION_TAG;
    session->world = world;
    session->sources = sources;
    session->stream = (struct stream){.on_event = on_client_event, .owner = session};
    session->timer = (struct timer){.on_time = on_time, .owner = session};
    admin_reply_init(&session->reply);
    inlet_restart(&session->request);
    return session;
}

void admin_session_destroy(struct admin_session **session)
{
    struct admin_session *gone = object_cast(*session, ADMIN_SESSION_TAG);

    *session = NULL;
    timer_stop(gone->world, &gone->timer);
    if (stream_in_use(&gone->stream))
        stream_close(&gone->stream, STREAM_FIN);
    admin_reply_release(&gone->reply);
    inlet_release(&gone->request);
    gone->tag = 0;
    free(gone);
}

static void end(struct admin_session *session, enum stream_end how)
{
    timer_stop(session->world, &session->timer);
    stream_close(&session->stream, how);
    session->state = ADMIN_ENDED;
    session->on_ended(session);
}

static void wind_timer(struct admin_session *session, uint64_t ms)
{
    timer_set(session->world, &session->timer, world_now(session->world) + ms * NS_PER_MS);
}

static void await_request(struct admin_session *session)
{
    session->state = ADMIN_READING;
    session->head_read = false;
    wind_timer(session, ADMIN_IDLE_MS);
    stream_want(&session->stream, STREAM_READ);
}

void admin_session_start(struct admin_session *session)
{
    await_request(session);
}

/* ---- answering ------------------------------------------------------------------------------- */

/* The reply is made: from here on it is written, its body from where it stands. */
static void begin_answer(struct admin_session *session, bool is_head)
{
    const struct admin_reply *reply = &session->reply;
    struct answer answer = {.status = reply->status, .body = bytes_make(reply->text, reply->size)};
    const struct answer_manner manner = {.head_request = true, /* its body follows by itself */
                                         .keep_alive = session->keep_alive,
                                         .client_minor = session->request.head.minor};
    uint8_t store[ADMIN_FIELDS_BYTES_MAX];
    struct http1_writer fields;
    struct http1_writer head;

    http1_writer_init(&fields, store, sizeof(store));
    http1_write_field_text(&fields, "Content-Type", reply->type);
    http1_write_field_text(&fields, "Cache-Control", "no-store");
    http1_write_field_text(&fields, "X-Content-Type-Options", "nosniff");
    /* Nobody is led to press a button of the page within another one. */
    http1_write_field_text(&fields, "Content-Security-Policy", "frame-ancestors 'none'");
    if (reply->allow != NULL)
        http1_write_field_text(&fields, "Allow", reply->allow);
    check(!fields.overflowed);
    answer.fields = bytes_make(store, fields.size);
    http1_writer_init(&head, session->head, sizeof(session->head));
    answer_write(&answer, &manner, &head);
    check(!head.overflowed);
    session->head_left = bytes_make(head.data, head.size);
    session->body_left = is_head ? bytes_make(NULL, 0) : answer.body;
    session->state = ADMIN_ANSWERING;
    wind_timer(session, ADMIN_IDLE_MS);
    stream_want(&session->stream, STREAM_WRITE);
}

static void refuse(struct admin_session *session, unsigned status, const char *rule)
{
    admin_reply_refuse(&session->reply, status, "%s", rule);
    session->keep_alive = false;
    begin_answer(session, false);
}

static void take_off(struct bytes *left, size_t *accepted)
{
    size_t size = *accepted < left->size ? *accepted : left->size;

    if (size > 0)
        *left = bytes_make(left->data + size, left->size - size);
    *accepted -= size;
}

/* FIN now, close when all that the client sent was read up to its own FIN, so that no reset overtakes the answer. */
static void linger(struct admin_session *session)
{
    if (session->request.input_ended || stream_shut(&session->stream) != 0) {
        end(session, STREAM_FIN);
        return;
    }
    session->state = ADMIN_LINGERING;
    wind_timer(session, LINGER_MS);
    stream_want(&session->stream, STREAM_READ);
}

static void after_answer(struct admin_session *session)
{
    admin_reply_clear(&session->reply);
    if (!session->keep_alive) {
        linger(session);
        return;
    }
    inlet_next_message(&session->request);
    await_request(session);
}

/* Writes once of what is left, in order. False when the stream has broken. */
static bool write_left(struct admin_session *session)
{
    struct bytes *const left[] = {&session->interim, &session->head_left, &session->body_left};
    struct iovec pieces[COUNT_OF(left)];
    size_t accepted;
    ssize_t result;
    int count = 0;

    for (size_t i = 0; i < COUNT_OF(left); i++)
        if (left[i]->size > 0)
            pieces[count++] = (struct iovec){.iov_base = (void *)(uintptr_t)left[i]->data,
                                             .iov_len = left[i]->size};
    result = stream_write(&session->stream, pieces, count);
    if (result == -EAGAIN)
        return true;
    if (result < 0) {
        end(session, STREAM_RST);
        return false;
    }
    accepted = (size_t)result;
    for (size_t i = 0; i < COUNT_OF(left); i++)
        take_off(left[i], &accepted);
    if (session->state == ADMIN_ANSWERING)
        wind_timer(session, ADMIN_IDLE_MS);
    return true;
}

/* Whether the answer is written and the next request may be read. */
static bool write_answer(struct admin_session *session)
{
    if (!write_left(session) || session->head_left.size + session->body_left.size > 0)
        return false;
    after_answer(session);
    return session->state == ADMIN_READING;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void answer_request(struct admin_session *session)
{
    const struct head *head = &session->request.head;

    session->keep_alive = session->request.reader.keep_alive;
    admin_api_answer(session->sources, head, inlet_body(&session->request), &session->reply);
    begin_answer(session, bytes_equal_text(head->method, "HEAD"));
}

/* A client that waits for a word before it sends its body gets one. RFC 9110 10.1.1. */
static void invite_body(struct admin_session *session)
{
    if (!session->request.reader.expect_continue || session->request.message_ended ||
        session->request.body_total > 0)
        return;
    session->interim = bytes_of("HTTP/1.1 100 Continue\r\n\r\n");
    stream_want(&session->stream, STREAM_READ | STREAM_WRITE);
}

/* The input is refused, or ended within a message, of which nobody is told who left. */
static void give_up_reading(struct admin_session *session)
{
    const struct reader_refusal *refusal = &session->request.reader.refusal;

    if (session->request.incomplete)
        end(session, STREAM_FIN);
    else
        refuse(session, (unsigned)refusal->status, refusal->rule);
}

/* Whether the head is complete now; if not, the session may have gone on to something else. */
static bool read_head(struct admin_session *session)
{
    bool begun = inlet_head_begun(&session->request);
    enum reader_step step = inlet_read_head(&session->request);

    if (!begun && inlet_head_begun(&session->request))
        wind_timer(session, ADMIN_IDLE_MS);
    if (step == READER_REFUSED)
        give_up_reading(session);
    else if (step == READER_MORE && session->request.input_ended)
        end(session, STREAM_FIN);
    session->head_read = step == READER_HEAD;
    return session->head_read;
}

static void read_request(struct admin_session *session)
{
    bool head_is_new = !session->head_read;

    if (head_is_new && !read_head(session))
        return;
    if (!inlet_decode(&session->request)) {
        give_up_reading(session);
        return;
    }
    if (head_is_new)
        invite_body(session);
    if (session->request.message_ended)
        answer_request(session);
}

static void fill(struct admin_session *session)
{
    ssize_t result;

    if (!inlet_has_room(&session->request))
        return;
    result = inlet_fill(&session->request, &session->stream);
    if (result < 0 && result != -EAGAIN)
        end(session, STREAM_RST);
}

/* A 100 goes out while its request is read. Whether the connection still stands. */
static bool write_interim(struct admin_session *session)
{
    if (session->interim.size == 0)
        return true;
    if (!write_left(session))
        return false;
    if (session->interim.size == 0)
        stream_want(&session->stream, STREAM_READ);
    return true;
}

/* ---- turns ----------------------------------------------------------------------------------- */

/*
 * One request is read and answered after the other. In one turn a stream is written to once (rule 5 of the seam), so this
 * ends, however many requests wait.
 */
static void turn(struct admin_session *session)
{
    do {
        if (session->state == ADMIN_READING)
            read_request(session);
    } while (session->state == ADMIN_ANSWERING && write_answer(session));
}

static void on_client_event(struct stream *stream, unsigned events)
{
    struct admin_session *session = object_cast(stream->owner, ADMIN_SESSION_TAG);

    (void)events;
    check(session->state != ADMIN_ENDED);
    if (session->state == ADMIN_READING) {
        if (write_interim(session))
            fill(session);
    } else if (session->state == ADMIN_LINGERING) {
        if (!lingering_read(&session->lingering, &session->stream))
            end(session, STREAM_FIN);
    }
    turn(session);
}

static void on_time(struct timer *timer)
{
    struct admin_session *session = object_cast(timer->owner, ADMIN_SESSION_TAG);

    if (session->state == ADMIN_READING && inlet_head_begun(&session->request)) {
        refuse(session, 408, "the request did not come whole in time");
        return;
    }
    end(session, session->state == ADMIN_ANSWERING ? STREAM_RST : STREAM_FIN);
}
