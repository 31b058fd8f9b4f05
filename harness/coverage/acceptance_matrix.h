/*
 * The cells of the acceptance matrix, in one table: how an attempt can fail (rows), of which sort of request under which
 * rules (columns), and which of these cannot be, with the reason.
 *
 * Pure. Rows are told apart by what the record of an attempt says, which the verdict has held against the witnesses.
 *
 * Source: acceptance matrix, sections 1 and 2.
 */
#ifndef HARNESS_COVERAGE_ACCEPTANCE_MATRIX_H
#define HARNESS_COVERAGE_ACCEPTANCE_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "retryproof/policy.h"
#include "world/base/failure.h"

enum { ACCEPTANCE_ROWS_MAX = 96, ACCEPTANCE_COLUMNS_MAX = 24 };

enum acceptance_method { METHOD_IDEMPOTENT, METHOD_NOT_IDEMPOTENT };

/* Whose rules decided. A preset is its own, though it is made of the same facts as the others. */
#define ACCEPTANCE_POLICY_LIST(X)                                                       \
    X(AT_MOST_ONCE, "at-most-once")                                                     \
    X(IDEMPOTENT, "idempotent")                                                         \
    X(OPTED_IN, "opted in") /* retry_non_idempotent, beside idempotent or conditions */ \
    X(CONDITIONS, "retry_on")                                                           \
    X(NGINX, "nginx")                                                                   \
    X(HAPROXY, "haproxy")                                                               \
    X(ENVOY, "envoy")                                                                   \
    X(PINGORA, "pingora")                                                               \
    X(RESIN, "resin")                                                                   \
    X(HOOK, "hook") /* a hook wished for another attempt, or for none */

enum acceptance_policy {
#define ACCEPTANCE_POLICY_ENUM(name, word) ACCEPTANCE_##name,
    ACCEPTANCE_POLICY_LIST(ACCEPTANCE_POLICY_ENUM)
#undef ACCEPTANCE_POLICY_ENUM
        ACCEPTANCE_POLICY_COUNT
};

/* What a record says of one attempt that failed or was answered with 400 to 599, or of an exchange without any. */
struct acceptance_facts {
    struct failure failure;   /* cause NONE: answered */
    const char *detail;       /* of the failure; may be NULL */
    bool reused;              /* on a connection that had served before */
    enum retry_reason reason; /* why it was tried again, or not */
};

size_t acceptance_row_count(void);
const char *acceptance_row_stage(size_t row); /* a word of the stage list, or "any" */
const char *acceptance_row_fault(size_t row);
/* acceptance_row_count() for what the matrix does not speak of: what the proxy itself, or a client that stalls, did wrong. */
size_t acceptance_row_of(const struct acceptance_facts *facts);

size_t acceptance_column_count(void);
const char *acceptance_column_method(size_t column);
const char *acceptance_column_policy(size_t column);
size_t acceptance_column_of(enum acceptance_method method, enum acceptance_policy policy);

/* Why there is no such case, a sentence; NULL: there can be one. */
const char *acceptance_impossible(size_t row, size_t column);

/* The policy that a preset of that name stands for; ACCEPTANCE_POLICY_COUNT if there is none. */
enum acceptance_policy acceptance_preset(const char *name);

#endif
