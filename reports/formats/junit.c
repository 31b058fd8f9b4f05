#include "reports/formats/formats.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "reports/shards.h"
#include "reports/text.h"

/* How JUnit sorts cases: it knows no levels and no cause of being left out. */
enum outcome { OUTCOME_PASS, OUTCOME_FAILURE, OUTCOME_ERROR, OUTCOME_SKIPPED, OUTCOME_COUNT };

/* Consecutive cases: those of one subject, world and stage are a `testsuite`. */
struct suite {
    const struct case_result *begin;
    const struct case_result *end;
    size_t counts[OUTCOME_COUNT];
    uint64_t duration_ns;
};

static struct suite suite_of(const struct case_result *begin, const struct case_result *end);
static const struct case_result *suite_end(const struct case_result *begin,
                                           const struct case_result *end);
static void put_suite(const struct suite *suite, const struct run_result *run, FILE *out);
static void put_counts(const struct suite *suite, FILE *out);
static void put_seconds(uint64_t duration_ns, FILE *out);

void report_junit(const struct run_result *run, FILE *out)
{
    const struct case_result *end = run->cases + run->case_count;
    const struct suite whole = suite_of(run->cases, end);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"retryproof\"", out);
    put_counts(&whole, out);
    put_seconds(run->elapsed_ns, out);
    fputs(">\n", out);
    for (const struct case_result *begin = run->cases; begin < end;) {
        const struct suite suite = suite_of(begin, suite_end(begin, end));
        put_suite(&suite, run, out);
        begin = suite.end;
    }
    fputs("</testsuites>\n", out);
}

static enum outcome outcome_of(const struct case_result *result)
{
    if (result->verdict == VERDICT_PASS)
        return OUTCOME_PASS;
    if (!case_fails_run(result))
        return OUTCOME_SKIPPED;
    return result->verdict == VERDICT_FAIL ? OUTCOME_FAILURE : OUTCOME_ERROR;
}

static struct suite suite_of(const struct case_result *begin, const struct case_result *end)
{
    struct suite suite = {.begin = begin, .end = end};
    for (const struct case_result *result = begin; result < end; result++) {
        suite.counts[outcome_of(result)]++;
        suite.duration_ns += result->duration_ns;
    }
    return suite;
}

static const struct case_result *suite_end(const struct case_result *begin,
                                           const struct case_result *end)
{
    const struct case_result *at = begin;
    while (at < end && strcmp(at->stage, begin->stage) == 0 &&
           strcmp(at->world, begin->world) == 0 && strcmp(at->subject, begin->subject) == 0)
        at++;
    return at;
}

/* Text with XML's own characters escaped (XML 1.0, 2.4); what XML cannot hold at all has become words. */
static void put_escaped(const char *text, FILE *out)
{
    struct text_glyph glyph;
    while (true) {
        const size_t plain = text_plain_size(text, "&<>\"");
        fwrite(text, 1, plain, out);
        text += plain;
        if (!text_next(&text, &glyph))
            return;
        switch (glyph.bytes[0]) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fwrite(glyph.bytes, 1, glyph.size, out);
        }
    }
}

static void put_attribute(const char *name, const char *value, FILE *out)
{
    fprintf(out, " %s=\"", name);
    put_escaped(value, out);
    fputc('"', out);
}

static void put_property(const char *name, const char *value, FILE *out)
{
    fputs("      <property", out);
    put_attribute("name", name, out);
    put_attribute("value", value, out);
    fputs("/>\n", out);
}

static void put_line(const char *label, const char *text, FILE *out)
{
    fputs(label, out);
    put_escaped(text, out);
    fputc('\n', out);
}

/* What a CI server shows when the case is opened. */
static void put_details(const struct case_result *result, FILE *out)
{
    put_line("", result->name, out);
    for (size_t i = 0; i < result->sentence_count; i++)
        put_line("- ", result->sentences[i], out);
    if (result->source != NULL)
        put_line("rule: ", result->source, out);
    fputs("scenario: ", out);
    put_escaped(result->file, out);
    fprintf(out, ":%u\n", case_line(result));
    for (size_t i = 0; i < result->story_count; i++)
        put_line("story: ", result->story[i], out);
    fprintf(out, "seed: %" PRIu64 "\n", result->seed);
    if (result->reproduce != NULL)
        put_line("reproduce: ", result->reproduce, out);
}

/* The first finding is the message: it is all that most servers show in a list. */
static void put_message(const struct case_result *result, FILE *out)
{
    const char *sentence =
        result->sentence_count > 0 ? result->sentences[0] : verdict_word(result->verdict);
    fputs(" message=\"", out);
    if (result->verdict == VERDICT_FAIL && result->level != LEVEL_MUST)
        fprintf(out, "%s: ", level_word(result->level));
    put_escaped(sentence, out);
    fputc('"', out);
}

static void put_case(const struct case_result *result, FILE *out)
{
    static const char *const ELEMENTS[OUTCOME_COUNT] = {
        [OUTCOME_PASS] = NULL,
        [OUTCOME_FAILURE] = "failure",
        [OUTCOME_ERROR] = "error",
        [OUTCOME_SKIPPED] = "skipped",
    };
    const char *element = ELEMENTS[outcome_of(result)];
    fputs("    <testcase", out);
    put_attribute("name", result->id, out);
    fputs(" classname=\"", out);
    put_escaped(result->subject, out);
    fputc('.', out);
    put_escaped(result->world, out);
    fputc('.', out);
    put_escaped(result->stage, out);
    fputc('"', out);
    put_seconds(result->duration_ns, out);
    if (element == NULL) {
        fputs("/>\n", out);
        return;
    }
    fprintf(out, ">\n      <%s", element);
    put_attribute("type", verdict_word(result->verdict), out);
    put_message(result, out);
    if (case_has_findings(result)) {
        fputc('>', out);
        put_details(result, out);
        fprintf(out, "</%s>\n    </testcase>\n", element);
    } else {
        fputs("/>\n    </testcase>\n", out);
    }
}

/* ISO 8601 in UTC, without a zone, as the schema has it. */
static void put_timestamp(int64_t unix_s, FILE *out)
{
    const time_t seconds = (time_t)unix_s;
    struct tm utc;
    char text[32];
    if (gmtime_r(&seconds, &utc) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc) > 0)
        put_attribute("timestamp", text, out);
}

static void put_suite(const struct suite *suite, const struct run_result *run, FILE *out)
{
    char shards[SHARDS_WORDS_BYTES];
    char seed[24];
    snprintf(seed, sizeof(seed), "%" PRIu64, run->seed);
    fputs("  <testsuite name=\"", out);
    put_escaped(suite->begin->stage, out);
    fputs(" on ", out);
    put_escaped(suite->begin->subject, out);
    fputs(", ", out);
    put_escaped(suite->begin->world, out);
    fputc('"', out);
    put_counts(suite, out);
    fprintf(out, " skipped=\"%zu\"", suite->counts[OUTCOME_SKIPPED]);
    put_seconds(suite->duration_ns, out);
    put_timestamp(run->started_unix, out);
    fputs(">\n    <properties>\n", out);
    put_property("command", run->command, out);
    put_property("seed", seed, out);
    if (shards_words(run, shards))
        put_property("shards", shards, out);
    put_property("subject", suite->begin->subject, out);
    put_property("version", run->version, out);
    put_property("world", suite->begin->world, out);
    fputs("    </properties>\n", out);
    for (const struct case_result *result = suite->begin; result < suite->end; result++)
        put_case(result, out);
    fputs("  </testsuite>\n", out);
}

static void put_counts(const struct suite *suite, FILE *out)
{
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"",
            (size_t)(suite->end - suite->begin), suite->counts[OUTCOME_FAILURE],
            suite->counts[OUTCOME_ERROR]);
}

/* The time of a case is its world's: virtual in the simulation. */
static void put_seconds(uint64_t duration_ns, FILE *out)
{
    fprintf(out, " time=\"%" PRIu64 ".%06" PRIu64 "\"", duration_ns / 1000000000,
            duration_ns % 1000000000 / 1000);
}
