#include "fakeupstream/acting/script.h"

#include <string.h>

#include "fakeupstream/wire/splice.h"

static const char *const STEP_WORDS[] = {
#define STEP_TEXT(name, word, side) word,
    STEP_LIST(STEP_TEXT)
#undef STEP_TEXT
        NULL};

static const char STEP_SIDES[] = {
#define STEP_SIDE(name, word, side) side,
    STEP_LIST(STEP_SIDE)
#undef STEP_SIDE
};

static const char *const END_WORDS[] = {"fin", "rst", "stall", "cut", NULL};
static const char *const PRE_WRITE_WORDS[] = {"fin", "rst", "stall", NULL};
static const char *const DRIP_KEYS[] = {"bytes", "every", NULL};
static const char *const SEND_WORDS[] = {"head", "body", "rest", NULL};
static const char *const CLIENT_READ_WORDS[] = {"head", "interim", "response", "eof", NULL};
static const char *const UPSTREAM_READ_WORDS[] = {"head", "request", "eof", NULL};

enum { TOLD_TARGET_BYTES = 128 }; /* a longer one would not fit in a sentence */

/* What is being read. The prepared message is followed as far as it can be known before play time. */
struct reading {
    struct region *region;
    struct yaml_error *error;
    enum script_side side;
    const struct draft *prepared; /* NULL: nothing to send */
    bool position_known;          /* false after a `send` of raw bytes */
    bool head_sent;
    uint64_t body_sent;
    bool all_sent;
    size_t steps;       /* read so far, with the one under way */
    const char *over;   /* the step after which nothing can come; NULL: none */
    bool signals_after; /* but signals: others may want to know that it happened */
};

static bool read_step(struct reading *reading, const struct yaml_node *node, struct step *step);
static bool read_argument(struct reading *reading, const struct yaml_node *node, struct step *step);
static void mark_exact_reads(struct step *steps, size_t count);
static bool begins_as_stream(const struct step *steps, size_t count);

const char *step_word(enum step_word word)
{
    return STEP_WORDS[word];
}

const char *step_end_word(enum step_end end)
{
    return END_WORDS[end];
}

static bool no_memory(struct reading *reading, const struct yaml_node *node)
{
    return yaml_fail(reading->error, node, "this script makes the scenario too large for memory");
}

bool script_parse(struct region *region, const struct yaml_node *list, enum script_side side,
                  struct script *out, struct yaml_error *error)
{
    struct reading reading = {.region = region, .error = error, .side = side};
    struct step *steps;
    size_t count = 0;

    *out = (struct script){.count = 0};
    if (list->kind != YAML_LIST)
        return yaml_fail(error, list,
                         "a script is a list of steps, such as [read: request, respond: 200]");
    if (list->count > SCRIPT_STEPS_MAX)
        return yaml_fail(error, list, "a script has at most %d steps, this one has %zu",
                         SCRIPT_STEPS_MAX, list->count);
    if (list->count == 0)
        return true;
    steps = region_take(region, list->count * sizeof(*steps));
    if (steps == NULL)
        return no_memory(&reading, list);
    for (const struct yaml_node *node = list->first; node != NULL; node = node->next)
        if (!read_step(&reading, node, &steps[count++]))
            return false;
    mark_exact_reads(steps, count);
    *out =
        (struct script){.steps = steps, .count = count, .streams = begins_as_stream(steps, count)};
    return true;
}

const struct draft *script_last_request(const struct script *script)
{
    for (size_t i = script->count; i > 0; i--) {
        const struct step *step = &script->steps[i - 1];

        if (step->word == STEP_REQUEST || step->word == STEP_PREPARE)
            return step->draft;
    }
    return NULL;
}

/* Finds the word, and for `word: argument` the argument (else NULL). */
static bool read_word(struct reading *reading, const struct yaml_node *node, struct step *step,
                      const struct yaml_node **argument)
{
    const struct yaml_node *name = node;
    int word;

    *argument = NULL;
    if (node->kind == YAML_LIST || (node->kind == YAML_MAP && node->count != 1))
        return yaml_fail(reading->error, node,
                         "a step is one word, or one word and its argument: `read: request`");
    if (node->kind == YAML_MAP) {
        *argument = node->first;
        name = node->first->key;
    }
    word = yaml_word(name, "a step", STEP_WORDS, reading->error);
    if (word < 0)
        return false;
    step->word = (enum step_word)word;
    if (STEP_SIDES[word] != 'b' && STEP_SIDES[word] != (reading->side == SCRIPT_CLIENT ? 'c' : 'u'))
        return yaml_fail(reading->error, name, "`%s` is a step of %s", STEP_WORDS[word],
                         reading->side == SCRIPT_CLIENT ? "upstreams, not of clients"
                                                        : "clients, not of upstreams");
    return true;
}

static bool takes_no_argument(enum step_word word)
{
    return word == STEP_HALF_CLOSE || word == STEP_PAUSE_READING || word == STEP_RESUME_READING ||
           word == STEP_CONNECT;
}

/* The step as it is told in sentences. */
static const char *step_text(struct reading *reading, const struct step *step,
                             const struct yaml_node *argument)
{
    const char *word = STEP_WORDS[step->word];
    char number[SPLICE_NUMBER_BYTES + 1] = "";
    struct splice status = {.data = number, .room = SPLICE_NUMBER_BYTES};

    if (argument == NULL || step->word == STEP_RAW || step->word == STEP_DRIP)
        return word;
    if (argument->kind != YAML_SCALAR && step->draft == NULL)
        return word;
    if (step->draft == NULL)
        return splice_join(reading->region,
                           (const char *const[]){word, ": ", argument->text, NULL});
    if (step->draft->kind == DRAFT_REQUEST && strlen(step->draft->target) > TOLD_TARGET_BYTES)
        return word;
    if (step->draft->kind == DRAFT_REQUEST)
        return splice_join(reading->region, (const char *const[]){word, ": ", step->draft->method,
                                                                  " ", step->draft->target, NULL});
    splice_number(&status, step->draft->status, 10);
    return splice_join(reading->region, (const char *const[]){word, ": ", number, NULL});
}

static bool read_step(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    const struct yaml_node *argument;

    step->line = node->line;
    reading->steps++;
    if (!read_word(reading, node, step, &argument))
        return false;
    if (reading->over != NULL && !(reading->signals_after && step->word == STEP_SIGNAL))
        return yaml_fail(reading->error, node, "nothing can follow `%s`", reading->over);
    if (takes_no_argument(step->word) && argument != NULL)
        return yaml_fail(reading->error, argument, "`%s` stands alone", STEP_WORDS[step->word]);
    if (!takes_no_argument(step->word) && argument == NULL)
        return yaml_fail(reading->error, node, "`%s` needs an argument", STEP_WORDS[step->word]);
    if (argument != NULL && !read_argument(reading, argument, step))
        return false;
    step->text = step_text(reading, step, argument);
    return step->text != NULL || no_memory(reading, node);
}

/* A 1xx has no mark and no body: it is sent like raw bytes. */
static bool join_interim(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    const struct draft *draft = step->draft;
    size_t size = draft->start.size + draft->rest.size;
    uint8_t *bytes = region_take(reading->region, size);

    if (bytes == NULL)
        return no_memory(reading, node);
    memcpy(bytes, draft->start.data, draft->start.size);
    memcpy(bytes + draft->start.size, draft->rest.data, draft->rest.size);
    step->raw = bytes_make(bytes, size);
    return true;
}

static bool read_draft(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    struct draft *draft = region_take(reading->region, sizeof(*draft));
    enum draft_kind kind = step->word == STEP_INTERIM       ? DRAFT_INTERIM
                           : reading->side == SCRIPT_CLIENT ? DRAFT_REQUEST
                                                            : DRAFT_RESPONSE;

    if (draft == NULL)
        return no_memory(reading, node);
    if (!draft_parse(reading->region, node, kind, draft, reading->error))
        return false;
    step->draft = draft;
    if (step->word == STEP_INTERIM && !join_interim(reading, node, step))
        return false;
    if (step->word != STEP_INTERIM)
        reading->prepared = step->word == STEP_PREPARE ? draft : NULL;
    if (step->word == STEP_PREPARE) {
        reading->position_known = true;
        reading->head_sent = false;
        reading->body_sent = 0;
        reading->all_sent = false;
    }
    return true;
}

/* Takes " of body" off the end of "5 of body". */
static bool take_suffix(struct bytes *text, const char *words)
{
    struct bytes suffix = bytes_of(words);

    if (text->size <= suffix.size ||
        !bytes_equal(bytes_make(text->data + text->size - suffix.size, suffix.size), suffix))
        return false;
    text->size -= suffix.size;
    return true;
}

/* "5 of body" or "7". False if it is neither; then nothing was said yet. */
static bool read_amount(const struct yaml_node *node, struct step *step)
{
    struct bytes text = bytes_make(node->text, node->text_size);

    step->target = take_suffix(&text, " of body") ? TARGET_BODY_BYTES : TARGET_RAW;
    return bytes_to_u64(text, DRAFT_BODY_BYTES_MAX, &step->amount) && step->amount > 0;
}

/* "1000 of stream", of which a number may have a unit. False if it is none, or an error. */
static bool read_stream_amount(struct reading *reading, const struct yaml_node *node,
                               struct step *step)
{
    struct bytes text = bytes_make(node->text, node->text_size);
    struct yaml_node number = *node;

    if (!take_suffix(&text, " of stream"))
        return false;
    number.text = region_copy_text(reading->region, (const char *)text.data, text.size);
    number.text_size = text.size;
    step->target = TARGET_STREAM;
    if (number.text == NULL)
        return no_memory(reading, node);
    return yaml_size(&number, "bytes of the stream", DRAFT_BODY_BYTES_MAX, &step->amount,
                     reading->error);
}

/* Follows a `send` through the prepared message and refuses a position that is not ahead of it. */
static bool follow_send(struct reading *reading, const struct yaml_node *node,
                        const struct step *step)
{
    const struct draft *draft = reading->prepared;

    if (draft == NULL)
        return yaml_fail(reading->error, node,
                         "nothing is prepared: `prepare` comes before `send`");
    if (reading->all_sent)
        return yaml_fail(reading->error, node, "the prepared message has been sent whole already");
    if (step->target == TARGET_HEAD && reading->position_known && reading->head_sent)
        return yaml_fail(reading->error, node, "the head has been sent already");
    if (step->target == TARGET_BODY_BYTES &&
        step->amount > draft->body_bytes - (reading->position_known ? reading->body_sent : 0))
        return yaml_fail(reading->error, node,
                         "impossible position: the body has %llu bytes, %llu of them sent before",
                         (unsigned long long)draft->body_bytes,
                         (unsigned long long)reading->body_sent);
    if (step->target == TARGET_RAW)
        reading->position_known = false;
    reading->head_sent = true;
    reading->all_sent = step->target == TARGET_MESSAGE;
    if (step->target == TARGET_BODY_BYTES)
        reading->body_sent += step->amount;
    else if (step->target == TARGET_BODY)
        reading->body_sent = draft->body_bytes;
    return true;
}

static bool read_send(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    static const enum step_target TARGETS[] = {TARGET_HEAD, TARGET_BODY, TARGET_MESSAGE};
    int word;

    if (node->kind != YAML_SCALAR || !read_amount(node, step)) {
        word = yaml_word(node, "a position (or `N of body`, or `N` bytes)", SEND_WORDS,
                         reading->error);
        if (word < 0)
            return false;
        step->target = TARGETS[word];
    }
    return follow_send(reading, node, step);
}

static bool read_read(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    static const enum step_target CLIENT_TARGETS[] = {TARGET_HEAD, TARGET_INTERIM, TARGET_MESSAGE,
                                                      TARGET_EOF};
    static const enum step_target UPSTREAM_TARGETS[] = {TARGET_HEAD, TARGET_MESSAGE, TARGET_EOF};
    bool client = reading->side == SCRIPT_CLIENT;
    int word;

    if (node->kind == YAML_SCALAR &&
        (read_amount(node, step) || read_stream_amount(reading, node, step)))
        return true;
    word = yaml_word(node, "a position (or `N of body`, `N of stream`, or `N` bytes)",
                     client ? CLIENT_READ_WORDS : UPSTREAM_READ_WORDS, reading->error);
    if (word < 0)
        return false;
    step->target = client ? CLIENT_TARGETS[word] : UPSTREAM_TARGETS[word];
    return true;
}

/* Any bytes at all, also NUL. */
static bool read_raw(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    if (node->kind != YAML_SCALAR)
        return yaml_fail(reading->error, node, "raw is a text, with YAML's escapes in quotes");
    if (node->text_size == 0)
        return yaml_fail(reading->error, node, "raw is at least 1 byte");
    step->raw = bytes_make(node->text, node->text_size);
    return true;
}

static bool read_garbage(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    uint64_t size;
    uint8_t *bytes;

    if (!yaml_size(node, "garbage", SCRIPT_GARBAGE_BYTES_MAX, &size, reading->error))
        return false;
    if (size == 0)
        return yaml_fail(reading->error, node, "garbage is at least 1 byte");
    bytes = region_take(reading->region, (size_t)size);
    if (bytes == NULL)
        return no_memory(reading, node);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(0x80 + i * 37 % 0x80); /* no start line has a byte past ASCII */
    step->raw = bytes_make(bytes, (size_t)size);
    return true;
}

static bool read_end(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    bool cuts = step->word == STEP_END;
    int word = yaml_word(node, "an end", cuts ? END_WORDS : PRE_WRITE_WORDS, reading->error);

    if (word < 0)
        return false;
    step->end = (enum step_end)word;
    if (reading->side == SCRIPT_UPSTREAM)
        reading->over = STEP_WORDS[step->word];
    return true;
}

/* How TLS is done is known before the first byte, so an upstream says it first. */
static bool read_tls(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    struct tls_draft *draft = region_take(reading->region, sizeof(*draft));

    if (draft == NULL)
        return no_memory(reading, node);
    step->tls = draft;
    if (reading->side == SCRIPT_CLIENT)
        return tls_draft_parse_client(node, draft, reading->error);
    if (reading->steps > 1)
        return yaml_fail(reading->error, node, "`tls` is the first step of a connection");
    if (!tls_draft_parse_word(node, draft, reading->error))
        return false;
    if (tls_draft_ends(draft)) {
        reading->over = STEP_WORDS[step->word];
        reading->signals_after = true;
    }
    return true;
}

static bool read_stream(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    return yaml_size(node, "stream", DRAFT_BODY_BYTES_MAX, &step->amount, reading->error) &&
           (step->amount > 0 || yaml_fail(reading->error, node, "a stream is at least 1 byte"));
}

static bool read_drip(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    const struct yaml_node *bytes;
    const struct yaml_node *every;

    if (node->kind != YAML_MAP)
        return yaml_fail(reading->error, node, "a drip is a map: {bytes: 1, every: 10ms}");
    if (!yaml_check_keys(node, "a drip", DRIP_KEYS, reading->error))
        return false;
    bytes = yaml_get(node, "bytes");
    every = yaml_get(node, "every");
    if (bytes == NULL || every == NULL)
        return yaml_fail(reading->error, node, "a drip needs both `bytes` and `every`");
    if (!yaml_size(bytes, "bytes", DRAFT_BODY_BYTES_MAX, &step->amount, reading->error) ||
        !yaml_duration(every, "every", &step->duration_ns, reading->error))
        return false;
    return step->amount > 0 || yaml_fail(reading->error, bytes, "a drip is at least 1 byte");
}

static bool read_argument(struct reading *reading, const struct yaml_node *node, struct step *step)
{
    switch (step->word) {
    case STEP_REQUEST:
    case STEP_PREPARE:
    case STEP_INTERIM:
    case STEP_RESPOND:
        return read_draft(reading, node, step);
    case STEP_SEND:
        return read_send(reading, node, step);
    case STEP_READ:
        return read_read(reading, node, step);
    case STEP_RAW:
        return read_raw(reading, node, step);
    case STEP_GARBAGE:
        return read_garbage(reading, node, step);
    case STEP_END:
    case STEP_PRE_WRITE:
        return read_end(reading, node, step);
    case STEP_DRIP:
        return read_drip(reading, node, step);
    case STEP_TLS:
        return read_tls(reading, node, step);
    case STEP_STREAM:
        return read_stream(reading, node, step);
    case STEP_DELAY:
        return yaml_duration(node, "a delay", &step->duration_ns, reading->error);
    case STEP_SIGNAL:
    case STEP_WAIT:
        return yaml_text(node, "a signal", &step->name, reading->error);
    case STEP_HALF_CLOSE:
    case STEP_PAUSE_READING:
    case STEP_RESUME_READING:
    case STEP_CONNECT:
    case STEP_COUNT:
        break;
    }
    check_refuse(__FILE__, __LINE__, "the step %d takes no argument", (int)step->word);
}

/*
 * A read that stops inside a message must leave the rest in the socket, unless the next step goes on
 * reading anyway: then it may take what is there.
 */
static void mark_exact_reads(struct step *steps, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        struct step *step = &steps[i - 1];
        bool reads_on = i < count && steps[i].word == STEP_READ && !steps[i].exact;

        step->exact = step->word == STEP_READ && step->target != TARGET_MESSAGE &&
                      step->target != TARGET_EOF && !reads_on;
    }
}

/* The first step that sends or reads decides; raw bytes are of either kind. */
static bool begins_as_stream(const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];

        switch (step->word) {
        case STEP_STREAM:
            return true;
        case STEP_READ:
            if (step->target != TARGET_RAW && step->target != TARGET_EOF)
                return step->target == TARGET_STREAM;
            break;
        case STEP_REQUEST:
        case STEP_PREPARE:
        case STEP_INTERIM:
        case STEP_RESPOND:
            return false;
        default:
            break;
        }
    }
    return false;
}
