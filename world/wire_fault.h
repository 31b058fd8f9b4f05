/*
 * A fault of one connection, at one byte of it: what an explorer puts into a case, and what a scenario's `faults` say.
 *
 * A fault is addressed by who stands at the other end from the proxy, which connection of theirs, in which direction and
 * after how many bytes; never by the number of calls, which a change of the program would change. So a fault means the same
 * in the simulation and on real sockets. Under TLS the bytes are those of the plaintext, but for SHORT_WRITE, whose bytes are
 * those on the wire.
 *
 * Connections of an upstream are counted as it accepts them and those of a client as it makes them; a fault of a dial counts
 * the dials that the proxy makes to that upstream, and of a client the connections that the proxy accepts.
 *
 * Plain values. Who makes which kind: fins, resets, cuts, stalls, delays, splits and garbage the actor's own line
 * (fakeupstream/acting/line_fault.h); dials that fail and writes that are cut short the filter beneath the proxy
 * (world/filters/impair.h); lookups the case's nameserver.
 */
#ifndef WORLD_WIRE_FAULT_H
#define WORLD_WIRE_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world/world.h"

/* Faults of one run: exploration goes to three, a person writes perhaps twice as many. */
enum { WIRE_FAULTS_MAX = 8 };

/* How long a `delay` lasts: far above a round trip of a simulated network, far below every timeout. */
#define WIRE_DELAY_NS (20 * NS_PER_MS)

enum wire_party { WIRE_CLIENT, WIRE_UPSTREAM, WIRE_LOOKUP };

/* As the actor sees it; DIAL: when the connection, or the lookup, begins. */
enum wire_direction { WIRE_DIAL, WIRE_SENT, WIRE_RECEIVED };

/*
 * Name, word, whose connections (c client, u upstream, b both, l lookups), directions (d dial, s sent, r received,
 * b sent and received).
 *
 * FIN, RST        the actor closes, or resets, once so many bytes have gone that way
 * HALF_CLOSE      it sends FIN and reads on
 * STALL           it neither reads nor writes any more, and holds the connection
 * DELAY           it lets WIRE_DELAY_NS pass before the next byte of that direction
 * SPLIT           it sends nothing further until the proxy has read what was sent; a proxy that never does is not waited
 *                 for, and has not met it
 * GARBAGE         the byte at that place is a NUL
 * SHORT_WRITE     the proxy's write that would go past that byte is accepted up to it
 * CLIENT_FIN, CLIENT_RST  at that moment of the upstream's connection the first client closes, or resets, its own
 * NO_DESCRIPTORS  the proxy's connect, or accept, gives -EMFILE; accept only that once
 * TLS_CUT         under TLS it closes without a close_notify: what came may be less than was to come (RFC 8446 6.1)
 * TLS_* else      as the words of a scenario's `tls` step
 */
#define WIRE_FAULT_LIST(X)                               \
    X(FIN, "fin", 'b', 'b')                              \
    X(HALF_CLOSE, "half-close", 'b', 's')                \
    X(RST, "rst", 'b', 'b')                              \
    X(STALL, "stall", 'b', 'b')                          \
    X(DELAY, "delay", 'b', 'b')                          \
    X(SPLIT, "split", 'b', 's')                          \
    X(GARBAGE, "garbage", 'b', 's')                      \
    X(SHORT_WRITE, "short-write", 'b', 'r')              \
    X(CLIENT_FIN, "client-fin", 'u', 'b')                \
    X(CLIENT_RST, "client-rst", 'u', 'b')                \
    X(REFUSED, "refused", 'u', 'd')                      \
    X(DROPPED, "dropped", 'u', 'd')                      \
    X(UNREACHABLE, "unreachable", 'u', 'd')              \
    X(NO_DESCRIPTORS, "no-descriptors", 'b', 'd')        \
    X(TLS_CUT, "tls-cut", 'b', 'b')                      \
    X(TLS_ALERT, "tls-alert", 'u', 'd')                  \
    X(TLS_CLOSE, "tls-close-mid-handshake", 'u', 'd')    \
    X(TLS_RESET, "tls-reset-mid-handshake", 'u', 'd')    \
    X(TLS_STALL, "tls-stall", 'u', 'd')                  \
    X(TLS_RST_AFTER, "tls-rst-after-finished", 'u', 'd') \
    X(NOT_FOUND, "nxdomain", 'l', 'd')                   \
    X(SERVER_FAILED, "servfail", 'l', 'd')               \
    X(UNANSWERED, "timeout", 'l', 'd')                   \
    X(NO_MEMORY, "no-memory", 'l', 'd')

enum wire_fault_kind {
#define WIRE_FAULT_ENUM(name, word, party, direction) WIRE_FAULT_##name,
    WIRE_FAULT_LIST(WIRE_FAULT_ENUM)
#undef WIRE_FAULT_ENUM
        WIRE_FAULT_KIND_COUNT
};

struct wire_fault {
    enum wire_party party;
    uint32_t index; /* which client or upstream, in the order of the case, from 0; lookups: 0 */
    uint32_t connection; /* which connection of it, or which lookup, from 1 */
    enum wire_direction direction;
    uint64_t offset; /* bytes that went that way before; GARBAGE: of the byte itself. DIAL: 0 */
    enum wire_fault_kind kind;
    bool
        lasting; /* so it goes with each later connection of that party, and with all of others of its sort */
};

/* "fin", "client-rst" */
const char *wire_fault_word(enum wire_fault_kind kind);
/* Whether such a party has such a fault in such a direction. */
bool wire_fault_fits(enum wire_fault_kind kind, enum wire_party party,
                     enum wire_direction direction);
/* Whether it needs a connection that speaks TLS; elsewhere it does not take place. */
bool wire_fault_is_of_tls(enum wire_fault_kind kind);
/* Whether it is made on the proxy's side of the network, and not by an actor. */
bool wire_fault_is_beneath_proxy(enum wire_fault_kind kind);
/* Whether it meets that connection of that party: the one it names, or a later one where it is lasting. */
bool wire_fault_meets(const struct wire_fault *fault, enum wire_party party, uint32_t index,
                      uint32_t connection);
bool wire_fault_equal(const struct wire_fault *a, const struct wire_fault *b);

#endif
