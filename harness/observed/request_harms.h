/*
 * Harms done to requests on their way to upstreams: sent again, without their body, as whole though they are not, or for nobody.
 */
#ifndef HARNESS_OBSERVED_REQUEST_HARMS_H
#define HARNESS_OBSERVED_REQUEST_HARMS_H

#include "harness/observed/harms.h"

void request_harms_find(struct harms *harms, const struct own_request *request);

#endif
