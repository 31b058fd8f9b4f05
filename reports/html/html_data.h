/*
 * The data of the report's page, as JSON.
 *
 * "index": {schema: "retryproof-page-1", chunk: N, run, counts, facts: [{name, value}], files: [{path, text}],
 * cases: [all of a case but what its chunk has, and as "finding" the first sentence of one that did not pass],
 * documents: [{id, schema, title}]}. Without a run there are the documents alone.
 * "cases-K", the cases K*N to K*N+N-1 of the index: [{sentences, story, recording}], the recording verbatim as the result
 * holds it (docs/result.schema.json), or null. Nothing is read of it here: that would take longer than all the rest, so what
 * can be made of a recording, its capture too, is made by the page of the one case that somebody looks at.
 *
 * Full 64 bit numbers (seeds, hashes) are text.
 * Errors: none returned; ask ferror() of the stream, once, at the end.
 */
#ifndef REPORTS_HTML_HTML_DATA_H
#define REPORTS_HTML_HTML_DATA_H

#include "reports/html/html_report.h"

enum {
    HTML_CHUNK_CASES = 100, /* read at once when one of them is opened: some tenths of a megabyte */
    HTML_ID_BYTES = 32,
};

void html_data_index(const struct html_report *report, FILE *out);

/* How many chunks the cases of the run make. */
size_t html_data_chunks(const struct run_result *run);

/* One of them. */
void html_data_cases(const struct run_result *run, size_t chunk, FILE *out);

/* "document-3", "cases-12"; returns id. */
const char *html_data_id(const char *kind, size_t number, char id[HTML_ID_BYTES]);

#endif
