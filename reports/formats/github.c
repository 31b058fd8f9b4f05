#include "reports/formats/formats.h"

#include <string.h>

#include "reports/text.h"

/*
 * GitHub reads %, CR and LF of a message as escapes, and of a property also : and , (its runner's
 * ActionCommand). Control characters have become words before, so that only three are left.
 */
static void put_escaped(const char *text, bool property, FILE *out)
{
    struct text_glyph glyph;
    while (text_next(&text, &glyph)) {
        const char first = glyph.bytes[0];
        if (first == '%' || (property && (first == ':' || first == ',')))
            fprintf(out, "%%%02X", (unsigned)first);
        else
            fwrite(glyph.bytes, 1, glyph.size, out);
    }
}

static void put_annotation(const struct case_result *result, FILE *out)
{
    fputs(case_fails_run(result) ? "::error file=" : "::warning file=", out);
    put_escaped(result->file, true, out);
    fprintf(out, ",line=%u,title=", result->line);
    put_escaped(result->id, true, out);
    fputs(" on ", out);
    put_escaped(result->world, true, out);
    fputs("::", out);
    put_escaped(result->name, false, out);
    for (size_t i = 0; i < result->sentence_count; i++) {
        fputs("%0A- ", out);
        put_escaped(result->sentences[i], false, out);
    }
    if (result->reproduce != NULL) {
        fputs("%0Areproduce: ", out);
        put_escaped(result->reproduce, false, out);
    }
    fputc('\n', out);
}

void report_github(const struct run_result *run, FILE *out)
{
    for (size_t i = 0; i < run->case_count; i++) {
        if (case_has_findings(&run->cases[i]))
            put_annotation(&run->cases[i], out);
    }
}
