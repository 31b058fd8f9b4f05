/*
 * The requests of a case and the attempts made for them, as far as witnesses tell, and which of them the case is about.
 *
 * A request is a set-up request where its client began another one later, and by then it had reached an upstream once and was
 * answered whole, with a 2xx: it made a connection reused. All others are the case's own. Rules and harms are looked for in all
 * of them; counted are the case's own.
 * An attempt is a request of which an upstream read a byte, or a connection on which not a byte came and that was accepted after
 * the first of the case's own requests began. Of the latter one that stands open at the end, with an upstream that would read,
 * is none: a spare connection, which some proxies keep.
 *
 * Pure. Ownership: refers to the evidence, its actors and the region.
 */
#ifndef HARNESS_OBSERVED_OWN_CASE_H
#define HARNESS_OBSERVED_OWN_CASE_H

#include "harness/verdict/attempts.h"
#include "harness/verdict/evidence.h"

/*
 * A proxy is told of its client's end a moment after it came, and a connection is accepted a moment after it was dialled: on a
 * busy machine so much later at most. What begins within is held against nobody, so a scenario lets more time than that pass
 * between a cancel and the failure behind which nobody may try again.
 */
#define OWN_CANCEL_GRACE_NS (200 * NS_PER_MS)

/* Whole seconds, and nearly so much more counts too: two runs on machines of different speed are to say the same. */
unsigned own_seconds(uint64_t ns);
/*
 * "+1 s", whole seconds since the origin: whether an attempt came at once or when a time had run out. What is finer than that is
 * another figure each time, and result files are compared. Returns text.
 */
const char *own_moment(uint64_t at_ns, uint64_t origin_ns, char text[FINDING_DURATION_BYTES]);

struct own_request {
    const struct request_fact *fact;
    const struct draft *draft;
    const struct witness_message *response; /* NULL: not a byte of one */
    bool set_up;
    enum witness_end closing; /* how its connection was ended for the client */
    bool sent_whole;
    bool meant_whole; /* the client's script sends it to its end, if it is let */
    bool broke_off;   /* the client ended its side before all of it was sent */
    bool answered;    /* its response came whole */
    bool is_garbage;  /* what came in place of a response cannot become one */
    bool hangs;       /* the client had no end although it waits for one */
    bool idempotent;
    uint64_t left_ns;  /* the client closed its connection before it had an end; 0: it did not */
    uint64_t ended_ns; /* end of its response, of its connection, or left; 0: none of these */
};

struct own_attempt {
    const struct attempt_fact *fact;
    const struct own_request *request; /* NULL: one of several, not known which */
    uint64_t at_ns;                    /* when it began for this request */
    bool read;                         /* its upstream read a byte of the request */
    bool again;                        /* another attempt at the request came before */
    bool later; /* another attempt came before, or may have come where nobody sees it */
};

struct own_case {
    const struct evidence *evidence;
    struct own_request *requests; /* as they were begun */
    size_t request_count;
    struct own_attempt *attempts; /* by time */
    size_t attempt_count;
};

/* After evidence_gather(). False when the region is full. */
MUST_USE bool own_case_gather(struct own_case *own, const struct evidence *evidence,
                              struct region *region);

/* Times it reached an upstream whole. */
unsigned own_deliveries(const struct own_case *own, const struct own_request *request);
/* The next attempt of that request behind `after` (NULL: the first); NULL past the last. */
const struct own_attempt *own_next(const struct own_case *own, const struct own_request *request,
                                   const struct own_attempt *after);
/* The request begun last of the case's own; NULL if there is none. */
const struct own_request *own_last(const struct own_case *own);
/* Whether it is counted: an attempt at one of the case's own requests. */
bool own_is_counted(const struct own_attempt *attempt);
/* Whether it is another attempt, and began so long after its client had left that the proxy must have known. */
bool own_is_after_cancel(const struct own_attempt *attempt);
/* Whether the upstream of this attempt read on as long as anything came: then what it has not got was not sent. */
bool own_upstream_reads_on(const struct own_case *own, const struct own_attempt *attempt);
/* Whether the client's request says another length than its body has. */
bool own_draft_lies(const struct draft *draft);
/* RFC 9110 9.3.1, 9.3.2, 9.3.5, 9.3.8: a body with this method means nothing, and some drop it. */
bool own_body_is_unusual(const struct draft *draft);
/* Whether that many body bytes, all of the client's, came with the message. */
bool own_body_is_sent(const struct witness_message *message, const struct draft *sent);
/* The upstream's actor on the connection of that attempt. */
const struct fake_connection *own_upstream_connection(const struct own_case *own,
                                                      const struct own_attempt *attempt);

/*
 * Adds "at +0.4 ms on a (11 of 11 body bytes), at +1.2 ms on b (5 of 11 body bytes, cut)": the attempts of a request, or those
 * among them that reached their upstream whole.
 */
void own_tell(const struct own_case *own, const struct own_request *request, bool whole_only,
              struct phrase *phrase);
const char *own_upstream_name(const struct own_case *own, const struct own_attempt *attempt);

#endif
