#include "proxy/policy/progress.h"

enum stage progress_stage(const struct progress *progress)
{
    if (progress->response_down)
        return STAGE_MID_COPY;
    if (progress->final_head)
        return STAGE_STATUS;
    if (progress->rx > 0)
        return STAGE_MID_HEAD;
    if (progress->request_handed_over)
        return STAGE_POST_WRITE;
    if (progress->tx > 0)
        return STAGE_MID_WRITE;
    return STAGE_PRE_WRITE;
}
