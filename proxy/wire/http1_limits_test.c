/*
 * The reader's limits, both sides of each, in any pieces; and the proof that no way to cut the input can matter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/wire/http1_rig.h"

static struct rig rig; /* too large for a stack; every run begins it anew */

enum {
    INPUT_BYTES_MAX = 4096,
    HEAD_MAX = 100,
    URI_MAX = 20,
    TRAILERS_MAX = 40,
    BODY_MAX = 10,
};

/*
 * Input is text with one gap, "@", that is filled with as many "x" as are needed for the limit, and one more. What
 * is right at the limit goes through, one byte more is refused.
 */
struct row {
    const char *name;
    enum reader_kind kind;
    const char *input;
    size_t fill; /* at the limit */
    const char *refusal;
    const char *text; /* NULL, or how the line at the limit ends */
};

#define GET_LINE "GET / HTTP/1.1\r\n" /* 16 bytes */

static const struct row ROWS[] = {
    {"a head of a value", READ_REQUEST, GET_LINE "A: @\r\n\r\n", HEAD_MAX - 16 - 7,
     "refused 431 head is too large", NULL},
    {"a head of a name", READ_REQUEST, GET_LINE "@:\r\n\r\n", HEAD_MAX - 16 - 5,
     "refused 431 head is too large", NULL},
    {"a target", READ_REQUEST, "GET /@ HTTP/1.1\r\n\r\n", URI_MAX - 1,
     "refused 414 target is too long", NULL},
    {"a response's head of a reason", READ_RESPONSE, "HTTP/1.1 200 @\r\nContent-Length: 0\r\n\r\n",
     HEAD_MAX - 36, "refused 431 head is too large", NULL},
    {"a response's head of a value", READ_RESPONSE, "HTTP/1.1 204 \r\nA: @\r\n\r\n",
     HEAD_MAX - 15 - 7, "refused 431 head is too large", NULL},
    {"trailers", READ_REQUEST,
     "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: @\r\n\r\n", TRAILERS_MAX - 7,
     "refused 431 trailer section is too large", NULL},
    {"a chunk line", READ_REQUEST,
     "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0;@\r\n\r\n", CHUNK_LINE_BYTES_MAX - 4,
     "refused 400 chunk line is too long", NULL},
    {"a body that goes on to the end", READ_RESPONSE, "HTTP/1.1 200 OK\r\n\r\n@", BODY_MAX,
     "refused 413 body is too large", "body xxxxxxxxxx, end"},
};

static const struct rig_settings *tight(enum reader_kind kind)
{
    static struct rig_settings settings;

    settings = (struct rig_settings){
        .kind = kind,
        .limits = {.head_bytes_max = HEAD_MAX,
                   .uri_bytes_max = URI_MAX,
                   .body_bytes_max = BODY_MAX},
        .trailer_bytes_max = TRAILERS_MAX,
        .messages_max = 1,
    };
    return &settings;
}

static struct bytes fill_in(const char *input, size_t fill, char store[INPUT_BYTES_MAX])
{
    const char *gap = strchr(input, '@');
    int before = (int)(gap - input);
    int size;

    check(gap != NULL);
    size = snprintf(store, INPUT_BYTES_MAX, "%.*s%*s%s", before, input, (int)fill, "", gap + 1);
    check(size > 0);
    check(size < INPUT_BYTES_MAX);
    for (int i = before; i < before + (int)fill; i++)
        store[i] = 'x';
    return bytes_make(store, (size_t)size);
}

/* The line that is said of this input, the same for every split in two and byte by byte. */
static const char *run_in_any_pieces(const struct rig_settings *settings, struct bytes whole)
{
    static char expected[RIG_TEXT_BYTES];

    snprintf(expected, sizeof(expected), "%s", rig_run_split(&rig, settings, whole, whole.size));
    for (size_t at = 0; at < whole.size; at++)
        assert_string_equal(rig_run_split(&rig, settings, whole, at), expected);
    assert_string_equal(rig_run_bytewise(&rig, settings, whole), expected);
    return expected;
}

static void has_limit(void **state)
{
    const struct row *row = *state;
    const struct rig_settings *settings = tight(row->kind);
    char store[INPUT_BYTES_MAX];
    const char *text = run_in_any_pieces(settings, fill_in(row->input, row->fill, store));

    assert_null(strstr(text, "refused"));
    assert_non_null(strstr(text, row->text != NULL ? row->text : ", end"));
    text = run_in_any_pieces(settings, fill_in(row->input, row->fill + 1, store));
    assert_non_null(strstr(text, row->refusal));
}

static void assert_said(enum reader_kind kind, const char *input, const char *said)
{
    const char *text = run_in_any_pieces(tight(kind), bytes_of(input));

    if (strstr(text, said) == NULL)
        fail_msg("\"%s\" was expected in \"%s\"", said, text);
}

static void a_declared_body_is_refused_before_it_comes(void **state)
{
    (void)state;
    assert_said(READ_REQUEST, "PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789",
                "body 0123456789, end");
    assert_said(READ_REQUEST, "PUT / HTTP/1.1\r\nContent-Length: 11\r\n\r\n",
                "refused 413 body is too large");
    assert_said(READ_RESPONSE, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n",
                "refused 413 body is too large");
}

static void chunks_are_refused_where_they_pass_the_limit(void **state)
{
#define PUT_LINE "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    (void)state;
    assert_said(READ_REQUEST, PUT_LINE "4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n",
                "body 0123456789, end");
    assert_said(READ_REQUEST, PUT_LINE "4\r\n0123\r\n7\r\n",
                "body 0123, refused 413 body is too large");
    assert_said(READ_REQUEST, PUT_LINE "a\r\n0123456789\r\n1\r\n",
                "body 0123456789, refused 413 body is too large");
    assert_said(READ_REQUEST, PUT_LINE "ffffffffffffffff\r\n", "refused 413 body is too large");
#undef PUT_LINE
}

static void a_request_line_past_the_head_is_a_target_too_long(void **state)
{
    char line[HEAD_MAX + 2];

    (void)state;
    memset(line, 'A', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    assert_said(READ_REQUEST, line, "refused 414 request line is too long");
    memcpy(line, "HTTP/1.1 200 ", 13);
    assert_said(READ_RESPONSE, line, "refused 431 head is too large");
}

static void has_fields(size_t count, const char *said)
{
    const struct rig_settings settings = rig_usual(READ_REQUEST);
    char store[INPUT_BYTES_MAX];
    size_t size = (size_t)snprintf(store, sizeof(store), GET_LINE);

    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(store + size, sizeof(store) - size, "A: b\r\n");
    size += (size_t)snprintf(store + size, sizeof(store) - size, "\r\n");
    assert_non_null(strstr(run_in_any_pieces(&settings, bytes_make(store, size)), said));
}

static void a_head_has_so_many_fields(void **state)
{
    (void)state;
    has_fields(HEAD_FIELDS_MAX, "A: b}, end");
    has_fields(HEAD_FIELDS_MAX + 1, "refused 431 too many fields");
}

static void an_empty_line_before_a_request_does_not_count(void **state)
{
    char store[INPUT_BYTES_MAX];
    struct bytes whole = fill_in("\r\n" GET_LINE "A: @\r\n\r\n", HEAD_MAX - 16 - 7, store);

    (void)state;
    assert_non_null(strstr(run_in_any_pieces(tight(READ_REQUEST), whole), ", end"));
}

static void nothing_is_read_from_nothing(void **state)
{
    const struct rig_settings settings = rig_usual(READ_REQUEST);
    struct bytes nothing = {0};
    struct bytes body;

    (void)state;
    rig_init(&rig, &settings);
    assert_int_equal(http1_reader_next(&rig.reader, &nothing, &body), READER_MORE);
    rig_feed(&rig, bytes_of("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n"));
    assert_int_equal(http1_reader_next(&rig.reader, &nothing, &body), READER_MORE);
    assert_null(nothing.data);
}

static void an_ended_and_a_refused_reader_stay_so(void **state)
{
    struct rig_settings settings = rig_usual(READ_REQUEST);
    struct bytes input = bytes_of("GET");
    struct bytes body;

    (void)state;
    settings.messages_max = 1;
    rig_init(&rig, &settings);
    rig_feed(&rig, bytes_of("GET / HTTP/1.1\r\n\r\n"));
    assert_int_equal(http1_reader_next(&rig.reader, &input, &body), READER_END);
    assert_int_equal(http1_reader_end_of_input(&rig.reader), READER_END);
    rig_init(&rig, &settings);
    rig_feed(&rig, bytes_of("GET\t"));
    assert_int_equal(http1_reader_next(&rig.reader, &input, &body), READER_REFUSED);
    assert_int_equal(http1_reader_end_of_input(&rig.reader), READER_REFUSED);
    assert_int_equal(input.size, 3);
}

/*
 * Proof by induction: for every k, the state after k single bytes; from there for every j the bytes k to j at once.
 * Where that always leads to the state after j single bytes, every way to cut the input leads there, piece by piece.
 */
static bool heads_equal(const struct head *a, const struct head *b)
{
    return bytes_equal(a->method, b->method) && bytes_equal(a->target, b->target) &&
           bytes_equal(a->reason, b->reason) && a->status == b->status && a->minor == b->minor &&
           a->storage_used == b->storage_used && a->field_count == b->field_count &&
           memcmp(a->fields, b->fields, a->field_count * sizeof(a->fields[0])) == 0;
}

static bool guards_equal(const struct http1_guard *a, const struct http1_guard *b)
{
    return a->section == b->section && a->state == b->state && a->number == b->number &&
           a->at == b->at && a->bytes == b->bytes && a->bytes_max == b->bytes_max &&
           a->field_lines == b->field_lines && a->chunk_size == b->chunk_size;
}

static bool readers_equal(const struct http1_reader *a, const struct http1_reader *b)
{
    return a->framing == b->framing && a->content_length == b->content_length &&
           a->keep_alive == b->keep_alive && a->upgrade == b->upgrade &&
           a->expect_continue == b->expect_continue && a->refusal.status == b->refusal.status &&
           a->refusal.rule == b->refusal.rule && a->state == b->state && a->left == b->left &&
           a->body_bytes == b->body_bytes && guards_equal(&a->guard, &b->guard);
}

static bool rigs_equal(const struct rig *a, const struct rig *b)
{
    return readers_equal(&a->reader, &b->reader) && heads_equal(&a->head, &b->head) &&
           heads_equal(&a->trailers, &b->trailers) &&
           memcmp(a->head_storage, b->head_storage, a->head.storage_used) == 0 &&
           memcmp(a->trailer_storage, b->trailer_storage, a->trailers.storage_used) == 0 &&
           a->messages_left == b->messages_left && a->in_body == b->in_body &&
           a->taken == b->taken && strcmp(a->text, b->text) == 0;
}

static const char *const INDUCTION_INPUTS[] = {
    "\r\nPOST /a/b?c=d HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nConnection: x, close\r\n\r\n"
    "hello world!GET / HTTP/1.0\r\nA:b\r\n\r\n",
    "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    "5;a=\"b\"\r\nhello\r\n0C\r\n\r\n0\r\n\r\nworld\r\n0\r\nA: b\r\nC:\r\n\r\n\r\nGET /\r\n",
    "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
};

static void every_way_to_cut_the_input_is_the_same(void **state)
{
    const struct rig_settings settings = rig_usual(READ_REQUEST);
    const char *input = *state;
    const size_t size = strlen(input);
    struct rig *after = calloc(size + 1, sizeof(*after)); /* after so many single bytes */

    assert_non_null(after);
    rig_init(&rig, &settings);
    for (size_t i = 0; i <= size; i++) {
        after[i] = rig;
        if (i < size)
            rig_feed(&rig, bytes_make(input + i, 1));
    }
    for (size_t k = 0; k < size; k++) {
        for (size_t j = k + 2; j <= size; j++) {
            rig = after[k]; /* at its own place again, so that what points into it is right */
            rig_feed(&rig, bytes_make(input + k, j - k));
            if (!rigs_equal(&rig, &after[j]))
                fail_msg("bytes %zu to %zu at once: \"%s\"", k, j, rig.text);
        }
    }
    free(after);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(a_declared_body_is_refused_before_it_comes),
        cmocka_unit_test(chunks_are_refused_where_they_pass_the_limit),
        cmocka_unit_test(a_request_line_past_the_head_is_a_target_too_long),
        cmocka_unit_test(a_head_has_so_many_fields),
        cmocka_unit_test(an_empty_line_before_a_request_does_not_count),
        cmocka_unit_test(nothing_is_read_from_nothing),
        cmocka_unit_test(an_ended_and_a_refused_reader_stay_so),
    };
    struct CMUnitTest tests[COUNT_OF(ROWS)];
    struct CMUnitTest inductions[COUNT_OF(INDUCTION_INPUTS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = has_limit,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    for (size_t i = 0; i < COUNT_OF(INDUCTION_INPUTS); i++)
        inductions[i] =
            (struct CMUnitTest){.name = "every way to cut the input is the same",
                                .test_func = every_way_to_cut_the_input_is_the_same,
                                .initial_state = (void *)(uintptr_t)INDUCTION_INPUTS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) +
           cmocka_run_group_tests(inductions, NULL, NULL) +
           cmocka_run_group_tests(others, NULL, NULL);
}
