/* Whom a query asks, and addresses of IPv6. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "world/conformance/bench.h"
#include "world/sim/sim.h"
#include "world/sockets/socket_datagram.h"

enum { MESSAGE_BYTES = 10 };

/* ---- nameservers ------------------------------------------------------------------------------- */

/* One that refuses every question: what a world without it would not say. */
struct nameserver {
    struct address address;
    struct datagram_socket socket; /* on sockets */
    size_t asked;
};

static void refuse_packet(struct datagram_socket *socket, const struct address *from,
                          struct bytes bytes)
{
    enum { FLAGS_AT = 2, RESPONSE = 0x80, REFUSED = 5 }; /* RFC 1035 4.1.1 */
    struct nameserver *nameserver = socket->owner;
    uint8_t packet[DATAGRAM_BYTES_MAX];

    nameserver->asked++;
    memcpy(packet, bytes.data, bytes.size);
    packet[FLAGS_AT] |= RESPONSE;
    packet[FLAGS_AT + 1] = REFUSED;
    assert_int_equal(sockets_send_datagram(socket, from, bytes_make(packet, bytes.size)), 0);
}

static uint64_t refuse_lookup(void *owner, const char *host, struct query *answer)
{
    struct nameserver *nameserver = owner;

    assert_string_equal(host, "named.test");
    assert_true(address_equal(&answer->nameserver, &nameserver->address));
    nameserver->asked++;
    answer->status = QUERY_FAILED;
    return 0;
}

static void nameserver_start(struct nameserver *nameserver, struct bench *bench)
{
    const struct layer *lowest = &bench->layers[0];

    *nameserver = (struct nameserver){.address = address_loopback(0)};
    if (lowest->destroy == sim_destroy) {
        nameserver->address.port = 53;
        sim_on_resolve(lowest->world, refuse_lookup, nameserver);
        return;
    }
    nameserver->socket =
        (struct datagram_socket){.on_datagram = refuse_packet, .owner = nameserver};
    assert_int_equal(
        sockets_bind_datagrams(lowest->world, &nameserver->socket, &nameserver->address), 0);
}

static void count_answer(struct query *query)
{
    size_t *count = query->owner;

    (*count)++;
}

static void named_nameserver(struct bench *bench)
{
    struct nameserver nameserver;
    size_t answers = 0;
    struct query query = {.on_answer = count_answer, .owner = &answers};

    nameserver_start(&nameserver, bench);
    query.nameserver = nameserver.address;
    assert_int_equal(world_resolve(bench->world, &query, "named.test", 80), 0);
    bench_await(bench, &answers, 1);
    assert_int_equal(query.status, QUERY_FAILED);
    assert_int_equal(query.address_count, 0);
    assert_null(query.impl);
    assert_true(nameserver.asked > 0);
    nameserver.asked = 0;
    assert_int_equal(world_resolve(bench->world, &query, "named.test", 80), 0);
    bench_await(bench, &answers, 2);
    assert_true(nameserver.asked > 0);
    sockets_unbind_datagrams(&nameserver.socket);
}

static void cancelled_question(struct bench *bench)
{
    struct nameserver nameserver;
    size_t answers = 0;
    struct query query = {.on_answer = count_answer, .owner = &answers};

    nameserver_start(&nameserver, bench);
    query.nameserver = nameserver.address;
    assert_int_equal(world_resolve(bench->world, &query, "named.test", 80), 0);
    world_resolve_cancel(bench->world, &query);
    assert_null(query.impl);
    bench_settle(bench);
    assert_int_equal(answers, 0);
    assert_int_equal(world_resolve(bench->world, &query, "named.test", 80), 0);
    bench_await(bench, &answers, 1);
    sockets_unbind_datagrams(&nameserver.socket);
}

/* ---- IPv6 -------------------------------------------------------------------------------------- */

/* Some machines have no IPv6, not even with themselves. */
static void need_ipv6(struct bench *bench)
{
    int result;

    bench->address = (struct address){.family = 6, .bytes = {[15] = 1}};
    result = world_listen(bench->world, &bench->listener, &bench->address, LISTEN_OPEN, 1);
    if (result == -EADDRNOTAVAIL || result == -EAFNOSUPPORT) {
        print_message("this machine has no ::1\n");
        skip();
    }
    assert_int_equal(result, 0);
    world_unlisten(bench->world, &bench->listener);
    bench->address.port = 0;
}

static void expect_ipv6_peer(struct end *end)
{
    struct stream_info info;
    char text[ADDRESS_TEXT_BYTES];

    stream_info(&end->stream, &info);
    assert_int_not_equal(info.peer.port, 0);
    assert_string_equal(address_format_host(&info.peer, text), "::1");
}

static void ipv6_stream(struct bench *bench)
{
    char text[ADDRESS_TEXT_BYTES], expected[ADDRESS_TEXT_BYTES];

    need_ipv6(bench);
    bench_connect(bench);
    snprintf(expected, sizeof(expected), "[::1]:%u", bench->address.port);
    assert_string_equal(address_format(&bench->address, text), expected);
    expect_ipv6_peer(&bench->client);
    expect_ipv6_peer(&bench->server);
    end_send(&bench->client, MESSAGE_BYTES);
    end_send(&bench->server, MESSAGE_BYTES);
    end_read(&bench->client);
    end_read(&bench->server);
    bench_await(bench, &bench->client.got, MESSAGE_BYTES);
    bench_await(bench, &bench->server.got, MESSAGE_BYTES);
    stream_close(&bench->client.stream, STREAM_FIN);
    bench_await(bench, &bench->server.ends, 1);
    assert_int_equal(bench->server.end_result, 0);
}

static void ipv6_refused(struct bench *bench)
{
    need_ipv6(bench);
    bench_listen(bench, LISTEN_REFUSED);
    bench_dial(bench);
    bench_await(bench, &bench->client.opens, 1);
    assert_int_equal(bench->client.open_status, -ECONNREFUSED);
}

static void ipv6_blackhole(struct bench *bench)
{
    need_ipv6(bench);
    bench_listen(bench, LISTEN_BLACKHOLE);
    bench_dial(bench);
    bench_settle(bench);
    assert_int_equal(bench->client.upcalls, 0);
    assert_int_equal(stream_status(&bench->client.stream), -EINPROGRESS);
}

const struct row NAME_ROWS[] = {
    {"a query asks the nameserver that it names, each time", named_nameserver},
    {"a question to a nameserver that is cancelled is never answered", cancelled_question},
    {"a connection over IPv6 is like any other, and says who is there", ipv6_stream},
    {"a dial to a refusing address of IPv6 is refused", ipv6_refused},
    {"a blackhole of IPv6 never answers", ipv6_blackhole},
    {0},
};
