#include "reports/html/html_data.h"

#include "reports/run_json.h"

/* A change that a page of another version would not understand gets a new number. */
static const char SCHEMA[] = "retryproof-page-1";

/* ---- the index ----------------------------------------------------------------------------------- */

/* What a reader of a list wants to know of a case that did not pass; NULL: there is nothing. */
static const char *first_finding(const struct case_result *result)
{
    const bool told = result->verdict == VERDICT_FAIL || result->verdict == VERDICT_ERROR ||
                      result->verdict == VERDICT_SETUP_FAILED;

    return told && result->sentence_count > 0 ? result->sentences[0] : NULL;
}

static void put_case(struct json_writer *writer, const struct case_result *result)
{
    const char *finding = first_finding(result);

    json_writer_open_line(writer, NULL, '{');
    json_writer_number(writer, "attempts", result->attempts);
    json_writer_text(writer, "client", result->client);
    json_writer_number(writer, "delivered", result->delivered);
    json_writer_number(writer, "duration_ns", result->duration_ns);
    json_writer_text(writer, "fault", result->fault);
    json_writer_text(writer, "file", result->file);
    if (finding != NULL)
        json_writer_text(writer, "finding", finding);
    if (finding != NULL && result->finding_line > 0)
        json_writer_number(writer, "finding_line", result->finding_line);
    json_writer_text(writer, "id", result->id);
    json_writer_text(writer, "level", level_word(result->level));
    json_writer_number(writer, "line", result->line);
    json_writer_text(writer, "method", result->method);
    json_writer_text(writer, "name", result->name);
    json_writer_text(writer, "reproduce", result->reproduce);
    json_writer_wide(writer, "seed", result->seed);
    json_writer_text(writer, "source", result->source);
    json_writer_text(writer, "stage", result->stage);
    json_writer_text(writer, "subject", result->subject);
    json_writer_wide(writer, "trace_hash", result->trace_hash);
    json_writer_text(writer, "verdict", verdict_word(result->verdict));
    json_writer_text(writer, "world", result->world);
    json_writer_close(writer, '}');
}

static void put_cases(struct json_writer *writer, const struct run_result *run)
{
    json_writer_open(writer, "cases", '[');
    for (size_t i = 0; i < run->case_count; i++)
        put_case(writer, &run->cases[i]);
    json_writer_close(writer, ']');
}

static void put_documents(struct json_writer *writer, const struct html_report *report)
{
    char id[HTML_ID_BYTES];

    json_writer_open(writer, "documents", '[');
    for (size_t i = 0; i < report->document_count; i++) {
        json_writer_open_line(writer, NULL, '{');
        json_writer_text(writer, "id", html_data_id("document", i, id));
        json_writer_text(writer, "schema", report->documents[i].schema);
        json_writer_text(writer, "title", report->documents[i].title);
        json_writer_close(writer, '}');
    }
    json_writer_close(writer, ']');
}

void html_data_index(const struct html_report *report, FILE *out)
{
    struct json_writer writer;

    json_writer_begin(&writer, out);
    if (report->run != NULL)
        put_cases(&writer, report->run);
    json_writer_number(&writer, "chunk", HTML_CHUNK_CASES);
    put_documents(&writer, report);
    if (report->run != NULL)
        run_json_put(&writer, report->run);
    json_writer_text(&writer, "schema", SCHEMA);
    json_writer_end(&writer);
}

/* ---- the cases ----------------------------------------------------------------------------------- */

size_t html_data_chunks(const struct run_result *run)
{
    return (run->case_count + HTML_CHUNK_CASES - 1) / HTML_CHUNK_CASES;
}

static void put_texts(const char *key, const char *const *texts, size_t count, FILE *out)
{
    fprintf(out, "\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fputc(',', out);
        json_writer_quote(texts[i], out);
    }
    fputs("],", out);
}

void html_data_cases(const struct run_result *run, size_t chunk, FILE *out)
{
    const size_t first = chunk * HTML_CHUNK_CASES;
    size_t end = first + HTML_CHUNK_CASES;

    check(chunk < html_data_chunks(run));
    if (end > run->case_count)
        end = run->case_count;
    fputc('[', out);
    for (size_t i = first; i < end; i++) {
        const struct case_result *result = &run->cases[i];

        fputs(i > first ? ",\n{" : "\n{", out);
        put_texts("sentences", result->sentences, result->sentence_count, out);
        put_texts("story", result->story, result->story_count, out);
        fprintf(out, "\"recording\":%s}", result->recording == NULL ? "null" : result->recording);
    }
    fputs("\n]\n", out);
}

const char *html_data_id(const char *kind, size_t number, char id[HTML_ID_BYTES])
{
    const int size = snprintf(id, HTML_ID_BYTES, "%s-%zu", kind, number);

    check(size > 0 && size < HTML_ID_BYTES);
    return id;
}
