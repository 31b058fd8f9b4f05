#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "reports/recording/recording.h"
#include "world/data/json.h"
#include "world/data/utf8.h"

/* What is being read, and where in it, for the sentence that tells a mistake. */
struct reader {
    struct region *region;
    const struct json *map; /* whose keys are read */
    const char *list;       /* it is of, "events" */
    size_t index;           /* in it */
    char *error;
};

static bool read_recording(struct reader *reader, const struct json *map,
                           struct case_recording *recording);
static bool read_lanes(struct reader *reader, const struct json *map,
                       struct case_recording *recording);
static bool read_connections(struct reader *reader, const struct json *map,
                             struct case_recording *recording);
static bool read_events(struct reader *reader, const struct json *map,
                        struct case_recording *recording);
static bool read_exchanges(struct reader *reader, const struct json *map,
                           struct case_recording *recording);
static bool read_expectations(struct reader *reader, const struct json *map,
                              struct case_recording *recording);

const struct case_recording *recording_read(const char *json, struct region *region,
                                            char error[RECORDING_ERROR_BYTES])
{
    char why[JSON_ERROR_BYTES];
    struct reader reader = {.region = region, .list = "recording", .error = error};
    struct case_recording *recording = region_take(region, sizeof(*recording));
    struct json *root = json_parse("recording", json, strlen(json), why);
    bool fine = root != NULL && recording != NULL && read_recording(&reader, root, recording);

    if (root == NULL)
        snprintf(error, RECORDING_ERROR_BYTES, "%.*s", RECORDING_ERROR_BYTES - 1, why);
    else if (recording == NULL)
        snprintf(error, RECORDING_ERROR_BYTES, "recording: finds no memory");
    json_destroy(&root);
    return fine ? recording : NULL;
}

/* ---- values ------------------------------------------------------------------------------------ */

/* Always false. "events 3: size: must be a whole number" */
static bool wrong(const struct reader *reader, const char *key, const char *sentence)
{
    snprintf(reader->error, RECORDING_ERROR_BYTES, "%s %zu: %s: %s", reader->list, reader->index,
             key, sentence);
    return false;
}

static bool copy_text(const struct reader *reader, const char *key, const struct json *value,
                      const char **out)
{
    const char *text = json_text(value);

    if (text == NULL)
        return wrong(reader, key, "must be a text");
    *out = region_copy_text(reader->region, text, strlen(text));
    return *out != NULL || wrong(reader, key, "finds no memory");
}

static bool need_text(const struct reader *reader, const char *key, const char **out)
{
    return copy_text(reader, key, json_get(reader->map, key), out);
}

/* A text that may be left out. */
static bool read_text(const struct reader *reader, const char *key, const char **out)
{
    const struct json *value = json_get(reader->map, key);

    *out = NULL;
    return value == NULL || copy_text(reader, key, value, out);
}

static bool need_number(const struct reader *reader, const char *key, uint64_t *out)
{
    return json_u64(json_get(reader->map, key), out) ||
           wrong(reader, key, "must be a whole number");
}

/* A number that may be left out: 0 then. */
static bool read_number(const struct reader *reader, const char *key, uint64_t *out)
{
    *out = 0;
    return json_get(reader->map, key) == NULL || need_number(reader, key, out);
}

static bool need_small(const struct reader *reader, const char *key, unsigned *out)
{
    uint64_t number = 0;

    if (!need_number(reader, key, &number))
        return false;
    *out = (unsigned)number;
    return number <= UINT_MAX || wrong(reader, key, "must be smaller");
}

static bool need_truth(const struct reader *reader, const char *key, bool *out)
{
    return json_bool(json_get(reader->map, key), out) ||
           wrong(reader, key, "must be true or false");
}

/* The index of something in a list of so many. */
static bool need_index(const struct reader *reader, const char *key, size_t count, size_t *out)
{
    uint64_t number = 0;

    if (!need_number(reader, key, &number))
        return false;
    *out = (size_t)number;
    return number < count || wrong(reader, key, "must be the index of one that is there");
}

/* The same of a connection; it may be left out. */
static bool read_connection(const struct reader *reader, const struct case_recording *recording,
                            size_t *out)
{
    *out = RECORDING_NOWHERE;
    return json_get(reader->map, "connection") == NULL ||
           need_index(reader, "connection", recording->connection_count, out);
}

/* The place of a word in a list that word_at() tells; count: there is none. */
static unsigned find_word(const struct json *value, const char *(*word_at)(unsigned index),
                          unsigned count)
{
    const char *text = json_text(value);
    unsigned index = 0;

    while (index < count && (text == NULL || strcmp(word_at(index), text) != 0))
        index++;
    return index;
}

static const char *role_at(unsigned index)
{
    return recording_role_word((enum recording_role)index);
}

static const char *way_at(unsigned index)
{
    return recording_way_word((enum recording_way)index);
}

static const char *what_at(unsigned index)
{
    return recording_what_word((enum recording_what)index);
}

/* Characters U+0000 to U+00FF as bytes; may be left out. */
static bool read_bytes(const struct reader *reader, const char *key, const uint8_t **data,
                       size_t *size)
{
    const struct json *value = json_get(reader->map, key);
    size_t length;
    const char *text = json_text_sized(value, &length);
    uint8_t *bytes;

    *data = NULL;
    *size = 0;
    if (value == NULL)
        return true;
    if (text == NULL)
        return wrong(reader, key, "must be a text");
    bytes = region_take(reader->region, length + 1); /* hardly fewer than characters */
    if (bytes == NULL)
        return wrong(reader, key, "finds no memory");
    for (size_t i = 0; i < length;) {
        uint32_t code_point = 0;
        size_t taken = utf8_take(text + i, length - i, &code_point);

        if (taken == 0 || code_point > UINT8_MAX)
            return wrong(reader, key, "must be characters U+0000 to U+00FF");
        bytes[(*size)++] = (uint8_t)code_point;
        i += taken;
    }
    *data = bytes;
    return true;
}

/* The list at a key, and zeroed memory for as many values as it has; *values is NULL if there is no such list. */
static const struct json *take_list(struct reader *reader, const char *key, size_t value_bytes,
                                    void **values)
{
    const struct json *list = json_get(reader->map, key);

    reader->list = key;
    reader->index = 0;
    *values = NULL;
    if (!json_is_list(list)) {
        wrong(reader, key, "must be a list");
        return NULL;
    }
    /* Each element has a character of text at least, so no product of a text that fits overflows. */
    *values = region_take(reader->region, (json_count(list) + 1) * value_bytes);
    if (*values == NULL)
        wrong(reader, key, "finds no memory");
    return list;
}

/* The next ones read are of this map, which is of that number in its list. */
static void enter(struct reader *reader, const struct json *map, size_t index)
{
    reader->map = map;
    reader->index = index;
}

/* ---- the parts ----------------------------------------------------------------------------------- */

static bool read_recording(struct reader *reader, const struct json *map,
                           struct case_recording *recording)
{
    reader->map = map;
    return need_truth(reader, "virtual_time", &recording->virtual_time) &&
           need_truth(reader, "from_proxy", &recording->from_proxy) &&
           need_number(reader, "events_lost", &recording->events_lost) &&
           read_lanes(reader, map, recording) && read_connections(reader, map, recording) &&
           read_events(reader, map, recording) && read_exchanges(reader, map, recording) &&
           read_expectations(reader, map, recording);
}

static bool read_lanes(struct reader *reader, const struct json *map,
                       struct case_recording *recording)
{
    void *values;
    struct recording_lane *lanes;
    const struct json *list;

    reader->map = map;
    list = take_list(reader, "lanes", sizeof(*lanes), &values);
    lanes = values;
    if (lanes == NULL)
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        unsigned role;

        enter(reader, json_at(list, i), i);
        role = find_word(json_get(reader->map, "role"), role_at, ROLE_COUNT);
        if (role == ROLE_COUNT)
            return wrong(reader, "role", "is no role");
        lanes[i].role = (enum recording_role)role;
        if (!need_text(reader, "name", &lanes[i].name))
            return false;
    }
    recording->lanes = lanes;
    recording->lane_count = json_count(list);
    return true;
}

static bool read_stream(struct reader *reader, const struct json *map,
                        struct recording_stream *stream)
{
    reader->map = map;
    if (!read_bytes(reader, "data", &stream->data, &stream->size) ||
        !need_number(reader, "total", &stream->total) ||
        !read_bytes(reader, "plain", &stream->plain, &stream->plain_size) ||
        !read_number(reader, "plain_total", &stream->plain_total))
        return false;
    return (stream->size <= stream->total && stream->plain_size <= stream->plain_total) ||
           wrong(reader, "total", "must not be less than what is kept");
}

static bool read_connections(struct reader *reader, const struct json *map,
                             struct case_recording *recording)
{
    void *values;
    struct recording_connection *connections;
    const struct json *list;

    reader->map = map;
    list = take_list(reader, "connections", sizeof(*connections), &values);
    connections = values;
    if (connections == NULL)
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *one = json_at(list, i);
        const struct json *streams = json_get(one, "streams");
        struct recording_connection *connection = &connections[i];

        enter(reader, one, i);
        if (!need_text(reader, "name", &connection->name) ||
            !need_index(reader, "lane", recording->lane_count, &connection->lane) ||
            !need_text(reader, "client_address", &connection->client_address) ||
            !need_text(reader, "server_address", &connection->server_address) ||
            !need_truth(reader, "tls", &connection->tls) ||
            !read_text(reader, "secrets", &connection->secrets) ||
            !read_stream(reader, json_get(streams, "up"), &connection->streams[WAY_UP]) ||
            !read_stream(reader, json_get(streams, "down"), &connection->streams[WAY_DOWN]))
            return false;
    }
    recording->connections = connections;
    recording->connection_count = json_count(list);
    return true;
}

static bool read_event(const struct reader *reader, const struct case_recording *recording,
                       struct recording_event *event)
{
    unsigned what = find_word(json_get(reader->map, "what"), what_at, RECORDED_COUNT);
    unsigned way = find_word(json_get(reader->map, "way"), way_at, WAY_COUNT);

    if (what == RECORDED_COUNT)
        return wrong(reader, "what", "is nothing that is recorded");
    if (way == WAY_COUNT)
        return wrong(reader, "way", "must be up or down");
    event->what = (enum recording_what)what;
    event->way = (enum recording_way)way;
    if (event->what == RECORDED_BYTES && (!need_number(reader, "offset", &event->offset) ||
                                          !need_number(reader, "size", &event->size)))
        return false;
    return need_number(reader, "at_ns", &event->at_ns) &&
           read_connection(reader, recording, &event->connection) &&
           read_text(reader, "text", &event->text);
}

static bool read_events(struct reader *reader, const struct json *map,
                        struct case_recording *recording)
{
    void *values;
    struct recording_event *events;
    const struct json *list;

    reader->map = map;
    list = take_list(reader, "events", sizeof(*events), &values);
    events = values;
    if (events == NULL)
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        enter(reader, json_at(list, i), i);
        if (!read_event(reader, recording, &events[i]))
            return false;
    }
    recording->events = events;
    recording->event_count = json_count(list);
    return true;
}

static bool read_attempt(const struct reader *reader, const struct case_recording *recording,
                         struct recording_attempt *attempt)
{
    return need_small(reader, "number", &attempt->number) &&
           need_text(reader, "upstream", &attempt->upstream) &&
           read_text(reader, "address", &attempt->address) &&
           read_connection(reader, recording, &attempt->connection) &&
           need_truth(reader, "reused", &attempt->reused) &&
           need_truth(reader, "tls", &attempt->tls) &&
           need_number(reader, "begun_ns", &attempt->begun_ns) &&
           need_number(reader, "ended_ns", &attempt->ended_ns) &&
           need_number(reader, "tx", &attempt->tx) && need_number(reader, "rx", &attempt->rx) &&
           need_small(reader, "status", &attempt->status) &&
           read_text(reader, "stage", &attempt->stage) &&
           read_text(reader, "cause", &attempt->cause) &&
           read_text(reader, "detail", &attempt->detail) &&
           need_truth(reader, "retried", &attempt->retried) &&
           read_text(reader, "decision", &attempt->decision) &&
           read_number(reader, "backoff_ns", &attempt->backoff_ns);
}

static bool read_attempts(struct reader *reader, const struct json *map,
                          const struct case_recording *recording,
                          struct recording_exchange *exchange)
{
    void *values;
    struct recording_attempt *attempts;
    const struct json *list;

    reader->map = map;
    list = take_list(reader, "attempts", sizeof(*attempts), &values);
    attempts = values;
    if (attempts == NULL)
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        enter(reader, json_at(list, i), i);
        if (!read_attempt(reader, recording, &attempts[i]))
            return false;
    }
    exchange->attempts = attempts;
    exchange->attempt_count = json_count(list);
    return true;
}

static bool read_exchange(const struct reader *reader, struct recording_exchange *exchange)
{
    return need_text(reader, "client", &exchange->client) &&
           need_text(reader, "method", &exchange->method) &&
           need_text(reader, "target", &exchange->target) &&
           need_number(reader, "begun_ns", &exchange->begun_ns) &&
           need_number(reader, "ended_ns", &exchange->ended_ns) &&
           need_small(reader, "status", &exchange->status) &&
           read_text(reader, "stage", &exchange->stage) &&
           read_text(reader, "cause", &exchange->cause) &&
           read_text(reader, "error_word", &exchange->error_word);
}

static bool read_exchanges(struct reader *reader, const struct json *map,
                           struct case_recording *recording)
{
    void *values;
    struct recording_exchange *exchanges;
    const struct json *list;

    reader->map = map;
    list = take_list(reader, "exchanges", sizeof(*exchanges), &values);
    exchanges = values;
    if (exchanges == NULL)
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        reader->list = "exchanges";
        enter(reader, json_at(list, i), i);
        if (!read_exchange(reader, &exchanges[i]) ||
            !read_attempts(reader, json_at(list, i), recording, &exchanges[i]))
            return false;
    }
    recording->exchanges = exchanges;
    recording->exchange_count = json_count(list);
    return true;
}

static bool read_expectations(struct reader *reader, const struct json *map,
                              struct case_recording *recording)
{
    void *values;
    struct recording_expectation *expectations;
    const struct json *list;

    reader->map = map;
    list = take_list(reader, "expectations", sizeof(*expectations), &values);
    expectations = values;
    if (expectations == NULL)
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        enter(reader, json_at(list, i), i);
        if (!need_text(reader, "what", &expectations[i].what) ||
            !need_text(reader, "expected", &expectations[i].expected) ||
            !need_text(reader, "observed", &expectations[i].observed) ||
            !need_truth(reader, "holds", &expectations[i].holds))
            return false;
    }
    recording->expectations = expectations;
    recording->expectation_count = json_count(list);
    return true;
}
