/* Aimed at subject_file_parse(), configure_output_take() and what is asked of a file that parsed. */
#include "harness/foreign/subject_file.h"

#include <stdint.h>

#include "harness/foreign/configure_output.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_REGION_BYTES = 4 * 1024 * 1024 };

static void take_apart(struct bytes text)
{
    static struct configure_output_part part;
    char error[CONFIGURE_OUTPUT_ERROR_BYTES];

    while (text.size > 0 && configure_output_take(&text, &part, error))
        check(part.name[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct filter_subject one = {.tag_count = 0};
    struct subject_file file;
    struct yaml_error error;
    struct region region;

    for (size_t i = 0; i < FILTER_FIELD_COUNT; i++)
        one.text[i] = "dial";
    region_init(&region, FUZZ_REGION_BYTES);
    if (subject_file_parse(&file, bytes_make(data, size), "/s/fuzz", &region, &error)) {
        const struct subject_profile *profile = subject_file_profile(&file, "default");

        check(profile != NULL);
        subject_file_refusal(&file, profile, &one);
    } else {
        check(error.sentence[0] != '\0');
    }
    region_release(&region);
    take_apart(bytes_make(data, size));
    return 0;
}
