#include "proxy/upstream/link.h"

#include <stdlib.h>

#include "world/tls/tls.h"

enum cause link_cause(const struct link *link, enum cause otherwise, const char **detail)
{
    struct tls_look look;

    if (!stream_in_use(&link->stream) || tls_phase_of(&link->stream) == TLS_NONE)
        return otherwise;
    tls_look(&link->stream, &look);
    if (look.detail != NULL)
        *detail = look.detail;
    switch (look.trouble) {
    case TLS_CERTIFICATE:
        return CAUSE_TLS_CERTIFICATE_ERROR;
    case TLS_ALERT:
        return CAUSE_TLS_ALERT_RECEIVED;
    case TLS_PROTOCOL:
        return CAUSE_TLS_PROTOCOL_ERROR;
    case TLS_NO_TROUBLE:
    case TLS_ENDED_EARLY:
    case TLS_TRUNCATED:
    default:
        return otherwise;
    }
}

struct link *link_take(struct link_shelf *shelf, struct origin *origin)
{
    struct link *link = shelf->first;

    if (link != NULL)
        shelf->first = link->next;
    else
        link = malloc(sizeof(*link));
    if (link == NULL)
        return NULL;
    *link = (struct link){.tag = LINK_TAG, .origin = origin};
    shelf->lent++;
    return link;
}

void link_give_back(struct link_shelf *shelf, struct link **link, enum stream_end end)
{
    struct link *given = object_cast(*link, LINK_TAG);

    *link = NULL;
    check(!timer_is_set(&given->idle));
    if (stream_in_use(&given->stream))
        stream_close(&given->stream, end);
    given->tag = 0;
    check(shelf->lent > 0);
    shelf->lent--;
    given->next = shelf->first;
    shelf->first = given;
}

void link_shelf_release(struct link_shelf *shelf)
{
    check(shelf->lent == 0);
    while (shelf->first != NULL) {
        struct link *link = shelf->first;

        shelf->first = link->next;
        free(link);
    }
}
