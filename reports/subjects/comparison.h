/*
 * Proxies side by side: the harms first, then a matrix of stage x fault x method down and subject/profile across. A cell has
 * two parts, what the client got and attempts/deliveries; cells that break what was declared, or in which a harm was
 * done, are marked, and so are racy ones.
 *
 * Pure: runs in, text out. Cases that differ only in what the matrix does not show share a cell; methods that no column
 * tells apart share a row.
 * Limits: COMPARISON_COLUMNS_MAX; working memory COMPARISON_BYTES_MAX, past which a sentence stands in its place.
 */
#ifndef REPORTS_SUBJECTS_COMPARISON_H
#define REPORTS_SUBJECTS_COMPARISON_H

#include <stdio.h>

#include "reports/report.h"
#include "reports/subjects/observed.h"

enum {
    COMPARISON_COLUMNS_MAX = 64, /* eight proxies with eight profiles */
    COMPARISON_BYTES_MAX = 256 * 1024 * 1024,
};

/* The columns, in the order in which they are shown; whoever takes files from a user refuses more than the limit. */
struct comparison_input {
    const struct observed_run *const *runs;
    size_t run_count;
};

/* For a terminal: as many columns beside each other as its width has room for, the rest below. */
void comparison_terminal(const struct comparison_input *input, const struct report_style *style,
                         FILE *out);
/* For GitHub and other Markdown readers: one table of harms, one per stage, a legend. */
void comparison_markdown(const struct comparison_input *input, FILE *out);
/*
 * Why cells are as they are: for each case whose id, or "stage / fault / method" row, contains the text in whatever case, and
 * each column, its name, its ways, its sentences and the command that plays it again. False if there is no such case.
 */
bool comparison_explain(const struct comparison_input *input, const char *text,
                        const struct report_style *style, FILE *out);
/* Each harm that was done: its meaning, per column its cells, and for each one command to reproduce it. */
void comparison_harms(const struct comparison_input *input, const struct report_style *style,
                      FILE *out);
/*
 * What changed from one run to another: cases that came, went, or go another way; versions; configuration; harms. At the end in
 * how many cases both agree. True: nothing changed.
 */
bool comparison_changes(const struct observed_run *before, const struct observed_run *after,
                        const struct report_style *style, FILE *out);

#endif
