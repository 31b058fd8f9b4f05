/* Aimed at upstream_script_parse(), client_script_parse(), and at playing whatever they accept. */

#include <stdint.h>

#include "fakeupstream/fake_upstream.h"
#include "world/base/region.h"
#include "world/data/yaml.h"
#include "world/sim/sim.h"
#include "world/tls/tls.h"

enum {
    REGION_BYTES = 8 * 1024 * 1024,
    INPUT_BYTES_MAX = 4096, /* longer scripts say nothing that shorter ones do not */
    LINES_MAX = 8,
    /* A body of a tebibyte in chunks of a byte is not waited for: so many upcalls take a tenth of a second. */
    STEPS_MAX = 1000,
    BUFFER_BYTES = 4096,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The other side of the duet, with as few connections as a fuzzer needs. */
struct player {
    struct actor actor;
    struct address target;
    struct line *lines;
    unsigned line_count;
};

static void on_line(struct line *line)
{
    struct player *player = line->owner;

    if (line == player->actor.line)
        actor_on_line(&player->actor);
    else
        line_linger(line);
}

static bool dial(struct actor *actor)
{
    struct player *player = actor->owner;
    struct line *line;

    if (player->line_count == LINES_MAX)
        return false;
    line = &player->lines[player->line_count++];
    line_init(line, actor->scene);
    line->on_event = on_line;
    line->owner = player;
    if (line_connect(line, &player->target, player->line_count, NULL) < 0)
        return false;
    actor->line = line;
    return true;
}

static void play(const struct script *client, const struct upstream_script *script)
{
    static const struct actor_ways WAYS = {.side = SCRIPT_CLIENT, .dial = dial};
    static struct line lines[LINES_MAX];
    static struct scene scene;
    const struct sim_options options = {.seed = 1,
                                        .short_write_bytes = 100,
                                        .sndbuf_bytes = BUFFER_BYTES,
                                        .rcvbuf_bytes = BUFFER_BYTES};
    struct address address = address_loopback(0);
    struct fake_upstream upstream;
    struct player player = {.lines = lines};
    struct world *world = sim_create(&options);
    struct sim_census census;
    char text[ACTOR_TEXT_BYTES];

    check(world != NULL);
    scene_init(&scene, world);
    fake_upstream_init(&upstream, &scene);
    check(fake_upstream_start(&upstream, "a", script, &address) == 0);
    player.target = upstream.address;
    actor_init(&player.actor, &(struct actor_options){.ways = &WAYS,
                                                      .scene = &scene,
                                                      .owner = &player,
                                                      .name = "client",
                                                      .script = client,
                                                      .host = "h"});
    actor_start(&player.actor);
    world_run(world, STEPS_MAX, TIME_NEVER);
    check(actor_describe(&player.actor, text)[0] != '\0');
    actor_stop(&player.actor);
    for (unsigned i = 0; i < player.line_count; i++) {
        line_end(&lines[i], STREAM_FIN);
        line_release(&lines[i]);
    }
    fake_upstream_stop(&upstream);
    while (tls_streams_in_use() > 0)
        world_run(world, 1, TIME_NEVER);
    scene_release(&scene);
    fake_upstream_release(&upstream);
    sim_world_census(world, &census);
    check(census.streams + census.listeners + census.timers == 0);
    sim_destroy(&world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_error error = {.sentence = ""};
    struct region region;
    struct yaml_node *root;
    struct upstream_script upstream;
    struct script client;

    if (size > INPUT_BYTES_MAX)
        return 0;
    region_init(&region, REGION_BYTES);
    root = yaml_parse(&region, "fuzz.yaml", (const char *)data, size, &error);
    if (root != NULL && root->kind == YAML_MAP) {
        const struct yaml_node *steps = yaml_get(root, "client");
        const struct yaml_node *node = yaml_get(root, "upstream");

        if (steps != NULL && node != NULL && client_script_parse(&region, steps, &client, &error) &&
            upstream_script_parse(&region, node, &upstream, &error))
            play(&client, &upstream);
    }
    region_release(&region);
    return 0;
}
