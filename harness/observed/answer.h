/*
 * What the upstream of an attempt answered, by its own account: nothing, a part, a whole response, or no response at all.
 * Pure.
 */
#ifndef HARNESS_OBSERVED_ANSWER_H
#define HARNESS_OBSERVED_ANSWER_H

#include "harness/observed/own_case.h"

enum answer {
    ANSWER_NONE,    /* not a byte but for 1xx */
    ANSWER_GARBAGE, /* bytes that do not begin like a response */
    ANSWER_CUT,     /* a response that broke off, or that was never ended */
    ANSWER_WHOLE,
    ANSWER_UNKNOWN, /* bytes of the script's own of which nobody here can tell */
};

/* RFC 9112 4: whether bytes are the beginning of a status line, of whatever version, or could become one. */
bool answer_begins_well(struct bytes bytes);
enum answer answer_of(const struct own_attempt *attempt);
/* Whether a response of that status, to that request, ends with its head (RFC 9110 9.3.2, 15.3.5, 15.4.5). */
bool answer_has_no_body(const struct own_request *request, unsigned status);
/* The statuses of the 1xx heads that came before it, 100s left out; how many, or more than max. */
size_t answer_interims(const struct own_attempt *attempt, unsigned *statuses, size_t max);

#endif
