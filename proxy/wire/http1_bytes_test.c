/*
 * Which byte may stand where: all 256 of them, at every place of every part, held against the grammar as the RFCs
 * have it. The guard looks at eight bytes of a value at a time, so places go beyond that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/wire/http1_rig.h"

static struct rig rig; /* too large for a stack; every run begins it anew */

enum { INPUT_BYTES_MAX = 256, BYTE_VALUES = 256 };

static bool is_vchar(int c)
{
    return c >= 0x21 && c <= 0x7e;
}

/* RFC 9110 5.6.2: any VCHAR, except delimiters. */
static bool is_tchar(int c)
{
    return is_vchar(c) && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
}

/* RFC 9110 5.5, RFC 9112 4: VCHAR, obs-text, SP and HTAB. */
static bool is_text(int c)
{
    return is_vchar(c) || c >= 0x80 || c == ' ' || c == '\t';
}

static bool is_in_target(int c)
{
    return is_vchar(c) && c != '#';
}

static bool is_hex_digit(int c)
{
    return c != '\0' && strchr("0123456789abcdefABCDEF", c) != NULL;
}

/* Bytes that end the part and so may follow it, where what comes then is wrong for another reason. */
struct part {
    const char *name;
    enum reader_kind kind;
    const char *before;
    const char *part; /* "x" is any byte of it */
    const char *after;
    bool (*may_be)(int c);
    const char *ends; /* bytes that are not judged: they end the part */
};

#define CHUNKED_HEAD "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"

static const struct part PARTS[] = {
    {"a target", READ_REQUEST, "GET /", "xxxxxxxxxxxxxxxxxxx", " HTTP/1.1\r\n\r\n", is_in_target,
     " "},
    {"a field name", READ_REQUEST, "GET / HTTP/1.1\r\n", "xxxxxxxxxxxxxxxxxxx", ": a\r\n\r\n",
     is_tchar, ":"},
    {"a field value", READ_REQUEST, "GET / HTTP/1.1\r\nA: ", "xxxxxxxxxxxxxxxxxxx", "\r\n\r\n",
     is_text, ""},
    {"a reason", READ_RESPONSE, "HTTP/1.1 204 ", "xxxxxxxxxxxxxxxxxxx", "\r\n\r\n", is_text, ""},
    {"a chunk extension", READ_REQUEST, CHUNKED_HEAD "0;", "xxxxxxxxxxxxxxxxxxx", "\r\n\r\n",
     is_text, ""},
    {"a trailer's name", READ_REQUEST, CHUNKED_HEAD "0\r\n", "xxxxxxxxxxxxxxxxxxx", ": a\r\n\r\n",
     is_tchar, ":"},
    {"a trailer's value", READ_REQUEST, CHUNKED_HEAD "0\r\nA: ", "xxxxxxxxxxxxxxxxxxx", "\r\n\r\n",
     is_text, ""},
};

static bool is_let_through(const struct part *part, size_t at, int c)
{
    const struct rig_settings settings = rig_usual(part->kind);
    char input[INPUT_BYTES_MAX];
    int size = snprintf(input, sizeof(input), "%s%s%s", part->before, part->part, part->after);
    const char *text;

    check(size > 0);
    input[strlen(part->before) + at] = (char)c;
    text = rig_run_split(&rig, &settings, bytes_make(input, (size_t)size), (size_t)size);
    return strstr(text, "refused") == NULL;
}

static void lets_through_what_the_grammar_has(void **state)
{
    const struct part *part = *state;

    for (size_t at = 0; at < strlen(part->part); at++)
        for (int c = 0; c < BYTE_VALUES; c++)
            if ((c == '\0' || strchr(part->ends, c) == NULL) &&
                is_let_through(part, at, c) != part->may_be(c))
                fail_msg("byte 0x%02x at %zu", (unsigned)c, at);
}

/* Methods are a list, so a token that is none of it is refused too, but with another status. */
static void a_method_is_a_token(void **state)
{
    const struct rig_settings settings = rig_usual(READ_REQUEST);

    (void)state;
    for (int c = 0; c < BYTE_VALUES; c++) {
        char input[] = "GxT / HTTP/1.1\r\n\r\n";
        const char *text;

        if (c == ' ' || c == 'E')
            continue;
        input[1] = (char)c;
        text = rig_run_split(&rig, &settings, bytes_make(input, sizeof(input) - 1), 0);
        assert_int_equal(strstr(text, "refused 501") != NULL, is_tchar(c));
        assert_int_equal(strstr(text, "refused 400") != NULL, !is_tchar(c));
    }
}

static void a_chunk_size_is_hexadecimal(void **state)
{
    const struct rig_settings settings = rig_usual(READ_REQUEST);

    (void)state;
    for (int c = 0; c < BYTE_VALUES; c++) {
        char input[] = CHUNKED_HEAD "0x\r\n0123456789abcdef";
        const char *text;

        if (c == ';')
            continue;
        input[sizeof(CHUNKED_HEAD)] = (char)c;
        text = rig_run_split(&rig, &settings, bytes_make(input, sizeof(input) - 1), 0);
        assert_int_equal(strstr(text, "chunk size is not") == NULL && c != '\r', is_hex_digit(c));
    }
}

static void every_version_but_two_is_refused(void **state)
{
    const struct rig_settings settings = rig_usual(READ_REQUEST);

    (void)state;
    for (char major = '0'; major <= '9'; major++) {
        for (char minor = '0'; minor <= '9'; minor++) {
            char input[] = "GET / HTTP/x.x\r\n\r\n";
            bool ours = major == '1' && (minor == '0' || minor == '1');
            const char *text;

            input[11] = major;
            input[13] = minor;
            text = rig_run_split(&rig, &settings, bytes_of(input), 0);
            assert_int_equal(strstr(text, "refused 505") == NULL, ours);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(a_method_is_a_token),
        cmocka_unit_test(a_chunk_size_is_hexadecimal),
        cmocka_unit_test(every_version_but_two_is_refused),
    };
    struct CMUnitTest tests[COUNT_OF(PARTS)];

    for (size_t i = 0; i < COUNT_OF(PARTS); i++)
        tests[i] = (struct CMUnitTest){.name = PARTS[i].name,
                                       .test_func = lets_through_what_the_grammar_has,
                                       .initial_state = (void *)(uintptr_t)&PARTS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
