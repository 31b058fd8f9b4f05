/*
 * One connection to an upstream, and the memory it stands in.
 *
 * Ownership: an exchange, a dial or a pool holds a link, never two at once; whoever holds it sets the stream's
 * callback. Links come from a shelf and go back to it, so that a warm proxy allocates none.
 */
#ifndef PROXY_UPSTREAM_LINK_H
#define PROXY_UPSTREAM_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "world/base/failure.h"
#include "world/base/object.h"
#include "world/world.h"

#define LINK_TAG OBJECT_TAG('L', 'I', 'N', 'K')

struct origin;

struct link {
    object_tag tag;
    struct stream stream;
    struct origin *origin;
    struct link *next; /* on a shelf, or in a pool */
    struct link *previous;
    struct timer idle;  /* set while in a pool */
    unsigned exchanges; /* served before the present one; 0: fresh */
    uint64_t tx_before; /* the counter when the present exchange took it */
};

struct link_shelf {
    struct link *first;
    size_t lent; /* links that are not on the shelf */
};

/*
 * The cause of its failure: what TLS says of it, with static words in *detail, or else the one given, and *detail stays.
 */
enum cause link_cause(const struct link *link, enum cause otherwise, const char **detail);

/* NULL when memory has run out. The stream is not in use. */
struct link *link_take(struct link_shelf *shelf, struct origin *origin);
/* Closes the stream if it is in use and puts the link back; empties *link. */
void link_give_back(struct link_shelf *shelf, struct link **link, enum stream_end end);
/* Frees what is on the shelf; nothing may be lent. */
void link_shelf_release(struct link_shelf *shelf);

#endif
