/* Aimed at pcapng_put_case(), of whatever recording_read() lets through. */

#include <stdlib.h>

#include "reports/pcapng/pcapng.h"

enum { MEMORY_MAX = 4 * 1024 * 1024, TEXT_BYTES_MAX = 64 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pcapng_case ABOUT = {.id = "id", .name = "name", .verdict = "pass"};
    char error[RECORDING_ERROR_BYTES];
    struct region region;
    region_init(&region, MEMORY_MAX);
    const char *text =
        size < TEXT_BYTES_MAX ? region_copy_text(&region, (const char *)data, size) : NULL;
    const struct case_recording *recording =
        text != NULL ? recording_read(text, &region, error) : NULL;
    char *bytes = NULL;
    size_t written = 0;
    FILE *out = recording != NULL ? open_memstream(&bytes, &written) : NULL;
    if (out != NULL) {
        bool fine = pcapng_put_case(recording, &ABOUT, &region, out);
        fclose(out);
        /* Blocks are whole numbers of words. */
        check(!fine || written % 4 == 0);
    }
    free(bytes);
    region_release(&region);
    return 0;
}
