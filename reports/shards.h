/*
 * Which shards of a run a result holds, in words. Pure.
 *
 * Limits: SHARDS_WORDS_BYTES; of many gaps the first are named.
 */
#ifndef REPORTS_SHARDS_H
#define REPORTS_SHARDS_H

#include "reports/result.h"

enum {
    SHARDS_WORDS_BYTES = 640
}; /* two lists of ranges of the largest numbers, and the words around them */

/*
 * "shard 2 of 5 alone: 120 of 600 cases", "merged from all 5 shards", "merged from shards 1-3, 5 of 5: 480 of 600 cases, without
 * shard 4". False, and no words, where the run was not divided. A result that does not tell its shards is asked for its command.
 */
bool shards_words(const struct run_result *run, char words[SHARDS_WORDS_BYTES]);

#endif
