/* Aimed at scenario_file_parse(), grid_load(), grid_substitute(), scenario_read() and expectation_read(). */
#include "harness/suite/scenario.h"

#include <stdlib.h>

enum { COMBINATIONS_MAX = 16 }; /* the first ones of a large grid show all there is to see */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct region file_region;
    struct region case_region;
    struct yaml_error error = {{0}};
    struct scenario_file file;
    struct scenario *scenario = malloc(sizeof(*scenario));
    check(scenario != NULL);
    region_init(&file_region, SCENARIO_BYTES_MAX);
    region_init(&case_region, SCENARIO_BYTES_MAX);
    if (scenario_file_parse(&file, &file_region, bytes_make(data, size), "f", &error))
        for (size_t i = 0; i < file.grid.combinations && i < COMBINATIONS_MAX; i++) {
            region_reset(&case_region);
            error.sentence[0] = '\0';
            enum scenario_reading reading = scenario_read(scenario, &file, i, &case_region, &error);
            /* Whatever is wrong is said, and what is said is wrong. */
            check((reading == SCENARIO_WRONG) == (error.sentence[0] != '\0'));
        }
    else
        check(error.sentence[0] != '\0');
    region_release(&file_region);
    region_release(&case_region);
    free(scenario);
    return 0;
}
