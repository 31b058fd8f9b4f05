#include "proxy/retry_keys.h"

#include <string.h>

#include "retryproof/limits.h"
#include "world/base/bytes.h"

const char *const *retry_keys(void)
{
    static const char *const keys[] = {
        "max_retries",
        "policy",
        "retry_on",
        "retry_on_status",
        "retry_on_reused",
        "retry_non_idempotent",
        "retry_other_upstream",
        "replay_buffer_bytes",
        "per_try_timeout",
        "deadline",
        "backoff",
        "retry_budget",
        NULL,
    };

    return keys;
}

/* ---- what to retry ------------------------------------------------------------------------------ */

/* The first of a list, or of one value in its place, for a grid gives either; *end is what follows the last. */
static const struct yaml_node *first_of(const struct yaml_node *node, const struct yaml_node **end)
{
    *end = node->kind == YAML_LIST ? NULL : node->next;
    return node->kind == YAML_LIST ? node->first : node;
}

static bool read_conditions(const struct yaml_node *node, unsigned *out, struct yaml_error *error)
{
    const char *words[RETRY_CONDITION_COUNT + 1] = {NULL};
    const struct yaml_node *end;

    for (enum retry_condition i = 0; i < RETRY_CONDITION_COUNT; i++)
        words[i] = retry_condition_word(i);
    *out = 0;
    for (const struct yaml_node *word = first_of(node, &end); word != end; word = word->next) {
        int index = yaml_word(word, "retry_on", words, error);

        if (index < 0)
            return false;
        *out |= 1u << index;
    }
    return true;
}

static bool read_policy(const struct yaml_node *map, struct retry_settings *retry,
                        struct yaml_error *error)
{
    static const char *const words[] = {"at-most-once", "idempotent", NULL};
    const struct yaml_node *policy = yaml_get(map, "policy");
    const struct yaml_node *on = yaml_get(map, "retry_on");
    int index;

    if (policy != NULL && on != NULL)
        return yaml_fail(error, on->key,
                         "retry_on stands in place of policy; a configuration has one of them");
    if (on != NULL) {
        retry->policy = RETRY_CONDITIONS;
        return read_conditions(on, &retry->conditions, error);
    }
    if (policy == NULL)
        return true;
    index = yaml_word(policy, "policy", words, error);
    if (index < 0)
        return false;
    retry->policy = index == 0 ? RETRY_AT_MOST_ONCE : RETRY_IDEMPOTENT;
    retry->conditions = 0;
    return true;
}

/* "503", or "500-599". */
static bool read_statuses_of(const struct yaml_node *node, struct status_set *out,
                             struct yaml_error *error)
{
    struct bytes first = {0};
    struct bytes last = {0};
    const char *dash;
    uint64_t from;
    uint64_t to;

    if (node->kind == YAML_SCALAR) {
        first = last = bytes_make(node->text, node->text_size);
        dash = memchr(node->text, '-', node->text_size);
        if (dash != NULL) {
            first.size = (size_t)(dash - node->text);
            last = bytes_make(dash + 1, node->text_size - first.size - 1);
        }
    }
    if (!bytes_to_u64(first, STATUS_SET_LAST, &from) || !bytes_to_u64(last, STATUS_SET_LAST, &to) ||
        from < STATUS_SET_FIRST || from > to)
        return yaml_fail(error, node,
                         "retry_on_status takes statuses from %d to %d and ranges of them, such as "
                         "503 or 500-599",
                         STATUS_SET_FIRST, STATUS_SET_LAST);
    for (uint64_t status = from; status <= to; status++)
        (void)status_set_add(out, (unsigned)status);
    return true;
}

static bool read_statuses(const struct yaml_node *map, struct retry_settings *retry,
                          struct yaml_error *error)
{
    const struct yaml_node *node = yaml_get(map, "retry_on_status");
    const struct yaml_node *end;

    if (node == NULL)
        return true;
    retry->on_status = (struct status_set){0};
    for (const struct yaml_node *item = first_of(node, &end); item != end; item = item->next)
        if (!read_statuses_of(item, &retry->on_status, error))
            return false;
    return true;
}

static bool read_bool(const struct yaml_node *map, const char *key, bool *out,
                      struct yaml_error *error)
{
    const struct yaml_node *node = yaml_get(map, key);

    return node == NULL || yaml_bool(node, key, out, error);
}

static bool read_switches(const struct yaml_node *map, struct retry_settings *retry,
                          struct yaml_error *error)
{
    bool elsewhere = !retry->stay;

    if (!read_bool(map, "retry_on_reused", &retry->on_reused, error) ||
        !read_bool(map, "retry_non_idempotent", &retry->non_idempotent, error) ||
        !read_bool(map, "retry_other_upstream", &elsewhere, error))
        return false;
    retry->stay = !elsewhere;
    return true;
}

/* ---- how often, how long, how much ---------------------------------------------------------------- */

static bool read_amounts(const struct yaml_node *map, struct retry_settings *retry,
                         struct yaml_error *error)
{
    const struct yaml_node *retries = yaml_get(map, "max_retries");
    const struct yaml_node *replay = yaml_get(map, "replay_buffer_bytes");
    const struct yaml_node *per_try = yaml_get(map, "per_try_timeout");
    const struct yaml_node *deadline = yaml_get(map, "deadline");
    uint64_t count = retry->retries_max;
    uint64_t bytes = retry->replay_bytes;

    if (retries != NULL && !yaml_u64(retries, "max_retries", 0, RETRIES_MAX, &count, error))
        return false;
    if (replay != NULL &&
        !yaml_size(replay, "replay_buffer_bytes", REPLAY_BYTES_MAX, &bytes, error))
        return false;
    retry->retries_max = (unsigned)count;
    retry->replay_bytes = (size_t)bytes;
    return (per_try == NULL ||
            yaml_duration(per_try, "per_try_timeout", &retry->per_try_timeout_ns, error)) &&
           (deadline == NULL || yaml_duration(deadline, "deadline", &retry->deadline_ns, error));
}

static bool read_backoff(const struct yaml_node *map, struct retry_settings *retry,
                         struct yaml_error *error)
{
    static const char *const keys[] = {"base", "max", NULL};
    const uint64_t base_to_max = 10; /* as Envoy has it where it is not told */
    const struct yaml_node *node = yaml_get(map, "backoff");
    const struct yaml_node *base;
    const struct yaml_node *max;

    if (node == NULL)
        return true;
    if (!yaml_check_keys(node, "backoff", keys, error))
        return false;
    base = yaml_get(node, "base");
    max = yaml_get(node, "max");
    if (base == NULL)
        return yaml_fail(error, node, "backoff has a base, such as {base: 25ms, max: 250ms}");
    if (!yaml_duration(base, "base", &retry->backoff.base_ns, error))
        return false;
    retry->backoff.max_ns = base_to_max * retry->backoff.base_ns;
    return max == NULL || yaml_duration(max, "max", &retry->backoff.max_ns, error);
}

/* "20%" */
static bool read_share(const struct yaml_node *node, unsigned *out, struct yaml_error *error)
{
    struct bytes digits = {0};
    uint64_t percent;

    if (node->kind == YAML_SCALAR && node->text_size > 0 && node->text[node->text_size - 1] == '%')
        digits = bytes_make(node->text, node->text_size - 1);
    if (!bytes_to_u64(digits, BUDGET_PERCENT_MAX, &percent))
        return yaml_fail(error, node, "share is a percentage from 0%% to %d%%, such as 20%%",
                         BUDGET_PERCENT_MAX);
    *out = (unsigned)percent;
    return true;
}

static bool read_budget(const struct yaml_node *map, struct retry_settings *retry,
                        struct yaml_error *error)
{
    static const char *const keys[] = {"share", "floor", NULL};
    const struct yaml_node *node = yaml_get(map, "retry_budget");
    const struct yaml_node *share;
    const struct yaml_node *least;
    uint64_t count;

    if (node == NULL)
        return true;
    if (node->kind == YAML_SCALAR && strcmp(node->text, "none") == 0) {
        retry->budget = (struct budget_settings){0};
        return true;
    }
    if (node->kind != YAML_MAP)
        return yaml_fail(error, node, "retry_budget is {share: 20%%, floor: 3}, or none");
    if (!yaml_check_keys(node, "retry_budget", keys, error))
        return false;
    share = yaml_get(node, "share");
    least = yaml_get(node, "floor");
    if (share == NULL || least == NULL)
        return yaml_fail(error, node, "retry_budget lacks its %s: {share: 20%%, floor: 3}",
                         share == NULL ? "share" : "floor");
    if (!read_share(share, &retry->budget.share_percent, error) ||
        !yaml_u64(least, "floor", 0, BUDGET_FLOOR_MAX, &count, error))
        return false;
    retry->budget.floor = (unsigned)count;
    retry->budget.limited = true;
    return true;
}

bool retry_keys_read(const struct yaml_node *map, struct retry_settings *retry,
                     struct yaml_error *error)
{
    check(map->kind == YAML_MAP);
    return read_policy(map, retry, error) && read_statuses(map, retry, error) &&
           read_switches(map, retry, error) && read_amounts(map, retry, error) &&
           read_backoff(map, retry, error) && read_budget(map, retry, error);
}
