/* OpenSSL 3 marks RAND_METHOD as deprecated in favour of providers; it is one page against their hundreds. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <string.h>

#include <openssl/rand.h>

#include "world/tls/state.h"

/*
 * OpenSSL asks for random bytes without saying for whom, so the generator cannot belong to a connection. It belongs to
 * the thread, as a world does; other threads go on with OpenSSL's own.
 */
static _Thread_local struct generator {
    bool seeded;
    bool aside;
    uint64_t state;
} generator;

/* splitmix64 (Steele, Lea, Flood 2014): nothing here is a secret. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15ull;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

static int fill(unsigned char *data, int size)
{
    if (!generator.seeded || generator.aside)
        return RAND_OpenSSL()->bytes(data, size);
    while (size > 0) {
        uint64_t drawn = draw(&generator.state);
        int part = size < (int)sizeof(drawn) ? size : (int)sizeof(drawn);

        memcpy(data, &drawn, (size_t)part);
        data += part;
        size -= part;
    }
    return 1;
}

static int is_ready(void)
{
    return 1;
}

void tls_randomness_seed(uint64_t seed)
{
    static const RAND_METHOD method = {.bytes = fill, .pseudorand = fill, .status = is_ready};

    generator = (struct generator){.seeded = true, .state = seed};
    check(RAND_set_rand_method(&method) == 1);
}

void tls_randomness_restore(void)
{
    generator = (struct generator){.seeded = false};
    check(RAND_set_rand_method(RAND_OpenSSL()) == 1);
}

bool tls_randomness_is_seeded(void)
{
    return generator.seeded;
}

void tls_randomness_set_aside(void)
{
    check(!generator.aside);
    generator.aside = true;
}

void tls_randomness_take_up(void)
{
    check(generator.aside);
    generator.aside = false;
}
