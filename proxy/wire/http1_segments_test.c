/* That the reader reads a message alike in whatever segments it comes: all of them, by induction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/wire/http1_tell_rig.h"

enum {
    HEAD_BYTES = 160,
    TRAILER_BYTES = 64,
    URI_BYTES = 40,
    BODY_BYTES_MAX = 40, /* the longest body of a row that is not refused for it */
    SAID_BYTES = 512,
};

struct row {
    const char *name;
    enum reader_kind kind;
    const char *method; /* responses: of the request */
    const char *message;
    const char *begins; /* how what is said of it begins, so that no row is about something else */
};

#define HOST    "Host: shop.test\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static const struct row ROWS[] = {
    {"a GET", READ_REQUEST, NULL, "GET /a?b=c HTTP/1.1\r\n" HOST "Accept: */*\r\n\r\n", "head end"},
    {"an empty line before a request", READ_REQUEST, NULL, "\r\nGET / HTTP/1.0\r\n\r\n",
     "head end"},
    {"a POST with a length", READ_REQUEST, NULL,
     "POST /pay HTTP/1.1\r\n" HOST
     "Content-Length: 11\r\nExpect: 100-continue\r\n\r\nhello\r\n0\r\n\r",
     "head |hello\\0d\\0a0\\0d\\0a\\0d| end"},
    {"chunks with extensions, and trailers", READ_REQUEST, NULL,
     "POST / HTTP/1.1\r\n" HOST CHUNKED "\r\n4;a=b\r\n\r\n0\r\r\n"
     "00a;c=\"d\"\r\n0123456789\r\n1\r\n\n\r\n0;last\r\nA: b\r\nChecksum:  c d \r\n\r\n",
     "head |\\0d\\0a0\\0d0123456789\\0a| trailers end"},
    {"two requests one behind the other", READ_REQUEST, NULL,
     "PUT / HTTP/1.1\r\n" HOST CHUNKED "\r\n2\r\nhi\r\n0\r\n\r\n"
     "\r\nGET /b HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
     "head |hi| end head end"},
    {"a response with a length, and the next one", READ_RESPONSE, "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 404 Not Found\r\n"
     "Content-Length: 0\r\n\r\n",
     "head |hello| end head end"},
    {"an answer to HEAD, and the next one", READ_RESPONSE, "HEAD",
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n" CHUNKED "\r\n",
     "head end head end"},
    {"204 and 304", READ_RESPONSE, "GET",
     "HTTP/1.1 204 \r\nVary: a\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
     "head end head end"},
    {"two interim responses before the final one", READ_RESPONSE, "GET",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
     "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n0\r\n\r\n",
     "head end head end head |abc| end"},
    {"a 101, and bytes behind it that are no HTTP", READ_RESPONSE, "GET",
     "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
     "\x81\x05hello",
     "head end"},
    {"a body until the end of the input", READ_RESPONSE, "GET",
     "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nHTTP/1.1 200 OK\r\n\r\n0\r\n\r\n",
     "head |HTTP/1.1 200 OK\\0d\\0a\\0d\\0a0\\0d\\0a\\0d\\0a| end"},
    {"a body that the end of the input cuts", READ_RESPONSE, "GET",
     "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n5\r\nhello\r\n3\r\nab", "head |helloab| refused"},
    {"a line that ends in LF alone", READ_REQUEST, NULL, "GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n",
     "refused"},
    {"CR without LF", READ_REQUEST, NULL, "GET / HTTP/1.1\r\nHost: a\rB: c\r\n\r\n", "refused"},
    {"a folded line", READ_REQUEST, NULL, "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n",
     "refused"},
    {"two lengths", READ_REQUEST, NULL,
     "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "refused"},
    {"a length beside chunks", READ_REQUEST, NULL,
     "PUT / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" CHUNKED "\r\n0\r\n\r\n", "refused"},
    {"a target that is too long", READ_REQUEST, NULL,
     "GET /0123456789012345678901234567890123456789 HTTP/1.1\r\n" HOST "\r\n", "refused"},
    {"a head that is too long", READ_RESPONSE, "GET",
     "HTTP/1.1 200 OK\r\nA: "
     "0123456789012345678901234567890123456789012345678901234567890123456789\r\n"
     "B: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n"
     "C: 012345678901234567890123456789012345678901234567890123456789012345678901234567890\r\n\r\n",
     "refused"},
    {"a method that nobody knows", READ_REQUEST, NULL, "FOO / HTTP/1.1\r\n" HOST "\r\n", "refused"},
    {"another version", READ_REQUEST, NULL, "GET / HTTP/2.0\r\n" HOST "\r\n", "refused"},
    {"a chunk that does not end behind its data", READ_REQUEST, NULL,
     "PUT / HTTP/1.1\r\n" HOST CHUNKED "\r\n2\r\nabc\r\n0\r\n\r\n", "head |ab| refused"},
    {"a chunk size of seventeen digits", READ_REQUEST, NULL,
     "PUT / HTTP/1.1\r\n" HOST CHUNKED "\r\n00000000000000001\r\na\r\n", "head refused"},
    {"chunks that are more than a body may have", READ_REQUEST, NULL,
     "PUT / HTTP/1.1\r\n" HOST CHUNKED "\r\n1e\r\n012345678901234567890123456789\r\nb\r\nab\r\n",
     "head |012345678901234567890123456789| refused"},
    {"a body until the end of the input that is too large", READ_RESPONSE, "GET",
     "HTTP/1.1 200 OK\r\n\r\n01234567890123456789012345678901234567890123456789",
     "head |0123456789012345678901234567890123456789| refused"},
    {"trailers that are too long", READ_REQUEST, NULL,
     "PUT / HTTP/1.1\r\n" HOST CHUNKED "\r\n0\r\n"
     "A: 012345678901234567890123456789012345678901234567890123456789\r\n\r\n",
     "head refused"},
};

/* A reader, its memory, and what it has said: slices of a body that follow each other are one. */
struct reading {
    const struct row *row;
    struct http1_reader reader;
    struct head head;
    struct head trailers;
    uint8_t head_storage[HEAD_BYTES];
    uint8_t trailer_storage[TRAILER_BYTES];
    uint64_t taken;
    bool stopped; /* refused, or what comes is HTTP no more */
    size_t body_size;
    uint8_t body[SAID_BYTES];
    size_t said_size;
    char said[SAID_BYTES];
};

static void begin(void *owner)
{
    struct reading *reading = owner;
    const struct reader_settings settings = {.kind = reading->row->kind,
                                             .head = &reading->head,
                                             .trailers = &reading->trailers,
                                             .limits = {.head_bytes_max = HEAD_BYTES,
                                                        .uri_bytes_max = URI_BYTES,
                                                        .body_bytes_max = BODY_BYTES_MAX}};

    *reading = (struct reading){.row = reading->row};
    head_init(&reading->head, reading->head_storage, sizeof(reading->head_storage));
    head_init(&reading->trailers, reading->trailer_storage, sizeof(reading->trailer_storage));
    http1_reader_init(&reading->reader, &settings);
    if (settings.kind == READ_RESPONSE)
        http1_reader_expect_response_to(&reading->reader, bytes_of(reading->row->method));
}

static void say(struct reading *reading, const char *word)
{
    size_t size = strlen(word);

    check(size + 1 < sizeof(reading->said) - reading->said_size);
    if (reading->said_size > 0)
        reading->said[reading->said_size++] = ' ';
    memcpy(reading->said + reading->said_size, word, size + 1);
    reading->said_size += size;
}

/* Body bytes stand among the words as they would be told. */
static void say_body(struct reading *reading)
{
    static struct segments_account account;

    if (reading->body_size == 0)
        return;
    account.size = 0;
    segments_say_bytes(&account, "", bytes_make(reading->body, reading->body_size));
    say(reading, account.text + strlen("  "));
    reading->body_size = 0;
}

static void keep_body(struct reading *reading, struct bytes body)
{
    check(body.size > 0);
    check(body.size <= sizeof(reading->body) - reading->body_size);
    memcpy(reading->body + reading->body_size, body.data, body.size);
    reading->body_size += body.size;
}

/* False when this chunk has nothing more to say. */
static bool note(struct reading *reading, enum reader_step step, struct bytes body)
{
    if (step == READER_BODY)
        keep_body(reading, body);
    else if (step != READER_MORE)
        say_body(reading);
    switch (step) {
    case READER_HEAD:
        say(reading, "head");
        return true;
    case READER_BODY:
        return true;
    case READER_TRAILERS:
        say(reading, "trailers");
        return true;
    case READER_END:
        say(reading, "end");
        reading->stopped = reading->head.status == 101;
        if (!reading->stopped)
            http1_reader_next_message(&reading->reader);
        return !reading->stopped;
    case READER_REFUSED:
        say(reading, "refused");
        reading->stopped = true;
        return false;
    case READER_MORE:
    default:
        return false;
    }
}

static void feed(void *owner, struct bytes chunk)
{
    struct reading *reading = owner;
    struct bytes input = chunk;
    bool more = !reading->stopped;

    while (more) {
        struct bytes body = {0};
        enum reader_step step = http1_reader_next(&reading->reader, &input, &body);

        more = note(reading, step, body);
    }
    reading->taken += chunk.size - input.size;
}

static void finish(void *owner)
{
    struct reading *reading = owner;

    if (!reading->stopped)
        (void)note(reading, http1_reader_end_of_input(&reading->reader), (struct bytes){0});
}

static void tell(void *owner, struct segments_account *account)
{
    struct reading *reading = owner;

    segments_say(account, reading->said);
    segments_say_bytes(account, "body", bytes_make(reading->body, reading->body_size));
    segments_say_number(account, "taken", reading->taken);
    tell_reader(account, &reading->reader);
}

static void is_read_alike_in_all_segments(void **state)
{
    static struct reading reading;
    static struct segments_result result;
    const struct segments_subject subject = {.owner = &reading,
                                             .begin = begin,
                                             .feed = feed,
                                             .end = finish,
                                             .tell = tell,
                                             .areas = {{&reading, sizeof(reading)}},
                                             .area_count = 1};

    reading.row = *state;
    if (!segments_agree(&subject, bytes_of(reading.row->message), &result))
        fail_msg("%s", result.difference);
    print_message("%zu pairs\n", result.pairs);
    assert_memory_equal(reading.said, reading.row->begins, strlen(reading.row->begins));
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = is_read_alike_in_all_segments,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
