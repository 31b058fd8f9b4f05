/*
 * What a case expects of what the proxy says of itself: its record of the last exchange, and the rows of its request log.
 * Pure reading; judging is harness/verdict/claim_judge.
 *
 * Ownership: text and arrays live in the region that was given. NULL texts and rules without a comparison ask nothing; the
 * text "none" asks for nothing to be there.
 */
#ifndef HARNESS_SUITE_EXPECTED_CLAIM_H
#define HARNESS_SUITE_EXPECTED_CLAIM_H

#include "world/base/failure.h"
#include "world/data/number_rule.h"

struct expected_record {
    bool stage_set;
    enum stage stage;
    const char *cause;
    const char *reason;
    const char *phase; /* tunnel_phase_word() of the last attempt */
    const char *kind;  /* exchange_kind_word() */
    const char *route;
    const char *user;
    const char *detail; /* of the last attempt that failed */
    const char *error;  /* the exchange's error_word */
    struct number_rule attempts;
    struct number_rule addresses; /* dials that failed while others of the same name were left */
};

/* One object of a row's retry_details. */
struct expected_log_attempt {
    const char *upstream;
    const char *stage;
    const char *cause;
    const char *message;
    const char *reason; /* why it was tried again, or not */
    struct number_rule status;
    struct number_rule tx; /* bytes of the request that were handed over */
    bool retried_set;
    bool retried;
};

/* One row; its texts are those of the columns. */
struct expected_log_row {
    const char *kind;
    const char *route;
    const char *user;
    const char *method;
    const char *host;
    const char *target;
    const char *error;
    const char *stage;
    const char *cause;
    const char *tunnel;
    const char *summary;
    struct number_rule status;
    struct number_rule request_bytes;
    struct number_rule response_bytes;
    struct number_rule retry_attempts;
    bool attempts_set;
    const struct expected_log_attempt *attempts; /* all of them, in order */
    size_t attempt_count;
};

struct expected_log {
    struct number_rule rows; /* how many there are */
    bool
        listed; /* a list asks for exactly so many rows, oldest first; a map speaks of the last one */
    const struct expected_log_row *list;
    size_t count;
};

/* Both return NULL and fill *error when the node is wrong, or the region full. */
MUST_USE const struct expected_record *
expected_record_read(struct region *region, const struct yaml_node *map, struct yaml_error *error);
MUST_USE const struct expected_log *
expected_log_read(struct region *region, const struct yaml_node *node, struct yaml_error *error);

#endif
