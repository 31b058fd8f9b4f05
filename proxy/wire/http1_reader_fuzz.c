/* Aimed at http1_reader_next(), http1_reader_end_of_input(), http1_guard_take(), http1_head_split(), framing_decide(). */
#include <stdint.h>
#include <stdlib.h>

#include "proxy/wire/http1_rig.h"

enum { INPUT_BYTES_MAX = 8192 }; /* what is written down of an input must fit into a rig */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says what is read: a digit with the bits response, to HEAD, to CONNECT. */
static struct rig_settings settings_of(uint8_t byte)
{
    struct rig_settings settings = rig_usual(byte & 1 ? READ_RESPONSE : READ_REQUEST);

    if (byte & 2)
        settings.method = "HEAD";
    else if (byte & 4)
        settings.method = "CONNECT";
    return settings;
}

/* However the bytes come, the reader says the same of them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig whole;
    static struct rig other;
    struct rig_settings settings;
    struct bytes input;

    if (size < 2 || size > INPUT_BYTES_MAX)
        return 0;
    settings = settings_of(data[0]);
    input = bytes_make(data + 1, size - 1);
    rig_run_split(&whole, &settings, input, input.size);
    check(whole.taken <= input.size);
    rig_run_split(&other, &settings, input, data[size - 1] % input.size);
    check(strcmp(whole.text, other.text) == 0);
    rig_run_bytewise(&other, &settings, input);
    check(strcmp(whole.text, other.text) == 0);
    return 0;
}
