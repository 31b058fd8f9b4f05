#include "proxy/admin/requests_api.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "proxy/admin/admin_rig.h"

#define OK  "HTTP/1.1 200 OK\r\n"
#define BAD "HTTP/1.1 400 Bad Request\r\n"

enum { PATH_BYTES = 64 };

/* A listener beside a log in a folder of its own. */
struct fixture {
    struct admin_rig rig;
    struct request_log *log;
    char folder[PATH_BYTES / 2];
    char path[PATH_BYTES];
    struct exchange_record record; /* that is added next */
};

static void fixture_open(struct fixture *fixture, bool on_sockets)
{
    struct request_log_options options = {.in_caller = true};
    char error[REQUEST_LOG_ERROR_BYTES];

    *fixture = (struct fixture){.folder = "/tmp/admin-log-XXXXXX"};
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/log.sqlite", fixture->folder);
    options.path = fixture->path;
    fixture->log = request_log_open(&options, error);
    assert_non_null(fixture->log);
    admin_rig_init(&fixture->rig, on_sockets, &(struct sim_options){.seed = 7});
    fixture->rig.options.log = fixture->log;
    fixture->rig.options.log_path = fixture->path;
    admin_rig_start(&fixture->rig);
}

static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL)
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    assert_int_equal(rmdir(path), 0);
}

static void fixture_close(struct fixture *fixture)
{
    admin_rig_release(&fixture->rig);
    request_log_close(&fixture->log);
    remove_folder(fixture->folder);
}

/* 2026-11-21T17:13:02.123456Z */
static const uint64_t ENDED_NS = 1795281182123456789ull;

static void add_row(struct fixture *fixture)
{
    request_log_add(fixture->log, &fixture->record, &fixture->rig.settings, ENDED_NS);
}

/* Row 1 went well; the further ones did not, each in another way. */
static void add_rows(struct fixture *fixture)
{
    struct exchange_record *record = &fixture->record;

    record->client = address_loopback(4711);
    record->begun_ns = 1000;
    record->ended_ns = 6000;
    snprintf(record->route, sizeof(record->route), "a b");
    snprintf(record->user, sizeof(record->user), "ann");
    snprintf(record->host, sizeof(record->host), "a.test:80");
    snprintf(record->method, sizeof(record->method), "GET");
    snprintf(record->target, sizeof(record->target), "/\"x\xff");
    record->status = 200;
    record->attempt_count = 1;
    record->attempts[0].status = 200;
    record->request_body_bytes = 3;
    record->response_body_bytes = 5;
    record->held_bytes_peak = 8;
    add_row(fixture); /* 1 */
    record->status = 502;
    record->error_word = "UPSTREAM_CONNECT_FAILED";
    record->failure = (struct failure){SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_REFUSED, 0};
    record->attempts[0].failure = record->failure;
    add_row(fixture); /* 2 */
    record->attempts[0].decision = (struct retry_decision){true, RETRY_BECAUSE_NOTHING_SENT};
    record->attempts[1] = record->attempts[0];
    record->attempt_count = 2;
    add_row(fixture); /* 3 */
    record->failure.cause = CAUSE_CONNECTION_TIMEOUT;
    record->status = 504;
    snprintf(record->route, sizeof(record->route), "other");
    add_row(fixture); /* 4 */
    record->failure.stage = STAGE_POST_WRITE;
    add_row(fixture); /* 5 */
    request_log_flush(fixture->log);
}

/* ---- reading answers ------------------------------------------------------------------------------- */

static struct json *parse(const char *answer)
{
    const char *body = admin_rig_body(answer);
    char error[JSON_ERROR_BYTES];
    struct json *json = json_parse("answer", body, strlen(body), error);

    if (json == NULL)
        fail_msg("%s: %.500s", error, answer);
    return json;
}

static struct json *ask(struct fixture *fixture, const char *path)
{
    char *answer = admin_rig_ask(&fixture->rig, "GET", path, NULL);
    struct json *json;

    if (strncmp(answer, OK, strlen(OK)) != 0)
        fail_msg("%s was answered: %.500s", path, answer);
    json = parse(answer);
    free(answer);
    return json;
}

static uint64_t number_at(const struct json *map, const char *key)
{
    uint64_t value;

    if (!json_u64(json_get(map, key), &value))
        fail_msg("%s is no number", key);
    return value;
}

static void assert_text_at(const struct json *map, const char *key, const char *text)
{
    const char *is = json_text(json_get(map, key));

    assert_non_null(is);
    assert_string_equal(is, text);
}

/* ---- one row ---------------------------------------------------------------------------------------- */

static void a_row_is_told_by_the_names_of_its_columns(void **state)
{
    struct fixture fixture;
    struct json *row;

    (void)state;
    fixture_open(&fixture, false);
    add_rows(&fixture);
    row = ask(&fixture, "/api/requests/3");
    assert_int_equal(number_at(row, "id"), 3);
    assert_text_at(row, "ended", "2026-11-21T17:13:02.123456Z");
    assert_int_equal(number_at(row, "ended_unix_ns"), ENDED_NS);
    assert_int_equal(number_at(row, "duration_ns"), 5000);
    assert_text_at(row, "kind", "reverse");
    assert_text_at(row, "route", "a b");
    assert_text_at(row, "client", "127.0.0.1:4711");
    assert_text_at(row, "user", "ann");
    assert_text_at(row, "host", "a.test:80");
    assert_text_at(row, "method", "GET");
    assert_text_at(row, "target", "/\"x\xef\xbf\xbd");
    assert_int_equal(number_at(row, "status"), 502);
    assert_text_at(row, "error", "UPSTREAM_CONNECT_FAILED");
    assert_text_at(row, "stage", "dial");
    assert_text_at(row, "cause", "connection_refused");
    assert_int_equal(number_at(row, "request_bytes"), 3);
    assert_int_equal(number_at(row, "response_bytes"), 5);
    assert_int_equal(number_at(row, "held_bytes_peak"), 8);
    assert_int_equal(number_at(row, "retry_attempts"), 1);
    assert_int_equal(json_count(json_get(row, "retry_details")), 2);
    assert_text_at(json_at(json_get(row, "retry_details"), 1), "cause", "connection_refused");
    json_destroy(&row);
    fixture_close(&fixture);
}

static void what_a_row_does_not_know_is_null(void **state)
{
    static const char *const keys[] = {"error", "stage", "cause", "tunnel", "summary"};
    struct fixture fixture;
    char *answer;

    (void)state;
    fixture_open(&fixture, false);
    add_rows(&fixture);
    answer = admin_rig_ask(&fixture.rig, "GET", "/api/requests/1", NULL);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        char text[64];

        snprintf(text, sizeof(text), "\"%s\":null", keys[i]);
        if (strstr(answer, text) == NULL)
            fail_msg("%s is not in: %s", text, answer);
    }
    free(answer);
    fixture_close(&fixture);
}

struct refusal {
    const char *sentence;
    const char *path;
    const char *begins;
    const char *contains;
};

static const struct refusal REFUSALS[] = {
    {"a row that the log has not is not found", "/api/requests/6", "HTTP/1.1 404 ", "no request 6"},
    {"row 0 is not found", "/api/requests/0", "HTTP/1.1 404 ", "no request 0"},
    {"an id is a number", "/api/requests/one", BAD, "is a number"},
    {"an id past 63 bits is none", "/api/requests/9223372036854775808", BAD, "is a number"},
    {"the largest id is only not there", "/api/requests/9223372036854775807", "HTTP/1.1 404 ",
     "no request"},
    {"a status is a number", "/api/requests?status=5xx", BAD, "status is a status"},
    {"a status has three digits", "/api/requests?status=99", BAD, "status is a status"},
    {"a status has no more than three", "/api/requests?status=1000", BAD, "status is a status"},
    {"a stage is known", "/api/requests?stage=dail", BAD, "did you mean 'dial'"},
    {"a stage that is like no other is refused too", "/api/requests?stage=xyzzy", BAD,
     "no stage 'xyzzy'"},
    {"a cause is known", "/api/requests?cause=connection_refuse", BAD,
     "did you mean 'connection_refused'"},
    {"a route has a name", "/api/requests?route=", BAD, "a route's name"},
    {"retried is true or false", "/api/requests?retried=1", BAD, "true or false"},
    {"before is an id", "/api/requests?before=0", BAD, "the id of a request"},
    {"limit is at least 1", "/api/requests?limit=0", BAD, "from 1 to 500"},
    {"limit is at most 500", "/api/requests?limit=501", BAD, "from 1 to 500"},
    {"a parameter is known", "/api/requests?statuses=502", BAD, "known are status"},
    {"a parameter stands once", "/api/requests?limit=1&limit=1", BAD, "twice"},
    {"a parameter has a name", "/api/requests?=1", BAD, "no name"},
    {"a value is percent-encoded", "/api/requests?route=%", BAD, "percent-encoded"},
};

/* Asks, and expects that status and an error with these words in it, and nothing else. */
static void assert_refused(struct fixture *fixture, const struct refusal *refusal)
{
    char *answer = admin_rig_ask(&fixture->rig, "GET", refusal->path, NULL);
    struct json *json = parse(answer);
    const char *sentence = json_text(json_get(json, "error"));

    if (strncmp(answer, refusal->begins, strlen(refusal->begins)) != 0 || sentence == NULL ||
        strstr(sentence, refusal->contains) == NULL || json_count(json) != 1)
        fail_msg("the answer is: %s", answer);
    json_destroy(&json);
    free(answer);
}

static void question_is_refused(void **state)
{
    struct fixture fixture;

    fixture_open(&fixture, false);
    add_rows(&fixture);
    assert_refused(&fixture, *state);
    fixture_close(&fixture);
}

/* ---- pages ------------------------------------------------------------------------------------------- */

struct page_case {
    const char *sentence;
    const char *query;
    const char *ids;
    const char *next; /* NULL: none */
};

static const struct page_case PAGES[] = {
    {"rows come newest first", "", "5 4 3 2 1 ", NULL},
    {"an empty query asks for all", "?", "5 4 3 2 1 ", NULL},
    {"by status", "?status=502", "3 2 ", NULL},
    {"by a status that no row has", "?status=418", "", NULL},
    {"by stage", "?stage=dial", "4 3 2 ", NULL},
    {"by cause", "?cause=connection_timeout", "5 4 ", NULL},
    {"by route, percent-encoded", "?route=a%20b", "3 2 1 ", NULL},
    {"those tried again", "?retried=true", "5 4 3 ", NULL},
    {"those not tried again", "?retried=false", "2 1 ", NULL},
    {"before a row", "?before=3", "2 1 ", NULL},
    {"by several at once", "?stage=dial&retried=true&cause=connection_refused", "3 ", NULL},
    {"a page that is full says where the next one is", "?limit=2", "5 4 ",
     "/api/requests?before=4&limit=2"},
    {"a page that ends with the last row is full too", "?limit=5", "5 4 3 2 1 ",
     "/api/requests?before=1&limit=5"},
    {"behind the last row there is nothing", "?before=1&limit=5", "", NULL},
    {"the next page asks the same question",
     "?limit=1&status=502&stage=dial&cause=connection_refused&route=a%20b&retried=true", "3 ",
     "/api/requests?before=3&limit=1&status=502&stage=dial&cause=connection_refused&route=a%20b"
     "&retried=true"},
    {"also about those not tried again", "?retried=false&limit=1", "2 ",
     "/api/requests?before=2&limit=1&retried=false"},
};

static void page_is_told(void **state)
{
    const struct page_case *page = *state;
    char path[256];
    char ids[64] = "";
    struct fixture fixture;
    const char *next;
    struct json *json;
    struct json *rows;

    fixture_open(&fixture, false);
    add_rows(&fixture);
    snprintf(path, sizeof(path), "/api/requests%s", page->query);
    json = ask(&fixture, path);
    rows = json_get(json, "requests");
    for (size_t i = 0; i < json_count(rows); i++)
        snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), "%u ",
                 (unsigned)number_at(json_at(rows, i), "id"));
    assert_string_equal(ids, page->ids);
    next = json_text(json_get(json, "next"));
    assert_string_equal(next != NULL ? next : "none", page->next != NULL ? page->next : "none");
    assert_int_equal(number_at(json_get(json, "log"), "added"), 5);
    assert_int_equal(number_at(json_get(json, "log"), "written"), 5);
    assert_int_equal(number_at(json_get(json, "log"), "overflowed"), 0);
    json_destroy(&json);
    fixture_close(&fixture);
}

/* Follows `next` to the end: every row once, from the newest to the oldest. Returns the number of pages. */
static size_t follow_pages(struct fixture *fixture, const char *first, uint64_t newest)
{
    char path[256];
    size_t pages = 0;

    snprintf(path, sizeof(path), "%s", first);
    for (;;) {
        struct json *json = ask(fixture, path);
        struct json *rows = json_get(json, "requests");
        const char *next = json_text(json_get(json, "next"));

        pages++;
        for (size_t i = 0; i < json_count(rows); i++)
            assert_int_equal(number_at(json_at(rows, i), "id"), newest--);
        snprintf(path, sizeof(path), "%s", next != NULL ? next : "");
        json_destroy(&json);
        if (path[0] == '\0')
            break;
    }
    assert_int_equal(newest, 0);
    return pages;
}

static void pages_have_every_row_once(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, false);
    for (size_t i = 0; i < 24; i++)
        add_rows(&fixture);
    assert_int_equal(follow_pages(&fixture, "/api/requests", 120), 3); /* of 50, 50 and 20 */
    assert_int_equal(follow_pages(&fixture, "/api/requests?limit=7", 120), 18);
    assert_int_equal(follow_pages(&fixture, "/api/requests?limit=500", 120), 1);
    fixture_close(&fixture);
}

enum { LONG_ROWS = 160 };

/* Most have as many attempts as there can be: together more than an answer may have. Some would fit in any gap. */
static void add_long_rows(struct fixture *fixture)
{
    struct exchange_record *record = &fixture->record;

    for (size_t i = 0; i < RECORD_ATTEMPTS_MAX; i++)
        record->attempts[i].failure =
            (struct failure){SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_REFUSED, ECONNREFUSED};
    for (size_t i = 0; i < LONG_ROWS; i++) {
        record->attempt_count = i % 8 == 0 ? 1 : RECORD_ATTEMPTS_MAX;
        add_row(fixture);
        request_log_flush(fixture->log);
    }
}

static void a_page_that_would_be_too_large_ends_earlier(void **state)
{
    struct fixture fixture;
    char *answer;

    (void)state;
    fixture_open(&fixture, false);
    add_long_rows(&fixture);
    answer = admin_rig_ask(&fixture.rig, "GET", "/api/requests?limit=500", NULL);
    assert_in_range(strlen(admin_rig_body(answer)), ADMIN_ANSWER_BYTES_MAX / 2,
                    ADMIN_ANSWER_BYTES_MAX);
    free(answer);
    assert_in_range(follow_pages(&fixture, "/api/requests?limit=500", LONG_ROWS), 2, 20);
    fixture_close(&fixture);
}

/* ---- while others read slowly ---------------------------------------------------------------------------- */

enum {
    SLOW_READERS = 3,
    SLOW_ANSWER_BYTES = 512 * 1024, /* more than the buffers of a simulated stream hold */
};

/* On sockets nobody pauses: how long that takes would depend on the machine. */
static void play_slow_readers(bool on_sockets)
{
    static const char says[] = "GET /api/requests?limit=25 HTTP/1.1\r\nHost: a\r\n"
                               "Connection: close\r\n\r\n";
    struct admin_client slow[SLOW_READERS];
    struct fixture fixture;
    char *answer;

    fixture_open(&fixture, on_sockets);
    add_long_rows(&fixture);
    for (size_t i = 0; i < SLOW_READERS; i++) {
        admin_client_start(&slow[i], &fixture.rig, bytes_of(says));
        slow[i].paused = !on_sockets;
    }
    answer = admin_rig_ask(&fixture.rig, "GET", "/healthz", NULL);
    assert_string_equal(admin_rig_body(answer), "ok\n");
    free(answer);
    for (size_t i = SLOW_READERS; i-- > 0;) {
        if (slow[i].paused) {
            slow[i].paused = false;
            admin_client_want(&slow[i]);
        }
        if (!slow[i].ended)
            admin_rig_run_to_end(&fixture.rig, &slow[i]);
        assert_int_equal(slow[i].error, 0);
        assert_true(strlen(admin_rig_body(slow[i].answer)) > SLOW_ANSWER_BYTES);
        assert_string_equal(slow[i].answer, slow[SLOW_READERS - 1].answer);
    }
    for (size_t i = 0; i < SLOW_READERS; i++)
        admin_client_release(&slow[i]);
    fixture_close(&fixture);
}

static void slow_readers_hold_nobody_up_and_get_all(void **state)
{
    (void)state;
    play_slow_readers(false);
    play_slow_readers(true);
}

/* However long the whole takes, as long as some of it goes on. */
static void a_reader_that_takes_a_piece_now_and_then_gets_all(void **state)
{
    struct admin_client client;
    struct fixture fixture;
    uint64_t begun_ns;

    (void)state;
    fixture_open(&fixture, false);
    add_long_rows(&fixture);
    begun_ns = world_now(fixture.rig.world);
    admin_client_start(&client, &fixture.rig,
                       bytes_of("GET /api/requests?limit=500 HTTP/1.1\r\nHost: a\r\n"
                                "Connection: close\r\n\r\n"));
    client.bytes_max = 512 * 1024;
    while (!client.ended) {
        (void)world_run(fixture.rig.world, ADMIN_RIG_STEPS_MAX,
                        world_now(fixture.rig.world) + (ADMIN_IDLE_MS - 1000) * NS_PER_MS);
        client.bytes_max = client.size + 512 * 1024;
        if (!client.ended)
            admin_client_want(&client);
    }
    assert_int_equal(client.error, 0);
    assert_true(strlen(admin_rig_body(client.answer)) > ADMIN_ANSWER_BYTES_MAX / 2);
    assert_true(world_now(fixture.rig.world) - begun_ns > 2 * ADMIN_IDLE_MS * NS_PER_MS);
    admin_client_release(&client);
    fixture_close(&fixture);
}

static void a_reader_that_never_reads_is_reset(void **state)
{
    struct admin_client client;
    struct fixture fixture;
    uint64_t begun_ns;

    (void)state;
    fixture_open(&fixture, false);
    add_long_rows(&fixture);
    begun_ns = world_now(fixture.rig.world);
    admin_client_start(&client, &fixture.rig,
                       bytes_of("GET /api/requests?limit=500 HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.paused = true;
    while (stream_status(&client.stream) >= 0 || stream_status(&client.stream) == -EINPROGRESS)
        assert_int_equal(world_run(fixture.rig.world, 1, TIME_NEVER), RUN_STEPS);
    assert_int_equal(stream_status(&client.stream), -ECONNRESET);
    assert_int_equal((world_now(fixture.rig.world) - begun_ns) / NS_PER_S, ADMIN_IDLE_MS / 1000);
    admin_client_release(&client);
    fixture_close(&fixture);
}

/* ---- the file --------------------------------------------------------------------------------------------- */

static void rows_that_still_wait_are_counted_and_not_told(void **state)
{
    struct fixture fixture;
    struct json *json;

    (void)state;
    fixture_open(&fixture, false);
    add_row(&fixture);
    json = ask(&fixture, "/api/requests");
    assert_int_equal(json_count(json_get(json, "requests")), 0);
    assert_int_equal(number_at(json_get(json, "log"), "added"), 1);
    assert_int_equal(number_at(json_get(json, "log"), "written"), 0);
    json_destroy(&json);
    fixture_close(&fixture);
}

static void a_log_that_cannot_be_read_is_a_503_that_says_why(void **state)
{
    char gone[PATH_BYTES + 8];
    struct fixture fixture;
    const struct refusal refusals[] = {
        {"a page", "/api/requests", "HTTP/1.1 503 ", fixture.path},
        {"a row", "/api/requests/1", "HTTP/1.1 503 ", fixture.path},
    };
    struct json *json;

    (void)state;
    fixture_open(&fixture, false);
    add_rows(&fixture);
    json = ask(&fixture, "/api/requests");
    json_destroy(&json);
    snprintf(gone, sizeof(gone), "%s.gone", fixture.path);
    assert_int_equal(rename(fixture.path, gone), 0);
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        assert_refused(&fixture, &refusals[i]);
    assert_int_equal(rename(gone, fixture.path), 0);
    json = ask(&fixture, "/api/requests/1");
    json_destroy(&json);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest stories[] = {
        cmocka_unit_test(a_row_is_told_by_the_names_of_its_columns),
        cmocka_unit_test(what_a_row_does_not_know_is_null),
        cmocka_unit_test(pages_have_every_row_once),
        cmocka_unit_test(a_page_that_would_be_too_large_ends_earlier),
        cmocka_unit_test(slow_readers_hold_nobody_up_and_get_all),
        cmocka_unit_test(a_reader_that_takes_a_piece_now_and_then_gets_all),
        cmocka_unit_test(a_reader_that_never_reads_is_reset),
        cmocka_unit_test(rows_that_still_wait_are_counted_and_not_told),
        cmocka_unit_test(a_log_that_cannot_be_read_is_a_503_that_says_why),
    };
    struct CMUnitTest tests[COUNT_OF(stories) + COUNT_OF(REFUSALS) + COUNT_OF(PAGES)];
    size_t count = COUNT_OF(stories);

    memcpy(tests, stories, sizeof(stories));
    for (size_t i = 0; i < COUNT_OF(REFUSALS); i++)
        tests[count++] = (struct CMUnitTest){.name = REFUSALS[i].sentence,
                                             .test_func = question_is_refused,
                                             .initial_state = (void *)(uintptr_t)&REFUSALS[i]};
    for (size_t i = 0; i < COUNT_OF(PAGES); i++)
        tests[count++] = (struct CMUnitTest){.name = PAGES[i].sentence,
                                             .test_func = page_is_told,
                                             .initial_state = (void *)(uintptr_t)&PAGES[i]};
    return cmocka_run_group_tests_name("requests_api", tests, NULL, NULL);
}
