#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/downstream/admission.h"

enum { STORE_BYTES = 1024 }; /* a few short fields */

struct row {
    const char *name;
    const char *method;
    const char *target;
    const char *hosts[2];
    unsigned minor;
    unsigned status; /* 0: admitted */
    const char *word;
    const char *forwarded_target;
    const char *forwarded_host;
};

static const struct row ROWS[] = {
    {"origin-form goes on as it came", "GET", "/a?b", {"x"}, 1, 0, NULL, "/a?b", "x"},
    {"absolute-form becomes origin-form and its authority the Host",
     "GET",
     "http://y:81/a",
     {"x"},
     1,
     0,
     NULL,
     "/a",
     "y:81"},
    {"the asterisk is for OPTIONS", "OPTIONS", "*", {"x"}, 1, 0, NULL, "*", "x"},
    {"the asterisk is for nothing else", "GET", "*", {"x"}, 1, 400, "URL_PARSE_ERROR", NULL, NULL},
    {"https is not for this proxy to speak",
     "GET",
     "https://y/a",
     {"x"},
     1,
     400,
     "INVALID_PROTOCOL",
     NULL,
     NULL},
    {"a user in the target is no address to send to",
     "GET",
     "http://me@y/a",
     {"x"},
     1,
     400,
     "URL_PARSE_ERROR",
     NULL,
     NULL},
    {"CONNECT is not served by a reverse proxy",
     "CONNECT",
     "y:443",
     {"y:443"},
     1,
     501,
     "INVALID_PROTOCOL",
     NULL,
     NULL},
    {"HTTP/1.1 needs a Host", "GET", "/", {NULL}, 1, 400, "INVALID_HOST", NULL, NULL},
    {"HTTP/1.0 does not", "GET", "/", {NULL}, 0, 0, NULL, "/", ""},
    {"two Hosts are refused", "GET", "/", {"x", "x"}, 1, 400, "INVALID_HOST", NULL, NULL},
    {"a Host with a blank is refused", "GET", "/", {"x y"}, 1, 400, "INVALID_HOST", NULL, NULL},
};

/* One route, for everything that a reverse proxy serves. */
static const struct route_settings ROUTES[] = {{.name = "default"}};
static const struct admission_rules RULES = {
    .routes = ROUTES, .route_count = COUNT_OF(ROUTES), .realm = "here", .auth_failed_status = 403};

static void is_judged(void **state)
{
    const struct row *row = *state;
    uint8_t store[STORE_BYTES];
    struct head head;
    struct admission admission;

    head_init(&head, store, sizeof(store));
    assert_true(head_store(&head, bytes_of(row->method), &head.method));
    assert_true(head_store(&head, bytes_of(row->target), &head.target));
    head.minor = row->minor;
    for (size_t i = 0; i < COUNT_OF(row->hosts) && row->hosts[i] != NULL; i++)
        assert_true(head_add(&head, bytes_of("Host"), bytes_of(row->hosts[i])));

    admission = admission_decide(&head, false, &RULES);
    assert_int_equal(admission.admitted, row->status == 0);
    assert_int_equal(admission.apology.status, row->status);
    if (row->status != 0) {
        assert_string_equal(admission.apology.word, row->word);
        assert_non_null(admission.apology.rule);
        return;
    }
    assert_true(bytes_equal_text(admission.request.target, row->forwarded_target));
    assert_true(bytes_equal_text(admission.request.host, row->forwarded_host));
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = is_judged,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
