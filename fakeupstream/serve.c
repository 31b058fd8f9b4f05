#include "fakeupstream/serve.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakeupstream/fake_upstream.h"
#include "world/base/region.h"
#include "world/data/yaml.h"
#include "world/sockets/sockets.h"

enum {
    EXIT_USAGE = 2,
    EXIT_OWN_FAULT = 3,
    EXIT_NO_PORT = 5,
    SERVED_MAX = 32,                     /* upstreams of one file; scenarios have two or three */
    SCRIPT_BYTES_MAX = 64 * 1024 * 1024, /* scripts in memory: garbage and long fields included */
    PORT_MAX = 65535,
};

static const char *const FILE_KEYS[] = {"upstreams", "ports", NULL};

static const char HELP[] =
    "usage: retryproof upstream SCRIPT.yaml [--port N] [--ca FILE]\n"
    "\n"
    "Plays the scripted upstreams of a file on 127.0.0.1 until it is told to end (Ctrl-C).\n"
    "\n"
    "  SCRIPT.yaml   upstreams: {a: [[read: request, respond: 503]], b: []}\n"
    "                ports: {a: 8081}          # optional; any free port where none is said\n"
    "                The steps are those of a scenario's `upstreams`, see docs/scenarios.md.\n"
    "  --port N      the first upstream listens at N, the second at N+1, and so on\n"
    "  --ca FILE     the certificate that vouches for upstreams with `tls` is written to FILE\n"
    "  --world sockets   the only world this command knows\n"
    "  --help        this text\n"
    "\n"
    "Says where each upstream listens, then one line per request it witnessed.\n"
    "Exit: 0 ended as asked, 2 a mistake in the usage or the file, 3 an internal error, 5 a port\n"
    "could not be had.\n";

struct options {
    const char *path;
    uint64_t port;       /* 0: not said */
    const char *ca_path; /* NULL: not said */
};

struct served {
    struct fake_upstream upstream;
    struct upstream_script script;
    const char *name;
    uint16_t port;
    uint64_t requests; /* witnessed */
    uint64_t whole;    /* of them */
};

struct serving {
    struct world *world;
    struct scene scene;
    struct region region;
    struct served served[SERVED_MAX];
    size_t count;
    uint64_t begun_ns;
    bool reap_due; /* a connection is over on both sides */
    bool stopping;
};

static bool read_options(int argc, char **argv, struct options *options);
static bool load(struct serving *serving, const struct options *options);
static int serve(struct serving *serving, const struct options *options);

int upstream_command(int argc, char **argv)
{
    struct options options = {.path = NULL};
    struct serving *serving;
    int exit_code = EXIT_USAGE;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return 0;
        }
    if (!read_options(argc, argv, &options)) {
        fputs("try `retryproof upstream --help`\n", stderr);
        return EXIT_USAGE;
    }
    serving = calloc(1, sizeof(*serving));
    if (serving == NULL)
        return EXIT_OWN_FAULT;
    region_init(&serving->region, SCRIPT_BYTES_MAX);
    if (load(serving, &options))
        exit_code = serve(serving, &options);
    region_release(&serving->region);
    free(serving);
    return exit_code;
}

static bool refuse(const char *sentence, const char *word)
{
    fprintf(stderr, "retryproof upstream: %s%s%s%s\n", sentence, word == NULL ? "" : " `",
            word == NULL ? "" : word, word == NULL ? "" : "`");
    return false;
}

static bool read_port(const char *text, uint64_t *out)
{
    if (!bytes_to_u64(bytes_of(text), PORT_MAX, out) || *out == 0)
        return refuse("a port is a number from 1 to 65535, not", text);
    return true;
}

static bool takes_value(const char *word)
{
    return strcmp(word, "--port") == 0 || strcmp(word, "--world") == 0 || strcmp(word, "--ca") == 0;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        bool last = i + 1 == argc;

        if (takes_value(word)) {
            if (last)
                return refuse("a value is missing after", word);
            i++;
            if (word[2] == 'c')
                options->ca_path = argv[i];
            if (word[2] == 'p' && !read_port(argv[i], &options->port))
                return false;
            if (word[2] == 'w' && strcmp(argv[i], "sockets") != 0)
                return refuse("the only world of this command is sockets, not", argv[i]);
        } else if (word[0] == '-') {
            return refuse("unknown option", word);
        } else if (options->path != NULL) {
            return refuse("one script file at a time, a second one is", word);
        } else {
            options->path = word;
        }
    }
    return options->path != NULL || refuse("which script file?", NULL);
}

/* What needs a simulated world or the filter of a built-in proxy cannot be had here. */
static bool check_playable(const struct yaml_node *node, const struct upstream_script *script,
                           struct yaml_error *error)
{
    if (script->listen_times > 0)
        return yaml_fail(error, node, "`times` needs the simulated world");
    if (upstream_script_has_pre_write(script))
        return yaml_fail(error, node, "`pre-write` needs the built-in proxy beside it");
    return true;
}

static bool read_upstreams(struct serving *serving, const struct yaml_node *map,
                           struct yaml_error *error)
{
    for (const struct yaml_node *node = map->first; node != NULL; node = node->next) {
        struct served *served = &serving->served[serving->count];

        if (serving->count == SERVED_MAX)
            return yaml_fail(error, node, "at most %d upstreams", SERVED_MAX);
        served->name = node->key->text;
        if (!upstream_script_parse(&serving->region, node, &served->script, error) ||
            !check_playable(node, &served->script, error))
            return false;
        serving->count++;
    }
    return true;
}

static bool read_ports(struct serving *serving, const struct yaml_node *map,
                       struct yaml_error *error)
{
    const char *names[SERVED_MAX + 1] = {NULL};

    for (size_t i = 0; i < serving->count; i++)
        names[i] = serving->served[i].name;
    if (map->kind != YAML_MAP)
        return yaml_fail(error, map, "`ports` is a map: upstream to port");
    for (const struct yaml_node *node = map->first; node != NULL; node = node->next) {
        int index = yaml_word(node->key, "an upstream", names, error);
        uint64_t port;

        if (index < 0 || !yaml_u64(node, "a port", 1, PORT_MAX, &port, error))
            return false;
        serving->served[index].port = (uint16_t)port;
    }
    return true;
}

static bool read_file(struct serving *serving, const struct options *options,
                      struct yaml_error *error)
{
    const struct yaml_node *file = yaml_load(&serving->region, options->path, error);
    const struct yaml_node *upstreams;
    const struct yaml_node *ports;

    if (file == NULL)
        return false;
    if (file->kind != YAML_MAP)
        return yaml_fail(error, file, "a script file is a map with `upstreams`");
    if (!yaml_check_keys(file, "a script file", FILE_KEYS, error))
        return false;
    upstreams = yaml_get(file, "upstreams");
    ports = yaml_get(file, "ports");
    if (upstreams == NULL || upstreams->kind != YAML_MAP || upstreams->count == 0)
        return yaml_fail(error, upstreams == NULL ? file : upstreams,
                         "`upstreams` is a map: name to connections, at least one");
    if (!read_upstreams(serving, upstreams, error))
        return false;
    for (size_t i = 0; i < serving->count && options->port > 0; i++) {
        if (options->port + i > PORT_MAX)
            return yaml_fail(error, upstreams, "there are not so many ports from %" PRIu64 " on",
                             options->port);
        serving->served[i].port = (uint16_t)(options->port + i);
    }
    return ports == NULL || read_ports(serving, ports, error);
}

static bool load(struct serving *serving, const struct options *options)
{
    struct yaml_error error = {.sentence = ""};

    if (read_file(serving, options, &error))
        return true;
    fprintf(stderr, "%s\n", error.sentence);
    return false;
}

static void tell_request(struct served *served, struct serving *serving,
                         const struct witness *witness, const struct witness_message *message)
{
    uint64_t since_ms = (message->begun_ns - serving->begun_ns) / NS_PER_MS;

    served->requests++;
    served->whole += message->complete;
    printf("+%" PRIu64 ".%03" PRIu64 " s  %s connection %u request %" PRIu64 ": %s %s, %" PRIu64
           " body bytes, %s%s\n",
           since_ms / 1000, since_ms % 1000, served->name, witness->connection, message->number,
           message->head_complete ? message->method : "(no whole head)", message->target,
           message->body_bytes, message->complete ? "whole" : "cut",
           message->seed_known && !witness_message_intact(message)
               ? ", not the body its client made"
               : "");
}

static void tell_handshake(const struct served *served, const struct witness *witness)
{
    const struct witness_handshake *handshake = &witness->handshake;

    if (handshake->tls && !handshake->completed && handshake->failure != NULL)
        printf("%s connection %u: the handshake failed: %s\n", served->name, witness->connection,
               handshake->failure);
}

/* Once a connection's script rests or has ended, what came on it can be told and dropped. */
static void tell_connection(struct fake_upstream *upstream, struct fake_connection *connection)
{
    struct serving *serving = upstream->owner;
    struct witness *witness = &connection->line.witness;
    struct served *served = serving->served;

    while (&served->upstream != upstream)
        served++;
    if (connection->actor.state == ACTOR_RESTING &&
        connection->line.transcript.begun != connection->line.transcript.messages)
        return;
    tell_handshake(served, witness);
    for (const struct witness_message *m = witness->received; m != NULL; m = m->next)
        tell_request(served, serving, witness, m);
    serving->reap_due = serving->reap_due || !line_is_held(&connection->line);
    outbox_forget(&connection->actor.outbox);
    witness_forget_messages(witness);
}

static void tell_summary(const struct serving *serving)
{
    for (size_t i = 0; i < serving->count; i++) {
        const struct served *served = &serving->served[i];

        printf("%s: %u connections, %" PRIu64 " requests, %" PRIu64 " of them whole\n",
               served->name, served->upstream.accepted, served->requests, served->whole);
    }
}

static void on_signal(void *owner, int signal_number)
{
    struct serving *serving = owner;

    (void)signal_number;
    serving->stopping = true;
}

/* Slots of connections that are over serve again. Stalled ones are kept to the end, as their script says. */
static void reap(struct serving *serving)
{
    serving->reap_due = false;
    for (size_t u = 0; u < serving->count; u++) {
        struct fake_upstream *upstream = &serving->served[u].upstream;

        for (size_t i = upstream->connection_count; i > 0; i--)
            if (!line_is_held(&upstream->connections[i - 1]->line))
                fake_upstream_forget(upstream, i - 1);
    }
}

static struct address choose_address(const struct served *served)
{
    static const struct address LOOPBACK_6 = {.family = 6, .bytes = {[15] = 1}};
    struct address address = served->script.on_ipv6 ? LOOPBACK_6 : address_loopback(0);

    address.port = served->port;
    return address;
}

static bool write_ca(struct serving *serving, const char *path)
{
    struct authority *authority = scene_authority(&serving->scene);

    if (authority != NULL && authority_write_ca(authority, path))
        return true;
    fprintf(stderr, "retryproof upstream: %s cannot be written: %s\n", path, strerror(errno));
    return false;
}

static bool start(struct serving *serving)
{
    static const char *const LISTENS[] = {"listens", "refuses", "answers nobody"};
    char text[ADDRESS_TEXT_BYTES];

    for (size_t i = 0; i < serving->count; i++) {
        struct served *served = &serving->served[i];
        struct address address = choose_address(served);
        int outcome;

        fake_upstream_init(&served->upstream, &serving->scene);
        served->upstream.on_over = tell_connection;
        served->upstream.owner = serving;
        outcome = fake_upstream_start(&served->upstream, served->name, &served->script, &address);
        if (outcome < 0) {
            fprintf(stderr, "retryproof upstream: %s cannot listen on %s: %s\n", served->name,
                    address_format(&address, text), strerror(-outcome));
            serving->count = i + 1;
            return false;
        }
        printf("%s %s on %s%s\n", served->name, LISTENS[served->script.listen],
               address_format(&served->upstream.address, text),
               served->script.tls.on ? " with TLS" : "");
    }
    return true;
}

/* TLS has last words behind a close, for TLS_LINGER_MS at most. */
static void stop(struct serving *serving)
{
    for (size_t i = 0; i < serving->count; i++)
        fake_upstream_stop(&serving->served[i].upstream);
    while (tls_streams_in_use() > 0)
        world_run(serving->world, 1, TIME_NEVER);
    for (size_t i = 0; i < serving->count; i++)
        fake_upstream_release(&serving->served[i].upstream);
    scene_release(&serving->scene);
}

static int serve(struct serving *serving, const struct options *options)
{
    static const struct sockets_options OPTIONS = {.seed = 0};
    bool started;

    serving->world = sockets_create(&OPTIONS);
    if (serving->world == NULL) {
        fprintf(stderr, "retryproof upstream: no event queue: %s\n", strerror(errno));
        return EXIT_OWN_FAULT;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    scene_init(&serving->scene, serving->world);
    serving->begun_ns = world_now(serving->world);
    if (sockets_on_signal(serving->world, SIGINT, on_signal, serving) < 0 ||
        sockets_on_signal(serving->world, SIGTERM, on_signal, serving) < 0) {
        sockets_destroy(&serving->world);
        return EXIT_OWN_FAULT;
    }
    if (options->ca_path != NULL && !write_ca(serving, options->ca_path)) {
        scene_release(&serving->scene);
        sockets_destroy(&serving->world);
        return EXIT_USAGE;
    }
    started = start(serving);
    while (started && !serving->stopping) {
        world_run(serving->world, 1, TIME_NEVER);
        if (serving->reap_due)
            reap(serving);
    }
    if (started)
        tell_summary(serving);
    stop(serving);
    sockets_destroy(&serving->world);
    return started ? 0 : EXIT_NO_PORT;
}
