#include "proxy/log/log_path.h"

#include <stdio.h>
#include <string.h>

bool log_path_make(char out[LOG_PATH_BYTES], const char *path, unsigned number)
{
    const char *before = path[0] == '/' || path[0] == '.' ? "" : "./";
    char behind[12] = "";

    check(number <= REQUEST_LOG_FILES_MAX);
    if (path[0] == '\0' || strlen(path) > SETTINGS_PATH_BYTES)
        return false;
    if (number > 0)
        snprintf(behind, sizeof(behind), ".%u", number);
    snprintf(out, LOG_PATH_BYTES, "%s%s%s", before, path, behind);
    return true;
}
