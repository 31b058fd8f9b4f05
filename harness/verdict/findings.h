/*
 * What is wrong with a case, as plain sentences.
 *
 * Ownership: sentences live in the region that was given.
 * Limits: FINDINGS_MAX; more are counted and said as a number.
 */
#ifndef HARNESS_VERDICT_FINDINGS_H
#define HARNESS_VERDICT_FINDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "world/base/region.h"

enum {
    FINDINGS_MAX = 32,    /* of one case; nobody reads the thirty-third */
    FINDING_BYTES = 1024, /* one sentence; longer ones are cut */
    FINDING_LIST_MAX = 8, /* things named in one sentence, the rest as a number */
    FINDING_DURATION_BYTES = 32,
};

struct findings {
    struct region *region;
    const char *sentences[FINDINGS_MAX];
    size_t count;   /* all, also those past FINDINGS_MAX */
    unsigned about; /* the line of the scenario that findings are about now; 0: none */
    unsigned line;  /* that of the first finding about one; 0: there is none */
};

void findings_init(struct findings *findings, struct region *region);
/* What is found from here on is about that line of the scenario; 0: about none. */
void findings_about(struct findings *findings, unsigned line);
void findings_add(struct findings *findings, const char *format, ...) PRINTF_LIKE(2, 3);
/* The sentences, the last one telling how many more there were; *count tells how many there are. */
const char *const *findings_all(struct findings *findings, size_t *count);

/* A sentence that grows. */
struct phrase {
    char text[FINDING_BYTES];
    size_t used;
};

void phrase_add(struct phrase *phrase, const char *format, ...) PRINTF_LIKE(2, 3);

/* "time" behind a 1, else "times". */
const char *times_word(uint64_t count);
/* "+3.1 ms", a time since the case began; returns text. */
const char *moment_format(uint64_t at_ns, uint64_t origin_ns, char text[FINDING_DURATION_BYTES]);
/* "3.1 ms", "2 s"; returns text. */
const char *duration_format(uint64_t ns, char text[FINDING_DURATION_BYTES]);

#endif
