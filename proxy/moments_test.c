/*
 * An exchange whose hooks all wait, each at every other call, is met by whatever can happen to it from outside, after each
 * single step of its story; and a hook of it, each in its turn, is never resumed, or fails.
 *
 * Whatever comes of it: the proxy comes to rest, nothing is left, a POST goes up once, and of each exchange that began its
 * hooks are told of the end once.
 */
#include "proxy/proxy_rig.h"

enum {
    PLAY_STEPS_MAX =
        400, /* the longest story has 133 steps; one with thrice as many does not end */
    PLAY_TURNS_MAX = 100, /* the same of the turns of its hooks, which are 26 */
    SEGMENT_BYTES = 7,    /* pieces that end within a start line, a field and a chunk */
};

/* What happens to an exchange from outside. */
enum incident {
    INCIDENT_NONE,
    INCIDENT_CLIENT_RESETS,
    INCIDENT_CLIENT_CLOSES,
    INCIDENT_UPSTREAM_RESETS,
    INCIDENT_DRAIN,
    INCIDENT_DESTROY,
    INCIDENT_RESUME,
};

/* One test: the row's sentence is its name. */
struct row {
    const char *name;
    enum incident incident;
    enum retry_wish wish; /* of the hooks that are asked for one */
    bool never_resumed;   /* what becomes of each turn: it is never resumed, or it fails */
};

static const struct row INCIDENTS[] = {
    {"the client resets its connection at any moment", INCIDENT_CLIENT_RESETS, RETRY_AGAIN, false},
    {"the client closes its connection at any moment", INCIDENT_CLIENT_CLOSES, RETRY_AGAIN, false},
    {"the upstream resets its connections at any moment", INCIDENT_UPSTREAM_RESETS, RETRY_AGAIN,
     false},
    {"the proxy is drained at any moment", INCIDENT_DRAIN, RETRY_AGAIN, false},
    {"the proxy is destroyed at any moment", INCIDENT_DESTROY, RETRY_AGAIN, false},
    {"a resume comes that nobody waits for, at any moment", INCIDENT_RESUME, RETRY_AGAIN, false},
};

static const struct row TURNS[] = {
    {"each hook in turn is never resumed, and the policy decides", INCIDENT_NONE, RETRY_LEAVE,
     true},
    {"each hook in turn is never resumed, and hooks ask for a retry", INCIDENT_NONE, RETRY_AGAIN,
     true},
    {"each hook in turn is never resumed, and hooks refuse a retry", INCIDENT_NONE, RETRY_NEVER,
     true},
    {"each hook in turn fails, and the policy decides", INCIDENT_NONE, RETRY_LEAVE, false},
    {"each hook in turn fails, and hooks ask for a retry", INCIDENT_NONE, RETRY_AGAIN, false},
    {"each hook in turn fails, and hooks refuse a retry", INCIDENT_NONE, RETRY_NEVER, false},
};

#define OK_LENGTH "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"
#define OK_CHUNKED                                                                \
    "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" \
    "\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\nX-T: 1\r\n\r\n"
#define UNAVAILABLE "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno"

#define CHUNKED_POST                                                    \
    "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" \
    "5\r\nabcde\r\n7\r\nfghijkl\r\n0\r\nX-T: 1\r\n\r\n"

static const struct rig_script SCRIPTS[] = {
    {{{.text = OK_LENGTH}}, 1},
    {{{.text = OK_CHUNKED}}, 1},
    {{{.end = RIG_RST}, {.end = RIG_FIN}, {.text = OK_CHUNKED}}, 3},
    {{{.text = UNAVAILABLE}, {.text = OK_LENGTH}}, 2},
    {{{.text = UNAVAILABLE}, {.text = NULL}}, 2},
    {{{"HTTP/1.1 200 OK\r\n\r\nabcdef", RIG_FIN}}, 1},
    {{{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123", RIG_FIN}}, 1},
    {{{.text = "HTTP/1.1 100 Continue\r\n\r\n"}}, 1},
};

static const char *const REQUESTS[] = {
    RIG_GET,
    "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nabcdefghijkl",
    CHUNKED_POST,
    "PUT /1 HTTP/1.0\r\nHost: a\r\nContent-Length: 12\r\n\r\nabcdefghijkl",
    "PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nzz\r\n",
};

struct play {
    const struct row *row;
    size_t script;
    size_t request;
    uint64_t steps; /* after which the incident comes */
    unsigned turn;  /* of the hook that it is about, from 1; 0: none */
};

struct story {
    struct rig rig;
    const struct play *play;
    struct exchange *live; /* NULL behind its logging */
    unsigned begun;        /* exchanges, as their hooks see them */
    unsigned logged;
    unsigned waits;
    unsigned passes;
    bool drained;
};

/* ---- hooks --------------------------------------------------------------------------------------- */

/* What one exchange's hooks remember. */
struct context {
    struct timer timer;
    struct exchange *exchange;
    bool begun;
    bool waiting;
    bool explaining;
};

static void on_due(struct timer *timer)
{
    struct context *context = timer->owner;

    exchange_resume(context->exchange);
}

static struct context *context_of(struct exchange *exchange)
{
    struct context *context = exchange_context(exchange);
    struct story *story = exchange_owner(exchange);

    if (!context->begun) {
        context->begun = true;
        context->exchange = exchange;
        context->timer = (struct timer){.on_time = on_due, .owner = context};
        story->begun++;
    }
    story->live = exchange;
    return context;
}

static bool fails_now(struct story *story)
{
    return ++story->passes == story->play->turn && !story->play->row->never_resumed;
}

static enum hook_answer begin_waiting(struct story *story, struct context *context)
{
    struct world *world = story->rig.world;

    context->waiting = true;
    if (++story->waits != story->play->turn || !story->play->row->never_resumed)
        timer_set(world, &context->timer, world_now(world) + 10 * NS_PER_MS);
    return HOOK_WAIT;
}

static enum hook_answer wait_once(struct exchange *exchange)
{
    struct story *story = exchange_owner(exchange);
    struct context *context = context_of(exchange);

    if (!context->waiting)
        return begin_waiting(story, context);
    if (timer_is_set(&context->timer)) /* a resume that was nobody's */
        return HOOK_WAIT;
    context->waiting = false;
    return fails_now(story) ? exchange_fail(exchange, 503) : HOOK_CONTINUE;
}

/* Whatever a hook waited for is not waited for any more. */
static void stop_waiting(struct exchange *exchange)
{
    struct context *context = exchange_context(exchange);

    if (context->begun)
        timer_stop(exchange_world(exchange), &context->timer);
    context->waiting = false;
}

static enum hook_answer on_first_head(struct exchange *exchange, struct head *head)
{
    enum hook_answer answer = wait_once(exchange);

    (void)head;
    exchange_change_request_length(exchange);
    exchange_change_response_length(exchange);
    return answer;
}

static enum hook_answer on_head(struct exchange *exchange, struct head *head)
{
    (void)head;
    return wait_once(exchange);
}

static enum hook_answer on_peer(struct exchange *exchange, struct proxy_peer *peer)
{
    (void)peer;
    return wait_once(exchange);
}

/* By turns: waits, slowly passes on the half, passes on all. */
static enum hook_answer on_body(struct exchange *exchange, struct body_piece *piece)
{
    struct story *story = exchange_owner(exchange);

    if (fails_now(story))
        return exchange_fail(exchange, 503);
    if (story->passes % 3 == 0) {
        exchange_resume(exchange);
        return HOOK_WAIT;
    }
    if (story->passes % 3 == 1 && !piece->end && piece->in.size > 2) {
        piece->taken = piece->out_size = piece->in.size / 2;
        memcpy(piece->out, piece->in.data, piece->taken);
        piece->delay_ns = 5 * NS_PER_MS;
        return HOOK_CONTINUE;
    }
    body_piece_pass(piece);
    return HOOK_CONTINUE;
}

static enum retry_wish on_failure(struct exchange *exchange, const struct failure *failure)
{
    struct story *story = exchange_owner(exchange);

    (void)failure;
    stop_waiting(exchange);
    return story->play->row->wish;
}

static enum retry_wish on_decision(struct exchange *exchange, const struct head *head)
{
    struct story *story = exchange_owner(exchange);

    if (wait_once(exchange) == HOOK_WAIT)
        return RETRY_WAIT;
    return head->status == 503 ? story->play->row->wish : RETRY_LEAVE;
}

static enum hook_answer on_end(struct exchange *exchange, const struct failure *failure)
{
    const struct proxy_answer teapot = {.status = 418, .body = bytes_of("teapot")};
    struct context *context = context_of(exchange);

    (void)failure;
    if (!context->explaining)
        stop_waiting(exchange);
    context->explaining = true;
    if (wait_once(exchange) == HOOK_WAIT)
        return HOOK_WAIT;
    return exchange_can_respond(exchange) ? exchange_respond(exchange, &teapot) : HOOK_CONTINUE;
}

static void on_logging(struct exchange *exchange, const struct exchange_record *record)
{
    struct story *story = exchange_owner(exchange);

    (void)record;
    stop_waiting(exchange);
    exchange_resume(exchange);
    story->live = NULL;
    story->logged++;
}

static const struct proxy_hooks HOOKS = {
    .context_bytes = sizeof(struct context),
    .early_request_filter = on_first_head,
    .request_filter = on_head,
    .proxy_upstream_filter = on_head,
    .upstream_peer = on_peer,
    .connected_to_upstream = wait_once,
    .upstream_request_filter = on_head,
    .request_body_filter = on_body,
    .upstream_response_filter = on_head,
    .upstream_response_decision = on_decision,
    .response_filter = on_head,
    .upstream_response_body_filter = on_body,
    .response_body_filter = on_body,
    .upstream_response_trailer_filter = on_head,
    .response_trailer_filter = on_head,
    .fail_to_connect = on_failure,
    .error_while_proxy = on_failure,
    .fail_to_proxy = on_end,
    .logging = on_logging,
};

/* ---- a play -------------------------------------------------------------------------------------- */

static void expect(const struct play *play, bool holds, const char *what)
{
    if (!holds)
        fail_msg("script %zu, request %zu, after %llu steps, turn %u: %s", play->script,
                 play->request, (unsigned long long)play->steps, play->turn, what);
}

/* Every other play has no back-off, and every other request comes in small pieces. */
static void set_up(struct story *story, const struct play *play)
{
    struct proxy_settings *settings = &story->rig.settings;
    bool in_pieces = (play->request % 2 == 0) == (play->turn == 0);

    *story = (struct story){.play = play};
    rig_init(&story->rig, in_pieces ? SEGMENT_BYTES : 0);
    story->rig.script = SCRIPTS[play->script];
    story->rig.client_says = REQUESTS[play->request];
    settings->idle_timeout_ns = NS_PER_S;
    settings->response_timeout_ns = NS_PER_S;
    settings->retry.policy = RETRY_IDEMPOTENT;
    settings->retry.retries_max = 2;
    settings->retry.replay_bytes = RIG_READ_BYTES;
    settings->retry.budget =
        (struct budget_settings){.limited = true, .share_percent = 20, .floor = 1};
    settings->retry.backoff = (struct backoff_settings){
        .base_ns = play->steps % 2 == 0 ? 0 : 5 * NS_PER_MS, .max_ns = 10 * NS_PER_MS};
    story->rig.hooks = HOOKS;
    story->rig.hooks.owner = story;
}

static void on_drained(void *owner)
{
    struct story *story = owner;

    story->drained = true;
}

static void meet(struct story *story)
{
    struct rig *rig = &story->rig;

    switch (story->play->row->incident) {
    case INCIDENT_CLIENT_RESETS:
        if (stream_in_use(&rig->client))
            stream_close(&rig->client, STREAM_RST);
        return;
    case INCIDENT_CLIENT_CLOSES:
        if (stream_in_use(&rig->client))
            stream_close(&rig->client, STREAM_FIN);
        return;
    case INCIDENT_UPSTREAM_RESETS:
        rig_close_peers(rig, STREAM_RST);
        return;
    case INCIDENT_DRAIN:
        proxy_drain(rig->proxy, on_drained, story);
        return;
    case INCIDENT_DESTROY:
        proxy_destroy(&rig->proxy);
        return;
    case INCIDENT_RESUME:
        if (story->live != NULL)
            exchange_resume(story->live);
        return;
    case INCIDENT_NONE:
    default:
        return;
    }
}

/* An exchange whose head is refused has no hook before logging, and none begins in it. */
static void expect_rest(struct story *story)
{
    const struct play *play = story->play;
    struct rig *rig = &story->rig;
    struct proxy_census census;

    if (rig->proxy != NULL) {
        proxy_census(rig->proxy, &census);
        expect(play, census.exchanges == 0, "an exchange is left");
        expect(play, census.upstream_active == 0, "a connection is left in use");
        expect(play, census.body_bytes_held == 0, "bytes are left");
        expect(play, story->drained == (play->row->incident == INCIDENT_DRAIN), "it has drained");
        proxy_destroy(&rig->proxy);
    }
    expect(play, story->begun <= story->logged, "logging did not come");
    expect(play, story->logged == rig->records, "logging came as often as records");
    expect(play, rig_requests_like(rig, "POST ") <= 1, "a POST went up twice");
}

/* False when the story had come to its end before that of which the play is. */
static bool play_on(const struct play *play)
{
    struct story story;
    bool over;
    unsigned turns;

    set_up(&story, play);
    rig_start(&story.rig);
    over = world_run(story.rig.world, play->steps, TIME_NEVER) == RUN_QUIESCENT;
    meet(&story);
    expect(play, rig_run(&story.rig, RIG_LONG_NS) != RUN_STEPS, "it spins");
    expect_rest(&story);
    rig_release(&story.rig);
    turns = play->row->never_resumed ? story.waits : story.passes;
    return play->turn > 0 ? play->turn <= turns : !over;
}

/* ---- all plays ----------------------------------------------------------------------------------- */

static void meets_each_step(struct play *play)
{
    for (play->steps = 1; play_on(play); play->steps++)
        expect(play, play->steps < PLAY_STEPS_MAX, "the story does not end");
}

static void meets_each_turn(struct play *play)
{
    play->steps = 1;
    for (play->turn = 1; play_on(play); play->turn++)
        expect(play, play->turn < PLAY_TURNS_MAX, "the hooks do not come to an end");
}

static void plays(void **state)
{
    const struct row *row = *state;

    for (size_t script = 0; script < COUNT_OF(SCRIPTS); script++)
        for (size_t request = 0; request < COUNT_OF(REQUESTS); request++) {
            struct play play = {.row = row, .script = script, .request = request};

            if (row->incident == INCIDENT_NONE)
                meets_each_turn(&play);
            else
                meets_each_step(&play);
        }
}

static struct CMUnitTest test_of(const struct row *row)
{
    return (struct CMUnitTest){
        .name = row->name, .test_func = plays, .initial_state = (void *)(uintptr_t)row};
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(INCIDENTS) + COUNT_OF(TURNS)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(INCIDENTS); i++)
        tests[count++] = test_of(&INCIDENTS[i]);
    for (size_t i = 0; i < COUNT_OF(TURNS); i++)
        tests[count++] = test_of(&TURNS[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
