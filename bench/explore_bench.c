/*
 * How fast the simulation plays: clean exchanges one after the other on one connection, whole runs as an explorer makes them,
 * and beside them the floor, llhttp alone over the same bytes. Of one core, this process's own time.
 *
 *     cmake --build build/release --target explore_bench && build/release/explore_bench [seconds]
 *
 * A clean exchange is a GET of some 200 bytes and a response of some 300: made and sent by the scripted client, read, judged and
 * forwarded by the proxy, read strictly and answered by the fake upstream, and the same back; the witnesses keep all of it. A run is that
 * and more: listeners, proxy, client and dials from nothing, the end of them all, every claim of the oracle asked, all of it
 * forgotten. Prints figures and fails nothing; the counts among them are held by run_cost_test.
 */
#include <inttypes.h>
#include <llhttp.h>
#include <string.h>
#include <time.h>

#include "harness/run/cost_rig.h"

enum { MESSAGES = 4, ROUNDS = 5 };

/* Of this process: other work on the machine is not the simulation's cost. */
static uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* ---- the floor -------------------------------------------------------------------------------- */

/* What went over the wires in one exchange: the request to the proxy and from it, the response to the proxy and from it. */
struct wire {
    struct bytes messages[MESSAGES];
    llhttp_type_t types[MESSAGES];
};

static struct bytes seen(struct region *region, const struct witness_stream *stream)
{
    const char *copy = region_copy_text(region, (const char *)stream->data, stream->size);

    check(stream->size == stream->bytes);
    check(copy != NULL);
    return bytes_make(copy, stream->size);
}

static struct wire wire_of_exchange(struct cost_rig *rig, struct region *region)
{
    const struct evidence *evidence;
    const struct witness *client, *upstream;
    struct wire wire = {.types = {HTTP_REQUEST, HTTP_REQUEST, HTTP_RESPONSE, HTTP_RESPONSE}};

    cost_rig_read_clean(rig, 1);
    check(cost_rig_judge(rig, 1).verdict == VERDICT_PASS);
    evidence = case_run_evidence(rig->run);
    client = client_witness(evidence->clients[0], 0);
    upstream = fake_upstream_witness(evidence->upstreams[0], 0);
    wire.messages[0] = seen(region, &client->out);
    wire.messages[1] = seen(region, &upstream->in);
    wire.messages[2] = seen(region, &upstream->out);
    wire.messages[3] = seen(region, &client->in);
    case_run_reset(rig->run);
    return wire;
}

static int note(llhttp_t *parser, const char *at, size_t size)
{
    size_t *total = parser->data;

    (void)at;
    *total += size;
    return 0;
}

/* Both parsers of each hop: the one that the bytes come to. Callbacks as a reader needs them, and nothing done in them. */
static size_t parse(const struct wire *wire, const llhttp_settings_t *settings)
{
    size_t total = 0;

    for (size_t i = 0; i < MESSAGES; i++) {
        llhttp_t parser;

        llhttp_init(&parser, wire->types[i], settings);
        parser.data = &total;
        check(llhttp_execute(&parser, (const char *)wire->messages[i].data,
                             wire->messages[i].size) == HPE_OK);
    }
    return total;
}

static double floor_ns(const struct wire *wire, uint64_t limit_ns)
{
    llhttp_settings_t settings;
    uint64_t began_ns = clock_ns(), took_ns, count = 0;

    llhttp_settings_init(&settings);
    settings.on_method = settings.on_url = settings.on_status = note;
    settings.on_header_field = settings.on_header_value = settings.on_body = note;
    do {
        for (unsigned i = 0; i < 1000; i++)
            check(parse(wire, &settings) > 0);
        count += 1000;
        took_ns = clock_ns() - began_ns;
    } while (took_ns < limit_ns);
    return (double)took_ns / (double)count;
}

/* ---- ours ------------------------------------------------------------------------------------- */

struct figure {
    double ns;          /* of the fastest round */
    double upcalls;     /* of each run */
    double allocations; /* the same */
};

static struct cost play(struct cost_rig *rig, bool judged, uint64_t seed)
{
    return judged ? cost_rig_run(rig, seed) : cost_rig_play(rig, seed);
}

static struct figure measure(struct cost_rig *rig, bool judged, uint64_t limit_ns)
{
    struct figure figure = {.ns = 0};

    for (unsigned i = 0; i < 10; i++)
        play(rig, judged, 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t began_ns = clock_ns(), took_ns, count = 0, upcalls = 0, allocations = 0;
        double ns;

        do {
            struct cost cost = play(rig, judged, count++);

            upcalls += cost.upcalls;
            allocations += cost.allocations;
            took_ns = clock_ns() - began_ns;
        } while (took_ns < limit_ns / ROUNDS);
        ns = (double)took_ns / (double)count;
        if (figure.ns == 0 || ns < figure.ns)
            figure.ns = ns;
        figure.upcalls = (double)upcalls / (double)count;
        figure.allocations = (double)allocations / (double)count;
    }
    return figure;
}

static void tell(const char *what, const struct figure *figure, double floor)
{
    printf("%-44s %9.0f %9.2f %9.1f %12.1f %8.1f\n", what, 1e9 / figure->ns, figure->ns / 1000,
           figure->upcalls, figure->allocations, figure->ns / floor);
}

/* What a run of many exchanges costs more than one of a single exchange, for each of them. */
static struct figure each_of_many(const struct figure *many, const struct figure *one)
{
    double more = COST_EXCHANGES - 1;

    return (struct figure){.ns = (many->ns - one->ns) / more,
                           .upcalls = (many->upcalls - one->upcalls) / more,
                           .allocations = (many->allocations - one->allocations) / more};
}

static const struct row {
    const char *what;
    const char *text;
} ROWS[] = {
    {"run: a refused dial, tried again",
     "client: [" COST_REQUEST "]\nupstreams: {a: {listen: refused}, b: []}\n"},
    {"run: a POST that is cut, answered with 502",
     "client: [request: {method: POST, path: /pay, body: 11}]\n"
     "upstreams: {a: [[read: request, end: fin]], b: []}\n"},
    {"run: a reset PUT, sent again",
     "client: [request: {method: PUT, path: /x, body: 300}]\n"
     "upstreams: {a: [[read: request, end: rst]], b: []}\nproxy: {policy: idempotent}\n"},
};

static void tell_rows(struct cost_rig *rig, uint64_t limit_ns, double floor)
{
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        struct figure figure;
        char text[1024];

        snprintf(text, sizeof(text), "name: n\nstage: mid-copy\n%sexpect: {}\n", ROWS[i].text);
        cost_rig_read(rig, text);
        figure = measure(rig, true, limit_ns);
        tell(ROWS[i].what, &figure, floor);
    }
}

int main(int count_of_arguments, char **arguments)
{
    uint64_t limit_ns = (count_of_arguments > 1 ? strtoull(arguments[1], NULL, 10) : 2) * NS_PER_S;
    struct figure one, many, each, floor = {.ns = 0};
    struct region region;
    struct cost_rig rig;
    struct wire wire;

    cost_rig_init(&rig);
    region_init(&region, SCENARIO_BYTES_MAX);
    wire = wire_of_exchange(&rig, &region);
    floor.ns = floor_ns(&wire, limit_ns);
    printf("request %zu and %zu bytes, response %zu and %zu\n\n", wire.messages[0].size,
           wire.messages[1].size, wire.messages[2].size, wire.messages[3].size);
    printf("%-44s %9s %9s %9s %12s %8s\n", "what", "each/s", "us", "upcalls", "allocations",
           "x floor");
    tell("llhttp alone, the same four messages", &floor, floor.ns);
    cost_rig_read_clean(&rig, 1);
    one = measure(&rig, false, limit_ns);
    cost_rig_read_clean(&rig, COST_EXCHANGES);
    many = measure(&rig, false, limit_ns);
    each = each_of_many(&many, &one);
    tell("clean exchange, one of many", &each, floor.ns);
    tell("run: one clean exchange, not judged", &one, floor.ns);
    cost_rig_read_clean(&rig, 1);
    one = measure(&rig, true, limit_ns);
    tell("run: one clean exchange", &one, floor.ns);
    tell_rows(&rig, limit_ns, floor.ns);
    cost_rig_release(&rig);
    region_release(&region);
    return 0;
}
