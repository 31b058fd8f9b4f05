#include "harness/verdict/findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "world/world.h"

void findings_init(struct findings *findings, struct region *region)
{
    findings->region = region;
    findings->count = 0;
    findings->about = 0;
    findings->line = 0;
}

void findings_about(struct findings *findings, unsigned line)
{
    findings->about = line;
}

void findings_add(struct findings *findings, const char *format, ...)
{
    static const char NO_MEMORY[] = "a finding could not be told: the case's memory is used up";
    char text[FINDING_BYTES];
    va_list arguments;
    size_t index = findings->count++;
    if (findings->line == 0)
        findings->line = findings->about;
    if (index >= FINDINGS_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    const char *copy = region_format(findings->region, "%s", text);
    findings->sentences[index] = copy != NULL ? copy : NO_MEMORY;
}

const char *const *findings_all(struct findings *findings, size_t *count)
{
    *count = findings->count;
    if (findings->count > FINDINGS_MAX) {
        const char *more = region_format(findings->region, "and %zu more findings",
                                         findings->count - FINDINGS_MAX + 1);
        *count = FINDINGS_MAX;
        if (more != NULL)
            findings->sentences[FINDINGS_MAX - 1] = more;
    }
    return findings->sentences;
}

void phrase_add(struct phrase *phrase, const char *format, ...)
{
    va_list arguments;
    if (phrase->used >= sizeof(phrase->text) - 1)
        return;
    va_start(arguments, format);
    int size = vsnprintf(phrase->text + phrase->used, sizeof(phrase->text) - phrase->used, format,
                         arguments);
    va_end(arguments);
    check(size >= 0);
    phrase->used += (size_t)size;
}

const char *duration_format(uint64_t ns, char text[FINDING_DURATION_BYTES])
{
    if (ns < 100 * NS_PER_MS)
        snprintf(text, FINDING_DURATION_BYTES, "%.4g ms", (double)ns / (double)NS_PER_MS);
    else
        snprintf(text, FINDING_DURATION_BYTES, "%.4g s", (double)ns / (double)NS_PER_S);
    return text;
}

const char *times_word(uint64_t count)
{
    return count == 1 ? "time" : "times";
}

const char *moment_format(uint64_t at_ns, uint64_t origin_ns, char text[FINDING_DURATION_BYTES])
{
    uint64_t since = at_ns > origin_ns ? at_ns - origin_ns : 0;
    snprintf(text, FINDING_DURATION_BYTES, "+%.3f ms", (double)since / (double)NS_PER_MS);
    return text;
}
