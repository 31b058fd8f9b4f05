/*
 * For tests: a strict reader of Prometheus text, version 0.0.4. It takes what the format's own page asks for, and of what
 * that leaves open only what the proxy writes: families in one piece, HELP then TYPE before the samples, whole numbers.
 */
#ifndef PROXY_ADMIN_METRICS_RIG_H
#define PROXY_ADMIN_METRICS_RIG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

enum {
    METRICS_RIG_FAMILIES_MAX = 64,
    METRICS_RIG_SAMPLES_MAX = 4096,
    METRICS_RIG_NAME_BYTES = 128,
};

/* A line of the page that is exactly this one, or NULL. */
static inline const char *metrics_find_line(const char *page, const char *line)
{
    size_t size = strlen(line);

    for (const char *at = page; (at = strstr(at, line)) != NULL; at++)
        if ((at == page || at[-1] == '\n') && at[size] == '\n')
            return at;
    return NULL;
}

static inline bool metrics_is_name_byte(char byte, bool first)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (!first && byte >= '0' && byte <= '9');
}

/* Takes a name off the front; fails the test where there is none. */
static inline const char *metrics_take_name(const char *at, char name[METRICS_RIG_NAME_BYTES])
{
    size_t size = 0;

    while (metrics_is_name_byte(at[size], size == 0))
        size++;
    if (size == 0 || size >= METRICS_RIG_NAME_BYTES)
        fail_msg("no name at '%.40s'", at);
    memcpy(name, at, size);
    name[size] = '\0';
    return at + size;
}

static inline const char *metrics_take(const char *at, const char *text)
{
    if (strncmp(at, text, strlen(text)) != 0)
        fail_msg("'%s' is missing at '%.60s'", text, at);
    return at + strlen(text);
}

/* {name="value",...}: in a value backslashes and quotes are escaped, and control bytes do not stand. */
static inline const char *metrics_take_labels(const char *at)
{
    char name[METRICS_RIG_NAME_BYTES];

    for (at++;; at++) {
        at = metrics_take(metrics_take_name(at, name), "=\"");
        for (; *at != '"'; at++) {
            if ((unsigned char)*at < ' ')
                fail_msg("a label's value does not end: '%.40s'", at);
            if (*at == '\\')
                fail_msg("a word of ours holds a backslash: '%.40s'", at);
        }
        at++;
        if (*at == '}')
            return at + 1;
        if (*at != ',')
            fail_msg("labels do not go on at '%.40s'", at);
    }
}

static inline const char *metrics_take_number(const char *at)
{
    size_t digits = strspn(at, "0123456789");

    if (digits == 0)
        fail_msg("no number at '%.40s'", at);
    return at + digits;
}

struct metrics_reading {
    char families[METRICS_RIG_FAMILIES_MAX][METRICS_RIG_NAME_BYTES];
    size_t family_count;
    char samples[METRICS_RIG_SAMPLES_MAX][METRICS_RIG_NAME_BYTES * 2]; /* name and labels */
    size_t sample_count;
};

/* "# HELP name text" and "# TYPE name counter": a family begins, and has not been there before. */
static inline const char *metrics_take_header(struct metrics_reading *reading, const char *at)
{
    char *name = reading->families[reading->family_count];
    char again[METRICS_RIG_NAME_BYTES];
    bool counts;

    assert_true(reading->family_count < METRICS_RIG_FAMILIES_MAX);
    at = metrics_take(metrics_take_name(metrics_take(at, "# HELP "), name), " ");
    if (strcspn(at, "\n\\") == 0)
        fail_msg("%s has no help, or one with an escape", name);
    at = metrics_take(at + strcspn(at, "\n\\"), "\n# TYPE ");
    at = metrics_take(metrics_take_name(at, again), " ");
    assert_string_equal(name, again);
    for (size_t i = 0; i < reading->family_count; i++)
        assert_string_not_equal(name, reading->families[i]);
    reading->family_count++;
    /* A counter's name says so, a gauge's does not. */
    counts = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;
    return metrics_take(at, counts ? "counter\n" : "gauge\n");
}

/* A sample stands below its family's header, once. */
static inline const char *metrics_take_sample(struct metrics_reading *reading, const char *at)
{
    char *sample = reading->samples[reading->sample_count];
    char name[METRICS_RIG_NAME_BYTES];
    const char *begin = at;

    assert_true(reading->sample_count < METRICS_RIG_SAMPLES_MAX);
    at = metrics_take_name(at, name);
    assert_true(reading->family_count > 0);
    assert_string_equal(name, reading->families[reading->family_count - 1]);
    if (*at == '{')
        at = metrics_take_labels(at);
    snprintf(sample, sizeof(reading->samples[0]), "%.*s", (int)(at - begin), begin);
    for (size_t i = 0; i < reading->sample_count; i++)
        assert_string_not_equal(sample, reading->samples[i]);
    reading->sample_count++;
    return metrics_take(metrics_take_number(metrics_take(at, " ")), "\n");
}

/* Fails the test at the first line that is not as it must be. */
static inline void metrics_check_text(const char *page)
{
    static struct metrics_reading reading;

    reading = (struct metrics_reading){.family_count = 0};
    assert_int_not_equal(*page, '\0');
    while (*page != '\0')
        page = *page == '#' ? metrics_take_header(&reading, page)
                            : metrics_take_sample(&reading, page);
}

#endif
