#include "reports/exploration/exploration.h"

#include <string.h>

#include "reports/json_writer.h"
#include "world/base/check.h"

int exploration_exit_code(const struct exploration *exploration)
{
    enum { EXIT_HELD = 0, EXIT_BROKEN = 1, EXIT_NOTHING = 4, EXIT_INTERRUPTED = 130 };

    if (exploration->interrupted)
        return EXIT_INTERRUPTED;
    if (exploration->totals.runs == 0)
        return EXIT_NOTHING;
    return exploration->totals.failed_runs > 0 ? EXIT_BROKEN : EXIT_HELD;
}

/* ---- failures that are one run ---------------------------------------------------------------- */

static bool is_alike(const struct exploration_failure *a, const struct exploration_failure *b)
{
    if (strcmp(a->base, b->base) != 0 || a->seed != b->seed || a->trace_hash != b->trace_hash ||
        a->fault_count != b->fault_count || a->order_count != b->order_count)
        return false;
    for (size_t i = 0; i < a->fault_count; i++)
        if (strcmp(a->faults[i], b->faults[i]) != 0)
            return false;
    for (size_t i = 0; i < a->order_count; i++)
        if (a->order[i] != b->order[i])
            return false;
    return true;
}

size_t exploration_next_alike(const struct exploration *exploration, size_t index)
{
    size_t next = index + 1;

    check(index < exploration->failure_count);
    while (next < exploration->failure_count &&
           !is_alike(&exploration->failures[index], &exploration->failures[next]))
        next++;
    return next;
}

bool exploration_leads(const struct exploration *exploration, size_t index)
{
    check(index < exploration->failure_count);
    for (size_t i = 0; i < index; i++)
        if (is_alike(&exploration->failures[i], &exploration->failures[index]))
            return false;
    return true;
}

/* ---- JSON: keys in sorted order ------------------------------------------------------------- */

static void put_base(struct json_writer *writer, const struct exploration_base *base)
{
    json_writer_open_line(writer, NULL, '{');
    json_writer_number(writer, "classes", base->classes);
    json_writer_number(writer, "failed_runs", base->failed_runs);
    json_writer_text(writer, "id", base->id);
    json_writer_number(writer, "outcomes", base->outcomes);
    json_writer_number(writer, "positions", base->positions);
    json_writer_number(writer, "runs", base->runs);
    json_writer_close(writer, '}');
}

static void put_claim(struct json_writer *writer, const struct exploration_claim *claim)
{
    json_writer_open(writer, NULL, '{');
    json_writer_number(writer, "broken", claim->broken);
    json_writer_number(writer, "exercised", claim->exercised);
    json_writer_text(writer, "name", claim->name);
    json_writer_number(writer, "number", claim->number);
    json_writer_text(writer, "sentence", claim->sentence);
    json_writer_text(writer, "source", claim->source);
    json_writer_close(writer, '}');
}

static void put_broken(struct json_writer *writer, const struct exploration_failure *failure)
{
    json_writer_open(writer, NULL, '{');
    json_writer_text(writer, "file", failure->file);
    json_writer_text(writer, "name", failure->claim);
    json_writer_number(writer, "number", failure->claim_number);
    json_writer_text(writer, "reproduce", failure->reproduce);
    json_writer_texts(writer, "sentences", failure->sentences, failure->sentence_count);
    json_writer_close(writer, '}');
}

static void put_failure(struct json_writer *writer, const struct exploration *exploration,
                        size_t index)
{
    const struct exploration_failure *failure = &exploration->failures[index];

    json_writer_open(writer, NULL, '{');
    json_writer_text(writer, "base", failure->base);
    json_writer_open(writer, "claims", '[');
    for (size_t i = index; i < exploration->failure_count;
         i = exploration_next_alike(exploration, i))
        put_broken(writer, &exploration->failures[i]);
    json_writer_close(writer, ']');
    json_writer_texts(writer, "faults", failure->faults, failure->fault_count);
    json_writer_open_line(writer, "order", '[');
    for (size_t i = 0; i < failure->order_count; i++)
        json_writer_number(writer, NULL, failure->order[i]);
    json_writer_close(writer, ']');
    json_writer_wide(writer, "seed", failure->seed);
    json_writer_truth(writer, "steady", failure->steady);
    json_writer_texts(writer, "story", failure->story, failure->story_count);
    json_writer_wide(writer, "trace_hash", failure->trace_hash);
    json_writer_close(writer, '}');
}

static void put_totals(struct json_writer *writer, const struct exploration *exploration)
{
    const struct exploration_totals *totals = &exploration->totals;

    json_writer_open(writer, "totals", '{');
    json_writer_number(writer, "bases", exploration->base_count);
    json_writer_open_line(writer, "by_faults", '[');
    for (unsigned i = 0; i <= EXPLORATION_FAULTS_MAX; i++)
        json_writer_number(writer, NULL, totals->by_faults[i]);
    json_writer_close(writer, ']');
    json_writer_number(writer, "classes", totals->classes);
    json_writer_number(writer, "failed_runs", totals->failed_runs);
    json_writer_number(writer, "not_met", totals->not_met);
    json_writer_number(writer, "order_runs", totals->order_runs);
    json_writer_number(writer, "orders_cut", totals->orders_cut);
    json_writer_number(writer, "outcomes", totals->outcomes);
    json_writer_number(writer, "passed_over", exploration->passed_over);
    json_writer_number(writer, "random_runs", totals->random_runs);
    json_writer_number(writer, "runs", totals->runs);
    json_writer_number(writer, "spared", totals->spared);
    json_writer_close(writer, '}');
}

static void put_run(struct json_writer *writer, const struct exploration *exploration)
{
    json_writer_open(writer, "run", '{');
    json_writer_text(writer, "command", exploration->command);
    json_writer_number(writer, "exit_code", (uint64_t)exploration_exit_code(exploration));
    json_writer_number(writer, "faults", exploration->faults);
    json_writer_truth(writer, "interrupted", exploration->interrupted);
    json_writer_truth(writer, "more_failures", exploration->more_failures);
    json_writer_truth(writer, "naive", exploration->naive);
    json_writer_truth(writer, "orders", exploration->orders);
    json_writer_wide(writer, "seed", exploration->seed);
    json_writer_text(writer, "version", exploration->version);
    json_writer_close(writer, '}');
}

void exploration_json(const struct exploration *exploration, FILE *out)
{
    struct json_writer writer;

    json_writer_begin(&writer, out);
    json_writer_open(&writer, "bases", '[');
    for (size_t i = 0; i < exploration->base_count; i++)
        put_base(&writer, &exploration->bases[i]);
    json_writer_close(&writer, ']');
    json_writer_open(&writer, "claims", '[');
    for (size_t i = 0; i < exploration->claim_count; i++)
        put_claim(&writer, &exploration->claims[i]);
    json_writer_close(&writer, ']');
    json_writer_open(&writer, "failures", '[');
    for (size_t i = 0; i < exploration->failure_count; i++)
        if (exploration_leads(exploration, i))
            put_failure(&writer, exploration, i);
    json_writer_close(&writer, ']');
    put_run(&writer, exploration);
    json_writer_text(&writer, "schema", EXPLORATION_FORMAT);
    put_totals(&writer, exploration);
    json_writer_end(&writer);
}
