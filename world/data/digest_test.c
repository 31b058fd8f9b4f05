/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "world/data/digest.h"

/* FIPS 180-4's own examples. */
static const char NOTHING[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char ABC[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void assert_finish(struct digest *digest, const char *expected)
{
    uint8_t out[DIGEST_BYTES];
    char text[DIGEST_TEXT_BYTES];

    digest_finish(digest, out);
    assert_string_equal(digest_format(out, text), expected);
}

static void known_texts_have_their_known_digests(void **state)
{
    struct digest digest;

    (void)state;
    digest_init(&digest);
    assert_finish(&digest, NOTHING);
    digest_update(&digest, "abc", 3);
    assert_finish(&digest, ABC);
    digest_update(&digest, "", 0);
    assert_finish(&digest, NOTHING);
    assert_non_null(digest.context);
    digest_release(&digest);
    assert_null(digest.context);
}

static void pieces_count_as_their_whole(void **state)
{
    struct digest digest = {0};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        digest_update(&digest, &"abc"[i], 1);
    assert_finish(&digest, ABC);
    digest_release(&digest);
}

static void a_reset_forgets_all_bytes(void **state)
{
    struct digest digest = {0};

    (void)state;
    digest_update(&digest, "xyz", 3);
    digest_reset(&digest);
    digest_update(&digest, "abc", 3);
    assert_finish(&digest, ABC);
    digest_release(&digest);
}

static void a_peek_changes_nothing(void **state)
{
    struct digest digest = {0};
    uint8_t out[DIGEST_BYTES];
    char text[DIGEST_TEXT_BYTES];

    (void)state;
    digest_peek(&digest, out);
    assert_string_equal(digest_format(out, text), NOTHING);
    digest_update(&digest, "a", 1);
    digest_peek(&digest, out);
    assert_string_equal(digest_format(out, text),
                        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
    digest_update(&digest, "bc", 2);
    assert_finish(&digest, ABC);
    digest_release(&digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_their_known_digests),
        cmocka_unit_test(pieces_count_as_their_whole),
        cmocka_unit_test(a_reset_forgets_all_bytes),
        cmocka_unit_test(a_peek_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
