/*
 * For tests by segments: all that a reader's future depends on, and all it has made of a message, as text.
 */
#ifndef PROXY_WIRE_HTTP1_TELL_RIG_H
#define PROXY_WIRE_HTTP1_TELL_RIG_H

#include "proxy/wire/http1_reader.h"
#include "world/base/segments_rig.h"

static inline void tell_head(struct segments_account *account, const char *name,
                             const struct head *head)
{
    segments_say_bytes(account, name, bytes_make(head->storage, head->storage_used));
    segments_say_number(account, "minor", head->minor);
    segments_say_number(account, "status", head->status);
    segments_say_bytes(account, "method", head->method);
    segments_say_bytes(account, "target", head->target);
    segments_say_bytes(account, "reason", head->reason);
    for (size_t i = 0; i < head->field_count; i++) {
        segments_say_bytes(account, "field", head->fields[i].name);
        segments_say_bytes(account, "value", head->fields[i].value);
    }
}

static inline void tell_guard(struct segments_account *account, const struct http1_guard *guard)
{
    segments_say_number(account, "section", guard->section);
    segments_say_number(account, "guard", guard->state);
    segments_say_number(account, "number", guard->number);
    segments_say_number(account, "at", guard->at);
    segments_say_number(account, "bytes", guard->bytes);
    segments_say_number(account, "of", guard->bytes_max);
    segments_say_number(account, "lines", guard->field_lines);
    segments_say_number(account, "chunk", guard->chunk_size);
}

static inline void tell_reader(struct segments_account *account, const struct http1_reader *reader)
{
    segments_say_number(account, "state", reader->state);
    segments_say_number(account, "framing", reader->framing);
    segments_say_number(account, "length", reader->content_length);
    segments_say_number(account, "keep-alive", reader->keep_alive);
    segments_say_number(account, "upgrade", reader->upgrade);
    segments_say_number(account, "expects", reader->expect_continue);
    segments_say_number(account, "answers", reader->answers_head + 2u * reader->answers_connect);
    segments_say_number(account, "left", reader->left);
    segments_say_number(account, "body", reader->body_bytes);
    segments_say_number(account, "refused", (uint64_t)reader->refusal.status);
    segments_say(account, reader->refusal.rule != NULL ? reader->refusal.rule : "");
    tell_guard(account, &reader->guard);
    tell_head(account, "head", reader->head);
    tell_head(account, "trailers", reader->trailers);
}

#endif
