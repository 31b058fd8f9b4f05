/*
 * What all clients of a base send where nothing is wrong, as one number: the bytes that a fault's place is counted in. With other
 * requests the same number of bytes is another place, and often none at all.
 *
 * Ownership: none; plays the base once, and leaves the player as after any trial.
 */
#ifndef HARNESS_FOUND_REQUEST_DIGEST_H
#define HARNESS_FOUND_REQUEST_DIGEST_H

#include "harness/trial/player.h"
#include "world/data/digest.h"

/*
 * The SHA-256, in hexadecimal digits, of the first bytes (a witness keeps 64 KiB) of each connection of each client, client
 * after client; "" where the run did not come so far. Returns text.
 */
const char *request_digest(struct player *player, const struct base *base, uint64_t seed,
                           char text[DIGEST_TEXT_BYTES]);

#endif
