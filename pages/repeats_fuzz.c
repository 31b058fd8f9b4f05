/* Aims at repeats_put(): whatever the bytes, read again they are what they were. */
#include <stddef.h>
#include <stdint.h>

#include "pages/repeats.h"
#include "pages/repeats_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct repeats_text coded = {NULL, 0};

    if (!repeats_put(data, size, repeats_collect, &coded))
        return 0;
    struct repeats_text whole = repeats_read(&coded);
    check(whole.size == size);
    check(size == 0 || memcmp(whole.data, data, size) == 0);
    free(whole.data);
    free(coded.data);
    return 0;
}
