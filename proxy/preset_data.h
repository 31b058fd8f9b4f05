/*
 * The data files of the presets, byte for byte; preset_data.c is made when the program is built, by
 * cmake/presets.cmake.
 */
#ifndef PROXY_PRESET_DATA_H
#define PROXY_PRESET_DATA_H

#include <stddef.h>

struct preset_data {
    const char *name; /* NULL ends the table */
    const char *path; /* in the source tree, for sentences */
    const unsigned char *text;
    size_t size;
};

/* The table, sorted by name. */
const struct preset_data *preset_data(void);
/* The names alone, NULL-terminated. */
const char *const *preset_names(void);

#endif
