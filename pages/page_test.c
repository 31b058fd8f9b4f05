/* A page is read as a browser would read it: its elements, then what its data inflate to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "pages/base64.h"
#include "pages/page.h"
#include "pages/page_files.h"
#include "pages/repeats_rig.h"

enum { CODED_BYTES_MORE = 64 }; /* of the coded form, where nothing repeats */

struct text {
    char *data;
    size_t size;
};

/* ---- reading a page ------------------------------------------------------------------------------ */

static int digit_of(char character)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = character == '\0' ? NULL : strchr(DIGITS, character);

    return found == NULL ? -1 : (int)(found - DIGITS);
}

/* RFC 4648 4, strictly: whole groups, padding at the end alone. */
static struct text base64_read(const char *text, size_t size)
{
    struct text read = {malloc(size + 1), 0};
    uint32_t bits = 0;

    assert_int_equal(size % 4, 0);
    for (size_t i = 0; i < size; i++) {
        const bool padded =
            text[i] == '=' && i + 2 >= size && (i + 1 == size || text[i + 1] == '=');
        const int digit = padded ? 0 : digit_of(text[i]);

        assert_true(digit >= 0);
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 != 3)
            continue;
        for (int shift = 16; shift >= 0; shift -= 8)
            read.data[read.size++] = (char)(bits >> shift & 255);
    }
    while (size > 0 && text[size - 1] == '=') {
        size--;
        read.size--;
    }
    return read;
}

static struct text inflate_whole(struct text packed, size_t size)
{
    struct text plain = {malloc(size + 1), 0};
    z_stream stream = {.next_in = (unsigned char *)packed.data,
                       .avail_in = (unsigned)packed.size,
                       .next_out = (unsigned char *)plain.data,
                       .avail_out = (unsigned)size + 1};

    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    plain.size = stream.total_out;
    inflateEnd(&stream);
    return plain;
}

/* What stands between two texts; the test fails if they are not there. */
static struct text between(const char *page, const char *before, const char *after)
{
    const char *from = strstr(page, before);

    assert_non_null(from);
    from += strlen(before);
    const char *to = strstr(from, after);
    assert_non_null(to);
    return (struct text){strndup(from, (size_t)(to - from)), (size_t)(to - from)};
}

static char *page_of(enum page kind, const char *title)
{
    char *page = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&page, &size);

    page_begin(kind, title, out);
    page_end(out);
    assert_int_equal(fclose(out), 0);
    return page;
}

static size_t count_of(const char *page, const char *text)
{
    size_t count = 0;

    for (const char *at = strstr(page, text); at != NULL; at = strstr(at + 1, text))
        count++;
    return count;
}

/* ---- data ---------------------------------------------------------------------------------------- */

static void expect_round_trip(const void *data, size_t size)
{
    char *page = NULL;
    size_t page_size = 0;
    FILE *out = open_memstream(&page, &page_size);

    assert_true(page_put_data("cases-0", data, size, out));
    fclose(out);
    const struct text packed =
        between(page, "<script type=\"text/plain\" id=\"data-cases-0\">", "</script>\n");
    const struct text bytes = base64_read(packed.data, packed.size);
    const struct text coded = inflate_whole(bytes, 2 * size + CODED_BYTES_MORE);
    const struct repeats_text plain =
        repeats_read(&(struct repeats_text){(uint8_t *)coded.data, coded.size});
    assert_int_equal(plain.size, size);
    if (size > 0)
        assert_memory_equal(plain.data, data, size);
    free(plain.data);
    free(coded.data);
    free(bytes.data);
    free(packed.data);
    free(page);
}

static void data_of_any_size_come_back(void **state)
{
    (void)state;
    unsigned char data[70];

    for (size_t size = 0; size <= sizeof(data); size++) {
        for (size_t i = 0; i < size; i++)
            data[i] = (unsigned char)(i * 37 + size);
        expect_round_trip(data, size);
    }
}

static void data_that_do_not_compress_come_back(void **state)
{
    (void)state;
    const size_t size = 1u << 20; /* many times what the compressor gives at once */
    unsigned char *data = malloc(size);
    uint32_t random = 1;

    for (size_t i = 0; i < size; i++) {
        random = random * 1664525 + 1013904223;
        data[i] = (unsigned char)(random >> 24);
    }
    expect_round_trip(data, size);
    free(data);
}

static void data_cannot_end_their_element(void **state)
{
    (void)state;
    static const char DATA[] = "{\"a\":\"</script><script>alert(1)</script><!--\"}";
    char *page = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&page, &size);

    assert_true(page_put_data("index", DATA, sizeof(DATA) - 1, out));
    fclose(out);
    assert_int_equal(count_of(page, "<"), 2);
    assert_null(strstr(page, "alert"));
    free(page);
    expect_round_trip(DATA, sizeof(DATA) - 1);
}

static void base64_is_the_same_in_whatever_pieces(void **state)
{
    (void)state;
    static const char DATA[] = "any carnal pleasure";
    const size_t size = sizeof(DATA) - 1;

    for (size_t first = 0; first <= size; first++)
        for (size_t second = first; second <= size; second++) {
            char text[64];
            FILE *out = fmemopen(text, sizeof(text), "w");
            struct base64 base64;

            base64_begin(&base64, out);
            base64_put(&base64, DATA, first);
            base64_put(&base64, DATA + first, second - first);
            base64_put(&base64, DATA + second, size - second);
            base64_end(&base64);
            fclose(out);
            assert_string_equal(text, "YW55IGNhcm5hbCBwbGVhc3VyZQ==");
        }
}

/* ---- the document -------------------------------------------------------------------------------- */

struct title_row {
    const char *sentence;
    const char *title;
    const char *written;
};

static const struct title_row TITLES[] = {
    {"plain text is written as it is", "412 cases", "412 cases"},
    {"text beyond ASCII too", "Prüfung ✓", "Prüfung ✓"},
    {"markup is text", "</title><script>alert(1)</script>",
     "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"},
    {"an ampersand is one", "a &amp; b", "a &amp;amp; b"},
    {"control characters are spaces", "a\nb\x01\x7F\x1B[2J", "a b   [2J"},
    {"bytes that are not UTF-8 harm nothing", "\xFF<\xC0", "\xFF&lt;\xC0"},
};

static void a_title_of_any_bytes_is_text(void **state)
{
    const struct title_row *row = *state;
    char *page = page_of(PAGE_REPORT, row->title);
    const struct text title = between(page, "<title>", "</title>");

    assert_string_equal(title.data, row->written);
    free(title.data);
    free(page);
}

static void each_page_has_the_modules_that_are_for_it(void **state)
{
    (void)state;
    size_t count = 0;
    const struct page_file *files = page_files(&count);
    char *pages[PAGE_COUNT] = {page_of(PAGE_REPORT, "r"), page_of(PAGE_LIVE, "l")};
    size_t modules = 0;

    for (size_t i = 0; i < count; i++) {
        char name[128];
        const char *suffix = strrchr(files[i].path, '.');

        if (strcmp(suffix, ".js") != 0)
            continue;
        snprintf(name, sizeof(name), "\"retryproof/%.*s\":\"data:text/javascript;",
                 (int)(suffix - files[i].path), files[i].path);
        assert_int_equal(count_of(pages[PAGE_REPORT], name),
                         strncmp(files[i].path, "live/", 5) != 0);
        assert_int_equal(count_of(pages[PAGE_LIVE], name),
                         strncmp(files[i].path, "report/", 7) != 0);
        modules++;
    }
    assert_true(modules >= 4);
    free(pages[PAGE_REPORT]);
    free(pages[PAGE_LIVE]);
}

static void a_module_comes_back_with_its_name(void **state)
{
    (void)state;
    size_t count = 0;
    const struct page_file *files = page_files(&count);
    char *page = page_of(PAGE_REPORT, "r");
    size_t dom = 0;

    while (strcmp(files[dom].path, "parts/dom.js") != 0) {
        dom++;
        assert_true(dom < count);
    }
    const struct text packed = between(
        page, "\"retryproof/parts/dom\":\"data:text/javascript;charset=utf-8;base64,", "\"");
    const struct text module = base64_read(packed.data, packed.size);
    assert_memory_equal(module.data, files[dom].text, files[dom].size);
    module.data[module.size] = '\0';
    assert_string_equal(module.data + files[dom].size, "\n//# sourceURL=retryproof/parts/dom.js\n");
    free(module.data);
    free(packed.data);
    free(page);
}

/* A style stands in the document as it is, so it must not hold what ends its element. */
static void no_style_ends_its_element(void **state)
{
    (void)state;
    size_t count = 0;
    const struct page_file *files = page_files(&count);

    for (size_t i = 0; i < count; i++)
        assert_null(memmem(files[i].text, files[i].size, "</", 2));
}

static void a_page_asks_no_network(void **state)
{
    (void)state;
    char *report = page_of(PAGE_REPORT, "r");
    char *live = page_of(PAGE_LIVE, "l");

    assert_non_null(strstr(report, "Content-Security-Policy\" content=\"default-src 'none';"));
    assert_null(strstr(report, "connect-src"));
    assert_non_null(strstr(live, "connect-src 'self'\">"));
    assert_int_equal(count_of(report, " src="), 0);
    assert_int_equal(count_of(report, "href="), 1); /* the icon that is none */
    assert_int_equal(count_of(report, "<noscript>"), 1);
    assert_non_null(strstr(report, "<html lang=\"en\">"));
    free(report);
    free(live);
}

int main(void)
{
    enum { OTHER_TESTS = 8 };
    const struct CMUnitTest others[OTHER_TESTS] = {
        cmocka_unit_test(data_of_any_size_come_back),
        cmocka_unit_test(data_that_do_not_compress_come_back),
        cmocka_unit_test(data_cannot_end_their_element),
        cmocka_unit_test(base64_is_the_same_in_whatever_pieces),
        cmocka_unit_test(each_page_has_the_modules_that_are_for_it),
        cmocka_unit_test(a_module_comes_back_with_its_name),
        cmocka_unit_test(no_style_ends_its_element),
        cmocka_unit_test(a_page_asks_no_network),
    };
    struct CMUnitTest tests[OTHER_TESTS + COUNT_OF(TITLES)];

    memcpy(tests, others, sizeof(others));
    for (size_t i = 0; i < COUNT_OF(TITLES); i++)
        tests[OTHER_TESTS + i] =
            (struct CMUnitTest){.name = TITLES[i].sentence,
                                .test_func = a_title_of_any_bytes_is_text,
                                .initial_state = (void *)(uintptr_t)&TITLES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
