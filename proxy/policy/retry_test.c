#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/policy/retry.h"
#include "world/base/check.h"

/* What is different from a first attempt of two, of a POST, under at-most-once, its connection fresh and its counters known. */
enum {
    WIDER = 1 << 0,        /* the policy is idempotent */
    ON_REUSED = 1 << 1,    /* retry_on_reused */
    IDEMPOTENT = 1 << 2,   /* the method is */
    OPTED_IN = 1 << 3,     /* retry_non_idempotent */
    TX_UNKNOWN = 1 << 4,   /* the lowest layer cannot tell */
    BODY_GONE = 1 << 5,    /* it cannot be sent again */
    GONE = 1 << 6,         /* the client */
    CANCELLED = 1 << 7,    /* the cause says that the client is gone */
    DOWN = 1 << 8,         /* a byte of the response went down */
    INTERIM = 1 << 9,      /* a 103 went down */
    RETRIES_OFF = 1 << 10, /* max_retries: 0 */
    LAST = 1 << 11,        /* it was the last attempt */
    LATE = 1 << 12,        /* the deadline has passed */
    NEAR = 1 << 13,        /* the deadline passes before the back-off ends */
    EMPTY = 1 << 14,       /* the retry budget is */
    NO_ATTEMPT = 1 << 15,  /* none was made */
    THIRD_OF_4 = 1 << 16,  /* max_retries: 3, and the third attempt failed */
    REUSED = 1 << 17,      /* the connection had served before */
    ANSWERED = 1 << 18,    /* bytes of a response came */
    TIMED_OUT = 1 << 19,   /* and did not end by itself */
    INVALID = 1 << 20,     /* what came is not HTTP */
    LISTED = 1 << 21,      /* the status is in retry_on_status */
    INTERNAL = 1 << 22,    /* the failure is the proxy's own, or a hook's */
    AGAIN = 1 << 23,       /* a hook asks for it */
    NEVER = 1 << 24,       /* a hook refuses it */
    WAIT = 1 << 25,        /* a hook answers what only another hook may */
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
    {"a 103 that went down is the reason, whatever came behind it", STAGE_STATUS, 9, INTERIM, false,
     RETRY_BECAUSE_INTERIM_SENT},
    {"a 103 that went down cannot be taken back", STAGE_MID_HEAD, 9, WIDER | IDEMPOTENT | INTERIM,
     false, RETRY_BECAUSE_INTERIM_SENT},
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
    {"behind a deadline that is near nothing would be waited for", STAGE_DIAL, 0, NEAR, false,
     RETRY_BECAUSE_DEADLINE_NEAR},
    {"a deadline that has passed is no longer near", STAGE_DIAL, 0, LATE | NEAR, false,
     RETRY_BECAUSE_DEADLINE_PASSED},
    {"an empty budget bars what would be tried again", STAGE_DIAL, 0, EMPTY, false,
     RETRY_BECAUSE_BUDGET_EMPTY},
    {"an empty budget is no reason where the policy says no", STAGE_POST_WRITE, 9, EMPTY, false,
     RETRY_BECAUSE_WRITTEN},
    {"a body that is gone comes before an empty budget", STAGE_POST_WRITE, 9,
     WIDER | IDEMPOTENT | BODY_GONE | EMPTY, false, RETRY_BECAUSE_BODY_NOT_REPLAYABLE},

    {"a byte counted before there was a connection is a byte written", STAGE_DIAL, 1, IDEMPOTENT,
     false, RETRY_BECAUSE_WRITTEN},
    {"a GET is tried again after silence", STAGE_POST_WRITE, 9, WIDER | IDEMPOTENT | TIMED_OUT,
     true, RETRY_BECAUSE_IDEMPOTENT},
    {"a GET is tried again after garbage", STAGE_MID_HEAD, 9,
     WIDER | IDEMPOTENT | ANSWERED | INVALID, true, RETRY_BECAUSE_IDEMPOTENT},

    {"a stale connection is a reset one under at-most-once", STAGE_POST_WRITE, 9, REUSED, false,
     RETRY_BECAUSE_WRITTEN},
    {"a GET on a stale connection is tried again where that is asked for", STAGE_POST_WRITE, 9,
     ON_REUSED | REUSED | IDEMPOTENT, true, RETRY_BECAUSE_IDEMPOTENT},
    {"a POST on a stale connection needs the route's word too", STAGE_POST_WRITE, 9,
     ON_REUSED | REUSED, false, RETRY_BECAUSE_NOT_IDEMPOTENT},
    {"a POST on a stale connection is tried again with it", STAGE_POST_WRITE, 9,
     ON_REUSED | REUSED | OPTED_IN, true, RETRY_BECAUSE_OPTED_IN},
    {"a POST of which a stale connection took nothing needs nobody's word", STAGE_PRE_WRITE, 0,
     ON_REUSED | REUSED, true, RETRY_BECAUSE_NOTHING_SENT},
    {"a fresh connection is not stale", STAGE_POST_WRITE, 9, ON_REUSED | IDEMPOTENT, false,
     RETRY_BECAUSE_NOT_A_CONDITION},
    {"a connection that answered is not stale", STAGE_MID_HEAD, 9,
     ON_REUSED | REUSED | ANSWERED | IDEMPOTENT, false, RETRY_BECAUSE_NOT_A_CONDITION},
    {"a connection that is silent is not stale", STAGE_POST_WRITE, 9,
     ON_REUSED | REUSED | TIMED_OUT | IDEMPOTENT, false, RETRY_BECAUSE_NOT_A_CONDITION},

    {"a status that is listed is tried again", STAGE_STATUS, 9, WIDER | IDEMPOTENT | LISTED, true,
     RETRY_BECAUSE_STATUS_LISTED},
    {"a status that is listed is not, of a POST", STAGE_STATUS, 9, WIDER | LISTED, false,
     RETRY_BECAUSE_NOT_IDEMPOTENT},
    {"a status that is listed is, of a POST where the route opted in", STAGE_STATUS, 9,
     WIDER | LISTED | OPTED_IN, true, RETRY_BECAUSE_OPTED_IN},
    {"an answer to a POST that came before a byte was written is kept", STAGE_STATUS, 0,
     WIDER | LISTED, false, RETRY_BECAUSE_RESPONSE_CAME_FIRST},
    {"a list of statuses says nothing of a head that was cut", STAGE_MID_HEAD, 9,
     LISTED | IDEMPOTENT, false, RETRY_BECAUSE_WRITTEN},
    {"a status that is listed needs the body too", STAGE_STATUS, 9,
     WIDER | IDEMPOTENT | LISTED | BODY_GONE, false, RETRY_BECAUSE_BODY_NOT_REPLAYABLE},

    {"a hook that refuses is obeyed", STAGE_DIAL, 0, NEVER, false, RETRY_BECAUSE_HOOK_REFUSED},
    {"a hook that refuses a status that is listed is obeyed", STAGE_STATUS, 9,
     WIDER | IDEMPOTENT | LISTED | NEVER, false, RETRY_BECAUSE_HOOK_REFUSED},
    {"a gate comes before a hook that refuses", STAGE_DIAL, 0, NEVER | LATE, false,
     RETRY_BECAUSE_DEADLINE_PASSED},
    {"a hook that may not wait has said nothing", STAGE_DIAL, 0, WAIT, true,
     RETRY_BECAUSE_NOTHING_SENT},
    {"a hook may ask for what the policy does not", STAGE_POST_WRITE, 9, AGAIN | IDEMPOTENT, true,
     RETRY_BECAUSE_HOOK_ASKED},
    {"a hook may ask for another answer without a list", STAGE_STATUS, 9, AGAIN | IDEMPOTENT, true,
     RETRY_BECAUSE_HOOK_ASKED},
    {"a hook may ask for a POST of which nothing was written", STAGE_PRE_WRITE, 0, AGAIN, true,
     RETRY_BECAUSE_HOOK_ASKED},
    {"a hook may not ask for a POST that was written", STAGE_POST_WRITE, 9, AGAIN, false,
     RETRY_BECAUSE_NOT_IDEMPOTENT},
    {"a hook may not ask for a POST that may have been written", STAGE_PRE_WRITE, 0,
     AGAIN | TX_UNKNOWN, false, RETRY_BECAUSE_WRITTEN_UNKNOWN},
    {"a hook may ask for a POST that was written where the route opted in", STAGE_POST_WRITE, 9,
     AGAIN | OPTED_IN, true, RETRY_BECAUSE_HOOK_ASKED},
    {"a hook brings no body back", STAGE_POST_WRITE, 9, AGAIN | IDEMPOTENT | BODY_GONE, false,
     RETRY_BECAUSE_BODY_NOT_REPLAYABLE},
    {"a hook does not fill the budget", STAGE_DIAL, 0, AGAIN | EMPTY, false,
     RETRY_BECAUSE_BUDGET_EMPTY},
    {"a hook does not bring the client back", STAGE_DIAL, 0, AGAIN | GONE, false,
     RETRY_BECAUSE_CLIENT_GONE},
    {"a hook takes no byte of a response back", STAGE_MID_COPY, 9, AGAIN | IDEMPOTENT | DOWN, false,
     RETRY_BECAUSE_RESPONSE_STARTED},
    {"a hook takes no 103 back", STAGE_MID_HEAD, 9, AGAIN | IDEMPOTENT | INTERIM, false,
     RETRY_BECAUSE_INTERIM_SENT},
    {"a hook makes no attempt more", STAGE_DIAL, 0, AGAIN | LAST, false,
     RETRY_BECAUSE_ATTEMPTS_USED_UP},
    {"a hook does not switch retries on", STAGE_DIAL, 0, AGAIN | RETRIES_OFF, false,
     RETRY_BECAUSE_RETRIES_OFF},
    {"a hook does not stop the clock", STAGE_DIAL, 0, AGAIN | LATE, false,
     RETRY_BECAUSE_DEADLINE_PASSED},
    {"a hook does not shorten the back-off", STAGE_DIAL, 0, AGAIN | NEAR, false,
     RETRY_BECAUSE_DEADLINE_NEAR},
    {"a hook does not end a tunnel", STAGE_TUNNEL, 9, AGAIN | IDEMPOTENT, false,
     RETRY_BECAUSE_TUNNEL},

    {"what failed in the proxy itself is not tried elsewhere", STAGE_DIAL, 0, INTERNAL, false,
     RETRY_BECAUSE_INTERNAL},
    {"what failed in the proxy itself is, where a hook asks for it", STAGE_DIAL, 0,
     INTERNAL | AGAIN, true, RETRY_BECAUSE_HOOK_ASKED},
    {"that the proxy failed comes before what the policy says", STAGE_POST_WRITE, 9, INTERNAL,
     false, RETRY_BECAUSE_INTERNAL},
};

/* Of a GET, so that the conditions alone decide. The attempt is the first of two. */
struct condition_row {
    const char *name;
    unsigned conditions;
    enum stage stage;
    enum cause cause;
    bool reused;
    bool retry;
};

static const struct condition_row CONDITION_ROWS[] = {
    {"without a condition nothing is tried again, not even a dial", 0, STAGE_DIAL,
     CAUSE_CONNECTION_REFUSED, false, false},
    {"connect-failure is a name that is not found", RETRY_ON(CONNECT_FAILURE), STAGE_RESOLVE,
     CAUSE_DNS_ERROR, false, true},
    {"connect-failure is a dial that is refused", RETRY_ON(CONNECT_FAILURE), STAGE_DIAL,
     CAUSE_CONNECTION_REFUSED, false, true},
    {"connect-failure is not a dial that takes too long", RETRY_ON(CONNECT_FAILURE), STAGE_DIAL,
     CAUSE_CONNECTION_TIMEOUT, false, false},
    {"connect-failure is not a connection that takes no byte", RETRY_ON(CONNECT_FAILURE),
     STAGE_PRE_WRITE, CAUSE_CONNECTION_TERMINATED, false, false},
    {"connect-timeout is a lookup that takes too long", RETRY_ON(CONNECT_TIMEOUT), STAGE_RESOLVE,
     CAUSE_DNS_TIMEOUT, false, true},
    {"connect-timeout is a handshake that takes too long", RETRY_ON(CONNECT_TIMEOUT),
     STAGE_HANDSHAKE, CAUSE_CONNECTION_TIMEOUT, false, true},
    {"connect-timeout is not a dial that is refused", RETRY_ON(CONNECT_TIMEOUT), STAGE_DIAL,
     CAUSE_CONNECTION_REFUSED, false, false},
    {"connect-timeout is not a response that takes too long", RETRY_ON(CONNECT_TIMEOUT),
     STAGE_POST_WRITE, CAUSE_HTTP_RESPONSE_TIMEOUT, false, false},
    {"unsent is a connection that ends before a byte is taken", RETRY_ON(UNSENT), STAGE_PRE_WRITE,
     CAUSE_CONNECTION_TERMINATED, false, true},
    {"unsent is a connection that takes no byte in time", RETRY_ON(UNSENT), STAGE_PRE_WRITE,
     CAUSE_CONNECTION_WRITE_TIMEOUT, false, true},
    {"unsent is not a request that is half written", RETRY_ON(UNSENT), STAGE_MID_WRITE,
     CAUSE_CONNECTION_TERMINATED, false, false},
    {"reset is a request that is half written", RETRY_ON(RESET), STAGE_MID_WRITE,
     CAUSE_CONNECTION_TERMINATED, false, true},
    {"reset is a connection that ends without an answer", RETRY_ON(RESET), STAGE_POST_WRITE,
     CAUSE_CONNECTION_TERMINATED, false, true},
    {"reset is not a head that is cut", RETRY_ON(RESET), STAGE_MID_HEAD,
     CAUSE_HTTP_RESPONSE_INCOMPLETE, false, false},
    {"reset is not an upstream that is silent", RETRY_ON(RESET), STAGE_POST_WRITE,
     CAUSE_HTTP_RESPONSE_TIMEOUT, false, false},
    {"partial-head is a head that is cut", RETRY_ON(PARTIAL_HEAD), STAGE_MID_HEAD,
     CAUSE_HTTP_RESPONSE_INCOMPLETE, false, true},
    {"partial-head is not a head that is none", RETRY_ON(PARTIAL_HEAD), STAGE_MID_HEAD,
     CAUSE_HTTP_PROTOCOL_ERROR, false, false},
    {"partial-head is not a head that takes too long", RETRY_ON(PARTIAL_HEAD), STAGE_MID_HEAD,
     CAUSE_HTTP_RESPONSE_TIMEOUT, false, false},
    {"invalid-head is a head that is none", RETRY_ON(INVALID_HEAD), STAGE_MID_HEAD,
     CAUSE_HTTP_PROTOCOL_ERROR, false, true},
    {"invalid-head is a head that is too large", RETRY_ON(INVALID_HEAD), STAGE_MID_HEAD,
     CAUSE_HTTP_RESPONSE_HEADER_SECTION_SIZE, false, true},
    {"invalid-head is a coding that nobody knows", RETRY_ON(INVALID_HEAD), STAGE_MID_HEAD,
     CAUSE_HTTP_RESPONSE_TRANSFER_CODING, false, true},
    {"invalid-head is not a head that is cut", RETRY_ON(INVALID_HEAD), STAGE_MID_HEAD,
     CAUSE_CONNECTION_TERMINATED, false, false},
    {"response-timeout is an upstream that is silent", RETRY_ON(RESPONSE_TIMEOUT), STAGE_POST_WRITE,
     CAUSE_HTTP_RESPONSE_TIMEOUT, false, true},
    {"response-timeout is a head that takes too long", RETRY_ON(RESPONSE_TIMEOUT), STAGE_MID_HEAD,
     CAUSE_HTTP_RESPONSE_TIMEOUT, false, true},
    {"response-timeout is a request that is not taken in time", RETRY_ON(RESPONSE_TIMEOUT),
     STAGE_MID_WRITE, CAUSE_CONNECTION_WRITE_TIMEOUT, false, true},
    {"response-timeout is not a dial that takes too long", RETRY_ON(RESPONSE_TIMEOUT), STAGE_DIAL,
     CAUSE_CONNECTION_TIMEOUT, false, false},
    {"reused is a connection that served before and ends unasked", RETRY_ON(REUSED),
     STAGE_POST_WRITE, CAUSE_CONNECTION_TERMINATED, true, true},
    {"reused is such a connection before a byte is taken, too", RETRY_ON(REUSED), STAGE_PRE_WRITE,
     CAUSE_CONNECTION_TERMINATED, true, true},
    {"reused is not a fresh connection", RETRY_ON(REUSED), STAGE_POST_WRITE,
     CAUSE_CONNECTION_TERMINATED, false, false},
    {"no condition makes a status a failure", (1u << RETRY_CONDITION_COUNT) - 1, STAGE_STATUS,
     CAUSE_NONE, true, false},
};

static enum cause cause_of(unsigned is)
{
    if (is & CANCELLED)
        return CAUSE_CLIENT_CANCELLED;
    if (is & TIMED_OUT)
        return CAUSE_HTTP_RESPONSE_TIMEOUT;
    return is & INVALID ? CAUSE_HTTP_PROTOCOL_ERROR : CAUSE_CONNECTION_TERMINATED;
}

static struct retry_facts facts_of(const struct row *row)
{
    const unsigned is = row->differences;
    const struct retry_settings settings = {
        .policy = is & WIDER ? RETRY_IDEMPOTENT : RETRY_AT_MOST_ONCE,
        .on_reused = (is & ON_REUSED) != 0,
    };
    struct retry_facts facts = {
        .conditions = retry_conditions(&settings),
        .status_listed = (is & LISTED) != 0,
        .wish = is & AGAIN   ? RETRY_AGAIN
                : is & NEVER ? RETRY_NEVER
                : is & WAIT  ? RETRY_WAIT
                             : RETRY_LEAVE,
        .internal = (is & INTERNAL) != 0,
        .stage = row->stage,
        .cause = cause_of(is),
        .tx = row->tx,
        .tx_known = (is & TX_UNKNOWN) == 0,
        .rx = is & ANSWERED ? 1 : 0,
        .reused = (is & REUSED) != 0,
        .response_bytes_down = is & DOWN ? 1 : 0,
        .interim_forwarded = (is & INTERIM) != 0,
        .client_gone = (is & GONE) != 0,
        .method_idempotent = (is & IDEMPOTENT) != 0,
        .body_replayable = (is & BODY_GONE) == 0,
        .retry_non_idempotent = (is & OPTED_IN) != 0,
        .attempts_made = is & NO_ATTEMPT ? 0 : 1,
        .retries_max = is & RETRIES_OFF ? 0 : 1,
        .deadline_passed = (is & LATE) != 0,
        .deadline_near = (is & NEAR) != 0,
        .budget_empty = (is & EMPTY) != 0,
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

static void meets_conditions(void **state)
{
    const struct condition_row *row = *state;
    const struct retry_facts facts = {
        .conditions = row->conditions,
        .stage = row->stage,
        .cause = row->cause,
        .tx = row->stage > STAGE_PRE_WRITE ? 1 : 0,
        .tx_known = true,
        .rx = row->stage > STAGE_POST_WRITE ? 1 : 0,
        .reused = row->reused,
        .method_idempotent = true,
        .body_replayable = true,
        .attempts_made = 1,
        .retries_max = 1,
    };

    assert_int_equal(retry_decide(&facts).retry, row->retry);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + COUNT_OF(CONDITION_ROWS)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = ROWS[i].name,
                                             .test_func = decides,
                                             .initial_state = (void *)(uintptr_t)&ROWS[i]};
    for (size_t i = 0; i < COUNT_OF(CONDITION_ROWS); i++)
        tests[count++] =
            (struct CMUnitTest){.name = CONDITION_ROWS[i].name,
                                .test_func = meets_conditions,
                                .initial_state = (void *)(uintptr_t)&CONDITION_ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
