#include "fakeupstream/name_server.h"

#include <string.h>

#define NAME_SERVER_TAG OBJECT_TAG('n', 'a', 'm', 'e')

static void on_datagram(struct datagram_socket *socket, const struct address *from,
                        struct bytes bytes);
static void on_delay_over(struct timer *timer);

void name_server_init(struct name_server *server, const struct name_server_options *options)
{
    check(options->script != NULL);
    check(options->script->entry_count <= NAME_SCRIPT_NAMES_MAX);
    memset(server, 0, sizeof(*server));
    server->tag = NAME_SERVER_TAG;
    server->options = *options;
}

int name_server_listen(struct name_server *server, struct world *world, struct address *address)
{
    int result;

    check(server->world == NULL);
    server->socket = (struct datagram_socket){.on_datagram = on_datagram, .owner = server};
    result = sockets_bind_datagrams(world, &server->socket, address);
    if (result != 0)
        return result;
    server->world = world;
    server->address = *address;
    return 0;
}

void name_server_abandon(struct name_server *server)
{
    server->world = NULL;
    server->socket.impl = NULL;
    memset(server->delayed, 0, sizeof(server->delayed));
}

void name_server_stop(struct name_server *server)
{
    if (server->world == NULL)
        return;
    for (size_t i = 0; i < NAME_SERVER_DELAYED_MAX; i++)
        timer_stop(server->world, &server->delayed[i].timer);
    sockets_unbind_datagrams(&server->socket);
    name_server_abandon(server);
}

unsigned name_server_lookups(const struct name_server *server, const char *name)
{
    const struct name_script *script = server->options.script;
    const struct name_script_entry *entry = name_script_find(script, bytes_of(name));

    return entry == NULL ? 0 : server->tallies[entry - script->entries].ipv4;
}

/* ---- what is answered -------------------------------------------------------------------------- */

static struct name_tally *tally_of(struct name_server *server,
                                   const struct name_script_entry *entry)
{
    return &server->tallies[entry - server->options.script->entries];
}

static const struct name_answer *answer_at(const struct name_script_entry *entry, unsigned ordinal)
{
    check(entry->answer_count > 0);
    return &entry->answers[ordinal < entry->answer_count ? ordinal : entry->answer_count - 1];
}

/* The addresses of an answer, upstreams' among them; returns how many. An upstream that is not there has none. */
static size_t find_addresses(const struct name_server *server, const struct name_answer *answer,
                             struct address addresses[QUERY_ADDRESSES_MAX])
{
    const struct name_server_options *options = &server->options;
    size_t count = 0;

    check(answer->target_count <= QUERY_ADDRESSES_MAX);
    for (size_t i = 0; i < answer->target_count; i++) {
        const struct name_target *target = &answer->targets[i];

        if (target->upstream == NULL)
            addresses[count++] = target->address;
        else if (options->find != NULL &&
                 options->find(options->owner, target->upstream, &addresses[count]))
            count++;
    }
    return count;
}

/* ---- in the simulation ------------------------------------------------------------------------- */

/* What a resolver makes of each kind of answer; silence and a stranger's answer it cannot tell apart. */
static const enum query_status STATUS_OF[] = {
    [NAME_NXDOMAIN] = QUERY_NOT_FOUND, [NAME_SERVFAIL] = QUERY_FAILED,
    [NAME_REFUSED] = QUERY_FAILED,     [NAME_TIMEOUT] = QUERY_TIMED_OUT,
    [NAME_TRUNCATED] = QUERY_FAILED,   [NAME_WRONG_ID] = QUERY_TIMED_OUT,
    [NAME_NO_DATA] = QUERY_NOT_FOUND,  [NAME_ADDRESSES] = QUERY_FOUND,
};

uint64_t name_server_look_up(void *owner, const char *host, struct query *query)
{
    struct name_server *server = object_cast(owner, NAME_SERVER_TAG);
    const struct name_script_entry *entry =
        name_script_find(server->options.script, bytes_of(host));
    const struct name_answer *answer;
    struct name_tally *tally;

    query->address_count = 0;
    query->status = QUERY_NOT_FOUND;
    if (entry == NULL) {
        server->unknown++;
        return 0;
    }
    tally = tally_of(server, entry);
    tally->ipv6++;
    answer = answer_at(entry, tally->ipv4++);
    query->status = STATUS_OF[answer->kind];
    if (query->status == QUERY_TIMED_OUT)
        return TIME_NEVER;
    query->address_count = find_addresses(server, answer, query->addresses);
    if (query->status == QUERY_FOUND && query->address_count == 0)
        query->status = QUERY_NOT_FOUND;
    return answer->delay_ns;
}

/* ---- on sockets -------------------------------------------------------------------------------- */

static bool is_same(const struct name_recent *recent, const struct name_question *question,
                    const struct address *from)
{
    return recent->question.id == question->id && address_equal(&recent->from, from) &&
           bytes_equal(bytes_make(recent->question.wire, recent->question.wire_size),
                       bytes_make(question->wire, question->wire_size));
}

/* Which of its name's answers a question gets: a new one the next, one that is sent again the same. */
static unsigned ordinal_of(struct name_server *server, const struct name_script_entry *entry,
                           const struct name_question *question, const struct address *from)
{
    struct name_tally *tally = tally_of(server, entry);
    struct name_recent *recent;
    unsigned ordinal = tally->ipv4;

    for (size_t i = 0; i < NAME_SERVER_RECENT_MAX && i < server->recent_count; i++)
        if (is_same(&server->recent[i], question, from))
            return server->recent[i].ordinal;
    if (question->type == NAME_TYPE_A)
        tally->ipv4++;
    else if (question->type == NAME_TYPE_AAAA)
        ordinal = tally->ipv6++;
    recent = &server->recent[server->recent_count++ % NAME_SERVER_RECENT_MAX];
    *recent = (struct name_recent){.question = *question, .from = *from, .ordinal = ordinal};
    return ordinal;
}

/* The packet of an answer; its size, or 0 if nothing is to be sent. */
static size_t write_answer(const struct name_server *server, const struct name_answer *answer,
                           const struct name_question *question,
                           uint8_t packet[NAME_PACKET_BYTES_MAX])
{
    static const struct address lure = {4, 0, {127, 0, 0, 1}};
    struct address addresses[QUERY_ADDRESSES_MAX];
    struct name_reply reply = {.id = question->id, .ttl_s = answer->ttl_s};

    switch (answer->kind) {
    case NAME_TIMEOUT:
        return 0;
    case NAME_NXDOMAIN:
        reply.code = NAME_CODE_NXDOMAIN;
        break;
    case NAME_SERVFAIL:
        reply.code = NAME_CODE_SERVFAIL;
        break;
    case NAME_REFUSED:
        reply.code = NAME_CODE_REFUSED;
        break;
    case NAME_TRUNCATED:
        reply.truncated = true;
        break;
    case NAME_WRONG_ID:
        reply.id ^= 1;
        reply.addresses = &lure; /* who believes it dials, and so is seen */
        reply.address_count = 1;
        break;
    case NAME_NO_DATA:
        break;
    case NAME_ADDRESSES:
        reply.addresses = addresses;
        reply.address_count = find_addresses(server, answer, addresses);
        break;
    }
    return name_reply_write(question, &reply, packet);
}

static void send_packet(struct name_server *server, const struct address *to, struct bytes packet)
{
    if (sockets_send_datagram(&server->socket, to, packet) != 0)
        server->dropped++;
}

static struct name_delayed *free_delayed(struct name_server *server)
{
    for (size_t i = 0; i < NAME_SERVER_DELAYED_MAX; i++)
        if (server->delayed[i].server == NULL)
            return &server->delayed[i];
    return NULL;
}

static void send_later(struct name_server *server, const struct address *to, struct bytes packet,
                       uint64_t delay_ns)
{
    struct name_delayed *delayed = free_delayed(server);

    if (delayed == NULL) {
        server->dropped++;
        return;
    }
    *delayed = (struct name_delayed){
        .server = server,
        .timer = {.on_time = on_delay_over, .owner = delayed},
        .to = *to,
        .size = packet.size,
    };
    memcpy(delayed->packet, packet.data, packet.size);
    timer_set(server->world, &delayed->timer, world_now(server->world) + delay_ns);
}

static void on_delay_over(struct timer *timer)
{
    struct name_delayed *delayed = timer->owner;
    struct name_server *server = object_cast(delayed->server, NAME_SERVER_TAG);

    delayed->server = NULL;
    send_packet(server, &delayed->to, bytes_make(delayed->packet, delayed->size));
}

static void on_datagram(struct datagram_socket *socket, const struct address *from,
                        struct bytes bytes)
{
    static const struct name_answer UNKNOWN = {.kind = NAME_NXDOMAIN};
    struct name_server *server = object_cast(socket->owner, NAME_SERVER_TAG);
    const struct name_answer *answer = &UNKNOWN;
    const struct name_script_entry *entry;
    struct name_question question;
    uint8_t packet[NAME_PACKET_BYTES_MAX];
    size_t size;

    if (!name_question_read(bytes, &question)) {
        server->dropped++;
        return;
    }
    entry = name_script_find(server->options.script, bytes_of(question.name));
    if (entry != NULL)
        answer = answer_at(entry, ordinal_of(server, entry, &question, from));
    else
        server->unknown += question.type == NAME_TYPE_A;
    size = write_answer(server, answer, &question, packet);
    if (size == 0)
        return;
    if (answer->delay_ns == 0)
        send_packet(server, from, bytes_make(packet, size));
    else
        send_later(server, from, bytes_make(packet, size), answer->delay_ns);
}
