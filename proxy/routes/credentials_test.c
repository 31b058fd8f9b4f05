#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/routes/credentials.h"

enum { ALADDIN, BOB, UMLAUT, LONGEST, EVEN, EVERYBODY = 0x1f };

/* As long as a name and a password may be. */
#define LONG_NAME     "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define HALF_PASSWORD "ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
#define LONG_PASSWORD HALF_PASSWORD HALF_PASSWORD "p"

_Static_assert(sizeof(LONG_NAME) == USER_NAME_BYTES, "as long as a name may be");
_Static_assert(sizeof(LONG_PASSWORD) == PASSWORD_BYTES, "as long as a password may be");

static const struct user_settings USERS[USERS_MAX] = {
    [ALADDIN] = {"Aladdin", "open sesame"},
    [BOB] = {"bob", "a:b"},
    [UMLAUT] = {"test", "123\xc2\xa3"},
    [LONGEST] = {LONG_NAME, LONG_PASSWORD},
    [EVEN] = {"u", "abcd"}, /* whose base64 needs no padding */
};

struct row {
    const char *name;
    const char *value; /* NULL: no field */
    enum credentials_verdict verdict;
    size_t user;
};

static const struct row ROWS[] = {
    {"no field asks for credentials", NULL, CREDENTIALS_MISSING, 0},
    {"an empty field too", "", CREDENTIALS_MISSING, 0},
    {"another scheme too", "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", CREDENTIALS_MISSING, 0},
    {"a scheme that begins like Basic too",
     "Basically QWxhZGRpbjpvcGVuIHNlc2FtZQ==", CREDENTIALS_MISSING, 0},
    {"credentials without a scheme too", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==", CREDENTIALS_MISSING, 0},

    {"the example of RFC 7617 comes in", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", CREDENTIALS_FINE,
     ALADDIN},
    {"padding may be left out", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", CREDENTIALS_FINE, ALADDIN},
    {"the scheme has no case", "bASIC QWxhZGRpbjpvcGVuIHNlc2FtZQ==", CREDENTIALS_FINE, ALADDIN},
    {"blanks around do not count", " Basic   QWxhZGRpbjpvcGVuIHNlc2FtZQ== ", CREDENTIALS_FINE,
     ALADDIN},
    {"a password may have a colon", "Basic Ym9iOmE6Yg==", CREDENTIALS_FINE, BOB},
    {"and bytes past ASCII", "Basic dGVzdDoxMjPCow==", CREDENTIALS_FINE, UMLAUT},

    {"a scheme without credentials is wrong", "Basic", CREDENTIALS_WRONG, 0},
    {"a blank does not make it better", "Basic ", CREDENTIALS_WRONG, 0},
    {"a wrong password", "Basic QWxhZGRpbjpvcGVuIHNlc2FtRQ==", CREDENTIALS_WRONG, 0},
    {"a password with something behind it", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZWU=", CREDENTIALS_WRONG,
     0},
    {"a part of a password", "Basic QWxhZGRpbjpvcGVuIHNlc2Ft", CREDENTIALS_WRONG, 0},
    {"an unknown name", "Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==", CREDENTIALS_WRONG, 0},
    {"the name of one, the password of another", "Basic Ym9iOm9wZW4gc2VzYW1l", CREDENTIALS_WRONG,
     0},
    {"no password", "Basic QWxhZGRpbjo=", CREDENTIALS_WRONG, 0},
    {"neither name nor password", "Basic Og==", CREDENTIALS_WRONG, 0},
    {"no colon", "Basic QWxhZGRpbg==", CREDENTIALS_WRONG, 0},
    {"a NUL behind the password", "Basic Ym9iOmE6YgA=", CREDENTIALS_WRONG, 0},

    {"one padding sign too few", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=", CREDENTIALS_WRONG, 0},
    {"one too many", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ===", CREDENTIALS_WRONG, 0},
    {"none where none is needed", "Basic dTphYmNk", CREDENTIALS_FINE, EVEN},
    {"padding where none is needed", "Basic dTphYmNk====", CREDENTIALS_WRONG, 0},
    {"padding within", "Basic Ym9iOmE6Yg==AAAA", CREDENTIALS_WRONG, 0},
    {"a digit that stands alone", "Basic dTphYmNkA", CREDENTIALS_WRONG, 0},
    {"bits that belong to no byte", "Basic Ym9iOmE6Yh==", CREDENTIALS_WRONG, 0},
    {"a blank within", "Basic Ym9i OmE6Yg==", CREDENTIALS_WRONG, 0},
    {"the alphabet for URLs", "Basic dGVzdDoxMjPC_w==", CREDENTIALS_WRONG, 0},
    {"a further parameter", "Basic Ym9iOmE6Yg==, realm=x", CREDENTIALS_WRONG, 0},
};

static void is_judged(void **state)
{
    const struct row *row = *state;
    struct bytes value = row->value != NULL ? bytes_of(row->value) : (struct bytes){0};
    size_t user = USERS_MAX;

    assert_int_equal(credentials_check(value, USERS, EVERYBODY, &user), row->verdict);
    assert_int_equal(user, row->verdict == CREDENTIALS_FINE ? row->user : USERS_MAX);
}

static void who_is_not_allowed_here_is_wrong(void **state)
{
    const struct bytes bob = bytes_of("Basic Ym9iOmE6Yg==");
    size_t user;

    (void)state;
    assert_int_equal(credentials_check(bob, USERS, 1 << ALADDIN, &user), CREDENTIALS_WRONG);
    assert_int_equal(credentials_check(bob, USERS, 0, &user), CREDENTIALS_WRONG);
    assert_int_equal(credentials_check(bob, USERS, 1 << BOB, &user), CREDENTIALS_FINE);
}

static void the_last_of_all_users_comes_in(void **state)
{
    struct user_settings users[USERS_MAX] = {0};
    size_t user;

    (void)state;
    for (size_t i = 0; i < USERS_MAX; i++) {
        snprintf(users[i].name, sizeof(users[i].name), "user %zu", i);
        snprintf(users[i].password, sizeof(users[i].password), "p");
    }
    users[USERS_MAX - 1] = USERS[BOB];
    assert_int_equal(credentials_check(bytes_of("Basic Ym9iOmE6Yg=="), users, UINT64_MAX, &user),
                     CREDENTIALS_FINE);
    assert_int_equal(user, USERS_MAX - 1);
}

/* base64 of the text, without padding where none is needed. */
static struct bytes encode(const char *text, char *out, size_t room)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t used = (size_t)snprintf(out, room, "Basic ");
    size_t size = strlen(text);

    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)(uint8_t)text[i] << 16;

        group |= i + 1 < size ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0;
        group |= i + 2 < size ? (uint32_t)(uint8_t)text[i + 2] : 0;
        assert_true(used + 4 <= room);
        for (unsigned digit = 0; digit < 4; digit++)
            out[used++] = i + digit > size ? '=' : digits[group >> (18 - 6 * digit) & 63];
    }
    return bytes_make(out, used);
}

static void name_and_password_have_a_length(void **state)
{
    char text[1024];
    size_t user;

    (void)state;
    assert_int_equal(credentials_check(encode(LONG_NAME ":" LONG_PASSWORD, text, sizeof(text)),
                                       USERS, EVERYBODY, &user),
                     CREDENTIALS_FINE);
    assert_int_equal(user, LONGEST);
    assert_int_equal(credentials_check(encode(LONG_NAME "n:" LONG_PASSWORD, text, sizeof(text)),
                                       USERS, EVERYBODY, &user),
                     CREDENTIALS_WRONG);
    assert_int_equal(credentials_check(encode(LONG_NAME ":" LONG_PASSWORD "p", text, sizeof(text)),
                                       USERS, EVERYBODY, &user),
                     CREDENTIALS_WRONG);
    assert_int_equal(
        credentials_check(encode(LONG_NAME "n:p", text, sizeof(text)), USERS, EVERYBODY, &user),
        CREDENTIALS_WRONG);
    assert_int_equal(credentials_check(encode("n:" LONG_PASSWORD "p", text, sizeof(text)), USERS,
                                       EVERYBODY, &user),
                     CREDENTIALS_WRONG);
}

/* What stands behind the end of a name in a caller's settings is no part of it. */
static void only_the_text_of_a_name_counts(void **state)
{
    struct user_settings users[1];
    size_t user;

    (void)state;
    memset(users, 'x', sizeof(users));
    memcpy(users[0].name, "bob", sizeof("bob"));
    memcpy(users[0].password, "a:b", sizeof("a:b"));
    assert_int_equal(credentials_check(bytes_of("Basic Ym9iOmE6Yg=="), users, 1, &user),
                     CREDENTIALS_FINE);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(who_is_not_allowed_here_is_wrong),
        cmocka_unit_test(the_last_of_all_users_comes_in),
        cmocka_unit_test(name_and_password_have_a_length),
        cmocka_unit_test(only_the_text_of_a_name_counts),
    };
    struct CMUnitTest tests[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        tests[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                       .test_func = is_judged,
                                       .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
