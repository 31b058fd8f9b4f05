/*
 * A proxy that loses sight of a connection whose attempt is over and never closes it. Wraps link_give_back(): a connection
 * that was never in the pool is forgotten as it is.
 */
#include "proxy/upstream/link.h"

void __real_link_give_back(struct link_shelf *shelf, struct link **link, enum stream_end end);
void __wrap_link_give_back(struct link_shelf *shelf, struct link **link, enum stream_end end);

void __wrap_link_give_back(struct link_shelf *shelf, struct link **link, enum stream_end end)
{
    struct link *given = *link;

    if (given->exchanges > 0 || !stream_in_use(&given->stream)) {
        __real_link_give_back(shelf, link, end);
        return;
    }
    stream_want(&given->stream, 0);
    shelf->lent--;
    *link = NULL;
}
