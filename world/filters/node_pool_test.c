#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world/filters/node_pool.h"

enum { NODES = 200 };

struct thing {
    struct node node;
    uint64_t value;
};

static void nodes_stay_where_they_are(void **state)
{
    struct thing *things[NODES];
    struct node_pool pool;

    (void)state;
    node_pool_init(&pool, sizeof(struct thing));
    for (size_t i = 0; i < NODES; i++) {
        things[i] = node_pool_take(&pool);
        things[i]->value = i;
    }
    assert_int_equal(pool.live, NODES);
    for (size_t i = 0; i < NODES; i++) {
        assert_int_equal(things[i]->value, i);
        assert_ptr_equal(node_pool_at(&pool, things[i]->node.index), things[i]);
    }
    node_pool_release(&pool);
}

static void given_nodes_come_again_cleared(void **state)
{
    struct node_pool pool;
    struct thing *thing, *again;

    (void)state;
    node_pool_init(&pool, sizeof(struct thing));
    thing = node_pool_take(&pool);
    thing->node.tag = 7;
    thing->value = 7;
    node_pool_give(&pool, thing);
    assert_int_equal(thing->node.tag, 0);
    again = node_pool_take(&pool);
    assert_ptr_equal(again, thing);
    assert_int_equal(again->value, 0);
    assert_int_equal(pool.count, 1);
    node_pool_release(&pool);
}

static void forgotten_nodes_come_again_in_order(void **state)
{
    struct node_pool pool;
    struct thing *first, *second;

    (void)state;
    node_pool_init(&pool, sizeof(struct thing));
    first = node_pool_take(&pool);
    second = node_pool_take(&pool);
    second->node.tag = 7;
    second->value = 7;
    node_pool_give(&pool, first);
    node_pool_forget(&pool);
    assert_int_equal(pool.live, 0);
    assert_int_equal(second->node.tag, 0);
    assert_ptr_equal(node_pool_take(&pool), first);
    assert_ptr_equal(node_pool_take(&pool), second);
    assert_int_equal(second->value, 0);
    assert_int_equal(pool.count, 2);
    node_pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"nodes stay where they are while others come", nodes_stay_where_they_are, NULL, NULL,
         NULL},
        {"a node that was given back comes again, cleared", given_nodes_come_again_cleared, NULL,
         NULL, NULL},
        {"forgotten nodes come again in the same order", forgotten_nodes_come_again_in_order, NULL,
         NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
