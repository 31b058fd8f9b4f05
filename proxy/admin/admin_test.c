#include "proxy/admin/admin.h"

#include "proxy/admin/admin_rig.h"
#include "proxy/admin/metrics_rig.h"

#define CLOSE        "Host: a\r\nConnection: close\r\n\r\n"
#define HEALTHZ      "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
#define LAST_HEALTHZ "GET /healthz HTTP/1.1\r\n" CLOSE
#define FINE         "HTTP/1.1 200 OK\r\n"

/* ---- one request, one answer, in both worlds ------------------------------------------------------ */

struct row {
    const char *sentence;
    const char *request;
    const char *begins;   /* the answer's status line */
    const char *contains; /* somewhere in it */
};

static const struct row ROWS[] = {
    {"health is ok", "GET /healthz HTTP/1.1\r\n" CLOSE, FINE, "\r\n\r\nok\n"},
    {"an answer says that it is not to be kept", "GET /healthz HTTP/1.1\r\n" CLOSE, FINE,
     "\r\nCache-Control: no-store\r\n"},
    {"an answer that ends the connection says so", "GET /healthz HTTP/1.1\r\n" CLOSE, FINE,
     "\r\nConnection: close\r\n"},
    {"metrics have their media type", "GET /metrics HTTP/1.1\r\n" CLOSE, FINE,
     "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"},
    {"metrics are served", "GET /metrics HTTP/1.1\r\n" CLOSE, FINE,
     "\nretryproof_attempts_total 0\n"},
    {"a query that a resource knows nothing of is passed over",
     "GET /metrics?a=b HTTP/1.1\r\n" CLOSE, FINE, "\nretryproof_attempts_total 0\n"},
    {"routes are JSON", "GET /api/routes HTTP/1.1\r\n" CLOSE, FINE,
     "\r\nContent-Type: application/json\r\n"},
    {"without routes there is one, default", "GET /api/routes HTTP/1.1\r\n" CLOSE, FINE,
     "\r\n\r\n{\"routes\":[\"default\"]}\n"},
    {"without a log its resource says so", "GET /api/requests HTTP/1.1\r\n" CLOSE,
     "HTTP/1.1 404 Not Found\r\n", "there is no request log"},
    {"without a log a row of it says so", "GET /api/requests/1 HTTP/1.1\r\n" CLOSE,
     "HTTP/1.1 404 Not Found\r\n", "there is no request log"},
    {"an absolute target is taken", "GET http://a:1/healthz HTTP/1.1\r\n" CLOSE, FINE,
     "\r\n\r\nok\n"},
    {"an unknown path is not found", "GET /health HTTP/1.1\r\n" CLOSE, "HTTP/1.1 404 Not Found\r\n",
     "\r\n\r\n{\"error\":\"nothing is here"},
    {"the root is the page for people", "GET / HTTP/1.1\r\n" CLOSE, FINE,
     "\r\n\r\n<!doctype html>"},
    {"the page is HTML", "GET / HTTP/1.1\r\n" CLOSE, FINE,
     "\r\nContent-Type: text/html; charset=utf-8\r\n"},
    {"the page is that of a running proxy", "GET /?a=b HTTP/1.1\r\n" CLOSE, FINE,
     "import \"retryproof/live/main\""},
    {"the page may not stand in a frame of another one", "GET / HTTP/1.1\r\n" CLOSE, FINE,
     "\r\nContent-Security-Policy: frame-ancestors 'none'\r\n"},
    {"nobody may put a page there", "PUT / HTTP/1.1\r\n" CLOSE,
     "HTTP/1.1 405 Method Not Allowed\r\n", "\r\nAllow: GET, HEAD\r\n"},
    {"a path that goes on is not found", "GET /healthz/x HTTP/1.1\r\n" CLOSE,
     "HTTP/1.1 404 Not Found\r\n", "error"},
    {"a route without a name is not found", "GET /api/routes/ HTTP/1.1\r\n" CLOSE,
     "HTTP/1.1 404 Not Found\r\n", "error"},
    {"a path below a route is not found", "GET /api/routes/default/x HTTP/1.1\r\n" CLOSE,
     "HTTP/1.1 404 Not Found\r\n", "nothing is here"},
    {"a method that reads nothing is refused with those that do",
     "DELETE /metrics HTTP/1.1\r\n" CLOSE, "HTTP/1.1 405 Method Not Allowed\r\n",
     "\r\nAllow: GET, HEAD\r\n"},
    {"a route may be put too", "POST /api/routes/default HTTP/1.1\r\n" CLOSE,
     "HTTP/1.1 405 Method Not Allowed\r\n", "\r\nAllow: GET, HEAD, PUT\r\n"},
    {"nothing but a route can be put", "PUT /healthz HTTP/1.1\r\n" CLOSE,
     "HTTP/1.1 405 Method Not Allowed\r\n", "\r\nAllow: GET, HEAD\r\n"},
    {"OPTIONS about the server is refused", "OPTIONS * HTTP/1.1\r\n" CLOSE,
     "HTTP/1.1 400 Bad Request\r\n", "the target is no path"},
    {"CONNECT is refused", "CONNECT a:80 HTTP/1.1\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n",
     "the target is no path"},
    {"a request without Host is refused", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
     "HTTP/1.1 400 Bad Request\r\n", "no valid Host"},
    {"a request with two Hosts is refused", "GET /healthz HTTP/1.1\r\nHost: b\r\n" CLOSE,
     "HTTP/1.1 400 Bad Request\r\n", "no valid Host"},
    {"HTTP/1.0 needs no Host, and its connection ends", "GET /healthz HTTP/1.0\r\n\r\n", FINE,
     "\r\nConnection: close\r\n"},
    {"what is no HTTP is refused", "hello\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n",
     "{\"error\":\""},
    {"a method that HTTP does not know is refused", "FOO /healthz HTTP/1.1\r\n" CLOSE,
     "HTTP/1.1 501 Not Implemented\r\n", "{\"error\":\""},
    {"another version is refused", "GET /healthz HTTP/2.0\r\n" CLOSE,
     "HTTP/1.1 505 HTTP Version Not Supported\r\n", "{\"error\":\""},
    {"a coding that we do not read is refused",
     "PUT /api/routes/default HTTP/1.1\r\nTransfer-Encoding: gzip\r\n" CLOSE, "HTTP/1.1 ",
     "{\"error\":\""},
    {"a body that says it is too large is refused before it comes",
     "PUT /api/routes/default HTTP/1.1\r\nContent-Length: 65537\r\n" CLOSE,
     "HTTP/1.1 413 Content Too Large\r\n", "body is too large"},
    {"a chunk that says it is too large is refused before it comes",
     "PUT /api/routes/default HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE "10001\r\n",
     "HTTP/1.1 413 Content Too Large\r\n", "body is too large"},
};

static void is_answered(bool on_sockets, const struct sim_options *options, const struct row *row)
{
    struct admin_rig rig;
    char *answer;

    admin_rig_init(&rig, on_sockets, options);
    admin_rig_start(&rig);
    answer = admin_rig_ask_bytes(&rig, bytes_of(row->request));
    if (strncmp(answer, row->begins, strlen(row->begins)) != 0 ||
        strstr(answer, row->contains) == NULL)
        fail_msg("the answer is: %s", answer);
    (void)admin_rig_body(answer);
    free(answer);
    admin_rig_release(&rig);
}

/* Byte by byte as well: neither side may hang on how the other's bytes come. */
static void request_is_answered(void **state)
{
    const struct sim_options slow = {.seed = 7, .segment_bytes = 1, .short_write_bytes = 3};
    const struct sim_options plain = {.seed = 7};

    is_answered(false, &plain, *state);
    is_answered(false, &slow, *state);
    is_answered(true, NULL, *state);
}

/* ---- connections ----------------------------------------------------------------------------------- */

static void in_both_worlds(void (*story)(struct admin_rig *rig))
{
    for (int on_sockets = 0; on_sockets <= 1; on_sockets++) {
        struct admin_rig rig;

        admin_rig_init(&rig, on_sockets == 1, &(struct sim_options){.seed = 7});
        admin_rig_start(&rig);
        story(&rig);
        admin_rig_release(&rig);
    }
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

static void play_keep_alive(struct admin_rig *rig)
{
    struct admin_client client;

    admin_client_start(&client, rig, bytes_of(HEALTHZ));
    admin_rig_run_to(rig, &client, "ok\n");
    client.left = bytes_of("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    admin_client_want(&client);
    admin_rig_run_to(rig, &client, "\r\n\r\n");
    client.left = bytes_of("GET /healthz HTTP/1.1\r\n" CLOSE);
    admin_client_want(&client);
    admin_rig_run_to_end(rig, &client);
    assert_int_equal(client.error, 0);
    assert_int_equal(count_of(client.answer, "HTTP/1.1 200 OK"), 3);
    assert_int_equal(count_of(client.answer, "Content-Length: 3\r\n"), 3);
    assert_int_equal(count_of(client.answer, "\r\n\r\nok\n"), 2);
    admin_client_release(&client);
}

static void a_connection_serves_one_request_after_the_other(void **state)
{
    (void)state;
    in_both_worlds(play_keep_alive);
}

static void play_refusal_on_a_kept_connection(struct admin_rig *rig)
{
    struct admin_client client;

    admin_client_start(&client, rig, bytes_of(HEALTHZ "no request\r\n\r\n" HEALTHZ));
    admin_rig_run_to_end(rig, &client);
    assert_int_equal(count_of(client.answer, FINE), 1);
    assert_int_equal(count_of(client.answer, "HTTP/1.1 400 Bad Request\r\n"), 1);
    assert_int_equal(count_of(client.answer, "Connection: close\r\n"), 1);
    admin_client_release(&client);
}

static void a_request_that_cannot_be_read_ends_its_connection(void **state)
{
    (void)state;
    in_both_worlds(play_refusal_on_a_kept_connection);
}

enum { REFUSED_BODY_BYTES = 20000 };

static void play_refused_body(struct admin_rig *rig)
{
    static const char head[] = "PUT /api/routes/default HTTP/1.1\r\n"
                               "Content-Length: 1000000\r\n" CLOSE;
    char says[sizeof(head) + REFUSED_BODY_BYTES];
    struct admin_client client;

    memset(says, ' ', sizeof(says));
    memcpy(says, head, sizeof(head) - 1);
    admin_client_start(&client, rig, bytes_make(says, sizeof(says)));
    admin_rig_run_to_end(rig, &client);
    assert_int_equal(client.error, 0);
    assert_int_equal(count_of(client.answer, "HTTP/1.1 413 "), 1);
    admin_client_release(&client);
}

/* In pieces too, so that most of the body comes behind the answer. */
static void a_refusal_is_not_lost_because_its_client_still_sends(void **state)
{
    struct admin_rig rig;

    (void)state;
    in_both_worlds(play_refused_body);
    admin_rig_init(&rig, false, &(struct sim_options){.seed = 7, .short_write_bytes = 500});
    admin_rig_start(&rig);
    play_refused_body(&rig);
    admin_rig_release(&rig);
}

enum { PIPELINED = 200 };

static void play_pipeline(struct admin_rig *rig)
{
    const size_t size = strlen(HEALTHZ);
    char *text = malloc(PIPELINED * size + sizeof("GET /api/routes HTTP/1.1\r\n" CLOSE));
    struct admin_client client;

    assert_non_null(text);
    for (size_t i = 0; i < PIPELINED; i++)
        memcpy(text + i * size, HEALTHZ, size);
    memcpy(text + PIPELINED * size, "GET /api/routes HTTP/1.1\r\n" CLOSE,
           sizeof("GET /api/routes HTTP/1.1\r\n" CLOSE));
    admin_client_start(&client, rig, bytes_of(text));
    admin_rig_run_to_end(rig, &client);
    assert_int_equal(client.error, 0);
    assert_int_equal(count_of(client.answer, FINE), PIPELINED + 1);
    assert_non_null(strstr(client.answer, "{\"routes\":[\"default\"]}\n"));
    admin_client_release(&client);
    free(text);
}

static void requests_that_come_at_once_are_answered_in_their_order(void **state)
{
    (void)state;
    in_both_worlds(play_pipeline);
}

static void play_invitation(struct admin_rig *rig)
{
    struct admin_client client;

    admin_client_start(&client, rig,
                       bytes_of("PUT /api/routes/default HTTP/1.1\r\nExpect: 100-continue\r\n"
                                "Content-Length: 17\r\n" CLOSE));
    admin_rig_run_to(rig, &client, "HTTP/1.1 100 Continue\r\n\r\n");
    client.left = bytes_of("{\"max_retries\":4}");
    admin_client_want(&client);
    admin_rig_run_to_end(rig, &client);
    assert_non_null(strstr(client.answer, "\r\n\r\nHTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(client.answer, "\"max_retries\":4"));
    admin_client_release(&client);
}

static void a_client_that_waits_for_a_word_before_its_body_gets_one(void **state)
{
    (void)state;
    in_both_worlds(play_invitation);
}

static void play_draining(struct admin_rig *rig)
{
    char *answer;

    admin_note_draining(rig->admin);
    answer = admin_rig_ask(rig, "GET", "/healthz", NULL);
    assert_int_equal(strncmp(answer, "HTTP/1.1 503 Service Unavailable\r\n", 34), 0);
    assert_string_equal(admin_rig_body(answer), "draining\n");
    free(answer);
}

static void a_proxy_that_drains_is_not_healthy(void **state)
{
    (void)state;
    in_both_worlds(play_draining);
}

static void play_metrics(struct admin_rig *rig)
{
    struct exchange_record *record = calloc(1, sizeof(*record));
    char *answer;

    assert_non_null(record);
    record->status = 502;
    metrics_note(&rig->metrics, record);
    answer = admin_rig_ask(rig, "GET", "/metrics", NULL);
    metrics_check_text(admin_rig_body(answer));
    assert_non_null(metrics_find_line(answer, "retryproof_responses_total{status=\"502\"} 1"));
    free(answer);
    free(record);
}

static void metrics_are_those_of_this_moment(void **state)
{
    (void)state;
    in_both_worlds(play_metrics);
}

/* ---- limits, in the simulation alone where time matters ------------------------------------------------ */

static void play_largest_body(struct admin_rig *rig)
{
    static const char head[] =
        "PUT /api/routes/default HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE
        "1\r\n{\r\nfffe\r\n";
    static const char tail[] = "\r\n1\r\n}\r\n0\r\n\r\n";
    const size_t size = sizeof(head) - 1 + 0xfffe + sizeof(tail) - 1;
    char *text = malloc(size);
    char *answer;

    assert_non_null(text);
    memset(text, ' ', size);
    memcpy(text, head, sizeof(head) - 1);
    memcpy(text + size - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
    answer = admin_rig_ask_bytes(rig, bytes_make(text, size));
    assert_int_equal(strncmp(answer, FINE, strlen(FINE)), 0);
    free(answer);
    free(text);
}

/* Byte by byte too: all of the body is there while the end of its framing is still to come. */
static void a_body_of_64_kib_is_taken(void **state)
{
    struct admin_rig rig;

    (void)state;
    in_both_worlds(play_largest_body);
    admin_rig_init(&rig, false, &(struct sim_options){.seed = 7, .segment_bytes = 1});
    admin_rig_start(&rig);
    play_largest_body(&rig);
    admin_rig_release(&rig);
}

struct head_limit {
    const char *sentence;
    size_t target_bytes;
    size_t field_bytes; /* of a field's value */
    const char *begins;
};

static const struct head_limit HEAD_LIMITS[] = {
    {"a target of 2 KiB is taken", ADMIN_URI_BYTES_MAX, 0, "HTTP/1.1 404 "},
    {"a longer target is refused", ADMIN_URI_BYTES_MAX + 1, 0, "HTTP/1.1 414 "},
    {"a head of 7 KiB is taken", 10, 7 * 1024, "HTTP/1.1 404 "},
    {"a head of more than 8 KiB is refused", 10, ADMIN_HEAD_BYTES_MAX, "HTTP/1.1 431 "},
};

static void head_has_a_limit(void **state)
{
    const struct head_limit *limit = *state;
    char target[ADMIN_URI_BYTES_MAX + 2];
    char field[ADMIN_HEAD_BYTES_MAX + 1];
    char text[2 * ADMIN_HEAD_BYTES_MAX];
    struct admin_rig rig;
    char *answer;

    memset(target, 'x', sizeof(target));
    target[0] = '/';
    target[limit->target_bytes] = '\0';
    memset(field, 'y', sizeof(field));
    field[limit->field_bytes] = '\0';
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nX: %s\r\n" CLOSE, target, field);
    admin_rig_init(&rig, false, &(struct sim_options){.seed = 7});
    admin_rig_start(&rig);
    answer = admin_rig_ask_bytes(&rig, bytes_of(text));
    if (strncmp(answer, limit->begins, strlen(limit->begins)) != 0)
        fail_msg("the answer is: %s", answer);
    free(answer);
    admin_rig_release(&rig);
}

static void sim_rig_init(struct admin_rig *rig)
{
    admin_rig_init(rig, false, &(struct sim_options){.seed = 7});
    admin_rig_start(rig);
}

static void assert_ended_after(struct admin_rig *rig, struct admin_client *client, uint64_t ms)
{
    uint64_t begun_ns = world_now(rig->world);

    admin_rig_run_to_end(rig, client);
    assert_int_equal((world_now(rig->world) - begun_ns) / NS_PER_MS, ms);
}

static void a_connection_that_says_nothing_is_closed(void **state)
{
    struct admin_client client;
    struct admin_rig rig;

    (void)state;
    sim_rig_init(&rig);
    admin_client_start(&client, &rig, bytes_of(""));
    assert_ended_after(&rig, &client, ADMIN_IDLE_MS);
    assert_int_equal(client.size, 0);
    assert_int_equal(client.error, 0);
    admin_client_release(&client);
    admin_rig_release(&rig);
}

/* However it drips: the time goes from its first byte to its last. */
static void a_request_that_does_not_come_whole_is_told_so(void **state)
{
    static const char *const parts[] = {"GET /healthz HTTP/1.1\r\n",
                                        "PUT /api/routes/default HTTP/1.1\r\n"
                                        "Content-Length: 9\r\n" CLOSE "{"};
    struct admin_client client;
    struct admin_rig rig;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        sim_rig_init(&rig);
        admin_client_start(&client, &rig, bytes_of(""));
        world_run(rig.world, ADMIN_RIG_STEPS_MAX, world_now(rig.world) + 9 * NS_PER_S);
        client.left = bytes_of(parts[i]);
        admin_client_want(&client);
        world_run(rig.world, ADMIN_RIG_STEPS_MAX, world_now(rig.world) + 6 * NS_PER_S);
        client.left = bytes_of("X");
        admin_client_want(&client);
        assert_ended_after(&rig, &client, ADMIN_IDLE_MS - 6000);
        assert_int_equal(strncmp(client.answer, "HTTP/1.1 408 ", 13), 0);
        admin_client_release(&client);
        admin_rig_release(&rig);
    }
}

static void a_request_that_ends_in_the_middle_gets_no_answer(void **state)
{
    struct admin_client client;
    struct admin_rig rig;

    (void)state;
    sim_rig_init(&rig);
    admin_client_start(&client, &rig, bytes_of("GET /healthz HTT"));
    world_run(rig.world, ADMIN_RIG_STEPS_MAX, world_now(rig.world) + NS_PER_MS);
    assert_int_equal(stream_shut(&client.stream), 0);
    admin_rig_run_to_end(&rig, &client);
    assert_int_equal(client.size, 0);
    admin_client_release(&client);
    admin_rig_release(&rig);
}

static void a_client_that_has_said_all_still_gets_its_answer(void **state)
{
    struct admin_client client;
    struct admin_rig rig;

    (void)state;
    sim_rig_init(&rig);
    admin_client_start(&client, &rig, bytes_of(HEALTHZ));
    client.paused = true;
    while (client.left.size > 0)
        assert_int_equal(world_run(rig.world, 1, TIME_NEVER), RUN_STEPS);
    assert_int_equal(stream_shut(&client.stream), 0);
    client.paused = false;
    admin_client_want(&client);
    admin_rig_run_to_end(&rig, &client);
    assert_non_null(strstr(client.answer, "\r\n\r\nok\n"));
    assert_int_equal(client.error, 0);
    admin_client_release(&client);
    admin_rig_release(&rig);
}

static void further_connections_are_reset_until_there_is_room(void **state)
{
    struct admin_client clients[ADMIN_SESSIONS_MAX];
    struct admin_client further;
    struct admin_rig rig;

    (void)state;
    sim_rig_init(&rig);
    for (size_t i = 0; i < ADMIN_SESSIONS_MAX; i++) {
        admin_client_start(&clients[i], &rig, bytes_of(HEALTHZ));
        admin_rig_run_to(&rig, &clients[i], "ok\n");
    }
    admin_client_start(&further, &rig, bytes_of(HEALTHZ));
    admin_rig_run_to_end(&rig, &further);
    assert_int_equal(further.error, ECONNRESET);
    assert_int_equal(further.size, 0);
    admin_client_release(&further);
    admin_client_release(&clients[0]);
    world_run(rig.world, ADMIN_RIG_STEPS_MAX, world_now(rig.world) + NS_PER_MS);
    admin_client_start(&further, &rig, bytes_of(HEALTHZ));
    admin_rig_run_to(&rig, &further, "ok\n");
    admin_client_release(&further);
    for (size_t i = 1; i < ADMIN_SESSIONS_MAX; i++)
        admin_client_release(&clients[i]);
    admin_rig_release(&rig);
}

/* ---- beginning and ending -------------------------------------------------------------------------- */

static void it_listens_on_ipv6(void **state)
{
    (void)state;
    for (int on_sockets = 0; on_sockets <= 1; on_sockets++) {
        struct admin_rig rig;
        char *answer;

        admin_rig_init(&rig, on_sockets == 1, &(struct sim_options){.seed = 7});
        assert_true(address_parse("[::1]:0", 0, &rig.options.listen));
        admin_rig_start(&rig);
        assert_int_equal(admin_address(rig.admin).family, 6);
        answer = admin_rig_ask(&rig, "GET", "/healthz", NULL);
        assert_string_equal(admin_rig_body(answer), "ok\n");
        free(answer);
        admin_rig_release(&rig);
    }
}

static void an_address_that_is_taken_is_an_error(void **state)
{
    (void)state;
    for (int on_sockets = 0; on_sockets <= 1; on_sockets++) {
        struct admin_rig rig;
        int os_error;

        admin_rig_init(&rig, on_sockets == 1, &(struct sim_options){.seed = 7});
        admin_rig_start(&rig);
        rig.options.listen = admin_address(rig.admin);
        assert_null(admin_create(rig.world, &rig.options, &os_error));
        assert_int_equal(os_error, EADDRINUSE);
        admin_rig_release(&rig);
    }
}

/* At any moment: one has said nothing, one is in the middle, one's answer waits, and one has just ended. */
static void nothing_is_left_of_a_listener_that_was_destroyed(void **state)
{
    static const char *const parts[] = {"", "GET /heal", HEALTHZ, LAST_HEALTHZ};

    (void)state;
    for (size_t steps = 0; steps < 60; steps++) {
        struct admin_client clients[COUNT_OF(parts)];
        struct admin_rig rig;

        sim_rig_init(&rig);
        for (size_t i = 0; i < COUNT_OF(parts); i++)
            admin_client_start(&clients[i], &rig, bytes_of(parts[i]));
        (void)world_run(rig.world, steps, TIME_NEVER);
        admin_destroy(&rig.admin);
        for (size_t i = 0; i < COUNT_OF(parts); i++)
            admin_client_release(&clients[i]);
        admin_rig_release(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest stories[] = {
        cmocka_unit_test(a_connection_serves_one_request_after_the_other),
        cmocka_unit_test(a_request_that_cannot_be_read_ends_its_connection),
        cmocka_unit_test(a_refusal_is_not_lost_because_its_client_still_sends),
        cmocka_unit_test(requests_that_come_at_once_are_answered_in_their_order),
        cmocka_unit_test(a_client_that_waits_for_a_word_before_its_body_gets_one),
        cmocka_unit_test(a_proxy_that_drains_is_not_healthy),
        cmocka_unit_test(metrics_are_those_of_this_moment),
        cmocka_unit_test(a_body_of_64_kib_is_taken),
        cmocka_unit_test(a_connection_that_says_nothing_is_closed),
        cmocka_unit_test(a_request_that_does_not_come_whole_is_told_so),
        cmocka_unit_test(a_request_that_ends_in_the_middle_gets_no_answer),
        cmocka_unit_test(a_client_that_has_said_all_still_gets_its_answer),
        cmocka_unit_test(further_connections_are_reset_until_there_is_room),
        cmocka_unit_test(it_listens_on_ipv6),
        cmocka_unit_test(an_address_that_is_taken_is_an_error),
        cmocka_unit_test(nothing_is_left_of_a_listener_that_was_destroyed),
    };
    struct CMUnitTest tests[COUNT_OF(stories) + COUNT_OF(ROWS) + COUNT_OF(HEAD_LIMITS)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(stories); i++)
        tests[count++] = stories[i];
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                             .test_func = request_is_answered,
                                             .initial_state = (void *)(uintptr_t)&ROWS[i]};
    for (size_t i = 0; i < COUNT_OF(HEAD_LIMITS); i++)
        tests[count++] = (struct CMUnitTest){.name = HEAD_LIMITS[i].sentence,
                                             .test_func = head_has_a_limit,
                                             .initial_state = (void *)(uintptr_t)&HEAD_LIMITS[i]};
    return cmocka_run_group_tests_name("admin", tests, NULL, NULL);
}
