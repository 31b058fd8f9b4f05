#include "reports/formats/formats.h"

#include <inttypes.h>

#include "reports/json_writer.h"
#include "reports/shards.h"
#include "reports/text.h"

/* What TAP 14 would take for the end of a description, and its escape. */
static const char SPECIAL[] = "#\\";

/* TAP's word for a test point that may fail. */
static const char EXPECTED[] = "TO"
                               "DO";

static void put_description(const char *text, FILE *out)
{
    struct text_glyph glyph;
    while (true) {
        const size_t plain = text_plain_size(text, SPECIAL);
        fwrite(text, 1, plain, out);
        text += plain;
        if (!text_next(&text, &glyph))
            return;
        /* The escape of a control character begins with a backslash, too. */
        if (glyph.bytes[0] == '#' || glyph.bytes[0] == '\\')
            fputc('\\', out);
        fwrite(glyph.bytes, 1, glyph.size, out);
    }
}

static void put_reason(const char *directive, const struct case_result *result, FILE *out)
{
    fprintf(out, " # %s ", directive);
    if (case_has_findings(result))
        fprintf(out, "%s: ", level_word(result->level));
    if (result->sentence_count > 0)
        put_description(result->sentences[0], out);
    else
        fputs(verdict_word(result->verdict), out);
}

static void put_yaml(const char *key, const char *text, FILE *out)
{
    fprintf(out, "  %s: ", key);
    json_writer_quote(text, out);
    fputc('\n', out);
}

static void put_yaml_list(const char *key, const char *const *texts, size_t count, FILE *out)
{
    if (count == 0)
        return;
    fprintf(out, "  %s:\n", key);
    for (size_t i = 0; i < count; i++) {
        fputs("    - ", out);
        json_writer_quote(texts[i], out);
        fputc('\n', out);
    }
}

static void put_diagnosis(const struct case_result *result, FILE *out)
{
    fputs("  ---\n", out);
    put_yaml("verdict", verdict_word(result->verdict), out);
    put_yaml("level", level_word(result->level), out);
    put_yaml("proves", result->name, out);
    put_yaml_list("sentences", result->sentences, result->sentence_count, out);
    if (result->source != NULL)
        put_yaml("rule", result->source, out);
    put_yaml("file", result->file, out);
    fprintf(out, "  line: %u\n", case_line(result));
    fprintf(out, "  seed: %" PRIu64 "\n", result->seed);
    if (result->reproduce != NULL)
        put_yaml("reproduce", result->reproduce, out);
    put_yaml_list("story", result->story, result->story_count, out);
    fputs("  ...\n", out);
}

static void put_case(size_t number, const struct case_result *result, FILE *out)
{
    fprintf(out, "%s %zu - ", case_has_findings(result) ? "not ok" : "ok", number);
    put_description(result->id, out);
    fputs(" on ", out);
    put_description(result->subject, out);
    fputs(", ", out);
    put_description(result->world, out);
    if (result->verdict == VERDICT_UNSUPPORTED || result->verdict == VERDICT_SKIPPED)
        put_reason("SKIP", result, out);
    else if (case_has_findings(result) && !case_fails_run(result))
        put_reason(EXPECTED, result, out);
    fputc('\n', out);
    if (case_has_findings(result))
        put_diagnosis(result, out);
}

void report_tap(const struct run_result *run, FILE *out)
{
    char shards[SHARDS_WORDS_BYTES];
    fprintf(out, "TAP version 13\n1..%zu\n", run->case_count);
    if (shards_words(run, shards))
        fprintf(out, "# %s\n", shards);
    for (size_t i = 0; i < run->case_count; i++)
        put_case(i + 1, &run->cases[i], out);
    if (run->interrupted)
        fputs("Bail out! the run was interrupted\n", out);
}
