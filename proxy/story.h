/*
 * What went wrong in an exchange, as one line for an operator.
 */
#ifndef PROXY_STORY_H
#define PROXY_STORY_H

#include <stdbool.h>
#include <stdio.h>

#include "retryproof/proxy.h"

/*
 * Whether there is something to tell: it failed or was tried again. A client that leaves is its own affair, and one that is
 * asked for a password comes back with it.
 */
bool story_is_worth_telling(const struct exchange_record *record);

/*
 * Writes the line with its end:
 *   GET /pay: 502; a: dial, connection_refused, again: nothing of the request was sent; b: …
 * What came from outside is written with '?' in place of every byte that is not printable ASCII, so that a line is a line. The record
 * has the settings it ran under.
 */
void story_tell(FILE *out, const struct exchange_record *record);

#endif
