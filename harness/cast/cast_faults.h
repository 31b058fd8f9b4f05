/*
 * The faults of a case brought to those who make them: the actors' lines, and the filter beneath the proxy, which stands there
 * only where it has something to do, so that all other cases pay nothing for it.
 *
 * A connection is found on the proxy's side by its number, in both worlds: an upstream accepts in the order in which it was
 * dialled, and the proxy accepts in the order in which clients have dialled.
 */
#ifndef HARNESS_CAST_CAST_FAULTS_H
#define HARNESS_CAST_CAST_FAULTS_H

#include "harness/cast/cast.h"

/* When the upstreams' addresses are known, and before anybody dials. */
void cast_faults_start(struct cast *cast);
/* The case is over. */
void cast_faults_forget(struct cast *cast);
/* A bit for each of the scenario's that took place. */
unsigned cast_faults_met(const struct cast *cast);

#endif
