#include "tests/wrong/replay.h"

bool replay_prepare(struct exchange *exchange)
{
    struct inlet *request = exchange->request;
    struct replay *replay = &exchange->up.replay;
    struct link *link = exchange->link;
    size_t taken = (size_t)exchange->upload.body_accepted;
    size_t left = request->body_end - request->body_begin;
    struct stream_info info;

    if (link == NULL || taken > request->body_begin || request->body_total != taken + left)
        return false;
    stream_info(&link->stream, &info);
    link->tx_before = info.tx;
    request->body_begin -= taken;
    exchange->upload.body_accepted = 0;
    replay_start(replay, replay->data, replay->limit);
    exchange->failure.stage = STAGE_PRE_WRITE;
    return true;
}
