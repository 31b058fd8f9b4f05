/*
 * For tests: that a reader of bytes says the same of a message in whatever segments it comes, by induction.
 *
 * For each place k of the message the state behind k bytes that came one at a time is taken; from there the bytes up to each
 * place j are given as one chunk, and what the reader then tells of itself, its state and all it has said so far, must be what
 * it tells behind j bytes that came one at a time. If that holds for all pairs, every one of the 2^(n-1) segmentations of the
 * message ends in that state: each further chunk begins in a state that single bytes lead to, too. A chunk of no bytes counts
 * as one.
 *
 * It is a proof only if a reader tells all that its future depends on. So behind each pair the rest of the message comes in one
 * piece, then its end, and what the reader tells must again be the same: what its state left out would be seen there.
 *
 * Ownership: the subject belongs to the caller. Errors: the difference found, as text. Limits: the constants below.
 */
#ifndef WORLD_BASE_SEGMENTS_RIG_H
#define WORLD_BASE_SEGMENTS_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world/base/bytes.h"
#include "world/base/check.h"

enum {
    SEGMENTS_ACCOUNT_BYTES = 8192, /* far above what a test's reader tells of a message */
    SEGMENTS_AREAS_MAX = 4,
};

/* What a reader tells of itself at one moment. */
struct segments_account {
    size_t size;
    char text[SEGMENTS_ACCOUNT_BYTES];
};

struct segments_area {
    void *data;
    size_t size;
};

/*
 * A reader. areas are all the memory that its state is in: put back at the same addresses it is the reader again, with its
 * pointers into itself. Where there are none it is begun anew and led to each place byte by byte.
 */
struct segments_subject {
    void *owner; /* what the functions are given */
    void (*begin)(void *owner);
    void (*feed)(void *owner, struct bytes chunk); /* may be empty */
    void (*end)(void *owner);                      /* the input ends; NULL: it has none */
    void (*tell)(void *owner, struct segments_account *account);
    bool (*may_cut)(void *owner, size_t place); /* where chunks begin and end; NULL: everywhere */
    struct segments_area areas[SEGMENTS_AREAS_MAX];
    size_t area_count;
};

struct segments_result {
    size_t pairs;                                      /* that were compared */
    char difference[2 * SEGMENTS_ACCOUNT_BYTES + 512]; /* the first one; empty: none */
};

/* ---- for tell() --------------------------------------------------------------------------------- */

static inline void segments_say_byte(struct segments_account *account, char byte)
{
    check(account->size < sizeof(account->text) - 1);
    account->text[account->size++] = byte;
    account->text[account->size] = '\0';
}

static inline void segments_say(struct segments_account *account, const char *text)
{
    size_t size = strlen(text);

    check(size < sizeof(account->text) - account->size);
    memcpy(account->text + account->size, text, size + 1);
    account->size += size;
}

static inline void segments_say_number(struct segments_account *account, const char *name,
                                       uint64_t number)
{
    char digits[24]; /* more than 64 bits have */
    size_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    segments_say_byte(account, ' ');
    segments_say(account, name);
    segments_say_byte(account, ' ');
    segments_say(account, digits + at);
}

/* Between bars; what cannot be printed in hexadecimal digits. */
static inline void segments_say_bytes(struct segments_account *account, const char *name,
                                      struct bytes bytes)
{
    static const char digits[] = "0123456789abcdef";

    segments_say_byte(account, ' ');
    segments_say(account, name);
    segments_say(account, " |");
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];

        if (byte >= ' ' && byte <= '~' && byte != '|' && byte != '\\') {
            segments_say_byte(account, (char)byte);
            continue;
        }
        segments_say_byte(account, '\\');
        segments_say_byte(account, digits[byte >> 4]);
        segments_say_byte(account, digits[byte & 15]);
    }
    segments_say_byte(account, '|');
}

/* ---- the induction ------------------------------------------------------------------------------- */

struct segments_run {
    const struct segments_subject *subject;
    struct bytes message;
    struct segments_account *told; /* behind each place that chunks may end at, and at the end */
    uint8_t *kept[SEGMENTS_AREAS_MAX]; /* the areas as they were at the place `at` */
    size_t at;
    struct segments_account found;
};

static inline void segments_feed(const struct segments_run *run, size_t from, size_t to)
{
    run->subject->feed(run->subject->owner, bytes_make(run->message.data + from, to - from));
}

static inline void segments_tell(const struct segments_run *run, struct segments_account *account)
{
    account->size = 0;
    account->text[0] = '\0';
    run->subject->tell(run->subject->owner, account);
}

static inline bool segments_cuts(const struct segments_run *run, size_t place)
{
    const struct segments_subject *subject = run->subject;

    return subject->may_cut == NULL || place == 0 || place == run->message.size ||
           subject->may_cut(subject->owner, place);
}

static inline void segments_keep(struct segments_run *run)
{
    for (size_t i = 0; i < run->subject->area_count; i++)
        memcpy(run->kept[i], run->subject->areas[i].data, run->subject->areas[i].size);
}

/* Leads the reader to a place byte by byte; places come in rising order. */
static inline void segments_go_to(struct segments_run *run, size_t place)
{
    const struct segments_subject *subject = run->subject;
    size_t from = subject->area_count > 0 ? run->at : 0;

    if (subject->area_count == 0)
        subject->begin(subject->owner);
    for (size_t i = 0; i < subject->area_count; i++)
        memcpy(subject->areas[i].data, run->kept[i], subject->areas[i].size);
    for (size_t i = from; i < place; i++)
        segments_feed(run, i, i + 1);
    if (from < place)
        segments_keep(run);
    run->at = place;
}

static inline void segments_finish(const struct segments_run *run, size_t from)
{
    if (from < run->message.size)
        segments_feed(run, from, run->message.size);
    if (run->subject->end != NULL)
        run->subject->end(run->subject->owner);
}

/* What is told behind single bytes, and behind the end. */
static inline void segments_learn(struct segments_run *run)
{
    run->subject->begin(run->subject->owner);
    segments_keep(run);
    for (size_t place = 0;; place++) {
        segments_tell(run, &run->told[place]);
        if (place == run->message.size)
            break;
        segments_feed(run, place, place + 1);
    }
    segments_finish(run, run->message.size);
    segments_tell(run, &run->told[run->message.size + 1]);
}

static inline bool segments_is_told(struct segments_run *run, size_t place)
{
    const struct segments_account *expected = &run->told[place];

    segments_tell(run, &run->found);
    return run->found.size == expected->size &&
           memcmp(run->found.text, expected->text, expected->size) == 0;
}

static inline bool segments_compare(struct segments_run *run, size_t from, size_t to,
                                    struct segments_result *result)
{
    size_t place = to;

    segments_go_to(run, from);
    segments_feed(run, from, to);
    result->pairs++;
    if (segments_is_told(run, to)) {
        segments_finish(run, to);
        place = run->message.size + 1;
        if (segments_is_told(run, place))
            return true;
    }
    snprintf(result->difference, sizeof(result->difference),
             "%zu bytes one at a time, then those up to %zu at once%s: expected\n%s\nfound\n%s",
             from, to, place == to ? "" : ", then the rest and the end", run->told[place].text,
             run->found.text);
    return false;
}

/* False: there is a difference, and it is told. */
static inline bool segments_agree(const struct segments_subject *subject, struct bytes message,
                                  struct segments_result *result)
{
    struct segments_run run = {.subject = subject, .message = message};
    bool agree = true;

    *result = (struct segments_result){0};
    check(subject->area_count <= SEGMENTS_AREAS_MAX);
    run.told = calloc(message.size + 2, sizeof(*run.told));
    check(run.told != NULL);
    for (size_t i = 0; i < subject->area_count; i++) {
        run.kept[i] = malloc(subject->areas[i].size);
        check(run.kept[i] != NULL);
    }
    segments_learn(&run);
    for (size_t from = 0; agree && from <= message.size; from++)
        for (size_t to = from; agree && segments_cuts(&run, from) && to <= message.size; to++)
            if (segments_cuts(&run, to))
                agree = segments_compare(&run, from, to, result);
    for (size_t i = 0; i < subject->area_count; i++)
        free(run.kept[i]);
    free(run.told);
    return agree;
}

#endif
