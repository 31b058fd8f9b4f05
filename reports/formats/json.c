#include "reports/formats/formats.h"

#include "reports/run_json.h"

static void put_case(struct json_writer *writer, const struct case_result *result)
{
    json_writer_open(writer, NULL, '{');
    json_writer_number(writer, "attempts", result->attempts);
    json_writer_text(writer, "client", result->client);
    json_writer_number(writer, "delivered", result->delivered);
    json_writer_number(writer, "duration_ns", result->duration_ns);
    json_writer_text(writer, "fault", result->fault);
    json_writer_text(writer, "file", result->file);
    json_writer_number(writer, "finding_line", result->finding_line);
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

void report_json(const struct run_result *run, FILE *out)
{
    struct json_writer writer;
    json_writer_begin(&writer, out);
    json_writer_open(&writer, "cases", '[');
    for (size_t i = 0; i < run->case_count; i++)
        put_case(&writer, &run->cases[i]);
    json_writer_close(&writer, ']');
    run_json_put(&writer, run);
    json_writer_text(&writer, "schema", RESULT_SCHEMA);
    json_writer_end(&writer);
}
