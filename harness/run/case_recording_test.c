/*
 * What is recorded of cases: the same story in both worlds, whoever saw it, and never another run than without a recording.
 */
#include "harness/run/place_rig.h"

#include <string.h>

#include "proxy/serve.h"
#include "reports/recording/recording.h"

enum { READ_BYTES_MAX = 8 * 1024 * 1024 };

/* ---- cases ----------------------------------------------------------------------------------- */

#define TWICE                                                                              \
    "proxy: {policy: idempotent, max_retries: 1}\n"                                        \
    "client: [request: {path: /report}]\n"                                                 \
    "upstreams:\n  a: [[read: request, end: rst]]\n  b: [[read: request, respond: 200]]\n" \
    "expect: {attempts: {a: 1, b: 1}, client: {status: 200, from: b}}\n"
#define REFUSED                                                                         \
    "proxy: {max_retries: 1}\nclient: [request: {path: /x}]\n"                          \
    "upstreams: {a: {listen: refused}, b: [[read: request, respond: {body: 40000}]]}\n" \
    "expect: {attempts: 2}\n"
#define SECURE                                                                               \
    "proxy: {tls: true}\nclient: [tls: true, request: {method: PUT, path: /x, body: 100}]\n" \
    "upstreams: {a: {tls: true, connections: [[read: request, respond: {body: 200}]]}}\n"    \
    "expect: {delivered: {a: 1}}\n"
#define OWN                                                                  \
    "proxy: {process: own, max_retries: 0}\nclient: [request: {path: /x}]\n" \
    "upstreams: {a: [[read: request, end: fin]]}\nexpect: {attempts: 1, client: {status: 502}}\n"
#define HOOKED                                                                             \
    "proxy: {policy: idempotent, max_retries: 1}\nhooks: {error_while_proxy: retry}\n"     \
    "client: [delay: 3ms, request: {path: /report}]\n"                                     \
    "upstreams:\n  a: [[read: request, end: rst]]\n  b: [[read: request, respond: 200]]\n" \
    "expect: {attempts: {a: 1, b: 1}, client: {status: 200, from: b}}\n"
#define FAULTY(fault)                                                               \
    "proxy: {max_retries: 0}\nclient: [delay: 3ms, request: {path: /x}]\n"          \
    "upstreams: {a: [[read: request, respond: 200]]}\nexpect: {attempts: {a: 1}}\n" \
    "faults: [{" fault "}]\n"
#define WRONG                                                                          \
    "client: [request: {path: /x}]\nupstreams: {a: [[read: request, respond: 200]]}\n" \
    "expect: {attempts: 2, delivered: {a: 1}, client: {status: 503}}\n"

static struct place place;
static struct region read_region; /* of recordings that were read */

static int set_up_place(void **state)
{
    (void)state;
    place_set_up(&place);
    region_init(&read_region, READ_BYTES_MAX);
    return 0;
}

static int tear_down_place(void **state)
{
    (void)state;
    place_tear_down(&place);
    region_release(&read_region);
    return 0;
}

static void play(const char *text, enum world_kind kind, enum case_record record,
                 struct case_outcome *outcome)
{
    place_read(&place, region_format(&place.region, "name: n\nstage: route\n%s", text));
    case_run_record(place.runs[kind], record);
    place_play(&place, kind);
    case_run_judge(place.runs[kind], outcome);
}

static void forget(enum world_kind kind)
{
    place_forget(&place, kind);
    region_reset(&read_region);
}

/* Plays it and reads what was recorded; until forget(). */
static const struct case_recording *record(const char *text, enum world_kind kind)
{
    char error[RECORDING_ERROR_BYTES] = "";
    struct case_outcome outcome;
    play(text, kind, CASE_RECORD_ALL, &outcome);
    for (size_t i = 0; i < outcome.sentence_count; i++)
        print_error("- %s\n", outcome.sentences[i]);
    assert_int_equal(outcome.verdict, VERDICT_PASS);
    assert_non_null(outcome.recording);
    const struct case_recording *recording = recording_read(outcome.recording, &read_region, error);
    assert_string_equal(error, "");
    return recording;
}

/* ---- looking ----------------------------------------------------------------------------------- */

static size_t find_connection(const struct case_recording *recording, const char *name)
{
    size_t index = 0;
    while (index < recording->connection_count &&
           strcmp(recording->connections[index].name, name) != 0)
        index++;
    if (index == recording->connection_count)
        fail_msg("there is no connection %s", name);
    return index;
}

/* The first event of that kind on a connection, and with that in its text where one is given. */
static size_t find_event(const struct case_recording *recording, const char *connection,
                         enum recording_what what, const char *text)
{
    size_t wanted = find_connection(recording, connection);
    for (size_t i = 0; i < recording->event_count; i++) {
        const struct recording_event *event = &recording->events[i];
        if (event->connection == wanted && event->what == what &&
            (text == NULL || (event->text != NULL && strstr(event->text, text) != NULL)))
            return i;
    }
    fail_msg("there is no event %s of %s %s", recording_what_word(what), connection,
             text != NULL ? text : "");
    return 0;
}

static void expect_expectation(const struct case_recording *recording,
                               const struct recording_expectation *expected)
{
    for (size_t i = 0; i < recording->expectation_count; i++) {
        const struct recording_expectation *row = &recording->expectations[i];
        if (strcmp(row->what, expected->what) != 0)
            continue;
        assert_string_equal(row->expected, expected->expected);
        assert_string_equal(row->observed, expected->observed);
        assert_int_equal(row->holds, expected->holds);
        return;
    }
    fail_msg("there is no row '%s'", expected->what);
}

/* What holds of all: times do not go back, and bytes follow each other up to all that went. */
static void expect_sound(const struct case_recording *recording)
{
    for (size_t i = 1; i < recording->event_count; i++)
        assert_true(recording->events[i - 1].at_ns <= recording->events[i].at_ns);
    for (size_t c = 0; c < recording->connection_count; c++)
        for (enum recording_way way = 0; way < WAY_COUNT; way++) {
            uint64_t told = 0;
            for (size_t i = 0; i < recording->event_count; i++) {
                const struct recording_event *event = &recording->events[i];
                if (event->what != RECORDED_BYTES || event->connection != c || event->way != way)
                    continue;
                assert_int_equal(event->offset, told);
                told += event->size;
            }
            assert_int_equal(told, recording->connections[c].streams[way].total);
        }
}

static bool begins_with(const uint8_t *data, size_t size, const char *text)
{
    return size >= strlen(text) && memcmp(data, text, strlen(text)) == 0;
}

/* ---- what is recorded --------------------------------------------------------------------------- */

static void a_retry_is_told_from_its_dial_to_its_answer(void **state)
{
    (void)state;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        const struct case_recording *recording = record(TWICE, kind);
        expect_sound(recording);
        assert_true(recording->from_proxy);
        assert_int_equal(recording->virtual_time, kind == WORLD_SIM);
        assert_int_equal(recording->lane_count, 4);
        assert_string_equal(recording->lanes[2].name, "a");
        assert_int_equal(recording->lanes[1].role, ROLE_PROXY);
        size_t reset = find_event(recording, "a#1", RECORDED_RST, NULL);
        size_t judged = find_event(recording, "a#1", RECORDED_DECISION, "tried again");
        size_t chosen = find_event(recording, "b#1", RECORDED_DECISION, "attempt 2 goes to b");
        size_t dial = find_event(recording, "b#1", RECORDED_DIAL, NULL);
        assert_true(find_event(recording, "a#1", RECORDED_FAULT, "a resets") < reset);
        assert_true(reset < judged);
        assert_true(judged < chosen);
        assert_true(chosen < dial);
        assert_int_equal(recording->events[reset].way, WAY_DOWN);
        const struct recording_stream *answer =
            &recording->connections[find_connection(recording, "b#1")].streams[WAY_DOWN];
        assert_true(begins_with(answer->data, answer->size, "HTTP/1.1 200 OK\r\n"));
        forget(kind);
    }
}

static void attempts_say_what_the_record_says(void **state)
{
    (void)state;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        const struct case_recording *recording = record(TWICE, kind);
        const struct recording_exchange *exchange = &recording->exchanges[0];
        const struct recording_attempt *attempts = exchange->attempts;
        assert_int_equal(recording->exchange_count, 1);
        assert_string_equal(exchange->client, "client");
        assert_string_equal(exchange->method, "GET");
        assert_string_equal(exchange->target, "/report");
        assert_int_equal(exchange->status, 200);
        assert_int_equal(exchange->attempt_count, 2);
        assert_string_equal(attempts[0].upstream, "a");
        assert_string_equal(attempts[0].stage, "post-write");
        assert_string_equal(attempts[0].cause, "connection_terminated");
        assert_true(attempts[0].retried);
        assert_string_equal(attempts[0].decision,
                            "method is idempotent and the body can be sent again");
        assert_int_equal(attempts[0].connection, find_connection(recording, "a#1"));
        assert_int_equal(attempts[1].connection, find_connection(recording, "b#1"));
        assert_null(attempts[1].stage);
        assert_int_equal(attempts[1].status, 200);
        assert_string_equal(attempts[1].address,
                            recording->connections[attempts[1].connection].server_address);
        forget(kind);
    }
}

static void a_refused_dial_and_a_cut_of_what_is_kept(void **state)
{
    (void)state;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        const struct case_recording *recording = record(REFUSED, kind);
        expect_sound(recording);
        size_t refused = find_event(recording, "a#1", RECORDED_REFUSED, NULL);
        assert_string_equal(recording->events[refused].text, "Connection refused");
        const struct recording_stream *body =
            &recording->connections[find_connection(recording, "client#1")].streams[WAY_DOWN];
        assert_int_equal(body->size, RECORDING_STREAM_BYTES_MAX);
        assert_true(body->total > 40000);
        forget(kind);
    }
}

static void under_tls_there_is_plain_text_with_the_secrets_for_it(void **state)
{
    static const char *const names[] = {"client#1", "a#1"};
    (void)state;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        const struct case_recording *recording = record(SECURE, kind);
        expect_sound(recording);
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            const struct recording_connection *connection =
                &recording->connections[find_connection(recording, names[i])];
            const struct recording_stream *up = &connection->streams[WAY_UP];
            const struct recording_stream *down = &connection->streams[WAY_DOWN];
            assert_true(connection->tls);
            assert_true(begins_with(up->plain, up->plain_size, "PUT /x HTTP/1.1\r\n"));
            assert_true(begins_with(down->plain, down->plain_size, "HTTP/1.1 200 OK\r\n"));
            assert_int_equal(up->data[0], 22); /* a record of a handshake: RFC 8446 5.1 */
            assert_non_null(connection->secrets);
            assert_non_null(strstr(connection->secrets, "CLIENT_TRAFFIC_SECRET_0 "));
            assert_non_null(strstr(connection->secrets, "SERVER_TRAFFIC_SECRET_0 "));
            assert_true(strlen(connection->client_address) > 0);
            assert_true(strlen(connection->server_address) > 0);
        }
        forget(kind);
    }
}

/* The actors saw it: of the proxy there is nothing but what went in and out of it. */
static void a_proxy_of_another_process_is_recorded_from_around_it(void **state)
{
    (void)state;
    const struct case_recording *recording = record(OWN, WORLD_SOCKETS);
    expect_sound(recording);
    assert_false(recording->from_proxy);
    size_t request = find_event(recording, "client#1", RECORDED_BYTES, NULL);
    assert_int_equal(recording->events[request].way, WAY_UP);
    size_t end = find_event(recording, "a#1", RECORDED_FIN, NULL);
    assert_int_equal(recording->events[end].way, WAY_DOWN);
    assert_int_equal(recording->exchange_count, 1);
    assert_int_equal(recording->exchanges[0].attempt_count, 1);
    assert_string_equal(recording->exchanges[0].attempts[0].upstream, "a");
    assert_int_equal(recording->exchanges[0].status, 502);
    assert_null(recording->exchanges[0].attempts[0].stage);
    expect_expectation(recording, &(struct recording_expectation){"attempts", "1", "1", true});
    forget(WORLD_SOCKETS);
}

/* Each call of a hook stands where it came, between what the proxy had seen by then and what it did next. */
static void hooks_are_told_when_they_were_called(void **state)
{
    (void)state;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        const struct case_recording *recording = record(HOOKED, kind);
        expect_sound(recording);
        const char *const client = "client#1";
        size_t asked = find_event(recording, client, RECORDED_BYTES, NULL);
        size_t filtered = find_event(recording, client, RECORDED_DECISION, "request_filter");
        size_t dial = find_event(recording, "a#1", RECORDED_DIAL, NULL);
        size_t open = find_event(recording, "a#1", RECORDED_OPEN, NULL);
        size_t told = find_event(recording, client, RECORDED_DECISION, "connected_to_upstream");
        size_t sent = find_event(recording, "a#1", RECORDED_BYTES, NULL);
        size_t reset = find_event(recording, "a#1", RECORDED_RST, NULL);
        size_t failed = find_event(recording, client, RECORDED_DECISION, "error_while_proxy");
        size_t judged = find_event(recording, "a#1", RECORDED_DECISION, "tried again");
        size_t answered = find_event(recording, "b#1", RECORDED_BYTES, NULL);
        size_t logged = find_event(recording, client, RECORDED_DECISION, "logging");
        assert_true(asked < filtered && filtered < dial);
        assert_true(open < told && told < sent);
        assert_true(reset < failed && failed < judged);
        assert_true(answered < logged);
        assert_true(recording->events[told].at_ns == recording->events[open].at_ns);
        assert_true(recording->events[told].at_ns >= 3 * NS_PER_MS);
        forget(kind);
    }
}

struct put_in {
    const char *text;
    enum recording_what before; /* the first of them on the connection comes behind the fault */
};

static const struct put_in PUT_IN[] = {
    {FAULTY("at: a#1, kind: refused"), RECORDED_DIAL},
    {FAULTY("at: a#1, received: 10, kind: rst"), RECORDED_RST},
    {FAULTY("at: a#1, sent: 20, kind: fin"), RECORDED_FIN},
};

static void a_fault_is_told_when_it_took_place_and_ahead_of_what_it_brings(void **state)
{
    (void)state;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++)
        for (size_t i = 0; i < COUNT_OF(PUT_IN); i++) {
            const struct case_recording *recording = record(PUT_IN[i].text, kind);
            expect_sound(recording);
            size_t fault = find_event(recording, "a#1", RECORDED_FAULT, "put into the case: ");
            size_t brought = find_event(recording, "a#1", PUT_IN[i].before, NULL);
            assert_true(fault < brought);
            assert_true(recording->events[fault].at_ns >= 3 * NS_PER_MS);
            forget(kind);
        }
}

static void a_fault_that_did_not_take_place_is_told_at_the_beginning(void **state)
{
    (void)state;
    const struct case_recording *recording =
        record(FAULTY("at: a#2, sent: 0, kind: fin"), WORLD_SIM);
    const struct recording_event *first = &recording->events[0];
    assert_int_equal(first->what, RECORDED_FAULT);
    assert_int_equal(first->at_ns, 0);
    assert_int_equal(first->connection, RECORDING_NOWHERE);
    assert_non_null(strstr(first->text, "(it did not take place)"));
    forget(WORLD_SIM);
}

/* ---- of which cases, and at what price ------------------------------------------------------------ */

static void an_expectation_that_fails_stands_beside_what_was_seen(void **state)
{
    static const struct recording_expectation rows[] = {
        {"attempts", "2", "1", false},
        {"delivered to a", "1", "1", true},
        {"the client's status", "503", "200", false},
    };
    (void)state;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        char error[RECORDING_ERROR_BYTES] = "";
        struct case_outcome outcome;
        play(WRONG, kind, CASE_RECORD_FAILED, &outcome);
        assert_int_equal(outcome.verdict, VERDICT_FAIL);
        assert_non_null(outcome.recording);
        const struct case_recording *recording =
            recording_read(outcome.recording, &read_region, error);
        assert_non_null(recording);
        assert_int_equal(recording->expectation_count, COUNT_OF(rows));
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            expect_expectation(recording, &rows[i]);
        forget(kind);
    }
}

static void what_passes_is_recorded_where_all_are_wanted(void **state)
{
    struct case_outcome outcome;
    (void)state;
    play(TWICE, WORLD_SIM, CASE_RECORD_FAILED, &outcome);
    assert_int_equal(outcome.verdict, VERDICT_PASS);
    assert_null(outcome.recording);
    forget(WORLD_SIM);
    play(WRONG, WORLD_SIM, CASE_RECORD_NONE, &outcome);
    assert_int_equal(outcome.verdict, VERDICT_FAIL);
    assert_null(outcome.recording);
    forget(WORLD_SIM);
}

/* Equal hashes: the same calls, upcalls and bytes at the same times. */
static void a_recorded_run_is_the_run_that_was_not(void **state)
{
    static const char *const texts[] = {TWICE, REFUSED, SECURE, WRONG};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct case_outcome outcomes[2];
        for (size_t k = 0; k < COUNT_OF(outcomes); k++) {
            play(texts[i], WORLD_SIM, k == 0 ? CASE_RECORD_NONE : CASE_RECORD_ALL, &outcomes[k]);
            forget(WORLD_SIM);
        }
        assert_true(outcomes[0].trace_hash == outcomes[1].trace_hash);
        assert_true(outcomes[0].shape_hash == outcomes[1].shape_hash);
    }
}

/* The subject of its own is this program again, as it is retryproof otherwise. */
int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "proxy") == 0)
        return proxy_command(argc - 1, argv + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retry_is_told_from_its_dial_to_its_answer),
        cmocka_unit_test(attempts_say_what_the_record_says),
        cmocka_unit_test(a_refused_dial_and_a_cut_of_what_is_kept),
        cmocka_unit_test(under_tls_there_is_plain_text_with_the_secrets_for_it),
        cmocka_unit_test(a_proxy_of_another_process_is_recorded_from_around_it),
        cmocka_unit_test(hooks_are_told_when_they_were_called),
        cmocka_unit_test(a_fault_is_told_when_it_took_place_and_ahead_of_what_it_brings),
        cmocka_unit_test(a_fault_that_did_not_take_place_is_told_at_the_beginning),
        cmocka_unit_test(an_expectation_that_fails_stands_beside_what_was_seen),
        cmocka_unit_test(what_passes_is_recorded_where_all_are_wanted),
        cmocka_unit_test(a_recorded_run_is_the_run_that_was_not),
    };
    return cmocka_run_group_tests(tests, set_up_place, tear_down_place);
}
