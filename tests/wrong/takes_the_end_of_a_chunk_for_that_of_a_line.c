/*
 * An actor that takes the end of what came for the end of a chunk's size, where it stands within that line. Wraps
 * transcript_next(), through which an actor reads.
 */
#include "fakeupstream/wire/transcript.h"

size_t __real_transcript_next(struct transcript *transcript, const void *data, size_t size,
                              struct transcript_piece *piece);
size_t __wrap_transcript_next(struct transcript *transcript, const void *data, size_t size,
                              struct transcript_piece *piece);

size_t __wrap_transcript_next(struct transcript *transcript, const void *data, size_t size,
                              struct transcript_piece *piece)
{
    size_t taken = __real_transcript_next(transcript, data, size, piece);

    if (transcript->state == TRANSCRIPT_IN_CHUNK_SIZE && taken > 1 && transcript->text_size > 0)
        (void)__real_transcript_next(transcript, "\r\n", 2, piece);
    return taken;
}
