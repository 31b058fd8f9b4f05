#include "fakeupstream/acting/play.h"

#include "fakeupstream/acting/label.h"

typedef enum play_outcome play_function(struct actor *actor, const struct step *step);

static play_function play_request, play_prepare, play_send, play_raw, play_read, play_respond,
    play_end, play_half_close, play_drip, play_pause, play_delay, play_signal, play_wait,
    play_connect, play_pre_write, play_tls, play_stream;

static play_function *const PLAYS[STEP_COUNT] = {
    [STEP_REQUEST] = play_request,
    [STEP_PREPARE] = play_prepare,
    [STEP_SEND] = play_send,
    [STEP_RAW] = play_raw,
    [STEP_GARBAGE] = play_raw,
    [STEP_INTERIM] = play_raw,
    [STEP_READ] = play_read,
    [STEP_RESPOND] = play_respond,
    [STEP_END] = play_end,
    [STEP_HALF_CLOSE] = play_half_close,
    [STEP_DRIP] = play_drip,
    [STEP_PAUSE_READING] = play_pause,
    [STEP_RESUME_READING] = play_pause,
    [STEP_DELAY] = play_delay,
    [STEP_SIGNAL] = play_signal,
    [STEP_WAIT] = play_wait,
    [STEP_CONNECT] = play_connect,
    [STEP_PRE_WRITE] = play_pre_write,
    [STEP_TLS] = play_tls,
    [STEP_STREAM] = play_stream,
};

enum play_outcome play_step(struct actor *actor, const struct step *step)
{
    return PLAYS[step->word](actor, step);
}

static enum play_outcome wait_for_outbox(struct actor *actor, enum outbox_progress progress)
{
    if (progress == OUTBOX_LATER)
        timer_set(actor->scene->world, &actor->timer, actor->outbox.next_ns);
    actor->want_write = progress == OUTBOX_AGAIN;
    return WAITS;
}

/* A final response is out: a request that came whole is done with. */
static void note_answer(struct actor *actor)
{
    if (!actor_is_upstream(actor))
        return;
    actor->answered++;
    if (actor->line->transcript.messages > actor->taken)
        actor->taken = actor->line->transcript.messages;
    if (actor->outbox.message.draft->status == 101) { /* RFC 9110 15.2.2 */
        transcript_tunnel(&actor->line->transcript);
        label_stream(actor);
    }
}

/* Sends the prepared message up to a position. A peer that takes no more does not end the script. */
static enum play_outcome send_to(struct actor *actor, uint64_t limit)
{
    enum outbox_progress progress = outbox_send(&actor->outbox, actor->line, limit);

    if (progress == OUTBOX_AGAIN || progress == OUTBOX_LATER)
        return wait_for_outbox(actor, progress);
    if (outbox_is_all_sent(&actor->outbox))
        note_answer(actor);
    return PLAYED;
}

/* The client lets go of its connection: it lingers, or is closed if the peer has ended it. */
static void leave_line(struct actor *actor)
{
    struct line *line = actor->line;

    actor->line = NULL;
    if (line != NULL)
        line_linger(line);
}

/* A message begins: a client leaves a connection that cannot carry another one. */
static void leave_unusable_line(struct actor *actor)
{
    struct line *line = actor->line;

    if (!actor_is_upstream(actor) && line != NULL && !line->opening && !line_is_usable(line))
        leave_line(actor);
}

/* Clients connect when they first need to. False if there is no way. */
static bool has_line(struct actor *actor)
{
    if (actor->line != NULL)
        return true;
    if (actor->ways->dial == NULL || !actor->ways->dial(actor))
        return false;
    actor->taken = 0;
    actor->stream_asked = 0;
    actor->connected = NULL;
    actor->inside = false;
    label_line(actor);
    return true;
}

/* A client's next request goes through the tunnel it asked for: HTTP begins within it. */
static void enter_tunnel(struct actor *actor)
{
    struct line *line = actor->line;

    if (line == NULL || actor_is_upstream(actor) || actor->connected == NULL ||
        line->transcript.state != TRANSCRIPT_TUNNEL)
        return;
    line_resume_http(line);
    actor->inside = true;
}

static enum play_outcome play_prepare(struct actor *actor, const struct step *step)
{
    outbox_prepare(&actor->outbox, step->draft);
    return PLAYED;
}

static enum play_outcome play_respond(struct actor *actor, const struct step *step)
{
    if (!actor->begun) {
        outbox_prepare(&actor->outbox, step->draft);
        label_message(actor);
        actor->begun = true;
    }
    return send_to(actor, message_end(&actor->outbox.message));
}

static uint64_t send_limit(const struct outbox *outbox, const struct step *step)
{
    const struct message *message = &outbox->message;
    uint64_t end = message_end(message);
    uint64_t before = message_body_before(message, outbox->position);

    switch (step->target) {
    case TARGET_HEAD:
        return message_head_end(message);
    case TARGET_BODY_BYTES:
        return message_body_position(message, before + step->amount);
    case TARGET_BODY:
        return message_body_end(message);
    case TARGET_RAW:
        return outbox->position + step->amount < end ? outbox->position + step->amount : end;
    case TARGET_MESSAGE:
    case TARGET_INTERIM:
    case TARGET_EOF:
    case TARGET_STREAM:
        break;
    }
    return end;
}

static enum play_outcome play_send(struct actor *actor, const struct step *step)
{
    if (!actor->outbox.begun) {
        enter_tunnel(actor);
        leave_unusable_line(actor);
    }
    if (!has_line(actor))
        return PLAYED;
    if (!actor->begun) {
        if (!actor->outbox.begun)
            label_message(actor);
        actor->goal.amount = send_limit(&actor->outbox, step);
        actor->begun = true;
    }
    return send_to(actor, actor->goal.amount);
}

static enum play_outcome play_raw(struct actor *actor, const struct step *step)
{
    enum outbox_progress progress;

    if (!has_line(actor))
        return PLAYED;
    if (!actor->begun && !actor_is_upstream(actor) && !actor->line->witness.streams) {
        transcript_ask_raw(&actor->line->transcript, step->raw);
        outbox_begin_raw(&actor->outbox, actor->line, step->raw.size);
    }
    actor->begun = true;
    progress = outbox_send_raw(&actor->outbox, actor->line, step->raw);
    if (progress == OUTBOX_AGAIN || progress == OUTBOX_LATER)
        return wait_for_outbox(actor, progress);
    return PLAYED;
}

static enum play_outcome play_drip(struct actor *actor, const struct step *step)
{
    outbox_drip(&actor->outbox, step->amount, step->duration_ns);
    return PLAYED;
}

static struct transcript_goal read_goal(const struct actor *actor, const struct step *step)
{
    const struct transcript *transcript = &actor->line->transcript;
    struct transcript_goal goal = {.kind = GOAL_NEVER, .message = actor->taken + 1};

    switch (step->target) {
    case TARGET_HEAD:
        goal.kind = GOAL_HEAD;
        break;
    case TARGET_INTERIM:
        goal.kind = GOAL_INTERIM;
        goal.amount = transcript->interims + 1;
        break;
    case TARGET_BODY_BYTES:
        goal.kind = GOAL_BODY;
        goal.amount = step->amount;
        if (transcript->heads == goal.message)
            goal.amount += transcript->body_bytes;
        break;
    case TARGET_MESSAGE:
        goal.kind = GOAL_MESSAGE;
        break;
    case TARGET_RAW:
        goal.kind = GOAL_RAW;
        goal.amount = transcript->raw_bytes + step->amount;
        break;
    case TARGET_STREAM:
        goal.kind = GOAL_STREAM;
        goal.amount = actor->stream_asked + step->amount;
        break;
    case TARGET_BODY:
    case TARGET_EOF:
        break;
    }
    return goal;
}

/* Reads towards the goal unless the script said not to; a reset is seen even then. */
static enum line_progress read_on(struct actor *actor, const struct transcript_goal *goal,
                                  bool exact)
{
    enum line_progress progress;

    if (actor->paused)
        return actor->line->witness.peer_end == WITNESS_RST ? LINE_ENDED : LINE_AGAIN;
    progress = line_read(actor->line, goal, exact);
    actor->want_read = progress == LINE_AGAIN;
    if (!actor_is_upstream(actor) && actor->line->transcript.state == TRANSCRIPT_TUNNEL)
        label_stream(actor);
    return progress;
}

/* A stream is a tunnel; what a client sends behind a request that may become one belongs to it already. */
static bool can_stream(const struct actor *actor)
{
    const struct line *line = actor->line;

    return line->witness.streams || (!actor_is_upstream(actor) && line->transcript.asked_count > 0);
}

static enum play_outcome play_read(struct actor *actor, const struct step *step)
{
    enum line_progress progress;

    if (actor->line == NULL)
        return PLAYED;
    if (!actor->begun && step->target == TARGET_STREAM && !can_stream(actor))
        return IMPOSSIBLE;
    if (!actor->begun)
        actor->goal = read_goal(actor, step);
    if (!actor->begun && step->target == TARGET_STREAM)
        actor->stream_asked = actor->goal.amount;
    actor->begun = true;
    progress = read_on(actor, &actor->goal, step->exact);
    if (progress == LINE_AGAIN)
        return WAITS;
    if (progress == LINE_ENDED)
        return step->target == TARGET_EOF ? PLAYED : IMPOSSIBLE;
    if (step->target == TARGET_MESSAGE)
        actor->taken = actor->goal.message;
    return PLAYED;
}

/*
 * Reads what comes meanwhile, unless reading is paused: two peers that only send would wait for each other. `read: N of
 * stream` counts it then.
 */
static enum play_outcome play_stream(struct actor *actor, const struct step *step)
{
    static const struct transcript_goal NEVER = {.kind = GOAL_NEVER};
    enum outbox_progress progress;

    if (!has_line(actor))
        return PLAYED;
    if (!actor->begun && !can_stream(actor))
        return IMPOSSIBLE;
    if (!actor->begun) {
        label_stream(actor);
        actor->goal.amount = actor->line->witness.flow_out.bytes + step->amount;
    }
    actor->begun = true;
    (void)read_on(actor, &NEVER, false);
    progress = outbox_send_stream(&actor->outbox, actor->line, actor->goal.amount);
    if (progress == OUTBOX_AGAIN || progress == OUTBOX_LATER)
        return wait_for_outbox(actor, progress);
    return PLAYED;
}

static enum play_outcome play_pause(struct actor *actor, const struct step *step)
{
    actor->paused = step->word == STEP_PAUSE_READING;
    return PLAYED;
}

/*
 * What came when no response was due is read before the request is made, so that it is seen to answer
 * none; and a connection that has ended meanwhile is not used.
 */
static void catch_up(struct actor *actor)
{
    static const struct transcript_goal NEVER = {.kind = GOAL_NEVER};
    struct line *line = actor->line;

    if (line != NULL && !actor->paused && !line->opening && line->transcript.asked_count == 0)
        (void)line_read(line, &NEVER, false);
}

static bool begin_request(struct actor *actor, const struct step *step)
{
    const struct transcript *transcript;

    catch_up(actor);
    enter_tunnel(actor);
    leave_unusable_line(actor);
    if (!has_line(actor))
        return false;
    outbox_prepare(&actor->outbox, step->draft);
    label_message(actor);
    transcript = &actor->line->transcript;
    actor->goal = (struct transcript_goal){.kind = GOAL_MESSAGE,
                                           .message = transcript_due(transcript),
                                           .amount = transcript->interims};
    actor->begun = true;
    return true;
}

/* RFC 9110 10.1.1: the body waits for a 100 or for a final head. */
static uint64_t request_limit(const struct actor *actor)
{
    const struct transcript *transcript = &actor->line->transcript;
    const struct message *message = &actor->outbox.message;

    if (message->draft->expect_continue && transcript->interims == actor->goal.amount &&
        transcript->heads < actor->goal.message)
        return message_head_end(message);
    return message_end(message);
}

/*
 * Sends and reads side by side until both are done or the connection has ended. Reading comes first, so
 * that a 100 lets the body go in the same turn; a complete response does not stop the sending, the end
 * of the connection does.
 */
static enum play_outcome play_request(struct actor *actor, const struct step *step)
{
    static const struct transcript_goal NEVER = {.kind = GOAL_NEVER};
    enum line_progress reading;
    enum outbox_progress sending;
    bool answered;

    if (!actor->begun && !begin_request(actor, step))
        return PLAYED;
    reading = read_on(actor, &actor->goal, false);
    answered = reading == LINE_DONE;
    if (reading != LINE_ENDED) {
        sending = outbox_send(&actor->outbox, actor->line, request_limit(actor));
        if (!line_is_held(actor->line) || actor->line->stalled)
            reading = LINE_ENDED; /* by a fault at the last byte that went */
        if (answered && (sending == OUTBOX_DONE || sending == OUTBOX_ENDED)) {
            actor->taken = actor->goal.message;
            return PLAYED;
        }
        if (answered)
            reading = read_on(actor, &NEVER, false);
        if (reading != LINE_ENDED) {
            if (sending == OUTBOX_AGAIN || sending == OUTBOX_LATER)
                (void)wait_for_outbox(actor, sending);
            return WAITS;
        }
    }
    if (!actor->line->stalled && !actor->line->fading)
        line_end(actor->line, STREAM_FIN);
    actor->line = NULL;
    return PLAYED;
}

static enum play_outcome play_connect(struct actor *actor, const struct step *step)
{
    (void)step;
    if (!actor->begun) {
        if (actor->line != NULL)
            line_end(actor->line, STREAM_FIN);
        actor->line = NULL;
        actor->begun = true;
        if (!has_line(actor))
            return PLAYED;
    }
    if (actor->line->opening && !actor->line->stalled)
        return WAITS;
    if (actor->line->stalled || actor->line->fading || !line_is_held(actor->line))
        actor->line = NULL;
    return PLAYED;
}

static enum play_outcome play_end(struct actor *actor, const struct step *step)
{
    struct line *line = actor->line;

    if (line == NULL)
        return PLAYED;
    if (step->end == STEP_END_CUT && !line_cut(line)) {
        actor->want_write = true;
        return WAITS;
    }
    if (step->end == STEP_END_STALL)
        line_stall(line);
    else
        line_end(line, step->end == STEP_END_RST ? STREAM_RST : STREAM_FIN);
    if (actor_is_upstream(actor))
        return OVER;
    actor->line = NULL;
    return PLAYED;
}

static enum play_outcome play_half_close(struct actor *actor, const struct step *step)
{
    (void)step;
    if (actor->line != NULL)
        line_half_close(actor->line);
    return PLAYED;
}

/* A client's words are for its next connections; those of an upstream were obeyed when it accepted this one. */
static enum play_outcome play_tls(struct actor *actor, const struct step *step)
{
    const struct line *line = actor->line;

    if (!actor_is_upstream(actor)) {
        actor->tls = step->tls;
        return PLAYED;
    }
    if (!tls_draft_ends(step->tls))
        return PLAYED;
    return line_is_held(line) && !line->stalled && !line->fading ? WAITS : PLAYED;
}

/* The fault is made on the proxy's side of the seam; here it is the peer's end that comes. */
static enum play_outcome play_pre_write(struct actor *actor, const struct step *step)
{
    static const struct transcript_goal NEVER = {.kind = GOAL_NEVER};

    (void)step;
    if (read_on(actor, &NEVER, false) == LINE_AGAIN)
        return WAITS;
    line_end(actor->line, STREAM_FIN);
    return OVER;
}

static enum play_outcome play_delay(struct actor *actor, const struct step *step)
{
    struct world *world = actor->scene->world;

    if (!actor->begun)
        actor->until_ns = world_now(world) + step->duration_ns;
    actor->begun = true;
    if (world_now(world) >= actor->until_ns)
        return PLAYED;
    timer_set(world, &actor->timer, actor->until_ns);
    return WAITS;
}

static enum play_outcome play_signal(struct actor *actor, const struct step *step)
{
    return signals_raise(&actor->scene->signals, step->name) ? PLAYED : WAITS;
}

static enum play_outcome play_wait(struct actor *actor, const struct step *step)
{
    struct signals *signals = &actor->scene->signals;

    if (signals_is_raised(signals, step->name))
        return PLAYED;
    if (actor->waiter.name == NULL)
        signals_wait(signals, &actor->waiter, step->name);
    return WAITS;
}
