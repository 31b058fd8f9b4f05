/*
 * A tunnel is met by whatever can happen to it from outside, after each single step of its story: its dial, its 200 or 101,
 * bytes both ways, a half-close each way.
 *
 * Whatever comes of it: the proxy comes to rest, nothing is left, there is one record and one last word to hooks, nothing is
 * tried again behind the head of a tunnel, and what each side has heard is the beginning of what the other side said.
 */
#include "proxy/exchange/talk_rig.h"
#include "world/tls/tls_rig.h"

enum {
    STEPS_MAX = 2000,  /* the longest story has some hundreds */
    SEGMENT_BYTES = 5, /* pieces that end within a start line and a field */
};

#define WISH     "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
#define SWITCHED "HTTP/1.1 101 OK\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
#define UP       "what the client says in its tunnel"
#define DOWN     "what the upstream says in it"

enum incident {
    INCIDENT_NONE,
    INCIDENT_CLIENT_RESETS,
    INCIDENT_CLIENT_CLOSES,
    INCIDENT_CLIENT_SHUTS,
    INCIDENT_UPSTREAM_RESETS,
    INCIDENT_UPSTREAM_CLOSES,
    INCIDENT_UPSTREAM_SHUTS,
    INCIDENT_RECONFIGURE,
    INCIDENT_DRAIN,
    INCIDENT_DESTROY,
};

/* One test: the row's sentence is its name. */
struct row {
    const char *name;
    enum incident incident;
};

static const struct row ROWS[] = {
    {"nothing happens to a tunnel", INCIDENT_NONE},
    {"the client resets its connection at any moment", INCIDENT_CLIENT_RESETS},
    {"the client closes its connection at any moment", INCIDENT_CLIENT_CLOSES},
    {"the client closes its half at any moment", INCIDENT_CLIENT_SHUTS},
    {"the upstream resets its connection at any moment", INCIDENT_UPSTREAM_RESETS},
    {"the upstream closes its connection at any moment", INCIDENT_UPSTREAM_CLOSES},
    {"the upstream closes its half at any moment", INCIDENT_UPSTREAM_SHUTS},
    {"settings change at any moment", INCIDENT_RECONFIGURE},
    {"the proxy is drained at any moment", INCIDENT_DRAIN},
    {"the proxy is destroyed at any moment", INCIDENT_DESTROY},
};

struct play {
    const struct row *row;
    bool connect; /* a CONNECT, or else a wish for another protocol */
    bool secure;  /* TLS on both sides of the proxy */
    size_t segment_bytes;
    uint64_t steps; /* after which the incident comes */
};

static const struct play PLAYS[] = {
    {.connect = true},
    {.connect = true, .segment_bytes = SEGMENT_BYTES},
    {.connect = false},
    {.connect = false, .segment_bytes = SEGMENT_BYTES},
    {.connect = false, .secure = true},
};

struct story {
    struct talk talk;
    const struct play *play;
    unsigned logged;
    unsigned drained;
};

/* Made once, because keys take longer than a play. */
static struct rig_identity authority;
static struct rig_identity identity;

/* ---- a play ---------------------------------------------------------------------------------------- */

static void expect(const struct play *play, bool holds, const char *what)
{
    if (!holds)
        fail_msg("%s%s, pieces of %zu, after %llu steps: %s", play->connect ? "CONNECT" : "upgrade",
                 play->secure ? " by TLS" : "", play->segment_bytes,
                 (unsigned long long)play->steps, what);
}

static void on_logging(struct exchange *exchange, const struct exchange_record *record)
{
    struct story *story = exchange_owner(exchange);

    (void)record;
    story->logged++;
}

/* Anew for each play, as its randomness is. */
static void make_ends(struct talk *talk)
{
    const struct tls_certificate certificate = {.certificate_path = identity.path,
                                                .key_path = identity.path};
    const struct tls_server_options server = {.certificates = &certificate, .certificate_count = 1};
    const struct tls_client_options client = {.ca_path = authority.path};
    char error[TLS_ERROR_BYTES];

    talk->upstream_tls = tls_server_create(&server, error);
    talk->client_tls = tls_client_create(&client, error);
    assert_non_null(talk->upstream_tls);
    assert_non_null(talk->client_tls);
}

static void secure(struct talk *talk)
{
    struct certificate_settings *certificate = &talk->settings.certificates[0];
    struct upstream_settings *upstream = &talk->settings.upstreams[0];

    talk->settings.certificate_count = 1;
    snprintf(certificate->certificate, sizeof(certificate->certificate), "%s", identity.path);
    snprintf(certificate->key, sizeof(certificate->key), "%s", identity.path);
    upstream->tls = true;
    snprintf(upstream->ca, sizeof(upstream->ca), "%s", authority.path);
    make_ends(talk);
}

static void begin(struct story *story, const struct play *play)
{
    const struct sim_options options = {.seed = 1, .segment_bytes = play->segment_bytes};
    struct talk *talk = &story->talk;

    tls_randomness_seed(1);
    talk_init(talk, &options, play->connect ? MODE_FORWARD : MODE_REVERSE);
    story->play = play;
    story->logged = story->drained = 0;
    talk->hooks = (struct proxy_hooks){.owner = story, .logging = on_logging};
    talk->settings.retry.policy = RETRY_IDEMPOTENT;
    if (play->secure)
        secure(talk);
    talk_start(talk);
    if (play->connect)
        talk_say_connect(talk);
    else
        party_say(&talk->client, WISH);
    party_say(&talk->client, UP);
}

static bool has_heard(const struct party *party, const char *text)
{
    return strstr(party->heard, text) != NULL;
}

/* What the parties do when they have heard enough. */
static void react(struct story *story)
{
    struct talk *talk = &story->talk;
    struct party *peer = &talk->peers[talk->peer_count > 0 ? talk->peer_count - 1 : 0];
    bool asked = talk->peer_count > 0 && (story->play->connect || has_heard(peer, "\r\n\r\n"));

    if (asked && peer->said_size == 0 && stream_in_use(&peer->stream)) {
        party_say(peer, story->play->connect ? DOWN : SWITCHED DOWN);
    } else if (asked && has_heard(peer, UP) && !peer->shut_asked && peer->sent == peer->said_size &&
               stream_in_use(&peer->stream)) {
        party_shut(peer);
    }
    if (has_heard(&talk->client, DOWN) && talk->client.sent == talk->client.said_size &&
        stream_in_use(&talk->client.stream))
        party_shut(&talk->client);
}

/* False when nothing more happens. */
static bool take_step(struct story *story)
{
    bool goes_on = world_run(story->talk.world, 1, TIME_NEVER) != RUN_QUIESCENT;

    react(story);
    return goes_on;
}

/* ---- incidents -------------------------------------------------------------------------------------- */

static void on_drained(void *owner)
{
    struct story *story = owner;

    story->drained++;
}

static void change_settings(struct talk *talk)
{
    char error[SETTINGS_ERROR_BYTES];

    talk->settings.idle_timeout_ns /= 2;
    talk->settings.retry.retries_max = 0;
    assert_true(proxy_reconfigure(talk->proxy, &talk->settings, error));
}

static void meet(struct story *story)
{
    struct talk *talk = &story->talk;
    struct party *peer = &talk->peers[talk->peer_count > 0 ? talk->peer_count - 1 : 0];

    switch (story->play->row->incident) {
    case INCIDENT_CLIENT_RESETS:
        party_close(&talk->client, STREAM_RST);
        return;
    case INCIDENT_CLIENT_CLOSES:
        party_close(&talk->client, STREAM_FIN);
        return;
    case INCIDENT_CLIENT_SHUTS:
        if (stream_in_use(&talk->client.stream))
            party_shut(&talk->client);
        return;
    case INCIDENT_UPSTREAM_RESETS:
        party_close(peer, STREAM_RST);
        return;
    case INCIDENT_UPSTREAM_CLOSES:
        party_close(peer, STREAM_FIN);
        return;
    case INCIDENT_UPSTREAM_SHUTS:
        if (stream_in_use(&peer->stream))
            party_shut(peer);
        return;
    case INCIDENT_RECONFIGURE:
        change_settings(talk);
        return;
    case INCIDENT_DRAIN:
        proxy_drain(talk->proxy, on_drained, story);
        return;
    case INCIDENT_DESTROY:
        proxy_destroy(&talk->proxy);
        return;
    case INCIDENT_NONE:
    default:
        return;
    }
}

/* ---- what must hold --------------------------------------------------------------------------------- */

/* What was carried is the beginning of what was said, and nothing else came behind the head. */
static bool is_beginning(const char *heard, size_t head_size, const char *said)
{
    size_t size = strlen(heard);

    return size <= head_size || (size - head_size <= strlen(said) &&
                                 memcmp(heard + head_size, said, size - head_size) == 0);
}

static size_t head_size_of(const char *heard)
{
    const char *end = strstr(heard, "\r\n\r\n");

    return end == NULL ? strlen(heard) : (size_t)(end - heard) + 4;
}

static void expect_carried(const struct story *story)
{
    const struct play *play = story->play;
    const struct talk *talk = &story->talk;
    const char *down = talk->client.heard;
    bool opened = strncmp(down, TALK_CONNECTED, strlen(TALK_CONNECTED)) == 0 ||
                  strncmp(down, "HTTP/1.1 101 ", 13) == 0;

    if (opened)
        expect(play, is_beginning(down, head_size_of(down), DOWN), "the client heard the upstream");
    for (size_t i = 0; i < talk->peer_count; i++) {
        const char *up = talk->peers[i].heard;

        expect(play, is_beginning(up, play->connect ? 0 : head_size_of(up), UP),
               "the upstream heard the client");
    }
    if (play->row->incident == INCIDENT_NONE) {
        expect(play, has_heard(&talk->client, DOWN), "the client heard all");
        expect(play, has_heard(&talk->peers[0], UP), "the upstream heard all");
        expect(play, talk->client.ended && talk->peers[0].ended, "both ended in peace");
        expect(play, talk->record.failure.cause == CAUSE_NONE, "nothing failed");
        expect(play, talk->record.attempt_count == 1, "the first attempt did it");
    }
}

/* Without a request there is no record: the client may leave before its head is complete. */
static void expect_told(const struct story *story)
{
    const struct play *play = story->play;
    const struct exchange_record *record = &story->talk.record;

    expect(play, story->talk.records <= 1, "there is one record at most");
    expect(play, story->logged == story->talk.records, "logging came as often as records");
    if (story->talk.records == 0)
        return;
    for (unsigned i = 0; i + 1 < record->attempt_count; i++)
        expect(play, record->attempts[i].failure.stage != STAGE_TUNNEL,
               "nothing is tried again from within a tunnel");
    expect(play, record->tunnel_up_bytes <= strlen(UP), "no more went up than was said");
    expect(play, record->tunnel_down_bytes <= strlen(DOWN), "no more went down than was said");
}

static void expect_rest(struct story *story)
{
    struct talk *talk = &story->talk;
    const struct play *play = story->play;
    struct proxy_census census;

    if (talk->proxy == NULL)
        return;
    proxy_census(talk->proxy, &census);
    expect(play, census.exchanges == 0, "no exchange is left");
    expect(play, census.tunnels == 0, "no tunnel is left");
    expect(play, census.upstream_active == 0, "no connection is left in use");
    expect(play, census.body_bytes_held == 0, "no bytes are left");
    expect(play, story->drained == (play->row->incident == INCIDENT_DRAIN), "it has drained");
}

/* False when the story had come to its end before the moment of which the play is. */
static bool play_on(const struct play *play)
{
    static struct story story;
    bool goes_on = true;

    begin(&story, play);
    for (uint64_t i = 0; i < play->steps && goes_on; i++)
        goes_on = take_step(&story);
    meet(&story);
    for (unsigned i = 0; take_step(&story); i++)
        expect(play, i < STEPS_MAX, "it comes to rest");
    expect_carried(&story);
    expect_told(&story);
    expect_rest(&story);
    talk_release(&story.talk);
    tls_randomness_restore();
    return goes_on;
}

static void plays(void **state)
{
    const struct row *row = *state;

    for (size_t i = 0; i < COUNT_OF(PLAYS); i++) {
        struct play play = PLAYS[i];

        play.row = row;
        if (row->incident == INCIDENT_NONE) {
            play.steps = STEPS_MAX;
            expect(&play, !play_on(&play), "the story ends");
            continue;
        }
        for (play.steps = 1; play_on(&play); play.steps++)
            expect(&play, play.steps < STEPS_MAX, "the story ends");
    }
}

/* ---- certificates ----------------------------------------------------------------------------------- */

static int make_certificates(void **state)
{
    static const struct rig_wish of_authority = {.subject = "ca"};
    static const struct rig_wish of_both = {
        .subject = "both", .names = "DNS:proxy.test,IP:127.0.0.1", .authority = "ca"};

    (void)state;
    rig_identity_init(&authority, &of_authority);
    rig_identity_init(&identity, &of_both);
    return 0;
}

static int release_certificates(void **state)
{
    (void)state;
    rig_identity_release(&authority);
    rig_identity_release(&identity);
    return 0;
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){
            .name = ROWS[i].name, .test_func = plays, .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, make_certificates, release_certificates);
}
