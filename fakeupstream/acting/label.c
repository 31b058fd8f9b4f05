#include "fakeupstream/acting/label.h"

#include <string.h>

#include "fakeupstream/wire/pattern.h"
#include "fakeupstream/wire/splice.h"

/* "a.1.2", "client.3" or "client-7.3" in turn 7: who sends this message, and which one it is. */
static void make_label(struct actor *actor, struct splice *label)
{
    splice_text(label, actor->name);
    if (!actor_is_upstream(actor) && actor->scene->manner.turn > 0) {
        splice_text(label, "-");
        splice_number(label, actor->scene->manner.turn, 10);
    }
    splice_text(label, ".");
    if (actor_is_upstream(actor)) {
        uint64_t begun = actor->line->transcript.begun;

        splice_number(label, actor->line->witness.connection, 10);
        splice_text(label, ".");
        splice_number(label, begun > 0 ? begun : 1, 10);
    } else {
        splice_number(label, ++actor->requests, 10);
    }
}

/* Where the request goes as its Host says it: RFC 9110 7.2. place: of the upstream it is for; may be empty. */
static void add_host(const struct actor *actor, struct bytes place, struct splice *mark)
{
    char text[SCENE_AUTHORITY_BYTES];

    splice_text(mark, "Host: ");
    if (place.size > 0)
        splice_bytes(mark, place);
    else if (!actor->inside && actor->scene->manner.host != NULL)
        splice_text(mark, actor->scene->manner.host);
    else if (!actor->inside)
        splice_text(mark, actor->host);
    else if (actor->connected->to != NULL)
        splice_bytes(mark, scene_find(actor->scene, actor->connected->to, text));
    else
        splice_text(mark, actor->connected->target);
    splice_text(mark, "\r\n");
}

/* What comes first in the target. A target that is no path has no place for a prefix: RFC 9112 3.2.4. */
static struct bytes find_place(const struct actor *actor, const struct draft *draft,
                               char text[SCENE_AUTHORITY_BYTES])
{
    const char *prefix = actor->scene->manner.prefix;

    if (draft->to != NULL)
        return scene_find(actor->scene, draft->to, text);
    if (!actor_is_upstream(actor) && prefix != NULL && draft->target[0] == '/')
        return bytes_of(prefix);
    return bytes_make(NULL, 0);
}

void label_message(struct actor *actor)
{
    const struct draft *draft = actor->outbox.message.draft;
    bool upstream = actor_is_upstream(actor);
    char label_text[ACTOR_LABEL_BYTES];
    char fields_text[MESSAGE_MARK_BYTES];
    char place_text[SCENE_AUTHORITY_BYTES];
    struct splice label = {.data = label_text, .room = sizeof(label_text)};
    struct splice fields = {.data = fields_text, .room = sizeof(fields_text)};
    struct outbox_mark mark = {.place = {NULL, 0}};

    make_label(actor, &label);
    mark.label = splice_whole(&label);
    mark.place = find_place(actor, draft, place_text);
    if (!upstream && !draft->own_host)
        add_host(actor, draft->to != NULL ? mark.place : bytes_make(NULL, 0), &fields);
    splice_text(&fields, upstream ? "X-Attempt: " : "X-Request: ");
    splice_bytes(&fields, mark.label);
    splice_text(&fields, "\r\n");
    if (!upstream && actor->scene->manner.fields != NULL)
        splice_text(&fields, actor->scene->manner.fields);
    mark.fields = splice_whole(&fields);
    if (!upstream) {
        transcript_ask(&actor->line->transcript, bytes_of(draft->method));
        if (strcmp(draft->method, "CONNECT") == 0)
            actor->connected = draft;
    }
    outbox_begin(&actor->outbox, actor->line, &mark);
}

/* From here on what this side sends is no HTTP; its pattern is made from "client.1.stream", "a.2.stream". */
void label_stream(struct actor *actor)
{
    struct line *line = actor->line;
    char text[ACTOR_LABEL_BYTES];
    struct splice label = {.data = text, .room = sizeof(text)};

    if (line->witness.streams)
        return;
    splice_text(&label, actor->name);
    splice_text(&label, ".");
    splice_number(&label, line->witness.connection, 10);
    splice_text(&label, ".stream");
    line_begin_stream(line, pattern_seed(splice_whole(&label)));
}

/* A list that begins with bytes that are no HTTP is none from the connection's first byte. */
void label_line(struct actor *actor)
{
    if (!actor->script->streams || actor->line->witness.streams ||
        actor->line->transcript.begun > 0)
        return;
    transcript_tunnel(&actor->line->transcript);
    label_stream(actor);
}
