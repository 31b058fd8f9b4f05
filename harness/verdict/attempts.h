/*
 * The attempts of a case, as the seam and the fake upstreams saw them: which request was tried where, from when to when.
 *
 * A dial is an attempt, and so is a request that an upstream saw on a connection used before. Not seen here is an attempt
 * of which no byte arrived on a connection used before. Which request an attempt is of says its label; where none arrived,
 * time does if only one request was under way, and otherwise nobody knows.
 *
 * Pure. Ownership: refers to the evidence, and lives in the region that was given.
 */
#ifndef HARNESS_VERDICT_ATTEMPTS_H
#define HARNESS_VERDICT_ATTEMPTS_H

#include "harness/verdict/evidence.h"

struct attempt_fact {
    size_t upstream; /* index in the scenario */
    bool fresh;      /* dialled for this attempt */
    bool
        unread; /* more was written on its connection than its upstream read; under TLS, may have been */
    bool tunnel;        /* it became one: what came on it is none of the proxy's */
    bool client_gone;   /* the proxy knew that the client had left when it dialled */
    unsigned number;    /* among those of its request, from 1; 0: of which is not known */
    uint64_t begun_ns;  /* dialled; on a connection used before, at the latest then */
    uint64_t ended_ns;  /* closed by the proxy, or the upstream's response was out; TIME_NEVER */
    uint64_t closed_ns; /* closed by the proxy; TIME_NEVER: it was open when the case had settled */
    uint64_t written;   /* bytes of the request that went out; where others did too, those seen */
    struct request_fact *request;          /* NULL: not known */
    const struct trace_stream *stream;     /* NULL: the seam was not seen */
    const struct witness *connection;      /* NULL: nobody accepted */
    const struct witness_message *message; /* NULL: not a byte came */
    const struct witness_sent *answer;     /* NULL: none was begun */
};

/* Fills evidence->attempts, by time. After the arrivals. False when the region is full. */
MUST_USE bool attempts_gather(struct evidence *evidence, struct region *region);

/* The one request that the proxy can have been busy with at that time; NULL if there is none, or more than one. */
struct request_fact *attempts_request_at(const struct evidence *evidence, uint64_t at_ns);
/* One way, as the case has it; 0 on real sockets. */
uint64_t attempts_latency_ns(const struct evidence *evidence);

/*
 * The attempt of this request that follows `after` (NULL: the first); NULL past the last. Two may seem to begin at one
 * moment: then they are not known to follow each other, see attempts_follow().
 */
const struct attempt_fact *attempts_next(const struct evidence *evidence,
                                         const struct request_fact *request,
                                         const struct attempt_fact *after);
/* Whether b is known to have begun after a. */
bool attempts_follow(const struct attempt_fact *a, const struct attempt_fact *b);

/* The first attempt on a connection; NULL if the seam knows no such connection. */
const struct attempt_fact *attempts_on(const struct evidence *evidence,
                                       const struct witness *connection);

/* The attempt that got this response; NULL if none is known to. */
const struct attempt_fact *attempts_answered_by(const struct evidence *evidence,
                                                const struct witness_sent *answer);

/* Whether none of those that began since the request did, up to that time, may be this request's without being known for it. */
bool attempts_are_known(const struct evidence *evidence, const struct request_fact *request,
                        uint64_t until_ns);

/*
 * How many attempts at an upstream may be missing here: a fault came before their first byte, or the connection, used
 * before, was closed before its upstream read what was written. Nobody knows when they were.
 */
size_t attempts_unseen(const struct evidence *evidence, size_t upstream);
bool attempts_are_all_seen(const struct evidence *evidence);

/* Adds "attempt 1 at +0.3 ms on a, attempt 2 at +0.6 ms on b (used before)". */
void attempts_tell(const struct evidence *evidence, const struct request_fact *request,
                   struct phrase *phrase);

#endif
