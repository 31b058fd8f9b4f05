#include "proxy/log/log_details.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "world/data/utf8.h"

struct writer {
    char *text;
    size_t used;
};

static void write_attempt(struct writer *writer, const struct log_attempt *attempt,
                          unsigned number);
static void write_dials(struct writer *writer, const struct log_batch *batch,
                        const struct log_entry *entry, unsigned number);
static void write_format(struct writer *writer, const char *format, ...) PRINTF_LIKE(2, 3);

size_t log_details_format(const struct log_batch *batch, const struct log_entry *entry,
                          char text[LOG_DETAILS_BYTES])
{
    struct writer writer = {.text = text};

    write_format(&writer, "[");
    for (unsigned i = 0; i < entry->attempt_count; i++) {
        write_format(&writer, "%s", i > 0 ? "," : "");
        write_attempt(&writer, &batch->attempts[entry->first_attempt + i], i + 1);
        write_dials(&writer, batch, entry, i + 1);
        if (entry->dials_lost > 0 && i + 1 == entry->attempt_count)
            write_format(&writer, ",\"failed_addresses_lost\":%u", entry->dials_lost);
        write_format(&writer, "}");
    }
    write_format(&writer, "]");
    return writer.used;
}

/* LOG_DETAILS_BYTES is the sum of all limits, so running out of it is our own mistake. */
static void write_format(struct writer *writer, const char *format, ...)
{
    size_t room = LOG_DETAILS_BYTES - writer->used;
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(writer->text + writer->used, room, format, arguments);
    va_end(arguments);
    check(size >= 0);
    check((size_t)size < room);
    writer->used += (size_t)size;
}

static void write_bytes(struct writer *writer, const char *data, size_t size)
{
    check(size < LOG_DETAILS_BYTES - writer->used);
    memcpy(writer->text + writer->used, data, size);
    writer->used += size;
}

/* As JSON asks (RFC 8259 7); bytes that are no UTF-8 become U+FFFD, for a configuration may hold any. */
static void write_text(struct writer *writer, const char *text, size_t bytes_max)
{
    size_t size = strnlen(text, bytes_max);
    size_t taken;

    write_format(writer, "\"");
    for (size_t at = 0; at < size; at += taken) {
        uint32_t character;

        taken = utf8_take(text + at, size - at, &character);
        if (taken == 0) {
            write_format(writer, "\\ufffd");
            taken = 1;
        } else if (character == '"' || character == '\\') {
            write_format(writer, "\\%c", (char)character);
        } else if (character < 0x20) {
            write_format(writer, "\\u%04x", (unsigned)character);
        } else {
            write_bytes(writer, text + at, taken);
        }
    }
    write_format(writer, "\"");
}

static void write_text_at(struct writer *writer, const char *key, const char *text)
{
    write_format(writer, ",\"%s\":", key);
    if (text == NULL || text[0] == '\0')
        write_format(writer, "null");
    else
        write_text(writer, text, LOG_MESSAGE_BYTES);
}

static void write_u64_at(struct writer *writer, const char *key, uint64_t value)
{
    write_format(writer, ",\"%s\":%" PRIu64, key, value);
}

static void write_bool_at(struct writer *writer, const char *key, bool value)
{
    write_format(writer, ",\"%s\":%s", key, value ? "true" : "false");
}

static void write_address_at(struct writer *writer, const char *key, const struct address *address)
{
    char text[ADDRESS_TEXT_BYTES] = "";

    if (address->family != 0)
        address_format(address, text);
    write_text_at(writer, key, text);
}

/* More than the cause says: what the failing layer knows, otherwise what the system says. */
static void write_message(struct writer *writer, const char *detail, int os_error)
{
    char buffer[LOG_MESSAGE_BYTES];

    if (detail == NULL && os_error != 0)
        detail = strerror_r(os_error, buffer, sizeof(buffer));
    write_text_at(writer, "message", detail);
}

static void write_attempt(struct writer *writer, const struct log_attempt *attempt, unsigned number)
{
    const struct attempt_record *record = &attempt->record;
    bool failed = record->failure.cause != CAUSE_NONE;
    /* The record says a decision's reason where there was something to decide. */
    bool decided = failed || record->decision.retry || record->decision.reason != 0;

    write_format(writer, "{\"attempt\":%u", number);
    write_text_at(writer, "upstream", attempt->upstream);
    write_address_at(writer, "address", &record->address);
    write_text_at(writer, "stage", failed ? stage_word(record->failure.stage) : NULL);
    write_text_at(writer, "cause", failed ? cause_word(record->failure.cause) : NULL);
    write_message(writer, record->detail, record->failure.os_error);
    write_u64_at(writer, "status", record->status);
    write_u64_at(writer, "tx", record->tx);
    write_u64_at(writer, "rx", record->rx);
    write_u64_at(writer, "duration_ns", record->ended_ns - record->begun_ns);
    write_bool_at(writer, "reused", record->reused);
    write_bool_at(writer, "tls", record->tls);
    write_bool_at(writer, "tls_resumed", record->tls_resumed);
    write_text_at(writer, "tunnel",
                  record->tunnel != TUNNEL_NONE ? tunnel_phase_word(record->tunnel) : NULL);
    write_bool_at(writer, "retried", record->decision.retry);
    write_text_at(writer, "reason",
                  decided ? retry_reason_sentence(record->decision.reason) : NULL);
    write_u64_at(writer, "backoff_ns", record->backoff_ns);
}

/* The addresses of the same name that failed before the one the attempt ended with (decision 7 of the design). */
static void write_dials(struct writer *writer, const struct log_batch *batch,
                        const struct log_entry *entry, unsigned number)
{
    bool any = false;

    write_format(writer, ",\"failed_addresses\":[");
    for (unsigned i = 0; i < entry->dial_count; i++) {
        const struct dial_record *dial = &batch->dials[entry->first_dial + i];

        if (dial->attempt != number)
            continue;
        write_format(writer, "%s{\"cause\":\"%s\"", any ? "," : "", cause_word(dial->cause));
        write_address_at(writer, "address", &dial->address);
        write_message(writer, NULL, dial->os_error);
        write_format(writer, "}");
        any = true;
    }
    write_format(writer, "]");
}
