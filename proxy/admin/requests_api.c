#include "proxy/admin/requests_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/admin/query.h"
#include "world/data/yaml.h"

enum {
    TIME_BYTES = 40,   /* "2026-11-21T17:13:02.123456789Z" */
    FOOT_BYTES = 1024, /* what follows the rows */
    STATUS_MIN = 100,
    STATUS_MAX = 999,
};

/* What a query asks for; the filter's words point into the texts, or are words of ours. */
struct question {
    struct log_filter filter;
    char route[QUERY_VALUE_BYTES];
};

/* One page as it is written. */
struct page {
    struct admin_reply *reply;
    unsigned rows;
    int64_t last_id; /* of the last row that is on it */
    bool is_full;    /* a row found no room, and all behind it are left out */
};

static bool read_question(struct bytes query, struct question *question, struct admin_reply *reply);
static struct json *json_of_row(const struct log_row *row);
static void write_foot(struct admin_sources *sources, const struct question *question,
                       const struct page *page);

/* ---- asking the log -------------------------------------------------------------------------- */

/* The reader is kept: it follows the file. */
static bool open_log(struct admin_sources *sources, struct admin_reply *reply)
{
    char error[REQUEST_LOG_ERROR_BYTES];

    if (sources->log == NULL) {
        admin_reply_refuse(reply, 404, "there is no request log; the proxy keeps one with `log`");
        return false;
    }
    if (sources->reader == NULL)
        sources->reader = log_reader_open(sources->log_path, error);
    if (sources->reader == NULL)
        admin_reply_refuse(reply, 503, "%s", error);
    return sources->reader != NULL;
}

static void on_row_of_page(void *owner, const struct log_row *row)
{
    struct page *page = owner;
    struct json *json;
    char *line;

    if (page->is_full)
        return;
    json = json_of_row(row);
    line = json_format_line(json);
    page->is_full = !admin_reply_has_room(page->reply, strlen(line) + FOOT_BYTES);
    if (!page->is_full) {
        admin_reply_append(page->reply, bytes_of(page->rows > 0 ? ",\n" : "\n"));
        admin_reply_append(page->reply, bytes_of(line));
        page->rows++;
        page->last_id = row->id;
    }
    json_destroy(&json);
    free(line);
}

void requests_api_list(struct admin_sources *sources, const struct admin_request *request,
                       struct admin_reply *reply)
{
    struct page page = {.reply = reply};
    char error[REQUEST_LOG_ERROR_BYTES];
    struct question question;

    if (!open_log(sources, reply) || !read_question(request->query, &question, reply))
        return;
    admin_reply_append(reply, bytes_of("{\"requests\":["));
    if (!log_reader_page(sources->reader, &question.filter, on_row_of_page, &page, error))
        admin_reply_refuse(reply, 503, "%s", error);
    else if (page.is_full && page.rows == 0)
        admin_reply_refuse(reply, 500, "a row is larger than %d bytes", ADMIN_ANSWER_BYTES_MAX);
    else
        write_foot(sources, &question, &page);
}

static void on_row_alone(void *owner, const struct log_row *row)
{
    struct admin_reply *reply = owner;
    struct json *json = json_of_row(row);

    admin_reply_append_json(reply, json);
    admin_reply_append(reply, bytes_of("\n"));
    json_destroy(&json);
}

void requests_api_tell(struct admin_sources *sources, const struct admin_request *request,
                       struct admin_reply *reply)
{
    char error[REQUEST_LOG_ERROR_BYTES];
    uint64_t id;
    int found;

    if (!open_log(sources, reply))
        return;
    if (!bytes_to_u64(request->name, INT64_MAX, &id)) {
        admin_reply_refuse(reply, 400, "the id of a request is a number");
        return;
    }
    found = log_reader_row(sources->reader, (int64_t)id, on_row_alone, reply, error);
    if (found < 0)
        admin_reply_refuse(reply, 503, "%s", error);
    else if (found == 0)
        admin_reply_refuse(reply, 404, "the log has no request %" PRIu64, id);
}

/* ---- the question ---------------------------------------------------------------------------- */

static bool refuse_value(const struct query_part *part, struct admin_reply *reply,
                         const char *expected)
{
    admin_reply_refuse(reply, 400, "%s is %s, not '%s'", part->name, expected, part->value);
    return false;
}

/* The index of the value among the words, or -1 and a refusal that names the nearest. */
static int read_word(const struct query_part *part, const char *const *words,
                     struct admin_reply *reply)
{
    const char *nearest;

    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], part->value) == 0)
            return i;
    nearest = yaml_nearest(part->value, words);
    if (nearest != NULL)
        admin_reply_refuse(reply, 400, "there is no %s '%s'; did you mean '%s'?", part->name,
                           part->value, nearest);
    else
        admin_reply_refuse(reply, 400, "there is no %s '%s'", part->name, part->value);
    return -1;
}

static bool read_number(const struct query_part *part, uint64_t min, uint64_t max, uint64_t *out)
{
    return bytes_to_u64(bytes_of(part->value), max, out) && *out >= min;
}

static bool read_status(const struct query_part *part, struct question *question,
                        struct admin_reply *reply)
{
    uint64_t status;

    if (!read_number(part, STATUS_MIN, STATUS_MAX, &status))
        return refuse_value(part, reply, "a status such as 502");
    question->filter.status = (unsigned)status;
    return true;
}

static bool read_stage(const struct query_part *part, struct question *question,
                       struct admin_reply *reply)
{
    const char *words[STAGE_COUNT + 1] = {NULL};
    int index;

    for (enum stage stage = 0; stage < STAGE_COUNT; stage++)
        words[stage] = stage_word(stage);
    index = read_word(part, words, reply);
    if (index >= 0)
        question->filter.stage = words[index];
    return index >= 0;
}

static bool read_cause(const struct query_part *part, struct question *question,
                       struct admin_reply *reply)
{
    const char *words[CAUSE_COUNT + 1] = {NULL};
    int index;

    for (enum cause cause = 0; cause < CAUSE_COUNT; cause++)
        words[cause] = cause_word(cause);
    index = read_word(part, words, reply);
    if (index >= 0)
        question->filter.cause = words[index];
    return index >= 0;
}

/* Any name: the log may know routes that the configuration has forgotten. */
static bool read_route(const struct query_part *part, struct question *question,
                       struct admin_reply *reply)
{
    if (part->value[0] == '\0')
        return refuse_value(part, reply, "a route's name");
    memcpy(question->route, part->value, sizeof(question->route));
    question->filter.route = question->route;
    return true;
}

static bool read_retried(const struct query_part *part, struct question *question,
                         struct admin_reply *reply)
{
    bool is_true = strcmp(part->value, "true") == 0;

    if (!is_true && strcmp(part->value, "false") != 0)
        return refuse_value(part, reply, "true or false");
    question->filter.retried = is_true ? 1 : -1;
    return true;
}

static bool read_before(const struct query_part *part, struct question *question,
                        struct admin_reply *reply)
{
    uint64_t id;

    if (!read_number(part, 1, INT64_MAX, &id))
        return refuse_value(part, reply, "the id of a request");
    question->filter.before_id = (int64_t)id;
    return true;
}

static bool read_limit(const struct query_part *part, struct question *question,
                       struct admin_reply *reply)
{
    char expected[64];
    uint64_t rows;

    snprintf(expected, sizeof(expected), "a number of rows from 1 to %d", LOG_PAGE_ROWS_MAX);
    if (!read_number(part, 1, LOG_PAGE_ROWS_MAX, &rows))
        return refuse_value(part, reply, expected);
    question->filter.rows = (unsigned)rows;
    return true;
}

static const struct parameter {
    const char *name;
    bool (*read)(const struct query_part *part, struct question *question,
                 struct admin_reply *reply);
} PARAMETERS[] = {
    {"status", read_status}, {"stage", read_stage},     {"cause", read_cause},
    {"route", read_route},   {"retried", read_retried}, {"before", read_before},
    {"limit", read_limit},
};

static bool read_parameter(const struct query_part *part, unsigned *seen, struct question *question,
                           struct admin_reply *reply)
{
    for (size_t i = 0; i < COUNT_OF(PARAMETERS); i++) {
        if (strcmp(PARAMETERS[i].name, part->name) != 0)
            continue;
        if ((*seen & 1u << i) != 0) {
            admin_reply_refuse(reply, 400, "%s stands there twice", part->name);
            return false;
        }
        *seen |= 1u << i;
        return PARAMETERS[i].read(part, question, reply);
    }
    admin_reply_refuse(reply, 400,
                       "there is no parameter '%s'; known are status, stage, cause, route, "
                       "retried, before, limit",
                       part->name);
    return false;
}

static bool read_question(struct bytes query, struct question *question, struct admin_reply *reply)
{
    struct query_part part;
    enum query_step step;
    unsigned seen = 0;

    *question = (struct question){.filter = {.rows = LOG_PAGE_ROWS_DEFAULT}};
    while ((step = query_take(&query, &part)) == QUERY_PART)
        if (!read_parameter(&part, &seen, question, reply))
            return false;
    if (step == QUERY_REFUSED)
        admin_reply_refuse(reply, 400,
                           "a part of the query has no name, is too long or is not "
                           "percent-encoded");
    return step == QUERY_DONE;
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* A file that others have written to may hold anything; JSON's numbers end where they must. */
static void set_number(struct json *json, const char *key, uint64_t value)
{
    json_set_u64(json, key, value < JSON_NUMBER_MAX ? value : JSON_NUMBER_MAX);
}

static void set_word(struct json *json, const char *key, const char *word)
{
    json_set_text(json, key, word[0] != '\0' ? word : NULL);
}

/* RFC 3339, in UTC. */
static void set_time(struct json *json, const char *key, uint64_t unix_ns)
{
    time_t seconds = (time_t)(unix_ns / NS_PER_S);
    char text[TIME_BYTES];
    struct tm parts;
    size_t size;

    if (gmtime_r(&seconds, &parts) == NULL) {
        json_set_text(json, key, NULL);
        return;
    }
    size = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + size, sizeof(text) - size, ".%06uZ",
             (unsigned)(unix_ns % NS_PER_S / NS_PER_US));
    json_set_text(json, key, text);
}

static void set_details(struct json *json, const char *details)
{
    char error[JSON_ERROR_BYTES];
    struct json *attempts = json_parse("retry_details", details, strlen(details), error);

    if (attempts != NULL)
        json_set(json, "retry_details", attempts);
    else
        json_set_text(json, "retry_details", NULL);
}

/* The columns by their own names, and when it ended for people to read. */
static struct json *json_of_row(const struct log_row *row)
{
    struct json *json = json_map_create();

    set_number(json, "id", (uint64_t)row->id);
    set_time(json, "ended", row->ended_unix_ns);
    set_number(json, "ended_unix_ns", row->ended_unix_ns);
    set_number(json, "duration_ns", row->duration_ns);
    set_word(json, "kind", row->kind);
    set_word(json, "route", row->route);
    set_word(json, "client", row->client);
    set_word(json, "user", row->user);
    set_word(json, "method", row->method);
    set_word(json, "host", row->host);
    set_word(json, "target", row->target);
    set_number(json, "status", row->status);
    set_word(json, "error", row->error);
    set_word(json, "stage", row->stage);
    set_word(json, "cause", row->cause);
    set_word(json, "tunnel", row->tunnel);
    set_word(json, "summary", row->summary);
    set_number(json, "request_bytes", row->request_bytes);
    set_number(json, "response_bytes", row->response_bytes);
    set_number(json, "held_bytes_peak", row->held_bytes_peak);
    set_number(json, "retry_attempts", row->retry_attempts);
    set_details(json, row->retry_details);
    return json;
}

/* The same question for the rows before those of this page. */
static void write_next(struct admin_reply *reply, const struct log_filter *filter, int64_t before)
{
    char escaped[QUERY_VALUE_BYTES * PERCENT_FACTOR];

    admin_reply_print(reply, "\"/api/requests?before=%" PRId64 "&limit=%u", before, filter->rows);
    if (filter->status != 0)
        admin_reply_print(reply, "&status=%u", filter->status);
    if (filter->stage != NULL)
        admin_reply_print(reply, "&stage=%s", filter->stage);
    if (filter->cause != NULL)
        admin_reply_print(reply, "&cause=%s", filter->cause);
    if (filter->route != NULL)
        admin_reply_print(reply, "&route=%s",
                          percent_encode(filter->route, escaped, sizeof(escaped)));
    if (filter->retried != 0)
        admin_reply_print(reply, "&retried=%s", filter->retried > 0 ? "true" : "false");
    admin_reply_append(reply, bytes_of("\""));
}

static void write_foot(struct admin_sources *sources, const struct question *question,
                       const struct page *page)
{
    struct json *counts = json_map_create();
    struct request_log_counts log;

    request_log_count(sources->log, &log);
    set_number(counts, "added", log.added);
    set_number(counts, "written", log.written);
    set_number(counts, "overflowed", log.overflowed);
    set_number(counts, "failed", log.failed);
    set_number(counts, "put_aside", log.put_aside);
    admin_reply_append(page->reply, bytes_of("],\n\"next\":"));
    if (page->is_full || page->rows == question->filter.rows)
        write_next(page->reply, &question->filter, page->last_id);
    else
        admin_reply_append(page->reply, bytes_of("null"));
    admin_reply_append(page->reply, bytes_of(",\n\"log\":"));
    admin_reply_append_json(page->reply, counts);
    admin_reply_append(page->reply, bytes_of("}\n"));
    json_destroy(&counts);
}
