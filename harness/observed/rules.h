/*
 * Rules that a case can break, and the first of them: when a request may be tried again. The rules of messages are in
 * message_rules.h.
 *
 * Pure. Ownership: sentences live in the region. Limits: BREACHES_MAX of one case.
 */
#ifndef HARNESS_OBSERVED_RULES_H
#define HARNESS_OBSERVED_RULES_H

#include "harness/observed/declared.h"
#include "harness/observed/harms.h"

enum { BREACHES_MAX = 32 }; /* a case has one to three; nobody reads the thirty-third */

/* Which rule, and how much it binds. */
struct rule {
    enum level level;
    const char *name; /* "at-most-once", "RFC 9110 9.2.2" */
    enum harm harm;   /* what is the same told in another way; HARM_COUNT: nothing */
};

struct breach {
    struct rule rule;
    const char *sentence; /* "must, RFC 9110 9.2.2: POST /pay reached …" */
};

struct breaches {
    const struct own_case *own;
    const struct harms *harms;
    struct region *region;
    struct breach list[BREACHES_MAX];
    size_t count;
    bool full; /* the region is */
};

void breach_add(struct breaches *breaches, const struct rule *rule, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Under at-most-once, idempotent or rfc9110: may it be tried again, must it, may it not? */
void retry_rules_check(enum declared declared, struct breaches *breaches);

#endif
