#include "harness/schedule/fault_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text under way; what does not fit is cut. */
struct sentence {
    char *text;
    size_t size;
};

static void add(struct sentence *to, const char *format, ...) PRINTF_LIKE(2, 3);

static void add(struct sentence *to, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int size = vsnprintf(to->text + to->size, FAULT_WORDS_BYTES - to->size, format, list);
    va_end(list);
    if (size > 0)
        to->size += (size_t)size;
    if (to->size >= FAULT_WORDS_BYTES)
        to->size = FAULT_WORDS_BYTES - 1;
}

/* ---- who ------------------------------------------------------------------------------------ */

static const char *name_of(const struct fault_names *names, const struct wire_fault *fault)
{
    const char *const *all = fault->party == WIRE_UPSTREAM ? names->upstreams : names->clients;
    for (uint32_t i = 0; i < fault->index; i++)
        check(all[i] != NULL);
    check(all[fault->index] != NULL);
    return all[fault->index];
}

/* A scenario's only client is called "client", if it does not say otherwise. */
static void add_connection(struct sentence *to, const struct fault_map *map,
                           const struct wire_fault *fault)
{
    const char *name = name_of(&map->names, fault);
    if (fault->party == WIRE_UPSTREAM)
        add(to, "upstream %s's connection %" PRIu32, name, fault->connection);
    else if (strcmp(name, "client") == 0)
        add(to, "the client's connection %" PRIu32, fault->connection);
    else
        add(to, "client %s's connection %" PRIu32, name, fault->connection);
}

/* ---- where ---------------------------------------------------------------------------------- */

/* The message that holds that byte: one that it is the first byte of goes before one that has just ended. NULL: none. */
static const struct fault_message *find_message(const struct fault_map *map,
                                                const struct wire_fault *fault)
{
    const struct fault_message *found = NULL;
    for (size_t i = 0; i < map->message_count; i++) {
        const struct fault_message *message = &map->messages[i];
        if (message->party == fault->party && message->index == fault->index &&
            message->connection == fault->connection && message->direction == fault->direction &&
            message->begin <= fault->offset)
            found = message;
    }
    return found;
}

/* What a client sends is a request, and so is what an upstream receives. */
static void add_message(struct sentence *to, const struct wire_fault *fault,
                        const struct fault_message *message)
{
    bool request = (fault->party == WIRE_CLIENT) == (fault->direction == WIRE_SENT);
    add(to, "%s %s", fault->direction == WIRE_SENT ? "its" : "the",
        message->interim ? "interim response" : (request ? "request" : "response"));
    if (!message->interim && message->number > 1)
        add(to, " %u", message->number);
}

static void add_bytes(struct sentence *to, uint64_t bytes)
{
    add(to, "%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
}

/* "after 17 bytes of the head of its response" */
static void add_place(struct sentence *to, const struct wire_fault *fault,
                      const struct fault_message *message)
{
    uint64_t offset = fault->offset;
    uint64_t bytes = 0;
    const char *part = NULL;
    const char *edge = "behind the whole of ";
    if (offset == message->begin) {
        edge = "before the first byte of ";
    } else if (offset < message->head_end) {
        bytes = offset - message->begin;
        part = "head";
    } else if (offset == message->head_end && message->end > offset) {
        edge = "behind the head of ";
    } else if (offset < message->body_end) {
        bytes = offset - message->head_end;
        part = message->chunked ? "chunked body" : "body";
    } else if (offset < message->end) {
        edge = "before the last chunk's end of ";
    } else if (offset > message->end) {
        edge = "long behind ";
    }
    if (part == NULL) {
        add(to, "%s", edge);
    } else {
        add(to, "after ");
        add_bytes(to, bytes);
        add(to, " of the %s of ", part);
    }
    add_message(to, fault, message);
}

/* Where the byte is: by its message, and its number; or by its number alone. */
static void add_where(struct sentence *to, const struct fault_map *map,
                      const struct wire_fault *fault)
{
    const struct fault_message *message = find_message(map, fault);
    bool sent = fault->direction == WIRE_SENT;
    if (message != NULL) {
        add_place(to, fault, message);
        add(to, " (%s: %" PRIu64 ")", sent ? "sent" : "received", fault->offset);
    } else if (fault->offset == 0) {
        add(to, "before it has %s a byte", sent ? "sent" : "received");
    } else {
        add(to, "after it has %s ", sent ? "sent" : "received");
        add_bytes(to, fault->offset);
    }
}

/* ---- what ----------------------------------------------------------------------------------- */

_Static_assert(WIRE_DELAY_NS == 20 * NS_PER_MS, "the words say how long it is");

/* What the connection's own side does. NULL: the sentence is built otherwise. */
static const char *deed_of(enum wire_fault_kind kind)
{
    switch (kind) {
    case WIRE_FAULT_FIN:
        return "closes";
    case WIRE_FAULT_HALF_CLOSE:
        return "half-closes";
    case WIRE_FAULT_RST:
        return "resets";
    case WIRE_FAULT_STALL:
        return "stalls";
    case WIRE_FAULT_DELAY:
        return "pauses for 20 ms";
    case WIRE_FAULT_SPLIT:
        return "waits until the proxy has read,";
    case WIRE_FAULT_GARBAGE:
        return "sends a NUL in place of the next byte,";
    case WIRE_FAULT_TLS_CUT:
        return "closes without a close_notify";
    case WIRE_FAULT_TLS_ALERT:
        return "answers the handshake with an alert";
    case WIRE_FAULT_TLS_CLOSE:
        return "closes within the handshake";
    case WIRE_FAULT_TLS_RESET:
        return "resets within the handshake";
    case WIRE_FAULT_TLS_STALL:
        return "never answers the handshake";
    case WIRE_FAULT_TLS_RST_AFTER:
        return "resets as soon as the handshake is over";
    default:
        return NULL;
    }
}

/* What happens to a dial to an upstream. */
static const char *fate_of(enum wire_fault_kind kind)
{
    switch (kind) {
    case WIRE_FAULT_REFUSED:
        return "is refused";
    case WIRE_FAULT_DROPPED:
        return "is never answered";
    case WIRE_FAULT_UNREACHABLE:
        return "finds no way there";
    default:
        return "finds no descriptor";
    }
}

static const char *answer_of(enum wire_fault_kind kind)
{
    switch (kind) {
    case WIRE_FAULT_NOT_FOUND:
        return "finds no such name";
    case WIRE_FAULT_SERVER_FAILED:
        return "is answered with a failure";
    case WIRE_FAULT_UNANSWERED:
        return "is never answered";
    default:
        return "finds no memory";
    }
}

static void add_at_byte(struct sentence *to, const struct fault_map *map,
                        const struct wire_fault *fault)
{
    const char *deed = deed_of(fault->kind);
    switch (fault->kind) {
    case WIRE_FAULT_SHORT_WRITE:
        add(to, "a write of the proxy to ");
        add_connection(to, map, fault);
        add(to, " is cut");
        break;
    case WIRE_FAULT_CLIENT_FIN:
    case WIRE_FAULT_CLIENT_RST:
        add(to, "the client %s when ", fault->kind == WIRE_FAULT_CLIENT_FIN ? "closes" : "resets");
        add_connection(to, map, fault);
        add(to, " stands");
        break;
    default:
        check(deed != NULL);
        add_connection(to, map, fault);
        add(to, " %s", deed);
    }
    add(to, " ");
    add_where(to, map, fault);
}

static void add_at_dial(struct sentence *to, const struct fault_map *map,
                        const struct wire_fault *fault)
{
    const char *deed = deed_of(fault->kind);
    if (fault->party == WIRE_LOOKUP) {
        add(to, "lookup %" PRIu32 " %s", fault->connection, answer_of(fault->kind));
    } else if (deed != NULL) {
        add_connection(to, map, fault);
        add(to, " %s", deed);
    } else if (fault->party == WIRE_UPSTREAM) {
        add(to, "dial %" PRIu32 " to upstream %s %s", fault->connection,
            name_of(&map->names, fault), fate_of(fault->kind));
    } else {
        add(to, "the proxy finds no descriptor for ");
        add_connection(to, map, fault);
    }
}

const char *fault_words(const struct wire_fault *fault, const struct fault_map *map,
                        char text[FAULT_WORDS_BYTES])
{
    struct sentence sentence = {.text = text};
    text[0] = '\0';
    if (fault->direction == WIRE_DIAL)
        add_at_dial(&sentence, map, fault);
    else
        add_at_byte(&sentence, map, fault);
    if (fault->lasting)
        add(&sentence, ", and so from there on");
    return text;
}
