/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* What a command line may say of another proxy, and how each mistake in it is told. */
#include "harness/session/subject_options.h"

#include <stdio.h>
#include <string.h>

/* Options as they are typed: a name and its value, NULL-terminated. */
enum { TYPED_MAX = 24 };
struct typed {
    const char *words[TYPED_MAX];
    const char *sentence; /* NULL: it is fine */
};

static const struct {
    const char *word;
    bool takes_value;
} KNOWN[] = {
#define KNOWN_OPTION(name, word, value) {word, value},
    SUBJECT_OPTION_LIST(KNOWN_OPTION)
#undef KNOWN_OPTION
};

static bool read_typed(struct subject_options *options, const char *const *words,
                       char error[SUBJECT_OPTIONS_ERROR_BYTES])
{
    subject_options_init(options);
    for (; *words != NULL; words++) {
        size_t option = 0;
        while (strcmp(KNOWN[option].word, *words) != 0)
            option++;
        const char *value = KNOWN[option].takes_value ? *++words : NULL;
        if (!subject_options_read(options, (enum subject_option)option, value, error))
            return false;
    }
    return subject_options_check(options, error);
}

#define A "upstream", "a=127.0.0.1:9001"

static const struct typed TABLE[] = {
    {{NULL}, NULL},
    {{"subject", "builtin"}, NULL},
    {{"subject", "nginx"}, NULL},
    {{"subject", "nginx", "profile", "default", "expect", "rfc9110", "buffering"}, NULL},
    {{"target", "http://127.0.0.1:8080", A}, NULL},
    {{"target", "http://localhost", A}, NULL},
    {{"target", "https://[::1]:8443/app/", A, "insecure"}, NULL},
    {{"target", "http://127.0.0.1:8080", A, "upstream", "b=localhost:9002", "host", "shop.test"},
     NULL},
    {{"target", "http://127.0.0.1:8080", A, "header", "X-Key: 1", "header", "X-Other:"}, NULL},
    {{"target", "http://127.0.0.1:8080", A, "settle", "0", "patience", "3s", "recover", "1ms"},
     NULL},

    {{"expect", "observe"}, "--expect speaks of another proxy than the built-in one"},
    {{"subject", "builtin", "profile", "x"}, "--profile speaks of another proxy"},
    {{"subject", "nginx", "expect", "twice"},
     "--expect: 'twice' is not at-most-once, idempotent, rfc9110 or observe"},
    {{"subject", "nginx", "target", "http://127.0.0.1:1", A}, "exclude each other"},
    {{"subject", "nginx", A}, "are for --target"},
    {{"subject", "nginx", "host", "x"}, "are for --target"},
    {{"target", "127.0.0.1:8080", A}, "is not http://HOST:PORT or https://HOST:PORT"},
    {{"target", "http://", A}, "is not a URL such as"},
    {{"target", "http://127.0.0.1:0x", A}, "is not a URL such as"},
    {{"target", "http://127.0.0.1:1/a?b", A}, "is not a URL such as"},
    {{"target", "http://192.0.2.1:8080", A}, "is not on this machine"},
    {{"target", "http://[2001:db8::1]:8080", A}, "is not on this machine"},
    {{"target", "http://proxy.example:8080", A}, "is not a URL such as"},
    {{"target", "http://127.0.0.1:8080"}, "needs at least one --upstream"},
    {{"target", "http://127.0.0.1:8080", A, "profile", "x"}, "--profile is for proxies"},
    {{"target", "http://127.0.0.1:8080", A, "insecure"}, "are for a target of https://"},
    {{"target", "http://127.0.0.1:8080", A, "ca", "x.pem"}, "are for a target of https://"},
    {{"target", "http://127.0.0.1:8080", A, "recover", "0"}, "must be longer than nothing"},
    {{"target", "http://127.0.0.1:8080", A, "patience", "0ms"}, "must be longer than nothing"},
    {{"subject", "nginx", "patience", "1s"}, "of a proxy that is started its profile says them"},
    {{"subject", "nginx", "settle", "1s"}, "of a proxy that is started its profile says them"},
    {{"subject", "nginx", "recover", "1s"}, "of a proxy that is started its profile says them"},
    {{"header", "host: x"}, "(Host is for --host)"},
    {{"header", "Content-Length: 5"}, "every request has its own"},
    {{"header", "Transfer-Encoding: chunked"}, "every request has its own"},
    {{"header", "X-Request: client.1"}, "every request has its own"},
    {{"target", "http://127.0.0.1:8080", A, "settle", "1.5s"}, "is not a whole number with a unit"},
    {{"target", "http://127.0.0.1:8080", A, A}, "two --upstream"},
    {{"target", "http://127.0.0.1:8080", A, "upstream", "b=127.0.0.1:9001"}, "two --upstream"},
    {{"upstream", "127.0.0.1:9001"}, "is not NAME=HOST:PORT"},
    {{"upstream", "=127.0.0.1:9001"}, "is not NAME=HOST:PORT"},
    {{"upstream", "a=127.0.0.1"}, "is not NAME=HOST:PORT"},
    {{"upstream", "a-name-that-is-too-long=127.0.0.1:1"}, "is not NAME=HOST:PORT"},
    {{"header", "no colon"}, "is not NAME: VALUE"},
    {{"header", "Two words: 1"}, "is not NAME: VALUE"},
    {{"header", "A: b\r\nC: d"}, "is not NAME: VALUE"},
    {{"host", ""}, "is not what a Host field can say"},
    {{"host", "a b"}, "is not what a Host field can say"},
};

static void each_combination_is_read_or_refused_with_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(TABLE); i++) {
        struct subject_options options;
        char error[SUBJECT_OPTIONS_ERROR_BYTES] = "";
        bool fine = read_typed(&options, TABLE[i].words, error);
        const char *expected = TABLE[i].sentence != NULL ? TABLE[i].sentence : "";
        if (fine != (TABLE[i].sentence == NULL) || strstr(error, expected) == NULL)
            fail_msg("row %zu: '%s', expected '%s'", i, error, expected);
    }
}

static void a_target_is_taken_apart(void **state)
{
    static const char *const WORDS[] = {"target", "https://localhost:8443/app//", A, NULL};
    struct subject_options options;
    char error[SUBJECT_OPTIONS_ERROR_BYTES];
    char text[ADDRESS_TEXT_BYTES];
    (void)state;
    assert_true(read_typed(&options, WORDS, error));
    assert_true(options.tls);
    assert_true(subject_options_is_foreign(&options));
    assert_string_equal(address_format(&options.address, text), "127.0.0.1:8443");
    assert_string_equal(options.authority, "localhost:8443");
    assert_string_equal(options.name, "localhost");
    assert_string_equal(options.prefix, "/app");
    assert_string_equal(options.upstream_names[0], "a");
    assert_null(options.upstream_names[1]);
}

/* A field more than fits is refused, and so is one byte. */
static void headers_fit_or_are_refused(void **state)
{
    struct subject_options options;
    char error[SUBJECT_OPTIONS_ERROR_BYTES];
    char header[SCENE_FIELDS_BYTES + 2] = "A: ";
    enum { LINE_END = 2 };
    (void)state;
    memset(header + 3, 'x', SCENE_FIELDS_BYTES - LINE_END - 3);
    subject_options_init(&options);
    assert_true(subject_options_read(&options, SUBJECT_OPTION_HEADER, header, error));
    assert_false(subject_options_read(&options, SUBJECT_OPTION_HEADER, "B: c", error));
    header[SCENE_FIELDS_BYTES - LINE_END] = 'x';
    subject_options_init(&options);
    assert_false(subject_options_read(&options, SUBJECT_OPTION_HEADER, header, error));
    assert_non_null(strstr(error, "too long"));
}

static void more_upstreams_than_fit_are_refused(void **state)
{
    struct subject_options options;
    char error[SUBJECT_OPTIONS_ERROR_BYTES];
    (void)state;
    subject_options_init(&options);
    for (unsigned i = 0; i <= SUBJECT_OPTIONS_UPSTREAMS_MAX; i++) {
        char text[32];
        snprintf(text, sizeof(text), "u%u=127.0.0.1:%u", i, 9001 + i);
        assert_int_equal(subject_options_read(&options, SUBJECT_OPTION_UPSTREAM, text, error),
                         i < SUBJECT_OPTIONS_UPSTREAMS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_combination_is_read_or_refused_with_a_sentence),
        cmocka_unit_test(a_target_is_taken_apart),
        cmocka_unit_test(headers_fit_or_are_refused),
        cmocka_unit_test(more_upstreams_than_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
