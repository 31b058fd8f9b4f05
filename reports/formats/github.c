#include "reports/formats/formats.h"

#include <stdlib.h>
#include <string.h>

#include "reports/report.h"
#include "reports/text.h"
#include "world/base/check.h"
#include "world/base/region.h"

enum { CASES_NAMED_MAX = 5 }; /* of a group; the rest of them are alike, and are counted */

/* Cases with findings of one file that stand at one line of it, in the order of the suite. */
struct group {
    const struct case_result *const *cases;
    size_t count;
    size_t played; /* of that file, with or without findings */
};

/* Annotations of one kind, errors or warnings. */
struct tally {
    size_t annotations;
    size_t hidden; /* annotations that GitHub does not show */
    size_t hidden_cases;
};

static void put_group(const struct group *group, FILE *out);
static void put_rest(const struct tally *tally, const char *word, FILE *out);

/* ---- groups ------------------------------------------------------------------------------------- */

/* Files, in each those with findings first, by line; errors before warnings, and then as the suite has them. */
static int compare_places(const void *a, const void *b)
{
    const struct case_result *left = *(const struct case_result *const *)a;
    const struct case_result *right = *(const struct case_result *const *)b;
    const int by_file = strcmp(left->file, right->file);
    if (by_file != 0)
        return by_file;
    if (case_has_findings(left) != case_has_findings(right))
        return case_has_findings(left) ? -1 : 1;
    if (case_line(left) != case_line(right))
        return case_line(left) < case_line(right) ? -1 : 1;
    if (case_fails_run(left) != case_fails_run(right))
        return case_fails_run(left) ? -1 : 1;
    return (left > right) - (left < right);
}

static bool is_of_group(const struct case_result *first, const struct case_result *other)
{
    return case_has_findings(other) && case_line(first) == case_line(other) &&
           case_fails_run(first) == case_fails_run(other);
}

static bool was_played(const struct case_result *result)
{
    return result->verdict != VERDICT_UNSUPPORTED && result->verdict != VERDICT_SKIPPED;
}

static void note(struct tally *tally, const struct group *group)
{
    if (tally->annotations++ < FORMATS_ANNOTATIONS_SHOWN)
        return;
    tally->hidden++;
    tally->hidden_cases += group->count;
}

/* The cases of one file, count of them. */
static void put_file(const struct case_result *const *cases, size_t count, struct tally tallies[2],
                     FILE *out)
{
    struct group group = {.played = 0};
    for (size_t i = 0; i < count; i++)
        group.played += was_played(cases[i]);
    for (size_t i = 0; i < count && case_has_findings(cases[i]); i += group.count) {
        group.cases = cases + i;
        group.count = 1;
        while (i + group.count < count && is_of_group(cases[i], cases[i + group.count]))
            group.count++;
        note(&tallies[case_fails_run(cases[i])], &group);
        put_group(&group, out);
    }
}

void report_github(const struct run_result *run, FILE *out)
{
    struct tally tallies[2] = {{.annotations = 0}, {.annotations = 0}}; /* warnings, errors */
    struct region region;
    region_init(&region, REPORT_BYTES_MAX);
    const struct case_result **cases = region_take(&region, (run->case_count + 1) * sizeof(*cases));
    if (cases == NULL)
        fputs("::error title=retryproof::the annotations do not fit in the memory that is there "
              "for them\n",
              out);
    for (size_t i = 0; i < run->case_count && cases != NULL; i++)
        cases[i] = &run->cases[i];
    if (cases != NULL)
        qsort(cases, run->case_count, sizeof(*cases), compare_places);
    for (size_t begin = 0, end; begin < run->case_count && cases != NULL; begin = end) {
        end = begin + 1;
        while (end < run->case_count && strcmp(cases[begin]->file, cases[end]->file) == 0)
            end++;
        put_file(cases + begin, end - begin, tallies, out);
    }
    put_rest(&tallies[true], "errors", out);
    put_rest(&tallies[false], "warnings", out);
    region_release(&region);
}

/* ---- one annotation ------------------------------------------------------------------------------- */

/*
 * GitHub reads %, CR and LF of a message as escapes, and of a property also : and , (its runner's
 * ActionCommand). Control characters have become words before, so that only three are left.
 */
static void put_escaped(const char *text, size_t size_max, bool property, FILE *out)
{
    const char *begin = text;
    struct text_glyph glyph;
    while ((size_t)(text - begin) < size_max && text_next(&text, &glyph)) {
        const char first = glyph.bytes[0];
        if (first == '%' || (property && (first == ':' || first == ',')))
            fprintf(out, "%%%02X", (unsigned)first);
        else
            fwrite(glyph.bytes, 1, glyph.size, out);
    }
}

static void put_property(const char *text, FILE *out)
{
    put_escaped(text, SIZE_MAX, true, out);
}

static void put_message(const char *text, FILE *out)
{
    put_escaped(text, SIZE_MAX, false, out);
}

/* A lone case by its name, several by that of their file and their number: the first words are all that a list shows. */
static void put_title(const struct group *group, FILE *out)
{
    const struct case_result *first = group->cases[0];
    const char *values = strchr(first->id, '[');
    if (group->count == 1) {
        put_property(first->id, out);
        fputs(" on ", out);
        put_property(first->world, out);
        return;
    }
    put_escaped(first->id, values != NULL ? (size_t)(values - first->id) : SIZE_MAX, true, out);
    fprintf(out, "%%3A %zu of %zu cases fail", group->count, group->played);
    if (!case_fails_run(first))
        fprintf(out, " (%s)", level_word(first->level));
}

/* "[method=POST,end=fin] on sim" */
static void put_values(const struct case_result *result, FILE *out)
{
    const char *values = strchr(result->id, '[');
    if (values != NULL) {
        put_message(values, out);
        fputc(' ', out);
    }
    fputs("on ", out);
    put_message(result->world, out);
}

static void put_cases(const struct group *group, FILE *out)
{
    for (size_t i = 0; i < group->count && i < CASES_NAMED_MAX; i++) {
        fputs("%0A- ", out);
        put_values(group->cases[i], out);
    }
    if (group->count > CASES_NAMED_MAX)
        fprintf(out, "%%0A- and %zu more", group->count - CASES_NAMED_MAX);
    fputs("%0Athe first of them:", out);
}

static void put_group(const struct group *group, FILE *out)
{
    const struct case_result *first = group->cases[0];
    fputs(case_fails_run(first) ? "::error file=" : "::warning file=", out);
    put_property(first->file, out);
    fprintf(out, ",line=%u,title=", case_line(first));
    put_title(group, out);
    fputs("::", out);
    put_message(first->name, out);
    if (group->count > 1)
        put_cases(group, out);
    for (size_t i = 0; i < first->sentence_count; i++) {
        fputs("%0A- ", out);
        put_message(first->sentences[i], out);
    }
    if (first->reproduce != NULL) {
        fputs("%0Areproduce: ", out);
        put_message(first->reproduce, out);
    }
    fputc('\n', out);
}

/* A notice has a list of its own, so it is shown however many the others are. */
static void put_rest(const struct tally *tally, const char *word, FILE *out)
{
    if (tally->hidden == 0)
        return;
    fprintf(
        out,
        "::notice title=retryproof%%3A %zu more %s::GitHub shows the first %d %s of a step. "
        "The other %zu, about %zu cases, are in the log of this step, and in the reports of the "
        "run.\n",
        tally->hidden, word, FORMATS_ANNOTATIONS_SHOWN, word, tally->hidden, tally->hidden_cases);
}
