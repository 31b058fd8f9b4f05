#include <stdlib.h>
#include <string.h>

#include "reports/report.h"
#include "reports/text.h"
#include "world/base/check.h"
#include "world/base/region.h"

enum {
    INDENT = 2,
    DURATION_COLUMNS = 10 /* "123.456 s" and a space */
};

static const char SOCKETS[] = "sockets";

/* The case was played, so that its time says something. */
static bool was_played(const struct case_result *result)
{
    return result->client != NULL || result->duration_ns > 0;
}

static bool is_on_sockets(const struct case_result *result)
{
    return strcmp(result->world, SOCKETS) == 0;
}

/* Longest first; of equal ones the first of the suite, so that two runs tell alike. */
static int compare_durations(const void *a, const void *b)
{
    const struct case_result *left = *(const struct case_result *const *)a;
    const struct case_result *right = *(const struct case_result *const *)b;
    if (left->duration_ns != right->duration_ns)
        return left->duration_ns < right->duration_ns ? 1 : -1;
    return (left > right) - (left < right);
}

/* All that were played, of sockets alone where any was. */
static size_t gather(const struct run_result *run, const struct case_result **cases, bool *real)
{
    size_t count = 0;
    *real = false;
    for (size_t i = 0; i < run->case_count && !*real; i++)
        *real = was_played(&run->cases[i]) && is_on_sockets(&run->cases[i]);
    for (size_t i = 0; i < run->case_count; i++) {
        if (was_played(&run->cases[i]) && (!*real || is_on_sockets(&run->cases[i])))
            cases[count++] = &run->cases[i];
    }
    return count;
}

void report_slowest(const struct run_result *run, size_t count, const struct report_style *style,
                    FILE *out)
{
    struct region region;
    bool real;
    region_init(&region, REPORT_BYTES_MAX);
    const struct case_result **cases = region_take(&region, (run->case_count + 1) * sizeof(*cases));
    /* Without memory they are left out: nothing else depends on them. */
    size_t found = cases != NULL ? gather(run, cases, &real) : 0;
    if (found > 0) {
        qsort(cases, found, sizeof(*cases), compare_durations);
        fprintf(out, "slowest %s\n",
                real ? "on sockets" : "in the simulation, by its own virtual time");
    }
    for (size_t i = 0; i < found && i < count; i++) {
        char text[32];
        snprintf(text, sizeof(text), "%.3f s", (double)cases[i]->duration_ns / 1e9);
        fprintf(out, "%*s%*s  ", INDENT, "", DURATION_COLUMNS, text);
        text_put_cut(cases[i]->id, report_width(style) - INDENT - DURATION_COLUMNS - 2, out);
        fputc('\n', out);
    }
    if (found > 0)
        fputc('\n', out);
    region_release(&region);
}
