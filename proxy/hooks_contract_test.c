/* What hooks may do and may not, as far as a scenario cannot say it: a hook that breaks the rules is written in C. */
#include "proxy/proxy_rig.h"

/* ---- the start line ------------------------------------------------------------------------------ */

static enum hook_answer make_post(struct exchange *exchange, struct head *head)
{
    (void)exchange;
    head->method = bytes_of("POST");
    return HOOK_CONTINUE;
}

static enum hook_answer make_put(struct exchange *exchange, struct head *head)
{
    (void)exchange;
    head->method = bytes_of("PUT");
    return HOOK_CONTINUE;
}

static enum hook_answer make_head(struct exchange *exchange, struct head *head)
{
    (void)exchange;
    head->method = bytes_of("HEAD");
    return HOOK_CONTINUE;
}

static enum hook_answer make_old(struct exchange *exchange, struct head *head)
{
    (void)exchange;
    head->minor = 0;
    return HOOK_CONTINUE;
}

static enum hook_answer make_204(struct exchange *exchange, struct head *head)
{
    (void)exchange;
    head->status = 204;
    return HOOK_CONTINUE;
}

/* What is sent twice would be a POST, and the gate was asked about a GET. */
static void a_get_is_not_made_a_post_that_is_sent_twice(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.settings.retry.policy = RETRY_IDEMPOTENT;
    rig.script = (struct rig_script){{{.end = RIG_RST}, {.text = RIG_OK}}, 2};
    rig.hooks.upstream_request_filter = make_post;
    rig_start(&rig);
    rig_run(&rig, NS_PER_S);
    assert_int_equal(rig.request_count, 2);
    assert_int_equal(rig_requests_like(&rig, "GET /1 "), 2);
    assert_true(rig_begins_with(rig.answer, "HTTP/1.1 200"));
    rig_release(&rig);
}

/* The same fault from the other end: the gate would be asked about a PUT, and the client's POST be sent twice. */
static void a_post_is_not_made_a_put_that_may_be_sent_twice(void **state)
{
    static const struct proxy_hooks makers[] = {{.early_request_filter = make_put},
                                                {.request_filter = make_put},
                                                {.proxy_upstream_filter = make_put}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        struct rig rig;

        rig_init(&rig, 0);
        rig.settings.retry.policy = RETRY_IDEMPOTENT;
        rig.script = (struct rig_script){{{.end = RIG_RST}}, 1};
        rig.client_says = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
        rig.hooks = makers[i];
        rig_start(&rig);
        rig_run(&rig, NS_PER_S);
        assert_int_equal(rig.request_count, 1);
        assert_int_equal(rig_requests_like(&rig, "POST /1 "), 1);
        assert_int_equal(rig.record.attempts[0].decision.reason, RETRY_BECAUSE_NOT_IDEMPOTENT);
        rig_release(&rig);
    }
}

/* A HEAD would bring no body, and the proxy would wait for it. */
static void a_get_is_not_made_a_head(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.hooks.upstream_request_filter = make_head;
    rig_start(&rig);
    rig_run(&rig, NS_PER_S);
    assert_int_equal(rig_requests_like(&rig, "GET /1 "), 1);
    assert_int_equal(rig.records, 1);
    assert_int_equal(rig.record.response_body_bytes, 2);
    rig_release(&rig);
}

/* Behind a 204 that has a body the client would take that for its next response. */
static void a_response_with_a_body_is_not_made_a_204(void **state)
{
    static const struct proxy_hooks makers[] = {{.upstream_response_filter = make_204},
                                                {.response_filter = make_204}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        struct rig rig;

        rig_init(&rig, 0);
        rig.hooks = makers[i];
        rig_start(&rig);
        rig_run(&rig, NS_PER_S);
        assert_true(rig_begins_with(rig.answer, "HTTP/1.1 200"));
        assert_non_null(strstr(rig.answer, "\r\n\r\nok"));
        assert_int_equal(rig.record.status, 200);
        rig_release(&rig);
    }
}

/* To an HTTP/1.0 client the connection would end, and a body of unknown length would not be chunked. RFC 9112 9.3. */
static void a_request_is_not_made_one_of_http_1_0(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.hooks.early_request_filter = make_old;
    rig_start(&rig);
    rig_run(&rig, NS_PER_S);
    assert_int_equal(rig.records, 1);
    assert_false(rig.client_ended);
    assert_null(strstr(rig.answer, "Connection:"));
    rig_release(&rig);
}

/* ---- the client's connection --------------------------------------------------------------------- */

static enum hook_answer close_in_body(struct exchange *exchange, struct body_piece *piece)
{
    exchange_close_client(exchange);
    body_piece_pass(piece);
    return HOOK_CONTINUE;
}

static void close_in_logging(struct exchange *exchange, const struct exchange_record *record)
{
    (void)record;
    exchange_close_client(exchange);
}

static void expect_closed_client(struct rig *rig)
{
    rig_start(rig);
    rig_run(rig, NS_PER_S);
    assert_int_equal(rig->records, 1);
    assert_int_equal(rig->record.response_body_bytes, 2);
    assert_true(rig->client_ended);
    rig_release(rig);
}

static void a_body_filter_may_close_the_client(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.hooks.response_body_filter = close_in_body;
    expect_closed_client(&rig);
}

static void logging_may_close_the_client(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.hooks.logging = close_in_logging;
    expect_closed_client(&rig);
}

/* ---- the last word ------------------------------------------------------------------------------- */

static void resume_in_logging(struct exchange *exchange, const struct exchange_record *record)
{
    (void)record;
    exchange_resume(exchange);
}

/* The exchange is under way when its proxy goes: a resume then would reach memory that is gone. */
static void a_resume_in_logging_is_harmless_when_the_proxy_goes(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.script = (struct rig_script){{{.text = NULL}}, 1};
    rig.hooks.logging = resume_in_logging;
    rig_start(&rig);
    rig_run(&rig, NS_PER_S);
    assert_int_equal(rig.records, 0);
    proxy_destroy(&rig.proxy);
    assert_int_equal(rig.records, 1);
    rig_release(&rig);
}

static void a_resume_in_logging_is_harmless_when_all_went_well(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.hooks.logging = resume_in_logging;
    rig_start(&rig);
    rig_run(&rig, NS_PER_S);
    assert_int_equal(rig.records, 1);
    assert_true(rig_begins_with(rig.answer, "HTTP/1.1 200"));
    rig_release(&rig);
}

/* ---- records ------------------------------------------------------------------------------------- */

/* The first request kept three bytes for a retry; the second never came so far. */
static void a_refused_request_has_kept_nothing(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.settings.retry.policy = RETRY_IDEMPOTENT;
    rig.settings.retry.replay_bytes = REPLAY_BYTES_DEFAULT;
    rig.client_says = "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                      "GET /2 HTTP/1.1\r\n\r\n";
    rig_start(&rig);
    rig_run(&rig, NS_PER_S);
    assert_int_equal(rig.records, 2);
    assert_int_equal(rig.record.status, 400);
    assert_int_equal(rig.record.request_body_bytes, 0);
    assert_int_equal(rig.record.replay_bytes_peak, 0);
    rig_release(&rig);
}

static enum hook_answer forbid(struct exchange *exchange, struct head *head)
{
    const struct proxy_answer answer = {.status = 403, .body = bytes_of("hello")};

    (void)head;
    return exchange_respond(exchange, &answer);
}

static void the_body_of_a_hooks_answer_is_counted(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.hooks.request_filter = forbid;
    rig_start(&rig);
    rig_run(&rig, NS_PER_S);
    assert_int_equal(rig.records, 1);
    assert_int_equal(rig.request_count, 0);
    assert_int_equal(rig.record.status, 403);
    assert_int_equal(rig.record.response_body_bytes, 5);
    rig_release(&rig);
}

/* ---- choosing ------------------------------------------------------------------------------------ */

static enum hook_answer name_one_once(struct exchange *exchange, struct proxy_peer *peer)
{
    if (exchange_record_so_far(exchange)->attempt_count > 0)
        *peer = (struct proxy_peer){.upstream = UPSTREAM_OTHER};
    return HOOK_CONTINUE;
}

/* A whole 503 that is tried again is no failure of a connection that its client could be told of. */
static void nowhere_to_go_behind_a_status_is_said_so(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.settings.retry.policy = RETRY_IDEMPOTENT;
    assert_true(status_set_add(&rig.settings.retry.on_status, 503));
    rig.script.replies[0].text = "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno";
    rig.hooks.upstream_peer = name_one_once;
    rig_start(&rig);
    rig_run(&rig, NS_PER_S);
    assert_int_equal(rig.request_count, 1);
    assert_true(rig_begins_with(rig.answer, "HTTP/1.1 503"));
    assert_non_null(strstr(rig.answer, "destination_unavailable"));
    assert_null(strstr(rig.answer, "http_response_status"));
    rig_release(&rig);
}

static enum hook_answer name_what_is_not_there(struct exchange *exchange, struct proxy_peer *peer)
{
    (void)exchange;
    peer->upstream = 7;
    return HOOK_CONTINUE;
}

static void an_upstream_that_is_not_there_is_not_taken_for_another(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.hooks.upstream_peer = name_what_is_not_there;
    rig_start(&rig);
    rig_run(&rig, NS_PER_S);
    assert_int_equal(rig.request_count, 0);
    assert_true(rig_begins_with(rig.answer, "HTTP/1.1 503"));
    rig_release(&rig);
}

/* ---- ending -------------------------------------------------------------------------------------- */

static enum hook_answer fail_at_once(struct exchange *exchange, struct body_piece *piece)
{
    (void)piece;
    return exchange_fail(exchange, 503);
}

/* The head waits for the body's first piece, and nothing of either goes down. */
static void a_status_that_never_went_down_is_not_recorded(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.hooks.response_body_filter = fail_at_once;
    rig_start(&rig);
    rig_run(&rig, NS_PER_S);
    assert_int_equal(rig.records, 1);
    assert_int_equal(rig.record.status, 0);
    assert_string_equal(rig.answer, "");
    rig_release(&rig);
}

/* ---- waiting ------------------------------------------------------------------------------------- */

static void resume_owner(struct timer *timer)
{
    exchange_resume(timer->owner);
}

/* Never has what it waits for, and is called again every 100 ms. */
static enum hook_answer wait_again(struct exchange *exchange, struct head *head)
{
    struct world *world = exchange_world(exchange);
    struct timer *timer = exchange_context(exchange);

    (void)head;
    timer->on_time = resume_owner;
    timer->owner = exchange;
    timer_set(world, timer, world_now(world) + 100 * NS_PER_MS);
    return HOOK_WAIT;
}

static void stop_waiting(struct exchange *exchange, const struct exchange_record *record)
{
    (void)record;
    timer_stop(exchange_world(exchange), exchange_context(exchange));
}

static void what_a_hook_waits_for_in_all_is_limited(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 0);
    rig.settings.idle_timeout_ns = NS_PER_S;
    rig.hooks.context_bytes = sizeof(struct timer);
    rig.hooks.request_filter = wait_again;
    rig.hooks.logging = stop_waiting;
    rig_start(&rig);
    rig_run(&rig, 950 * NS_PER_MS);
    assert_string_equal(rig.answer, "");
    rig_run(&rig, 100 * NS_PER_MS);
    assert_true(rig_begins_with(rig.answer, "HTTP/1.1 500"));
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"a hook does not make a GET a POST, which would be sent twice",
         a_get_is_not_made_a_post_that_is_sent_twice, NULL, NULL, NULL},
        {"a hook does not make a POST a PUT, which may be sent twice",
         a_post_is_not_made_a_put_that_may_be_sent_twice, NULL, NULL, NULL},
        {"a hook does not make a GET a HEAD, whose response has no body", a_get_is_not_made_a_head,
         NULL, NULL, NULL},
        {"a hook does not make a response with a body a 204",
         a_response_with_a_body_is_not_made_a_204, NULL, NULL, NULL},
        {"a hook does not make a request one of HTTP/1.0", a_request_is_not_made_one_of_http_1_0,
         NULL, NULL, NULL},
        {"response_body_filter may close the client's connection",
         a_body_filter_may_close_the_client, NULL, NULL, NULL},
        {"logging may close the client's connection", logging_may_close_the_client, NULL, NULL,
         NULL},
        {"a resume in logging is harmless when the proxy is destroyed",
         a_resume_in_logging_is_harmless_when_the_proxy_goes, NULL, NULL, NULL},
        {"a resume in logging is harmless when all went well",
         a_resume_in_logging_is_harmless_when_all_went_well, NULL, NULL, NULL},
        {"a refused request has kept nothing of the one before it",
         a_refused_request_has_kept_nothing, NULL, NULL, NULL},
        {"the record counts the body of a hook's answer", the_body_of_a_hooks_answer_is_counted,
         NULL, NULL, NULL},
        {"upstream_peer that names none behind a 503 is answered as that, not as the 503",
         nowhere_to_go_behind_a_status_is_said_so, NULL, NULL, NULL},
        {"an upstream that is not there is not taken for another",
         an_upstream_that_is_not_there_is_not_taken_for_another, NULL, NULL, NULL},
        {"a status that never went down is not recorded",
         a_status_that_never_went_down_is_not_recorded, NULL, NULL, NULL},
        {"what a hook waits for in all is limited, however often it is resumed",
         what_a_hook_waits_for_in_all_is_limited, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
