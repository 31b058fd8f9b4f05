/*
 * The names of a log's files: FILE, which is written, and FILE.1 to FILE.REQUEST_LOG_FILES_MAX, which were put aside.
 */
#ifndef PROXY_LOG_LOG_PATH_H
#define PROXY_LOG_LOG_PATH_H

#include <stdbool.h>

#include "proxy/log/request_log.h"

enum { LOG_PATH_BYTES = SETTINGS_PATH_BYTES + 8 }; /* "./" before it and ".5" behind it */

/*
 * The file of that number, 0 for FILE itself. False when path is empty or longer than a setting can be. SQLite takes some words
 * for no files at all (":memory:"), so a path always begins with a slash or a point.
 */
MUST_USE bool log_path_make(char out[LOG_PATH_BYTES], const char *path, unsigned number);

#endif
