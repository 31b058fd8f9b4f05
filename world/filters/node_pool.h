/*
 * Memory for what a filter keeps per live object: nodes of one size that stay at one address, are given
 * back one by one or forgotten all at once, and are kept for the next time.
 *
 * Ownership: the pool owns its nodes. Every node begins with a struct node. Errors: NULL when memory runs out.
 */
#ifndef WORLD_FILTERS_NODE_POOL_H
#define WORLD_FILTERS_NODE_POOL_H

#include <stddef.h>

#include "world/base/object.h"

struct node {
    object_tag tag; /* first, as object_cast() asks; the pool clears it, who takes a node sets it */
    struct node *free_next;
    size_t index; /* its place in the pool, for node_pool_at() */
};

struct node_pool {
    struct node **nodes;
    size_t count;
    size_t capacity;
    size_t live;
    size_t node_bytes;
    struct node *free_first;
};

void node_pool_init(struct node_pool *pool, size_t node_bytes);
void node_pool_release(struct node_pool *pool);

/* A node whose bytes behind the struct node are zero. */
void *node_pool_take(struct node_pool *pool);
void node_pool_give(struct node_pool *pool, void *node);
void *node_pool_at(const struct node_pool *pool, size_t index);

/* Takes every node back and clears it, so that whoever still calls one is caught. */
void node_pool_forget(struct node_pool *pool);

#endif
