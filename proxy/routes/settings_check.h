/*
 * The parts of proxy_settings_check(), each of one kind of settings, and what whoever reads or changes routes asks of settings.
 */
#ifndef PROXY_ROUTES_SETTINGS_CHECK_H
#define PROXY_ROUTES_SETTINGS_CHECK_H

#include "retryproof/settings.h"

/* Writes the sentence; always false, so that a check can return it. */
bool settings_refuse(char error[SETTINGS_ERROR_BYTES], const char *format, ...) PRINTF_LIKE(2, 3);

/* Whether a text ends within its array, which in settings from C it may not, and is not empty. */
bool settings_is_text(const char *text, size_t size_max);

/* A name or an address as requests have it, without port and brackets. */
bool settings_is_host(const char *text, size_t size_max);

/* A number and the limits of its setting, whose word begins the sentence. */
struct settings_range {
    const char *word;
    uint64_t value;
    uint64_t min;
    uint64_t max;
};
MUST_USE bool settings_check_ranges(const struct settings_range *ranges, size_t count,
                                    char error[SETTINGS_ERROR_BYTES]);

/* A time; past a year it is surely a mistake, TIME_NEVER above all: the clock would wrap around. */
struct settings_duration {
    const char *word;
    uint64_t ns;
};
MUST_USE bool settings_check_durations(const struct settings_duration *durations, size_t count,
                                       char error[SETTINGS_ERROR_BYTES]);

/* Routes, and what the settings themselves say in place of one. The counts of upstreams and users have been checked. */
MUST_USE bool settings_check_routes(const struct proxy_settings *settings,
                                    char error[SETTINGS_ERROR_BYTES]);

/* A bit for each of the upstreams. */
uint32_t settings_all_upstreams(const struct proxy_settings *settings);

/* The route "default", made from the settings themselves, whether they have other routes or not. */
void settings_own_route(const struct proxy_settings *settings, struct route_settings *out);

#endif
