/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* Whose attempt is it of which no byte arrived? Only where one request can have been under way does time tell. */
#include "harness/verdict/attempts.h"

enum { NOBODY = -1, REQUESTS = 2 };

/* A request of a client: sent and answered at these milliseconds; answered 0: never. */
struct sending {
    int sent_ms;
    int answered_ms;
};

struct row {
    const char *sentence;
    struct sending requests[REQUESTS];
    bool one_connection; /* both came on it, one after the other */
    int latency_ms;
    int at_ms;
    int expected; /* index of the request, or NOBODY */
};

static const struct row ROWS[] = {
    {"before a request was sent it has no attempt", {{5, 9}, {20, 30}}, false, 0, 4, NOBODY},
    {"between its sending and its answer an attempt is its own",
     {{5, 9}, {20, 30}},
     false,
     0,
     7,
     0},
    {"after its answer it has none", {{5, 9}, {20, 30}}, false, 0, 10, NOBODY},
    {"of two requests under way at once nobody knows", {{5, 9}, {6, 30}}, false, 0, 7, NOBODY},
    {"once one of them is answered it is the other's", {{5, 9}, {6, 30}}, false, 0, 10, 1},
    {"a request that was never answered is under way", {{5, 0}, {40, 50}}, false, 0, 30, 0},
    {"a request takes its time to arrive", {{5, 20}, {40, 50}}, false, 2, 6, NOBODY},
    {"and is with the proxy then", {{5, 20}, {40, 50}}, false, 2, 7, 0},
    {"its answer was written before it arrived", {{5, 20}, {19, 50}}, false, 1, 20, 1},
    {"pipelined requests are served in their order", {{5, 9}, {5, 30}}, true, 0, 7, 0},
    {"and the second after the first", {{5, 9}, {5, 30}}, true, 0, 10, 1},
    {"at the moment between them it may be either's", {{5, 9}, {5, 30}}, true, 0, 9, NOBODY},
};

static uint64_t ns(int ms)
{
    return NS_PER_S + (unsigned)ms * NS_PER_MS;
}

static void ask_the_row(void **state)
{
    const struct row *row = *state;
    struct scenario scenario = {.network.latency_ns = (unsigned)row->latency_ms * NS_PER_MS};
    struct witness connections[REQUESTS] = {{0}};
    struct witness_sent sent[REQUESTS];
    struct witness_message responses[REQUESTS] = {{0}};
    struct request_fact requests[REQUESTS];
    for (size_t i = 0; i < REQUESTS; i++) {
        const struct sending *sending = &row->requests[i];
        sent[i] = (struct witness_sent){.number = i + 1, .begun_ns = ns(sending->sent_ms)};
        responses[i].complete_ns = sending->answered_ms > 0 ? ns(sending->answered_ms) : 0;
        requests[i] = (struct request_fact){
            .connection = &connections[row->one_connection ? 0 : i],
            .sent = &sent[i],
            .response = &responses[i],
        };
    }
    const struct evidence evidence = {
        .scenario = &scenario, .world = WORLD_SIM, .requests = requests, .request_count = REQUESTS};
    const struct request_fact *found = attempts_request_at(&evidence, ns(row->at_ms));
    assert_ptr_equal(found, row->expected == NOBODY ? NULL : &requests[row->expected]);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                       .test_func = ask_the_row,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
