#include "world/sockets/sockets.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "world/sockets/state.h"

static const struct world_ops SOCKETS_OPS;

/* ---- the clock -------------------------------------------------------------------------------- */

static uint64_t read_clock(void)
{
    struct timespec now;
    int read = clock_gettime(CLOCK_MONOTONIC, &now);

    check(read == 0);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* One reading per round while the world runs; a fresh one for those who ask between runs. */
static uint64_t now(struct world *world)
{
    struct sockets *sockets = sockets_of(world);

    if (!sockets->running)
        sockets->now_ns = read_clock();
    return sockets->now_ns;
}

/* ---- rounds ----------------------------------------------------------------------------------- */

static bool call_signal(struct signal_watch *watch)
{
    if (watch->callback == NULL)
        return false;
    watch->callback(watch->owner, watch->signal_number);
    return true;
}

#define OWNER_OF(item, type) ((struct type *)(void *)((char *)(item)-offsetof(struct type, ready)))

/* False if the object has nothing to say any more. */
static bool call_item(struct ready_item *item)
{
    switch (item->kind) {
    case READY_STREAM:
        return socket_stream_call(OWNER_OF(item, socket_stream));
    case READY_LISTENER:
        return socket_listener_call(OWNER_OF(item, socket_listener));
    case READY_QUERY:
        return socket_query_call(OWNER_OF(item, socket_query));
    case READY_DATAGRAM:
        return socket_datagram_call(OWNER_OF(item, socket_datagram));
    case READY_SIGNAL:
        return call_signal(OWNER_OF(item, signal_watch));
    }
    return false;
}

static bool call_timer(struct sockets *sockets)
{
    struct timer *timer;

    if (sockets->round_timers == 0)
        return false;
    timer = timer_queue_take_due(&sockets->timers, sockets->now_ns);
    if (timer == NULL) {
        sockets->round_timers = 0;
        return false;
    }
    sockets->round_timers--;
    timer->on_time(timer);
    return true;
}

/* Makes the next upcall of this round. False when the round is over. */
static bool call_next(struct sockets *sockets)
{
    struct ready_item *item;
    bool called = false;

    sockets->upcalls++;
    sockets->in_upcall = true;
    while (!called && (item = ready_list_take(&sockets->round)) != NULL)
        called = call_item(item);
    if (!called)
        called = call_timer(sockets);
    sockets->in_upcall = false;
    return called;
}

static void on_wake(evutil_socket_t descriptor, short events, void *owner)
{
    (void)descriptor;
    (void)events;
    (void)owner; /* that libevent has returned is all that was wanted */
}

/*
 * Sees to it that libevent returns at that time. libevent's own timers are as coarse as the kernel's
 * tick; a timerfd is exact, and is set again only when it would ring too late: too early does no harm.
 */
static void set_alarm(struct sockets *sockets, uint64_t at_ns)
{
    struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(at_ns / NS_PER_S), .tv_nsec = (long)(at_ns % NS_PER_S)}};
    int set;

    if (sockets->alarm_ns > sockets->now_ns && sockets->alarm_ns <= at_ns)
        return;
    set = timerfd_settime(sockets->alarm, TFD_TIMER_ABSTIME, &at, NULL);
    check(set == 0);
    sockets->alarm_ns = at_ns;
}

/* Whether libevent may sleep; if so the alarm is set for the time at which it must not any longer. */
static bool may_sleep(struct sockets *sockets, uint64_t until_ns)
{
    uint64_t due = timer_queue_due(&sockets->timers);

    if (!ready_list_is_empty(&sockets->ready))
        return false;
    if (until_ns < due)
        due = until_ns;
    if (due == TIME_NEVER)
        return true;
    sockets->now_ns = read_clock();
    if (due <= sockets->now_ns)
        return false;
    set_alarm(sockets, due);
    return true;
}

/* Waits for something to happen, and makes of it the next round. */
static void begin_round(struct sockets *sockets, uint64_t until_ns)
{
    int flags = may_sleep(sockets, until_ns) ? EVLOOP_ONCE : EVLOOP_NONBLOCK;

    event_base_loop(sockets->base, flags);
    socket_stream_examine_suspects(sockets);
    sockets->now_ns = read_clock();
    ready_list_move_all(&sockets->round, &sockets->ready);
    sockets->round_timers = sockets->timers.count;
}

static bool is_quiescent(const struct sockets *sockets)
{
    return sockets->awaited == 0 && sockets->query_count == 0 && sockets->timers.count == 0 &&
           ready_list_is_empty(&sockets->ready);
}

static enum run_end run_rounds(struct sockets *sockets, uint64_t steps_max, uint64_t until_ns)
{
    uint64_t steps = 0;
    bool waited = false; /* until may lie in the past: that asks for one look around */

    while (steps < steps_max) {
        if (call_next(sockets)) {
            steps++;
            continue;
        }
        if (waited && sockets->now_ns >= until_ns)
            return RUN_UNTIL;
        if (is_quiescent(sockets))
            return RUN_QUIESCENT;
        begin_round(sockets, until_ns);
        waited = true;
    }
    return RUN_STEPS;
}

static enum run_end run(struct world *world, uint64_t steps_max, uint64_t until_ns)
{
    struct sockets *sockets = sockets_of(world);
    enum run_end end;

    check(!sockets->running);
    sockets->running = true;
    sockets->now_ns = read_clock();
    end = run_rounds(sockets, steps_max, until_ns);
    sockets->running = false;
    return end;
}

void sockets_leave_upcall(struct world *world)
{
    struct sockets *sockets = sockets_of(world);

    sockets->running = false;
    sockets->in_upcall = false;
}

/* ---- randomness, timers, signals -------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do, 0 included. */
static uint64_t draw(struct world *world)
{
    struct sockets *sockets = sockets_of(world);
    uint64_t mixed = sockets->random_state += 0x9E3779B97F4A7C15ull;

    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9ull;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBull;
    return mixed ^ mixed >> 31;
}

static void set_timer(struct world *world, struct timer *timer, uint64_t at_ns)
{
    timer_queue_set(&sockets_of(world)->timers, timer, at_ns);
}

static void stop_timer(struct world *world, struct timer *timer)
{
    timer_queue_stop(&sockets_of(world)->timers, timer);
}

static void on_signal(evutil_socket_t signal_number, short events, void *owner)
{
    struct signal_watch *watch = owner;

    (void)events;
    check(watch->signal_number == signal_number);
    ready_list_add(&watch->sockets->ready, &watch->ready);
}

static void stop_watch(struct signal_watch *watch)
{
    if (watch->signal_number == 0)
        return;
    event_del(&watch->event);
    ready_item_leave(&watch->ready);
    watch->sockets->awaited--;
    watch->signal_number = 0;
    watch->callback = NULL;
}

/* The watch that has this number (0: a free one), or NULL. */
static struct signal_watch *find_watch(struct sockets *sockets, int signal_number)
{
    for (size_t i = 0; i < SOCKETS_SIGNALS_MAX; i++)
        if (sockets->signals[i].signal_number == signal_number)
            return &sockets->signals[i];
    return NULL;
}

int sockets_on_signal(struct world *world, int signal_number, signal_callback *callback,
                      void *owner)
{
    struct sockets *sockets = sockets_of(world);
    struct signal_watch *watch = find_watch(sockets, signal_number);

    check(signal_number > 0);
    if (watch != NULL)
        stop_watch(watch);
    if (callback == NULL)
        return 0;
    watch = find_watch(sockets, 0);
    if (watch == NULL)
        return -EMFILE;
    event_assign(&watch->event, sockets->base, signal_number, EV_SIGNAL | EV_PERSIST, on_signal,
                 watch);
    if (event_add(&watch->event, NULL) != 0)
        return -EMFILE;
    watch->ready.kind = READY_SIGNAL;
    watch->sockets = sockets;
    watch->signal_number = signal_number;
    watch->callback = callback;
    watch->owner = owner;
    sockets->awaited++;
    return 0;
}

/* ---- beginning and end ------------------------------------------------------------------------ */

static const struct world_ops SOCKETS_OPS = {
    .now = now,
    .random = draw,
    .timer_set = set_timer,
    .timer_stop = stop_timer,
    .resolve = socket_query_start,
    .resolve_cancel = socket_query_cancel,
    .listen = socket_listener_start,
    .accept = socket_listener_accept,
    .unlisten = socket_listener_stop,
    .connect = socket_stream_connect,
    .run = run,
};

/* Edges and the peer's half-close are what everything here rests on; on Linux that is epoll. */
static struct event_base *make_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config == NULL)
        return NULL;
    if (event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE) == 0 &&
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static void seed(struct sockets *sockets)
{
    ssize_t got = 0;

    sockets->random_state = sockets->options.seed;
    if (sockets->options.seed == 0)
        got = getrandom(&sockets->random_state, sizeof(sockets->random_state), 0);
    check(got >= 0);
}

/* Every stream is a descriptor, and the usual soft limit of 1024 is there for select(2). */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* if it fails, -EMFILE comes earlier */
}

/* What the kernel gives. False with errno; what was taken is left for release_kernel(). */
static bool take_kernel(struct sockets *sockets)
{
    sockets->base = make_base();
    sockets->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (sockets->base == NULL || sockets->alarm < 0)
        return false;
    event_assign(&sockets->alarm_event, sockets->base, sockets->alarm, EV_READ | EV_ET | EV_PERSIST,
                 on_wake, NULL);
    return event_add(&sockets->alarm_event, NULL) == 0;
}

static void release_kernel(struct sockets *sockets)
{
    if (sockets->base != NULL && event_initialized(&sockets->alarm_event))
        event_del(&sockets->alarm_event);
    if (sockets->alarm >= 0)
        close(sockets->alarm);
    if (sockets->base != NULL)
        event_base_free(sockets->base);
}

struct world *sockets_create(const struct sockets_options *options)
{
    struct sockets *sockets = calloc(1, sizeof(*sockets));

    if (sockets == NULL)
        return NULL;
    if (!take_kernel(sockets)) {
        release_kernel(sockets);
        free(sockets);
        return NULL;
    }
    sockets->world.ops = &SOCKETS_OPS;
    sockets->tag = SOCKETS_TAG;
    sockets->options = *options;
    if (sockets->options.streams_max == 0)
        sockets->options.streams_max = SOCKETS_STREAMS_DEFAULT;
    if (sockets->options.query_timeout_ns == 0)
        sockets->options.query_timeout_ns = QUERY_TIMEOUT_NS;
    ready_list_init(&sockets->round);
    ready_list_init(&sockets->ready);
    timer_queue_init(&sockets->timers);
    seed(sockets);
    raise_descriptor_limit();
    return &sockets->world;
}

void sockets_destroy(struct world **world)
{
    struct sockets *sockets;

    if (*world == NULL)
        return;
    sockets = sockets_of(*world);
    check(!sockets->in_upcall);
    for (size_t i = 0; i < SOCKETS_SIGNALS_MAX; i++)
        stop_watch(&sockets->signals[i]);
    socket_query_close_all(sockets);
    socket_datagram_close_all(sockets);
    socket_listener_close_all(sockets);
    socket_stream_end_all(sockets);
    release_kernel(sockets);
    timer_queue_release(&sockets->timers);
    sockets->tag = 0;
    free(sockets);
    *world = NULL;
}

void sockets_count(struct world *world, struct sockets_census *out)
{
    const struct sockets *sockets = sockets_of(world);

    *out = (struct sockets_census){
        .streams = sockets->stream_count,
        .listeners = sockets->listener_count,
        .timers = sockets->timers.count - sockets->pause_count,
        .queries = sockets->query_count,
    };
}
