#include "harness/found/request_digest.h"

#include <string.h>

static void add(struct digest *digest, const struct witness_stream *sent)
{
    if (sent->size > 0)
        digest_update(digest, sent->data, sent->size);
}

const char *request_digest(struct player *player, const struct base *base, uint64_t seed,
                           char text[DIGEST_TEXT_BYTES])
{
    const struct trial clean = trial_of(base, seed);
    uint8_t sum[DIGEST_BYTES];
    struct digest digest;
    struct played played;

    player_play(player, &clean, &played);
    const struct evidence *evidence = player_evidence(player);
    text[0] = '\0';
    if (evidence == NULL || evidence->clients == NULL)
        return text;
    digest_init(&digest);
    for (size_t c = 0; c < base->scenario->client_count; c++)
        for (size_t i = 0; i < evidence->clients[c]->line_count; i++)
            add(&digest, &client_witness(evidence->clients[c], i)->out);
    digest_finish(&digest, sum);
    digest_release(&digest);
    return digest_format(sum, text);
}
