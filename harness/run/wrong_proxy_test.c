/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/*
 * Proxies that break one rule each, in place of the built-in one: every check of the judge is seen to fail. The wrong
 * proxy below takes the names of proxy/proxy.h, and what it does wrong is said by the scenario's `via`.
 */
#include "harness/run/case_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world/sim/sim.h"

enum {
    BUFFER_BYTES = 256 * 1024, /* a proxy that holds everything */
    ATTEMPTS_MAX = 4,
};

/* ---- a wrong proxy -------------------------------------------------------------------------- */

struct proxy {
    struct world *world;
    struct proxy_settings settings;
    struct listener listener;
    struct address address;
    struct stream client;
    struct stream upstreams[ATTEMPTS_MAX];
    struct timer timer;
    size_t attempts;
    bool connected; /* the last attempt */
    bool request_sent;
    bool client_gone;
    bool done;
    uint8_t request[BUFFER_BYTES];
    size_t request_size;
    uint8_t response[BUFFER_BYTES];
    size_t response_size;
};

static bool does(const struct proxy *proxy, const char *wrong)
{
    return strcmp(proxy->settings.via, wrong) == 0;
}

static struct stream *last_upstream(struct proxy *proxy)
{
    return &proxy->upstreams[proxy->attempts - 1];
}

static void on_upstream(struct stream *stream, unsigned events);

static void dial(struct proxy *proxy, size_t upstream)
{
    struct stream *stream = &proxy->upstreams[proxy->attempts++];
    struct address address;
    check(proxy->attempts <= ATTEMPTS_MAX);
    check(address_parse(proxy->settings.upstreams[upstream].host,
                        proxy->settings.upstreams[upstream].port, &address));
    *stream = (struct stream){.on_event = on_upstream, .owner = proxy};
    proxy->connected = false;
    proxy->request_sent = false;
    check(world_connect(proxy->world, stream, &address) == 0);
}

/* What stands behind the head of a message; 0 where its head is not whole. */
static size_t body_bytes(const uint8_t *message, size_t size)
{
    const uint8_t *end = memmem(message, size, "\r\n\r\n", 4);

    return end != NULL ? size - (size_t)(end + 4 - message) : 0;
}

/* A record as the built-in proxy would leave it, but for what it lies about. */
static void tell(struct proxy *proxy)
{
    struct exchange_record record = {
        .id = 1,
        .status = 200,
        .attempt_count = (unsigned)proxy->attempts,
        .request_body_bytes = body_bytes(proxy->request, proxy->request_size),
        .response_body_bytes = body_bytes(proxy->response, proxy->response_size),
    };
    if (does(proxy, "lies-about-the-request"))
        record.request_body_bytes--;
    if (proxy->response_size > 12)
        record.status = (unsigned)strtoul((const char *)proxy->response + 9, NULL, 10);
    if (does(proxy, "lies-about-the-status"))
        record.status = 503;
    if (does(proxy, "hides-an-attempt"))
        record.attempt_count--;
    if (!does(proxy, "leaves-no-record"))
        proxy->settings.on_record(proxy->settings.owner, &record);
}

static void end_client(struct proxy *proxy, enum stream_end end)
{
    if (stream_in_use(&proxy->client))
        stream_close(&proxy->client, end);
    proxy->done = true;
    tell(proxy);
}

static ssize_t put(struct stream *stream, const void *data, size_t size)
{
    struct iovec piece = {(void *)(uintptr_t)data, size};
    return size == 0 ? 0 : stream_write(stream, &piece, 1);
}

/* The whole response goes down at once, after its upstream has ended it. */
static void answer(struct proxy *proxy)
{
    static const char TWO[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    if (does(proxy, "changes-a-response"))
        proxy->response[proxy->response_size - 1] ^= 1;
    if (does(proxy, "changes-a-status"))
        proxy->response[11] ^= 1;
    if (does(proxy, "answers-twice")) {
        memcpy(proxy->response + proxy->response_size, TWO, sizeof(TWO) - 1);
        proxy->response_size += sizeof(TWO) - 1;
    }
    if (does(proxy, "never-answers"))
        return;
    put(&proxy->client, proxy->response, proxy->response_size);
    if (does(proxy, "keeps-the-client"))
        return;
    end_client(proxy, STREAM_FIN);
}

/* The attempt has failed: what an honest proxy answers with 502 is retried by some of the wrong ones. */
static void judge_failure(struct proxy *proxy)
{
    static const char GONE[] = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
    bool retries = does(proxy, "retries-what-was-sent") || does(proxy, "retries-too-often") ||
                   does(proxy, "mixes-two-attempts");
    size_t limit = does(proxy, "retries-too-often") ? 3 : 2;
    if (!does(proxy, "overlaps"))
        stream_close(last_upstream(proxy), STREAM_FIN);
    if ((retries || does(proxy, "overlaps")) && proxy->attempts < limit) {
        dial(proxy, proxy->attempts % proxy->settings.upstream_count);
        return;
    }
    if (proxy->response_size == 0) {
        memcpy(proxy->response, GONE, sizeof(GONE) - 1);
        proxy->response_size = sizeof(GONE) - 1;
    }
    answer(proxy);
}

static void send_request(struct proxy *proxy)
{
    if (does(proxy, "changes-a-request"))
        proxy->request[proxy->request_size - 1] ^= 1;
    if (does(proxy, "breaks-http"))
        memcpy(memmem(proxy->request, proxy->request_size, "Host", 4), "Most", 4);
    put(last_upstream(proxy), proxy->request, proxy->request_size);
    proxy->request_sent = true;
    stream_want(last_upstream(proxy), STREAM_READ);
}

static void on_upstream(struct stream *stream, unsigned events)
{
    struct proxy *proxy = stream->owner;
    (void)events;
    if (!proxy->connected) {
        if (stream_status(stream) == -EINPROGRESS)
            return;
        proxy->connected = stream_status(stream) == 0;
        if (!proxy->connected)
            judge_failure(proxy);
        else
            stream_want(stream, STREAM_WRITE);
        return;
    }
    if (!proxy->request_sent) {
        send_request(proxy);
        return;
    }
    ssize_t size = stream_read(stream, proxy->response + proxy->response_size,
                               sizeof(proxy->response) / 2 - proxy->response_size);
    if (size == -EAGAIN)
        return;
    if (size > 0) {
        proxy->response_size += (size_t)size;
        return;
    }
    stream_want(stream, 0);
    if (size < 0 || proxy->response_size == 0 || does(proxy, "mixes-two-attempts"))
        judge_failure(proxy);
    else
        answer(proxy);
}

static void on_client(struct stream *stream, unsigned events)
{
    struct proxy *proxy = stream->owner;
    if (does(proxy, "turns-in-circles")) {
        stream_want(stream, STREAM_WRITE);
        return;
    }
    if ((events & STREAM_CLOSED) != 0 && !proxy->client_gone) {
        proxy->client_gone = true;
        if (does(proxy, "dials-for-nobody"))
            dial(proxy, 1);
        if (!does(proxy, "keeps-the-upstream") && proxy->attempts > 0 &&
            stream_in_use(last_upstream(proxy)))
            stream_close(last_upstream(proxy), STREAM_RST);
        end_client(proxy, STREAM_RST);
        return;
    }
    ssize_t size = stream_read(stream, proxy->request + proxy->request_size,
                               sizeof(proxy->request) - proxy->request_size);
    proxy->request_size += size > 0 ? (size_t)size : 0;
    /* Bodies of these scenarios end in a NUL-free pattern; the request is whole when nothing more comes. */
    if (size <= 0 && proxy->request_size > 0 && proxy->attempts == 0) {
        stream_want(stream, STREAM_CLOSED);
        dial(proxy, 0);
    }
}

static void on_pause(struct timer *timer)
{
    struct proxy *proxy = timer->owner;
    if (proxy->attempts == 0 && proxy->request_size > 0 && stream_in_use(&proxy->client)) {
        stream_want(&proxy->client, STREAM_CLOSED);
        dial(proxy, 0);
    }
}

static void on_acceptable(struct listener *listener)
{
    struct proxy *proxy = listener->owner;
    proxy->client = (struct stream){.on_event = on_client, .owner = proxy};
    if (world_accept(proxy->world, listener, &proxy->client) != 0)
        return;
    stream_want(&proxy->client, STREAM_READ | STREAM_CLOSED);
    timer_set(proxy->world, &proxy->timer, world_now(proxy->world) + NS_PER_MS);
}

struct proxy *proxy_create(struct world *world, const struct proxy_settings *settings,
                           const struct proxy_hooks *hooks, int *os_error)
{
    (void)hooks;
    struct proxy *proxy = calloc(1, sizeof(*proxy));
    *os_error = EADDRINUSE;
    if (proxy == NULL || strcmp(settings->via, "cannot-listen") == 0) {
        free(proxy);
        return NULL;
    }
    proxy->world = world;
    proxy->settings = *settings;
    proxy->address = settings->listen;
    proxy->listener = (struct listener){.on_acceptable = on_acceptable, .owner = proxy};
    proxy->timer = (struct timer){.on_time = on_pause, .owner = proxy};
    check(world_listen(world, &proxy->listener, &proxy->address, LISTEN_OPEN, 16) == 0);
    return proxy;
}

struct address proxy_address(const struct proxy *proxy)
{
    return proxy->address;
}

void proxy_census(const struct proxy *proxy, struct proxy_census *out)
{
    *out = (struct proxy_census){.exchanges = !proxy->done && proxy->request_size > 0};
    if (does(proxy, "keeps-the-client") || does(proxy, "never-answers"))
        out->exchanges = 0;
}

void proxy_drain(struct proxy *proxy, void (*on_drained)(void *owner), void *owner)
{
    (void)proxy;
    (void)on_drained;
    (void)owner;
}

void proxy_stop(struct proxy *proxy)
{
    timer_stop(proxy->world, &proxy->timer);
    if (proxy->listener.impl != NULL)
        world_unlisten(proxy->world, &proxy->listener);
    if (stream_in_use(&proxy->client))
        stream_close(&proxy->client, STREAM_FIN);
    for (size_t i = 0; i < proxy->attempts; i++)
        if (stream_in_use(&proxy->upstreams[i]) && !does(proxy, "leaves-a-stream"))
            stream_close(&proxy->upstreams[i], STREAM_FIN);
}

const struct proxy_settings *proxy_settings_now(const struct proxy *proxy)
{
    return &proxy->settings;
}

/* It is made anew for each case. */
bool proxy_restart(struct proxy *proxy, int *os_error)
{
    (void)proxy;
    *os_error = EINVAL;
    return false;
}

void proxy_destroy(struct proxy **proxy)
{
    proxy_stop(*proxy);
    free(*proxy);
    *proxy = NULL;
}

/* ---- what is found out ---------------------------------------------------------------------- */

#define POST "client: [request: {method: POST, path: /pay, body: 11}]\n"
#define A_DIES \
    "upstreams: {a: [[read: request, end: fin]], b: [[read: request, respond: 200, end: fin]]}\n"
#define A_LIVES \
    "upstreams: {a: [[read: request, respond: {status: 200, body: 5}, end: fin]], b: []}\n"

static const struct {
    const char *sentence; /* the test's name */
    const char *via;
    const char *rest;    /* of the scenario */
    const char *finding; /* a part of one of its sentences; NULL: it passes */
    enum verdict verdict;
} ROWS[] = {
    {"an honest answer passes", "honest", POST A_LIVES, NULL, VERDICT_PASS},
    {"an honest failure passes", "honest", POST A_DIES, NULL, VERDICT_PASS},
    {"a POST that reached two upstreams is found", "retries-what-was-sent", POST A_DIES,
     "POST /pay reached upstreams 2 times, expected 1: copy 1 at +", VERDICT_FAIL},
    {"a body changed on its way up is found", "changes-a-request", POST A_LIVES,
     "POST /pay reached a changed: from body byte 10 on", VERDICT_FAIL},
    {"a head changed on its way up is found", "breaks-http", POST A_LIVES,
     "the proxy broke a rule of HTTP to an upstream: ", VERDICT_FAIL},
    {"a body changed on its way down is found", "changes-a-response", POST A_LIVES,
     "the response a.1.1 reached the client changed: from body byte 4 on", VERDICT_FAIL},
    {"a status changed on its way down is found", "changes-a-status", POST A_LIVES,
     "the response a.1.1 reached the client changed: its status is 201 and not 200", VERDICT_FAIL},
    {"a second response is found", "answers-twice", POST A_LIVES,
     "the proxy broke a rule of HTTP to a client: a response that no request asked for",
     VERDICT_FAIL},
    {"one attempt too many is found", "retries-too-often",
     POST "upstreams: {a: {listen: refused}, b: {listen: refused}}\n",
     "3 attempts were made, max_retries allows 2: dialled a at +", VERDICT_FAIL},
    {"two attempts at once are found", "overlaps",
     POST "upstreams: {a: {listen: refused}, b: [[read: request, respond: 200, end: fin]]}\n",
     "two attempts at one request overlap", VERDICT_FAIL},
    {"a response mixed of two attempts is found", "mixes-two-attempts",
     "client: [request: {path: /x}]\n"
     "upstreams: {a: [[read: request, prepare: {body: 5}, send: head, end: fin]],\n"
     "            b: [[read: request, respond: {body: 5}, end: fin]]}\n",
     "the response a.1.1 reached the client changed: from body byte 0 on", VERDICT_FAIL},
    {"a client that is left waiting is found", "never-answers", POST A_LIVES,
     "the client waits for ever: ", VERDICT_FAIL},
    {"an attempt for a client that is gone is found", "dials-for-nobody",
     "client: [prepare: {path: /x}, send: rest, delay: 10ms, end: rst]\n"
     "upstreams: {a: [[read: request, end: stall]], b: []}\n",
     "although the client was gone at +", VERDICT_FAIL},
    {"an upstream connection kept after a cancel is found", "keeps-the-upstream",
     "client: [prepare: {path: /x}, send: rest, delay: 10ms, end: rst]\n"
     "upstreams: {a: [[read: request, end: stall]], b: []}\n",
     "the proxy kept connection 1 to a open although its exchange had not ended", VERDICT_FAIL},
    {"a stream left behind is found", "leaves-a-stream", POST A_LIVES,
     "the proxy had been stopped and still had 1 streams", VERDICT_FAIL},
    {"a record with another status is found", "lies-about-the-status", POST A_LIVES,
     "the record of POST /pay says status 503, its client got 200", VERDICT_FAIL},
    {"a record with fewer bytes of a body is found", "lies-about-the-request", POST A_LIVES,
     "the record of POST /pay says that 10 body bytes were read from its client, all of its 11",
     VERDICT_FAIL},
    {"an attempt that no record tells of is found", "hides-an-attempt", POST A_LIVES,
     "the records tell of 0 attempts that dialled, the seam saw 1", VERDICT_FAIL},
    {"a proxy that cannot listen is a setup that failed", "cannot-listen", POST A_LIVES,
     "the proxy could not listen: Address already in use", VERDICT_SETUP_FAILED},
    {"a case past its time is an error that says who waits", "keeps-the-client",
     "time_limit: 5ms\n" POST
     "upstreams: {a: [[delay: 1s, read: request, respond: 200, end: fin]], b: []}\n",
     "the case was not over after 5 ms of virtual time", VERDICT_ERROR},
    {"a proxy that turns in circles is found", "turns-in-circles", POST A_LIVES,
     "somebody turns in circles: there were ", VERDICT_ERROR},
    /* Expectations, one of each kind. */
    {"attempts are compared", "honest", POST A_LIVES "expect: {attempts: 2}\n",
     "upstreams were tried 1 time, expected 2: dialled a at +", VERDICT_FAIL},
    {"deliveries are compared", "honest", POST A_LIVES "expect: {delivered: {a: 0}}\n",
     "upstream a: requests that reached it whole: 1, expected 0: POST /pay at +", VERDICT_FAIL},
    {"a status is compared", "honest", POST A_DIES "expect: {client: {status: 200}}\n",
     "the client got 502, expected 200", VERDICT_FAIL},
    {"no response is compared", "honest", POST A_DIES "expect: {client: {status: none}}\n",
     "the client got 502, expected no byte of a response", VERDICT_FAIL},
    {"who made the response is compared", "honest", POST A_LIVES "expect: {client: {from: b}}\n",
     "the client got a response made by a, expected by b", VERDICT_FAIL},
    {"completeness is compared", "honest", POST A_LIVES "expect: {client: {complete: false}}\n",
     "the client got a complete response, expected one that is cut", VERDICT_FAIL},
    {"how a connection ends is compared", "honest",
     POST A_LIVES "expect: {client: {closed: rst}}\n",
     "the client saw its connection fin, expected rst", VERDICT_FAIL},
    {"body bytes are compared", "honest", POST A_LIVES "expect: {client: {body: 4}}\n",
     "the client got 5 body bytes, expected 4", VERDICT_FAIL},
    {"fields of a response are compared", "honest",
     POST A_LIVES "expect: {client: {headers: {X-Missing: 1}}}\n",
     "the client has no field 'X-Missing', expected '1'", VERDICT_FAIL},
    {"absent fields are compared", "honest",
     POST A_LIVES "expect: {client: {absent: [X-Attempt]}}\n",
     "the client has the field 'X-Attempt: a.1.1', expected none of that name", VERDICT_FAIL},
    {"the word of Proxy-Status is compared", "honest",
     POST A_LIVES "expect: {client: {error: UPSTREAM_TIMEOUT}}\n",
     "Proxy-Status says details='', expected 'UPSTREAM_TIMEOUT'", VERDICT_FAIL},
    {"a received body is compared", "honest",
     POST A_LIVES
     "expect: {received: {a: {body: 12, method: PUT, target: /y, framing: chunked}}}\n",
     "the last request at a has 11 body bytes, expected 12", VERDICT_FAIL},
    {"a request that never came is told", "honest",
     POST A_LIVES "expect: {received: {b: {body: same}}}\n",
     "upstream b received no request, expected one", VERDICT_FAIL},
    {"what was held is compared", "honest",
     "client: [request: {method: POST, path: /x, body: 65536}]\n" A_LIVES "expect: {held: 1KiB}\n",
     "the proxy held 65", VERDICT_FAIL},
    {"too late is told", "honest",
     POST "upstreams: {a: [[read: request, delay: 50ms, respond: 200, end: fin]], b: []}\n"
          "expect: {within: 40ms}\n",
     "expected within 40 ms", VERDICT_FAIL},
    {"too early is told", "honest", POST A_LIVES "expect: {after: 50ms}\n",
     "expected not before 50 ms", VERDICT_FAIL},
    {"a missing record is told", "leaves-no-record",
     POST A_LIVES "expect: {record: {attempts: 1}}\n", "the proxy left no record of an exchange",
     VERDICT_FAIL},
    {"a record's words are compared", "honest", POST A_LIVES "expect: {record: {stage: dial}}\n",
     "the record says stage route, expected dial", VERDICT_FAIL},
};

struct place {
    struct world *world;
    struct region region;
    struct case_run *run;
    struct scenario scenario;
};

static struct place place;

static int set_up_place(void **state)
{
    const struct sim_options options = {.seed = 1};
    (void)state;
    region_init(&place.region, SCENARIO_BYTES_MAX);
    place.world = sim_create(&options);
    assert_non_null(place.world);
    place.run = case_run_create(place.world, WORLD_SIM);
    assert_non_null(place.run);
    return 0;
}

static int tear_down_place(void **state)
{
    (void)state;
    case_run_destroy(&place.run);
    sim_destroy(&place.world);
    region_release(&place.region);
    return 0;
}

static void read_row(size_t row)
{
    struct scenario_file file;
    struct yaml_error error = {{0}};
    bool expects = strstr(ROWS[row].rest, "expect:") != NULL;
    const char *text = region_format(&place.region, "name: n\nstage: dial\nproxy: {via: %s}\n%s%s",
                                     ROWS[row].via, ROWS[row].rest, expects ? "" : "expect: {}\n");
    if (!scenario_file_parse(&file, &place.region, bytes_of(text), "f", &error) ||
        scenario_read(&place.scenario, &file, 0, &place.region, &error) != SCENARIO_READ)
        fail_msg("%s", error.sentence);
}

static void a_broken_rule_is_found(void **state)
{
    size_t row = (size_t)(uintptr_t)*state;
    struct case_outcome outcome;
    region_reset(&place.region);
    read_row(row);
    case_run_play(place.run, &place.scenario, 1);
    case_run_judge(place.run, &outcome);
    bool found = ROWS[row].finding == NULL;
    for (size_t i = 0; i < outcome.sentence_count; i++)
        found = found || strstr(outcome.sentences[i], ROWS[row].finding) != NULL;
    bool right = found && outcome.verdict == ROWS[row].verdict;
    for (size_t i = 0; i < outcome.sentence_count && !right; i++)
        print_error("- %s\n", outcome.sentences[i]);
    for (size_t i = 0; i < outcome.story_count && !right; i++)
        print_error("  %s\n", outcome.story[i]);
    case_run_reset(place.run);
    if (!right)
        fail_msg("verdict %s, expected %s with: %s", verdict_word(outcome.verdict),
                 verdict_word(ROWS[row].verdict),
                 ROWS[row].finding != NULL ? ROWS[row].finding : "nothing");
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                       .test_func = a_broken_rule_is_found,
                                       .initial_state = (void *)(uintptr_t)i};
    return cmocka_run_group_tests(tests, set_up_place, tear_down_place);
}
