/*
 * The requests and responses of a schedule, each a map of the scenario language.
 */
#ifndef TESTS_ALWAYS_RETRY_MESSAGES_H
#define TESTS_ALWAYS_RETRY_MESSAGES_H

#include "tests/always_retry/writing.h"

/* "{method: PUT, path: /c1-2, ...}"; the size of its body. */
size_t put_request(struct writing *to, size_t client, size_t number);
/* ", authorize: ..." right or wrong or not at all, where the proxy asks for it. */
void put_credentials(struct writing *to);
/* "{status: 503, ...}"; the size of its body. */
size_t put_response(struct writing *to, unsigned status);
unsigned any_status(struct writing *to);

#endif
