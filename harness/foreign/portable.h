/*
 * Which scenarios a proxy that is not ours can be asked: those that need nothing of it but two kinds of neighbours, clients and
 * upstreams that speak HTTP/1.1. Its own settings say when it tries again and for how long it waits.
 *
 * Pure.
 */
#ifndef HARNESS_FOREIGN_PORTABLE_H
#define HARNESS_FOREIGN_PORTABLE_H

#include "harness/suite/scenario.h"

/*
 * Why this scenario is none, a part of a sentence such as "it needs hooks of the built-in proxy"; NULL: it can be asked. names:
 * of the upstreams that the proxy was told of, NULL-terminated.
 */
const char *portable_refusal(const struct scenario *scenario, const char *const *names);

#endif
