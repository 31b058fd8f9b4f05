#include "harness/run/buffering_run.h"

#include <stdlib.h>

#include "harness/foreign/usage.h"
#include "harness/run/buffering_cast.h"
#include "world/sockets/sockets.h"

enum {
    /* Our own ends hold little, so that what a proxy cannot get rid of is soon on its side. */
    OWN_SNDBUF_BYTES = 32 * 1024, /* and yet a large body goes in few pieces */
    OWN_RCVBUF_BYTES = 16 * 1024,
    EXCHANGES_KINDS = 3,
    TRIES_MAX = 3,     /* of a row */
    LEFT_BYTES = 4096, /* of an exchange: less in the kernel, and the proxy may wait for more */
    MUCH_BYTES = 4 * 1024 * 1024, /* from one look to the next: a proxy at rest gets no more */
};

static const unsigned EXCHANGES[EXCHANGES_KINDS] = {1, 8, BUFFERING_EXCHANGES_MAX};
_Static_assert((int)BUFFERING_ROWS == 2 * EXCHANGES_KINDS, "two ways");

/* Between two looks at a row. */
#define LOOK_NS (50 * NS_PER_MS)
/* Between two looks at a small exchange, which takes no longer. */
#define WARM_UP_LOOK_NS (2 * NS_PER_MS)
/*
 * How long our own ends hold still: what they have in their queues goes on, and arrivals are told within 40 ms (Linux's shortest
 * delayed acknowledgement). All must be over within the second after which proxies begin to give up on an upstream.
 */
#define HOLD_NS       (120 * NS_PER_MS)
#define HOLD_AGAIN_NS (200 * NS_PER_MS)
/* Then what came meanwhile is looked at. */
#define SETTLE_NS (2 * NS_PER_MS)
/* While there are requests that no upstream has seen the proxy may be busy with beginning. */
#define UNREACHED_NS (2 * NS_PER_S)
/* The answer to a small request. */
#define ANSWER_NS (3 * NS_PER_S)
/* For so long, as a rule ten seconds, proxies hold an upstream to be down that failed in the row before. */
#define RECOVER_NS       (12 * NS_PER_S)
#define RECOVER_PAUSE_NS (200 * NS_PER_MS)

static const char INTERRUPTED[] = "interrupted";

struct buffering_run {
    const struct buffering_plan *plan;
    struct world *world;  /* where our actors are */
    struct world *hall;   /* where time passes without them */
    struct timer timer;   /* so that time passes where nothing happens */
    uint64_t patience_ns; /* a proxy that does not answer is asked again for so long */
    struct buffering_cast cast;
};

/* How things stood while our own ends held still. */
struct sample {
    struct buffering_flow flow;
    uint64_t before; /* in the kernel, on its way to the proxy */
    uint64_t behind; /* on its way from it */
};

/* A row under way. */
struct row_watch {
    const struct buffering_place *place;
    enum buffering_part part;
    size_t exchanges;
    struct buffering_flow last;
    uint64_t still_since_ns;
    struct sample kept;
    struct usage usage; /* then */
    bool has_kept;
    bool timed_out;    /* it still took when its time was over */
    const char *ended; /* what ended an exchange; NULL: nothing */
};

/* ---- time ----------------------------------------------------------------------------------- */

static void on_time(struct timer *timer)
{
    (void)timer;
}

static void pass_time_in(struct buffering_run *run, struct world *world, uint64_t duration_ns)
{
    uint64_t until_ns = world_now(world) + duration_ns;
    timer_set(world, &run->timer, until_ns);
    world_run(world, UINT64_MAX, until_ns);
    timer_stop(world, &run->timer);
}

static void pass_time(struct buffering_run *run, uint64_t duration_ns)
{
    pass_time_in(run, run->world, duration_ns);
}

/* Meanwhile none of our actors reads or writes. */
static void hold_still(struct buffering_run *run, uint64_t duration_ns)
{
    pass_time_in(run, run->hall, duration_ns);
}

static bool is_interrupted(const struct buffering_run *run)
{
    return run->plan->is_interrupted != NULL && run->plan->is_interrupted(run->plan->owner);
}

/* ---- the exchange before -------------------------------------------------------------------- */

/* NULL when it was answered, else why it was not. */
static const char *try_warm_up(struct buffering_run *run, const struct cast_place *place)
{
    struct buffering_cast *cast = &run->cast;
    uint64_t until_ns = world_now(run->world) + ANSWER_NS;
    const char *trouble = buffering_cast_start(cast, place, BUFFERING_WARM_UP, 1);
    if (trouble == NULL) {
        while (!client_is_over(&cast->clients[0]) && world_now(run->world) < until_ns &&
               !is_interrupted(run))
            pass_time(run, WARM_UP_LOOK_NS);
        if (!buffering_cast_answered(cast))
            trouble = buffering_cast_refusal(cast);
    }
    buffering_cast_end(cast);
    return trouble;
}

/* NULL when the proxy has answered, else why it does not. */
static const char *warm_up(struct buffering_run *run, const struct cast_place *place)
{
    uint64_t until_ns = world_now(run->world) + run->patience_ns;
    const char *trouble = try_warm_up(run, place);
    while (trouble != NULL && world_now(run->world) < until_ns && !is_interrupted(run)) {
        pass_time(run, RECOVER_PAUSE_NS);
        trouble = try_warm_up(run, place);
    }
    run->patience_ns = trouble == NULL ? RECOVER_NS : 0;
    return trouble;
}

/* ---- a row ---------------------------------------------------------------------------------- */

static uint64_t growth(uint64_t before, uint64_t after)
{
    return after > before ? after - before : 0;
}

static uint64_t swallowed(const struct sample *sample)
{
    return growth(sample->flow.read + sample->before + sample->behind, sample->flow.written);
}

static uint64_t ask_kernel(const struct buffering_run *run, const struct row_watch *watch,
                           bool of_clients)
{
    const struct cast_place *where = &watch->place->where;
    return of_clients ? usage_in_kernel(&where->target, 1)
                      : usage_in_kernel(where->upstreams, run->cast.upstream_count);
}

static struct sample take_sample(const struct buffering_run *run, const struct row_watch *watch)
{
    bool up = watch->part == BUFFERING_UPLOAD;
    return (struct sample){.flow = buffering_cast_flow(&run->cast),
                           .before = ask_kernel(run, watch, up),
                           .behind = ask_kernel(run, watch, !up)};
}

static void keep(struct row_watch *watch, const struct sample *sample)
{
    watch->kept = *sample;
    watch->usage = usage_of(watch->place->pids, watch->place->pid_count, watch->place->folder);
    watch->has_kept = true;
}

/* Whether each request is known to an upstream, or will be when the proxy has all of it. */
static bool has_begun(const struct row_watch *watch, const struct buffering_flow *flow)
{
    return flow->reached >= watch->exchanges || flow->whole;
}

/*
 * Holds our own ends still until the kernel is. It gives a connection that nobody reads more room for seconds, which our senders
 * would fill for as long, and it tells of one socket after the other: what moves meanwhile is counted twice or not at all. True
 * where nothing moves any more although there is more to take.
 */
static bool is_at_rest(struct buffering_run *run, const struct row_watch *watch,
                       struct sample *sample)
{
    hold_still(run, HOLD_NS);
    *sample = take_sample(run, watch);
    hold_still(run, HOLD_AGAIN_NS);
    struct sample again = take_sample(run, watch);
    return again.before == sample->before && again.behind == sample->behind &&
           (sample->flow.whole || sample->before >= LEFT_BYTES * watch->exchanges);
}

/*
 * True when there is nothing more to see. A sample counts only if nothing was ended until now: what stood in the queues of a
 * connection that ends is gone from them.
 */
static bool look(struct buffering_run *run, struct row_watch *watch)
{
    struct buffering_flow flow = buffering_cast_flow(&run->cast);
    uint64_t now_ns = world_now(run->world);
    uint64_t moved = flow.written - watch->last.written + flow.read - watch->last.read;
    struct sample sample;
    watch->ended = buffering_cast_break(&run->cast);
    if (watch->ended != NULL)
        return true;
    watch->last = flow;
    if (buffering_cast_go_on(&run->cast) || moved > MUCH_BYTES) {
        watch->still_since_ns = now_ns;
        return false;
    }
    bool is_patient = !has_begun(watch, &flow) && now_ns - watch->still_since_ns < UNREACHED_NS;
    if (is_patient || !is_at_rest(run, watch, &sample))
        return false;
    keep(watch, &sample);
    pass_time(run, SETTLE_NS);
    watch->ended = buffering_cast_break(&run->cast);
    watch->has_kept = watch->ended == NULL;
    return true;
}

/* Until it is at rest, was ended, or its time is over; then it is taken as it stands. */
static void watch_row(struct buffering_run *run, struct row_watch *watch)
{
    uint64_t until_ns = world_now(run->world) + BUFFERING_ROW_NS;
    watch->still_since_ns = world_now(run->world);
    do {
        pass_time(run, LOOK_NS);
        if (look(run, watch))
            return;
    } while (world_now(run->world) < until_ns && !is_interrupted(run));
    if (is_interrupted(run))
        return;
    struct sample sample = take_sample(run, watch);
    keep(watch, &sample);
    watch->timed_out = swallowed(&sample) > 0;
}

static const char *find_trouble(const struct buffering_run *run, const struct row_watch *watch)
{
    if (watch->has_kept && (has_begun(watch, &watch->kept.flow) || watch->timed_out))
        return NULL;
    if (watch->ended != NULL)
        return watch->ended;
    if (!watch->has_kept)
        return INTERRUPTED;
    const char *sentence = region_format(
        run->plan->region, "%zu of %zu requests had reached an upstream when nothing moved",
        watch->kept.flow.reached, watch->exchanges);
    return sentence != NULL ? sentence : "out of memory";
}

static void fill_row(struct observed_buffering *row, const struct row_watch *watch,
                     const struct usage *before)
{
    row->swallowed = swallowed(&watch->kept);
    row->kernel = watch->kept.before + watch->kept.behind;
    row->memory_growth = growth(before->memory, watch->usage.memory);
    row->file_growth = growth(before->files, watch->usage.files);
    row->whole = watch->kept.flow.whole;
}

/* True when the row has its figures, or cannot have any: not when the proxy gave up on an exchange too soon. */
static bool play_row(struct buffering_run *run, const struct buffering_place *place,
                     enum buffering_part part, struct observed_buffering *row)
{
    struct row_watch watch = {.place = place, .part = part, .exchanges = row->exchanges};
    struct usage before = usage_of(place->pids, place->pid_count, place->folder);
    row->trouble = buffering_cast_start(&run->cast, &place->where, part, row->exchanges);
    if (row->trouble == NULL) {
        watch_row(run, &watch);
        row->trouble = find_trouble(run, &watch);
    }
    if (row->trouble == NULL)
        fill_row(row, &watch, &before);
    buffering_cast_end(&run->cast);
    return row->trouble == NULL || watch.ended == NULL;
}

/* Many bodies that go to a disk may take longer, once, than the proxy waits for its upstream. */
static void try_row(struct buffering_run *run, const struct buffering_place *place,
                    enum buffering_part part, struct observed_buffering *row)
{
    unsigned tries = 0;
    do {
        row->trouble = warm_up(run, &place->where);
    } while (row->trouble == NULL && !play_row(run, place, part, row) && ++tries < TRIES_MAX);
    if (row->trouble != NULL && is_interrupted(run))
        row->trouble = INTERRUPTED;
}

/* ---- all rows ------------------------------------------------------------------------------- */

/* Both ways with one exchange, then both with some, then both with many. */
static void play_rows(struct buffering_run *run, struct observed_buffering rows[BUFFERING_ROWS])
{
    for (size_t kind = 0; kind < EXCHANGES_KINDS; kind++) {
        size_t up = kind;
        size_t down = EXCHANGES_KINDS + kind;
        try_row(run, &run->plan->places[up], BUFFERING_UPLOAD, &rows[up]);
        try_row(run, &run->plan->places[down], BUFFERING_DOWNLOAD, &rows[down]);
    }
}

static void refuse_all(struct observed_buffering rows[BUFFERING_ROWS], const char *trouble)
{
    for (size_t i = 0; i < BUFFERING_ROWS; i++)
        rows[i].trouble = trouble;
}

static void destroy(struct buffering_run *run)
{
    if (run != NULL && run->world != NULL)
        sockets_destroy(&run->world);
    if (run != NULL && run->hall != NULL)
        sockets_destroy(&run->hall);
    free(run);
}

void buffering_measure(const struct buffering_plan *plan,
                       struct observed_buffering rows[BUFFERING_ROWS])
{
    const struct sockets_options options = {.sndbuf = OWN_SNDBUF_BYTES, .rcvbuf = OWN_RCVBUF_BYTES};
    struct buffering_run *run = calloc(1, sizeof(*run));
    for (size_t i = 0; i < BUFFERING_ROWS; i++)
        rows[i] = (struct observed_buffering){.way = i < EXCHANGES_KINDS ? "upload" : "download",
                                              .exchanges = EXCHANGES[i % EXCHANGES_KINDS],
                                              .offered = BUFFERING_BODY_BYTES};
    if (run != NULL) {
        run->world = sockets_create(&options);
        run->hall = sockets_create(&options);
    }
    if (run == NULL || run->world == NULL || run->hall == NULL) {
        refuse_all(rows, "no memory or no event queue to measure with");
        destroy(run);
        return;
    }
    run->plan = plan;
    run->patience_ns = ANSWER_NS;
    run->timer.on_time = on_time;
    if (buffering_cast_init(&run->cast, run->world, plan->region))
        play_rows(run, rows);
    else
        refuse_all(rows, "out of memory");
    buffering_cast_release(&run->cast);
    destroy(run);
}
