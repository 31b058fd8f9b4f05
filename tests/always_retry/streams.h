/*
 * What the ends of a tunnel or of an upgraded connection do in a schedule: bytes that are no HTTP, in both directions at once,
 * until one of them ends it in some way. A step that finds no stream is passed over, so both may be written everywhere.
 */
#ifndef TESTS_ALWAYS_RETRY_STREAMS_H
#define TESTS_ALWAYS_RETRY_STREAMS_H

#include "tests/always_retry/writing.h"

/* Lines of a client that asks for a tunnel or another protocol, uses what it got and leaves it. */
void put_client_stream(struct writing *to, size_t client, size_t number);
/* The steps of an upstream's connection that is a stream from its first byte. */
void put_stream_connection(struct writing *to);
/* The same behind a 101, which is granted first. */
void put_upgraded(struct writing *to);

#endif
