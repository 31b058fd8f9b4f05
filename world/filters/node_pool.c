#include "world/filters/node_pool.h"

#include <stdlib.h>
#include <string.h>

#include "world/base/check.h"

enum { CAPACITY_FIRST = 64 }; /* pointers; a case's worth */

void node_pool_init(struct node_pool *pool, size_t node_bytes)
{
    check(node_bytes >= sizeof(struct node));
    *pool = (struct node_pool){.node_bytes = node_bytes};
}

void node_pool_release(struct node_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        free(pool->nodes[i]);
    free(pool->nodes);
    *pool = (struct node_pool){.node_bytes = pool->node_bytes};
}

static struct node *make(struct node_pool *pool)
{
    struct node *node;

    if (pool->count == pool->capacity) {
        size_t capacity = pool->capacity == 0 ? CAPACITY_FIRST : pool->capacity * 2;
        struct node **nodes = realloc(pool->nodes, capacity * sizeof(struct node *));

        if (nodes == NULL)
            return NULL;
        pool->nodes = nodes;
        pool->capacity = capacity;
    }
    node = calloc(1, pool->node_bytes);
    if (node == NULL)
        return NULL;
    node->index = pool->count;
    pool->nodes[pool->count++] = node;
    return node;
}

void *node_pool_take(struct node_pool *pool)
{
    struct node *node = pool->free_first;

    if (node != NULL)
        pool->free_first = node->free_next;
    else
        node = make(pool);
    if (node != NULL)
        pool->live++;
    return node;
}

static void put_free(struct node_pool *pool, struct node *node)
{
    memset(node + 1, 0, pool->node_bytes - sizeof(*node));
    node->tag = 0;
    node->free_next = pool->free_first;
    pool->free_first = node;
}

void node_pool_give(struct node_pool *pool, void *given)
{
    struct node *node = given;

    check(node->index < pool->count);
    check(pool->nodes[node->index] == node);
    put_free(pool, node);
    pool->live--;
}

void *node_pool_at(const struct node_pool *pool, size_t index)
{
    check(index < pool->count);
    return pool->nodes[index];
}

/* Where nothing is live all of them are clear already. */
void node_pool_forget(struct node_pool *pool)
{
    if (pool->live == 0)
        return;
    pool->free_first = NULL;
    pool->live = 0;
    for (size_t i = pool->count; i > 0; i--)
        put_free(pool, pool->nodes[i - 1]);
}
