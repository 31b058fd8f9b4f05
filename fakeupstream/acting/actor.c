#include "fakeupstream/acting/actor.h"

#include <stdio.h>
#include <string.h>

#include "fakeupstream/acting/label.h"
#include "fakeupstream/acting/play.h"
#include "world/base/check.h"

#define ACTOR_TAG OBJECT_TAG('A', 'C', 'T', 'R')

static void advance(struct actor *actor);
static void play_steps(struct actor *actor);
static void rest(struct actor *actor);
static void on_time(struct timer *timer);
static void on_signal(struct signal_waiter *waiter);

/* What does not fit is cut. */
static void copy_text(char *out, size_t room, const char *text)
{
    size_t size = strnlen(text, room - 1);

    memcpy(out, text, size);
    out[size] = '\0';
}

void actor_init(struct actor *actor, const struct actor_options *options)
{
    *actor = (struct actor){
        .tag = ACTOR_TAG,
        .ways = options->ways,
        .scene = options->scene,
        .owner = options->owner,
        .script = options->script,
        .standing = options->standing,
        .line = options->line,
        .timer = {.on_time = on_time, .owner = actor},
        .waiter = {.on_signal = on_signal, .owner = actor},
    };
    if (!actor_is_upstream(actor))
        actor->tls = options->scene->manner.tls;
    copy_text(actor->name, sizeof(actor->name), options->name);
    if (options->host != NULL)
        copy_text(actor->host, sizeof(actor->host), options->host);
    outbox_init(&actor->outbox);
}

void actor_start(struct actor *actor)
{
    if (actor->line != NULL)
        label_line(actor);
    advance(actor);
}

void actor_stop(struct actor *actor)
{
    timer_stop(actor->scene->world, &actor->timer);
    signals_leave(&actor->scene->signals, &actor->waiter);
}

void actor_abandon(struct actor *actor)
{
    actor->timer.index = 0;
    signals_leave(&actor->scene->signals, &actor->waiter);
}

void actor_on_line(struct actor *actor)
{
    advance(actor);
}

void actor_wake(struct actor *actor)
{
    timer_set(actor->scene->world, &actor->timer, world_now(actor->scene->world));
}

static void on_time(struct timer *timer)
{
    advance(object_cast(timer->owner, ACTOR_TAG));
}

/* The raiser is in the middle of its own step: go on at the next turn. */
static void on_signal(struct signal_waiter *waiter)
{
    actor_wake(object_cast(waiter->owner, ACTOR_TAG));
}

bool actor_is_over(const struct actor *actor)
{
    return actor->state != ACTOR_PLAYING;
}

static void become(struct actor *actor, enum actor_state state)
{
    actor->state = state;
    if (actor->ways->on_over != NULL)
        actor->ways->on_over(actor);
}

/* Goes on as far as possible, then says what it waits for. */
static void advance(struct actor *actor)
{
    struct line *line;

    actor->want_read = false;
    actor->want_write = false;
    if (actor->state == ACTOR_PLAYING)
        play_steps(actor);
    if (actor->state == ACTOR_RESTING)
        rest(actor);
    line = actor->line;
    if (line != NULL && !line->stalled)
        line_want(line, actor->want_read && !actor->paused, actor->want_write);
}

/* RFC 9112 9.3: what the last request says of its connection. One that was not read so far says nothing. */
static bool last_request_ends_connection(const struct actor *actor)
{
    const struct witness_message *request = actor->line->witness.received_last;

    if (request == NULL || !request->head_complete)
        return false;
    return request->version_minor == 0
               ? !witness_message_has_token(request, "Connection", "keep-alive")
               : witness_message_has_token(request, "Connection", "close");
}

/*
 * A server that has answered ends a connection that its peer wants no more (RFC 9112 9.6), and so a response that is framed by
 * the connection's end; unless the script did otherwise.
 */
static void end_answered(struct actor *actor)
{
    const struct message *message = &actor->outbox.message;

    if (!outbox_is_all_sent(&actor->outbox) || actor->line->witness.streams)
        return;
    if ((!message->bodiless && message->draft->framing == MESSAGE_CLOSE) ||
        last_request_ends_connection(actor))
        line_half_close(actor->line);
}

static bool is_stalled(const struct actor *actor)
{
    return actor->line != NULL && actor->line->stalled;
}

/* A fault of its line has ended an upstream's part there, as `end` would have: it plays no further. */
static bool give_way(struct actor *actor)
{
    if (!actor_is_upstream(actor) || !actor->line->faults.struck)
        return false;
    actor_stop(actor);
    become(actor, is_stalled(actor) ? ACTOR_STALLED : ACTOR_DONE);
    return true;
}

static void play_steps(struct actor *actor)
{
    while (!give_way(actor) && actor->step < actor->script->count) {
        const struct step *step = &actor->script->steps[actor->step];
        enum play_outcome outcome = play_step(actor, step);

        if (give_way(actor) || outcome == WAITS)
            return;
        if (outcome == IMPOSSIBLE && actor_is_upstream(actor)) {
            line_end(actor->line, STREAM_FIN);
            become(actor, ACTOR_BROKEN_OFF);
            return;
        }
        if (outcome == OVER) {
            become(actor, is_stalled(actor) ? ACTOR_STALLED : ACTOR_DONE);
            return;
        }
        actor->begun = false;
        actor->step++;
    }
    if (actor->state != ACTOR_PLAYING)
        return;
    if (actor_is_upstream(actor))
        end_answered(actor);
    become(actor, is_stalled(actor) ? ACTOR_STALLED : ACTOR_RESTING);
}

/* The message that a standing answer would answer next. */
static uint64_t next_to_answer(const struct actor *actor)
{
    return (actor->taken > actor->answered ? actor->taken : actor->answered) + 1;
}

/* A round that neither read nor answered its message is done with it all the same. */
static void begin_round(struct actor *actor, uint64_t message)
{
    actor->round = message;
    actor->taken = message - 1;
    actor->script = actor->standing;
    actor->step = 0;
    actor->begun = false;
    actor->state = ACTOR_PLAYING;
    play_steps(actor);
    if (actor->state == ACTOR_RESTING && next_to_answer(actor) <= message)
        actor->answered = message;
}

/* The list is played: reads what comes, answers further requests, and closes when the peer does. */
static void rest(struct actor *actor)
{
    while (actor->state == ACTOR_RESTING && actor->line != NULL) {
        struct line *line = actor->line;
        struct transcript_goal goal = {.kind = GOAL_NEVER};
        enum line_progress progress;

        if (actor->paused)
            return;
        if (actor->standing != NULL)
            goal = (struct transcript_goal){.kind = GOAL_BEGUN, .message = next_to_answer(actor)};
        progress = line_read(line, &goal, false);
        if (give_way(actor))
            return;
        if (progress == LINE_ENDED) {
            if (!line->fading)
                line_end(line, STREAM_FIN);
            become(actor, ACTOR_DONE);
            return;
        }
        if (progress == LINE_AGAIN) {
            actor->want_read = true;
            return;
        }
        begin_round(actor, goal.message);
    }
}

const char *actor_state_word(enum actor_state state)
{
    static const char *const WORDS[] = {"playing", "resting", "stalled", "broken off", "done"};

    return WORDS[state];
}

static const char *waiting_sentence(const struct actor *actor, const struct step *step)
{
    if (actor->line != NULL && actor->line->opening)
        return "waits for its connection to open";
    switch (step->word) {
    case STEP_REQUEST:
        return outbox_is_all_sent(&actor->outbox) ? "has not read the end of the response"
                                                  : "has not sent the whole request";
    case STEP_READ:
        return actor->paused ? "waits to read, but reading is paused" : "has not read so far";
    case STEP_DELAY:
        return "waits for its delay to pass";
    case STEP_SIGNAL:
        return "cannot signal, there are too many names";
    case STEP_WAIT:
        return "waits for a signal";
    case STEP_PRE_WRITE:
        return "waits for the peer to meet the fault and close";
    default:
        return "has not sent so far";
    }
}

const char *actor_describe(const struct actor *actor, char text[ACTOR_TEXT_BYTES])
{
    const struct step *step = NULL;
    const char *sentence = "has played its script";

    if (actor->step < actor->script->count)
        step = &actor->script->steps[actor->step];
    if (actor->state == ACTOR_BROKEN_OFF)
        sentence = "could not go on, the connection ended";
    else if (actor->state == ACTOR_STALLED)
        sentence = "stalls, as its script says";
    else if (actor->state == ACTOR_PLAYING && step != NULL)
        sentence = waiting_sentence(actor, step);
    if (step == NULL)
        snprintf(text, ACTOR_TEXT_BYTES, "%s", sentence);
    else
        snprintf(text, ACTOR_TEXT_BYTES, "%s (step %zu, `%s`)", sentence, actor->step + 1,
                 step->text);
    return text;
}
