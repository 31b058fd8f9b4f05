/*
 * The routes over HTTP: their names, the settings of one, and changing them while the proxy runs.
 */
#ifndef PROXY_ADMIN_ROUTES_API_H
#define PROXY_ADMIN_ROUTES_API_H

#include "proxy/admin/admin_api.h"

void routes_api_list(struct admin_sources *sources, const struct admin_request *request,
                     struct admin_reply *reply);
void routes_api_tell(struct admin_sources *sources, const struct admin_request *request,
                     struct admin_reply *reply);
/*
 * Reads a JSON object of some of a route's keys over its present settings, by the rules of the configuration file, and
 * has later exchanges begin under them. Answers with all of the route's settings then, or with the mistake.
 */
void routes_api_change(struct admin_sources *sources, const struct admin_request *request,
                       struct admin_reply *reply);

#endif
