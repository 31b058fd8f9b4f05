#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world/sim/fingerprint.h"

enum { BYTES_MAX = 150 }; /* several rounds of the lanes, whole words, and a tail of every size */

static void every_bit_matters(void **state)
{
    (void)state;
    for (size_t size = 1; size <= BYTES_MAX; size++) {
        uint8_t data[BYTES_MAX] = {0};
        uint64_t hash = fingerprint_bytes(7, data, size);

        for (size_t bit = 0; bit < size * 8; bit++) {
            data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_true(fingerprint_bytes(7, data, size) != hash);
            data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_true(fingerprint_bytes(7, data, size) == hash);
    }
}

static void sizes_matter(void **state)
{
    static const uint8_t zeros[BYTES_MAX];
    uint64_t hashes[BYTES_MAX];

    (void)state;
    for (size_t size = 0; size < BYTES_MAX; size++) {
        hashes[size] = fingerprint_bytes(7, zeros, size);
        for (size_t other = 0; other < size; other++)
            assert_true(hashes[size] != hashes[other]);
    }
}

/* Every place holds its own value; exchanging any two of them shows. */
static void places_matter(void **state)
{
    uint8_t data[BYTES_MAX];
    uint64_t hash;

    (void)state;
    for (size_t i = 0; i < BYTES_MAX; i++)
        data[i] = (uint8_t)i;
    hash = fingerprint_bytes(7, data, BYTES_MAX);
    for (size_t i = 0; i < BYTES_MAX; i++) {
        for (size_t j = 0; j < i; j++) {
            data[i] = (uint8_t)j;
            data[j] = (uint8_t)i;
            assert_true(fingerprint_bytes(7, data, BYTES_MAX) != hash);
            data[i] = (uint8_t)i;
            data[j] = (uint8_t)j;
        }
    }
}

static void history_matters(void **state)
{
    static const uint8_t data[BYTES_MAX];

    (void)state;
    for (size_t size = 0; size < BYTES_MAX; size++)
        assert_true(fingerprint_bytes(7, data, size) != fingerprint_bytes(8, data, size));
    assert_true(fingerprint_word(fingerprint_word(0, 1), 2) !=
                fingerprint_word(fingerprint_word(0, 2), 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"any changed bit is noticed", every_bit_matters, NULL, NULL, NULL},
        {"sizes are noticed", sizes_matter, NULL, NULL, NULL},
        {"any two exchanged bytes are noticed", places_matter, NULL, NULL, NULL},
        {"what came before is noticed", history_matters, NULL, NULL, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
