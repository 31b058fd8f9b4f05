#include "proxy/admin/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/admin/metrics_rig.h"

struct fixture {
    struct metrics metrics;
    struct proxy_census census;
    struct request_log_counts log;
    struct exchange_record record;
    struct admin_reply reply;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    admin_reply_init(&fixture->reply);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    admin_reply_release(&fixture->reply);
    free(fixture);
    return 0;
}

/* The page as a text that the strict reader has passed. */
static const char *write_page(struct fixture *fixture)
{
    const struct metrics_view view = {
        .metrics = &fixture->metrics, .census = &fixture->census, .log = &fixture->log};

    admin_reply_clear(&fixture->reply);
    metrics_write(&view, &fixture->reply);
    admin_reply_append(&fixture->reply, bytes_make("", 1));
    assert_false(fixture->reply.overflowed);
    metrics_check_text(fixture->reply.text);
    return fixture->reply.text;
}

static void assert_says(const char *page, const char *line)
{
    if (metrics_find_line(page, line) == NULL)
        fail_msg("the page lacks '%s':\n%s", line, page);
}

static void assert_says_nothing_of(const char *page, const char *begin)
{
    if (strstr(page, begin) != NULL)
        fail_msg("the page has '%s':\n%s", begin, page);
}

static struct attempt_record failed_attempt(enum stage stage, enum cause cause)
{
    return (struct attempt_record){.failure = {SIDE_UPSTREAM, stage, cause, 0}};
}

static void what_never_happened_is_not_said(void **state)
{
    const char *page = write_page(*state);

    assert_says_nothing_of(page, "retryproof_responses_total{");
    assert_says_nothing_of(page, "retryproof_retries_total{");
    assert_says_nothing_of(page, "retryproof_failures_total{");
    assert_says(page, "retryproof_attempts_total 0");
    assert_says(page, "# TYPE retryproof_failures_total counter");
}

static void an_exchange_that_goes_well_has_no_failure(void **state)
{
    struct fixture *fixture = *state;
    const char *page;

    fixture->record.kind = EXCHANGE_CONNECT;
    fixture->record.status = 200;
    fixture->record.attempt_count = 1;
    fixture->record.request_body_bytes = 3;
    fixture->record.tunnel_up_bytes = 4;
    fixture->record.response_body_bytes = 50;
    fixture->record.tunnel_down_bytes = 60;
    metrics_note(&fixture->metrics, &fixture->record);
    metrics_note(&fixture->metrics, &fixture->record);
    page = write_page(fixture);
    assert_says(page, "retryproof_exchanges_total{kind=\"connect\"} 2");
    assert_says(page, "retryproof_responses_total{status=\"200\"} 2");
    assert_says(page, "retryproof_attempts_total 2");
    assert_says(page, "retryproof_request_bytes_total 14");
    assert_says(page, "retryproof_response_bytes_total 220");
    assert_says_nothing_of(page, "retryproof_failures_total{");
    assert_says_nothing_of(page, "retryproof_refused_retries_total{");
}

static void retries_and_refusals_are_told_by_their_reasons(void **state)
{
    struct fixture *fixture = *state;
    struct exchange_record *record = &fixture->record;
    const char *page;

    record->attempts[0] = failed_attempt(STAGE_DIAL, CAUSE_CONNECTION_REFUSED);
    record->attempts[0].decision = (struct retry_decision){true, RETRY_BECAUSE_NOTHING_SENT};
    record->attempts[1] = failed_attempt(STAGE_POST_WRITE, CAUSE_CONNECTION_TERMINATED);
    record->attempts[1].decision = (struct retry_decision){false, RETRY_BECAUSE_WRITTEN};
    record->attempt_count = 2;
    record->status = 502;
    record->failure = record->attempts[1].failure;
    metrics_note(&fixture->metrics, record);
    page = write_page(fixture);
    assert_says(page, "retryproof_retries_total{reason=\"nothing of the request was sent\"} 1");
    assert_says(page,
                "retryproof_refused_retries_total{reason=\"a byte of the request was written\"} 1");
    assert_says(page, "retryproof_failures_total{stage=\"dial\",cause=\"connection_refused\"} 1");
    assert_says(
        page, "retryproof_failures_total{stage=\"post-write\",cause=\"connection_terminated\"} 1");
    assert_says(page, "retryproof_attempts_total 2");
}

static void an_answer_that_was_not_tried_again_is_a_refusal(void **state)
{
    struct fixture *fixture = *state;
    const char *page;

    fixture->record.attempt_count = 1;
    fixture->record.attempts[0].status = 503;
    fixture->record.attempts[0].decision =
        (struct retry_decision){false, RETRY_BECAUSE_ATTEMPTS_USED_UP};
    metrics_note(&fixture->metrics, &fixture->record);
    page = write_page(fixture);
    assert_says(page, "retryproof_refused_retries_total{reason=\"attempts are used up\"} 1");
    assert_says_nothing_of(page, "retryproof_failures_total{");
}

static void a_failure_is_counted_once_whoever_had_it(void **state)
{
    struct fixture *fixture = *state;
    struct exchange_record *record = &fixture->record;
    const char *page;

    record->failure = (struct failure){SIDE_DOWNSTREAM, STAGE_ROUTE, CAUSE_HTTP_REQUEST_DENIED, 0};
    metrics_note(&fixture->metrics, record);
    record->failure = (struct failure){SIDE_DOWNSTREAM, STAGE_MID_COPY, CAUSE_CLIENT_CANCELLED, 0};
    record->attempt_count = 1;
    metrics_note(&fixture->metrics, record);
    record->attempts[0] = failed_attempt(STAGE_MID_HEAD, CAUSE_HTTP_PROTOCOL_ERROR);
    record->failure = record->attempts[0].failure;
    metrics_note(&fixture->metrics, record);
    page = write_page(fixture);
    assert_says(page, "retryproof_failures_total{stage=\"route\",cause=\"http_request_denied\"} 1");
    assert_says(page, "retryproof_failures_total{stage=\"mid-copy\",cause=\"client_cancelled\"} 1");
    assert_says(page,
                "retryproof_failures_total{stage=\"mid-head\",cause=\"http_protocol_error\"} 1");
}

static void peaks_are_those_of_the_largest_exchange(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t held[] = {100, 300, 200};
    const char *page;

    for (size_t i = 0; i < COUNT_OF(held); i++) {
        fixture->record.held_bytes_peak = held[i];
        fixture->record.replay_bytes_peak = held[i] / 100;
        metrics_note(&fixture->metrics, &fixture->record);
    }
    page = write_page(fixture);
    assert_says(page, "retryproof_held_bytes_peak 300");
    assert_says(page, "retryproof_replay_bytes_peak 3");
}

static void what_is_alive_now_and_the_log_stand_beside_it(void **state)
{
    struct fixture *fixture = *state;
    const char *page;

    fixture->census = (struct proxy_census){.sessions = 1,
                                            .exchanges = 2,
                                            .upstream_active = 3,
                                            .upstream_idle = 4,
                                            .body_bytes_held = 5,
                                            .tunnels = 6,
                                            .handshake_failures = 7};
    fixture->log = (struct request_log_counts){
        .added = 11, .written = 12, .overflowed = 13, .failed = 14, .put_aside = 15};
    page = write_page(fixture);
    assert_says(page, "retryproof_client_connections 1");
    assert_says(page, "retryproof_exchanges_active 2");
    assert_says(page, "retryproof_upstream_connections_active 3");
    assert_says(page, "retryproof_upstream_connections_idle 4");
    assert_says(page, "retryproof_body_bytes_held 5");
    assert_says(page, "retryproof_tunnels_active 6");
    assert_says(page, "retryproof_client_handshake_failures_total 7");
    assert_says(page, "retryproof_log_rows_added_total 11");
    assert_says(page, "retryproof_log_rows_written_total 12");
    assert_says(page, "retryproof_log_rows_overflowed_total 13");
    assert_says(page, "retryproof_log_rows_failed_total 14");
    assert_says(page, "retryproof_log_files_put_aside_total 15");
}

static void without_a_log_nothing_is_said_of_it(void **state)
{
    struct fixture *fixture = *state;
    const struct metrics_view view = {.metrics = &fixture->metrics, .census = &fixture->census};

    metrics_write(&view, &fixture->reply);
    admin_reply_append(&fixture->reply, bytes_make("", 1));
    metrics_check_text(fixture->reply.text);
    assert_says_nothing_of(fixture->reply.text, "retryproof_log");
}

/* Every label that there is, each with the largest number that there is, stays a page that can be read. */
static void the_largest_page_fits_and_can_be_read(void **state)
{
    struct fixture *fixture = *state;

    memset(&fixture->metrics, 0xff, sizeof(fixture->metrics));
    memset(&fixture->census, 0xff, sizeof(fixture->census));
    memset(&fixture->log, 0xff, sizeof(fixture->log));
    assert_says(write_page(fixture), "retryproof_attempts_total 18446744073709551615");
    assert_true(fixture->reply.size < ADMIN_ANSWER_BYTES_MAX / 8);
}

static void a_status_that_is_none_does_not_run_over(void **state)
{
    struct fixture *fixture = *state;

    fixture->record.status = 999;
    metrics_note(&fixture->metrics, &fixture->record);
    fixture->record.status = 1000;
    metrics_note(&fixture->metrics, &fixture->record);
    assert_says(write_page(fixture), "retryproof_responses_total{status=\"999\"} 1");
    assert_says(write_page(fixture), "retryproof_responses_total{status=\"0\"} 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        EACH(what_never_happened_is_not_said),
        EACH(an_exchange_that_goes_well_has_no_failure),
        EACH(retries_and_refusals_are_told_by_their_reasons),
        EACH(an_answer_that_was_not_tried_again_is_a_refusal),
        EACH(a_failure_is_counted_once_whoever_had_it),
        EACH(peaks_are_those_of_the_largest_exchange),
        EACH(what_is_alive_now_and_the_log_stand_beside_it),
        EACH(without_a_log_nothing_is_said_of_it),
        EACH(the_largest_page_fits_and_can_be_read),
        EACH(a_status_that_is_none_does_not_run_over),
#undef EACH
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
