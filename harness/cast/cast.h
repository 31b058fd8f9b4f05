/*
 * All who play in one case: fake upstreams, scripted clients, the filters around the proxy, and the built-in
 * proxy itself.
 *
 * Ownership: made once per place where a case can run, and used for one case after the other; a warm cast
 * allocates next to nothing. The world is the caller's.
 * Limits: those of the actors and filters.
 * Errors: a sentence, when something that the case needs first did not come about.
 */
#ifndef HARNESS_CAST_CAST_H
#define HARNESS_CAST_CAST_H

#include "fakeupstream/fake_upstream.h"
#include "fakeupstream/name_server.h"
#include "harness/cast/case_log.h"
#include "harness/client.h"
#include "harness/hooks/scripted_hooks.h"
#include "harness/suite/scenario.h"
#include "harness/verdict/evidence.h"
#include "retryproof/proxy.h"
#include "world/filters/fault.h"
#include "world/filters/impair.h"
#include "world/filters/trace.h"

enum {
    CAST_ERROR_BYTES = 512,
    CAST_EVENTS_MAX = 2048, /* of the trace: the story of any case that a person would read */
};

/* A `pre-write` step as it was given to the fault filter. */
struct cast_rule {
    size_t upstream;
    unsigned turn;
    int rule;
};

struct cast {
    enum world_kind kind;
    struct world *world;  /* the actors' */
    struct world *impair; /* around it: faults on the proxy's side; where a case has any */
    struct world *trace;  /* around that: what the proxy does */
    struct world *fault;  /* around that: the proxy's world */
    /* Around the actors' world, where a recorded case's proxy is another process; NULL: none was so far. */
    struct world *watch;
    bool is_recorded;
    struct scene scene;
    const struct scenario *scenario;                /* NULL: no case */
    struct address address;                         /* where its listeners are */
    struct fake_upstream *upstreams[UPSTREAMS_MAX]; /* made when first needed */
    struct client *clients[SCENARIO_CLIENTS_MAX];
    struct name_server names; /* where the case needs one */
    struct case_log log;      /* where the case asks what is in it */
    struct cast_rule rules[FAULT_RULES_MAX];
    size_t rule_count;
    int impaired[WIRE_FAULTS_MAX]; /* by fault: its rule there, or -1 */
    struct fault_moment fault_moments[WIRE_FAULTS_MAX];
    struct proxy_settings settings; /* the case's, with addresses */
    struct scripted_hooks hooks;
    struct proxy *proxy; /* NULL: not started, or destroyed */
    bool proxy_seen;     /* it was started within this process */
    struct proxy *kept;  /* of a former case, stopped; NULL: none */
    bool kept_hooked;    /* it has the hooks */
    struct exchange_record
        *records; /* the last ones, in a ring; oldest first once the evidence is filled */
    size_t record_count;
    size_t record_capacity;
    uint64_t record_total;
};

/* Where a case meets a proxy that is not ours, and how clients address it. Texts and arrays outlive the case. */
struct cast_place {
    struct address target;
    struct scene_manner manner;
    const struct address *upstreams; /* where it expects them, in the order of their names */
    const char *const *names;        /* NULL-terminated */
};

/* What has happened so far, to see whether anything still does. */
struct cast_pulse {
    uint64_t activity; /* grows with every byte, connection and end that anybody saw */
    bool conserved;    /* what was sent and dialled on one side has arrived on the other */
};

/* NULL when memory runs out. */
MUST_USE struct cast *cast_create(struct world *world, enum world_kind kind);
void cast_destroy(struct cast **cast);

/*
 * From here on cases are recorded, or not: the trace keeps the bytes of connections, and the actors the secrets of TLS. Between
 * cases.
 */
void cast_record(struct cast *cast, bool recorded);
/*
 * Who saw the connections of a recorded case: the proxy's trace; of a proxy in another process, the watch around the actors;
 * NULL where the case is not recorded.
 */
const struct world *cast_recorded(const struct cast *cast);

/*
 * The upstreams listen and the faults lie ready; settings hold the upstreams' addresses. ports: one for each, at the
 * address of the case before; NULL for any.
 */
/* Upstreams are beside each other at one port where names lead to them, so that a name may lead to any of them. */
MUST_USE bool cast_start_upstreams(struct cast *cast, const struct scenario *scenario,
                                   const uint16_t *ports, char error[CAST_ERROR_BYTES]);
/* The upstreams listen where a proxy that is not ours expects them, and clients will address it so. */
MUST_USE bool cast_start_upstreams_at(struct cast *cast, const struct scenario *scenario,
                                      const struct cast_place *place, char error[CAST_ERROR_BYTES]);
/* The built-in proxy listens, within this process; without it nothing is seen at the seam. */
MUST_USE bool cast_start_proxy(struct cast *cast, char error[CAST_ERROR_BYTES]);
/* Ends at once the proxy that was started. */
void cast_end_proxy(struct cast *cast);
/* The clients begin to play against the address. */
void cast_start_clients(struct cast *cast, const struct address *subject);

bool cast_clients_are_over(const struct cast *cast);
/* Of the clients that are not over each waits for a signal of another actor, and none for the proxy. */
bool cast_clients_wait_for_signals(const struct cast *cast);
/* An upstream's script has told it to let time pass before it goes on. */
bool cast_upstreams_let_time_pass(const struct cast *cast);
/* The subject has closed every connection that an upstream accepted. */
bool cast_upstreams_are_left(const struct cast *cast);
/* Connections to an upstream that the subject holds, as far as the upstream can tell. */
size_t cast_held_by_subject(const struct cast *cast, size_t upstream);
struct cast_pulse cast_feel_pulse(const struct cast *cast);

/* A sentence for each client that plays on and each upstream script that waits for a signal. */
void cast_find_waits(struct cast *cast, struct evidence *evidence, struct region *region);
/* Who the witnesses are; before the case has settled. */
void cast_name_witnesses(const struct cast *cast, struct evidence *evidence);
/* What the seam saw and the proxy recorded; after the case is over. */
void cast_fill_evidence(struct cast *cast, struct evidence *evidence);

/* Ends everybody; the proxy has been destroyed. Witnesses stay until cast_reset(). Both harmless where no case was begun. */
void cast_stop(struct cast *cast);
void cast_reset(struct cast *cast);

#endif
