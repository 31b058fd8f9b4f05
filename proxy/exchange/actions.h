/*
 * The actions of the exchange table, by what they are about. Private to proxy/exchange.
 *
 * Each returns the event that follows at once, or EVENT_NONE to wait for an upcall.
 */
#ifndef PROXY_EXCHANGE_ACTIONS_H
#define PROXY_EXCHANGE_ACTIONS_H

#include "proxy/exchange/exchange.h"

/* attempt.c: an attempt from its choice to its judgement */
enum exchange_event choose(struct exchange *exchange);
enum exchange_event start_dialing(struct exchange *exchange);
enum exchange_event judge(struct exchange *exchange);
/* Closes the attempt that is under way, if any: record, health, connection. failure is NULL for a success. */
void attempt_end(struct exchange *exchange, const struct failure *failure);

/* transfer.c: bytes up and down */
enum exchange_event start_sending(struct exchange *exchange);
enum exchange_event send_up(struct exchange *exchange);
enum exchange_event begin_response(struct exchange *exchange);
enum exchange_event relay(struct exchange *exchange);
enum exchange_event start_apology(struct exchange *exchange);
enum exchange_event send_apology(struct exchange *exchange);

/* Notes a failure of the present attempt at the stage its counters show; returns EVENT_ATTEMPT_FAILED. */
enum exchange_event note_failure(struct exchange *exchange, enum side side, enum cause cause,
                                 int os_error);
/* The stage of the present attempt. */
enum stage exchange_stage(const struct exchange *exchange);

/* waiting.c: what brings the next event. Only while there is one to come. */
void wait_for_more(struct exchange *exchange);
void on_watch(struct timer *timer);

/* exchange.c: the entry for what the exchange's own upcalls bring */
void exchange_advance(struct exchange *exchange, enum exchange_event event);
/* The same, followed by the owner's turn. */
void exchange_turn(struct exchange *exchange, enum exchange_event event);

#endif
