#include "tests/always_retry/schedule.h"

#include <inttypes.h>

#include "tests/always_retry/clients.h"
#include "tests/always_retry/rules.h"
#include "tests/always_retry/upstreams.h"
#include "tests/always_retry/writing.h"

/* Which side speaks TLS. Whom a client names itself is asked in the clear. */
static void draw_secrecy(struct writing *to)
{
    to->client_tls = percent(to, 60);
    for (size_t u = 0; u < to->upstream_count && !to->forward; u++) {
        to->upstreams[u].secure = percent(to, to->client_tls ? 40 : 80);
        to->upstream_tls = to->upstream_tls || to->upstreams[u].secure;
    }
}

/* What the schedule is about, before its first line: half of them know nothing but plain requests to a reverse proxy. */
static void draw_shape(struct writing *to, uint64_t seed)
{
    to->upstream_count = 1 + below(to, UPSTREAMS_OF_SCHEDULE_MAX);
    if (percent(to, 50)) {
        to->forward = percent(to, 60);
        to->routed = to->forward && percent(to, 25);
        to->upgrades = !to->forward || percent(to, 25);
        to->users = percent(to, 10);
    }
    bool names = percent(to, 12);
    for (size_t u = 0; u < to->upstream_count; u++) {
        to->upstreams[u].streams = to->forward && !to->routed && percent(to, 60);
        to->upstreams[u].named = names && percent(to, 70);
    }
    if (seed % SCHEDULE_WITH_TLS == 0)
        draw_secrecy(to);
}

void schedule_make(struct schedule *schedule, uint64_t seed)
{
    struct writing to = {.schedule = schedule, .chance = {seed}};
    schedule->size = 0;
    draw_shape(&to, seed);
    size_t clients = percent(&to, 30) ? 2 : 1;
    put(&to,
        "name: what no retry may do is not done, schedule %" PRIu64 "\n"
        "stage: post-write\nlevel: must\nsource: acceptance matrix, section 5\n",
        seed);
    put_settings(&to);
    put_hooks(&to, seed);
    put_network(&to);
    put_names(&to);
    put(&to, "clients:\n");
    for (size_t client = 1; client <= clients; client++)
        put_client(&to, client);
    put(&to, "upstreams:\n");
    for (size_t u = 0; u < to.upstream_count; u++)
        put_upstream(&to, u);
    put(&to, "expect: {}\n");
}
