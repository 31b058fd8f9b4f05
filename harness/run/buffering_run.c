#include "harness/run/buffering_run.h"

#include <stdlib.h>

#include "harness/foreign/usage.h"
#include "harness/run/buffering_cast.h"
#include "world/sockets/sockets.h"

enum {
    /* Our own ends hold little, so that what a proxy cannot get rid of is soon on its side. */
    OWN_SNDBUF_BYTES = 64 * 1024, /* and yet a large body goes in few pieces */
    OWN_RCVBUF_BYTES = 16 * 1024,
    EXCHANGES_KINDS = 3,
    TRIES_MAX = 3, /* of a row */
    MUCH_BYTES =
        512 *
        1024, /* of an exchange, from one look to the next: then the proxy takes, and nobody asks */
};

static const unsigned EXCHANGES[EXCHANGES_KINDS] = {1, 8, BUFFERING_EXCHANGES_MAX};
_Static_assert((int)BUFFERING_ROWS == 2 * EXCHANGES_KINDS, "two ways");

/* Between two looks at a row. */
#define LOOK_NS (50 * NS_PER_MS)
/* Between two looks at a small exchange, which takes no longer. */
#define WARM_UP_LOOK_NS (2 * NS_PER_MS)
/* When the proxy has taken no byte for so long the row is at rest; it may give up on an upstream after a second. */
#define REST_NS (300 * NS_PER_MS)
/* The same while there are requests that no upstream has seen: the proxy may be busy with beginning. */
#define REST_UNREACHED_NS (2 * NS_PER_S)
/* The answer to a small request. */
#define ANSWER_NS (3 * NS_PER_S)
/* For so long, as a rule ten seconds, proxies hold an upstream to be down that failed in the row before. */
#define RECOVER_NS       (12 * NS_PER_S)
#define RECOVER_PAUSE_NS (200 * NS_PER_MS)

static const char INTERRUPTED[] = "interrupted";

struct buffering_run {
    const struct buffering_plan *plan;
    struct world *world;
    struct timer timer;   /* so that time passes where nothing happens */
    uint64_t patience_ns; /* a proxy that does not answer is asked again for so long */
    struct buffering_cast cast;
};

/* How things stood at a look. */
struct sample {
    struct buffering_flow flow;
    bool is_exact; /* kernel and swallowed are known */
    uint64_t kernel;
    uint64_t swallowed;
};

/* A row under way. */
struct row_watch {
    const struct buffering_place *place;
    size_t exchanges;
    struct sample last;
    bool looked;
    uint64_t still_since_ns;
    struct sample kept; /* the same as at the look before */
    struct usage usage; /* then */
    bool has_kept;
    const char *ended; /* what ended an exchange; NULL: nothing */
};

/* ---- time ----------------------------------------------------------------------------------- */

static void on_time(struct timer *timer)
{
    (void)timer;
}

static void pass_time(struct buffering_run *run, uint64_t duration_ns)
{
    uint64_t until_ns = world_now(run->world) + duration_ns;
    timer_set(run->world, &run->timer, until_ns);
    world_run(run->world, UINT64_MAX, until_ns);
    timer_stop(run->world, &run->timer);
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

/*
 * Whether the proxy has taken nothing between these. What our senders write may still grow: a kernel gives a connection that
 * nobody reads more room for seconds.
 */
static bool is_same(const struct sample *a, const struct sample *b)
{
    return a->is_exact && b->is_exact && a->swallowed == b->swallowed &&
           a->flow.reached == b->flow.reached && a->flow.whole == b->flow.whole;
}

static uint64_t ask_kernel(const struct buffering_run *run, const struct row_watch *watch)
{
    struct address addresses[UPSTREAMS_MAX + 1];
    size_t count = run->cast.upstream_count;
    for (size_t i = 0; i < count; i++)
        addresses[i] = watch->place->where.upstreams[i];
    addresses[count] = watch->place->where.target;
    return usage_in_kernel(addresses, count + 1);
}

/*
 * The kernel tells of one socket after the other, and what moves meanwhile is counted twice or not at all. Our own ends rest while
 * it is asked; so where it says the same twice nothing moved.
 */
static void ask_exactly(const struct buffering_run *run, const struct row_watch *watch,
                        struct sample *sample)
{
    sample->kernel = ask_kernel(run, watch);
    sample->is_exact = ask_kernel(run, watch) == sample->kernel;
    sample->swallowed = growth(sample->flow.read + sample->kernel, sample->flow.written);
}

static void keep(struct row_watch *watch, const struct sample *sample)
{
    watch->kept = *sample;
    watch->usage = usage_of(watch->place->pids, watch->place->pid_count, watch->place->folder);
    watch->has_kept = true;
}

/* Whether each request is known to an upstream, or will be when the proxy has all of it. */
static bool has_begun(const struct row_watch *watch, const struct sample *sample)
{
    return sample->flow.reached >= watch->exchanges || sample->flow.whole;
}

/*
 * True when there is nothing more to see. What was sampled counts only if it is the same as at the look before, and nothing was
 * ended until now: what stood in the queues of a connection that ends is gone from them.
 */
static bool look(struct buffering_run *run, struct row_watch *watch)
{
    watch->ended = buffering_cast_break(&run->cast);
    if (watch->ended != NULL)
        return true;
    if (buffering_cast_go_on(&run->cast))
        return false;
    struct sample now = {.flow = buffering_cast_flow(&run->cast)};
    uint64_t moved = now.flow.written - watch->last.flow.written;
    if (watch->looked && moved <= MUCH_BYTES * watch->exchanges)
        ask_exactly(run, watch, &now);
    uint64_t now_ns = world_now(run->world);
    bool still = is_same(&now, &watch->last);
    watch->last = now;
    watch->looked = true;
    if (!still) {
        watch->still_since_ns = now_ns;
        return false;
    }
    keep(watch, &now);
    return now_ns - watch->still_since_ns >= (has_begun(watch, &now) ? REST_NS : REST_UNREACHED_NS);
}

/* Until it is at rest, was ended, or its time is over; then it is taken as it stands. */
static void watch_row(struct buffering_run *run, struct row_watch *watch)
{
    uint64_t until_ns = world_now(run->world) + BUFFERING_ROW_NS;
    do {
        pass_time(run, LOOK_NS);
        if (look(run, watch))
            return;
    } while (world_now(run->world) < until_ns && !is_interrupted(run));
    if (is_interrupted(run))
        return;
    ask_exactly(run, watch, &watch->last);
    keep(watch, &watch->last);
}

static const char *find_trouble(const struct buffering_run *run, const struct row_watch *watch)
{
    if (watch->has_kept && has_begun(watch, &watch->kept))
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
    row->swallowed = watch->kept.swallowed;
    row->kernel = watch->kept.kernel;
    row->memory_growth = growth(before->memory, watch->usage.memory);
    row->file_growth = growth(before->files, watch->usage.files);
    row->whole = watch->kept.flow.whole;
}

/* True when the row has its figures, or cannot have any: not when the proxy gave up on an exchange too soon. */
static bool play_row(struct buffering_run *run, const struct buffering_place *place,
                     enum buffering_part part, struct observed_buffering *row)
{
    struct row_watch watch = {.place = place, .exchanges = row->exchanges};
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

void buffering_measure(const struct buffering_plan *plan,
                       struct observed_buffering rows[BUFFERING_ROWS])
{
    const struct sockets_options options = {.sndbuf = OWN_SNDBUF_BYTES, .rcvbuf = OWN_RCVBUF_BYTES};
    struct buffering_run *run = calloc(1, sizeof(*run));
    for (size_t i = 0; i < BUFFERING_ROWS; i++)
        rows[i] = (struct observed_buffering){.way = i < EXCHANGES_KINDS ? "upload" : "download",
                                              .exchanges = EXCHANGES[i % EXCHANGES_KINDS],
                                              .offered = BUFFERING_BODY_BYTES};
    if (run != NULL)
        run->world = sockets_create(&options);
    if (run == NULL || run->world == NULL) {
        refuse_all(rows, "no memory or no event queue to measure with");
        free(run);
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
    sockets_destroy(&run->world);
    free(run);
}
