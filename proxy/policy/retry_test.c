#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/policy/retry.h"
#include "world/base/check.h"

/* What is different from a first attempt of two, of a POST, under at-most-once, its counters known. */
enum {
    WIDER = 1,          /* the policy is idempotent */
    IDEMPOTENT = 2,     /* the method is */
    OPTED_IN = 4,       /* retry_non_idempotent */
    TX_UNKNOWN = 8,     /* the lowest layer cannot tell */
    BODY_GONE = 16,     /* it cannot be sent again */
    GONE = 32,          /* the client */
    CANCELLED = 64,     /* the cause says that the client is gone */
    DOWN = 128,         /* a byte of the response went down */
    INTERIM = 256,      /* a 103 went down */
    CONTINUE = 512,     /* a 100 went down */
    RETRIES_OFF = 1024, /* max_retries: 0 */
    LAST = 2048,        /* it was the last attempt */
    LATE = 4096,        /* the deadline has passed */
    NO_ATTEMPT = 8192,  /* none was made */
    THIRD_OF_4 = 16384, /* max_retries: 3, and the third attempt failed */
};

struct row {
    const char *name;
    enum stage stage;
    uint64_t tx;
    unsigned differences;
    bool retry;
    enum retry_reason reason;
};

static const struct row ROWS[] = {
    {"a name that was not found is tried again", STAGE_RESOLVE, 0, 0, true,
     RETRY_BECAUSE_NOTHING_SENT},
    {"a dial that failed is tried again", STAGE_DIAL, 0, 0, true, RETRY_BECAUSE_NOTHING_SENT},
    {"a handshake that failed is tried again", STAGE_HANDSHAKE, 0, 0, true,
     RETRY_BECAUSE_NOTHING_SENT},
    {"a connection that took no byte is tried again", STAGE_PRE_WRITE, 0, 0, true,
     RETRY_BECAUSE_NOTHING_SENT},
    {"one byte written is never sent again", STAGE_MID_WRITE, 1, 0, false, RETRY_BECAUSE_WRITTEN},
    {"one byte written is never sent again, though the method is idempotent", STAGE_MID_WRITE, 1,
     IDEMPOTENT, false, RETRY_BECAUSE_WRITTEN},
    {"one byte written is never sent again, though the route opted in", STAGE_MID_WRITE, 1,
     OPTED_IN, false, RETRY_BECAUSE_WRITTEN},
    {"a request written whole is never sent again", STAGE_POST_WRITE, 100, 0, false,
     RETRY_BECAUSE_WRITTEN},
    {"a byte counted as written decides, whatever the stage", STAGE_PRE_WRITE, 1, 0, false,
     RETRY_BECAUSE_WRITTEN},
    {"where nobody can tell whether a byte was written, one was", STAGE_PRE_WRITE, 0, TX_UNKNOWN,
     false, RETRY_BECAUSE_WRITTEN_UNKNOWN},
    {"before there is a connection nothing can have been written", STAGE_DIAL, 0, TX_UNKNOWN, true,
     RETRY_BECAUSE_NOTHING_SENT},
    {"a response that began is not begun again", STAGE_MID_HEAD, 100, 0, false,
     RETRY_BECAUSE_WRITTEN},
    {"a response that came before the request is not asked for again", STAGE_MID_HEAD, 0, 0, false,
     RETRY_BECAUSE_RESPONSE_CAME_FIRST},
    {"what the policy forbids is the reason, not the body it would have needed", STAGE_POST_WRITE,
     100, BODY_GONE, false, RETRY_BECAUSE_WRITTEN},

    {"a GET that was written is tried again", STAGE_POST_WRITE, 100, WIDER | IDEMPOTENT, true,
     RETRY_BECAUSE_IDEMPOTENT},
    {"a GET that may have been written is tried again", STAGE_POST_WRITE, 0,
     WIDER | IDEMPOTENT | TX_UNKNOWN, true, RETRY_BECAUSE_IDEMPOTENT},
    {"a GET is tried again after a part of a head", STAGE_MID_HEAD, 100, WIDER | IDEMPOTENT, true,
     RETRY_BECAUSE_IDEMPOTENT},
    {"a POST that was written is not", STAGE_POST_WRITE, 100, WIDER, false,
     RETRY_BECAUSE_NOT_IDEMPOTENT},
    {"a POST that may have been written is not", STAGE_PRE_WRITE, 0, WIDER | TX_UNKNOWN, false,
     RETRY_BECAUSE_WRITTEN_UNKNOWN},
    {"a POST that was answered before it was written is not", STAGE_MID_HEAD, 0, WIDER, false,
     RETRY_BECAUSE_RESPONSE_CAME_FIRST},
    {"a POST of which no byte was written is", STAGE_PRE_WRITE, 0, WIDER, true,
     RETRY_BECAUSE_NOTHING_SENT},
    {"a POST that was written is where the route opted in", STAGE_POST_WRITE, 100, WIDER | OPTED_IN,
     true, RETRY_BECAUSE_OPTED_IN},
    {"a PUT whose body is gone is not tried again", STAGE_POST_WRITE, 100,
     WIDER | IDEMPOTENT | BODY_GONE, false, RETRY_BECAUSE_BODY_NOT_REPLAYABLE},
    {"a body that is gone bars a retry at any stage", STAGE_PRE_WRITE, 0, BODY_GONE, false,
     RETRY_BECAUSE_BODY_NOT_REPLAYABLE},

    {"without an attempt there is nothing to try again", STAGE_ROUTE, 0, NO_ATTEMPT, false,
     RETRY_BECAUSE_NO_ATTEMPT},
    {"no attempt comes before retries off", STAGE_ROUTE, 0, RETRIES_OFF, false,
     RETRY_BECAUSE_NO_ATTEMPT},
    {"max_retries 0 skips the logic", STAGE_DIAL, 0, RETRIES_OFF, false, RETRY_BECAUSE_RETRIES_OFF},
    {"retries off comes before a client that is gone", STAGE_DIAL, 0, RETRIES_OFF | GONE, false,
     RETRY_BECAUSE_RETRIES_OFF},
    {"nobody waits for a second attempt", STAGE_DIAL, 0, GONE, false, RETRY_BECAUSE_CLIENT_GONE},
    {"a cancel is a client that is gone", STAGE_DIAL, 0, CANCELLED, false,
     RETRY_BECAUSE_CLIENT_GONE},
    {"a client that is gone comes before a response that started", STAGE_MID_COPY, 9, GONE | DOWN,
     false, RETRY_BECAUSE_CLIENT_GONE},
    {"one byte of the response down is one too many", STAGE_STATUS, 9, DOWN, false,
     RETRY_BECAUSE_RESPONSE_STARTED},
    {"mid-copy is a response that started", STAGE_MID_COPY, 9, 0, false,
     RETRY_BECAUSE_RESPONSE_STARTED},
    {"a tunnel is not opened twice", STAGE_TUNNEL, 9, WIDER | IDEMPOTENT, false,
     RETRY_BECAUSE_TUNNEL},
    {"a status is an answer", STAGE_STATUS, 9, WIDER | IDEMPOTENT, false, RETRY_BECAUSE_STATUS},
    {"an answer comes before an interim one", STAGE_STATUS, 9, INTERIM, false,
     RETRY_BECAUSE_STATUS},
    {"a 103 that went down cannot be taken back", STAGE_MID_HEAD, 9, WIDER | IDEMPOTENT | INTERIM,
     false, RETRY_BECAUSE_INTERIM_SENT},
    {"a 100 that went down bars nothing", STAGE_MID_HEAD, 9, WIDER | IDEMPOTENT | CONTINUE, true,
     RETRY_BECAUSE_IDEMPOTENT},
    {"an interim one comes before attempts used up", STAGE_DIAL, 0, INTERIM | LAST, false,
     RETRY_BECAUSE_INTERIM_SENT},
    {"the last of the attempts is the last", STAGE_DIAL, 0, LAST, false,
     RETRY_BECAUSE_ATTEMPTS_USED_UP},
    {"the last but one is not", STAGE_DIAL, 0, THIRD_OF_4, true, RETRY_BECAUSE_NOTHING_SENT},
    {"attempts used up come before the deadline", STAGE_DIAL, 0, LAST | LATE, false,
     RETRY_BECAUSE_ATTEMPTS_USED_UP},
    {"behind the deadline nothing begins", STAGE_DIAL, 0, LATE, false,
     RETRY_BECAUSE_DEADLINE_PASSED},
    {"the deadline comes before the policy's row", STAGE_POST_WRITE, 9, LATE, false,
     RETRY_BECAUSE_DEADLINE_PASSED},
};

static struct retry_facts facts_of(const struct row *row)
{
    const unsigned is = row->differences;
    struct retry_facts facts = {
        .policy = is & WIDER ? RETRY_IDEMPOTENT : RETRY_AT_MOST_ONCE,
        .stage = row->stage,
        .cause = is & CANCELLED ? CAUSE_CLIENT_CANCELLED : CAUSE_CONNECTION_TERMINATED,
        .tx = row->tx,
        .tx_known = (is & TX_UNKNOWN) == 0,
        .response_bytes_down = is & DOWN ? 1 : 0,
        .interim_forwarded = (is & INTERIM) != 0,
        .continue_forwarded = (is & CONTINUE) != 0,
        .client_gone = (is & GONE) != 0,
        .method_idempotent = (is & IDEMPOTENT) != 0,
        .body_replayable = (is & BODY_GONE) == 0,
        .retry_non_idempotent = (is & OPTED_IN) != 0,
        .attempts_made = is & NO_ATTEMPT ? 0 : 1,
        .retries_max = is & RETRIES_OFF ? 0 : 1,
        .deadline_passed = (is & LATE) != 0,
    };

    if (is & LAST)
        facts.attempts_made = facts.retries_max + 1;
    if (is & THIRD_OF_4)
        facts.attempts_made = facts.retries_max = 3;
    return facts;
}

static void decides(void **state)
{
    const struct row *row = *state;
    const struct retry_facts facts = facts_of(row);
    struct retry_decision decision = retry_decide(&facts);

    assert_string_equal(retry_reason_sentence(decision.reason), retry_reason_sentence(row->reason));
    assert_int_equal(decision.retry, row->retry);
}

/*
 * The matrix of acceptance, read off the page: what each policy says of an attempt that failed at a stage.
 */
enum answer { NO, YES, IF_IDEMPOTENT };

static const enum answer MATRIX[STAGE_COUNT][2] = {
    [STAGE_ROUTE] = {NO, NO},
    [STAGE_RESOLVE] = {YES, YES},
    [STAGE_DIAL] = {YES, YES},
    [STAGE_HANDSHAKE] = {YES, YES},
    [STAGE_PRE_WRITE] = {YES, YES},
    [STAGE_MID_WRITE] = {NO, IF_IDEMPOTENT},
    [STAGE_POST_WRITE] = {NO, IF_IDEMPOTENT},
    [STAGE_MID_HEAD] = {NO, IF_IDEMPOTENT},
    [STAGE_STATUS] = {NO, NO},
    [STAGE_MID_COPY] = {NO, NO},
    [STAGE_TUNNEL] = {NO, NO},
};

static bool matrix_allows(const struct retry_facts *facts)
{
    enum answer answer = MATRIX[facts->stage][facts->policy];
    bool connected = facts->stage >= STAGE_PRE_WRITE;

    /* "handed over but uncertain" stands in the row of mid-write */
    if (answer == YES && (facts->tx != 0 || (connected && !facts->tx_known)))
        answer = MATRIX[STAGE_MID_WRITE][facts->policy];
    if (answer == IF_IDEMPOTENT)
        answer = facts->method_idempotent || facts->retry_non_idempotent ? YES : NO;
    return answer == YES;
}

/* Section 2 of the same page, and its rows that hold for every stage. */
static bool gates_allow(const struct retry_facts *facts)
{
    return facts->response_bytes_down == 0 && !facts->interim_forwarded && facts->body_replayable &&
           !facts->client_gone && facts->cause != CAUSE_CLIENT_CANCELLED &&
           !facts->deadline_passed && facts->attempts_made < facts->retries_max + 1;
}

/* Whether a reason can be said of these facts at all. */
static bool is_true(enum retry_reason reason, const struct retry_facts *facts)
{
    switch (reason) {
    case RETRY_BECAUSE_NOTHING_SENT:
        return facts->tx == 0 && facts->stage <= STAGE_PRE_WRITE;
    case RETRY_BECAUSE_IDEMPOTENT:
        return facts->method_idempotent && facts->body_replayable;
    case RETRY_BECAUSE_OPTED_IN:
        return facts->retry_non_idempotent && !facts->method_idempotent;
    case RETRY_BECAUSE_NO_ATTEMPT:
        return facts->stage == STAGE_ROUTE;
    case RETRY_BECAUSE_RETRIES_OFF:
        return facts->retries_max == 0;
    case RETRY_BECAUSE_ATTEMPTS_USED_UP:
        return facts->attempts_made > facts->retries_max;
    case RETRY_BECAUSE_DEADLINE_PASSED:
        return facts->deadline_passed;
    case RETRY_BECAUSE_CLIENT_GONE:
        return facts->client_gone || facts->cause == CAUSE_CLIENT_CANCELLED;
    case RETRY_BECAUSE_RESPONSE_STARTED:
        return facts->response_bytes_down > 0 || facts->stage == STAGE_MID_COPY;
    case RETRY_BECAUSE_INTERIM_SENT:
        return facts->interim_forwarded;
    case RETRY_BECAUSE_TUNNEL:
        return facts->stage == STAGE_TUNNEL;
    case RETRY_BECAUSE_STATUS:
        return facts->stage == STAGE_STATUS;
    case RETRY_BECAUSE_WRITTEN:
        return facts->tx > 0 || facts->stage == STAGE_MID_WRITE || facts->stage == STAGE_POST_WRITE;
    case RETRY_BECAUSE_WRITTEN_UNKNOWN:
        return facts->tx == 0 && !facts->tx_known;
    case RETRY_BECAUSE_RESPONSE_CAME_FIRST:
        return facts->tx == 0 && facts->stage == STAGE_MID_HEAD;
    case RETRY_BECAUSE_NOT_IDEMPOTENT:
        return !facts->method_idempotent && !facts->retry_non_idempotent;
    case RETRY_BECAUSE_BODY_NOT_REPLAYABLE:
        return !facts->body_replayable;
    case RETRY_REASON_COUNT:
    default:
        return false;
    }
}

/* Takes so many choices off the front of a number that counts through the product. */
static unsigned choose(unsigned *number, unsigned choices)
{
    unsigned choice = *number % choices;

    *number /= choices;
    return choice;
}

/* The facts of one point of the product; false behind the last one. */
static bool point(unsigned number, struct retry_facts *facts)
{
    *facts = (struct retry_facts){
        .policy = choose(&number, 2),
        .stage = choose(&number, STAGE_COUNT),
        .cause = choose(&number, CAUSE_COUNT),
        .tx = choose(&number, 2),
        .tx_known = choose(&number, 2),
        .response_bytes_down = choose(&number, 2),
        .interim_forwarded = choose(&number, 2),
        .continue_forwarded = choose(&number, 2),
        .client_gone = choose(&number, 2),
        .method_idempotent = choose(&number, 2),
        .body_replayable = choose(&number, 2),
        .retry_non_idempotent = choose(&number, 2),
        .attempts_made = 1 + choose(&number, 3),
        .retries_max = choose(&number, 3),
        .deadline_passed = choose(&number, 2),
    };
    return number == 0;
}

static void agrees_with_the_matrix_everywhere(void **state)
{
    const unsigned points = 2 * STAGE_COUNT * CAUSE_COUNT * (1 << 10) * 3 * 3;
    size_t reasons_seen[RETRY_REASON_COUNT] = {0};
    struct retry_facts facts;
    unsigned number = 0;

    (void)state;
    for (; point(number, &facts); number++) {
        struct retry_decision decision = retry_decide(&facts);
        bool expected = matrix_allows(&facts) && gates_allow(&facts);

        if (decision.retry != expected || !is_true(decision.reason, &facts))
            fail_msg("point %u: retry %d, expected %d, because %s", number, decision.retry,
                     expected, retry_reason_sentence(decision.reason));
        reasons_seen[decision.reason]++;
    }
    assert_int_equal(number, points);
    for (size_t i = 0; i < RETRY_REASON_COUNT; i++)
        if (reasons_seen[i] == 0)
            fail_msg("never said: %s", retry_reason_sentence((enum retry_reason)i));
}

static void policies_have_words(void **state)
{
    (void)state;
    assert_string_equal(retry_policy_word(RETRY_AT_MOST_ONCE), "at-most-once");
    assert_string_equal(retry_policy_word(RETRY_IDEMPOTENT), "idempotent");
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(agrees_with_the_matrix_everywhere),
        cmocka_unit_test(policies_have_words),
    };
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = decides,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
