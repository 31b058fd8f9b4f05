/*
 * A scripted nameserver: answers lookups as a name_script says, and counts them.
 *
 * On sockets it is a real server on UDP at an address of this machine: name_server_listen(). In the simulation there are
 * no packets; there name_server_look_up() is the sim_resolver of the case: sim_on_resolve(world, name_server_look_up,
 * server). A name that the script does not have is NXDOMAIN in both.
 *
 * Counting: a lookup asks for IPv4 and for IPv6 addresses; the n-th question of either type gets the n-th answer. The
 * number of lookups is that of the questions for IPv4. A question that is sent again (the same bytes from the same port)
 * is the same lookup.
 * Ownership: embedded in its owner; script and what find leads to outlive the case. Nothing is allocated.
 * Limits: NAME_SERVER_DELAYED_MAX answers wait at a time, further ones are dropped; questions longer than
 * NAME_PACKET_BYTES_MAX and what is no question are dropped.
 */
#ifndef FAKEUPSTREAM_NAME_SERVER_H
#define FAKEUPSTREAM_NAME_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeupstream/name_packet.h"
#include "fakeupstream/name_script.h"
#include "world/base/object.h"
#include "world/sockets/socket_datagram.h"
#include "world/world.h"

enum {
    NAME_SERVER_DELAYED_MAX = 64, /* two questions each of more clients than a case has */
    NAME_SERVER_RECENT_MAX = 64,  /* questions that could still be sent again */
};

/* Where the upstream of that name listens; false if there is none. */
typedef bool name_server_find(void *owner, const char *upstream, struct address *out);

struct name_server_options {
    const struct name_script *script;
    name_server_find *find; /* asked for each answer that names an upstream; NULL if none does */
    void *owner;            /* of find */
};

/* What was asked about one name, by the type of the question. */
struct name_tally {
    unsigned ipv4;
    unsigned ipv6;
};

/* A question that was met, and which of the answers it got. */
struct name_recent {
    struct name_question question;
    struct address from;
    unsigned ordinal; /* from 0 */
};

struct name_server;

struct name_delayed {
    struct name_server *server; /* NULL while free */
    struct timer timer;
    struct address to;
    uint8_t packet[NAME_PACKET_BYTES_MAX];
    size_t size;
};

struct name_server {
    object_tag tag;
    struct name_server_options options;
    struct world *world; /* while it listens */
    struct datagram_socket socket;
    struct address address; /* where it listens */
    struct name_tally tallies[NAME_SCRIPT_NAMES_MAX];
    struct name_recent recent[NAME_SERVER_RECENT_MAX];
    size_t recent_count; /* met so far; the place of the next is that modulo the size */
    struct name_delayed delayed[NAME_SERVER_DELAYED_MAX];
    uint64_t unknown; /* lookups of names that are not in the script */
    uint64_t dropped; /* packets that were no question, and answers for which there was no room */
};

/* Once per case: also forgets all that was counted. */
void name_server_init(struct name_server *server, const struct name_server_options *options);

/* Begins to serve on sockets. Port 0 takes any and writes it back. 0 or -errno. */
MUST_USE int name_server_listen(struct name_server *server, struct world *world,
                                struct address *address);
/* Answers that wait are not sent any more. The counts stay. Harmless if it does not listen. */
void name_server_stop(struct name_server *server);
/* In place of stop where the world was destroyed under it, after a failed check. */
void name_server_abandon(struct name_server *server);

/* A sim_resolver, whose owner is the server. */
uint64_t name_server_look_up(void *server, const char *host, struct query *answer);

/* Lookups of that name so far, compared without case; 0 for a name that is not in the script. */
unsigned name_server_lookups(const struct name_server *server, const char *name);

#endif
