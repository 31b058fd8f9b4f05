#include "proxy/log/log_batch.h"

#include <stdlib.h>
#include <string.h>

static void copy_entry(struct log_entry *entry, const struct exchange_record *record);
static void copy_attempts(struct log_batch *batch, const struct log_source *source);

bool log_batch_init(struct log_batch *batch)
{
    *batch = (struct log_batch){
        .entries = malloc(REQUEST_LOG_QUEUE_ROWS * sizeof(*batch->entries)),
        .attempts = malloc(LOG_BATCH_ATTEMPTS * sizeof(*batch->attempts)),
        .dials = malloc(LOG_BATCH_DIALS * sizeof(*batch->dials)),
    };
    return batch->entries != NULL && batch->attempts != NULL && batch->dials != NULL;
}

void log_batch_release(struct log_batch *batch)
{
    free(batch->entries);
    free(batch->attempts);
    free(batch->dials);
    *batch = (struct log_batch){0};
}

bool log_batch_add(struct log_batch *batch, const struct log_source *source)
{
    const struct exchange_record *record = source->record;
    struct log_entry *entry;

    check(record->attempt_count <= RECORD_ATTEMPTS_MAX);
    check(record->dial_count <= RECORD_DIALS_MAX);
    if (batch->count == REQUEST_LOG_QUEUE_ROWS ||
        record->attempt_count > LOG_BATCH_ATTEMPTS - batch->attempt_count ||
        record->dial_count > LOG_BATCH_DIALS - batch->dial_count)
        return false;
    entry = &batch->entries[batch->count++];
    copy_entry(entry, record);
    entry->ended_unix_ns = source->ended_unix_ns;
    entry->first_attempt = batch->attempt_count;
    entry->first_dial = batch->dial_count;
    copy_attempts(batch, source);
    if (record->dial_count > 0)
        memcpy(batch->dials + batch->dial_count, record->dials,
               record->dial_count * sizeof(record->dials[0]));
    batch->dial_count += record->dial_count;
    return true;
}

void log_batch_clear(struct log_batch *batch)
{
    batch->count = 0;
    batch->attempt_count = 0;
    batch->dial_count = 0;
}

/* Only the bytes there are: rows have room for far longer texts than most exchanges have. */
static void copy_text(char *to, const char *from, size_t bytes)
{
    size_t size = strnlen(from, bytes - 1);

    memcpy(to, from, size);
    to[size] = '\0';
}

/*
 * How the tunnel of an exchange ended, NULL if none stood. A tunnel that ended well after bytes both ways has no phase
 * of its own; that it stood shows in the answer that opened it. RFC 9110 9.3.6, 15.2.2.
 */
static const char *tunnel_word(const struct exchange_record *record)
{
    enum tunnel_phase phase = TUNNEL_NONE;
    bool opened = (record->kind == EXCHANGE_CONNECT && record->status / 100 == 2) ||
                  (record->kind == EXCHANGE_UPGRADE && record->status == 101);

    if (record->attempt_count > 0)
        phase = record->attempts[record->attempt_count - 1].tunnel;
    return opened || phase != TUNNEL_NONE ? tunnel_phase_word(phase) : NULL;
}

static void copy_entry(struct log_entry *entry, const struct exchange_record *record)
{
    entry->duration_ns = record->ended_ns - record->begun_ns;
    entry->kind = record->kind;
    entry->client = record->client;
    entry->status = record->status;
    entry->error = record->error_word;
    entry->failure = record->failure;
    entry->tunnel = tunnel_word(record);
    entry->request_bytes = record->request_body_bytes + record->tunnel_up_bytes;
    entry->response_bytes = record->response_body_bytes + record->tunnel_down_bytes;
    entry->held_bytes_peak = record->held_bytes_peak;
    copy_text(entry->route, record->route, sizeof(entry->route));
    copy_text(entry->user, record->user, sizeof(entry->user));
    copy_text(entry->host, record->host, sizeof(entry->host));
    copy_text(entry->method, record->method, sizeof(entry->method));
    copy_text(entry->target, record->target, sizeof(entry->target));
    copy_text(entry->summary, record->summary, sizeof(entry->summary));
    entry->attempt_count = record->attempt_count;
    entry->dial_count = record->dial_count;
    entry->dials_lost = record->dials_lost;
}

/* Settings may be changed before a row is written, so the names of upstreams are copied too. */
static void copy_attempts(struct log_batch *batch, const struct log_source *source)
{
    for (unsigned i = 0; i < source->record->attempt_count; i++) {
        const struct attempt_record *attempt = &source->record->attempts[i];
        struct log_attempt *copy = &batch->attempts[batch->attempt_count++];

        copy->record = *attempt;
        copy->upstream[0] = '\0';
        if (attempt->upstream != UPSTREAM_OTHER) {
            check(attempt->upstream < source->settings->upstream_count);
            copy_text(copy->upstream, source->settings->upstreams[attempt->upstream].name,
                      sizeof(copy->upstream));
        }
    }
}
