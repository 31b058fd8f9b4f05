/*
 * A proxy that keeps a 103 to itself. Wraps forward_write_interim(): nothing of it is written.
 */
#include "proxy/relay/forward.h"

bool __real_forward_write_interim(const struct head *head, const char *via,
                                  struct http1_writer *writer);
bool __wrap_forward_write_interim(const struct head *head, const char *via,
                                  struct http1_writer *writer);

bool __wrap_forward_write_interim(const struct head *head, const char *via,
                                  struct http1_writer *writer)
{
    return head->status == 103 || __real_forward_write_interim(head, via, writer);
}
