/*
 * retry_decide() against the acceptance matrix, over the whole product of what it is told. The tables here are read off the
 * matrix and the contract in retryproof/policy.h, not off the code.
 *
 * The product is cut in two where its halves do not touch: everything a policy looks at with the gates open, and every
 * set of shut gates over the policies that matter. Causes are represented by one of each class; a test of its own
 * says of every cause which class it is in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/policy/retry.h"
#include "world/base/check.h"

/* How an attempt came to its end, as far as conditions tell it apart. */
enum failure_class { BROKEN, TIMED_OUT, INVALID, CANCELLED, CLASS_COUNT };

static const enum cause REPRESENTATIVES[CLASS_COUNT] = {
    [BROKEN] = CAUSE_CONNECTION_TERMINATED,
    [TIMED_OUT] = CAUSE_HTTP_RESPONSE_TIMEOUT,
    [INVALID] = CAUSE_HTTP_PROTOCOL_ERROR,
    [CANCELLED] = CAUSE_CLIENT_CANCELLED,
};

/* RFC 9209 2.3: its timeouts, and its errors of a response head that came but cannot be used. All others broke. */
static enum failure_class class_of(enum cause cause)
{
    switch ((int)cause) {
    case CAUSE_DNS_TIMEOUT:
    case CAUSE_CONNECTION_TIMEOUT:
    case CAUSE_CONNECTION_READ_TIMEOUT:
    case CAUSE_CONNECTION_WRITE_TIMEOUT:
    case CAUSE_HTTP_RESPONSE_TIMEOUT:
        return TIMED_OUT;
    case CAUSE_HTTP_RESPONSE_HEADER_SECTION_SIZE:
    case CAUSE_HTTP_RESPONSE_TRANSFER_CODING:
    case CAUSE_HTTP_PROTOCOL_ERROR:
        return INVALID;
    case CAUSE_CLIENT_CANCELLED:
        return CANCELLED;
    default:
        return BROKEN;
    }
}

/* ---- what is expected ---------------------------------------------------------------------------- */

/* The acceptance matrix, section 1: what each policy says of an attempt that failed at a stage. */
static const bool MATRIX[STAGE_COUNT][2] = {
    [STAGE_RESOLVE] = {[RETRY_AT_MOST_ONCE] = true, [RETRY_IDEMPOTENT] = true},
    [STAGE_DIAL] = {[RETRY_AT_MOST_ONCE] = true, [RETRY_IDEMPOTENT] = true},
    [STAGE_HANDSHAKE] = {[RETRY_AT_MOST_ONCE] = true, [RETRY_IDEMPOTENT] = true},
    [STAGE_PRE_WRITE] = {[RETRY_AT_MOST_ONCE] = true, [RETRY_IDEMPOTENT] = true},
    [STAGE_MID_WRITE] = {[RETRY_IDEMPOTENT] = true},
    [STAGE_POST_WRITE] = {[RETRY_IDEMPOTENT] = true},
    [STAGE_MID_HEAD] = {[RETRY_IDEMPOTENT] = true},
};

/* The words of `retry_on`: which of them speaks of an attempt that failed at a stage. */
#define FROM_CONNECTING                                                                \
    {                                                                                  \
        [BROKEN] = RETRY_ON(CONNECT_FAILURE), [TIMED_OUT] = RETRY_ON(CONNECT_TIMEOUT), \
        [INVALID] = RETRY_ON(CONNECT_FAILURE),                                         \
    }
#define FROM_WRITING                                                          \
    {                                                                         \
        [BROKEN] = RETRY_ON(RESET), [TIMED_OUT] = RETRY_ON(RESPONSE_TIMEOUT), \
        [INVALID] = RETRY_ON(INVALID_HEAD),                                   \
    }
static const unsigned CONDITIONS[STAGE_COUNT][CLASS_COUNT] = {
    [STAGE_RESOLVE] = FROM_CONNECTING,
    [STAGE_DIAL] = FROM_CONNECTING,
    [STAGE_HANDSHAKE] = FROM_CONNECTING,
    [STAGE_PRE_WRITE] = {RETRY_ON(UNSENT), RETRY_ON(UNSENT), RETRY_ON(UNSENT)},
    [STAGE_MID_WRITE] = FROM_WRITING,
    [STAGE_POST_WRITE] = FROM_WRITING,
    [STAGE_MID_HEAD] = {RETRY_ON(PARTIAL_HEAD), RETRY_ON(RESPONSE_TIMEOUT), RETRY_ON(INVALID_HEAD)},
};

/* One point of the product: the settings of the route, and the facts of the attempt. */
struct point {
    struct retry_settings settings;
    struct retry_facts facts;
};

/* "Handed over but uncertain" stands in the matrix's row of mid-write. */
static enum stage matrix_row(const struct retry_facts *facts)
{
    bool uncertain = facts->stage == STAGE_PRE_WRITE && !facts->tx_known;

    if (facts->stage <= STAGE_PRE_WRITE && facts->stage != STAGE_ROUTE &&
        (facts->tx > 0 || uncertain))
        return STAGE_MID_WRITE;
    return facts->stage;
}

/* The stale-connection case: a reused connection that ended before it brought a byte. */
static bool is_stale(const struct retry_facts *facts)
{
    return facts->reused && facts->rx == 0 && class_of(facts->cause) != TIMED_OUT &&
           facts->stage >= STAGE_PRE_WRITE && facts->stage <= STAGE_MID_HEAD;
}

static bool policy_allows(const struct point *point)
{
    const struct retry_settings *settings = &point->settings;
    const struct retry_facts *facts = &point->facts;
    enum stage row = matrix_row(facts);
    bool asked = settings->on_reused || (settings->policy == RETRY_CONDITIONS &&
                                         (settings->conditions & RETRY_ON(REUSED)) != 0);

    if (row == STAGE_STATUS)
        return facts->status_listed;
    if (asked && is_stale(facts))
        return true;
    if (settings->policy == RETRY_CONDITIONS)
        return (settings->conditions & CONDITIONS[row][class_of(facts->cause)]) != 0;
    return MATRIX[row][settings->policy];
}

/* Section 2 of the matrix, decision 9, and the rows that hold for every stage. */
static bool gates_allow(const struct retry_facts *facts)
{
    bool written = matrix_row(facts) >= STAGE_MID_WRITE;

    if (facts->stage == STAGE_ROUTE || facts->stage == STAGE_MID_COPY ||
        facts->stage == STAGE_TUNNEL)
        return false;
    if (written && !facts->method_idempotent && !facts->retry_non_idempotent)
        return false;
    return facts->response_bytes_down == 0 && !facts->interim_forwarded && facts->body_replayable &&
           !facts->client_gone && !facts->client_at_fault &&
           facts->cause != CAUSE_CLIENT_CANCELLED && !facts->budget_empty &&
           !facts->deadline_passed && !facts->deadline_near &&
           facts->attempts_made < facts->retries_max + 1;
}

static bool is_allowed(const struct point *point)
{
    const struct retry_facts *facts = &point->facts;

    if (!gates_allow(facts) || facts->wish == RETRY_NEVER)
        return false;
    return facts->wish == RETRY_AGAIN || (!facts->internal && policy_allows(point));
}

/* ---- whether a reason can be said of a point at all ------------------------------------------------ */

static bool is_true_refusal(enum retry_reason reason, const struct retry_facts *facts)
{
    switch ((int)reason) {
    case RETRY_BECAUSE_NO_ATTEMPT:
        return facts->stage == STAGE_ROUTE;
    case RETRY_BECAUSE_RETRIES_OFF:
        return facts->retries_max == 0;
    case RETRY_BECAUSE_ATTEMPTS_USED_UP:
        return facts->attempts_made > facts->retries_max;
    case RETRY_BECAUSE_DEADLINE_PASSED:
        return facts->deadline_passed;
    case RETRY_BECAUSE_DEADLINE_NEAR:
        return facts->deadline_near && !facts->deadline_passed;
    case RETRY_BECAUSE_BUDGET_EMPTY:
        return facts->budget_empty;
    case RETRY_BECAUSE_CLIENT_GONE:
        return facts->client_gone || facts->cause == CAUSE_CLIENT_CANCELLED;
    case RETRY_BECAUSE_CLIENT_AT_FAULT:
        return facts->client_at_fault;
    case RETRY_BECAUSE_RESPONSE_STARTED:
        return facts->response_bytes_down > 0 || facts->stage == STAGE_MID_COPY;
    case RETRY_BECAUSE_INTERIM_SENT:
        return facts->interim_forwarded;
    case RETRY_BECAUSE_TUNNEL:
        return facts->stage == STAGE_TUNNEL;
    case RETRY_BECAUSE_STATUS:
        return facts->stage == STAGE_STATUS && !facts->status_listed;
    case RETRY_BECAUSE_BODY_NOT_REPLAYABLE:
        return !facts->body_replayable;
    case RETRY_BECAUSE_HOOK_REFUSED:
        return facts->wish == RETRY_NEVER;
    case RETRY_BECAUSE_INTERNAL:
        return facts->internal;
    default:
        return false;
    }
}

static bool is_true(enum retry_reason reason, const struct point *point)
{
    const struct retry_facts *facts = &point->facts;

    switch ((int)reason) {
    case RETRY_BECAUSE_NOTHING_SENT:
        return facts->tx == 0 && facts->stage <= STAGE_PRE_WRITE;
    case RETRY_BECAUSE_IDEMPOTENT:
        return facts->method_idempotent && facts->body_replayable;
    case RETRY_BECAUSE_OPTED_IN:
        return facts->retry_non_idempotent && !facts->method_idempotent;
    case RETRY_BECAUSE_STATUS_LISTED:
        return facts->stage == STAGE_STATUS && facts->status_listed;
    case RETRY_BECAUSE_HOOK_ASKED:
        return facts->wish == RETRY_AGAIN;
    case RETRY_BECAUSE_WRITTEN:
        return facts->tx > 0 || facts->stage == STAGE_MID_WRITE || facts->stage == STAGE_POST_WRITE;
    case RETRY_BECAUSE_WRITTEN_UNKNOWN:
        return facts->tx == 0 && !facts->tx_known;
    case RETRY_BECAUSE_RESPONSE_CAME_FIRST:
        return facts->tx == 0 && facts->stage >= STAGE_MID_HEAD;
    case RETRY_BECAUSE_NOT_IDEMPOTENT:
        return !facts->method_idempotent && !facts->retry_non_idempotent &&
               (facts->tx > 0 || facts->stage == STAGE_MID_WRITE ||
                facts->stage == STAGE_POST_WRITE);
    case RETRY_BECAUSE_NOT_A_CONDITION:
        return facts->wish != RETRY_AGAIN && !policy_allows(point);
    default:
        return is_true_refusal(reason, facts);
    }
}

/* ---- walking through it ---------------------------------------------------------------------------- */

struct tally {
    size_t points;
    size_t retries;
    size_t reasons[RETRY_REASON_COUNT];
};

static void judge(const struct point *point, struct tally *tally, unsigned number)
{
    struct retry_decision decision = retry_decide(&point->facts);
    bool expected = is_allowed(point);

    if (decision.retry != expected || !is_true(decision.reason, point))
        fail_msg("point %u: %s at %s, policy %s: retry %d, expected %d, because %s", number,
                 cause_word(point->facts.cause), stage_word(point->facts.stage),
                 retry_policy_word(point->settings.policy), decision.retry, expected,
                 retry_reason_sentence(decision.reason));
    tally->points++;
    tally->retries += decision.retry;
    tally->reasons[decision.reason]++;
}

/* Takes so many choices off the front of a number that counts through the product. */
static unsigned choose(unsigned *number, unsigned choices)
{
    unsigned choice = *number % choices;

    *number /= choices;
    return choice;
}

/* Both policies, no condition, and each condition alone. */
enum { POLICIES = 2 + 1 + RETRY_CONDITION_COUNT };

static struct retry_settings settings_of(unsigned choice, bool on_reused)
{
    struct retry_settings settings = {.policy = RETRY_CONDITIONS, .on_reused = on_reused};

    if (choice < 2)
        settings.policy = choice;
    else if (choice > 2)
        settings.conditions = 1u << (choice - 3);
    return settings;
}

/* What cannot be: a connection before it was made that had served before, a response before its stage, and the reverse. */
static bool contradicts_itself(const struct retry_facts *facts)
{
    return (facts->reused && facts->stage < STAGE_PRE_WRITE) ||
           (facts->rx > 0) != (facts->stage >= STAGE_MID_HEAD && facts->stage <= STAGE_MID_COPY);
}

/* Everything a policy looks at, all gates open; false behind the last point. */
static bool policy_point(unsigned number, struct point *point)
{
    struct retry_facts *facts = &point->facts;

    point->settings = settings_of(choose(&number, POLICIES), choose(&number, 2));
    *facts = (struct retry_facts){
        .conditions = retry_conditions(&point->settings),
        .status_listed = choose(&number, 2),
        .wish = choose(&number, RETRY_NEVER + 1),
        .internal = choose(&number, 2),
        .stage = choose(&number, STAGE_COUNT),
        .cause = REPRESENTATIVES[choose(&number, CLASS_COUNT)],
        .tx = choose(&number, 2),
        .tx_known = choose(&number, 2),
        .rx = choose(&number, 2),
        .reused = choose(&number, 2),
        .method_idempotent = choose(&number, 2),
        .body_replayable = choose(&number, 2),
        .retry_non_idempotent = choose(&number, 2),
        .budget_empty = choose(&number, 2),
        .attempts_made = 1,
        .retries_max = 1,
    };
    return number == 0;
}

/* Every set of shut gates, over what decides whether anything would be tried again behind them. */
static bool gate_point(unsigned number, struct point *point)
{
    struct retry_facts *facts = &point->facts;

    point->settings = settings_of(choose(&number, 2), choose(&number, 2));
    *facts = (struct retry_facts){
        .conditions = retry_conditions(&point->settings),
        .status_listed = choose(&number, 2),
        .wish = choose(&number, RETRY_NEVER + 1),
        .internal = choose(&number, 2),
        .stage = choose(&number, STAGE_COUNT),
        .cause = REPRESENTATIVES[choose(&number, 2) == 0 ? BROKEN : CANCELLED],
        .tx = choose(&number, 2),
        .tx_known = true,
        .response_bytes_down = choose(&number, 2),
        .interim_forwarded = choose(&number, 2),
        .client_gone = choose(&number, 2),
        .client_at_fault = choose(&number, 2),
        .method_idempotent = choose(&number, 2),
        .body_replayable = choose(&number, 2),
        .attempts_made = 1 + choose(&number, 2),
        .retries_max = choose(&number, 3),
        .deadline_passed = choose(&number, 2),
        .deadline_near = choose(&number, 2),
        .budget_empty = choose(&number, 2),
    };
    facts->rx = facts->stage >= STAGE_MID_HEAD && facts->stage <= STAGE_MID_COPY;
    facts->reused = facts->stage >= STAGE_PRE_WRITE;
    return number == 0;
}

static void add_reasons(struct tally *all, const struct tally *tally)
{
    for (size_t i = 0; i < RETRY_REASON_COUNT; i++)
        all->reasons[i] += tally->reasons[i];
}

static void policies_agree_with_the_matrix(void **state)
{
    struct tally *all = *state;
    struct tally tally = {0};
    struct point point;

    for (unsigned number = 0; policy_point(number, &point); number++)
        if (!contradicts_itself(&point.facts))
            judge(&point, &tally, number);
    assert_true(tally.points > 1000000);
    assert_true(tally.retries > tally.points / 100);
    add_reasons(all, &tally);
}

static void gates_agree_with_the_matrix(void **state)
{
    struct tally *all = *state;
    struct tally tally = {0};
    struct point point;

    for (unsigned number = 0; gate_point(number, &point); number++)
        judge(&point, &tally, number);
    assert_true(tally.points > 1000000);
    assert_true(tally.retries > 0);
    add_reasons(all, &tally);
}

/* Every cause behaves like the representative of its class, at every stage and under every condition. */
static void every_cause_is_of_its_class(void **state)
{
    struct tally tally = {0};

    (void)state;
    for (unsigned number = 0; number < POLICIES * STAGE_COUNT * CAUSE_COUNT * 2; number++) {
        unsigned rest = number;
        struct point point = {.settings = settings_of(choose(&rest, POLICIES), false)};

        point.facts = (struct retry_facts){
            .conditions = retry_conditions(&point.settings),
            .stage = choose(&rest, STAGE_COUNT),
            .cause = choose(&rest, CAUSE_COUNT),
            .method_idempotent = true,
            .body_replayable = true,
            .tx_known = true,
            .attempts_made = 1,
            .retries_max = 1,
        };
        point.facts.tx = point.facts.stage > STAGE_PRE_WRITE;
        point.facts.rx = point.facts.stage > STAGE_POST_WRITE;
        point.facts.reused = choose(&rest, 2) == 1 && point.facts.stage >= STAGE_PRE_WRITE;
        judge(&point, &tally, number);
    }
}

/* A reason that no point of the product gives would be a word that nobody can ever read. */
static void every_reason_was_given(void **state)
{
    const struct tally *all = *state;

    for (size_t i = 0; i < RETRY_REASON_COUNT; i++)
        if (all->reasons[i] == 0)
            fail_msg("never said: %s", retry_reason_sentence((enum retry_reason)i));
}

int main(void)
{
    struct tally all = {0};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(policies_agree_with_the_matrix, &all),
        cmocka_unit_test_prestate(gates_agree_with_the_matrix, &all),
        cmocka_unit_test_prestate(every_reason_was_given, &all),
        cmocka_unit_test(every_cause_is_of_its_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
