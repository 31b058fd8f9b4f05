/*
 * Every kind of fault at the first, a middle and the last byte and behind it, of either actor and in either direction, in both
 * worlds: it takes place where there is such a byte, exactly there, and nowhere else; and the case comes to an end.
 */

#include "harness/run/place_rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/run/case_state.h"

enum {
    TEXT_BYTES = 160,
    FAR_BYTES = 100, /* by which a byte is behind all that are sent */
};

#define EXCHANGE                                                                           \
    "name: n\nstage: post-write\n"                                                         \
    "proxy: {max_retries: 1, response_timeout: 200ms, idle_timeout: 200ms, head_timeout: " \
    "200ms}\n"                                                                             \
    "client: [request: {method: POST, path: /x, body: 11}]\n"                              \
    "upstreams: {a: [[read: request, respond: {body: 5}]], b: []}\nexpect: {}\n"

/* ---- one run -------------------------------------------------------------------------------- */

static struct place place;

static int set_up_place(void **state)
{
    (void)state;
    place_set_up(&place);
    return 0;
}

static int tear_down_place(void **state)
{
    (void)state;
    place_tear_down(&place);
    return 0;
}

/* A case as its file says it, with further lines behind it. */
static void play(enum world_kind kind, const char *text, const char *faults,
                 struct case_outcome *outcome)
{
    region_reset(&place.region);
    place_read(&place, region_format(&place.region, "%s%s", text, faults));
    place_play(&place, kind);
    case_run_judge(place.runs[kind], outcome);
}

static const struct witness *witness_of(enum world_kind kind, enum wire_party party)
{
    const struct cast *cast = place.runs[kind]->cast;
    return party == WIRE_UPSTREAM ? fake_upstream_witness(cast->upstreams[0], 0)
                                  : client_witness(cast->clients[0], 0);
}

static uint64_t bytes_of_direction(const struct witness *witness, enum wire_direction direction)
{
    return direction == WIRE_SENT ? witness->out.bytes : witness->in.bytes;
}

/* ---- at a byte ------------------------------------------------------------------------------ */

/* Where a fault is put, as a share of what goes that way; and whether there is such a byte. */
enum spot { FIRST, SECOND, MIDDLE, LAST, END, BEHIND, SPOT_COUNT };

static uint64_t offset_of(enum spot spot, uint64_t total)
{
    const uint64_t offsets[SPOT_COUNT] = {0, 1, total / 2, total - 1, total, total + FAR_BYTES};
    return offsets[spot];
}

/* On sockets each case has addresses of its own, and so heads that are longer or shorter by some bytes. */
static bool is_steady(enum world_kind kind, enum spot spot)
{
    return kind == WORLD_SIM || (spot != LAST && spot != END);
}

static bool is_there(enum wire_fault_kind kind, enum spot spot)
{
    bool needs_byte = kind == WIRE_FAULT_GARBAGE || kind == WIRE_FAULT_SHORT_WRITE;
    return spot < END || (spot == END && !needs_byte);
}

/* The fault ends its actor's direction there: not a byte more goes. */
static bool ends_at_byte(enum wire_fault_kind kind)
{
    return kind == WIRE_FAULT_FIN || kind == WIRE_FAULT_RST || kind == WIRE_FAULT_STALL ||
           kind == WIRE_FAULT_HALF_CLOSE;
}

static void tell(const struct case_outcome *outcome)
{
    for (size_t i = 0; i < outcome->sentence_count; i++)
        print_error("- %s\n", outcome->sentences[i]);
    for (size_t i = 0; i < outcome->story_count; i++)
        print_error("  %s\n", outcome->story[i]);
}

static void check_fault(enum world_kind kind, const struct wire_fault *fault, bool there,
                        uint64_t clean_hash)
{
    char text[TEXT_BYTES];
    struct case_outcome outcome;
    snprintf(text, sizeof(text), "faults: [{at: %s#1, %s: %" PRIu64 ", kind: %s}]\n",
             fault->party == WIRE_UPSTREAM ? "a" : "client",
             fault->direction == WIRE_SENT ? "sent" : "received", fault->offset,
             wire_fault_word(fault->kind));
    play(kind, EXCHANGE, text, &outcome);
    const struct witness *witness = witness_of(kind, fault->party);
    bool right = outcome.verdict != VERDICT_ERROR && outcome.verdict != VERDICT_SETUP_FAILED &&
                 outcome.faults_met == (there ? 1u : 0u);
    right = right && place.runs[kind]->evidence.wait_count == 0;
    if (there && ends_at_byte(fault->kind))
        right = right && bytes_of_direction(witness, fault->direction) == fault->offset;
    if (there && fault->kind == WIRE_FAULT_STALL)
        right = right && witness->stalled;
    if (there && (fault->kind == WIRE_FAULT_FIN || fault->kind == WIRE_FAULT_HALF_CLOSE))
        right = right && witness->own_end == WITNESS_FIN;
    if (there && fault->kind == WIRE_FAULT_RST)
        right = right && witness->own_end == WITNESS_RST;
    if (!there && kind == WORLD_SIM)
        right = right && outcome.trace_hash == clean_hash;
    if (!right) {
        tell(&outcome);
        print_error("%s: %s  met %u, out %" PRIu64 ", in %" PRIu64 "\n", world_word(kind), text,
                    outcome.faults_met, witness->out.bytes, witness->in.bytes);
    }
    case_run_reset(place.runs[kind]);
    assert_true(right);
}

/* Of both parties and directions, where that kind is known there. */
static void check_kind(enum world_kind kind, enum wire_fault_kind fault_kind)
{
    struct case_outcome clean;
    uint64_t totals[2][3] = {{0}};
    play(kind, EXCHANGE, "", &clean);
    assert_int_equal(clean.verdict, VERDICT_PASS);
    for (enum wire_party party = WIRE_CLIENT; party <= WIRE_UPSTREAM; party++)
        for (enum wire_direction d = WIRE_SENT; d <= WIRE_RECEIVED; d++)
            totals[party][d] = bytes_of_direction(witness_of(kind, party), d);
    case_run_reset(place.runs[kind]);
    for (enum wire_party party = WIRE_CLIENT; party <= WIRE_UPSTREAM; party++)
        for (enum wire_direction d = WIRE_SENT; d <= WIRE_RECEIVED; d++)
            for (enum spot spot = 0; spot < SPOT_COUNT && wire_fault_fits(fault_kind, party, d);
                 spot++) {
                if (!is_steady(kind, spot))
                    continue;
                const struct wire_fault fault = {.party = party,
                                                 .connection = 1,
                                                 .direction = d,
                                                 .offset = offset_of(spot, totals[party][d]),
                                                 .kind = fault_kind};
                check_fault(kind, &fault, is_there(fault_kind, spot), clean.trace_hash);
            }
}

static void a_kind_is_made_at_its_byte(void **state)
{
    enum wire_fault_kind fault_kind = *(const enum wire_fault_kind *)*state;
    check_kind(WORLD_SIM, fault_kind);
    check_kind(WORLD_SOCKETS, fault_kind);
}

/* ---- others --------------------------------------------------------------------------------- */

static const struct row {
    const char *sentence;
    const char *text;
} ROWS[] = {
    {"a refused dial is followed by the next upstream",
     "faults: [{at: a#1, kind: refused}]\nclient: [request: {path: /x}]\n"
     "upstreams: {a: [], b: []}\n"
     "expect: {faults: 1, attempts: 2, connections: {a: 0, b: 1}, client: {status: 200, from: "
     "b}}\n"},
    {"a dropped dial ends by the proxy's own timer",
     "faults: [{at: a#1, kind: dropped}]\nproxy: {connect_timeout: 100ms}\n"
     "client: [request: {path: /x}]\nupstreams: {a: [], b: []}\n"
     "expect: {faults: 1, after: 100ms, connections: {a: 0}, client: {status: 200, from: b}}\n"},
    {"an upstream that cannot be reached is passed over",
     "faults: [{at: a#1, kind: unreachable}]\nclient: [request: {path: /x}]\n"
     "upstreams: {a: [], b: []}\nexpect: {faults: 1, client: {status: 200, from: b}}\n"},
    {"without a descriptor for a dial the next upstream is tried",
     "faults: [{at: a#1, kind: no-descriptors}]\nclient: [request: {path: /x}]\n"
     "upstreams: {a: [], b: []}\nexpect: {faults: 1, client: {status: 200}}\n"},
    {"a lasting fault meets every upstream",
     "faults: [{at: a#1, kind: refused, lasting: true}]\nproxy: {max_retries: 3}\n"
     "client: [request: {path: /x}]\nupstreams: {a: [], b: []}\n"
     "expect: {faults: 1, connections: {a: 0, b: 0}, client: {status: 502}}\n"},
    {"a lasting fault at a byte meets every connection of every upstream",
     "faults: [{at: a#1, sent: 0, kind: fin, lasting: true}]\nproxy: {max_retries: 3, policy: "
     "idempotent}\n"
     "client: [request: {path: /x}]\nupstreams: {a: [], b: []}\n"
     "expect: {faults: 1, attempts: 4, client: {status: 502}}\n"},
    {"a client whose accept found no descriptor is served when there is one",
     "faults: [{at: client#1, kind: no-descriptors}]\nclient: [request: {path: /x}]\n"
     "upstreams: {a: []}\nexpect: {faults: 1, client: {status: 200}}\n"},
    {"the second of two clients is the one whose writes are cut",
     "faults: [{at: two#1, received: 5, kind: short-write}, {at: one#2, kind: no-descriptors}]\n"
     "clients: {one: [request: {path: /1}, signal: served], two: [wait: served, request: {path: "
     "/2}]}\n"
     "upstreams: {a: []}\nexpect: {faults: 1, clients: {two: {status: 200}}}\n"},
    {"the second lookup fails, and not the first",
     "faults: [{at: lookup#2, kind: servfail}]\nproxy: {max_retries: 0, pool_size: 0}\n"
     "client: [request: {path: /1}, request: {path: /2}]\n"
     "upstreams: {a: {host: a.test}}\n"
     "expect: {faults: 1, client: [{status: 200}, {status: 502}]}\n"},
    {"a lookup that finds no memory is an error of its attempt",
     "faults: [{at: lookup#1, kind: no-memory}]\nproxy: {max_retries: 0}\n"
     "client: [request: {path: /1}]\nupstreams: {a: {host: a.test}}\n"
     "expect: {faults: 1, client: {status: [500, 502]}}\n"},
    {"a lookup that finds no such name is told so",
     "faults: [{at: lookup#1, kind: nxdomain}]\nproxy: {max_retries: 0}\n"
     "client: [request: {path: /1}]\nupstreams: {a: {host: a.test}}\n"
     "expect: {faults: 1, client: {status: 502, cause: dns_error}}\n"},
    {"the client leaves when its upstream has sent half",
     "faults: [{at: a#1, sent: 50, kind: client-rst}]\nclient: [request: {path: /1}]\n"
     "upstreams: {a: [[read: request, respond: {body: 1000}]]}\n"
     "expect: {faults: 1, attempts: 1, client: {complete: false}}\n"},
    {"what a split holds back goes when the proxy has read, on each side",
     "faults: [{at: a#1, sent: 10, kind: split}, {at: a#1, sent: 20, kind: split},\n"
     "  {at: client#1, sent: 5, kind: split}, {at: client#1, sent: 5, kind: delay}]\n"
     "client: [request: {path: /1}]\nupstreams: {a: []}\n"
     "expect: {faults: 4, client: {status: 200, complete: true}}\n"},
    {"a split behind a refused dial finds its connection all the same",
     "faults: [{at: a#1, kind: refused}, {at: a#1, sent: 10, kind: split}]\n"
     "proxy: {upstreams: [a], max_retries: 2}\n"
     "client: [request: {path: /1}]\nupstreams: {a: []}\n"
     "expect: {faults: 2, attempts: 2, client: {status: 200}}\n"},
    {"a split under TLS counts what is on the wire",
     "faults: [{at: a#1, sent: 10, kind: split}, {at: client#1, sent: 5, kind: split}]\n"
     "proxy: {tls: true}\nclient: [tls: true, request: {path: /1}]\n"
     "upstreams: {a: {tls: true}}\nexpect: {faults: 2, client: {status: 200}}\n"},
    {"a byte of plaintext is that byte under TLS",
     "faults: [{at: a#1, sent: 17, kind: fin}]\nproxy: {max_retries: 1}\n"
     "client: [request: {path: /1}]\nupstreams: {a: {tls: true}, b: {tls: true}}\n"
     "expect: {faults: 1, attempts: {a: 1, b: 0}, client: {status: 502}}\n"},
    {"a handshake answered with an alert is tried elsewhere",
     "faults: [{at: a#1, kind: tls-alert}]\nproxy: {max_retries: 1}\n"
     "client: [request: {path: /1}]\nupstreams: {a: {tls: true}, b: {tls: true}}\n"
     "expect: {faults: 1, handshakes: {a: 0}, client: {status: 200, from: b}}\n"},
    {"a handshake that is closed is tried elsewhere",
     "faults: [{at: a#1, kind: tls-close-mid-handshake}]\nproxy: {max_retries: 1}\n"
     "client: [request: {path: /1}]\nupstreams: {a: {tls: true}, b: {tls: true}}\n"
     "expect: {faults: 1, handshakes: {a: 0}, client: {status: 200, from: b}}\n"},
    {"a handshake that is reset is tried elsewhere",
     "faults: [{at: a#1, kind: tls-reset-mid-handshake}]\nproxy: {max_retries: 1}\n"
     "client: [request: {path: /1}]\nupstreams: {a: {tls: true}, b: {tls: true}}\n"
     "expect: {faults: 1, handshakes: {a: 0}, client: {status: 200, from: b}}\n"},
    {"a handshake that is never answered is tried elsewhere",
     "faults: [{at: a#1, kind: tls-stall}]\nproxy: {max_retries: 1, handshake_timeout: 200ms}\n"
     "client: [request: {path: /1}]\nupstreams: {a: {tls: true}, b: {tls: true}}\n"
     "expect: {faults: 1, handshakes: {a: 0}, client: {status: 200, from: b}}\n"},
    {"a reset behind a handshake comes about",
     "faults: [{at: a#1, kind: tls-rst-after-finished}]\nproxy: {max_retries: 1}\n"
     "client: [request: {path: /1}]\nupstreams: {a: {tls: true}, b: {tls: true}}\n"
     "expect: {faults: 1, handshakes: {a: 1}}\n"},
    {"an upstream that cuts TLS behind all of its response has not ended it",
     "faults: [{at: a#1, sent: 57, kind: tls-cut}]\nproxy: {max_retries: 1}\n"
     "client: [request: {path: /1}]\n"
     "upstreams: {a: {tls: true, connections: [[read: request, respond: {body: {bytes: 20, "
     "framing: "
     "close}}, end: fin]]}}\n"
     "expect: {faults: 1, attempts: 1, client: {status: 200, body: 20, complete: false}}\n"},
    {"TLS is cut when the record that holds the last byte is out",
     "faults: [{at: a#1, sent: 537, kind: tls-cut}]\nnetwork: {sndbuf: 64, rcvbuf: 64}\n"
     "client: [request: {path: /1}]\n"
     "upstreams: {a: {tls: true, connections: [[read: request, respond: {body: {bytes: 1000, "
     "framing: close}}, end: fin]]}}\n"
     "expect: {faults: 1, client: {status: 200, body: 500, complete: false}}\n"},
    {"TLS is cut behind so many bytes of a request, and each time where that lasts",
     "faults: [{at: a#1, received: 20, kind: tls-cut, lasting: true}]\n"
     "proxy: {max_retries: 1, policy: idempotent}\nclient: [request: {path: /1}]\n"
     "upstreams: {a: {tls: true}, b: {tls: true}}\n"
     "expect: {faults: 1, attempts: {a: 1, b: 1}, delivered: {a: 0, b: 0}, client: {status: "
     "502}}\n"},
    {"a client cuts TLS within its request",
     "faults: [{at: client#1, sent: 10, kind: tls-cut}]\nproxy: {tls: true}\n"
     "client: [tls: true, request: {path: /1}]\nupstreams: {a: []}\n"
     "expect: {faults: 1, attempts: 0}\n"},
    {"TLS is cut nowhere without TLS",
     "faults: [{at: a#1, sent: 10, kind: tls-cut}]\nclient: [request: {path: /1}]\n"
     "upstreams: {a: []}\nexpect: {faults: 0, client: {status: 200}}\n"},
    {"TLS is not cut behind a goodbye",
     "faults: [{at: a#1, sent: 10, kind: half-close}, {at: a#1, sent: 10, kind: tls-cut}]\n"
     "proxy: {max_retries: 0}\nclient: [request: {path: /1}]\n"
     "upstreams: {a: {tls: true}}\nexpect: {faults: 1, client: {status: 502}}\n"},
    {"a handshake's fault meets no upstream without TLS",
     "faults: [{at: a#1, kind: tls-alert}]\nclient: [request: {path: /1}]\n"
     "upstreams: {a: []}\nexpect: {faults: 0, client: {status: 200}}\n"},
};

static void a_case_with_faults_passes(void **state)
{
    const struct row *row = *state;
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        struct case_outcome outcome;
        play(kind, "name: n\nstage: dial\n", row->text, &outcome);
        bool right = outcome.verdict == VERDICT_PASS;
        if (!right) {
            print_error("%s: met %#x\n", world_word(kind), outcome.faults_met);
            tell(&outcome);
        }
        case_run_reset(place.runs[kind]);
        assert_true(right);
    }
}

static void a_fault_that_is_missed_is_told(void **state)
{
    struct case_outcome outcome;
    (void)state;
    play(WORLD_SIM, "name: n\nstage: dial\n",
         "faults: [{at: a#1, sent: 1000, kind: fin}, {at: a#1, sent: 0, kind: delay}]\n"
         "client: [request: {path: /1}]\nupstreams: {a: []}\nexpect: {faults: 2}\n",
         &outcome);
    assert_int_equal(outcome.verdict, VERDICT_FAIL);
    assert_int_equal(outcome.faults_met, 2);
    assert_string_equal(outcome.sentences[0],
                        "1 of the faults took place, expected 2; not: \"upstream a's connection 1 "
                        "closes after it has sent 1000 bytes\"");
    case_run_reset(place.runs[WORLD_SIM]);
}

int main(void)
{
    static const enum wire_fault_kind KINDS[] = {
        WIRE_FAULT_FIN,        WIRE_FAULT_HALF_CLOSE, WIRE_FAULT_RST,     WIRE_FAULT_STALL,
        WIRE_FAULT_DELAY,      WIRE_FAULT_SPLIT,      WIRE_FAULT_GARBAGE, WIRE_FAULT_SHORT_WRITE,
        WIRE_FAULT_CLIENT_FIN, WIRE_FAULT_CLIENT_RST};
    struct CMUnitTest tests[COUNT_OF(KINDS) + COUNT_OF(ROWS) + 1] = {
        cmocka_unit_test(a_fault_that_is_missed_is_told)};
    size_t count = 1;
    for (size_t i = 0; i < COUNT_OF(KINDS); i++)
        tests[count++] = (struct CMUnitTest){.name = wire_fault_word(KINDS[i]),
                                             .test_func = a_kind_is_made_at_its_byte,
                                             .initial_state = (void *)(uintptr_t)&KINDS[i]};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = ROWS[i].sentence,
                                             .test_func = a_case_with_faults_passes,
                                             .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, set_up_place, tear_down_place);
}
