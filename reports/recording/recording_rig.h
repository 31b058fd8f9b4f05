/*
 * For tests: the recording of a case that has something of everything: a dial that is refused and passed over, a POST whose
 * upstream resets after it has read it whole, a GET that is tried again at another upstream, over TLS.
 *
 * Ownership: constants; nothing to give back.
 */
#ifndef REPORTS_RECORDING_RECORDING_RIG_H
#define REPORTS_RECORDING_RECORDING_RIG_H

#include "reports/recording/recording.h"
#include "world/base/bytes.h"

#define RIG_GET           "GET /report HTTP/1.1\r\nHost: proxy.test\r\n\r\n"
#define RIG_GET_FORWARDED "GET /report HTTP/1.1\r\nHost: proxy.test\r\nVia: 1.1 retryproof\r\n\r\n"
#define RIG_ANSWER        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define RIG_POST          "POST /pay HTTP/1.1\r\nHost: proxy.test\r\nContent-Length: 3\r\n\r\n\0\x7F\xFF"
#define RIG_POST_FORWARDED                                                                   \
    "POST /pay HTTP/1.1\r\nHost: proxy.test\r\nContent-Length: 3\r\nVia: 1.1 retryproof\r\n" \
    "\r\n\0\x7F\xFF"
#define RIG_PAGE                                                                            \
    "HTTP/1.1 502 Bad Gateway\r\nProxy-Status: retryproof; error=connection_terminated\r\n" \
    "Content-Length: 0\r\n\r\n"
#define RIG_HELLO        "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00" /* how a ClientHello begins */
#define RIG_SERVER_HELLO "\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"
#define RIG_SEALED       "\x17\x03\x03\x00\x04\x8C\x00\xC3\xE9"

/* All but the NUL at the end; what goes is all that is kept. */
#define RIG_WIRE(bytes) \
    .data = (const uint8_t *)(bytes), .size = sizeof(bytes) - 1, .total = sizeof(bytes) - 1
#define RIG_PLAIN(bytes)                                                \
    .plain = (const uint8_t *)(bytes), .plain_size = sizeof(bytes) - 1, \
    .plain_total = sizeof(bytes) - 1

static const struct recording_lane RIG_LANES[] = {
    {"client", ROLE_CLIENT}, {"proxy", ROLE_PROXY}, {"a", ROLE_UPSTREAM}, {"b", ROLE_UPSTREAM}};

enum { RIG_CLIENT, RIG_A_REFUSED, RIG_B, RIG_A, RIG_A_RESET };

static const struct recording_connection RIG_CONNECTIONS[] = {
    [RIG_CLIENT] = {.name = "client#1",
                    .client_address = "127.0.0.1:40312",
                    .server_address = "127.0.0.1:8080",
                    .streams = {[WAY_UP] = {RIG_WIRE(RIG_GET RIG_POST)},
                                [WAY_DOWN] = {RIG_WIRE(RIG_ANSWER RIG_PAGE)}}},
    [RIG_A_REFUSED] = {.name = "a#1",
                       .lane = 2,
                       .client_address = "",
                       .server_address = "127.0.0.1:9001"},
    [RIG_B] = {.name = "b#1",
               .lane = 3,
               .client_address = "127.0.0.1:40313",
               .server_address = "127.0.0.1:9002",
               .tls = true,
               .secrets = "CLIENT_RANDOM 00ff 11ee\n",
               .streams = {[WAY_UP] = {RIG_WIRE(RIG_HELLO RIG_SEALED),
                                       RIG_PLAIN(RIG_GET_FORWARDED)},
                           [WAY_DOWN] = {RIG_WIRE(RIG_SERVER_HELLO RIG_SEALED),
                                         RIG_PLAIN("HTTP/1.1 2")}}},
    [RIG_A] =
        {.name = "a#2",
         .lane = 2,
         .client_address = "127.0.0.1:40314",
         .server_address = "127.0.0.1:9001",
         .streams =
             {[WAY_UP] = {RIG_WIRE(RIG_GET_FORWARDED)}, [WAY_DOWN] = {RIG_WIRE(RIG_ANSWER)}}},
    [RIG_A_RESET] = {.name = "a#3",
                     .lane = 2,
                     .client_address = "127.0.0.1:40315",
                     .server_address = "127.0.0.1:9001",
                     .streams = {[WAY_UP] = {RIG_WIRE(RIG_POST_FORWARDED)}}},
};

#define RIG_BYTES(at, which, direction, from, count)                                      \
    {                                                                                     \
        .at_ns = (at), .what = RECORDED_BYTES, .connection = (which), .way = (direction), \
        .offset = (from), .size = (count)                                                 \
    }

static const struct recording_event RIG_EVENTS[] = {
    {.at_ns = 0, .what = RECORDED_DIAL, .connection = RIG_CLIENT},
    {.at_ns = 50000, .what = RECORDED_OPEN, .connection = RIG_CLIENT},
    RIG_BYTES(100000, RIG_CLIENT, WAY_UP, 0, sizeof(RIG_GET) - 1),
    {.at_ns = 100000, .what = RECORDED_DIAL, .connection = RIG_A_REFUSED},
    {.at_ns = 200000,
     .what = RECORDED_REFUSED,
     .connection = RIG_A_REFUSED,
     .way = WAY_DOWN,
     .text = "Connection refused"},
    {.at_ns = 200000,
     .what = RECORDED_DECISION,
     .connection = RIG_A_REFUSED,
     .text = "attempt 1 failed: dial, connection_refused; tried again: nothing was written"},
    {.at_ns = 200000, .what = RECORDED_DIAL, .connection = RIG_B},
    {.at_ns = 300000, .what = RECORDED_OPEN, .connection = RIG_B},
    RIG_BYTES(300000, RIG_B, WAY_UP, 0, sizeof(RIG_HELLO) - 1),
    RIG_BYTES(400000, RIG_B, WAY_DOWN, 0, sizeof(RIG_SERVER_HELLO) - 1),
    RIG_BYTES(400000, RIG_B, WAY_UP, sizeof(RIG_HELLO) - 1, sizeof(RIG_SEALED) - 1),
    RIG_BYTES(500000, RIG_B, WAY_DOWN, sizeof(RIG_SERVER_HELLO) - 1, sizeof(RIG_SEALED) - 1),
    {.at_ns = 500000,
     .what = RECORDED_FAULT,
     .connection = RIG_B,
     .way = WAY_DOWN,
     .text = "b: end: fin"},
    {.at_ns = 550000, .what = RECORDED_FIN, .connection = RIG_B, .way = WAY_DOWN},
    {.at_ns = 550000,
     .what = RECORDED_DECISION,
     .connection = RIG_B,
     .text = "attempt 2 failed: mid-head, http_response_incomplete; tried again: condition met"},
    {.at_ns = 550000, .what = RECORDED_FIN, .connection = RIG_B, .way = WAY_UP},
    {.at_ns = 550000, .what = RECORDED_DIAL, .connection = RIG_A},
    {.at_ns = 650000, .what = RECORDED_OPEN, .connection = RIG_A},
    RIG_BYTES(650000, RIG_A, WAY_UP, 0, sizeof(RIG_GET_FORWARDED) - 1),
    RIG_BYTES(750000, RIG_A, WAY_DOWN, 0, sizeof(RIG_ANSWER) - 1),
    RIG_BYTES(750000, RIG_CLIENT, WAY_DOWN, 0, sizeof(RIG_ANSWER) - 1),
    {.at_ns = 760000, .what = RECORDED_FIN, .connection = RIG_A, .way = WAY_DOWN},
    {.at_ns = 760000, .what = RECORDED_FIN, .connection = RIG_A, .way = WAY_UP},
    RIG_BYTES(850000, RIG_CLIENT, WAY_UP, sizeof(RIG_GET) - 1, sizeof(RIG_POST) - 1),
    {.at_ns = 850000, .what = RECORDED_DIAL, .connection = RIG_A_RESET},
    {.at_ns = 950000, .what = RECORDED_OPEN, .connection = RIG_A_RESET},
    RIG_BYTES(950000, RIG_A_RESET, WAY_UP, 0, sizeof(RIG_POST_FORWARDED) - 1),
    {.at_ns = 1050000,
     .what = RECORDED_FAULT,
     .connection = RIG_A_RESET,
     .way = WAY_DOWN,
     .text = "a: end: rst"},
    {.at_ns = 1100000, .what = RECORDED_RST, .connection = RIG_A_RESET, .way = WAY_DOWN},
    {.at_ns = 1100000,
     .what = RECORDED_DECISION,
     .connection = RIG_A_RESET,
     .text = "attempt 1 failed: post-write, connection_terminated; not tried again: method not "
             "idempotent"},
    RIG_BYTES(1100000, RIG_CLIENT, WAY_DOWN, sizeof(RIG_ANSWER) - 1, sizeof(RIG_PAGE) - 1),
    {.at_ns = 1200000,
     .what = RECORDED_NOTE,
     .connection = RECORDING_NOWHERE,
     .text = "nothing can happen any more \xE2\x80\x94 \"quiet\" \\ \x01"},
};

static const struct recording_attempt RIG_FIRST_ATTEMPTS[] = {
    {.number = 1,
     .upstream = "a",
     .connection = RIG_A_REFUSED,
     .begun_ns = 100000,
     .ended_ns = 200000,
     .stage = "dial",
     .cause = "connection_refused",
     .retried = true,
     .decision = "nothing was written"},
    {.number = 2,
     .upstream = "b",
     .address = "127.0.0.1:9002",
     .connection = RIG_B,
     .tls = true,
     .begun_ns = 200000,
     .ended_ns = 550000,
     .tx = sizeof(RIG_GET_FORWARDED) - 1,
     .rx = 10,
     .stage = "mid-head",
     .cause = "http_response_incomplete",
     .detail = "close without close_notify",
     .retried = true,
     .decision = "condition met",
     .backoff_ns = 25000},
    {.number = 3,
     .upstream = "a",
     .address = "127.0.0.1:9001",
     .connection = RIG_A,
     .begun_ns = 550000,
     .ended_ns = 750000,
     .tx = sizeof(RIG_GET_FORWARDED) - 1,
     .rx = sizeof(RIG_ANSWER) - 1,
     .status = 200},
};

static const struct recording_attempt RIG_SECOND_ATTEMPTS[] = {
    {.number = 1,
     .upstream = "a",
     .address = "127.0.0.1:9001",
     .connection = RIG_A_RESET,
     .begun_ns = 850000,
     .ended_ns = 1100000,
     .tx = sizeof(RIG_POST_FORWARDED) - 1,
     .stage = "post-write",
     .cause = "connection_terminated",
     .decision = "method not idempotent"},
};

static const struct recording_exchange RIG_EXCHANGES[] = {
    {.client = "client",
     .method = "GET",
     .target = "/report",
     .begun_ns = 100000,
     .ended_ns = 750000,
     .status = 200,
     .attempts = RIG_FIRST_ATTEMPTS,
     .attempt_count = COUNT_OF(RIG_FIRST_ATTEMPTS)},
    {.client = "client",
     .method = "POST",
     .target = "/pay",
     .begun_ns = 850000,
     .ended_ns = 1100000,
     .status = 502,
     .stage = "post-write",
     .cause = "connection_terminated",
     .error_word = "UPSTREAM_CONNECTION_CLOSED",
     .attempts = RIG_SECOND_ATTEMPTS,
     .attempt_count = COUNT_OF(RIG_SECOND_ATTEMPTS)},
};

static const struct recording_expectation RIG_EXPECTATIONS[] = {
    {"attempts at a", "3", "3", true},
    {"attempts at b", "1", "1", true},
    {"delivered to a", "2", "2", true},
    {"the client's status", "gateway-error", "502", true},
    {"the client's response is complete", "true", "true", true},
    {"held", "<= 64KiB", "3", false},
    {"the record's phase", "up", "-", false},
};

static const struct case_recording RIG_RECORDING = {
    .virtual_time = true,
    .from_proxy = true,
    .lanes = RIG_LANES,
    .lane_count = COUNT_OF(RIG_LANES),
    .connections = RIG_CONNECTIONS,
    .connection_count = COUNT_OF(RIG_CONNECTIONS),
    .events = RIG_EVENTS,
    .event_count = COUNT_OF(RIG_EVENTS),
    .events_lost = 2,
    .exchanges = RIG_EXCHANGES,
    .exchange_count = COUNT_OF(RIG_EXCHANGES),
    .expectations = RIG_EXPECTATIONS,
    .expectation_count = COUNT_OF(RIG_EXPECTATIONS),
};

#endif
