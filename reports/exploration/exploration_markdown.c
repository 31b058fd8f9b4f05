#include "reports/exploration/exploration.h"

#include <inttypes.h>
#include <string.h>

#include "reports/markdown.h"
#include "reports/text.h"
#include "world/base/check.h"

static void put_failures(const struct exploration *exploration, FILE *out);
static void put_claims(const struct exploration *exploration, FILE *out);
static void put_bases(const struct exploration *exploration, FILE *out);

static void put_numbers(const uint64_t *numbers, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, " %" PRIu64 " |", numbers[i]);
}

static void put_totals(const struct exploration *exploration, FILE *out)
{
    const struct exploration_totals *totals = &exploration->totals;

    fprintf(out,
            "%" PRIu64 " runs of %zu bases, %" PRIu64 " classes of positions, %" PRIu64
            " outcomes, %" PRIu64 " failed runs; seed %" PRIu64 ", retryproof ",
            totals->runs, exploration->base_count, totals->classes, totals->outcomes,
            totals->failed_runs, exploration->seed);
    markdown_put(exploration->version, out);
    fputs(exploration->interrupted ? "; interrupted.\n\n" : ".\n\n", out);
    if (exploration->more_failures)
        fprintf(out, "There are more failures than the first %zu, which are told here.\n\n",
                exploration->failure_count);
    if (totals->orders_cut > 0)
        fprintf(out, "Bases with more orders of events than were played: %" PRIu64 ".\n\n",
                totals->orders_cut);
}

void exploration_markdown(const struct exploration *exploration, FILE *out)
{
    fputs("# Exploration\n\n", out);
    put_totals(exploration, out);
    put_failures(exploration, out);
    put_claims(exploration, out);
    put_bases(exploration, out);
}

/* ---- failures ------------------------------------------------------------------------------- */

static void put_item(const char *before, const char *text, FILE *out)
{
    fputs("- ", out);
    fputs(before, out);
    markdown_put(text, out);
    fputc('\n', out);
}

/* Within a block of code nothing is escaped but control characters, so that it can be copied. */
static void put_commands(const struct exploration *exploration, size_t index, FILE *out)
{
    const char *before = NULL;

    for (; index < exploration->failure_count; index = exploration_next_alike(exploration, index)) {
        const char *command = exploration->failures[index].reproduce;

        if (command == NULL || (before != NULL && strcmp(before, command) == 0))
            continue;
        fputs(before == NULL ? "\n```sh\n" : "", out);
        text_put(command, out);
        fputc('\n', out);
        before = command;
    }
    fputs(before != NULL ? "```\n" : "", out);
}

/* "### 2 no-retry-after-a-byte, 7 one-length" */
static void put_heading(const struct exploration *exploration, size_t index, FILE *out)
{
    fputs("### ", out);
    for (size_t i = index; i < exploration->failure_count;
         i = exploration_next_alike(exploration, i)) {
        const struct exploration_failure *failure = &exploration->failures[i];

        fputs(i == index ? "" : ", ", out);
        if (failure->claim_number > 0)
            fprintf(out, "%u ", failure->claim_number);
        markdown_put(failure->claim, out);
    }
}

static void put_failure(const struct exploration *exploration, size_t index, FILE *out)
{
    const struct exploration_failure *failure = &exploration->failures[index];

    put_heading(exploration, index, out);
    fputs("\n\nin ", out);
    markdown_put(failure->base, out);
    fprintf(out, ", seed %" PRIu64 ", trace 0x%016" PRIx64 "\n\n", failure->seed,
            failure->trace_hash);
    for (size_t i = index; i < exploration->failure_count;
         i = exploration_next_alike(exploration, i))
        for (size_t k = 0; k < exploration->failures[i].sentence_count; k++)
            put_item("", exploration->failures[i].sentences[k], out);
    for (size_t i = 0; i < failure->fault_count; i++)
        put_item("when ", failure->faults[i], out);
    put_commands(exploration, index, out);
    fputc('\n', out);
}

static void put_failures(const struct exploration *exploration, FILE *out)
{
    if (exploration->failure_count == 0)
        return;
    fputs("## Broken\n\n", out);
    for (size_t i = 0; i < exploration->failure_count; i++)
        if (exploration_leads(exploration, i))
            put_failure(exploration, i, out);
}

/* ---- tables --------------------------------------------------------------------------------- */

static void put_claims(const struct exploration *exploration, FILE *out)
{
    fputs("## Claims\n\n| | claim | what it says | source | exercised | broken |\n"
          "|---:|---|---|---|---:|---:|\n",
          out);
    for (size_t i = 0; i < exploration->claim_count; i++) {
        const struct exploration_claim *claim = &exploration->claims[i];
        const uint64_t numbers[] = {claim->exercised, claim->broken};
        fprintf(out, "| %u |", claim->number);
        markdown_put_cell(claim->name, out);
        markdown_put_cell(claim->sentence, out);
        markdown_put_cell(claim->source, out);
        put_numbers(numbers, COUNT_OF(numbers), out);
        fputc('\n', out);
    }
    fputc('\n', out);
}

static void put_bases(const struct exploration *exploration, FILE *out)
{
    fputs("## Bases\n\n| base | runs | positions | classes | outcomes | failed runs |\n"
          "|---|---:|---:|---:|---:|---:|\n",
          out);
    for (size_t i = 0; i < exploration->base_count; i++) {
        const struct exploration_base *base = &exploration->bases[i];
        const uint64_t numbers[] = {base->runs, base->positions, base->classes, base->outcomes,
                                    base->failed_runs};
        fputc('|', out);
        markdown_put_cell(base->id, out);
        put_numbers(numbers, COUNT_OF(numbers), out);
        fputc('\n', out);
    }
}
