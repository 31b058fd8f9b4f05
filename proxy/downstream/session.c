#include "proxy/downstream/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/downstream/admission.h"
#include "proxy/routes/route.h"

enum {
    NOTICE_BYTES = 256, /* a line for the operator */
};

static void on_client_event(struct stream *stream, unsigned events);
static void on_time(struct timer *timer);
static void on_exchange_turn(void *owner);
static void turn(struct session *session);

static struct world *world_of(const struct session *session)
{
    return session->exchange.ground->world;
}

static const struct proxy_settings *settings_of(const struct session *session)
{
    return &session->exchange.ground->configuration->settings;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct session *session_create(struct exchange_ground *ground)
{
    const struct proxy_settings *settings = &ground->configuration->settings;
    const struct inlet_settings request = {
        .kind = READ_REQUEST,
        .window_bytes = settings->window_bytes,
        .head_room = HOOK_HEAD_BYTES,
        .limits = {.head_bytes_max = settings->head_bytes_max,
                   .uri_bytes_max = settings->uri_bytes_max,
                   .body_bytes_max = settings->body_bytes_max},
    };
    struct session *session = calloc(1, sizeof(*session));

    if (session == NULL)
        return NULL;
    if (!inlet_init(&session->request, &request)) {
        free(session);
        return NULL;
    }
    if (!exchange_init(&session->exchange, ground, &session->request)) {
        inlet_release(&session->request);
        free(session);
        return NULL;
    }
    session->tag = SESSION_TAG;
    session->stream.on_event = on_client_event;
    session->stream.owner = session;
    session->timer = (struct timer){.on_time = on_time, .owner = session};
    session->exchange.client = &session->stream;
    session->exchange.on_turn = on_exchange_turn;
    session->exchange.owner = session;
    return session;
}

void session_destroy(struct session **session)
{
    struct session *gone = object_cast(*session, SESSION_TAG);
    bool unseen = exchange_cuts_unseen(&gone->exchange);

    *session = NULL;
    timer_stop(world_of(gone), &gone->timer);
    exchange_release(&gone->exchange);
    if (stream_in_use(&gone->stream))
        stream_close(&gone->stream, unseen ? STREAM_RST : STREAM_FIN);
    inlet_release(&gone->request);
    gone->tag = 0;
    free(gone);
}

static void wait_for_head(struct session *session)
{
    uint64_t timeout = inlet_head_begun(&session->request) ? settings_of(session)->head_timeout_ns
                                                           : settings_of(session)->idle_timeout_ns;

    stream_want(&session->stream, STREAM_READ | STREAM_CLOSED);
    if (timeout == 0)
        timer_stop(world_of(session), &session->timer);
    else
        timer_set(world_of(session), &session->timer, world_now(world_of(session)) + timeout);
}

static void wait_for_handshake(struct session *session)
{
    uint64_t timeout = settings_of(session)->handshake_timeout_ns;

    stream_want(&session->stream, STREAM_OPEN | STREAM_CLOSED);
    if (timeout != 0)
        timer_set(world_of(session), &session->timer, world_now(world_of(session)) + timeout);
}

void session_start(struct session *session)
{
    struct stream_info info;

    stream_info(&session->stream, &info);
    session->exchange.client_address = info.peer;
    address_format_host(&info.peer, session->exchange.client_host);
    session->client_closed = false;
    session->stopping = false;
    session->lingering = (struct lingering){0};
    inlet_restart(&session->request);
    session->exchange.client_secure = tls_phase_of(&session->stream) != TLS_NONE;
    if (session->exchange.client_secure) {
        session->state = SESSION_HANDSHAKING;
        wait_for_handshake(session);
    } else {
        session->state = SESSION_READING;
        wait_for_head(session);
    }
}

static void end(struct session *session, enum stream_end how)
{
    timer_stop(world_of(session), &session->timer);
    stream_close(&session->stream, how);
    session->state = SESSION_ENDED;
    session->on_ended(session);
}

void session_stop(struct session *session)
{
    session->stopping = true;
    if (session->state == SESSION_READING || session->state == SESSION_RESUMING ||
        session->state == SESSION_HANDSHAKING)
        end(session, STREAM_FIN);
}

/* ---- handshakes ------------------------------------------------------------------------------ */

/* There is nobody to be answered and no request to be recorded, so it is told to the operator. */
static void give_up_handshake(struct session *session, const char *otherwise)
{
    const struct proxy_settings *settings = settings_of(session);
    char sentence[NOTICE_BYTES];
    struct tls_look look;

    session->exchange.ground->handshake_failures++;
    tls_look(&session->stream, &look);
    snprintf(sentence, sizeof(sentence), "the handshake of client %s failed: %s",
             session->exchange.client_host, look.detail != NULL ? look.detail : otherwise);
    if (settings->on_notice != NULL)
        settings->on_notice(settings->owner, sentence);
    end(session, STREAM_FIN);
}

static void shake_hands(struct session *session)
{
    int status = stream_status(&session->stream);

    if (status == -EINPROGRESS)
        return;
    if (status != 0) {
        give_up_handshake(session, strerror(-status));
        return;
    }
    session->state = SESSION_READING;
    wait_for_head(session);
}

/* ---- reading heads --------------------------------------------------------------------------- */

static void refuse(struct session *session, const struct admission *admission)
{
    const struct exchange_refusal refusal = {
        .failure = {SIDE_DOWNSTREAM, STAGE_ROUTE, admission->cause, 0},
        .apology = admission->apology,
        .kind = admission->request.kind,
        .route = admission->request.route,
        .host = admission->request.host,
    };

    timer_stop(world_of(session), &session->timer);
    session->state = SESSION_BUSY;
    exchange_refuse(&session->exchange, &refusal);
}

/* A head came, good or bad: an exchange begins, but never for a client that is gone. */
static void begin(struct session *session, const struct admission *admission)
{
    static const struct admission gone = {.cause = CAUSE_CLIENT_CANCELLED,
                                          .request.route = ROUTE_NONE};

    if (session->client_closed && !settings_of(session)->client_half_close_allowed) {
        refuse(session, &gone);
    } else if (!admission->admitted) {
        refuse(session, admission);
    } else {
        timer_stop(world_of(session), &session->timer);
        session->state = SESSION_BUSY;
        exchange_begin(&session->exchange, &admission->request);
    }
}

static struct admission admit(struct session *session)
{
    const struct configuration *configuration = session->exchange.ground->configuration;
    const struct http1_reader *reader = &session->request.reader;
    const struct admission_rules rules = {
        .routes = configuration->routes,
        .route_count = configuration->route_count,
        .users = configuration->settings.users,
        .realm = configuration->settings.realm,
        .auth_failed_status = configuration->settings.auth_failed_status,
    };

    return admission_decide(&session->request.head,
                            reader->upgrade && reader->framing == FRAMING_NONE &&
                                session->request.head.minor == 1,
                            &rules);
}

/* Looks whether a head is complete: then an exchange begins. */
static void read_head(struct session *session)
{
    struct admission admission;
    bool begun = inlet_head_begun(&session->request);
    enum reader_step step;

    /* Of the settings under which the exchange begins; they may have changed since the client connected. */
    session->request.reader.limits.body_bytes_max = settings_of(session)->body_bytes_max;
    step = inlet_read_head(&session->request);
    if (session->request.incomplete || (step == READER_MORE && session->request.input_ended)) {
        end(session, STREAM_FIN);
        return;
    }
    if (step == READER_MORE) {
        if (!begun && inlet_head_begun(&session->request))
            wait_for_head(session); /* the clock of the head begins with its first byte */
        return;
    }
    admission =
        step == READER_HEAD ? admit(session) : admission_refuse(&session->request.reader.refusal);
    begin(session, &admission);
}

static void fill(struct session *session)
{
    ssize_t result;

    if (!inlet_has_room(&session->request))
        return;
    result = inlet_fill(&session->request, &session->stream);
    if (result < 0 && result != -EAGAIN)
        end(session, STREAM_RST);
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* FIN now, close when all that the client sent was read up to its own FIN, so that no reset overtakes the answer. */
static void linger(struct session *session)
{
    if (session->request.input_ended || stream_shut(&session->stream) != 0) {
        end(session, STREAM_FIN);
        return;
    }
    session->state = SESSION_LINGERING;
    stream_want(&session->stream, STREAM_READ | STREAM_CLOSED);
    timer_set(world_of(session), &session->timer,
              world_now(world_of(session)) + LINGER_MS * NS_PER_MS);
}

/*
 * A request that waits already begins in the next turn: in this one the upstream's connection has been read, and until
 * it can be read again nobody knows whether its upstream has closed it, or said more than its response.
 */
static void await_next(struct session *session)
{
    inlet_next_message(&session->request);
    session->state = inlet_raw(&session->request) > 0 ? SESSION_RESUMING : SESSION_READING;
    if (session->state == SESSION_READING) {
        wait_for_head(session);
        return;
    }
    stream_want(&session->stream, STREAM_CLOSED);
    timer_set(world_of(session), &session->timer, world_now(world_of(session)));
}

static void after_exchange(struct session *session)
{
    enum client_end how = session->exchange.client_end;

    exchange_rest(&session->exchange);
    if (how == CLIENT_RESET)
        end(session, STREAM_RST);
    else if (how == CLIENT_CLOSE || session->stopping)
        linger(session);
    else
        await_next(session);
}

/* ---- turns ----------------------------------------------------------------------------------- */

/* An exchange begins when a head is there; one that has ended, perhaps at once, makes room for the next. */
static void turn(struct session *session)
{
    if (session->state == SESSION_READING)
        read_head(session);
    if (session->state == SESSION_BUSY && exchange_is_done(&session->exchange))
        after_exchange(session);
}

static void on_exchange_turn(void *owner)
{
    turn(object_cast(owner, SESSION_TAG));
}

static void on_client_event(struct stream *stream, unsigned events)
{
    struct session *session = object_cast(stream->owner, SESSION_TAG);

    session->client_closed = session->client_closed || (events & STREAM_CLOSED) != 0;
    switch (session->state) {
    case SESSION_HANDSHAKING:
        shake_hands(session);
        break;
    case SESSION_READING:
        fill(session);
        break;
    case SESSION_BUSY:
        exchange_client_event(&session->exchange, events);
        break;
    case SESSION_LINGERING:
        if (!lingering_read(&session->lingering, &session->stream))
            end(session, STREAM_FIN);
        break;
    case SESSION_RESUMING:
        break;
    case SESSION_ENDED:
    default:
        check(session->state != SESSION_ENDED);
    }
    turn(session);
}

static void on_time(struct timer *timer)
{
    struct session *session = object_cast(timer->owner, SESSION_TAG);
    static const struct admission late = {
        .cause = CAUSE_CLIENT_TIMEOUT,
        .request.route = ROUTE_NONE,
        .apology = {.status = 408,
                    .word = "REQUEST_TIMEOUT",
                    .rule = "the request head did not come"},
    };

    if (session->state == SESSION_RESUMING) {
        session->state = SESSION_READING;
        wait_for_head(session);
        turn(session);
    } else if (session->state == SESSION_READING && inlet_head_begun(&session->request)) {
        refuse(session, &late);
        turn(session);
    } else if (session->state == SESSION_HANDSHAKING) {
        give_up_handshake(session, "it took too long");
    } else {
        end(session, STREAM_FIN);
    }
}
