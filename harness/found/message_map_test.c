/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "harness/found/message_map.h"

#include <string.h>

#include "harness/explore/explore_rig.h"
#include "harness/trial/player.h"

/* One exchange, with a fault or without; its map, and how many bytes the first upstream's connection sent. */
struct mapped {
    struct base_list bases;
    struct player *player;
    struct region region;
    struct fault_map map;
    uint64_t sent;
};

static void play_and_map(struct mapped *mapped, const struct wire_fault *fault)
{
    struct played played;

    rig_load(&mapped->bases, TINY_POST);
    mapped->player = player_create();
    assert_non_null(mapped->player);
    region_init(&mapped->region, SCENARIO_BYTES_MAX);
    struct trial trial = trial_of(&mapped->bases.list[0], 1);
    trial.faults = fault;
    trial.fault_count = fault != NULL;
    player_play(mapped->player, &trial, &played);
    const struct evidence *evidence = player_evidence(mapped->player);
    assert_true(
        message_map_make(mapped->bases.list[0].expecting, evidence, &mapped->region, &mapped->map));
    mapped->sent = fake_upstream_witness(evidence->upstreams[0], 0)->out.bytes;
}

static void release(struct mapped *mapped)
{
    player_destroy(&mapped->player);
    region_release(&mapped->region);
    bases_release(&mapped->bases);
}

static const struct fault_message *find(const struct fault_map *map, enum wire_party party,
                                        enum wire_direction direction)
{
    for (size_t i = 0; i < map->message_count; i++)
        if (map->messages[i].party == party && map->messages[i].direction == direction)
            return &map->messages[i];
    return NULL;
}

static void every_message_of_an_exchange_is_there_whole(void **state)
{
    static const enum wire_party PARTIES[] = {WIRE_CLIENT, WIRE_UPSTREAM};
    static const enum wire_direction DIRECTIONS[] = {WIRE_SENT, WIRE_RECEIVED};
    struct mapped mapped;

    (void)state;
    play_and_map(&mapped, NULL);
    for (size_t p = 0; p < COUNT_OF(PARTIES); p++)
        for (size_t d = 0; d < COUNT_OF(DIRECTIONS); d++) {
            const struct fault_message *message = find(&mapped.map, PARTIES[p], DIRECTIONS[d]);
            assert_non_null(message);
            assert_int_equal(message->begin, 0);
            assert_int_equal(message->number, 1);
            assert_true(message->head_end > 0 && message->head_end <= message->body_end);
            assert_true(message->body_end <= message->end && message->end < UINT64_MAX);
        }
    assert_int_equal(find(&mapped.map, WIRE_UPSTREAM, WIRE_SENT)->end, mapped.sent);
    release(&mapped);
}

static void a_message_that_was_cut_has_no_end(void **state)
{
    const struct wire_fault fault = {.party = WIRE_UPSTREAM,
                                     .connection = 1,
                                     .direction = WIRE_SENT,
                                     .offset = 7,
                                     .kind = WIRE_FAULT_FIN};
    struct mapped mapped;
    char words[FAULT_WORDS_BYTES];

    (void)state;
    play_and_map(&mapped, &fault);
    const struct fault_message *message = find(&mapped.map, WIRE_UPSTREAM, WIRE_SENT);
    assert_non_null(message);
    assert_int_equal(message->begin, 0);
    assert_true(message->head_end == UINT64_MAX);
    assert_non_null(strstr(fault_words(&fault, &mapped.map, words),
                           "closes after 7 bytes of the head of its response"));
    release(&mapped);
}

static void a_message_that_is_due_has_a_beginning(void **state)
{
    const struct wire_fault fault = {.party = WIRE_UPSTREAM,
                                     .connection = 1,
                                     .direction = WIRE_SENT,
                                     .offset = 0,
                                     .kind = WIRE_FAULT_RST};
    struct mapped mapped;
    char words[FAULT_WORDS_BYTES];

    (void)state;
    play_and_map(&mapped, &fault);
    assert_non_null(find(&mapped.map, WIRE_UPSTREAM, WIRE_SENT) != NULL
                        ? strstr(fault_words(&fault, &mapped.map, words), "before the first byte")
                        : NULL);
    release(&mapped);
}

static void without_evidence_faults_are_told_by_numbers(void **state)
{
    const struct wire_fault fault = {.party = WIRE_UPSTREAM,
                                     .connection = 1,
                                     .direction = WIRE_SENT,
                                     .offset = 7,
                                     .kind = WIRE_FAULT_FIN};
    struct base_list bases;
    struct region region;
    struct fault_map map;
    char words[FAULT_WORDS_BYTES];

    (void)state;
    rig_load(&bases, TINY_POST);
    region_init(&region, SCENARIO_BYTES_MAX);
    assert_true(message_map_make(bases.list[0].expecting, NULL, &region, &map));
    assert_int_equal(map.message_count, 0);
    assert_non_null(strstr(fault_words(&fault, &map, words), "after it has sent 7 bytes"));
    region_release(&region);
    bases_release(&bases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_of_an_exchange_is_there_whole),
        cmocka_unit_test(a_message_that_was_cut_has_no_end),
        cmocka_unit_test(a_message_that_is_due_has_a_beginning),
        cmocka_unit_test(without_evidence_faults_are_told_by_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
