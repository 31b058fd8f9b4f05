#include "proxy/log/log_details.h"

#include <errno.h>

#include "proxy/log/log_rig.h"
#include "world/data/json.h"

static char text[LOG_DETAILS_BYTES];

struct row {
    const char *name;
    void (*change)(struct exchange_record *record);
    const char *expected;
};

static void no_attempt(struct exchange_record *record)
{
    record->attempt_count = 0;
}

static void unchanged(struct exchange_record *record)
{
    (void)record;
}

/* Refused at a, a reset at b after the request was written. */
static void two_failed(struct exchange_record *record)
{
    struct attempt_record *first = &record->attempts[0];
    struct attempt_record *second = &record->attempts[1];

    record->attempt_count = 2;
    *second = *first;
    *first = (struct attempt_record){
        .address = address_loopback(9001),
        .begun_ns = 5,
        .ended_ns = 12,
        .failure = {SIDE_UPSTREAM, STAGE_DIAL, CAUSE_CONNECTION_REFUSED, ECONNREFUSED},
        .decision = {true, RETRY_BECAUSE_NOTHING_SENT},
        .backoff_ns = 25000000,
    };
    second->upstream = 1;
    second->reused = true;
    second->status = 0;
    second->failure =
        (struct failure){SIDE_UPSTREAM, STAGE_POST_WRITE, CAUSE_CONNECTION_TERMINATED, ECONNRESET};
    second->decision = (struct retry_decision){false, RETRY_BECAUSE_WRITTEN};
}

static void bad_certificate(struct exchange_record *record)
{
    struct attempt_record *attempt = &record->attempts[0];

    attempt->tls = true;
    attempt->tls_resumed = true;
    attempt->upstream = UPSTREAM_OTHER;
    attempt->status = 0;
    attempt->tx = 0;
    attempt->rx = 0;
    attempt->failure =
        (struct failure){SIDE_UPSTREAM, STAGE_HANDSHAKE, CAUSE_TLS_CERTIFICATE_ERROR, 0};
    attempt->detail = "certificate has expired";
    attempt->decision.reason = RETRY_BECAUSE_ATTEMPTS_USED_UP;
}

static void nothing_moved(struct exchange_record *record)
{
    record->attempts[0].tunnel = TUNNEL_NO_TRAFFIC;
}

static void addresses_failed(struct exchange_record *record)
{
    record->attempts[1] = record->attempts[0];
    record->attempt_count = 2;
    record->dials[0] = (struct dial_record){
        .attempt = 2, .address = address_loopback(1), .cause = CAUSE_CONNECTION_TIMEOUT};
    record->dials[1] = (struct dial_record){.attempt = 2,
                                            .address = address_loopback(2),
                                            .cause = CAUSE_CONNECTION_REFUSED,
                                            .os_error = ECONNREFUSED};
    record->dial_count = 2;
    record->dials_lost = 7;
}

#define WENT_WELL                                                                                \
    "\"upstream\":\"a\",\"address\":\"127.0.0.1:9001\",\"stage\":null,\"cause\":null,"           \
    "\"message\":null,\"status\":200,\"tx\":40,\"rx\":80,\"duration_ns\":3000,\"reused\":false," \
    "\"tls\":false,\"tls_resumed\":false,\"tunnel\":null,\"retried\":false,\"reason\":null,"     \
    "\"backoff_ns\":0,\"failed_addresses\":["

static const struct row ROWS[] = {
    {"an exchange without an attempt has an empty list", no_attempt, "[]"},
    {"an attempt that went well says nothing of failure", unchanged,
     "[{\"attempt\":1," WENT_WELL "]}]"},
    {"each attempt says where, why and what was decided", two_failed,
     "[{\"attempt\":1,\"upstream\":\"a\",\"address\":\"127.0.0.1:9001\",\"stage\":\"dial\","
     "\"cause\":\"connection_refused\",\"message\":\"Connection refused\",\"status\":0,\"tx\":0,"
     "\"rx\":0,\"duration_ns\":7,\"reused\":false,\"tls\":false,\"tls_resumed\":false,"
     "\"tunnel\":null,\"retried\":true,\"reason\":\"nothing of the request was sent\","
     "\"backoff_ns\":25000000,\"failed_addresses\":[]},"
     "{\"attempt\":2,\"upstream\":\"b\",\"address\":\"127.0.0.1:9001\",\"stage\":\"post-write\","
     "\"cause\":\"connection_terminated\",\"message\":\"Connection reset by peer\",\"status\":0,"
     "\"tx\":40,\"rx\":80,\"duration_ns\":3000,\"reused\":true,\"tls\":false,"
     "\"tls_resumed\":false,\"tunnel\":null,\"retried\":false,"
     "\"reason\":\"a byte of the request was written\",\"backoff_ns\":0,"
     "\"failed_addresses\":[]}]"},
    {"what the failing layer knows is the message, and an upstream of nobody's is null",
     bad_certificate,
     "[{\"attempt\":1,\"upstream\":null,\"address\":\"127.0.0.1:9001\",\"stage\":\"handshake\","
     "\"cause\":\"tls_certificate_error\",\"message\":\"certificate has expired\",\"status\":0,"
     "\"tx\":0,\"rx\":0,\"duration_ns\":3000,\"reused\":false,\"tls\":true,\"tls_resumed\":true,"
     "\"tunnel\":null,\"retried\":false,\"reason\":\"attempts are used up\",\"backoff_ns\":0,"
     "\"failed_addresses\":[]}]"},
    {"a tunnel that nobody used is told from one that was of use", nothing_moved,
     "[{\"attempt\":1,\"upstream\":\"a\",\"address\":\"127.0.0.1:9001\",\"stage\":null,"
     "\"cause\":null,\"message\":null,\"status\":200,\"tx\":40,\"rx\":80,\"duration_ns\":3000,"
     "\"reused\":false,\"tls\":false,\"tls_resumed\":false,\"tunnel\":\"no-traffic\","
     "\"retried\":false,\"reason\":null,\"backoff_ns\":0,\"failed_addresses\":[]}]"},
    {"addresses that failed stand in their attempt, and those without room are counted",
     addresses_failed,
     "[{\"attempt\":1," WENT_WELL "]},{\"attempt\":2," WENT_WELL
     "{\"cause\":\"connection_timeout\",\"address\":\"127.0.0.1:1\",\"message\":null},"
     "{\"cause\":\"connection_refused\",\"address\":\"127.0.0.1:2\","
     "\"message\":\"Connection refused\"}],\"failed_addresses_lost\":7}]"},
};

static size_t format(struct log_rig *rig)
{
    const struct log_source source = {.record = &rig->record, .settings = &rig->settings};
    struct log_batch batch;
    size_t size;

    assert_true(log_batch_init(&batch));
    assert_true(log_batch_add(&batch, &source));
    size = log_details_format(&batch, &batch.entries[0], text);
    log_batch_release(&batch);
    assert_int_equal(strlen(text), size);
    return size;
}

static void says(void **state)
{
    const struct row *row = *state;
    struct log_rig rig;

    log_rig_fill(&rig);
    row->change(&rig.record);
    format(&rig);
    assert_string_equal(text, row->expected);
}

static void the_longest_text_has_room(void **state)
{
    struct log_rig *rig = *state;
    char error[JSON_ERROR_BYTES];
    char message[LOG_MESSAGE_BYTES + 10];
    struct json *json;

    memset(message, 1, sizeof(message));
    message[sizeof(message) - 1] = '\0';
    memset(rig->settings.upstreams[0].name, 1, UPSTREAM_NAME_BYTES - 1);
    two_failed(&rig->record);
    rig->record.attempts[0].detail = message;
    assert_true(address_parse("[ff02:1111:2222:3333:4444:5555:6666:7777]:65535", 0,
                              &rig->record.attempts[0].address));
    rig->record.attempts[0].tx = rig->record.attempts[0].rx = INT64_MAX;
    rig->record.attempts[0].ended_ns = rig->record.attempts[0].backoff_ns = INT64_MAX;
    rig->record.attempt_count = RECORD_ATTEMPTS_MAX;
    for (unsigned i = 1; i < RECORD_ATTEMPTS_MAX; i++)
        rig->record.attempts[i] = rig->record.attempts[0];
    rig->record.dial_count = RECORD_DIALS_MAX;
    rig->record.dials_lost = UINT32_MAX;
    for (unsigned i = 0; i < RECORD_DIALS_MAX; i++)
        rig->record.dials[i] =
            (struct dial_record){.attempt = 1 + i,
                                 .address = rig->record.attempts[0].address,
                                 .cause = CAUSE_HTTP_RESPONSE_HEADER_SECTION_SIZE,
                                 .os_error = EXFULL};
    /* Half of the room and more is used, so the limit is not far from what it is for. */
    assert_true(format(rig) > LOG_DETAILS_BYTES / 2);
    json = json_parse("details", text, strlen(text), error);
    assert_non_null(json);
    assert_int_equal(json_count(json), RECORD_ATTEMPTS_MAX);
    json_destroy(&json);
}

static void any_name_is_json(void **state)
{
    struct log_rig *rig = *state;
    char error[JSON_ERROR_BYTES];
    struct json *json;

    snprintf(rig->settings.upstreams[0].name, UPSTREAM_NAME_BYTES, "a\"\\\n\xc3\xa4\xff\x7f");
    format(rig);
    json = json_parse("details", text, strlen(text), error);
    assert_non_null(json);
    assert_string_equal(json_text(json_get(json_at(json, 0), "upstream")),
                        "a\"\\\n\xc3\xa4\xef\xbf\xbd\x7f");
    json_destroy(&json);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + 2];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){
            .name = ROWS[i].name, .test_func = says, .initial_state = (void *)(uintptr_t)&ROWS[i]};
    tests[COUNT_OF(ROWS)] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(
        the_longest_text_has_room, log_rig_setup, log_rig_teardown);
    tests[COUNT_OF(ROWS) + 1] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(
        any_name_is_json, log_rig_setup, log_rig_teardown);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
