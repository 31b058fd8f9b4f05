/* Aimed at filter_parse() and filter_fits(). */
#include "harness/suite/filter.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const tags[] = {"base", "large"};
    static struct filter filter;
    const struct filter_subject subject = {
        .text = {[FILTER_ID] = "dial/x[a=1]", [FILTER_METHOD] = "GET"},
        .tags = tags,
        .tag_count = COUNT_OF(tags)};
    char text[FILTER_BYTES_MAX + 1];
    char error[FILTER_ERROR_BYTES];
    if (size < 1 || size > FILTER_BYTES_MAX)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (filter_parse(&filter, data[0] % 2 == 0 ? FILTER_OF_IDS : FILTER_OF_TAGS, text, error))
        filter_fits(&filter, &subject);
    return 0;
}
