#include "reports/run_json.h"

#include "reports/shards.h"

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

/* null of a run that was not divided. The words are for whoever shows them as they are: a page. */
static void put_shards(struct json_writer *writer, const struct run_result *run)
{
    const struct run_shard alone = run_shard(run);
    const struct run_shards *shards = &run->shards;
    char words[SHARDS_WORDS_BYTES];
    if (!shards_words(run, words)) {
        json_writer_text(writer, "shards", NULL);
        return;
    }
    json_writer_open_line(writer, "shards", '{');
    json_writer_number(writer, "cases", shards->cases);
    json_writer_open(writer, "numbers", '[');
    for (size_t i = 0; i < shards->count; i++)
        json_writer_number(writer, NULL, shards->numbers[i]);
    if (shards->of == 0)
        json_writer_number(writer, NULL, alone.number);
    json_writer_close(writer, ']');
    json_writer_number(writer, "of", shards->of > 0 ? shards->of : alone.of);
    json_writer_text(writer, "words", words);
    json_writer_close(writer, '}');
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
    put_shards(writer, run);
    json_writer_number(writer, "started_unix",
                       run->started_unix < 0 ? 0 : (uint64_t)run->started_unix);
    json_writer_text(writer, "version", run->version);
    json_writer_text(writer, "worlds", run->worlds);
    json_writer_close(writer, '}');
}

void run_json_put(struct json_writer *writer, const struct run_result *run)
{
    put_counts(writer, run);
    put_facts(writer, run);
    put_files(writer, run);
    put_run(writer, run);
}
