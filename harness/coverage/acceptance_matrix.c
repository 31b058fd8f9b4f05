#include "harness/coverage/acceptance_matrix.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "world/base/check.h"

/* ---- rows ------------------------------------------------------------------------------------- */

enum ending { ENDING_ANY, ENDING_FIN, ENDING_RST };
enum connection { CONNECTION_ANY, CONNECTION_FRESH, CONNECTION_REUSED };

struct row {
    enum stage stage; /* STAGE_COUNT: at any, for the reason below */
    const char *fault;
    uint64_t causes; /* a bit for each */
    enum ending ending;
    enum connection connection;
    const char *detail; /* of the failure, where the cause does not say enough; NULL: any */
    uint64_t reasons;   /* of STAGE_COUNT: a bit for each */
};

#define CAUSE_BIT(name)  (UINT64_C(1) << CAUSE_##name)
#define REASON_BIT(name) (UINT64_C(1) << RETRY_BECAUSE_##name)

/* A connection that ended, a wait that was given up, bytes that are no response. */
#define ENDED (CAUSE_BIT(CONNECTION_TERMINATED) | CAUSE_BIT(HTTP_RESPONSE_INCOMPLETE))
#define STALLED                                                           \
    (CAUSE_BIT(CONNECTION_TIMEOUT) | CAUSE_BIT(CONNECTION_READ_TIMEOUT) | \
     CAUSE_BIT(CONNECTION_WRITE_TIMEOUT) | CAUSE_BIT(HTTP_RESPONSE_TIMEOUT))
#define GARBLED                                                                      \
    (CAUSE_BIT(HTTP_PROTOCOL_ERROR) | CAUSE_BIT(HTTP_RESPONSE_HEADER_SECTION_SIZE) | \
     CAUSE_BIT(HTTP_RESPONSE_TRANSFER_CODING))
#define CANCELLED CAUSE_BIT(CLIENT_CANCELLED)

#define CANCEL_ROWS(stage)                                                  \
    {stage, "cancel fin", CANCELLED, ENDING_FIN, CONNECTION_ANY, NULL, 0},  \
    {                                                                       \
        stage, "cancel rst", CANCELLED, ENDING_RST, CONNECTION_ANY, NULL, 0 \
    }
/* What can happen to a connection once it is made. */
#define CONNECTION_ROWS(stage)                                                  \
    {stage, "fresh fin", ENDED, ENDING_FIN, CONNECTION_FRESH, NULL, 0},         \
        {stage, "fresh rst", ENDED, ENDING_RST, CONNECTION_FRESH, NULL, 0},     \
        {stage, "fresh stall", STALLED, ENDING_ANY, CONNECTION_FRESH, NULL, 0}, \
        {stage, "reused fin", ENDED, ENDING_FIN, CONNECTION_REUSED, NULL, 0},   \
        {stage, "reused rst", ENDED, ENDING_RST, CONNECTION_REUSED, NULL, 0},   \
    {                                                                           \
        stage, "reused stall", STALLED, ENDING_ANY, CONNECTION_REUSED, NULL, 0  \
    }
#define GARBAGE_ROWS(stage)                                                      \
    {stage, "fresh garbage", GARBLED, ENDING_ANY, CONNECTION_FRESH, NULL, 0},    \
    {                                                                            \
        stage, "reused garbage", GARBLED, ENDING_ANY, CONNECTION_REUSED, NULL, 0 \
    }
#define PLAIN_ROW(stage, fault, causes)                           \
    {                                                             \
        stage, fault, causes, ENDING_ANY, CONNECTION_ANY, NULL, 0 \
    }
/* What ends retries wherever the attempt failed: section 1, last row, and section 2. */
#define REASON_ROW(fault, reasons)                                       \
    {                                                                    \
        STAGE_COUNT, fault, 0, ENDING_ANY, CONNECTION_ANY, NULL, reasons \
    }

/* The first that fits is the one. */
static const struct row ROWS[] = {
    PLAIN_ROW(STAGE_ROUTE, "unknown route", CAUSE_BIT(DESTINATION_NOT_FOUND)),
    PLAIN_ROW(STAGE_ROUTE, "authentication", CAUSE_BIT(HTTP_REQUEST_DENIED)),
    PLAIN_ROW(STAGE_ROUTE, "no available upstream", CAUSE_BIT(DESTINATION_UNAVAILABLE)),
    PLAIN_ROW(STAGE_ROUTE, "cancel", CANCELLED),
    {STAGE_RESOLVE, "name server failed", CAUSE_BIT(DNS_ERROR), ENDING_ANY, CONNECTION_ANY,
     "the name server failed", 0},
    PLAIN_ROW(STAGE_RESOLVE, "no such name", CAUSE_BIT(DNS_ERROR)),
    PLAIN_ROW(STAGE_RESOLVE, "no answer", CAUSE_BIT(DNS_TIMEOUT)),
    CANCEL_ROWS(STAGE_RESOLVE),
    PLAIN_ROW(STAGE_DIAL, "refused", CAUSE_BIT(CONNECTION_REFUSED)),
    PLAIN_ROW(STAGE_DIAL, "unreachable", CAUSE_BIT(DESTINATION_IP_UNROUTABLE)),
    PLAIN_ROW(STAGE_DIAL, "no answer", STALLED),
    CANCEL_ROWS(STAGE_DIAL),
    PLAIN_ROW(STAGE_HANDSHAKE, "alert", CAUSE_BIT(TLS_ALERT_RECEIVED)),
    PLAIN_ROW(STAGE_HANDSHAKE, "certificate", CAUSE_BIT(TLS_CERTIFICATE_ERROR)),
    PLAIN_ROW(STAGE_HANDSHAKE, "cut off", ENDED | CAUSE_BIT(TLS_PROTOCOL_ERROR)),
    PLAIN_ROW(STAGE_HANDSHAKE, "stall", STALLED),
    CANCEL_ROWS(STAGE_HANDSHAKE),
    CONNECTION_ROWS(STAGE_PRE_WRITE),
    CANCEL_ROWS(STAGE_PRE_WRITE),
    CONNECTION_ROWS(STAGE_MID_WRITE),
    CANCEL_ROWS(STAGE_MID_WRITE),
    CONNECTION_ROWS(STAGE_POST_WRITE),
    /* How TLS 1.3 refuses a client's certificate: decision 1. */
    PLAIN_ROW(STAGE_POST_WRITE, "alert", CAUSE_BIT(TLS_ALERT_RECEIVED)),
    CANCEL_ROWS(STAGE_POST_WRITE),
    CONNECTION_ROWS(STAGE_MID_HEAD),
    GARBAGE_ROWS(STAGE_MID_HEAD),
    CANCEL_ROWS(STAGE_MID_HEAD),
    PLAIN_ROW(STAGE_STATUS, "answered 4xx or 5xx", CAUSE_BIT(NONE)),
    PLAIN_ROW(STAGE_STATUS, "listed status", CAUSE_BIT(HTTP_RESPONSE_STATUS)),
    CANCEL_ROWS(STAGE_STATUS),
    CONNECTION_ROWS(STAGE_MID_COPY),
    GARBAGE_ROWS(STAGE_MID_COPY),
    CANCEL_ROWS(STAGE_MID_COPY),
    {STAGE_TUNNEL, "rst", ENDED, ENDING_RST, CONNECTION_ANY, NULL, 0},
    PLAIN_ROW(STAGE_TUNNEL, "stall", STALLED),
    {STAGE_TUNNEL, "cancel rst", CANCELLED, ENDING_RST, CONNECTION_ANY, NULL, 0},
    REASON_ROW("max_retries is 0", REASON_BIT(RETRIES_OFF)),
    REASON_ROW("attempts used up", REASON_BIT(ATTEMPTS_USED_UP)),
    REASON_ROW("deadline passed", REASON_BIT(DEADLINE_PASSED) | REASON_BIT(DEADLINE_NEAR)),
    REASON_ROW("retry budget empty", REASON_BIT(BUDGET_EMPTY)),
    REASON_ROW("a 1xx went down", REASON_BIT(INTERIM_SENT)),
    REASON_ROW("body cannot be sent again", REASON_BIT(BODY_NOT_REPLAYABLE)),
};

_Static_assert(COUNT_OF(ROWS) <= ACCEPTANCE_ROWS_MAX, "every row has room");
_Static_assert(CAUSE_COUNT <= 64, "a set of causes is one word");
_Static_assert(RETRY_REASON_COUNT <= 64, "a set of reasons is one word");

size_t acceptance_row_count(void)
{
    return COUNT_OF(ROWS);
}

const char *acceptance_row_stage(size_t row)
{
    check(row < COUNT_OF(ROWS));
    return ROWS[row].stage == STAGE_COUNT ? "any" : stage_word(ROWS[row].stage);
}

const char *acceptance_row_fault(size_t row)
{
    check(row < COUNT_OF(ROWS));
    return ROWS[row].fault;
}

static bool stage_fits(const struct row *row, const struct acceptance_facts *facts)
{
    enum ending ending = facts->failure.os_error == ECONNRESET ? ENDING_RST : ENDING_FIN;
    enum connection connection = facts->reused ? CONNECTION_REUSED : CONNECTION_FRESH;

    return row->stage == facts->failure.stage && (row->causes >> facts->failure.cause & 1) != 0 &&
           (row->ending == ENDING_ANY || row->ending == ending) &&
           (row->connection == CONNECTION_ANY || row->connection == connection) &&
           (row->detail == NULL ||
            (facts->detail != NULL && strcmp(row->detail, facts->detail) == 0));
}

/*
 * What ends retries by itself hides what the rules would have said: such an attempt belongs to the row of that reason, and
 * proves nothing of its stage.
 */
size_t acceptance_row_of(const struct acceptance_facts *facts)
{
    size_t found = COUNT_OF(ROWS);

    if (facts->failure.side == SIDE_INTERNAL)
        return found;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        if ((ROWS[i].reasons >> facts->reason & 1) != 0)
            return i;
        if (found == COUNT_OF(ROWS) && ROWS[i].stage != STAGE_COUNT && stage_fits(&ROWS[i], facts))
            found = i;
    }
    return found;
}

/* ---- columns ---------------------------------------------------------------------------------- */

struct column {
    enum acceptance_method method;
    enum acceptance_policy policy;
};

/* There is no idempotent method that was opted in: for it the opt-in changes nothing. */
static const struct column COLUMNS[] = {
    {METHOD_IDEMPOTENT, ACCEPTANCE_AT_MOST_ONCE},
    {METHOD_IDEMPOTENT, ACCEPTANCE_IDEMPOTENT},
    {METHOD_IDEMPOTENT, ACCEPTANCE_CONDITIONS},
    {METHOD_IDEMPOTENT, ACCEPTANCE_NGINX},
    {METHOD_IDEMPOTENT, ACCEPTANCE_HAPROXY},
    {METHOD_IDEMPOTENT, ACCEPTANCE_ENVOY},
    {METHOD_IDEMPOTENT, ACCEPTANCE_PINGORA},
    {METHOD_IDEMPOTENT, ACCEPTANCE_RESIN},
    {METHOD_IDEMPOTENT, ACCEPTANCE_HOOK},
    {METHOD_NOT_IDEMPOTENT, ACCEPTANCE_AT_MOST_ONCE},
    {METHOD_NOT_IDEMPOTENT, ACCEPTANCE_IDEMPOTENT},
    {METHOD_NOT_IDEMPOTENT, ACCEPTANCE_OPTED_IN},
    {METHOD_NOT_IDEMPOTENT, ACCEPTANCE_CONDITIONS},
    {METHOD_NOT_IDEMPOTENT, ACCEPTANCE_NGINX},
    {METHOD_NOT_IDEMPOTENT, ACCEPTANCE_HAPROXY},
    {METHOD_NOT_IDEMPOTENT, ACCEPTANCE_ENVOY},
    {METHOD_NOT_IDEMPOTENT, ACCEPTANCE_PINGORA},
    {METHOD_NOT_IDEMPOTENT, ACCEPTANCE_RESIN},
    {METHOD_NOT_IDEMPOTENT, ACCEPTANCE_HOOK},
};

_Static_assert(COUNT_OF(COLUMNS) <= ACCEPTANCE_COLUMNS_MAX, "every column has room");

static const char *const POLICY_WORDS[] = {
#define ACCEPTANCE_POLICY_WORD(name, word) [ACCEPTANCE_##name] = (word),
    ACCEPTANCE_POLICY_LIST(ACCEPTANCE_POLICY_WORD)
#undef ACCEPTANCE_POLICY_WORD
};

size_t acceptance_column_count(void)
{
    return COUNT_OF(COLUMNS);
}

const char *acceptance_column_method(size_t column)
{
    check(column < COUNT_OF(COLUMNS));
    return COLUMNS[column].method == METHOD_IDEMPOTENT ? "idempotent" : "not idempotent";
}

const char *acceptance_column_policy(size_t column)
{
    check(column < COUNT_OF(COLUMNS));
    return POLICY_WORDS[COLUMNS[column].policy];
}

size_t acceptance_column_of(enum acceptance_method method, enum acceptance_policy policy)
{
    size_t column = 0;

    while (column < COUNT_OF(COLUMNS) &&
           (COLUMNS[column].method != method || COLUMNS[column].policy != policy))
        column++;
    check(column < COUNT_OF(COLUMNS));
    return column;
}

enum acceptance_policy acceptance_preset(const char *name)
{
    for (unsigned i = ACCEPTANCE_NGINX; i <= ACCEPTANCE_RESIN; i++)
        if (strcmp(name, POLICY_WORDS[i]) == 0)
            return (enum acceptance_policy)i;
    return ACCEPTANCE_POLICY_COUNT;
}

/* ---- what cannot be ----------------------------------------------------------------------------- */

struct impossibility {
    const char *stage; /* NULL: all */
    const char *fault; /* NULL: all; else its beginning */
    unsigned methods;  /* a bit for each */
    unsigned policies; /* a bit for each */
    const char *reason;
};

#define POLICY_BIT(name) (1u << ACCEPTANCE_##name)
#define NEVER_REPEATS    (POLICY_BIT(AT_MOST_ONCE) | POLICY_BIT(RESIN))
/* Where a POST is opted in, another column has it. */
#define ASKS_FOR_METHOD (POLICY_BIT(IDEMPOTENT) | POLICY_BIT(CONDITIONS))
#define ALL_METHODS     (1u << METHOD_IDEMPOTENT | 1u << METHOD_NOT_IDEMPOTENT)

static const struct impossibility IMPOSSIBLE[] = {
    {"route", NULL, ALL_METHODS, POLICY_BIT(HOOK),
     "no attempt has begun, so that no hook is asked whether to make another"},
    {"resolve", "cancel", ALL_METHODS, POLICY_BIT(HOOK),
     "before a connection exists no hook is asked about a cancel (decision 4 of the design)"},
    {"dial", "cancel", ALL_METHODS, POLICY_BIT(HOOK),
     "before a connection exists no hook is asked about a cancel (decision 4 of the design)"},
    {"handshake", "cancel", ALL_METHODS, POLICY_BIT(HOOK),
     "before a connection exists no hook is asked about a cancel (decision 4 of the design)"},
    {"status", "listed status", ALL_METHODS, NEVER_REPEATS,
     "retry_on_status contradicts at-most-once, and such a configuration is refused"},
    {"any", "body cannot be sent again", ALL_METHODS, NEVER_REPEATS,
     "what was written is not retried under this policy, whether or not the body could be"},
    {"status", "listed status", 1u << METHOD_NOT_IDEMPOTENT, ASKS_FOR_METHOD,
     "a listed status is the answer to a request that may not be repeated, and no failure"},
    {"any", "body cannot be sent again", 1u << METHOD_NOT_IDEMPOTENT, ASKS_FOR_METHOD,
     "where the method is reason enough not to repeat a request, nobody asks for its body"},
};

const char *acceptance_impossible(size_t row, size_t column)
{
    const char *stage = acceptance_row_stage(row);
    const char *fault = acceptance_row_fault(row);

    check(column < COUNT_OF(COLUMNS));
    for (size_t i = 0; i < COUNT_OF(IMPOSSIBLE); i++) {
        const struct impossibility *one = &IMPOSSIBLE[i];
        if ((one->methods >> COLUMNS[column].method & 1) != 0 &&
            (one->policies >> COLUMNS[column].policy & 1) != 0 &&
            (one->stage == NULL || strcmp(one->stage, stage) == 0) &&
            (one->fault == NULL || strncmp(one->fault, fault, strlen(one->fault)) == 0))
            return one->reason;
    }
    return NULL;
}
