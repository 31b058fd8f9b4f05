#include "harness/run/observed_store.h"

#include <stdlib.h>
#include <string.h>

bool observed_store_init(struct observed_store *store, const struct run_item *items, size_t count)
{
    *store = (struct observed_store){.items = items, .count = count};
    region_init(&store->region, OBSERVED_STORE_BYTES_MAX);
    store->ways = calloc(count + 1, sizeof(struct observed_way *));
    return store->ways != NULL;
}

void observed_store_release(struct observed_store *store)
{
    region_release(&store->region);
    free(store->ways);
    *store = (struct observed_store){0};
}

/* ---- adding --------------------------------------------------------------------------------- */

/* Of a case that was not played only why. */
static struct observation seen_in(const struct case_outcome *outcome)
{
    struct observation seen = {.level = LEVEL_INFO};
    if (outcome->observation != NULL)
        seen = *outcome->observation;
    seen.verdict = outcome->verdict;
    seen.sentences = outcome->sentences;
    seen.sentence_count = outcome->sentence_count;
    seen.times = 1;
    return seen;
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool are_same_tallies(const struct observation *a, const struct observation *b)
{
    if (a->upstream_count != b->upstream_count)
        return false;
    for (size_t i = 0; i < a->upstream_count; i++)
        if (a->upstreams[i].attempts != b->upstreams[i].attempts ||
            a->upstreams[i].delivered != b->upstreams[i].delivered)
            return false;
    return true;
}

/* How long it took, and how many bytes of a request that broke off had arrived, is another matter each time. */
static bool is_same_way(const struct observation *a, const struct observation *b)
{
    return a->verdict == b->verdict && a->level == b->level && is_same_text(a->client, b->client) &&
           are_same_tallies(a, b) && a->body == b->body && a->after_cancel == b->after_cancel &&
           a->harms == b->harms;
}

static const char *keep_text(struct observed_store *store, const char *text)
{
    const char *kept = text != NULL ? region_copy_text(&store->region, text, strlen(text)) : NULL;
    store->incomplete = store->incomplete || (text != NULL && kept == NULL);
    return kept;
}

static void keep_texts(struct observed_store *store, struct observation *seen)
{
    const char **sentences =
        region_take(&store->region, (seen->sentence_count + 1) * sizeof(*sentences));
    seen->client = keep_text(store, seen->client);
    for (size_t i = 0; i < seen->upstream_count; i++)
        seen->upstreams[i].name = keep_text(store, seen->upstreams[i].name);
    if (sentences == NULL)
        seen->sentence_count = 0;
    for (size_t i = 0; i < seen->sentence_count; i++)
        sentences[i] = keep_text(store, seen->sentences[i]);
    seen->sentences = sentences;
}

void observed_store_add(struct observed_store *store, size_t index,
                        const struct case_outcome *outcome)
{
    const struct observation seen = seen_in(outcome);
    check(index < store->count);
    struct observed_way **end = &store->ways[index];
    for (; *end != NULL; end = &(*end)->next)
        if (is_same_way(&(*end)->seen, &seen)) {
            (*end)->seen.times++;
            return;
        }
    *end = region_take(&store->region, sizeof(**end));
    if (*end == NULL) {
        store->incomplete = true;
        return;
    }
    **end = (struct observed_way){.seen = seen};
    keep_texts(store, &(*end)->seen);
}

bool observed_store_is_racy(const struct observed_store *store, size_t index)
{
    check(index < store->count);
    return store->ways[index] != NULL && store->ways[index]->next != NULL;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static int by_frequency(const void *a, const void *b)
{
    const struct observation *left = a;
    const struct observation *right = b;
    if (left->times != right->times)
        return left->times > right->times ? -1 : 1;
    return strcmp(left->client != NULL ? left->client : "",
                  right->client != NULL ? right->client : "");
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct observed_case *)a)->id, ((const struct observed_case *)b)->id);
}

static bool fill_case(struct observed_store *store, size_t index, struct observed_case *out)
{
    const struct suite_case *one = store->items[index].one;
    size_t count = 0;
    for (const struct observed_way *way = store->ways[index]; way != NULL; way = way->next)
        count++;
    struct observation *ways = region_take(&store->region, count * sizeof(*ways));
    if (ways == NULL)
        return false;
    *out = (struct observed_case){.id = one->id,
                                  .name = one->name,
                                  .file = one->file->path,
                                  .line = one->line,
                                  .stage = stage_word(one->stage),
                                  .fault = one->fault,
                                  .method = one->method,
                                  .ways = ways,
                                  .way_count = count};
    count = 0;
    for (const struct observed_way *way = store->ways[index]; way != NULL; way = way->next) {
        ways[count++] = way->seen;
        out->played += way->seen.times;
    }
    qsort(ways, count, sizeof(*ways), by_frequency);
    return true;
}

const struct observed_case *observed_store_cases(struct observed_store *store, size_t *count)
{
    struct observed_case *cases = region_take(&store->region, (store->count + 1) * sizeof(*cases));
    *count = 0;
    for (size_t i = 0; i < store->count && cases != NULL; i++)
        if (store->ways[i] != NULL && !fill_case(store, i, &cases[(*count)++]))
            return NULL;
    if (cases != NULL && *count > 1)
        qsort(cases, *count, sizeof(*cases), by_id);
    return cases;
}
