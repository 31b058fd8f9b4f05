#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/foreign/slot.h"
#include "harness/run/buffering_run.h"
#include "world/sockets/sockets.h"

/*
 * Three proxies in processes of their own: the built-in one, whose window is known; one that takes everything before it
 * passes anything on; one that refuses.
 */

enum {
    REGION_BYTES = 4 * 1024 * 1024,
    HEAD_BYTES = 16 * 1024, /* far more than any head here */
    EXCHANGE_HEADS = 4096,  /* heads of one exchange, and what a proxy adds to them */
    BLOCKS = 256,           /* of addresses, for runs beside each other */
};

struct stand {
    struct subject_slot slot;
    pid_t proxy;
    struct region region;
    struct observed_buffering rows[BUFFERING_ROWS];
};

typedef void serve(const struct subject_slot *slot);

/* ---- the built-in proxy --------------------------------------------------------------------- */

static void serve_built_in(const struct subject_slot *slot)
{
    struct world *world = sockets_create(&(struct sockets_options){0});
    struct proxy_settings settings;
    char text[ADDRESS_TEXT_BYTES];
    int os_error;

    proxy_settings_init(&settings);
    settings.listen = slot->listen;
    for (size_t i = 0; i < SLOT_UPSTREAMS; i++)
        if (!proxy_settings_add_upstream(&settings, address_format(&slot->upstreams[i], text)))
            return;
    if (world != NULL && proxy_create(world, &settings, NULL, &os_error) != NULL)
        world_run(world, UINT64_MAX, TIME_NEVER);
}

/* ---- proxies that a test can be sure of ------------------------------------------------------ */

/* One connection, served by a thread. */
struct served {
    const struct subject_slot *slot;
    int client;
    bool refuses;
};

static struct sockaddr_in socket_address(const struct address *address)
{
    struct sockaddr_in socket_address = {.sin_family = AF_INET, .sin_port = htons(address->port)};

    memcpy(&socket_address.sin_addr, address->bytes, sizeof(socket_address.sin_addr));
    return socket_address;
}

static bool write_all(int to, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t put = send(to, data, size, MSG_NOSIGNAL);
        if (put <= 0)
            return false;
        data += put;
        size -= (size_t)put;
    }
    return true;
}

/* A whole message, in memory that is given away; NULL when it does not come whole. */
static char *take_message(int from, size_t *size)
{
    char *data = calloc(1, BUFFERING_BODY_BYTES + HEAD_BYTES);
    size_t wanted = SIZE_MAX;

    *size = 0;
    while (data != NULL && *size < wanted) {
        ssize_t got = recv(from, data + *size, BUFFERING_BODY_BYTES + HEAD_BYTES - 1 - *size, 0);
        if (got <= 0) {
            free(data);
            return NULL;
        }
        *size += (size_t)got;
        const char *end = wanted == SIZE_MAX ? strstr(data, "\r\n\r\n") : NULL;
        const char *field = end == NULL ? NULL : strcasestr(data, "\r\ncontent-length:");
        if (end != NULL)
            wanted = (size_t)(end - data) + strlen("\r\n\r\n") +
                     (field != NULL && field < end ? strtoul(strchr(field, ':') + 1, NULL, 10) : 0);
    }
    return data;
}

static void pass_message(int from, int to)
{
    size_t size;
    char *message = take_message(from, &size);

    if (message != NULL)
        write_all(to, message, size);
    free(message);
}

static void refuse(int client)
{
    static const char ANSWER[] = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
    char head[HEAD_BYTES];

    if (recv(client, head, sizeof(head), 0) > 0)
        write_all(client, ANSWER, strlen(ANSWER));
}

static bool is_warm_up(int client)
{
    char head[HEAD_BYTES] = "";

    return recv(client, head, sizeof(head) - 1, MSG_PEEK) > 0 && strstr(head, "warm-up") != NULL;
}

static void *serve_client(void *owner)
{
    struct served *served = owner;
    struct sockaddr_in address = socket_address(&served->slot->upstreams[0]);
    int upstream = socket(AF_INET, SOCK_STREAM, 0);

    if (served->refuses && !is_warm_up(served->client)) {
        refuse(served->client);
    } else {
        size_t size;
        char *request = take_message(served->client, &size);
        if (request != NULL &&
            connect(upstream, (struct sockaddr *)&address, sizeof(address)) == 0 &&
            write_all(upstream, request, size))
            pass_message(upstream, served->client);
        free(request);
    }
    close(upstream);
    close(served->client);
    free(served);
    return NULL;
}

static void serve_by_threads(const struct subject_slot *slot, bool refuses)
{
    struct sockaddr_in address = socket_address(&slot->listen);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    int client;

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, BUFFERING_EXCHANGES_MAX) != 0)
        return;
    while ((client = accept(listener, NULL, NULL)) >= 0) {
        struct served *served = malloc(sizeof(*served));
        pthread_t thread;
        if (served == NULL)
            return;
        *served = (struct served){slot, client, refuses};
        if (pthread_create(&thread, NULL, serve_client, served) != 0)
            return;
        pthread_detach(thread);
    }
}

static void serve_by_swallowing(const struct subject_slot *slot)
{
    serve_by_threads(slot, false);
}

static void serve_by_refusing(const struct subject_slot *slot)
{
    serve_by_threads(slot, true);
}

/* ---- the stand ------------------------------------------------------------------------------ */

static bool never(void *owner)
{
    (void)owner;
    return false;
}

static bool always(void *owner)
{
    (void)owner;
    return true;
}

/* served NULL: nobody is there. */
static struct stand *stand_make(serve *served)
{
    struct stand *stand = calloc(1, sizeof(*stand));

    assert_non_null(stand);
    region_init(&stand->region, REGION_BYTES);
    slots_lay_out(&stand->slot, 1, SLOT_BY_LISTENER, (unsigned)getpid() % BLOCKS);
    stand->proxy = served == NULL ? 0 : fork();
    if (served != NULL && stand->proxy == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        served(&stand->slot);
        _exit(EXIT_FAILURE);
    }
    return stand;
}

static void stand_measure(struct stand *stand, bool (*is_interrupted)(void *owner))
{
    static const char *const NAMES[] = {"a", "b", NULL};
    struct buffering_place places[BUFFERING_ROWS];
    const struct buffering_plan plan = {
        .places = places, .is_interrupted = is_interrupted, .region = &stand->region};

    for (size_t i = 0; i < BUFFERING_ROWS; i++)
        places[i] = (struct buffering_place){
            .where = {.target = stand->slot.listen,
                      .upstreams = stand->slot.upstreams,
                      .names = NAMES},
            .pids = &stand->proxy,
            .pid_count = stand->proxy != 0,
        };
    buffering_measure(&plan, stand->rows);
}

static void stand_free(struct stand *stand)
{
    if (stand->proxy != 0) {
        assert_int_equal(kill(stand->proxy, SIGKILL), 0);
        assert_int_equal(waitpid(stand->proxy, NULL, 0), stand->proxy);
    }
    region_release(&stand->region);
    free(stand);
}

/* ---- what is measured ----------------------------------------------------------------------- */

static void assert_figure(const struct observed_buffering *row)
{
    if (row->trouble != NULL)
        fail_msg("%s of %u: %s", row->way, row->exchanges, row->trouble);
    assert_int_equal(row->offered, BUFFERING_BODY_BYTES);
}

static void rows_are_two_ways_at_three_widths(void **state)
{
    static const unsigned EXCHANGES[] = {1, 8, 64, 1, 8, 64};
    struct stand *stand = stand_make(NULL);

    (void)state;
    stand_measure(stand, always);
    for (size_t i = 0; i < BUFFERING_ROWS; i++) {
        assert_string_equal(stand->rows[i].way, i < 3 ? "upload" : "download");
        assert_int_equal(stand->rows[i].exchanges, EXCHANGES[i]);
        assert_string_equal(stand->rows[i].trouble, "interrupted");
    }
    stand_free(stand);
}

static void a_proxy_with_a_window_holds_no_more_than_it(void **state)
{
    struct stand *stand = stand_make(serve_built_in);
    const struct proxy_settings *settings = NULL;
    struct proxy_settings defaults;

    (void)state;
    proxy_settings_init(&defaults);
    settings = &defaults;
    stand_measure(stand, never);
    for (size_t i = 0; i < BUFFERING_ROWS; i++) {
        const struct observed_buffering *row = &stand->rows[i];
        assert_figure(row);
        assert_in_range(row->swallowed, 0,
                        row->exchanges * (settings->window_bytes + EXCHANGE_HEADS));
        assert_true(row->memory_growth < row->exchanges * row->offered / 2);
        assert_false(row->whole);
    }
    stand_free(stand);
}

static void a_proxy_that_takes_everything_is_seen_to(void **state)
{
    struct stand *stand = stand_make(serve_by_swallowing);

    (void)state;
    stand_measure(stand, never);
    for (size_t i = 0; i < BUFFERING_ROWS; i++) {
        const struct observed_buffering *row = &stand->rows[i];
        uint64_t offered = row->exchanges * row->offered;
        assert_figure(row);
        assert_true(row->whole);
        assert_in_range(row->swallowed + row->kernel, offered,
                        offered + row->exchanges * EXCHANGE_HEADS);
        assert_in_range(row->swallowed, offered / 8, offered);
    }
    /* Nobody else has used its memory before the first upload, and what is freed is given back. */
    assert_in_range(stand->rows[0].memory_growth, BUFFERING_BODY_BYTES, 2 * BUFFERING_BODY_BYTES);
    stand_free(stand);
}

static void a_proxy_that_refuses_is_told_so(void **state)
{
    struct stand *stand = stand_make(serve_by_refusing);

    (void)state;
    stand_measure(stand, never);
    for (size_t i = 0; i < BUFFERING_ROWS; i++) {
        const struct observed_buffering *row = &stand->rows[i];
        assert_non_null(row->trouble);
        if (strncmp(row->trouble, "the proxy ", strlen("the proxy ")) != 0)
            fail_msg("%s of %u: %s", row->way, row->exchanges, row->trouble);
        assert_int_equal(row->swallowed + row->kernel + row->memory_growth, 0);
    }
    stand_free(stand);
}

static void where_nobody_listens_there_is_no_figure(void **state)
{
    struct stand *stand = stand_make(NULL);

    (void)state;
    stand_measure(stand, never);
    for (size_t i = 0; i < BUFFERING_ROWS; i++)
        assert_string_equal(stand->rows[i].trouble,
                            "no connection to the proxy: Connection refused");
    stand_free(stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_two_ways_at_three_widths),
        cmocka_unit_test(a_proxy_with_a_window_holds_no_more_than_it),
        cmocka_unit_test(a_proxy_that_takes_everything_is_seen_to),
        cmocka_unit_test(a_proxy_that_refuses_is_told_so),
        cmocka_unit_test(where_nobody_listens_there_is_no_figure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
