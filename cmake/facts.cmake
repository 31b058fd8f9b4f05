# What the program is made with, for the reports that say how their results came about.

file(STRINGS ${LLHTTP_INCLUDE}/llhttp.h llhttp_lines REGEX "^#define LLHTTP_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE "[^0-9;]" "" llhttp_version "${llhttp_lines}")
string(REPLACE ";" "." llhttp_version "${llhttp_version}")
set(libraries "OpenSSL ${LIBSSL_VERSION}, libevent ${LIBEVENT_libevent_core_VERSION}, llhttp ${llhttp_version}, SQLite ${SQLITE_VERSION}, zlib ${ZLIB_VERSION}")
set_source_files_properties(harness/reporting/run_facts.c PROPERTIES
    COMPILE_DEFINITIONS "RETRYPROOF_LIBRARIES=\"${libraries}\"")
