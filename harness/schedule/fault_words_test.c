/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* Faults as sentences, with and without knowing what the connection carries. */
#include "harness/schedule/fault_words.h"

#include <string.h>

static const char *const UPSTREAMS[] = {"a", "b", NULL};
static const char *const CLIENTS[] = {"client", "two", NULL};

/* Two responses of upstream a, the first one chunked and with a 103 before it; what it receives; what the client gets. */
static const struct fault_message MESSAGES[] = {
    {WIRE_UPSTREAM, 0, 1, WIRE_SENT, 1, true, false, 0, 30, 30, 30},
    {WIRE_UPSTREAM, 0, 1, WIRE_SENT, 1, false, true, 30, 100, 120, 127},
    {WIRE_UPSTREAM, 0, 1, WIRE_SENT, 2, false, false, 127, 200, 205, 205},
    {WIRE_UPSTREAM, 0, 1, WIRE_RECEIVED, 1, false, false, 0, 80, 91, 91},
    {WIRE_CLIENT, 0, 1, WIRE_RECEIVED, 1, false, false, 0, 60, 60, 60},
};
static const struct fault_map KNOWN = {{UPSTREAMS, CLIENTS}, MESSAGES, COUNT_OF(MESSAGES)};
static const struct fault_map UNKNOWN = {{UPSTREAMS, CLIENTS}, NULL, 0};

#define AT(party, index, connection, direction, offset, kind)                               \
    {                                                                                       \
        WIRE_##party, index, connection, WIRE_##direction, offset, WIRE_FAULT_##kind, false \
    }

static const struct row {
    struct wire_fault fault;
    const struct fault_map *map;
    const char *words;
} ROWS[] = {
    {AT(UPSTREAM, 0, 1, SENT, 0, FIN), &UNKNOWN,
     "upstream a's connection 1 closes before it has sent a byte"},
    {AT(UPSTREAM, 0, 1, SENT, 1, FIN), &UNKNOWN,
     "upstream a's connection 1 closes after it has sent 1 byte"},
    {AT(CLIENT, 1, 2, RECEIVED, 17, RST), &UNKNOWN,
     "client two's connection 2 resets after it has received 17 bytes"},
    {AT(UPSTREAM, 0, 1, SENT, 0, FIN), &KNOWN,
     "upstream a's connection 1 closes before the first byte of its interim response (sent: 0)"},
    {AT(UPSTREAM, 0, 1, SENT, 30, STALL), &KNOWN,
     "upstream a's connection 1 stalls before the first byte of its response (sent: 30)"},
    {AT(UPSTREAM, 0, 1, SENT, 47, FIN), &KNOWN,
     "upstream a's connection 1 closes after 17 bytes of the head of its response (sent: 47)"},
    {AT(UPSTREAM, 0, 1, SENT, 100, HALF_CLOSE), &KNOWN,
     "upstream a's connection 1 half-closes behind the head of its response (sent: 100)"},
    {AT(UPSTREAM, 0, 1, SENT, 101, DELAY), &KNOWN,
     "upstream a's connection 1 pauses for 20 ms after 1 byte of the chunked body of its response "
     "(sent: 101)"},
    {AT(UPSTREAM, 0, 1, SENT, 120, FIN), &KNOWN,
     "upstream a's connection 1 closes before the last chunk's end of its response (sent: 120)"},
    {AT(UPSTREAM, 0, 1, SENT, 203, SPLIT), &KNOWN,
     "upstream a's connection 1 waits until the proxy has read, after 3 bytes of the body of its "
     "response 2 (sent: 203)"},
    {AT(UPSTREAM, 0, 1, SENT, 205, RST), &KNOWN,
     "upstream a's connection 1 resets behind the whole of its response 2 (sent: 205)"},
    {AT(UPSTREAM, 0, 1, SENT, 206, RST), &KNOWN,
     "upstream a's connection 1 resets long behind its response 2 (sent: 206)"},
    {AT(UPSTREAM, 0, 1, SENT, 31, GARBAGE), &KNOWN,
     "upstream a's connection 1 sends a NUL in place of the next byte, after 1 byte of the head of "
     "its response (sent: 31)"},
    {AT(UPSTREAM, 0, 1, RECEIVED, 85, RST), &KNOWN,
     "upstream a's connection 1 resets after 5 bytes of the body of the request (received: 85)"},
    {AT(CLIENT, 0, 1, RECEIVED, 60, FIN), &KNOWN,
     "the client's connection 1 closes behind the whole of the response (received: 60)"},
    {AT(UPSTREAM, 0, 2, SENT, 5, FIN), &KNOWN,
     "upstream a's connection 2 closes after it has sent 5 bytes"},
    {AT(UPSTREAM, 0, 1, RECEIVED, 80, SHORT_WRITE), &KNOWN,
     "a write of the proxy to upstream a's connection 1 is cut behind the head of the request "
     "(received: 80)"},
    {AT(UPSTREAM, 1, 1, SENT, 2, CLIENT_FIN), &KNOWN,
     "the client closes when upstream b's connection 1 stands after it has sent 2 bytes"},
    {AT(UPSTREAM, 0, 1, SENT, 100, CLIENT_RST), &KNOWN,
     "the client resets when upstream a's connection 1 stands behind the head of its response "
     "(sent: 100)"},
    {AT(UPSTREAM, 0, 2, DIAL, 0, REFUSED), &KNOWN, "dial 2 to upstream a is refused"},
    {AT(UPSTREAM, 0, 1, DIAL, 0, DROPPED), &KNOWN, "dial 1 to upstream a is never answered"},
    {AT(UPSTREAM, 0, 1, DIAL, 0, UNREACHABLE), &KNOWN, "dial 1 to upstream a finds no way there"},
    {AT(UPSTREAM, 0, 1, DIAL, 0, NO_DESCRIPTORS), &KNOWN,
     "dial 1 to upstream a finds no descriptor"},
    {AT(CLIENT, 0, 3, DIAL, 0, NO_DESCRIPTORS), &KNOWN,
     "the proxy finds no descriptor for the client's connection 3"},
    {AT(UPSTREAM, 0, 1, DIAL, 0, TLS_ALERT), &KNOWN,
     "upstream a's connection 1 answers the handshake with an alert"},
    {AT(UPSTREAM, 0, 1, SENT, 203, TLS_CUT), &KNOWN,
     "upstream a's connection 1 closes without a close_notify after 3 bytes of the body of its "
     "response 2 (sent: 203)"},
    {AT(UPSTREAM, 0, 1, DIAL, 0, TLS_RST_AFTER), &KNOWN,
     "upstream a's connection 1 resets as soon as the handshake is over"},
    {AT(LOOKUP, 0, 2, DIAL, 0, UNANSWERED), &KNOWN, "lookup 2 is never answered"},
    {AT(LOOKUP, 0, 1, DIAL, 0, NO_MEMORY), &KNOWN, "lookup 1 finds no memory"},
};

static void a_fault_is_told(void **state)
{
    const struct row *row = *state;
    char text[FAULT_WORDS_BYTES];
    assert_string_equal(fault_words(&row->fault, row->map, text), row->words);
}

static void what_lasts_is_told(void **state)
{
    struct wire_fault fault = AT(UPSTREAM, 0, 1, DIAL, 0, REFUSED);
    char text[FAULT_WORDS_BYTES];
    (void)state;
    fault.lasting = true;
    assert_string_equal(fault_words(&fault, &UNKNOWN, text),
                        "dial 1 to upstream a is refused, and so from there on");
}

/* Every kind that there is has words of its own, wherever it may be. */
static void no_two_kinds_are_told_alike(void **state)
{
    char texts[WIRE_FAULT_KIND_COUNT][FAULT_WORDS_BYTES];
    (void)state;
    for (enum wire_fault_kind kind = 0; kind < WIRE_FAULT_KIND_COUNT; kind++) {
        struct wire_fault fault = {.connection = 1, .kind = kind, .offset = 4};
        for (enum wire_party party = WIRE_CLIENT; party <= WIRE_LOOKUP; party++)
            for (enum wire_direction d = WIRE_DIAL; d <= WIRE_RECEIVED; d++)
                if (wire_fault_fits(kind, party, d)) {
                    fault.party = party;
                    fault.direction = d;
                }
        fault_words(&fault, &UNKNOWN, texts[kind]);
        for (enum wire_fault_kind other = 0; other < kind; other++)
            assert_string_not_equal(texts[kind], texts[other]);
    }
}

static void a_name_that_is_too_long_is_cut(void **state)
{
    char name[2 * FAULT_WORDS_BYTES], text[FAULT_WORDS_BYTES];
    const char *const names[] = {name, NULL};
    const struct fault_map map = {{names, CLIENTS}, NULL, 0};
    const struct wire_fault fault = AT(UPSTREAM, 0, 1, SENT, 3, FIN);
    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(strlen(fault_words(&fault, &map, text)), FAULT_WORDS_BYTES - 1);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS) + 3] = {
        cmocka_unit_test(what_lasts_is_told), cmocka_unit_test(no_two_kinds_are_told_alike),
        cmocka_unit_test(a_name_that_is_too_long_is_cut)};
    size_t count = 3;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[count++] = (struct CMUnitTest){.name = ROWS[i].words,
                                             .test_func = a_fault_is_told,
                                             .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
