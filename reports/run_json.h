/*
 * What is known of a run as a whole, as members of a JSON document: the result file and the page that shows it say it alike
 * (docs/result.schema.json).
 */
#ifndef REPORTS_RUN_JSON_H
#define REPORTS_RUN_JSON_H

#include "reports/json_writer.h"
#include "reports/result.h"

/* "counts", "facts", "files", "run": members of the map that is open, in this order. */
void run_json_put(struct json_writer *writer, const struct run_result *run);

#endif
