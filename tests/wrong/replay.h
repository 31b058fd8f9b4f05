/*
 * What several wrong proxies need to do their wrong well: to send a request again that has been sent already.
 */
#ifndef TESTS_WRONG_REPLAY_H
#define TESTS_WRONG_REPLAY_H

#include "proxy/exchange/exchange.h"

/*
 * Brings back the body bytes that the failed attempt took from the window and makes it look as if not a byte of the
 * request had been written, so that the rules allow a retry. False, and nothing is changed, where the window no longer
 * holds those bytes side by side, or where there is no connection.
 */
bool replay_prepare(struct exchange *exchange);

#endif
