#include "harness/oracle/claims.h"

#include <string.h>

#include "harness/oracle/attempts/cause_claims.h"
#include "harness/oracle/attempts/repeat_claims.h"
#include "harness/oracle/attempts/retry_claims.h"
#include "harness/oracle/attempts/timing_claims.h"
#include "harness/oracle/connection_claims.h"
#include "harness/oracle/memory_claims.h"
#include "harness/oracle/messages/answer_claims.h"
#include "harness/oracle/messages/request_claims.h"
#include "harness/oracle/messages/response_claims.h"
#include "harness/oracle/messages/tunnel_claims.h"
#include "harness/oracle/record_claims.h"

/* A claim without a function is about several runs: whoever plays them judges it. */
static const struct claim CLAIMS[] = {
    {1, "attempts-within-max", "a request is tried no more often than max_retries allows",
     "decision 7 of the design", claim_attempts_within_max},
    {2, "no-retry-after-a-byte",
     "a request that may not be repeated is not sent again once a byte of it was written",
     "RFC 9110 9.2.2; decision 9 of the design", claim_no_retry_after_a_byte},
    {3, "delivered-once",
     "a request that may not be repeated reaches one upstream at most, in part or whole",
     "RFC 9110 9.2.2; acceptance matrix, section 5", claim_delivered_once},
    {4, "no-retry-after-a-response-byte",
     "nothing is tried again once a byte of a final response went down, and no response is kept "
     "from before a retry",
     "acceptance matrix, section 2; decision 11 of the design", claim_no_retry_after_response_byte},
    {5, "no-retry-after-a-head",
     "nothing is tried again after a final head, unless its status is one to retry",
     "acceptance matrix, section 1, stage status", claim_no_retry_after_a_head},
    {6, "no-attempt-for-nobody",
     "no attempt begins after its client has left or its deadline has passed",
     "acceptance matrix, section 2; decision 4 of the design", claim_no_attempt_for_nobody},
    {7, "one-attempt-at-a-time", "an attempt has ended before the next one at its request begins",
     "acceptance matrix, section 5", claim_one_attempt_at_a_time},
    {8, "same-again", "all attempts at a request have the same head, framing and body",
     "RFC 9112 6; decision 10 of the design", claim_same_again},
    {9, "another-connection",
     "a further attempt has another connection, and after a failure on one used before a fresh one",
     "decision 8 of the design", claim_another_connection},
    {10, "back-off-within-bounds", "a further attempt waits no longer than its back-off",
     "retryproof/policy.h, backoff_settings", claim_backoff_within_bounds},
    {11, "budget-has-room", "a further attempt is made only where the retry budget has room",
     "retryproof/policy.h, budget_settings", claim_budget_has_room},
    {12, "replayed-whole",
     "a request is tried again only while all of its body that was consumed is kept, and no more "
     "is kept than allowed",
     "acceptance matrix, section 2; decision 10 of the design", claim_replayed_whole},
    {13, "fin-or-rst-alike",
     "FIN and RST at one place before any response byte give the same verdict",
     "rule 8 of world/world.h; decision 5 of the design", NULL},
    {14, "cause-fits-what-happened",
     "each failed attempt has one cause and one stage, and they are what the seam and the upstream "
     "saw",
     "RFC 9209 2.3; stages of the design", claim_cause_fits_what_happened},
    {15, "one-answer-each",
     "each request gets one final response, whole or cut by the end of its connection",
     "acceptance matrix, section 5; RFC 9112 9.3", claim_one_answer_each},
    {16, "answers-are-http", "what a client gets is sound HTTP", "RFC 9112 2 to 7",
     claim_answers_are_http},
    {17, "body-of-one-attempt",
     "a response's body is that of one attempt, or a beginning of it where it is cut",
     "acceptance matrix, section 5", claim_body_of_one_attempt},
    {18, "cut-is-told", "a client can tell a response that was cut",
     "RFC 9112 8; decision 6 of the design", claim_cut_is_told},
    {19, "status-says-the-cause",
     "an answer of the proxy's own says by its status what the last attempt failed of",
     "RFC 9110 15.6.3 to 15.6.5; decision 14 of the design", claim_status_says_the_cause},
    {20, "no-body-where-none-is", "a response to HEAD, a 204 and a 304 have no body",
     "RFC 9110 9.3.2, 15.3.5, 15.4.5", claim_no_body_where_none_is},
    {21, "answers-in-order", "responses on a client's connection are in the order of its requests",
     "RFC 9112 9.3.2", claim_answers_in_order},
    {22, "continue-is-passed-on",
     "whoever expects a 100 gets those that its upstream sent, and no other",
     "RFC 9110 10.1.1; decision 12 of the design", claim_continue_is_passed_on},
    {23, "request-arrives-as-sent",
     "a request reaches upstreams as its client sent it, in sound HTTP, without hop-by-hop fields",
     "RFC 9110 7.6.1, RFC 9112 6", claim_request_arrives_as_sent},
    {24, "no-cross-talk", "a response answers the request of the client that gets it",
     "acceptance matrix, section 5", claim_no_cross_talk},
    {25, "nothing-is-left",
     "when the proxy is stopped nothing of it is left: no stream, listener, timer or query",
     "rule 2 of world/world.h", claim_nothing_is_left},
    {26, "pooled-only-when-done",
     "a connection is kept only when its exchange is whole and neither side wants it closed",
     "RFC 9112 9.3, 9.6", claim_pooled_only_when_done},
    {27, "no-stale-checkout", "a kept connection that became readable is not used again",
     "RFC 9112 9.2, 9.5", claim_no_stale_checkout},
    {28, "one-owner-each", "a connection to an upstream has one exchange at a time", "RFC 9112 9.2",
     claim_one_owner_each},
    {29, "pool-within-limits", "no more connections are kept for an upstream than pool_size",
     "decision 16 of the design", claim_pool_within_limits},
    {30, "pool-time-is-kept",
     "no connection is used again that was idle for longer than pool_timeout",
     "decision 16 of the design", claim_pool_time_is_kept},
    {31, "cancel-closes-the-upstream",
     "when a client leaves, the connection to its upstream is closed", "decision 4 of the design",
     claim_cancel_closes_the_upstream},
    {32, "half-close-is-answered",
     "a client that ends its side is answered where that is allowed, and its connection is closed",
     "decision 4 of the design; client_half_close", claim_half_close_is_answered},
    {33, "closed-is-closed", "nothing is done on a stream, nor told of it, once it is closed",
     "rule 2 of world/world.h; a breach is a check() of object tags, which ends the case",
     claim_closed_is_closed},
    {34, "window-is-kept", "no more of a body is held than the window of its direction",
     "acceptance matrix, sections 4 and 5", claim_window_is_kept},
    {35, "buffers-are-bounded",
     "all that an exchange holds in both directions is within its two windows",
     "acceptance matrix, section 5", claim_buffers_are_bounded},
    {36, "full-stops-reading",
     "who has no room does not ask for more, and who is told of input takes it",
     "rule 3 of world/world.h", claim_full_stops_reading},
    {37, "size-does-not-matter",
     "a body of a thousand windows passes with the same high-water mark as one of two",
     "acceptance matrix, section 4", NULL},
    {38, "large-head-is-refused",
     "a head past its limit is answered with 431, 414 or 400, and no upstream is asked",
     "RFC 6585 5; RFC 9110 15.5.15; decision 16 of the design", claim_large_head_is_refused},
    {39, "tls-holds-a-record",
     "under TLS no more is held beside the window than a record and a handshake", "RFC 8446 5.1",
     claim_tls_holds_a_record},
    {40, "run-ends", "a run ends within the sum of the time-outs that were set",
     "acceptance matrix, section 5", claim_run_ends},
    {41, "no-lost-wake-up", "when nothing can happen any more no exchange is under way",
     "rule 3 of world/world.h", claim_no_lost_wake_up},
    {42, "nobody-spins",
     "nobody is called again and again about something that he does nothing about",
     "rule 3 of world/world.h", claim_nobody_spins},
    {43, "clock-is-exact",
     "the clock never goes back, and a timer fires at its time: never before, and in the "
     "simulation not after",
     "rule 6 of world/world.h", claim_clock_is_exact},
    {44, "deadline-is-kept", "no exchange waits for a response past its deadline",
     "acceptance matrix, section 2", claim_deadline_is_kept},
    {45, "same-run-twice", "the same input gives the same run", "rule 6 of world/world.h", NULL},
    {46, "segments-do-not-matter",
     "neither the pieces in which bytes arrive nor short writes change what comes out",
     "RFC 9112 2.2", NULL},
    {47, "faults-beyond-the-end", "a fault behind the last byte changes nothing",
     "method of exploration", NULL},
    {48, "latency-does-not-matter", "latency below every time-out changes times and nothing else",
     "method of exploration", NULL},
    {49, "records-tell-the-truth",
     "records say the status and the bytes that the witnesses saw, and rows of the log what the "
     "records say",
     "acceptance matrix, section 6", claim_records_tell_the_truth},
    {50, "tls-is-whole",
     "an end without close_notify is no clean end, and no byte of a request is written before the "
     "handshake is over",
     "RFC 8446 6.1; decision 1 of the design", claim_tls_is_whole},
    {51, "names-lead-where-they-say",
     "an attempt goes to an address that its name was answered with, and asks for it each time",
     "RFC 1035 7.3; decision 7 of the design", claim_names_lead_where_they_say},
    {52, "untried-upstreams-first",
     "upstreams not yet tried come first, or with retry_other_upstream: false the same one again",
     "decision 8 of the design", claim_untried_upstreams_first},
    {53, "passed-over-for-failures-alone",
     "an upstream is passed over after three failures that count, for as long as that lasts, and "
     "for nothing else",
     "decision 13 of the design", claim_passed_over_only_for_failures},
    {54, "interims-once",
     "each 1xx of the attempt that was answered goes on, once and in its order",
     "RFC 9110 15.2; decision 12 of the design", claim_interims_once},
    {55, "trailers-go-on", "trailers of a response that stays chunked go on, and no others",
     "RFC 9110 6.5", claim_trailers_go_on},
    {56, "head-of-one-attempt", "a response's head is that of one attempt, unchanged",
     "acceptance matrix, section 5", claim_head_of_one_attempt},
    {57, "last-response-is-given",
     "where retry_on_status has run out of attempts the client gets the last response itself",
     "acceptance matrix, section 1", claim_last_response_is_given},
    {58, "keep-alive-goes-on", "after a response that came whole the client's connection serves on",
     "RFC 9112 9.3; acceptance matrix, section 5", claim_keep_alive_goes_on},
    {59, "tunnel-is-not-tried-again", "once a tunnel stands no further attempt begins",
     "acceptance matrix, section 1, stage tunnel", claim_tunnel_is_not_tried_again},
    {60, "tunnel-carries-bytes", "what comes out of a tunnel is what went in at its other end",
     "RFC 9110 9.3.6", claim_tunnel_carries_bytes},
    {61, "tunnel-carries-ends", "an end of one side of a tunnel is carried to the other",
     "RFC 9110 9.3.6; decision 4 of the design", claim_tunnel_carries_ends},
    {62, "tunnel-is-nobodys", "what goes through a tunnel is not read as HTTP",
     "RFC 9110 9.3.6, 7.8", claim_tunnel_is_nobodys},
    {63, "every-attempt-is-told",
     "every attempt that was made is in a record, and none that was not",
     "acceptance matrix, section 5", claim_every_attempt_is_told},
    {64, "no-retry-after-an-interim", "nothing is tried again once a 1xx other than 100 went down",
     "acceptance matrix, section 2; decision 12 of the design", claim_no_retry_after_an_interim},
};

_Static_assert(COUNT_OF(CLAIMS) <= CLAIMS_MAX, "each claim has a bit");

size_t claims_count(void)
{
    return COUNT_OF(CLAIMS);
}

const struct claim *claims_at(size_t place)
{
    check(place < COUNT_OF(CLAIMS));
    return &CLAIMS[place];
}

size_t claims_find(const char *word)
{
    uint64_t number;
    bool is_number = bytes_to_u64(bytes_of(word), UINT64_MAX, &number);
    size_t place = 0;
    while (place < COUNT_OF(CLAIMS) && strcmp(CLAIMS[place].name, word) != 0 &&
           !(is_number && CLAIMS[place].number == number))
        place++;
    return place;
}

void claims_check(const struct evidence *evidence, struct findings *findings,
                  struct claims_said *said)
{
    *said = (struct claims_said){0, 0};
    for (size_t i = 0; i < COUNT_OF(CLAIMS); i++) {
        enum claim_answer answer =
            CLAIMS[i].judge == NULL ? CLAIM_NOT_EXERCISED : CLAIMS[i].judge(evidence, findings);
        if (answer != CLAIM_NOT_EXERCISED)
            said->exercised |= (claim_set)1 << i;
        if (answer == CLAIM_BROKEN)
            said->broken |= (claim_set)1 << i;
    }
}
