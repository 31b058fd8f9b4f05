/*
 * For tests: six runs of an example suite, which show each kind of cell, text that a peer might have made up, and numbers
 * that a file rounds.
 */
#ifndef REPORTS_SUBJECTS_COMPARISON_RIG_H
#define REPORTS_SUBJECTS_COMPARISON_RIG_H

#include <string.h>

#include "reports/subjects/comparison.h"
#include "world/base/check.h"

enum { RIG_COLUMNS = 6, RIG_CASES = 19 };

#define RIG_HOSTILE "<b>&|\"x\"</b> \x1b[31m \xff t\xc3\xa4glich"

/* How a case goes. */
struct rig_ways {
    const struct observation *ways;
    size_t count;
};

#define RIG_TEXTS(...)                               \
    .sentences = (const char *const[]){__VA_ARGS__}, \
    .sentence_count = COUNT_OF(((const char *const[]){__VA_ARGS__}))
#define RIG_UPSTREAMS(a_attempts, a_whole, b_attempts, b_whole)   \
    .upstreams = {{"a", a_attempts, a_whole, 11 * (a_attempts)},  \
                  {"b", b_attempts, b_whole, 11 * (b_attempts)}}, \
    .upstream_count = 2
#define RIG_PASS .verdict = VERDICT_PASS, .level = LEVEL_INFO, .times = 1

static const struct observation RIG_NEXT[] = {
    {RIG_PASS, .client = "200", RIG_UPSTREAMS(0, 0, 1, 1), .body = OBSERVED_BODY_SAME}};
static const struct observation RIG_ONCE[] = {
    {RIG_PASS, .client = "502", RIG_UPSTREAMS(1, 1, 0, 0), .body = OBSERVED_BODY_SAME}};
static const struct observation RIG_LATE[] = {{RIG_PASS, .client = "504", RIG_UPSTREAMS(1, 0, 0, 0),
                                               .body = OBSERVED_BODY_PART, .seconds = 1}};
static const struct observation RIG_TWICE[] = {
    {RIG_PASS, .client = "200", RIG_UPSTREAMS(1, 1, 1, 1), .body = OBSERVED_BODY_SAME,
     .harms = HARM_BIT(HARM_DELIVERED_TWICE_IDEMPOTENT)}};
static const struct observation RIG_TWICE_POST[] = {
    {.verdict = VERDICT_FAIL,
     .level = LEVEL_MUST,
     .times = 1,
     .client = "200",
     RIG_UPSTREAMS(1, 1, 1, 1),
     .body = OBSERVED_BODY_SAME,
     .harms = HARM_BIT(HARM_DELIVERED_TWICE) | HARM_BIT(HARM_SENT_AGAIN),
     RIG_TEXTS("must, RFC 9110 9.2.2: POST /pay reached upstreams whole 2 times: a, then b",
               "delivered twice, not idempotent: POST /pay reached a and b whole")}};
static const struct observation RIG_RACY[] = {
    {.verdict = VERDICT_FAIL,
     .level = LEVEL_MUST,
     .times = 97,
     .client = "200",
     RIG_UPSTREAMS(1, 1, 1, 1),
     .body = OBSERVED_BODY_SAME,
     .harms = HARM_BIT(HARM_DELIVERED_TWICE),
     RIG_TEXTS("must, RFC 9110 9.2.2: POST /pay reached upstreams whole 2 times: a, then b")},
    {.verdict = VERDICT_PASS,
     .level = LEVEL_INFO,
     .times = 3,
     .client = "502",
     RIG_UPSTREAMS(1, 1, 0, 0),
     .body = OBSERVED_BODY_SAME}};
static const struct observation RIG_ADVISED[] = {
    {.verdict = VERDICT_FAIL,
     .level = LEVEL_SHOULD,
     .times = 1,
     .client = "502",
     RIG_UPSTREAMS(0, 0, 0, 0),
     RIG_TEXTS("should: an attempt that was refused can be made elsewhere, and was not")}};
static const struct observation RIG_CUT[] = {{RIG_PASS, .client = "200 cut",
                                              RIG_UPSTREAMS(1, 1, 0, 0),
                                              .harms = HARM_BIT(HARM_CUT_VISIBLE)}};
static const struct observation RIG_SILENT[] = {
    {.verdict = VERDICT_FAIL,
     .level = LEVEL_MUST,
     .times = 1,
     .client = "200",
     RIG_UPSTREAMS(1, 1, 0, 0),
     .harms = HARM_BIT(HARM_CUT_SILENT),
     RIG_TEXTS("must, RFC 9112 8: the response looks complete, and 500 of 1000 bytes came")}};
static const struct observation RIG_CLOSED[] = {
    {RIG_PASS, .client = "closed", RIG_UPSTREAMS(1, 1, 0, 0), .harms = HARM_BIT(HARM_NO_ANSWER),
     .after_cancel = 1}};
static const struct observation RIG_UNSUPPORTED[] = {
    {.verdict = VERDICT_UNSUPPORTED,
     .level = LEVEL_INFO,
     .times = 1,
     RIG_TEXTS("without `keepalive` it closes a connection after each request")}};
static const struct observation RIG_SETUP[] = {{.verdict = VERDICT_SETUP_FAILED,
                                                .level = LEVEL_INFO,
                                                .times = 1,
                                                RIG_TEXTS("the fault was not met: " RIG_HOSTILE)}};

#define RIG_WAYS(ways)       \
    {                        \
        ways, COUNT_OF(ways) \
    }
#define NEXT   RIG_WAYS(RIG_NEXT)
#define ONCE   RIG_WAYS(RIG_ONCE)
#define LATE   RIG_WAYS(RIG_LATE)
#define TWICE  RIG_WAYS(RIG_TWICE)
#define PAID   RIG_WAYS(RIG_TWICE_POST)
#define RACY   RIG_WAYS(RIG_RACY)
#define WARN   RIG_WAYS(RIG_ADVISED)
#define CUT    RIG_WAYS(RIG_CUT)
#define SILENT RIG_WAYS(RIG_SILENT)
#define CLOSED RIG_WAYS(RIG_CLOSED)
#define CANNOT RIG_WAYS(RIG_UNSUPPORTED)
#define SETUP  RIG_WAYS(RIG_SETUP)
#define NONE    \
    {           \
        NULL, 0 \
    }

/* A case, and how it goes in each column. Sorted by id. */
static const struct rig_row {
    const char *id, *stage, *fault, *method;
    struct rig_ways columns[RIG_COLUMNS];
} RIG_ROWS[RIG_CASES] = {
    {"dial/refused[method=GET]", "dial", "refused", "GET", {NEXT, NEXT, NEXT, NEXT, NEXT, WARN}},
    {"dial/refused[method=POST]", "dial", "refused", "POST", {NEXT, NEXT, NEXT, NEXT, NEXT, WARN}},
    {"handshake/" RIG_HOSTILE,
     "handshake",
     RIG_HOSTILE,
     "GET",
     {CANNOT, CANNOT, CANNOT, CANNOT, CANNOT, SETUP}},
    {"mid-copy/half[method=GET,framing=chunked]",
     "mid-copy",
     "half a body",
     "GET",
     {CUT, CUT, CUT, CUT, SILENT, CUT}},
    {"mid-copy/half[method=GET,framing=length]",
     "mid-copy",
     "half a body",
     "GET",
     {CUT, CUT, CUT, CUT, CUT, CUT}},
    {"mid-write/part[at=1024]",
     "mid-write",
     "after 1024 bytes",
     "POST",
     {LATE, LATE, LATE, ONCE, LATE, LATE}},
    {"mid-write/part[at=64]",
     "mid-write",
     "after 64 bytes",
     "POST",
     {LATE, LATE, LATE, ONCE, LATE, LATE}},
    {"post-write/fin[method=DELETE]",
     "post-write",
     "fin",
     "DELETE",
     {TWICE, TWICE, ONCE, TWICE, ONCE, TWICE}},
    {"post-write/fin[method=GET]",
     "post-write",
     "fin",
     "GET",
     {TWICE, TWICE, ONCE, TWICE, ONCE, TWICE}},
    {"post-write/fin[method=HEAD]",
     "post-write",
     "fin",
     "HEAD",
     {TWICE, TWICE, ONCE, TWICE, ONCE, TWICE}},
    {"post-write/fin[method=PATCH]",
     "post-write",
     "fin",
     "PATCH",
     {ONCE, PAID, ONCE, PAID, ONCE, PAID}},
    {"post-write/fin[method=POST]",
     "post-write",
     "fin",
     "POST",
     {ONCE, PAID, ONCE, PAID, ONCE, PAID}},
    {"post-write/fin[method=PUT]",
     "post-write",
     "fin",
     "PUT",
     {TWICE, TWICE, ONCE, TWICE, ONCE, TWICE}},
    {"post-write/reused[method=POST]",
     "post-write",
     "reused",
     "POST",
     {CANNOT, CANNOT, RACY, RACY, SETUP, NONE}},
    {"post-write/rst[method=GET]",
     "post-write",
     "rst",
     "GET",
     {ONCE, ONCE, ONCE, ONCE, ONCE, NONE}},
    {"post-write/rst[method=HEAD]",
     "post-write",
     "rst",
     "HEAD",
     {ONCE, ONCE, ONCE, ONCE, ONCE, NONE}},
    {"post-write/rst[method=POST]",
     "post-write",
     "rst",
     "POST",
     {ONCE, ONCE, ONCE, ONCE, ONCE, NONE}},
    {"post-write/stall[method=GET]",
     "post-write",
     "stall",
     "GET",
     {CLOSED, LATE, LATE, LATE, LATE, LATE}},
    {"tunnel/rst[method=CONNECT]",
     "tunnel",
     "rst",
     "CONNECT",
     {NONE, NONE, NONE, NONE, NONE, ONCE}},
};

#undef NEXT
#undef ONCE
#undef LATE
#undef TWICE
#undef PAID
#undef RACY
#undef WARN
#undef CUT
#undef SILENT
#undef CLOSED
#undef CANNOT
#undef SETUP
#undef NONE

static const char *const RIG_CONFIGURATION[] = {
    "proxy_next_upstream error timeout;",
    "proxy_next_upstream_tries 0;",
    "\tserver 127.0.0.1:9001;",
};

static const struct observed_buffering RIG_BUFFERING[] = {
    {.way = "download",
     .exchanges = 1,
     .offered = 64 * 1024 * 1024,
     .swallowed = 70000,
     .kernel = 2500000,
     .memory_growth = 300000,
     .file_growth = 100},
    {.way = "upload",
     .exchanges = 1,
     .offered = 64 * 1024 * 1024,
     .swallowed = 64 * 1024 * 1024,
     .kernel = 3,
     .memory_growth = 16000,
     .file_growth = 64 * 1024 * 1024,
     .whole = true},
    {.way = "upload",
     .exchanges = 64,
     .offered = 64 * 1024 * 1024,
     .trouble = "the upstream never got a byte"},
};

static const struct rig_column {
    const char *subject, *version, *profile, *meaning, *expect;
} RIG_HEADS[RIG_COLUMNS] = {
    {"nginx", "1.22.1", "default",
     "the limits of proxy_next_upstream as they are when nobody sets them", "observe"},
    {"nginx", "1.22.1", "most-retrying", "proxy_next_upstream with everything, non_idempotent too",
     "observe"},
    {"haproxy", "2.6.12", "default", "retries 3, retry-on conn-failure", "rfc9110"},
    {"haproxy", "2.6.12", "most-retrying", "retry-on all-retryable-errors, option redispatch",
     "rfc9110"},
    {"trafficserver", "9.2.5", "at-most-once",
     "proxy.config.http.connect_attempts_max_retries 0, and a sentence that is long enough to be "
     "broken",
     "at-most-once"},
    {"http://127.0.0.1:8080", "", "attached", "as it was found: " RIG_HOSTILE, "rfc9110"},
};

struct comparison_rig {
    struct observed_run runs[RIG_COLUMNS];
    const struct observed_run *list[RIG_COLUMNS];
    struct observed_case cases[RIG_COLUMNS][RIG_CASES];
    struct comparison_input input;
};

static inline unsigned rig_played(const struct rig_ways *ways)
{
    unsigned played = 0;
    for (size_t i = 0; i < ways->count; i++)
        played += ways->ways[i].times;
    return played;
}

/* The cases of one column; returns how many. */
static inline size_t rig_fill_cases(struct observed_case *cases, size_t column)
{
    size_t count = 0;
    for (size_t i = 0; i < RIG_CASES; i++) {
        const struct rig_row *row = &RIG_ROWS[i];
        const struct rig_ways *ways = &row->columns[column];
        if (ways->count == 0)
            continue;
        cases[count++] = (struct observed_case){
            .id = row->id,
            .name = "a request whose upstream failed is answered or made again",
            .file = "scenarios/any-proxy/it's.yaml",
            .line = 1,
            .stage = row->stage,
            .fault = row->fault,
            .method = row->method,
            .ways = ways->ways,
            .way_count = ways->count,
            .played = rig_played(ways),
        };
    }
    return count;
}

static inline void comparison_rig_init(struct comparison_rig *rig)
{
    *rig = (struct comparison_rig){.input = {rig->list, RIG_COLUMNS}};
    for (size_t i = 0; i < RIG_COLUMNS; i++) {
        const bool first = i == 0;
        rig->list[i] = &rig->runs[i];
        rig->runs[i] = (struct observed_run){
            .subject = RIG_HEADS[i].subject,
            .version = RIG_HEADS[i].version,
            .profile = RIG_HEADS[i].profile,
            .profile_meaning = RIG_HEADS[i].meaning,
            .expect = RIG_HEADS[i].expect,
            .retryproof_version = "0.1.0",
            .date = "2026-11-21",
            .reproduce =
                "retryproof run --target http://127.0.0.1:8080 --upstream a=127.0.0.1:9001",
            .configuration = first ? RIG_CONFIGURATION : NULL,
            .configuration_count = first ? COUNT_OF(RIG_CONFIGURATION) : 0,
            .settle_ns = 1200000000,
            .settle_source = "the next attempt begins at once",
            .repeat = 100,
            .cases = rig->cases[i],
            .case_count = rig_fill_cases(rig->cases[i], i),
            .buffering = RIG_BUFFERING,
            .buffering_count = first    ? COUNT_OF(RIG_BUFFERING)
                               : i == 2 ? 1
                                        : 0,
        };
    }
}

#endif
