/*
 * What HTTP asks of the messages that a proxy sends, as far as it can be seen from outside: the framing of requests, the status
 * of an answer of its own, 1xx, trailers, and that a response is all of one attempt. Pure.
 */
#ifndef HARNESS_OBSERVED_MESSAGE_RULES_H
#define HARNESS_OBSERVED_MESSAGE_RULES_H

#include "harness/observed/rules.h"

void message_rules_check(struct breaches *breaches);

#endif
