#include "reports/formats/formats.h"

#include "reports/json_writer.h"

/* docs/events.schema.json describes them; a change that a reader must know of gets a new number. */
static const char SCHEMA[] = "retryproof-events-1";

/* Whoever follows the file sees an event when it happens. */
static void end_event(struct json_writer *writer)
{
    json_writer_end(writer);
    fflush(writer->out);
}

void events_begin(const struct events_plan *plan, FILE *out)
{
    const struct run_result *run = plan->run;
    struct json_writer writer;
    json_writer_begin_line(&writer, out);
    json_writer_number(&writer, "cases", plan->case_count);
    json_writer_text(&writer, "command", run->command);
    json_writer_text(&writer, "event", "run-began");
    json_writer_text(&writer, "schema", SCHEMA);
    json_writer_wide(&writer, "seed", run->seed);
    json_writer_number(&writer, "started_unix",
                       run->started_unix < 0 ? 0 : (uint64_t)run->started_unix);
    json_writer_text(&writer, "version", run->version);
    json_writer_text(&writer, "worlds", run->worlds);
    end_event(&writer);
}

void events_case(const struct case_result *result, FILE *out)
{
    struct json_writer writer;
    json_writer_begin_line(&writer, out);
    json_writer_number(&writer, "attempts", result->attempts);
    json_writer_text(&writer, "client", result->client);
    json_writer_number(&writer, "delivered", result->delivered);
    json_writer_number(&writer, "duration_ns", result->duration_ns);
    json_writer_text(&writer, "event", "case-ended");
    json_writer_truth(&writer, "fails_run", case_fails_run(result));
    json_writer_text(&writer, "file", result->file);
    json_writer_number(&writer, "finding_line", result->finding_line);
    json_writer_text(&writer, "id", result->id);
    json_writer_text(&writer, "level", level_word(result->level));
    json_writer_number(&writer, "line", result->line);
    json_writer_text(&writer, "name", result->name);
    json_writer_text(&writer, "reproduce", result->reproduce);
    json_writer_wide(&writer, "seed", result->seed);
    json_writer_texts(&writer, "sentences", result->sentences, result->sentence_count);
    json_writer_text(&writer, "stage", result->stage);
    json_writer_text(&writer, "subject", result->subject);
    json_writer_text(&writer, "verdict", verdict_word(result->verdict));
    json_writer_text(&writer, "world", result->world);
    end_event(&writer);
}

void events_end(const struct run_result *run, FILE *out)
{
    const struct verdict_counts counts = run_count(run);
    struct json_writer writer;
    json_writer_begin_line(&writer, out);
    json_writer_open(&writer, "counts", '{');
    json_writer_number(&writer, "error", counts.by_verdict[VERDICT_ERROR]);
    json_writer_number(&writer, "fail", counts.by_verdict[VERDICT_FAIL]);
    json_writer_number(&writer, "pass", counts.by_verdict[VERDICT_PASS]);
    json_writer_number(&writer, "setup-failed", counts.by_verdict[VERDICT_SETUP_FAILED]);
    json_writer_number(&writer, "skipped", counts.by_verdict[VERDICT_SKIPPED]);
    json_writer_number(&writer, "total", counts.total);
    json_writer_number(&writer, "unsupported", counts.by_verdict[VERDICT_UNSUPPORTED]);
    json_writer_close(&writer, '}');
    json_writer_number(&writer, "elapsed_ns", run->elapsed_ns);
    json_writer_text(&writer, "event", "run-ended");
    json_writer_number(&writer, "exit_code", (uint64_t)run_exit_code(run));
    json_writer_truth(&writer, "interrupted", run->interrupted);
    end_event(&writer);
}
