/*
 * The request log over HTTP: pages of rows, and one row.
 */
#ifndef PROXY_ADMIN_REQUESTS_API_H
#define PROXY_ADMIN_REQUESTS_API_H

#include "proxy/admin/admin_api.h"

/* The rows that the query asks for, newest first, and where those before them are found. */
void requests_api_list(struct admin_sources *sources, const struct admin_request *request,
                       struct admin_reply *reply);
/* The row of that id. */
void requests_api_tell(struct admin_sources *sources, const struct admin_request *request,
                       struct admin_reply *reply);

#endif
