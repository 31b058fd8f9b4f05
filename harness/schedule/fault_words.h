/*
 * One fault as a sentence, in the words of what the connection carries: "upstream a's connection 1 closes after 17 bytes of its
 * response head (sent: 17)". Where that is not known, by the number alone: "... closes after it has sent 17 bytes".
 *
 * Pure.
 */
#ifndef HARNESS_SCHEDULE_FAULT_WORDS_H
#define HARNESS_SCHEDULE_FAULT_WORDS_H

#include "harness/schedule/fault_list.h"

enum { FAULT_WORDS_BYTES = 256 }; /* a sentence; names that are too long cut it */

/* One message among the bytes of one direction of a connection, as it was in a run without faults. */
struct fault_message {
    enum wire_party party; /* whose connection */
    uint32_t index;
    uint32_t connection;
    enum wire_direction direction; /* as that party sees it */
    unsigned number;               /* which of its direction's messages, from 1 */
    bool interim;                  /* a 1xx, which is none of the numbered */
    bool chunked;
    uint64_t begin;    /* offsets in that direction */
    uint64_t head_end; /* where its head is complete */
    uint64_t
        body_end; /* where the last byte of its data is there; a last chunk and trailers come behind */
    uint64_t end;
};

/* What is known of who plays, and of what they send. messages may be NULL. */
struct fault_map {
    struct fault_names names;
    const struct fault_message
        *messages; /* of one connection and direction in the order of their bytes */
    size_t message_count;
};

/* Returns text. */
const char *fault_words(const struct wire_fault *fault, const struct fault_map *map,
                        char text[FAULT_WORDS_BYTES]);

#endif
