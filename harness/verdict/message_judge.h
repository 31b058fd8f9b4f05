/*
 * Does a message fit what was expected of it, or what its maker sent? Pure.
 */
#ifndef HARNESS_VERDICT_MESSAGE_JUDGE_H
#define HARNESS_VERDICT_MESSAGE_JUDGE_H

#include "harness/verdict/evidence.h"
#include "harness/verdict/findings.h"

/* Whom the sentences are about, and where they go. */
struct message_judge {
    const struct evidence *evidence;
    const char *who; /* "the client", "the last request at a" */
    struct findings *findings;
};

/* Adds a sentence for each key of expect's `received` that does not hold. */
void message_judge_received(const struct message_judge *by, const struct arrival_fact *arrival,
                            const struct expected_request *expected);

/* A parameter of the message's Proxy-Status (RFC 9209 2.1), "error" or "details"; empty if it is not there. */
struct bytes message_proxy_status(const struct witness_message *message, const char *name);

/* Adds a sentence for each key of one expected response that does not hold. */
void message_judge_outcome(const struct message_judge *by, const struct outcome_fact *outcome,
                           const struct expected_response *expected);

/*
 * How a part of a received message differs from the one that was sent, as message_difference() has it. Only of a message
 * whose head is complete.
 */
enum message_part { MESSAGE_HEAD, MESSAGE_BODY, MESSAGE_TRAILERS };
struct message_comparison {
    const struct witness_message *received;
    const struct draft *sent;
    const struct hook_plan *hooks;
};
const char *message_part_difference(const struct message_comparison *what, enum message_part part,
                                    struct phrase *phrase);

/*
 * How a received message differs from the one that was sent, but for what hooks change on purpose: a part of a sentence,
 * or NULL if it does not.
 */
const char *message_difference(const struct witness_message *received, const struct draft *sent,
                               const struct hook_plan *hooks, struct phrase *phrase);

#endif
