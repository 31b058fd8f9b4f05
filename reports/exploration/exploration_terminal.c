#include "reports/exploration/exploration.h"

#include <inttypes.h>
#include <string.h>

#include "reports/text.h"
#include "world/base/check.h"

enum {
    FAILURES_WHOLE_MAX = 20, /* more stories than that are not read; the others get a line each */
    INDENT = 6,
    LABEL_COLUMNS = 11, /* "reproduce" and two spaces */
    NAME_COLUMNS = 44,  /* the longest names of claims; a longer one pushes its numbers aside */
    COUNT_COLUMNS = 14, /* a hundred thousand million runs */
};

static void tell_failures(const struct exploration *exploration, const struct report_style *style,
                          FILE *out);
static void tell_claims(const struct exploration *exploration, const struct report_style *style,
                        FILE *out);
static void tell_unexercised(const struct exploration *exploration,
                             const struct report_style *style, FILE *out);
static void tell_totals(const struct exploration *exploration, FILE *out);

void exploration_terminal(const struct exploration *exploration, const struct report_style *style,
                          FILE *out)
{
    tell_failures(exploration, style, out);
    tell_claims(exploration, style, out);
    tell_unexercised(exploration, style, out);
    tell_totals(exploration, out);
}

void exploration_brief(const struct exploration *exploration, const struct report_style *style,
                       FILE *out)
{
    tell_failures(exploration, style, out);
    tell_totals(exploration, out);
}

/* ---- failures ------------------------------------------------------------------------------- */

static void tell_label(const char *label, FILE *out)
{
    text_put_spaces(INDENT, out);
    text_put_cell(label, LABEL_COLUMNS, out);
}

static void tell_line(const char *label, const char *text, const struct report_style *style,
                      FILE *out)
{
    tell_label(label, out);
    text_put_wrapped(text, INDENT + LABEL_COLUMNS, report_width(style), out);
    fputc('\n', out);
}

/* What is there to be copied is neither cut nor wrapped. */
static void tell_whole(const char *label, const char *text, FILE *out)
{
    if (text == NULL)
        return;
    tell_label(label, out);
    text_put(text, out);
    fputc('\n', out);
}

static void tell_schedule(const struct exploration_failure *failure,
                          const struct report_style *style, FILE *out)
{
    if (failure->fault_count == 0)
        tell_line("when", "nothing fails but what the scenario itself says", style, out);
    for (size_t i = 0; i < failure->fault_count; i++)
        tell_line(i == 0 ? "when" : "and", failure->faults[i], style, out);
    if (failure->order_count == 0)
        return;
    tell_label("order", out);
    for (size_t i = 0; i < failure->order_count; i++)
        fprintf(out, "%s%" PRIu32, i == 0 ? "" : " ", failure->order[i]);
    fputc('\n', out);
}

static void tell_name(const struct exploration_failure *failure, FILE *out)
{
    if (failure->claim_number > 0)
        fprintf(out, "%u ", failure->claim_number);
    text_put(failure->claim, out);
}

static void tell_header(const struct exploration_failure *failure, bool colour, FILE *out)
{
    text_ink(INK_RED, colour, out);
    fputs("BROKEN", out);
    text_ink(INK_PLAIN, colour, out);
    fputs("  ", out);
    tell_name(failure, out);
}

static void tell_sentences(const struct exploration_failure *failure,
                           const struct report_style *style, FILE *out)
{
    for (size_t i = 0; i < failure->sentence_count; i++) {
        text_put_spaces(INDENT, out);
        fputs(i == 0 ? "" : "- ", out);
        text_put_wrapped(failure->sentences[i], INDENT + (i == 0 ? 0 : 2), report_width(style),
                         out);
        fputc('\n', out);
    }
}

/* Of the claims that the run breaks, this one and all behind it. */
static void tell_claims_broken(const struct exploration *exploration, size_t index,
                               const struct report_style *style, FILE *out)
{
    const size_t lead = index;

    for (; index < exploration->failure_count; index = exploration_next_alike(exploration, index)) {
        const struct exploration_failure *failure = &exploration->failures[index];

        if (index == lead) {
            tell_header(failure, style->colour, out);
            fputs("  in ", out);
            text_put(failure->base, out);
        } else {
            fprintf(out, "%*s  ", INDENT, "and");
            tell_name(failure, out);
        }
        fputc('\n', out);
        tell_sentences(failure, style, out);
    }
}

/* Something of a failure that is there to be copied. */
struct copied {
    const char *label;
    const char *(*text_of)(const struct exploration_failure *failure);
};

static const char *file_of(const struct exploration_failure *failure)
{
    return failure->file;
}

static const char *command_of(const struct exploration_failure *failure)
{
    return failure->reproduce;
}

/* Of every claim; what shows one broken often is what shows another so. */
static void tell_copied(const struct exploration *exploration, size_t index,
                        const struct copied *copied, FILE *out)
{
    const char *before = NULL;

    for (; index < exploration->failure_count; index = exploration_next_alike(exploration, index)) {
        const char *text = copied->text_of(&exploration->failures[index]);

        if (text == NULL || (before != NULL && strcmp(before, text) == 0))
            continue;
        tell_whole(before == NULL ? copied->label : "", text, out);
        before = text;
    }
}

/* Ends with an empty line. */
static void tell_failure(const struct exploration *exploration, size_t index,
                         const struct report_style *style, FILE *out)
{
    const struct exploration_failure *failure = &exploration->failures[index];

    tell_claims_broken(exploration, index, style, out);
    tell_schedule(failure, style, out);
    for (size_t i = 0; i < failure->story_count; i++) {
        tell_label(i == 0 ? "story" : "", out);
        text_put_cut(failure->story[i], report_width(style) - INDENT - LABEL_COLUMNS, out);
        fputc('\n', out);
    }
    tell_label("seed", out);
    fprintf(out, "%" PRIu64 ", trace 0x%016" PRIx64 "%s\n", failure->seed, failure->trace_hash,
            failure->steady ? "" : ", which differs from run to run");
    tell_copied(exploration, index, &(struct copied){"file", file_of}, out);
    tell_copied(exploration, index, &(struct copied){"reproduce", command_of}, out);
    fputc('\n', out);
}

/* "BROKEN  2 no-retry-after-a-byte, 7 one-length  in BASE: FILE" */
static void tell_brief(const struct exploration *exploration, size_t index, bool colour, FILE *out)
{
    const struct exploration_failure *failure = &exploration->failures[index];

    tell_header(failure, colour, out);
    while ((index = exploration_next_alike(exploration, index)) < exploration->failure_count) {
        fputs(", ", out);
        tell_name(&exploration->failures[index], out);
    }
    fputs("  in ", out);
    text_put(failure->base, out);
    if (failure->file != NULL) {
        fputs(": ", out);
        text_put(failure->file, out);
    }
    fputc('\n', out);
}

static void tell_failures(const struct exploration *exploration, const struct report_style *style,
                          FILE *out)
{
    size_t told = 0;

    for (size_t i = 0; i < exploration->failure_count; i++) {
        if (!exploration_leads(exploration, i))
            continue;
        if (told++ < FAILURES_WHOLE_MAX)
            tell_failure(exploration, i, style, out);
        else
            tell_brief(exploration, i, style->colour, out);
    }
    if (told > FAILURES_WHOLE_MAX)
        fputc('\n', out);
}

/* ---- claims --------------------------------------------------------------------------------- */

static void tell_claim(const struct exploration_claim *claim, const struct report_style *style,
                       FILE *out)
{
    char count[TEXT_COUNT_BYTES];

    fprintf(out, "%*u  ", INDENT - 2, claim->number);
    text_put_cell(claim->name, NAME_COLUMNS, out);
    fprintf(out, "%*s", COUNT_COLUMNS, text_count(claim->exercised, count));
    if (claim->broken > 0) {
        text_ink(INK_RED, style->colour, out);
        fprintf(out, "  broken in %s", text_count(claim->broken, count));
        text_ink(INK_PLAIN, style->colour, out);
    }
    fputc('\n', out);
}

static void tell_claims(const struct exploration *exploration, const struct report_style *style,
                        FILE *out)
{
    if (exploration->claim_count == 0)
        return;
    fputs("claims, and the runs that exercised each\n", out);
    for (size_t i = 0; i < exploration->claim_count; i++)
        if (exploration->claims[i].exercised > 0)
            tell_claim(&exploration->claims[i], style, out);
    fputc('\n', out);
}

/* What nothing exercised has held in no run: it is said, so that nobody takes it for proved. */
static void tell_unexercised(const struct exploration *exploration,
                             const struct report_style *style, FILE *out)
{
    size_t count = 0;

    for (size_t i = 0; i < exploration->claim_count; i++) {
        const struct exploration_claim *claim = &exploration->claims[i];
        if (claim->exercised > 0)
            continue;
        if (count++ == 0)
            fputs("claims that no run exercised, and that are not proved by this\n", out);
        text_ink(INK_YELLOW, style->colour, out);
        fprintf(out, "%*u  ", INDENT - 2, claim->number);
        text_put(claim->name, out);
        text_ink(INK_PLAIN, style->colour, out);
        fputc('\n', out);
        text_put_spaces(INDENT, out);
        text_put_wrapped(claim->sentence, INDENT, report_width(style), out);
        fputc('\n', out);
    }
    if (count > 0)
        fputc('\n', out);
}

/* ---- totals --------------------------------------------------------------------------------- */

/* "(88 clean, 61,004 with 1 fault, 112 at random)" */
static void tell_kinds(const struct exploration_totals *totals, FILE *out)
{
    char text[TEXT_COUNT_BYTES];

    fprintf(out, " (%s clean", text_count(totals->by_faults[0], text));
    for (unsigned i = 1; i <= EXPLORATION_FAULTS_MAX; i++)
        if (totals->by_faults[i] > 0)
            fprintf(out, ", %s with %u fault%s", text_count(totals->by_faults[i], text), i,
                    i == 1 ? "" : "s");
    if (totals->random_runs > 0)
        fprintf(out, ", %s at random", text_count(totals->random_runs, text));
    if (totals->order_runs > 0)
        fprintf(out, ", %s in another order", text_count(totals->order_runs, text));
    fputc(')', out);
}

/* "61,204 runs" */
static void tell_count(uint64_t count, const char *noun, FILE *out)
{
    char text[TEXT_COUNT_BYTES];

    fprintf(out, "%s %s%s", text_count(count, text), noun, count == 1 ? "" : "s");
}

static void tell_rate(const struct exploration *exploration, FILE *out)
{
    const double elapsed_s = (double)exploration->elapsed_ns / 1e9;
    char text[TEXT_COUNT_BYTES];

    fprintf(out, " in %.2f s", elapsed_s);
    if (exploration->elapsed_ns > 0)
        fprintf(
            out, " (%s runs/s)",
            text_count((unsigned long long)((double)exploration->totals.runs / elapsed_s), text));
    fprintf(out, ", seed %" PRIu64 "\n", exploration->seed);
}

/* What the numbers behind it leave out, so that nobody takes a part for the whole. */
static void tell_limits(const struct exploration *exploration, FILE *out)
{
    if (exploration->more_failures)
        fprintf(out, "there are more failures than the first %zu, which are told here\n",
                exploration->failure_count);
    if (exploration->totals.orders_cut > 0) {
        tell_count(exploration->totals.orders_cut, "base", out);
        fprintf(out, " %s more orders of events than were played\n",
                exploration->totals.orders_cut == 1 ? "has" : "have");
    }
}

static void tell_totals(const struct exploration *exploration, FILE *out)
{
    const struct exploration_totals *totals = &exploration->totals;

    tell_limits(exploration, out);
    fputs(exploration->interrupted ? "interrupted after " : "", out);
    tell_count(totals->runs, "run", out);
    fputs(" of ", out);
    tell_count(exploration->base_count, "base", out);
    tell_kinds(totals, out);
    fputs(": ", out);
    fprintf(out, totals->classes == 1 ? "%" PRIu64 " class, " : "%" PRIu64 " classes, ",
            totals->classes);
    tell_count(totals->outcomes, "outcome", out);
    fputs(", ", out);
    if (totals->failed_runs == 0)
        fputs("nothing broken", out);
    else
        tell_count(totals->failed_runs, "failed run", out);
    tell_rate(exploration, out);
}
