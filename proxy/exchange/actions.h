/*
 * The actions of the exchange table, by what they are about. Private to proxy/exchange.
 *
 * Each returns the event that follows at once, or EVENT_NONE to wait for an upcall. An action that runs hooks may be
 * called again, by EVENT_RESUMED, and goes on where a hook waited.
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
/* Whether to try again, noted in the record: EVENT_RETRY_ALLOWED, EVENT_RETRY_LATER, or EVENT_NONE if not. */
enum exchange_event decide_retry(struct exchange *exchange, const struct failure *failure,
                                 enum retry_wish wish);
struct attempt_record *present_attempt(struct exchange *exchange);
/* The stage of the present attempt. */
enum stage exchange_stage(const struct exchange *exchange);
/* Notes a failure of the present attempt at the stage its counters show; returns EVENT_ATTEMPT_FAILED. */
enum exchange_event note_failure(struct exchange *exchange, enum side side, enum cause cause,
                                 int os_error);

/* filters.c: the hooks of each state, one after the other */
enum exchange_event filter_request(struct exchange *exchange);
enum exchange_event ask_for_peer(struct exchange *exchange, struct proxy_peer *peer);
enum exchange_event prepare(struct exchange *exchange);
enum exchange_event decide(struct exchange *exchange);
/* EVENT_PASSED when the trailers may go down. */
enum exchange_event filter_trailers(struct exchange *exchange);
/* What came of the hooks of a body: EVENT_NONE, or EVENT_ATTEMPT_FAILED. */
enum exchange_event note_feed(struct exchange *exchange, enum feed_state state);
/* The hooks about a failed attempt. */
enum retry_wish ask_about_failure(struct exchange *exchange);

enum { SWITCHING_PROTOCOLS = 101 }; /* the one 1xx that is an answer. RFC 9110 15.2.2 */

/* transfer.c: bytes up and down */
enum exchange_event start_sending(struct exchange *exchange);
enum exchange_event send_up(struct exchange *exchange);
enum exchange_event begin_response(struct exchange *exchange);
enum exchange_event relay(struct exchange *exchange);
/* Before the hooks that may wait are asked: the link's upcalls are this exchange's. */
void adopt_link(struct exchange *exchange);
/* The upstream's failure is kept, the first one: what came before it is used first. fail_upstream() then tells it. */
void note_upstream_failure(struct exchange *exchange, enum cause cause, int os_error);
enum exchange_event fail_upstream(struct exchange *exchange);
void note_held(struct exchange *exchange);
/* What a read from the upstream brought, if it brought anything. */
void note_received(struct exchange *exchange, ssize_t size);

/* tunnel.c: from the 200 to CONNECT, or the 101, to the end */
enum exchange_event open_tunnel(struct exchange *exchange);
enum exchange_event carry(struct exchange *exchange);
/* What there was of a tunnel that ended well. */
enum tunnel_phase tunnel_use(const struct exchange *exchange);

/* ending.c: a failure for good, the proxy's own answer, and what is told at the end */
enum exchange_event explain(struct exchange *exchange);
enum exchange_event explain_to_nobody(struct exchange *exchange);
enum exchange_event explain_late(struct exchange *exchange);
enum exchange_event start_answer(struct exchange *exchange);
enum exchange_event send_answer(struct exchange *exchange);
enum exchange_event finish(struct exchange *exchange);
enum exchange_event cut(struct exchange *exchange);
/* The client is gone, or takes nothing: nobody is left to tell. */
enum exchange_event abandon_answer(struct exchange *exchange);
enum exchange_event abandon_late(struct exchange *exchange);
/* The record, to whoever listens; once. */
void tell(struct exchange *exchange);

/* Whether bytes of the request may still go up. */
bool exchange_is_uploading(const struct exchange *exchange);

/* waiting.c: what brings the next event. Only while there is one to come. */
void wait_for_more(struct exchange *exchange);
void on_watch(struct timer *timer);
void on_resume(struct timer *timer);

/* exchange.c: the entry for what the exchange's own upcalls bring */
void exchange_advance(struct exchange *exchange, enum exchange_event event);
/* The same, followed by the owner's turn. */
void exchange_turn(struct exchange *exchange, enum exchange_event event);

#endif
