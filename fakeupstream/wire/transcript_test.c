#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fakeupstream/wire/transcript.h"

enum { STORY_BYTES = 2048 };

/*
 * What comes on a connection and what is read in it. The story has a word per happening: a head is its
 * method or status, <n> are body bytes that came one after the other, . is an end, ~n raw bytes; after
 * a bar come the broken rules.
 */
struct row {
    const char *name;
    enum transcript_kind kind;
    const char *asked; /* methods that responses are due for, apart by spaces */
    const char *input;
    bool closes; /* FIN follows */
    const char *story;
};

static const struct row REQUESTS[] = {
    {"a request without a body", TRANSCRIPT_REQUESTS, "", "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
     false, "GET . |"},
    {"a body by its length", TRANSCRIPT_REQUESTS, "",
     "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", false, "POST <5> . |"},
    {"a body of no bytes", TRANSCRIPT_REQUESTS, "",
     "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", false, "POST . |"},
    {"a chunked body", TRANSCRIPT_REQUESTS, "",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
     "chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
     false, "POST <15> . |"},
    {"trailers end a chunked body", TRANSCRIPT_REQUESTS, "",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\nC: d\r\n\r\n",
     false, "POST . |"},
    {"two requests one behind the other", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\nHost: h\r\n\r\n",
     false, "PUT <2> . GET . |"},
    {"a body that is cut", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhi", true, "PUT <2> |"},
    {"HTTP/1.0 needs no Host", TRANSCRIPT_REQUESTS, "", "GET / HTTP/1.0\r\n\r\n", false, "GET . |"},
    {"no Host", TRANSCRIPT_REQUESTS, "", "GET / HTTP/1.1\r\n\r\n", false,
     "GET . | an HTTP/1.1 request without Host (RFC 9112 3.2);"},
    {"two Hosts", TRANSCRIPT_REQUESTS, "", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", false,
     "GET . | a request with more than one Host (RFC 9112 3.2);"},
    {"both framings", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     false, "PUT . | both Content-Length and Transfer-Encoding (RFC 9112 6.1);"},
    {"chunked is not last", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\nabc", false,
     "PUT ~3 | a transfer coding after chunked;a request with a Transfer-Encoding that does not "
     "end in "
     "chunked;"},
    {"a length twice", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", false,
     "PUT <1> . | more than one Content-Length;"},
    {"two lengths", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 2\r\n\r\nab", false,
     "PUT ~2 | more than one Content-Length;a request with an invalid Content-Length;"},
    {"a length that is no number", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na", false,
     "PUT ~1 | a request with an invalid Content-Length;"},
    {"transfer codings in HTTP/1.0", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false,
     "PUT . | an HTTP/1.0 message with Transfer-Encoding (RFC 9112 6.1);"},
    {"garbage", TRANSCRIPT_REQUESTS, "", "\x81\x82\r\n\r\nmore", false,
     "~4 | a request line that is none;"},
    {"another version", TRANSCRIPT_REQUESTS, "", "GET / HTTP/2.0\r\n\r\n", false,
     "| a request line that is none;"},
    {"two spaces", TRANSCRIPT_REQUESTS, "", "GET  / HTTP/1.1\r\n\r\n", false,
     "| a request line that is none;"},
    {"bare line feeds", TRANSCRIPT_REQUESTS, "", "GET / HTTP/1.1\nHost: h\r\n\r\n", false,
     "GET . | a line that ends in LF without CR;"},
    {"an empty line first", TRANSCRIPT_REQUESTS, "", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", false,
     "GET . | an empty line where a message should begin;"},
    {"a folded line", TRANSCRIPT_REQUESTS, "", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n",
     false, "GET . | a folded field line;"},
    {"a space before the colon", TRANSCRIPT_REQUESTS, "",
     "GET / HTTP/1.1\r\nHost : h\r\nHost: h\r\n\r\n", false,
     "GET . | a field name that is no token;"},
    {"no colon", TRANSCRIPT_REQUESTS, "", "GET / HTTP/1.1\r\nHost: h\r\nabc\r\n\r\n", false,
     "GET . | a field line without a colon;"},
    {"a control character", TRANSCRIPT_REQUESTS, "",
     "GET / HTTP/1.1\r\nHost: h\r\nA: b\x01\r\n\r\n", false,
     "GET . | a control character in a field value;"},
    {"a chunk size that is none", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc", false,
     "PUT ~3 | a chunk size that is none;"},
    {"a chunk size too large to count", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\nabc",
     false, "PUT ~3 | a chunk size that is none;"},
    {"the largest chunk size that is counted", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n100000000000000\r\nabc", false,
     "PUT <3> |"},
    {"bytes behind a chunk", TRANSCRIPT_REQUESTS, "",
     "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\nd", false,
     "PUT <2> ~1 | bytes between a chunk's data and its line end;"},
};

static const struct row RESPONSES[] = {
    {"a response with a length", TRANSCRIPT_RESPONSES, "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, "200 <2> . |"},
    {"an empty reason", TRANSCRIPT_RESPONSES, "GET", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
     false, "200 . |"},
    {"no space behind the status", TRANSCRIPT_RESPONSES, "GET",
     "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false,
     "200 . | a status line without the space after the status;"},
    {"an answer to HEAD", TRANSCRIPT_RESPONSES, "HEAD GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
     false, "200 . 200 <1> . |"},
    {"204 and 304 have no body", TRANSCRIPT_RESPONSES, "GET GET GET",
     "HTTP/1.1 204 x\r\n\r\nHTTP/1.1 304 x\r\nContent-Length: 7\r\n\r\nHTTP/1.1 200 x\r\n"
     "Content-Length: 0\r\n\r\n",
     false, "204 . 304 . 200 . |"},
    {"204 with a length", TRANSCRIPT_RESPONSES, "GET",
     "HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n", false,
     "204 . | a 1xx or 204 response with Content-Length (RFC 9110 8.6);"},
    {"100 with a transfer coding", TRANSCRIPT_RESPONSES, "GET",
     "HTTP/1.1 100 x\r\nTransfer-Encoding: chunked\r\n\r\n", false,
     "100 | a 1xx or 204 response with Transfer-Encoding (RFC 9112 6.1);"},
    {"interim responses go before the final one", TRANSCRIPT_RESPONSES, "GET",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\nHTTP/1.1 200 "
     "OK\r\nContent-Length: 1\r\n\r\na",
     false, "100 103 200 <1> . |"},
    {"a body until FIN", TRANSCRIPT_RESPONSES, "GET", "HTTP/1.1 200 OK\r\n\r\nabcdef", true,
     "200 <6> . |"},
    {"a body until FIN that has not come", TRANSCRIPT_RESPONSES, "GET",
     "HTTP/1.1 200 OK\r\n\r\nabcdef", false, "200 <6> |"},
    {"chunks without the last one are cut by FIN", TRANSCRIPT_RESPONSES, "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", true, "200 <3> |"},
    {"a coding that is not chunked lasts until FIN", TRANSCRIPT_RESPONSES, "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", true,
     "200 <3> . | a response whose framing cannot be told;"},
    {"a length that is no number lasts until FIN", TRANSCRIPT_RESPONSES, "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc", true,
     "200 <3> . | a response whose framing cannot be told;"},
    {"lengths that differ", TRANSCRIPT_RESPONSES, "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", false,
     "200 <1> . | more than one Content-Length;a response with an invalid Content-Length;"},
    {"a second final response", TRANSCRIPT_RESPONSES, "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 502 x\r\nContent-Length: 0\r\n\r\n",
     false, "200 . 502! . | a response that no request asked for;"},
    {"a tunnel after CONNECT", TRANSCRIPT_RESPONSES, "CONNECT", "HTTP/1.1 200 OK\r\n\r\nabc", false,
     "200 . ~3 |"},
    {"no tunnel after a refused CONNECT", TRANSCRIPT_RESPONSES, "CONNECT",
     "HTTP/1.1 403 x\r\nContent-Length: 3\r\n\r\nabc", false, "403 <3> . |"},
    {"a tunnel after 101", TRANSCRIPT_RESPONSES, "GET", "HTTP/1.1 101 x\r\n\r\nabc", false,
     "101 . ~3 |"},
    {"a status line that is none", TRANSCRIPT_RESPONSES, "GET", "HTTP/1.1 2x0 OK\r\n\r\n", false,
     "| a status line that is none;"},
};

struct telling {
    char text[STORY_BYTES];
    size_t size;
    uint64_t body;
    uint64_t raw;
};

static void tell(struct telling *telling, const char *format, ...) PRINTF_LIKE(2, 3);

static void tell(struct telling *telling, const char *format, ...)
{
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(telling->text + telling->size, STORY_BYTES - telling->size, format, arguments);
    va_end(arguments);
    assert_true(size >= 0);
    telling->size += (size_t)size;
    assert_true(telling->size < STORY_BYTES);
}

/* Bytes that came in several pieces are told as one. */
static void tell_bytes(struct telling *telling)
{
    if (telling->body > 0)
        tell(telling, "<%llu> ", (unsigned long long)telling->body);
    if (telling->raw > 0)
        tell(telling, "~%llu ", (unsigned long long)telling->raw);
    telling->body = 0;
    telling->raw = 0;
}

static void tell_piece(struct telling *telling, const struct transcript *transcript,
                       const struct transcript_piece *piece)
{
    const struct heading *head = &transcript->head;

    if (piece->event != TRANSCRIPT_BODY && piece->event != TRANSCRIPT_RAW &&
        piece->event != TRANSCRIPT_MORE)
        tell_bytes(telling);
    if (piece->event == TRANSCRIPT_BODY)
        telling->body += piece->data.size;
    else if (piece->event == TRANSCRIPT_RAW)
        telling->raw += piece->data.size;
    else if (piece->event == TRANSCRIPT_END)
        tell(telling, ". ");
    else if (piece->event == TRANSCRIPT_HEAD && head->status > 0)
        tell(telling, "%u%s ", head->status, head->unasked ? "!" : "");
    else if (piece->event == TRANSCRIPT_HEAD)
        tell(telling, "%.*s ", (int)head->method.size, (const char *)head->method.data);
}

static void begin(struct transcript *transcript, const struct row *row)
{
    struct bytes asked = bytes_of(row->asked);

    transcript_reset(transcript, row->kind);
    while (asked.size > 0) {
        size_t size = strcspn((const char *)asked.data, " ");

        transcript_ask(transcript, bytes_make(asked.data, size));
        size += size < asked.size;
        asked = bytes_make(asked.data + size, asked.size - size);
    }
}

/* Feeds a part from a copy of exactly its size, so that a read past its end is caught. */
static void feed(struct transcript *transcript, struct telling *telling, const char *data,
                 size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    size_t at = 0;
    struct transcript_piece piece;

    assert_non_null(copy);
    memcpy(copy, data, size);
    while (at < size) {
        at += transcript_next(transcript, copy + at, size - at, &piece);
        tell_piece(telling, transcript, &piece);
    }
    transcript_next(transcript, NULL, 0, &piece);
    tell_piece(telling, transcript, &piece);
    free(copy);
}

static void finish(struct transcript *transcript, struct telling *telling, const struct row *row)
{
    struct transcript_piece piece;

    if (row->closes && transcript_close(transcript)) {
        transcript_next(transcript, NULL, 0, &piece);
        tell_piece(telling, transcript, &piece);
    }
    tell_bytes(telling);
    tell(telling, "|%s", transcript->faults.count > 0 ? " " : "");
    for (size_t i = 0; i < transcript->faults.count; i++)
        tell(telling, "%s;", transcript->faults.list[i].sentence);
    assert_string_equal(telling->text, row->story);
    assert_int_equal(transcript->raw_bytes, strlen(row->input));
}

static void is_read_alike_in_any_pieces(void **state)
{
    const struct row *row = *state;
    size_t size = strlen(row->input);
    struct transcript transcript;
    struct telling telling;

    transcript_init(&transcript, row->kind);
    for (size_t split = 0; split <= size; split++) {
        begin(&transcript, row);
        telling = (struct telling){.size = 0};
        feed(&transcript, &telling, row->input, split);
        feed(&transcript, &telling, row->input + split, size - split);
        finish(&transcript, &telling, row);
    }
    begin(&transcript, row);
    telling = (struct telling){.size = 0};
    for (size_t i = 0; i < size; i++)
        feed(&transcript, &telling, row->input + i, 1);
    finish(&transcript, &telling, row);
    transcript_release(&transcript);
}

/* Reads as a script with exact positions does: takes what is wanted, and only that, until the goal. */
static size_t read_exactly(struct transcript *transcript, const struct transcript_goal *goal,
                           const char *input, size_t size)
{
    size_t at = 0;

    while (at < size && !transcript_reached(transcript, goal)) {
        size_t wanted = transcript_wanted(transcript, goal);
        size_t end = wanted < size - at ? at + wanted : size;
        struct transcript_piece piece;

        assert_true(wanted > 0);
        while (at < end)
            at += transcript_next(transcript, input + at, end - at, &piece);
        transcript_next(transcript, NULL, 0, &piece);
    }
    return at;
}

static void what_is_wanted_never_passes_the_goal(void **state)
{
    static const char INPUT[] =
        "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" /* 55 */
        "4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n" /* 58, 64, 66, 69, 73, 78 */
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    static const struct {
        struct transcript_goal goal;
        size_t stop;
    } STOPS[] = {
        {{GOAL_HEAD, 1, 0}, 55},    {{GOAL_BODY, 1, 1}, 59},
        {{GOAL_BODY, 1, 4}, 62},    {{GOAL_BODY, 1, 5}, 68},
        {{GOAL_BODY, 1, 6}, 69},    {{GOAL_BODY, 1, 99}, 76},
        {{GOAL_MESSAGE, 1, 0}, 76}, {{GOAL_RAW, 0, 7}, 7},
        {{GOAL_RAW, 0, 70}, 70},    {{GOAL_HEAD, 2, 0}, sizeof(INPUT) - 1},
    };
    struct transcript transcript;

    (void)state;
    transcript_init(&transcript, TRANSCRIPT_REQUESTS);
    for (size_t i = 0; i < COUNT_OF(STOPS); i++) {
        transcript_reset(&transcript, TRANSCRIPT_REQUESTS);
        assert_int_equal(read_exactly(&transcript, &STOPS[i].goal, INPUT, sizeof(INPUT) - 1),
                         STOPS[i].stop);
        assert_true(transcript_reached(&transcript, &STOPS[i].goal));
    }
    transcript_release(&transcript);
}

/* A head of every length, so that a piece ends at each place of a line's end. */
static void a_head_of_any_length_is_not_passed(void **state)
{
    static const struct transcript_goal GOAL = {.kind = GOAL_HEAD, .message = 1};
    char input[128];
    struct transcript transcript;

    (void)state;
    transcript_init(&transcript, TRANSCRIPT_REQUESTS);
    for (int length = 0; length < 16; length++)
        for (int padding = 0; padding < 16; padding++) {
            int size = snprintf(input, sizeof(input), "GET /%.*s HTTP/1.1\r\nHost: %.*s\r\n\r\n",
                                length, "0123456789abcdef", padding, "0123456789abcdef");

            transcript_reset(&transcript, TRANSCRIPT_REQUESTS);
            memcpy(input + size, "GET /", 5);
            assert_int_equal(read_exactly(&transcript, &GOAL, input, (size_t)size + 5), size);
        }
    transcript_release(&transcript);
}

static void a_stray_response_is_not_the_one_that_is_due(void **state)
{
    struct transcript transcript;
    struct transcript_piece piece;

    (void)state;
    transcript_init(&transcript, TRANSCRIPT_RESPONSES);
    transcript_ask(&transcript, bytes_of("GET"));
    assert_int_equal(transcript_due(&transcript), 1);
    transcript_ask(&transcript, bytes_of("GET"));
    assert_int_equal(transcript_due(&transcript), 2);
    transcript_reset(&transcript, TRANSCRIPT_RESPONSES);
    transcript_next(&transcript, "HT", 2, &piece);
    transcript_ask(&transcript, bytes_of("GET"));
    assert_int_equal(transcript_due(&transcript), 2);
    transcript_next(&transcript, "TP/1.1 204 x\r\n\r\n", 16, &piece);
    assert_true(transcript.head.unasked);
    assert_int_equal(transcript_due(&transcript), 2);
    transcript_release(&transcript);
}

static void a_head_past_the_limit_is_raw_bytes(void **state)
{
    static char head[TRANSCRIPT_HEAD_BYTES_MAX];
    struct transcript transcript;
    struct transcript_piece piece;
    size_t size = (size_t)snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nA: ");

    (void)state;
    memset(head + size, 'x', sizeof(head) - size);
    transcript_init(&transcript, TRANSCRIPT_REQUESTS);
    assert_int_equal(transcript_next(&transcript, head, sizeof(head), &piece), sizeof(head));
    assert_int_equal(transcript.state, TRANSCRIPT_IN_HEAD);
    assert_int_equal(transcript_next(&transcript, "xy", 2, &piece), 2);
    assert_int_equal(transcript.state, TRANSCRIPT_BROKEN);
    transcript_next(&transcript, "z", 1, &piece);
    assert_int_equal(piece.event, TRANSCRIPT_RAW);
    transcript_release(&transcript);
}

static void a_connection_is_kept_as_rfc_9112_says(void **state)
{
    static const struct {
        const char *head;
        bool kept;
    } HEADS[] = {
        {"HTTP/1.1 204 x\r\n\r\n", true},
        {"HTTP/1.1 204 x\r\nConnection: a, Close\r\n\r\n", false},
        {"HTTP/1.0 204 x\r\n\r\n", false},
        {"HTTP/1.0 204 x\r\nConnection: keep-alive\r\n\r\n", true},
        {"HTTP/1.1 200 x\r\n\r\n", false},
    };
    struct transcript transcript;
    struct transcript_piece piece;

    (void)state;
    transcript_init(&transcript, TRANSCRIPT_RESPONSES);
    for (size_t i = 0; i < COUNT_OF(HEADS); i++) {
        transcript_reset(&transcript, TRANSCRIPT_RESPONSES);
        transcript_next(&transcript, HEADS[i].head, strlen(HEADS[i].head), &piece);
        assert_int_equal(transcript.head.keep_alive, HEADS[i].kept);
    }
    transcript_release(&transcript);
}

static void raw_requests_make_any_number_of_responses_due(void **state)
{
    static const char INPUT[] = "HTTP/1.1 204 x\r\n\r\nHTTP/1.1 204 x\r\n\r\n";
    struct transcript transcript;
    struct telling telling = {.size = 0};

    (void)state;
    transcript_init(&transcript, TRANSCRIPT_RESPONSES);
    transcript_ask_raw(&transcript, bytes_of("GET / HTTP/1.1"));
    feed(&transcript, &telling, INPUT, sizeof(INPUT) - 1);
    assert_string_equal(telling.text, "204 . 204 . ");
    transcript_release(&transcript);
}

static void http_goes_on_in_a_tunnel(void **state)
{
    static const char TUNNEL[] = "HTTP/1.0 200 x\r\n\r\nabc";
    static const char INSIDE[] = "HTTP/1.1 204 x\r\n\r\n";
    struct transcript transcript;
    struct telling telling = {.size = 0};

    (void)state;
    transcript_init(&transcript, TRANSCRIPT_RESPONSES);
    transcript_ask(&transcript, bytes_of("CONNECT"));
    feed(&transcript, &telling, TUNNEL, sizeof(TUNNEL) - 1);
    assert_int_equal(transcript.stream_bytes, 3);
    transcript_resume(&transcript);
    assert_true(transcript.head.keep_alive);
    transcript_ask(&transcript, bytes_of("GET"));
    assert_int_equal(transcript_due(&transcript), 2);
    feed(&transcript, &telling, INSIDE, sizeof(INSIDE) - 1);
    assert_string_equal(telling.text, "200 . ~3 204 . ");
    transcript_release(&transcript);
}

/* An upstream grants an upgrade, perhaps before the request has come whole. */
static void a_tunnel_begins_behind_the_message_under_way(void **state)
{
    static const char HEAD[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na";
    const struct transcript_goal goal = {.kind = GOAL_STREAM, .amount = 4};
    struct transcript transcript;
    struct telling telling = {.size = 0};

    (void)state;
    transcript_init(&transcript, TRANSCRIPT_REQUESTS);
    feed(&transcript, &telling, HEAD, sizeof(HEAD) - 1);
    transcript_tunnel(&transcript);
    assert_int_equal(transcript_wanted(&transcript, &goal), 2);
    feed(&transcript, &telling, "bcde", 4);
    assert_int_equal(transcript.state, TRANSCRIPT_TUNNEL);
    assert_int_equal(transcript.stream_bytes, 2);
    assert_int_equal(transcript_wanted(&transcript, &goal), 2);
    assert_int_equal(transcript_room(&transcript, &goal), 2);
    assert_false(transcript_reached(&transcript, &goal));
    feed(&transcript, &telling, "fg", 2);
    assert_true(transcript_reached(&transcript, &goal));
    transcript_release(&transcript);
    transcript_init(&transcript, TRANSCRIPT_REQUESTS);
    transcript_tunnel(&transcript);
    assert_int_equal(transcript.state, TRANSCRIPT_TUNNEL);
    transcript_release(&transcript);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(what_is_wanted_never_passes_the_goal),
        cmocka_unit_test(a_head_of_any_length_is_not_passed),
        cmocka_unit_test(a_stray_response_is_not_the_one_that_is_due),
        cmocka_unit_test(a_head_past_the_limit_is_raw_bytes),
        cmocka_unit_test(a_connection_is_kept_as_rfc_9112_says),
        cmocka_unit_test(raw_requests_make_any_number_of_responses_due),
        cmocka_unit_test(http_goes_on_in_a_tunnel),
        cmocka_unit_test(a_tunnel_begins_behind_the_message_under_way),
    };
    struct CMUnitTest requests[COUNT_OF(REQUESTS)];
    struct CMUnitTest responses[COUNT_OF(RESPONSES)];
    int failed = 0;

    for (size_t i = 0; i < COUNT_OF(REQUESTS); i++)
        requests[i] = (struct CMUnitTest){.name = REQUESTS[i].name,
                                          .test_func = is_read_alike_in_any_pieces,
                                          .initial_state = (void *)(uintptr_t)&REQUESTS[i]};
    for (size_t i = 0; i < COUNT_OF(RESPONSES); i++)
        responses[i] = (struct CMUnitTest){.name = RESPONSES[i].name,
                                           .test_func = is_read_alike_in_any_pieces,
                                           .initial_state = (void *)(uintptr_t)&RESPONSES[i]};
    failed += cmocka_run_group_tests_name("requests", requests, NULL, NULL);
    failed += cmocka_run_group_tests_name("responses", responses, NULL, NULL);
    failed += cmocka_run_group_tests_name("goals", others, NULL, NULL);
    return failed;
}
