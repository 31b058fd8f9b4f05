/* That actors see the same of a connection in whatever segments it comes: all of them, by induction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakeupstream/wire/transcript.h"
#include "world/base/segments_rig.h"

enum { ASKED_MAX = 3 };

struct row {
    const char *name;
    const char *asked[ASKED_MAX]; /* methods that responses are due for; none: requests are read */
    const char *input;
    const char *story; /* how what is said of it begins */
};

#define HOST    "Host: h\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static const struct row ROWS[] = {
    {"a request without a body",
     {NULL},
     "GET /a?b HTTP/1.1\r\n" HOST "A: b\r\n\r\n",
     " GET |/a?b|"},
    {"a body by its length, and what looks like its end",
     {NULL},
     "POST /a HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nhi\r\n0\r\n\r\n",
     " POST |/a| Host |h| Content-Length |9| body |hi\\0d\\0a0\\0d\\0a\\0d\\0a| end"},
    {"chunks with extensions, and trailers",
     {NULL},
     "PUT / HTTP/1.1\r\n" HOST CHUNKED
     "\r\n5;x\r\nhello\r\nA;x=y\r\n\r\n\r\n\r\n\r\n\r\n\r\n0;z\r\nA: b\r\nC:\r\n\r\n",
     " PUT |/| Host |h| Transfer-Encoding |chunked| body "
     "|hello\\0d\\0a\\0d\\0a\\0d\\0a\\0d\\0a\\0d\\0a| end A |b| C ||"},
    {"two requests, and an empty line between them",
     {NULL},
     "PUT / HTTP/1.1\r\n" HOST CHUNKED "\r\n2\r\nhi\r\n0\r\n\r\n\r\nHEAD /b HTTP/1.0\r\n" HOST
     "\r\n",
     " PUT |/| Host |h| Transfer-Encoding |chunked| body |hi| end HEAD |/b| Host |h| end"},
    {"lines that end in LF alone",
     {NULL},
     "PUT / HTTP/1.1\n" HOST CHUNKED "\r\n2\nhi\n0\n\n",
     " PUT |/| Host |h| Transfer-Encoding |chunked| body |hi| end"},
    {"folded lines, names that are none, and what is no field",
     {NULL},
     "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\nB : d\r\nefg\r\nF: \x01\r\n\r\n",
     " GET |/|"},
    {"two lengths", {NULL}, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1, 2\r\n\r\nab", " PUT |/|"},
    {"a length beside chunks",
     {NULL},
     "PUT / HTTP/1.1\r\n" HOST "Content-Length: 7\r\n" CHUNKED "\r\n1\r\na\r\n0\r\n\r\n",
     " PUT |/|"},
    {"garbage",
     {NULL},
     "\x81\x82\r\n\r\nmore of it\r\n\r\nGET / HTTP/1.1\r\n\r\n",
     " raw |more of it"},
    {"bytes behind a chunk's data",
     {NULL},
     "PUT / HTTP/1.1\r\n" HOST CHUNKED "\r\n2\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
     " PUT |/| Host |h| Transfer-Encoding |chunked| body |ab| raw |1"},
    {"chunk sizes that are none",
     {NULL},
     "PUT / HTTP/1.1\r\n" HOST CHUNKED "\r\n1000000000000000\r\na\r\n0\r\n\r\n",
     " PUT |/|"},
    {"a response with a length, and the next one",
     {"GET", "GET"},
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 404 Not\r\nContent-Length: 0\r\n\r\n",
     " 200 |OK| Content-Length |2| body |hi| end 404 |Not| Content-Length |0| end"},
    {"an answer to HEAD, 204 and 304",
     {"HEAD", "GET", "GET"},
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 \r\n\r\nHTTP/1.1 304 "
     "x\r\nContent-Length: 7\r\n\r\n",
     " 200 |OK| Content-Length |5| end 204 || end 304 |x| Content-Length |7| end"},
    {"two interim responses before the final one",
     {"GET"},
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\nHTTP/1.1 200 "
     "OK\r\nContent-Length: 1\r\n\r\na",
     " 100 |Continue| 103 |x| A |b| 200 |OK| Content-Length |1| body |a| end"},
    {"a body until FIN",
     {"GET"},
     "HTTP/1.1 200 OK\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n0\r\n\r\n",
     " 200 |OK| A |b| body |HTTP/1.1 200 OK\\0d\\0a\\0d\\0a0\\0d\\0a\\0d\\0a| end"},
    {"a response that is cut",
     {"GET"},
     "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n",
     " 200 |OK|"},
    {"a response that nobody asked for",
     {"GET"},
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 502 x\r\nContent-Length: 1\r\n\r\na",
     " 200 |OK| Content-Length |0| end 502! |x| Content-Length |1| body |a| end"},
    {"a tunnel after CONNECT",
     {"CONNECT"},
     "HTTP/1.1 200 OK\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
     " 200 |OK| A |b| end raw |HTTP/1.1 200 OK"},
    {"a tunnel after 101",
     {"GET"},
     "HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n\x81\x02hi\r\n\r\n",
     " 101 |Go| Upgrade |x| end raw |\\81\\02hi"},
};

/* Bytes of a body, or raw ones, that follow each other are told as one. */
struct watching {
    const struct row *row;
    struct transcript transcript;
    enum transcript_event open; /* BODY or RAW: what said ends in, and may go on with */
    struct segments_account said;
};

static void say_fields(struct segments_account *said, const struct message_field *fields,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[64];

        check(fields[i].name.size < sizeof(name));
        memcpy(name, fields[i].name.data, fields[i].name.size);
        name[fields[i].name.size] = '\0';
        segments_say_bytes(said, name, fields[i].value);
    }
}

static void say_head(struct segments_account *said, const struct heading *head)
{
    char word[16];

    if (head->status > 0)
        snprintf(word, sizeof(word), "%u%s", head->status, head->unasked ? "!" : "");
    else
        snprintf(word, sizeof(word), "%.*s", (int)head->method.size,
                 (const char *)head->method.data);
    segments_say_bytes(said, word, head->status > 0 ? head->reason : head->target);
    say_fields(said, head->fields, head->field_count);
}

static void say_data(struct watching *watching, const struct transcript_piece *piece)
{
    struct segments_account *said = &watching->said;

    check(piece->data.size > 0);
    if (watching->open == piece->event) {
        static struct segments_account more;

        more.size = 0;
        segments_say_bytes(&more, "", piece->data);
        said->size--; /* the bar behind what came before */
        segments_say(said, more.text + strlen("  |"));
    } else {
        segments_say_bytes(said, piece->event == TRANSCRIPT_BODY ? "body" : "raw", piece->data);
    }
    watching->open = piece->event;
}

static void note(struct watching *watching, const struct transcript_piece *piece)
{
    const struct heading *head = &watching->transcript.head;

    switch (piece->event) {
    case TRANSCRIPT_BODY:
    case TRANSCRIPT_RAW:
        say_data(watching, piece);
        return;
    case TRANSCRIPT_HEAD:
        say_head(&watching->said, head);
        break;
    case TRANSCRIPT_END:
        segments_say(&watching->said, " end");
        say_fields(&watching->said, head->trailers, head->trailer_count);
        break;
    case TRANSCRIPT_MORE:
    default:
        return;
    }
    watching->open = TRANSCRIPT_MORE;
}

static void begin(void *owner)
{
    struct watching *watching = owner;
    const char *const *asked = watching->row->asked;

    transcript_reset(&watching->transcript,
                     asked[0] == NULL ? TRANSCRIPT_REQUESTS : TRANSCRIPT_RESPONSES);
    for (size_t i = 0; i < ASKED_MAX && asked[i] != NULL; i++)
        transcript_ask(&watching->transcript, bytes_of(asked[i]));
    watching->open = TRANSCRIPT_MORE;
    watching->said.size = 0;
    watching->said.text[0] = '\0';
}

static void feed(void *owner, struct bytes chunk)
{
    struct watching *watching = owner;
    struct transcript_piece piece;
    size_t at = 0;

    while (at < chunk.size) {
        at += transcript_next(&watching->transcript, chunk.data + at, chunk.size - at, &piece);
        note(watching, &piece);
    }
    transcript_next(&watching->transcript, NULL, 0, &piece);
    note(watching, &piece);
}

static void finish(void *owner)
{
    struct watching *watching = owner;

    if (transcript_close(&watching->transcript))
        feed(watching, bytes_make(NULL, 0));
}

static void tell_faults(struct segments_account *account, const struct transcript_faults *faults)
{
    segments_say_number(account, "faults", faults->count);
    for (size_t i = 0; i < faults->count && i < TRANSCRIPT_FAULTS_MAX; i++)
        segments_say_number(account, faults->list[i].sentence, faults->list[i].message);
}

/* The parts of a head stand in text that is used again, so they are said when they are told. */
static void tell(void *owner, struct segments_account *account)
{
    struct watching *watching = owner;
    const struct transcript *t = &watching->transcript;

    segments_say(account, watching->said.text);
    segments_say_number(account, "open", watching->open);
    segments_say_number(account, "state", t->state);
    segments_say_number(account, "raw", t->raw_bytes);
    segments_say_number(account, "begun", t->begun);
    segments_say_number(account, "heads", t->heads);
    segments_say_number(account, "interims", t->interims);
    segments_say_number(account, "messages", t->messages);
    segments_say_number(account, "body", t->body_bytes);
    segments_say_number(account, "stream", t->stream_bytes);
    segments_say_number(account, "left", t->remaining);
    segments_say_number(account, "line", t->line_start);
    segments_say_number(account, "tunnel", t->tunnel_next);
    segments_say_number(account, "unasked", t->unasked + 2u * t->asked_unknown);
    segments_say_number(account, "due", transcript_due(t));
    segments_say_number(account, "framing", t->head.framing);
    segments_say_number(account, "declared", t->head.declared);
    segments_say_number(account, "keep-alive", t->head.keep_alive);
    segments_say_bytes(account, "text", bytes_make(t->text, t->text_size));
    tell_faults(account, &t->faults);
}

static void is_seen_alike_in_all_segments(void **state)
{
    static struct watching watching;
    static struct segments_result result;
    struct segments_subject subject = {
        .owner = &watching, .begin = begin, .feed = feed, .end = finish, .tell = tell};
    const struct row *row = *state;
    struct transcript *transcript = &watching.transcript;

    watching.row = row;
    transcript_init(transcript, TRANSCRIPT_REQUESTS);
    begin(&watching);
    feed(&watching, bytes_of(row->input)); /* so that what it keeps is as large as it will be */
    finish(&watching);
    subject.areas[0] = (struct segments_area){&watching, sizeof(watching)};
    subject.areas[1] = (struct segments_area){transcript->text, transcript->text_capacity};
    subject.areas[2] = (struct segments_area){
        transcript->store.fields, transcript->store.capacity * sizeof(*transcript->store.fields)};
    subject.area_count = transcript->store.fields != NULL ? 3 : 2;
    if (!segments_agree(&subject, bytes_of(row->input), &result))
        fail_msg("%s", result.difference);
    print_message("%zu pairs\n", result.pairs);
    assert_memory_equal(watching.said.text, row->story, strlen(row->story));
    transcript_release(transcript);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = is_seen_alike_in_all_segments,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
