#include "reports/formats/formats.h"

#include "reports/json_writer.h"

static void put_case(struct json_writer *writer, const struct case_result *result)
{
    json_writer_open(writer, NULL, '{');
    json_writer_number(writer, "attempts", result->attempts);
    json_writer_text(writer, "client", result->client);
    json_writer_number(writer, "delivered", result->delivered);
    json_writer_number(writer, "duration_ns", result->duration_ns);
    json_writer_text(writer, "fault", result->fault);
    json_writer_text(writer, "file", result->file);
    json_writer_text(writer, "id", result->id);
    json_writer_text(writer, "level", level_word(result->level));
    json_writer_number(writer, "line", result->line);
    json_writer_text(writer, "method", result->method);
    json_writer_text(writer, "name", result->name);
    json_writer_number(writer, "place", result->place);
    json_writer_raw(writer, "recording", result->recording);
    json_writer_text(writer, "reproduce", result->reproduce);
    json_writer_wide(writer, "seed", result->seed);
    json_writer_texts(writer, "sentences", result->sentences, result->sentence_count);
    json_writer_text(writer, "source", result->source);
    json_writer_text(writer, "stage", result->stage);
    json_writer_texts(writer, "story", result->story, result->story_count);
    json_writer_text(writer, "subject", result->subject);
    json_writer_wide(writer, "trace_hash", result->trace_hash);
    json_writer_text(writer, "verdict", verdict_word(result->verdict));
    json_writer_text(writer, "world", result->world);
    json_writer_close(writer, '}');
}

static void put_counts(struct json_writer *writer, const struct run_result *run)
{
    const struct verdict_counts counts = run_count(run);
    json_writer_open(writer, "counts", '{');
    json_writer_number(writer, "error", counts.by_verdict[VERDICT_ERROR]);
    json_writer_number(writer, "fail", counts.by_verdict[VERDICT_FAIL]);
    json_writer_number(writer, "pass", counts.by_verdict[VERDICT_PASS]);
    json_writer_number(writer, "setup-failed", counts.by_verdict[VERDICT_SETUP_FAILED]);
    json_writer_number(writer, "skipped", counts.by_verdict[VERDICT_SKIPPED]);
    json_writer_number(writer, "total", counts.total);
    json_writer_number(writer, "unsupported", counts.by_verdict[VERDICT_UNSUPPORTED]);
    json_writer_close(writer, '}');
}

static void put_files(struct json_writer *writer, const struct run_result *run)
{
    json_writer_open(writer, "files", '[');
    for (size_t i = 0; i < run->file_count; i++) {
        json_writer_open(writer, NULL, '{');
        json_writer_text(writer, "path", run->files[i].path);
        json_writer_text(writer, "text", run->files[i].text);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, ']');
}

/* In the order in which they are to be read, so not by their names. */
static void put_facts(struct json_writer *writer, const struct run_result *run)
{
    json_writer_open(writer, "facts", '[');
    for (size_t i = 0; i < run->fact_count; i++) {
        json_writer_open_line(writer, NULL, '{');
        json_writer_text(writer, "name", run->facts[i].name);
        json_writer_text(writer, "value", run->facts[i].value);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, ']');
}

/* What differs from run to run stands apart from the cases, so that two results can be compared. */
static void put_run(struct json_writer *writer, const struct run_result *run)
{
    json_writer_open(writer, "run", '{');
    json_writer_text(writer, "command", run->command);
    json_writer_number(writer, "elapsed_ns", run->elapsed_ns);
    json_writer_number(writer, "exit_code", (uint64_t)run_exit_code(run));
    json_writer_truth(writer, "interrupted", run->interrupted);
    json_writer_number(writer, "repetitions", run->repetitions);
    json_writer_wide(writer, "seed", run->seed);
    json_writer_number(writer, "started_unix",
                       run->started_unix < 0 ? 0 : (uint64_t)run->started_unix);
    json_writer_text(writer, "version", run->version);
    json_writer_text(writer, "worlds", run->worlds);
    json_writer_close(writer, '}');
}

void report_json(const struct run_result *run, FILE *out)
{
    struct json_writer writer;
    json_writer_begin(&writer, out);
    json_writer_open(&writer, "cases", '[');
    for (size_t i = 0; i < run->case_count; i++)
        put_case(&writer, &run->cases[i]);
    json_writer_close(&writer, ']');
    put_counts(&writer, run);
    put_facts(&writer, run);
    put_files(&writer, run);
    put_run(&writer, run);
    json_writer_text(&writer, "schema", RESULT_SCHEMA);
    json_writer_end(&writer);
}
