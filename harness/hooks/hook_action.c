#include "harness/hooks/hook_action.h"

#include <string.h>

#define COUNT_LIMIT (UINT64_C(1) << 40) /* bytes of a body; what a script may send */

static const char *const KEYS[][12] = {
    [HOOK_OF_REQUEST] = {"on", "signal", "wait", "fail", "set", "remove", "target", "answer"},
    [HOOK_OF_HEAD] = {"on", "signal", "wait", "fail", "set", "remove"},
    [HOOK_OF_PEER] = {"on", "signal", "wait", "fail", "upstream", "order", "address"},
    [HOOK_OF_EXCHANGE] = {"on", "signal", "wait", "fail"},
    [HOOK_OF_BODY] = {"on", "signal", "wait", "fail", "change", "drop", "expand", "hold", "delay",
                      "count", "announce"},
    [HOOK_OF_FAILURE] = {"on", "signal", "then"},
    [HOOK_OF_DECISION] = {"on", "signal", "wait", "then"},
    [HOOK_OF_END] = {"on", "signal", "wait", "answer", "close"},
    [HOOK_OF_SUPPRESS] = {NULL},
    [HOOK_OF_SUMMARY] = {NULL},
    [HOOK_OF_LOGGING] = {"signal"},
};

static const char *const WISHES[] = {
    [RETRY_LEAVE] = "leave", [RETRY_AGAIN] = "retry", [RETRY_NEVER] = "never", [RETRY_WAIT] = NULL};

static void *take(const struct hook_reading *reading, const struct yaml_node *at, size_t size)
{
    void *memory = region_take(reading->region, size);
    if (memory == NULL)
        yaml_fail(reading->error, at, "the case needs more memory than a case may have");
    return memory;
}

/* ---- fields --------------------------------------------------------------------------------- */

/* A scalar, or {bytes: N} for a text of that length. */
static bool read_value(const struct hook_reading *reading, const struct yaml_node *node,
                       const char **out)
{
    static const char *const LONG_KEYS[] = {"bytes", NULL};
    uint64_t size;
    if (node->kind == YAML_SCALAR)
        return yaml_text(node, "a field value", out, reading->error);
    const struct yaml_node *bytes = node->kind == YAML_MAP ? yaml_get(node, "bytes") : NULL;
    if (bytes == NULL)
        return yaml_fail(reading->error, node, "a field value is a text or {bytes: N}");
    if (!yaml_check_keys(node, "a field value", LONG_KEYS, reading->error) ||
        !yaml_size(bytes, "'bytes'", HOOK_TEXT_BYTES_MAX, &size, reading->error))
        return false;
    char *text = take(reading, node, (size_t)size + 1);
    if (text != NULL)
        memset(text, 'x', (size_t)size);
    *out = text;
    return text != NULL;
}

static bool add_edit(const struct hook_reading *reading, const struct yaml_node *name,
                     const struct yaml_node *value, struct hook_edit ***last)
{
    struct hook_edit *edit = take(reading, name, sizeof(*edit));
    if (edit == NULL || !yaml_text(name, "a field name", &edit->name, reading->error) ||
        (value != NULL && !read_value(reading, value, &edit->value)))
        return false;
    **last = edit;
    *last = &edit->next;
    return true;
}

/* `set: {name: value}` and `remove: [names]`. */
static bool read_edits(const struct hook_reading *reading, const struct yaml_node *map,
                       struct hook_action *out)
{
    const struct yaml_node *set = yaml_get(map, "set");
    const struct yaml_node *remove = yaml_get(map, "remove");
    struct hook_edit *first = NULL;
    struct hook_edit **last = &first;
    if (set != NULL && set->kind != YAML_MAP)
        return yaml_fail(reading->error, set, "'set' is a map of field names to values");
    if (remove != NULL && remove->kind != YAML_LIST)
        return yaml_fail(reading->error, remove, "'remove' is a list of field names");
    for (const struct yaml_node *v = set != NULL ? set->first : NULL; v != NULL; v = v->next)
        if (!add_edit(reading, v->key, v, &last))
            return false;
    for (const struct yaml_node *n = remove != NULL ? remove->first : NULL; n != NULL; n = n->next)
        if (!add_edit(reading, n, NULL, &last))
            return false;
    out->edits = first;
    return true;
}

/* ---- answers -------------------------------------------------------------------------------- */

static bool read_answer_fields(const struct hook_reading *reading, const struct yaml_node *map,
                               struct proxy_answer *out)
{
    const char *text;
    if (map->kind != YAML_MAP)
        return yaml_fail(reading->error, map, "'headers' is a map of field names to values");
    struct field *fields = take(reading, map, (map->count + 1) * sizeof(*fields));
    if (fields == NULL)
        return false;
    out->fields = fields;
    for (const struct yaml_node *value = map->first; value != NULL; value = value->next) {
        struct field *field = &fields[out->field_count++];
        if (!read_value(reading, value, &text))
            return false;
        field->value = bytes_of(text);
        field->name = bytes_make(value->key->text, value->key->text_size);
    }
    return true;
}

/* A number of bytes, filled with letters, or {text: "..."}. */
static bool read_answer_body(const struct hook_reading *reading, const struct yaml_node *node,
                             struct proxy_answer *out)
{
    static const char *const BODY_KEYS[] = {"text", NULL};
    uint64_t size;
    const char *text;
    if (node->kind == YAML_MAP && yaml_get(node, "text") != NULL) {
        if (!yaml_check_keys(node, "an answer's body", BODY_KEYS, reading->error) ||
            !yaml_text(yaml_get(node, "text"), "'text'", &text, reading->error))
            return false;
        out->body = bytes_of(text);
        return true;
    }
    if (node->kind != YAML_SCALAR)
        return yaml_fail(reading->error, node, "a body is a number of bytes or {text: ...}");
    if (!yaml_size(node, "'body' (bytes)", HOOK_TEXT_BYTES_MAX, &size, reading->error))
        return false;
    uint8_t *data = take(reading, node, (size_t)size + 1);
    for (size_t i = 0; data != NULL && i < size; i++)
        data[i] = (uint8_t)('a' + i % 26);
    out->body = bytes_make(data, (size_t)size);
    return data != NULL;
}

static bool read_answer(const struct hook_reading *reading, const struct yaml_node *node,
                        struct hook_action *out)
{
    static const char *const ANSWER_KEYS[] = {"status", "headers", "body", NULL};
    struct proxy_answer *answer = take(reading, node, sizeof(*answer));
    uint64_t status = 200;
    if (answer == NULL)
        return false;
    if (node->kind == YAML_MAP && !yaml_check_keys(node, "an answer", ANSWER_KEYS, reading->error))
        return false;
    const struct yaml_node *map = node->kind == YAML_MAP ? node : NULL;
    const struct yaml_node *number = map == NULL ? node : yaml_get(map, "status");
    const struct yaml_node *headers = map == NULL ? NULL : yaml_get(map, "headers");
    const struct yaml_node *body = map == NULL ? NULL : yaml_get(map, "body");
    if (number != NULL && !yaml_u64(number, "a status", 200, 599, &status, reading->error))
        return false;
    answer->status = (unsigned)status;
    out->answer = answer;
    return (headers == NULL || read_answer_fields(reading, headers, answer)) &&
           (body == NULL || read_answer_body(reading, body, answer));
}

/* ---- where to ------------------------------------------------------------------------------- */

static bool add_upstream(const struct hook_reading *reading, const struct yaml_node *name,
                         size_t *order, struct hook_action *out)
{
    int index = yaml_word(name, "an upstream's name", reading->upstreams, reading->error);
    if (index >= 0)
        order[out->order_count++] = (size_t)index;
    return index >= 0;
}

static bool read_peer(const struct hook_reading *reading, const struct yaml_node *map,
                      struct hook_action *out)
{
    static const char *const ADDRESSES[] = {"unknown", NULL};
    const struct yaml_node *upstream = yaml_get(map, "upstream");
    const struct yaml_node *order = yaml_get(map, "order");
    const struct yaml_node *address = yaml_get(map, "address");
    if ((upstream != NULL) + (order != NULL) + (address != NULL) > 1)
        return yaml_fail(reading->error, map,
                         "one of 'upstream', 'order' and 'address' says where an attempt goes");
    if (address != NULL) {
        out->peer = HOOK_PEER_UNKNOWN;
        return yaml_word(address, "an address", ADDRESSES, reading->error) >= 0;
    }
    if (upstream == NULL && order == NULL)
        return true;
    if (order != NULL &&
        (order->kind != YAML_LIST || order->count == 0 || order->count > HOOK_ORDER_MAX))
        return yaml_fail(reading->error, order, "'order' is a list of 1 to %d upstreams",
                         HOOK_ORDER_MAX);
    size_t *indices = take(reading, map, (order == NULL ? 1 : order->count) * sizeof(*indices));
    if (indices == NULL)
        return false;
    out->peer = HOOK_PEER_UPSTREAM;
    out->order = indices;
    if (upstream != NULL)
        return add_upstream(reading, upstream, indices, out);
    for (const struct yaml_node *name = order->first; name != NULL; name = name->next)
        if (!add_upstream(reading, name, indices, out))
            return false;
    return true;
}

/* ---- bodies --------------------------------------------------------------------------------- */

static bool read_change(const struct hook_reading *reading, const struct yaml_node *map,
                        struct hook_action *out)
{
    static const char *const CHANGES[] = {"upper", "xor", NULL};
    static const enum body_change_kind KINDS[] = {BODY_UPPER, BODY_XOR};
    const struct yaml_node *change = yaml_get(map, "change");
    const struct yaml_node *drop = yaml_get(map, "drop");
    const struct yaml_node *expand = yaml_get(map, "expand");
    if ((change != NULL) + (drop != NULL) + (expand != NULL) > 1)
        return yaml_fail(reading->error, map, "a filter does one of 'change', 'drop' and 'expand'");
    if (change != NULL) {
        int word = yaml_word(change, "a change", CHANGES, reading->error);
        out->change.kind = word < 0 ? BODY_KEEP : KINDS[word];
        return word >= 0;
    }
    if (drop != NULL) {
        out->change.kind = BODY_DROP;
        return yaml_size(drop, "'drop' (bytes)", COUNT_LIMIT, &out->change.count, reading->error);
    }
    if (expand == NULL)
        return true;
    out->change.kind = BODY_EXPAND;
    return yaml_u64(expand, "'expand' (copies of each byte)", 1, HOOK_EXPAND_MAX,
                    &out->change.count, reading->error);
}

static bool read_body_filter(const struct hook_reading *reading, const struct yaml_node *map,
                             struct hook_action *out)
{
    const struct yaml_node *hold = yaml_get(map, "hold");
    const struct yaml_node *delay = yaml_get(map, "delay");
    const struct yaml_node *count = yaml_get(map, "count");
    const struct yaml_node *announce = yaml_get(map, "announce");
    bool announced = true;
    if (!read_change(reading, map, out) ||
        (hold != NULL &&
         !yaml_size(hold, "'hold' (bytes)", COUNT_LIMIT, &out->hold, reading->error)) ||
        (delay != NULL && !yaml_duration(delay, "'delay'", &out->delay_ns, reading->error)) ||
        (count != NULL && !yaml_bool(count, "'count'", &out->count, reading->error)) ||
        (announce != NULL && !yaml_bool(announce, "'announce'", &announced, reading->error)))
        return false;
    out->unannounced = !announced;
    /* What went up in attempt 1 is sent again in attempt 2 as it is. */
    if (out->change.kind != BODY_KEEP && out->on.comparison != NUMBER_ANY)
        return yaml_fail(reading->error, yaml_get(map, "on"),
                         "a body is changed in all attempts, or in none");
    return true;
}

/* ---- one action ----------------------------------------------------------------------------- */

static bool read_wait(const struct hook_reading *reading, const struct yaml_node *node,
                      struct hook_action *out)
{
    static const char *const WAIT_KEYS[] = {"signal", NULL};
    const struct yaml_node *signal = node->kind == YAML_MAP ? yaml_get(node, "signal") : NULL;
    out->wait = HOOK_WAIT_TIME;
    if (signal != NULL) {
        out->wait = HOOK_WAIT_SIGNAL;
        return yaml_check_keys(node, "'wait'", WAIT_KEYS, reading->error) &&
               yaml_text(signal, "'signal'", &out->wait_signal, reading->error);
    }
    if (node->kind == YAML_SCALAR && strcmp(node->text, "never") == 0)
        out->wait = HOOK_WAIT_EVER;
    else if (node->kind == YAML_SCALAR && strcmp(node->text, "lookup") == 0)
        out->wait = HOOK_WAIT_LOOKUP;
    else
        return yaml_duration(node, "'wait' (or never, lookup, {signal: name})", &out->wait_ns,
                             reading->error);
    return true;
}

static bool read_wish(const struct hook_reading *reading, const struct yaml_node *node,
                      struct hook_action *out)
{
    int wish = yaml_word(node, "a wish", WISHES, reading->error);
    out->wish = wish < 0 ? RETRY_LEAVE : (enum retry_wish)wish;
    return wish >= 0;
}

/* The one word or value that stands for a map. */
static bool read_scalar(const struct hook_reading *reading, const struct yaml_node *node,
                        enum hook_name hook, struct hook_action *out)
{
    static const char *const PASS[] = {"pass", NULL};
    switch (hook_kind(hook)) {
    case HOOK_OF_FAILURE:
    case HOOK_OF_DECISION:
        return read_wish(reading, node, out);
    case HOOK_OF_BODY:
        return yaml_word(node, "what a body filter does", PASS, reading->error) >= 0;
    case HOOK_OF_SUPPRESS:
        return yaml_bool(node, hook_word(hook), &out->suppress, reading->error);
    case HOOK_OF_SUMMARY:
        return yaml_text(node, hook_word(hook), &out->summary, reading->error);
    default:
        return yaml_fail(reading->error, node, "'%s' is a map, as {wait: 50ms}", hook_word(hook));
    }
}

/* The keys that several kinds of hooks know. */
static bool read_common(const struct hook_reading *reading, const struct yaml_node *map,
                        enum hook_name hook, struct hook_action *out)
{
    const struct yaml_node *on = yaml_get(map, "on");
    const struct yaml_node *signal = yaml_get(map, "signal");
    const struct yaml_node *wait = yaml_get(map, "wait");
    const struct yaml_node *fail = yaml_get(map, "fail");
    const struct yaml_node *then = yaml_get(map, "then");
    const struct yaml_node *target = yaml_get(map, "target");
    const struct yaml_node *answer = yaml_get(map, "answer");
    const struct yaml_node *close = yaml_get(map, "close");
    uint64_t status = 0;
    if (answer != NULL && hook == HOOK_EARLY_REQUEST_FILTER)
        return yaml_fail(reading->error, answer, "'%s' cannot answer, 'request_filter' can",
                         hook_word(hook));
    out->fails = fail != NULL;
    if ((on != NULL && !number_rule_read(on, "'on' (an attempt)", RECORD_ATTEMPTS_MAX, &out->on,
                                         reading->error)) ||
        (signal != NULL && !yaml_text(signal, "'signal'", &out->signal, reading->error)) ||
        (wait != NULL && !read_wait(reading, wait, out)) ||
        (fail != NULL && !yaml_u64(fail, "'fail' (a status)", 400, 599, &status, reading->error)) ||
        (then != NULL && !read_wish(reading, then, out)) ||
        (target != NULL && !yaml_text(target, "'target'", &out->target, reading->error)) ||
        (answer != NULL && !read_answer(reading, answer, out)) ||
        (close != NULL && !yaml_bool(close, "'close'", &out->close_client, reading->error)))
        return false;
    out->fail_status = (unsigned)status;
    return read_edits(reading, map, out);
}

bool hook_action_read(const struct hook_reading *reading, const struct yaml_node *node,
                      enum hook_name hook, struct hook_action *out)
{
    enum hook_kind kind = hook_kind(hook);
    if (node->kind == YAML_SCALAR)
        return read_scalar(reading, node, hook, out);
    if (node->kind == YAML_LIST)
        return yaml_fail(reading->error, node, "one action of '%s' is a map", hook_word(hook));
    if (!yaml_check_keys(node, hook_word(hook), KEYS[kind], reading->error) ||
        !read_common(reading, node, hook, out))
        return false;
    if (kind == HOOK_OF_PEER)
        return read_peer(reading, node, out);
    return kind != HOOK_OF_BODY || read_body_filter(reading, node, out);
}
