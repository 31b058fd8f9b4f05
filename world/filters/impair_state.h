/*
 * What the files of the filter share. Nobody else includes it.
 */
#ifndef WORLD_FILTERS_IMPAIR_STATE_H
#define WORLD_FILTERS_IMPAIR_STATE_H

#include "world/base/object.h"
#include "world/filters/impair.h"
#include "world/filters/node_pool.h"
#include "world/passing.h"

#define IMPAIR_TAG        OBJECT_TAG('i', 'm', 'p', 'r')
#define IMPAIR_STREAM_TAG OBJECT_TAG('i', 'm', 's', 't')
#define IMPAIR_QUERY_TAG  OBJECT_TAG('i', 'm', 'q', 'u')

/* One upstream, as rules name it. */
struct impair_place {
    struct address address; /* family 0: not named */
    uint32_t dials;
    uint32_t lost[WIRE_FAULTS_MAX]; /* dials that failed here, the first of them, in order */
    size_t lost_count;
};

struct impair {
    struct passing passing; /* first: a struct world * is a struct impair * */
    object_tag tag;
    struct node_pool streams, queries;
    struct wire_fault rules[WIRE_FAULTS_MAX];
    int rule_count;
    unsigned met;     /* a bit for each rule */
    unsigned parties; /* a bit for each enum wire_party that has a rule */
    struct impair_place places[IMPAIR_UPSTREAMS_MAX];
    size_t place_count; /* one past the last that is named */
    uint32_t lookups;
    uint32_t accepted;
    uint32_t withheld; /* the ordinal of the connection whose accept failed last */
    impair_find_client *find_client;
    void *finder;
    impair_on_met *on_met; /* NULL: nobody asks */
    void *listener;
};

/* A dial that fails here, which has no stream below; or a connection whose writes are cut, which has. */
struct impair_stream {
    struct node node;
    struct impair *impair;
    struct stream lower;
    struct stream *outer;
    uint64_t tx;   /* bytes that went to lower */
    unsigned cuts; /* a bit for each rule that cuts a write to come */

    struct address peer;
    int error;             /* why the dial fails; 0: it is never answered */
    bool failed;           /* it has failed: its time has come */
    unsigned wanted, told; /* events */
    struct timer timer;
};

/* A lookup that is answered here. */
struct impair_query {
    struct node node;
    struct impair *impair;
    struct query *outer;
    enum query_status status;
    struct timer timer;
};

/* The rule makes its fault now. */
void impair_note(struct impair *impair, int rule);

/* impair_stream.c: both give the stream its table of operations; 0 or -errno. */

/* A dial that rule makes fail. Nothing of it goes below: the upstream never knows. */
int impair_stream_fail(struct impair *impair, struct stream *stream, const struct address *address,
                       int rule);
/* A stream whose writes are cut by these rules, for a stream below that at->lower becomes; NULL when memory runs out. */
struct impair_stream *impair_stream_cut(struct impair *impair, struct stream *stream,
                                        unsigned cuts);
/* The stream below has begun, or (result other than 0) it has not, and the node is given back. Returns result. */
int impair_stream_begin(struct impair_stream *at, int result);

#endif
