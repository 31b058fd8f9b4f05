#include <stdlib.h>
#include <string.h>

#include "reports/subjects/comparison_fold.h"
#include "reports/subjects/line_changes.h"

enum {
    INDENT = 2,
    SECONDS_APART_MIN =
        3, /* some proxies look at their clocks once a second, where a wait begins and where it ends */
};

/* Of the cases that both runs have, and that one of them at least could be asked. */
struct agreement {
    size_t cases;
    size_t same; /* one and the same way in both */
    size_t racy; /* in both */
    size_t half; /* racy in one of them */
};

/* Two runs, and where their changes go. */
struct changes {
    const struct observed_run *before;
    const struct observed_run *after;
    const struct report_style *style;
    FILE *out;
    struct region region;
    size_t count;
    struct agreement agreement;
};

/* In what two ways differ. */
struct difference {
    bool outcome; /* what the client got, attempts, deliveries */
    bool upstreams;
    bool body;
    bool after_cancel;
    bool seconds;
    bool harms;
    bool verdict;
};

static void compare_runs(struct changes *changes);
static void compare_configurations(struct changes *changes);
static void compare_harms(struct changes *changes);
static void compare_buffering(struct changes *changes);
static void compare_cases(struct changes *changes);
static void tell_agreement(const struct agreement *agreement, const struct report_style *style,
                           FILE *out);

bool comparison_changes(const struct observed_run *before, const struct observed_run *after,
                        const struct report_style *style, FILE *out)
{
    struct changes changes = {.before = before, .after = after, .style = style, .out = out};
    region_init(&changes.region, COMPARISON_BYTES_MAX);
    compare_runs(&changes);
    compare_configurations(&changes);
    compare_harms(&changes);
    compare_cases(&changes);
    compare_buffering(&changes);
    tell_agreement(&changes.agreement, style, out);
    region_release(&changes.region);
    return changes.count == 0;
}

/* One change, on lines of its own; NULL is a text that memory was too short for. */
static void tell(struct changes *changes, const char *text)
{
    changes->count++;
    text_put_wrapped(text != NULL ? text : "(no memory is left for this change)", INDENT,
                     report_width(changes->style), changes->out);
    fputc('\n', changes->out);
}

static void compare_texts(struct changes *changes, const char *what, const char *before,
                          const char *after)
{
    if (strcmp(before, after) != 0)
        tell(changes, region_format(&changes->region, "%s: was %s, is %s", what,
                                    before[0] != '\0' ? before : "not told",
                                    after[0] != '\0' ? after : "not told"));
}

static const char *milliseconds(struct changes *changes, uint64_t ns)
{
    const char *text =
        region_format(&changes->region, "%llu ms", (unsigned long long)(ns / 1000000));
    return text != NULL ? text : "";
}

static const char *number(struct changes *changes, size_t value)
{
    const char *text = region_format(&changes->region, "%zu", value);
    return text != NULL ? text : "";
}

/* What every case of the runs hangs on. The date, and what only tells how to play it again, is no change. */
static void compare_runs(struct changes *changes)
{
    const struct observed_run *before = changes->before;
    const struct observed_run *after = changes->after;
    compare_texts(changes, "subject", before->subject, after->subject);
    compare_texts(changes, "version", before->version, after->version);
    compare_texts(changes, "profile", before->profile, after->profile);
    compare_texts(changes, "what the profile is", before->profile_meaning, after->profile_meaning);
    compare_texts(changes, "declared", before->expect, after->expect);
    compare_texts(changes, "absence is watched for", milliseconds(changes, before->settle_ns),
                  milliseconds(changes, after->settle_ns));
}

static void compare_configurations(struct changes *changes)
{
    const struct lines before = {changes->before->configuration,
                                 changes->before->configuration_count};
    const struct lines after = {changes->after->configuration, changes->after->configuration_count};
    struct line_changes lines;
    if (!line_changes_find(&before, &after, &changes->region, &lines)) {
        tell(changes, "the configuration is another one, too long to be compared line by line");
        return;
    }
    if (lines.count > 0)
        tell(changes, "the configuration:");
    for (size_t i = 0; i < lines.count; i++) {
        text_put_spaces(INDENT, changes->out);
        fprintf(changes->out, "%c ", lines.changes[i].sign);
        text_put(lines.changes[i].line, changes->out);
        fputc('\n', changes->out);
    }
}

static void compare_harms(struct changes *changes)
{
    for (enum harm harm = 0; harm < HARM_COUNT; harm++) {
        const size_t before = observed_count_harm(changes->before, harm, NULL);
        const size_t after = observed_count_harm(changes->after, harm, NULL);
        if (before != after)
            tell(changes, region_format(&changes->region, "harm %s: was %zu case%s, is %zu",
                                        harm_title(harm), before, before == 1 ? "" : "s", after));
    }
}

/* ---- cases ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* How much of a request that broke off had arrived is another matter each time. */
static bool same_upstreams(const struct observation *a, const struct observation *b)
{
    if (a->upstream_count != b->upstream_count)
        return false;
    for (size_t i = 0; i < a->upstream_count; i++) {
        const struct observed_upstream *left = &a->upstreams[i];
        const struct observed_upstream *right = &b->upstreams[i];
        if (strcmp(left->name, right->name) != 0 || left->attempts != right->attempts ||
            left->delivered != right->delivered ||
            (left->delivered == left->attempts && left->bytes != right->bytes))
            return false;
    }
    return true;
}

static bool seconds_differ(unsigned a, unsigned b)
{
    return (a > b ? a - b : b - a) >= SECONDS_APART_MIN;
}

static struct difference difference_of(const struct observation *a, const struct observation *b)
{
    return (struct difference){
        .outcome = !same_text(a->client, b->client) ||
                   observation_attempts(a) != observation_attempts(b) ||
                   observation_delivered(a) != observation_delivered(b),
        .upstreams = !same_upstreams(a, b),
        .body = a->body != b->body,
        .after_cancel = a->after_cancel != b->after_cancel,
        .seconds = seconds_differ(a->seconds, b->seconds),
        .harms = a->harms != b->harms,
        .verdict = a->verdict != b->verdict || a->level != b->level,
    };
}

static bool is_change(const struct difference *difference)
{
    return difference->outcome || difference->upstreams || difference->body ||
           difference->after_cancel || difference->seconds || difference->harms ||
           difference->verdict;
}

/* Whether the list has a way that goes like this one. */
static bool has_way(const struct observed_case *one, const struct observation *like)
{
    for (size_t i = 0; i < one->way_count; i++) {
        const struct difference difference = difference_of(&one->ways[i], like);
        if (!is_change(&difference))
            return true;
    }
    return false;
}

/* Where a case is racy, that its ways are the same ones: how often it went each way is chance. */
static bool goes_as_before(const struct observed_case *before, const struct observed_case *after)
{
    for (size_t i = 0; i < before->way_count; i++) {
        if (!has_way(after, &before->ways[i]))
            return false;
    }
    for (size_t i = 0; i < after->way_count; i++) {
        if (!has_way(before, &after->ways[i]))
            return false;
    }
    return true;
}

static const char *upstreams_text(struct region *region, const struct observation *way)
{
    const char *text = "";
    for (size_t i = 0; i < way->upstream_count && text != NULL; i++)
        text = region_format(region, "%s, %s %u/%u with %llu bytes", text, way->upstreams[i].name,
                             way->upstreams[i].attempts, way->upstreams[i].delivered,
                             (unsigned long long)way->upstreams[i].bytes);
    return text;
}

static const char *harms_text(struct region *region, unsigned long harms)
{
    const char *text = NULL;
    for (enum harm harm = 0; harm < HARM_COUNT; harm++) {
        if ((harms & HARM_BIT(harm)) != 0)
            text = text == NULL ? region_format(region, " (%s", harm_title(harm))
                                : region_format(region, "%s; %s", text, harm_title(harm));
    }
    return text != NULL ? region_format(region, "%s)", text) : "";
}

/* "200 2/2, body changed (delivered twice, not idempotent)": the outcome, and what else makes the difference. */
static const char *way_text(struct region *region, const struct observation *way,
                            const struct difference *difference)
{
    const char *text = comparison_way_text(way, region);
    if (text != NULL && !observation_has_outcome(way))
        return way->sentence_count > 0 ? region_format(region, "%s (%s)", text, way->sentences[0])
                                       : text;
    if (text != NULL && difference->upstreams && !difference->outcome)
        text = region_format(region, "%s%s", text, upstreams_text(region, way));
    if (text != NULL && difference->body)
        text = region_format(region, "%s, body %s", text, observed_body_word(way->body));
    if (text != NULL && difference->after_cancel)
        text = region_format(region, "%s, %u begun after the client had gone", text,
                             way->after_cancel);
    if (text != NULL && difference->seconds)
        text = region_format(region, "%s in %u s", text, way->seconds);
    if (text != NULL && difference->verdict)
        text = region_format(region, "%s, %s%s", text, verdict_word(way->verdict),
                             way->verdict != VERDICT_FAIL ? ""
                             : way->level == LEVEL_MUST   ? " (must)"
                             : way->level == LEVEL_SHOULD ? " (should)"
                                                          : " (info)");
    const char *harms = difference->harms ? harms_text(region, way->harms) : "";
    return text != NULL && harms != NULL ? region_format(region, "%s%s", text, harms) : NULL;
}

/* Of a racy case all ways, as often as each came; of another one its only way. */
static const char *case_text(struct region *region, const struct observed_case *one,
                             const struct difference *difference)
{
    return observed_is_racy(one) ? comparison_racy_text(one, region)
                                 : way_text(region, &one->ways[0], difference);
}

static void tell_case(struct changes *changes, const struct observed_case *one, const char *what)
{
    tell(changes, what == NULL ? NULL
                               : region_format(&changes->region, "%s / %s / %s: %s", one->stage,
                                               one->fault, one->method, what));
    text_put_spaces(INDENT, changes->out);
    text_put(one->id, changes->out);
    fputc('\n', changes->out);
    region_reset(&changes->region);
}

static bool was_asked(const struct observed_case *one)
{
    const enum verdict verdict = observed_worst(one)->verdict;
    return verdict != VERDICT_UNSUPPORTED && verdict != VERDICT_SKIPPED;
}

static void count_agreement(struct agreement *agreement, const struct observed_case *before,
                            const struct observed_case *after)
{
    const unsigned racy = observed_is_racy(before) + observed_is_racy(after);
    if (!was_asked(before) && !was_asked(after))
        return;
    agreement->cases++;
    agreement->racy += racy == 2;
    agreement->half += racy == 1;
    agreement->same += racy == 0 && goes_as_before(before, after);
}

/* What is racy is no agreement, and is told beside it: chance says how often it goes which way. */
static void tell_agreement(const struct agreement *agreement, const struct report_style *style,
                           FILE *out)
{
    enum { TEXT_BYTES = 256 }; /* the sentence and five numbers */
    char text[TEXT_BYTES];
    const size_t others = agreement->cases - agreement->same - agreement->racy - agreement->half;
    if (agreement->cases == 0)
        return;
    const size_t tenths = agreement->same * 1000 / agreement->cases;
    snprintf(text, sizeof(text),
             "agreement: %zu of %zu cases go one and the same way in both (%zu.%zu %%); racy in "
             "both: %zu, "
             "in one: %zu; another way and racy in neither: %zu",
             agreement->same, agreement->cases, tenths / 10, tenths % 10, agreement->racy,
             agreement->half, others);
    text_put_wrapped(text, INDENT, report_width(style), out);
    fputc('\n', out);
}

static void compare_case(struct changes *changes, const struct observed_case *before,
                         const struct observed_case *after)
{
    count_agreement(&changes->agreement, before, after);
    if (goes_as_before(before, after))
        return;
    const struct observation *then = observed_worst(before);
    const struct observation *now = observed_worst(after);
    struct difference difference = difference_of(then, now);
    /* Of a case that was not played everything differs, and nothing of it tells more than that. */
    if (!observation_has_outcome(then) || !observation_has_outcome(now))
        difference = (struct difference){.outcome = true, .harms = true};
    const char *was = case_text(&changes->region, before, &difference);
    const char *is = case_text(&changes->region, after, &difference);
    tell_case(changes, after,
              was == NULL || is == NULL
                  ? NULL
                  : region_format(&changes->region, "was %s, is %s", was, is));
}

static void compare_cases(struct changes *changes)
{
    static const struct difference WITH_HARMS = {.harms = true};
    const struct observed_run *before = changes->before;
    const struct observed_run *after = changes->after;
    for (size_t i = 0, j = 0; i < before->case_count || j < after->case_count;) {
        const int order = i == before->case_count ? 1
                          : j == after->case_count
                              ? -1
                              : strcmp(before->cases[i].id, after->cases[j].id);
        if (order == 0) {
            compare_case(changes, &before->cases[i++], &after->cases[j++]);
            continue;
        }
        const struct observed_case *one = order < 0 ? &before->cases[i++] : &after->cases[j++];
        const char *text = case_text(&changes->region, one, &WITH_HARMS);
        tell_case(changes, one,
                  text == NULL ? NULL
                               : region_format(&changes->region, "%s %s",
                                               order < 0 ? "is gone, was" : "is new:", text));
    }
}

/* ---- what the proxy takes in ---- */

static const char *buffering_text(struct region *region, const struct observed_buffering *row)
{
    const char *text = row->trouble != NULL ? row->trouble : comparison_buffering_text(row, region);
    return text != NULL ? text : "";
}

static void compare_buffering(struct changes *changes)
{
    const struct observed_run *before = changes->before;
    const struct observed_run *after = changes->after;
    for (size_t i = 0; i < after->buffering_count; i++) {
        const struct observed_buffering *now = &after->buffering[i];
        const struct observed_buffering *then = observed_find_buffering(before, now);
        if (then == NULL || observed_find_buffering(after, now) != now)
            continue;
        const char *what = region_format(&changes->region,
                                         "buffering, %s, %u at a time (of each / memory / files)",
                                         now->way, now->exchanges);
        compare_texts(changes, what != NULL ? what : now->way,
                      buffering_text(&changes->region, then),
                      buffering_text(&changes->region, now));
    }
    if (before->buffering_count != after->buffering_count)
        compare_texts(changes, "rows on buffering", number(changes, before->buffering_count),
                      number(changes, after->buffering_count));
}
