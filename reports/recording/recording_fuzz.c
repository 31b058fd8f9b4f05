/* Aimed at recording_read() and, on what it read, recording_write(). */

#include <stdint.h>
#include <string.h>

#include "reports/recording/recording.h"

enum { REGION_BYTES = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[RECORDING_ERROR_BYTES] = "";
    const struct case_recording *recording;
    struct region region;
    const char *text;

    region_init(&region, REGION_BYTES);
    text = region_copy_text(&region, (const char *)data, size);
    check(text != NULL);
    recording = recording_read(text, &region, error);
    check((recording == NULL) == (error[0] != '\0'));
    if (recording != NULL) {
        const char *first = recording_write(recording, &region);
        const struct case_recording *again;
        const char *second;

        check(first != NULL);
        again = recording_read(first, &region, error);
        check(again != NULL);
        second = recording_write(again, &region);
        check(second != NULL);
        check(strcmp(first, second) == 0);
    }
    region_release(&region);
    return 0;
}
