/*
 * No hook needs another: a proxy that has all but one, and a proxy that has just that one, serve their clients as a proxy
 * without hooks does. Each hook waits once before it lets its exchange go on, where it may wait.
 */
#include "proxy/proxy_rig.h"

#define HEAD_HOOK_LIST(X)               \
    X(early_request_filter)             \
    X(request_filter)                   \
    X(proxy_upstream_filter)            \
    X(upstream_request_filter)          \
    X(upstream_response_filter)         \
    X(response_filter)                  \
    X(upstream_response_trailer_filter) \
    X(response_trailer_filter)
#define BODY_HOOK_LIST(X)            \
    X(request_body_filter)           \
    X(upstream_response_body_filter) \
    X(response_body_filter)
#define FAILURE_HOOK_LIST(X) \
    X(fail_to_connect)       \
    X(error_while_proxy)
#define OTHER_HOOK_LIST(X)        \
    X(upstream_peer)              \
    X(connected_to_upstream)      \
    X(upstream_response_decision) \
    X(fail_to_proxy)              \
    X(suppress_error_log)         \
    X(request_summary)            \
    X(logging)
#define HOOK_LIST(X)     \
    HEAD_HOOK_LIST(X)    \
    BODY_HOOK_LIST(X)    \
    FAILURE_HOOK_LIST(X) \
    OTHER_HOOK_LIST(X)

enum hook {
#define HOOK_ENUM(name) HOOK_##name,
    HOOK_LIST(HOOK_ENUM)
#undef HOOK_ENUM
        HOOK_COUNT
};

_Static_assert(sizeof(struct proxy_hooks) == offsetof(struct proxy_hooks, early_request_filter) +
                                                 HOOK_COUNT * sizeof(exchange_hook *),
               "the list has every hook there is");

/* A request and a response with whatever a hook can be about. */
#define CHUNKED_PUT                                                    \
    "PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" \
    "5\r\nabcde\r\n0\r\n\r\n"
#define CHUNKED_OK                                                          \
    "HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n" \
    "5\r\n01234\r\n0\r\nX-T: 1\r\n\r\n"

struct play {
    const char *name;
    uint32_t refused; /* dials, from the first */
    struct rig_script script;
    unsigned status; /* that the client gets */
    unsigned attempts;
};

static const struct play PLAYS[] = {
    {"a success", 0, {{{.text = CHUNKED_OK}}, 1}, 200, 1},
    {"a connect failure, then a success", 1, {{{.text = CHUNKED_OK}}, 1}, 200, 2},
    {"a reset behind the request, then a success",
     0,
     {{{.end = RIG_RST}, {.text = CHUNKED_OK}}, 2},
     200,
     2},
    {"a 503, then a success",
     0,
     {{{.text = "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno"}, {.text = CHUNKED_OK}}, 2},
     200,
     2},
    {"connect failures for good", SIM_EVERY_DIAL, {{{.text = NULL}}, 1}, 502, 2},
    {"resets behind the request for good", 0, {{{.end = RIG_RST}}, 1}, 502, 2},
};

/* What the client of a play gets, and how often each hook was called in it. */
struct outcome {
    char answer[RIG_READ_BYTES];
    bool client_ended;
    struct exchange_record record;
    unsigned calls[HOOK_COUNT];
};

/* ---- hooks --------------------------------------------------------------------------------------- */

struct context {
    bool has_waited[HOOK_COUNT];
};

static void count(struct exchange *exchange, enum hook hook)
{
    struct outcome *outcome = exchange_owner(exchange);

    outcome->calls[hook]++;
}

/* Every other time; the resume is on its way before the proxy knows that it is waited for. */
static enum hook_answer wait_once(struct exchange *exchange, enum hook hook)
{
    struct context *context = exchange_context(exchange);

    count(exchange, hook);
    context->has_waited[hook] = !context->has_waited[hook];
    if (!context->has_waited[hook])
        return HOOK_CONTINUE;
    exchange_resume(exchange);
    return HOOK_WAIT;
}

#define HEAD_HOOK(name)                                                             \
    static enum hook_answer on_##name(struct exchange *exchange, struct head *head) \
    {                                                                               \
        (void)head;                                                                 \
        return wait_once(exchange, HOOK_##name);                                    \
    }
HEAD_HOOK_LIST(HEAD_HOOK)
#undef HEAD_HOOK

#define BODY_HOOK(name)                                                                    \
    static enum hook_answer on_##name(struct exchange *exchange, struct body_piece *piece) \
    {                                                                                      \
        enum hook_answer answer = wait_once(exchange, HOOK_##name);                        \
                                                                                           \
        if (answer == HOOK_CONTINUE)                                                       \
            body_piece_pass(piece);                                                        \
        return answer;                                                                     \
    }
BODY_HOOK_LIST(BODY_HOOK)
#undef BODY_HOOK

#define FAILURE_HOOK(name)                                                                     \
    static enum retry_wish on_##name(struct exchange *exchange, const struct failure *failure) \
    {                                                                                          \
        (void)failure;                                                                         \
        count(exchange, HOOK_##name);                                                          \
        return RETRY_LEAVE;                                                                    \
    }
FAILURE_HOOK_LIST(FAILURE_HOOK)
#undef FAILURE_HOOK

static enum hook_answer on_upstream_peer(struct exchange *exchange, struct proxy_peer *peer)
{
    (void)peer;
    return wait_once(exchange, HOOK_upstream_peer);
}

static enum hook_answer on_connected_to_upstream(struct exchange *exchange)
{
    return wait_once(exchange, HOOK_connected_to_upstream);
}

static enum retry_wish on_upstream_response_decision(struct exchange *exchange,
                                                     const struct head *head)
{
    (void)head;
    return wait_once(exchange, HOOK_upstream_response_decision) == HOOK_WAIT ? RETRY_WAIT
                                                                             : RETRY_LEAVE;
}

static enum hook_answer on_fail_to_proxy(struct exchange *exchange, const struct failure *failure)
{
    (void)failure;
    return wait_once(exchange, HOOK_fail_to_proxy);
}

static bool on_suppress_error_log(struct exchange *exchange, const struct failure *failure)
{
    (void)failure;
    count(exchange, HOOK_suppress_error_log);
    return false;
}

static void on_request_summary(struct exchange *exchange, char summary[SUMMARY_BYTES])
{
    count(exchange, HOOK_request_summary);
    summary[0] = '\0';
}

static void on_logging(struct exchange *exchange, const struct exchange_record *record)
{
    (void)record;
    count(exchange, HOOK_logging);
}

/* The one hook, or all others. */
static struct proxy_hooks hooks_with(enum hook hook, bool alone)
{
    struct proxy_hooks hooks = {.context_bytes = sizeof(struct context)};

#define HOOK_SET(name)                  \
    if ((hook == HOOK_##name) == alone) \
        hooks.name = on_##name;
    HOOK_LIST(HOOK_SET)
#undef HOOK_SET
    return hooks;
}

/* ---- plays --------------------------------------------------------------------------------------- */

static void expect_equal(const struct play *play, const char *what, uint64_t is, uint64_t should)
{
    if (is != should)
        fail_msg("%s: %s is %llu and should be %llu", play->name, what, (unsigned long long)is,
                 (unsigned long long)should);
}

static void play_with(const struct play *play, const struct proxy_hooks *hooks,
                      struct outcome *outcome)
{
    struct rig rig;

    rig_init(&rig, 0);
    rig.settings.retry.policy = RETRY_IDEMPOTENT;
    rig.settings.retry.replay_bytes = REPLAY_BYTES_DEFAULT;
    assert_true(status_set_add(&rig.settings.retry.on_status, 503));
    rig.script = play->script;
    rig.client_says = CHUNKED_PUT;
    rig.hooks = *hooks;
    rig.hooks.owner = outcome;
    sim_listener_fail_first(&rig.listener, play->refused, SIM_DIAL_REFUSED);
    rig_start(&rig);
    rig_run(&rig, NS_PER_S);
    expect_equal(play, "the number of records", rig.records, 1);
    expect_equal(play, "the status", rig.record.status, play->status);
    expect_equal(play, "the number of attempts", rig.record.attempt_count, play->attempts);
    memcpy(outcome->answer, rig.answer, sizeof(rig.answer));
    outcome->client_ended = rig.client_ended;
    outcome->record = rig.record;
    rig_release(&rig);
}

static void expect_same(const struct play *play, const struct outcome *outcome,
                        const struct outcome *bare)
{
    const struct exchange_record *is = &outcome->record;
    const struct exchange_record *should = &bare->record;

    if (strcmp(outcome->answer, bare->answer) != 0)
        fail_msg("%s: the client gets\n%s\nand without hooks\n%s", play->name, outcome->answer,
                 bare->answer);
    expect_equal(play, "the client's end", outcome->client_ended, bare->client_ended);
    expect_equal(play, "the stage", is->failure.stage, should->failure.stage);
    expect_equal(play, "the cause", is->failure.cause, should->failure.cause);
    expect_equal(play, "the request", is->request_body_bytes, should->request_body_bytes);
    expect_equal(play, "the response", is->response_body_bytes, should->response_body_bytes);
}

/* In one play or another each hook that is there is called, and none that is not. */
static void expect_calls(const struct outcome *outcome, enum hook hook, bool alone)
{
    static const char *const words[] = {
#define HOOK_WORD(name) #name,
        HOOK_LIST(HOOK_WORD)
#undef HOOK_WORD
    };

    for (unsigned i = 0; i < HOOK_COUNT; i++)
        if ((outcome->calls[i] > 0) != ((i == hook) == alone))
            fail_msg("%s was called %u times", words[i], outcome->calls[i]);
}

static void plays_as_without_hooks(enum hook hook, bool alone)
{
    const struct proxy_hooks hooks = hooks_with(hook, alone);
    const struct proxy_hooks none = {.owner = NULL};
    struct outcome outcome = {.client_ended = false};

    for (size_t i = 0; i < COUNT_OF(PLAYS); i++) {
        struct outcome bare;

        play_with(&PLAYS[i], &none, &bare);
        play_with(&PLAYS[i], &hooks, &outcome);
        expect_same(&PLAYS[i], &outcome, &bare);
    }
    expect_calls(&outcome, hook, alone);
}

static void one_is_enough(void **state)
{
    plays_as_without_hooks((enum hook)(uintptr_t)*state, true);
}

static void none_is_missed(void **state)
{
    plays_as_without_hooks((enum hook)(uintptr_t)*state, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define HOOK_TESTS(name)                                                      \
    {"a proxy may have no hook but " #name, one_is_enough, NULL, NULL,        \
     (void *)(uintptr_t)HOOK_##name},                                         \
        {"a proxy may have all hooks but " #name, none_is_missed, NULL, NULL, \
         (void *)(uintptr_t)HOOK_##name},
        HOOK_LIST(HOOK_TESTS)
#undef HOOK_TESTS
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
