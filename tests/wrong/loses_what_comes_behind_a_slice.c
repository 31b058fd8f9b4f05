/*
 * A relay that takes one slice of a body from each read and loses what came behind it. Wraps http1_reader_next(), from which
 * the inlet has its slices.
 */
#include "proxy/wire/http1_reader.h"

enum reader_step __real_http1_reader_next(struct http1_reader *reader, struct bytes *input,
                                          struct bytes *body);
enum reader_step __wrap_http1_reader_next(struct http1_reader *reader, struct bytes *input,
                                          struct bytes *body);

enum reader_step __wrap_http1_reader_next(struct http1_reader *reader, struct bytes *input,
                                          struct bytes *body)
{
    enum reader_step step = __real_http1_reader_next(reader, input, body);

    if (step == READER_BODY)
        *input = bytes_make(input->data + input->size, 0);
    return step;
}
